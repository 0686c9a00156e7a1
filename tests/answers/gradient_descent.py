"""Answers to lesson 6."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

# --- sgd_update_


def sgd_in_place(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad


@torch.no_grad()
def sgd_by_decorator(params, lr):
    for i in range(len(params)):
        params[i].add_(params[i].grad, alpha=-lr)


def sgd_through_data(params, lr):
    for p in params:
        p.data -= lr * p.grad.data


def sgd_through_detach(params, lr):
    for p in params:
        p.detach().sub_(lr * p.grad)


def sgd_by_copy(params, lr):
    with torch.no_grad():
        for p in params:
            p.copy_(p - lr * p.grad)
    return params


def sgd_with_flag_turned_off_and_on(params, lr):
    for p in params:
        p.requires_grad_(False)
        p -= lr * p.grad
        p.requires_grad_(True)


def sgd_by_slice(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        p[...] = p - lr * p.grad
    torch.set_grad_enabled(True)


def sgd_by_foreach(params, lr):
    with torch.no_grad():
        torch._foreach_add_(params, [p.grad for p in params], alpha=-lr)


def sgd_that_resets_too(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
            p.grad = None


# --- zero_grads_


def zero_by_none(params):
    for p in params:
        p.grad = None


def zero_by_zeros(params):
    for p in params:
        if p.grad is not None:
            p.grad.zero_()


def zero_by_new_zeros(params):
    for p in params:
        p.grad = torch.zeros_like(p) if p.grad is not None else None


def zero_all_of_them(params):
    for p in params:
        p.grad = torch.zeros(p.shape)


def zero_by_continue(params):
    for i in range(len(params)):
        if params[i].grad is None:
            continue
        with torch.no_grad():
            params[i].grad *= 0
    return params


def zero_by_del(params):
    for p in params:
        del p.grad


# --- manual_train_step


def step_cleared_last(W, b, X, y, lr):
    loss = ((X @ W + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        W -= lr * W.grad
        b -= lr * b.grad
    W.grad = None
    b.grad = None
    return loss.item()


def step_cleared_first(W, b, X, y, lr):
    W.grad = b.grad = None
    y_hat = X @ W + b
    loss = (y_hat - y).pow(2).mean()
    loss.backward()
    for p in (W, b):
        p.data.sub_(lr * p.grad)
    return float(loss)


def step_cleared_between_predict_and_backward(W, b, X, y, lr):
    loss = torch.mean(torch.square(y - X.matmul(W) - b))
    for p in [W, b]:
        if p.grad is not None:
            p.grad.zero_()
    loss.backward()
    with torch.no_grad():
        for p in [W, b]:
            p.add_(p.grad, alpha=-lr)
    return loss.detach().tolist()


def step_with_helpers(W, b, X, y, lr):
    loss = F.mse_loss(X @ W + b, y)
    loss.backward()
    sgd_in_place([W, b], lr)
    zero_by_zeros([W, b])
    return loss.item()


def step_by_autograd_grad(W, b, X, y, lr):
    loss = ((X @ W + b - y) ** 2).sum() / y.numel()
    dW, db = torch.autograd.grad(loss, (W, b))
    with torch.no_grad():
        W -= lr * dW
        b -= lr * db
    return loss.item()


@torch.no_grad()
def step_by_formula(W, b, X, y, lr):
    error = X @ W + b - y
    W -= lr * 2 / len(X) * X.T @ error
    b -= lr * 2 * error.mean(dim=0)
    return (error**2).mean().item()


def step_cleared_first_and_last(W, b, X, y, lr):
    zero_by_none([W, b])
    prediction = torch.addmm(b, X, W)
    print("predicted", prediction.shape)
    loss = (prediction - y).square().mean()
    loss.backward()
    sgd_by_decorator([W, b], lr)
    zero_by_none([W, b])
    return loss.item()


# --- fit_line


def fit_with_steps(X, y, lr, epochs):
    W = torch.zeros(X.shape[1], 1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    losses = [step_cleared_last(W, b, X, y, lr) for _ in range(epochs)]
    return W, b, losses


def fit_in_one_function(X, y, lr, epochs):
    n, d = X.shape
    W, b = torch.zeros((d, 1)).requires_grad_(), torch.zeros(1).requires_grad_()
    losses = []
    for _ in range(epochs):
        loss = ((X @ W + b - y) ** 2).sum() / n
        losses.append(loss.item())
        loss.backward()
        with torch.no_grad():
            W -= lr * W.grad
            b -= lr * b.grad
            W.grad.zero_()
            b.grad.zero_()
    return W.detach(), b.detach(), losses


def fit_with_new_leaves(X, y, lr, epochs):
    W, b, losses = torch.zeros(X.size(1), 1), torch.zeros(1), []
    for _ in range(epochs):
        W, b = W.detach().requires_grad_(), b.detach().requires_grad_()
        loss = (X @ W + b - y).pow(2).mean()
        loss.backward()
        losses += [float(loss)]
        W, b = W - lr * W.grad, b - lr * b.grad
    return [W, b, losses]


def fit_by_formula(X, y, lr, epochs):
    W, b = torch.zeros(X.shape[1], 1), torch.zeros(1)
    losses = []
    while len(losses) < epochs:
        error = X @ W + b - y
        losses.append((error**2).mean().item())
        W = W - lr * 2 / len(X) * X.T @ error
        b = b - lr * 2 / len(X) * error.sum(0)
    return W, b, tuple(losses)


def fit_in_float64(X, y, lr, epochs):
    W = np.zeros((X.shape[1], 1))
    b = np.zeros(1)
    A, t = X.double().numpy(), y.double().numpy()
    losses = []
    for _ in range(epochs):
        error = A @ W + b - t
        losses.append(float((error**2).mean()))
        W -= lr * 2 * A.T @ error / len(A)
        b -= lr * 2 * error.mean(0)
    return torch.tensor(W).float(), torch.tensor(b).float(), losses


# --- momentum_update_


def momentum_by_loop(params, velocities, lr, momentum):
    with torch.no_grad():
        for p, v in zip(params, velocities, strict=True):
            v.mul_(momentum).add_(p.grad)
            p -= lr * v


@torch.no_grad()
def momentum_by_copy(params, velocities, lr, momentum):
    for p, v in zip(params, velocities, strict=True):
        v.copy_(momentum * v + p.grad)
        p.add_(v, alpha=-lr)


def momentum_by_operators(params, velocities, lr, momentum):
    for i, p in enumerate(params):
        velocities[i] *= momentum
        velocities[i] += p.grad
        p.data -= lr * velocities[i]


def momentum_with_new_velocities_in_the_list(params, velocities, lr, momentum):
    for i in range(len(params)):
        velocities[i] = momentum * velocities[i] + params[i].grad
        with torch.no_grad():
            params[i] -= lr * velocities[i]


def momentum_by_slices(params, velocities, lr, momentum):
    with torch.no_grad():
        for v, p in zip(velocities, params, strict=True):
            v[...] = v * momentum + p.grad
            p[...] = p - v * lr


# --- minibatches


def batches_by_generator(X, y, batch_size, generator):
    order = torch.randperm(len(X), generator=generator)
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


def batches_as_list(X, y, batch_size, generator):
    order = torch.rand(X.shape[0], generator=generator).argsort()
    return [(X[rows], y[rows]) for rows in order.split(batch_size)]


def batches_by_loader(X, y, batch_size, generator):
    return DataLoader(TensorDataset(X, y), batch_size=batch_size, shuffle=True, generator=generator)


def batches_by_zip(X, y, batch_size, generator):
    order = torch.randperm(y.shape[0], generator=generator)
    return zip(X[order].split(batch_size), torch.split(y[order], batch_size), strict=True)


def batches_by_numpy(X, y, batch_size, generator):
    seed = int(torch.randint(2**31, (1,), generator=generator))
    order = np.random.default_rng(seed).permutation(len(X))
    batches = []
    while len(order):
        rows, order = torch.as_tensor(order[:batch_size]), order[batch_size:]
        batches.append([X[rows], y[rows]])
    return batches


def batches_by_swaps(X, y, batch_size, generator):
    order = list(range(len(X)))
    for i in range(len(X) - 1, 0, -1):
        j = int(torch.randint(i + 1, (), generator=generator))
        order[i], order[j] = order[j], order[i]
    parts = [order[i : i + batch_size] for i in range(0, len(X), batch_size)]
    return tuple((torch.stack([X[i] for i in part]), torch.stack([y[i] for i in part])) for part in parts)


class BatchesAgain:
    def __init__(self, X, y, batch_size, generator):
        self.settings = X, y, batch_size, generator

    def __iter__(self):
        return batches_by_generator(*self.settings)


# --- wrong, beyond the known mistakes


def sgd_by_library(params, lr):
    torch.optim.SGD(params, lr=lr).step()


def sgd_with_weight_decay(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * (p.grad + 0.01 * p)


def sgd_with_clipped_gradient(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad.clamp(-1, 1)


def sgd_leaves_grad_mode_off(params, lr):
    torch.set_grad_enabled(False)
    for p in params:
        p -= lr * p.grad


def sgd_of_the_sign(params, lr):
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad.sign()


@torch.no_grad()
def momentum_by_library(params, velocities, lr, momentum):
    from torch.optim.sgd import sgd as step

    step(
        params,
        [p.grad for p in params],
        velocities,
        weight_decay=0,
        momentum=momentum,
        lr=lr,
        dampening=0,
        nesterov=False,
        maximize=False,
    )


def momentum_with_one_velocity(params, velocities, lr, momentum):
    with torch.no_grad():
        for p in params:
            velocities[0] = momentum * velocities[0] + p.grad
            p -= lr * velocities[0]


def zero_by_library(params):
    torch.optim.SGD(params, lr=1.0).zero_grad()


def zero_keeps_negative(params):
    for p in params:
        if p.grad is not None:
            p.grad.clamp_(max=0)


def step_without_return(W, b, X, y, lr):
    step_cleared_last(W, b, X, y, lr)


def step_normalises_X_in_place(W, b, X, y, lr):
    X -= X.mean(0)
    return step_cleared_last(W, b, X, y, lr)


def step_twice(W, b, X, y, lr):
    loss = step_cleared_last(W, b, X, y, lr)
    step_cleared_last(W, b, X, y, lr)
    return loss


def step_by_library(W, b, X, y, lr):
    optimizer = torch.optim.SGD([W, b], lr=lr)
    loss = F.mse_loss(X @ W + b, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def fit_exactly(X, y, lr, epochs):
    A = torch.cat([X, torch.ones(len(X), 1)], dim=1)
    solution = torch.linalg.lstsq(A, y).solution
    return solution[:-1], solution[-1], [((A @ solution - y) ** 2).mean().item()] * epochs


def fit_with_growing_lr(X, y, lr, epochs):
    W, b = torch.zeros(X.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    return W, b, [step_cleared_last(W, b, X, y, lr * (epoch + 1)) for epoch in range(epochs)]


def batches_of_everything(X, y, batch_size, generator):
    order = torch.randperm(len(X), generator=generator)
    return [(X[order], y[order])]


def batches_without_return(X, y, batch_size, generator):
    batches_as_list(X, y, batch_size, generator)


def batches_with_last_one_filled_up(X, y, batch_size, generator):
    order = torch.randperm(len(X), generator=generator)
    for start in range(0, len(X), batch_size):
        rows = [int(order[i % len(X)]) for i in range(start, start + batch_size)]
        yield X[rows], y[rows]


def batches_in_float(X, y, batch_size, generator):
    for X_batch, y_batch in batches_by_generator(X, y, batch_size, generator):
        yield X_batch, y_batch.float()


def batches_from_a_random_offset(X, y, batch_size, generator):
    order = torch.arange(len(X)).roll(int(torch.randint(len(X), (), generator=generator)))
    return [(X[rows], y[rows]) for rows in order.split(batch_size)]


def batches_that_never_end(X, y, batch_size, generator):
    while True:
        yield from batches_by_generator(X, y, batch_size, generator)


def batches_shuffled_in_place(X, y, batch_size, generator):
    order = torch.randperm(len(X), generator=generator)
    X[:], y[:] = X[order], y[order]
    return zip(X.split(batch_size), y.split(batch_size), strict=True)


RIGHT = {
    "sgd_update_": (
        *(sgd_in_place, sgd_by_decorator, sgd_through_data, sgd_through_detach, sgd_by_copy),
        *(sgd_with_flag_turned_off_and_on, sgd_by_slice, sgd_by_foreach, sgd_that_resets_too),
    ),
    "zero_grads_": (
        *(zero_by_none, zero_by_zeros, zero_by_new_zeros, zero_all_of_them, zero_by_continue, zero_by_del),
    ),
    "manual_train_step": (
        *(step_cleared_last, step_cleared_first, step_cleared_between_predict_and_backward, step_with_helpers),
        *(step_by_autograd_grad, step_by_formula, step_cleared_first_and_last),
    ),
    "fit_line": (fit_with_steps, fit_in_one_function, fit_with_new_leaves, fit_by_formula, fit_in_float64),
    "momentum_update_": (
        *(momentum_by_loop, momentum_by_copy, momentum_by_operators),
        *(momentum_with_new_velocities_in_the_list, momentum_by_slices),
    ),
    "minibatches": (
        *(batches_by_generator, batches_as_list, batches_by_loader, batches_by_zip, batches_by_numpy),
        *(batches_by_swaps, BatchesAgain),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("sgd_update_", sgd_by_library, "uses the library's SGD, optim; build it from arithmetic in place"),
    ("sgd_update_", sgd_with_weight_decay, "in step 1, the first that differs, leaves params[0]"),
    ("sgd_update_", sgd_with_clipped_gradient, "leaves params[0] as [0.5, 2.5]; expected [0, 4]"),
    ("sgd_update_", sgd_leaves_grad_mode_off, "grad mode"),
    ("sgd_update_", sgd_of_the_sign, "expected [0, 4]"),
    ("momentum_update_", momentum_by_library, "build it from arithmetic in place"),
    ("momentum_update_", momentum_with_one_velocity, "raised RuntimeError: output with shape [1]"),
    ("zero_grads_", zero_by_library, "uses the library's SGD, optim; build it from"),
    ("zero_grads_", zero_keeps_negative, "leaves grads[0] as [0, -1]; expected [0, 0]"),
    ("manual_train_step", step_without_return, "Is a `return` missing?"),
    ("manual_train_step", step_normalises_X_in_place, "step 1"),
    ("manual_train_step", step_twice, "in step 1, the first that differs, leaves W"),
    ("manual_train_step", step_by_library, "build it from the five steps"),
    ("fit_line", fit_exactly, "returned losses[0] = "),
    ("fit_line", fit_with_growing_lr, "the loss after 2 updates"),
    ("minibatches", batches_of_everything, "gives batches as 1 value; expected 3"),
    ("minibatches", batches_without_return, "gives batches as None; expected a list of 3"),
    ("minibatches", batches_with_last_one_filled_up, "gives batches[2][0] as shape (2, 1); expected (1, 1)"),
    ("minibatches", batches_in_float, "dtype torch.float32; expected torch.int64"),
    ("minibatches", batches_from_a_random_offset, "breaks the rule that any rows can share a batch"),
    ("minibatches", batches_that_never_end, "gives batches as 7 values; expected 3"),
    ("minibatches", batches_shuffled_in_place, "its argument X"),
)
