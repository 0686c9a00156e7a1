"""Answers to lesson 5."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import check_shape

# --- predict


def predict_by_einsum(X, W, b):
    return torch.einsum("nd,dm->nm", X, W) + b


def predict_by_addmm(X, W, b):
    return torch.addmm(b, X, W)


def predict_by_broadcasting(X, W, b):
    return (X[:, :, None] * W[None, :, :]).sum(dim=1) + b


def predict_by_linear(X, W, b):
    return F.linear(X, W.T, b)


def predict_column_by_column(X, W, b):
    return torch.stack([(X * W[:, j]).sum(1) + b[j] for j in range(W.shape[1])], dim=1)


def predict_number_by_number(X, W, b):
    rows = []
    for x in X:
        rows.append(torch.stack([sum(x[k] * W[k, j] for k in range(len(x))) + b[j] for j in range(len(b))]))
    return torch.stack(rows)


def predict_with_ones(X, W, b):
    return torch.cat([X, torch.ones_like(X[:, :1])], dim=1) @ torch.cat([W, b[None]], dim=0)


# --- mse


def mse_by_pow(y_hat, y):
    if y_hat.shape != y.shape:
        raise ValueError(f"y_hat is {tuple(y_hat.shape)}, y is {tuple(y.shape)}")
    return torch.mean(torch.pow(y_hat - y, 2))


def mse_by_check_shape(y_hat, y):
    check_shape(y_hat, tuple(y.shape))
    return (y - y_hat).square().mean()


def mse_by_sum(y_hat, y):
    if y_hat.size() != y.size():
        raise ValueError
    r = y_hat - y
    return (r * r).sum() / r.numel()


def mse_by_dot(y_hat, y):
    if tuple(y_hat.shape) != tuple(y.shape):
        raise ValueError("shapes")
    r = torch.flatten(y_hat - y)
    return r @ r / len(r)


class ShapeError(ValueError):
    pass


def mse_with_own_error(y_hat, y):
    if y_hat.dim() != y.dim() or any(a != b for a, b in zip(y_hat.shape, y.shape, strict=True)):
        raise ShapeError("these do not fit")
    return ((y_hat - y) ** 2).mean()


def mse_by_loop(y_hat, y):
    if list(y_hat.shape) != list(y.shape):
        raise ValueError("the shapes differ")
    total = 0
    for a, b in zip(y_hat.flatten(), y.flatten(), strict=True):
        total = total + (a - b) ** 2
    return total / y.numel()


def mse_in_place(y_hat, y):
    if not y_hat.shape == y.shape:
        raise ValueError("the shapes differ")
    r = y_hat.clone()
    r -= y
    return r.pow(2).mean(dim=tuple(range(r.dim())))


def mse_by_expanding_the_square(y_hat, y):
    if y_hat.shape != y.shape:
        raise ValueError("the shapes differ")
    return (y_hat.square() - 2 * y_hat * y + y.square()).mean()


# --- mse_gradients


def mse_gradients_by_matmul(X, y, W, b):
    D = (X @ W + b - y) * 2 / y.numel()
    return X.t().mm(D), D.sum(dim=0)


def mse_gradients_by_minus_the_other_residual(X, y, W, b):
    n, m = y.shape
    r = y - torch.addmm(b, X, W)
    return -(2.0 / n / m) * torch.matmul(X.mT, r), -2.0 * r.mean(dim=0) / m


def mse_gradients_by_einsum(X, y, W, b):
    D = 2 * (torch.einsum("nd,dm->nm", X, W) + b - y) / torch.numel(y)
    return torch.einsum("nd,nm->dm", X, D), torch.einsum("nm->m", D)


def mse_gradients_by_loop(X, y, W, b):
    n, m = y.shape
    dW, db = torch.zeros_like(W), torch.zeros_like(b)
    for i in range(n):
        for j in range(m):
            r = (X[i] * W[:, j]).sum() + b[j] - y[i, j]
            dW[:, j] += 2 / (n * m) * r * X[i]
            db[j] += 2 / (n * m) * r
    return dW, db


def mse_gradients_by_outer_products(X, y, W, b):
    D = 2 / y.numel() * (X @ W + b - y)
    return (X[:, :, None] * D[:, None, :]).sum(0), D.sum(0)


def mse_gradients_from_means(X, y, W, b):
    r = X @ W + b - y
    return torch.stack([2 * (X * r[:, j : j + 1]).mean(0) / r.shape[1] for j in range(r.shape[1])], 1), 2 * r.mean(
        0
    ) / r.shape[1]


def mse_gradients_with_ones(X, y, W, b):
    with torch.no_grad():
        Xb = torch.cat([X, torch.ones_like(X[:, :1])], 1)
        Wb = torch.cat([W, b[None, :]], 0)
        grad = Xb.T @ ((Xb @ Wb - y) * (2 / y.numel()))
    return grad[:-1], grad[-1]


def mse_gradients_in_float64(X, y, W, b):
    X64, y64, W64, b64 = (t.detach().double() for t in (X, y, W, b))
    D = (X64 @ W64 + b64 - y64).mul_(2).div_(y.numel())
    return (X64.T @ D).to(X.dtype), D.sum(0).to(X.dtype)


def mse_gradients_as_list(X, y, W, b):
    gradients = {"D": 2 / y.numel() * (X @ W + b - y)}
    gradients["dW"] = X.T @ gradients["D"]
    gradients["db"] = gradients["D"].sum(-2)
    return [gradients["dW"], gradients["db"]]


def mse_gradients_in_numpy(X, y, W, b):
    X, y, W, b = (t.numpy() for t in (X, y, W, b))
    D = 2 / y.size * (X @ W + b - y)
    return torch.from_numpy((X.T @ D).astype(X.dtype)), torch.from_numpy(np.sum(D, axis=0).astype(X.dtype))


# --- autograd_gradients


def autograd_gradients_on_copies(X, y, W, b):
    W, b = W.detach().clone().requires_grad_(), b.detach().clone().requires_grad_()
    ((X @ W + b - y) ** 2).mean().backward()
    return W.grad, b.grad


def autograd_gradients_on_views(X, y, W, b):
    w, c = W.detach().requires_grad_(True), b.detach().requires_grad_(True)
    loss = F.mse_loss(X @ w + c, y)
    torch.autograd.backward(loss)
    return w.grad.clone(), c.grad.clone()


def autograd_gradients_by_grad(X, y, W, b):
    W, b = (t.clone().detach().requires_grad_() for t in (W, b))
    return torch.autograd.grad(torch.mean((X @ W + b - y) ** 2), (W, b))


def autograd_gradients_by_func(X, y, W, b):
    return torch.func.grad(lambda W, b: ((X @ W + b - y) ** 2).mean(), argnums=(0, 1))(W.detach(), b.detach())


def autograd_gradients_by_parameters(X, y, W, b):
    W, b = nn.Parameter(W.detach().clone()), nn.Parameter(b.detach().clone())
    loss = (torch.addmm(b, X, W) - y).pow(2).sum() / y.numel()
    loss.backward()
    return W.grad.detach(), b.grad.detach()


def autograd_gradients_by_module(X, y, W, b):
    layer = nn.Linear(*W.shape, dtype=W.dtype, device=W.device)
    with torch.no_grad():
        layer.weight.copy_(W.T)
        layer.bias.copy_(b)
    nn.MSELoss()(layer(X), y).backward()
    return layer.weight.grad.T, layer.bias.grad


def autograd_gradients_by_tensor(X, y, W, b):
    w = torch.tensor(W, requires_grad=True)
    c = torch.tensor(b, requires_grad=True)
    mse_by_pow(predict_by_addmm(X, w, c), y).backward()
    return w.grad, c.grad


def autograd_gradients_by_clone_and_grad(X, y, W, b):
    w, c = W.clone().requires_grad_(), b.clone().requires_grad_()
    return torch.autograd.grad(((X @ w + c - y) ** 2).mean(), [w, c])


# --- mlp_gradients


def mlp_gradients_by_comparison(X, y, W1, b1, W2, b2):
    H = X @ W1 + b1
    A = H.clamp(min=0)
    D = 2 * (A @ W2 + b2 - y) / y.numel()
    dH = (D @ W2.T) * (H > 0).to(D.dtype)
    return X.T @ dH, dH.sum(0), A.T @ D, D.sum(0)


def mlp_gradients_by_mask_of_the_relu(X, y, W1, b1, W2, b2):
    hidden = torch.relu(torch.addmm(b1, X, W1))
    error = torch.addmm(b2, hidden, W2) - y
    error = error * (2 / error.numel())
    back = error.mm(W2.t())
    back[hidden == 0] = 0
    return X.t().mm(back), back.sum(dim=0), hidden.t().mm(error), error.sum(dim=0)


def mlp_gradients_by_where(X, y, W1, b1, W2, b2):
    n, m = y.shape
    z = X @ W1 + b1
    a = torch.where(z > 0, z, 0)
    delta2 = 2 / (n * m) * (a @ W2 + b2 - y)
    delta1 = torch.where(z > 0, delta2 @ W2.mT, torch.zeros_like(z))
    ones = torch.ones(n, dtype=X.dtype, device=X.device)
    return X.mT @ delta1, ones @ delta1, a.mT @ delta2, ones @ delta2


def mlp_gradients_by_einsum(X, y, W1, b1, W2, b2):
    z = torch.einsum("nd,dh->nh", X, W1) + b1
    gate = z.sign().clamp(min=0)
    a = z * gate
    D = (torch.einsum("nh,hm->nm", a, W2) + b2 - y).mul(2).div(y.numel())
    G = torch.einsum("nm,hm->nh", D, W2) * gate
    return torch.einsum("nd,nh->dh", X, G), G.sum(0), torch.einsum("nh,nm->hm", a, D), D.sum(0)


def mlp_gradients_row_by_row(X, y, W1, b1, W2, b2):
    dW1, db1, dW2, db2 = (torch.zeros_like(t) for t in (W1, b1, W2, b2))
    for x, t in zip(X, y, strict=True):
        h = x @ W1 + b1
        a = F.relu(h)
        d = 2 / y.numel() * (a @ W2 + b2 - t)
        dh = (W2 @ d) * (h > 0)
        dW1 += torch.outer(x, dh)
        db1 += dh
        dW2 += torch.outer(a, d)
        db2 += d
    return dW1, db1, dW2, db2


def mlp_gradients_with_heaviside(X, y, W1, b1, W2, b2):
    H = X.matmul(W1).add(b1)
    gate = torch.heaviside(H, torch.zeros((), dtype=H.dtype, device=H.device))
    A = H * gate
    r = y - (A.matmul(W2) + b2)
    scale = -2.0 / r.shape[0] / r.shape[1]
    dA = scale * r.matmul(W2.transpose(0, 1))
    dH = dA.masked_fill(gate == 0, 0.0)
    return X.T @ dH, dH.sum(0), scale * (A.T @ r), scale * r.sum(0)


# --- wrong, beyond the known mistakes


def predict_without_graph(X, W, b):
    return (X @ W + b).detach()


def predict_changes_b(X, W, b):
    result = X @ W + b
    b += 1
    return result


def mse_by_library(y_hat, y):
    if y_hat.shape != y.shape:
        raise ValueError("the shapes differ")
    return F.mse_loss(y_hat, y)


def mse_by_module(y_hat, y):
    return nn.MSELoss()(y_hat, y)


def mse_by_alias(y_hat, y):
    loss = torch.nn.functional.mse_loss
    if y_hat.shape != y.shape:
        raise ValueError
    return loss(y_hat, y, reduction="none").mean()


def mse_asserts(y_hat, y):
    assert y_hat.shape == y.shape, "the shapes differ"
    return ((y_hat - y) ** 2).mean()


def mse_only_for_matrices(y_hat, y):
    n, _ = y.shape
    if y_hat.shape != y.shape:
        raise ValueError
    return ((y_hat - y) ** 2).sum() / n


def mse_gradients_by_autograd(X, y, W, b):
    return autograd_gradients_on_copies(X, y, W, b)


def mse_gradients_by_grad(X, y, W, b):
    return autograd_gradients_by_grad(X, y, W, b)


def mse_gradients_by_jacobian(X, y, W, b):
    return torch.autograd.functional.jacobian(lambda W, b: ((X @ W + b - y) ** 2).mean(), (W, b))


def mse_gradients_by_jacfwd(X, y, W, b):
    return torch.func.jacfwd(lambda W, b: ((X @ W + b - y) ** 2).mean(), argnums=(0, 1))(W, b)


def mse_gradients_by_optimizer_graph(X, y, W, b):
    W.requires_grad_()
    b.requires_grad_()
    ((X @ W + b - y) ** 2).mean().backward()
    return W.grad, b.grad


def mse_gradients_without_target(X, y, W, b):
    D = 2 / y.numel() * (X @ W + b)
    return X.T @ (D - y), (D - y).sum(0)


def autograd_gradients_of_one(X, y, W, b):
    W = W.detach().clone().requires_grad_()
    ((X @ W + b.detach() - y) ** 2).mean().backward()
    return W.grad, torch.zeros_like(b)


def mlp_gradients_by_autograd(X, y, W1, b1, W2, b2):
    parameters = [t.detach().clone().requires_grad_() for t in (W1, b1, W2, b2)]
    W1, b1, W2, b2 = parameters
    loss = ((torch.relu(X @ W1 + b1) @ W2 + b2 - y) ** 2).mean()
    return torch.autograd.grad(loss, parameters)


def mlp_gradients_first_layer_only(X, y, W1, b1, W2, b2):
    return mlp_gradients_by_comparison(X, y, W1, b1, W2, b2)[:2]


RIGHT = {
    "predict": (
        *(predict_by_einsum, predict_by_addmm, predict_by_broadcasting, predict_by_linear),
        *(predict_column_by_column, predict_number_by_number, predict_with_ones),
    ),
    "mse": (
        *(mse_by_pow, mse_by_check_shape, mse_by_sum, mse_by_dot, mse_with_own_error),
        *(mse_by_loop, mse_in_place, mse_by_expanding_the_square),
    ),
    "mse_gradients": (
        *(mse_gradients_by_matmul, mse_gradients_by_minus_the_other_residual, mse_gradients_by_einsum),
        *(mse_gradients_by_loop, mse_gradients_by_outer_products, mse_gradients_from_means),
        *(mse_gradients_with_ones, mse_gradients_in_float64, mse_gradients_as_list, mse_gradients_in_numpy),
    ),
    "autograd_gradients": (
        *(autograd_gradients_on_copies, autograd_gradients_on_views, autograd_gradients_by_grad),
        *(autograd_gradients_by_func, autograd_gradients_by_parameters, autograd_gradients_by_module),
        *(autograd_gradients_by_tensor, autograd_gradients_by_clone_and_grad),
    ),
    "mlp_gradients": (
        *(mlp_gradients_by_comparison, mlp_gradients_by_mask_of_the_relu, mlp_gradients_by_where),
        *(mlp_gradients_by_einsum, mlp_gradients_row_by_row, mlp_gradients_with_heaviside),
    ),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("autograd_gradients", mse_gradients_by_matmul, "gets there without backward"),
    ("predict", predict_without_graph, "cut off from the graph"),
    ("predict", predict_changes_b, "its argument b"),
    ("mse", mse_by_library, "uses the library's mse_loss; build it from a difference, a square and a mean"),
    ("mse", mse_by_module, "uses the library's mse_loss; build it from"),
    ("mse", mse_by_alias, "uses the library's mse_loss; build it from"),
    ("mse", mse_asserts, "raises AssertionError; expected ValueError"),
    ("mse", mse_only_for_matrices, "raised ValueError: not enough values to unpack"),
    ("mse_gradients", mse_gradients_by_autograd, "uses the library's backward, grad; build it from the formula"),
    ("mse_gradients", mse_gradients_by_grad, "uses the library's grad; build it from the formula"),
    ("mse_gradients", mse_gradients_by_jacobian, "jacobian; build it from the formula"),
    ("mse_gradients", mse_gradients_by_jacfwd, "jacfwd, make_dual"),
    ("mse_gradients", mse_gradients_by_optimizer_graph, "uses the library's backward, grad; build it from the formula"),
    ("mse_gradients", mse_gradients_without_target, "called with"),
    ("autograd_gradients", autograd_gradients_of_one, "result[1]"),
    ("mlp_gradients", mlp_gradients_by_autograd, "uses the library's grad; build it from the formula"),
    ("mlp_gradients", mlp_gradients_first_layer_only, "returned 2 values; expected 4"),
)
