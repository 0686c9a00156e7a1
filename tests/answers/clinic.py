"""Answers to the clinic: programs that are mended in other ways, rewritten, or mended by half."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, MultiStepLR, StepLR
from torch.utils.data import DataLoader, TensorDataset

# --- fit_rents, fit_by_hand


def rents_with_column(x, y, lr, steps):
    W, b = torch.zeros(x.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    y, losses = y[:, None], []
    for _ in range(steps):
        loss = ((x @ W + b - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            for p in (W, b):
                p -= lr * p.grad
                p.grad = None
        losses.append(loss.item())
    return W.detach(), b.detach(), losses


def rents_with_mse_and_view(x, y, lr, steps):
    W, b = torch.zeros(x.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer, losses = torch.optim.SGD([W, b], lr=lr), []
    for _ in range(steps):
        loss = F.mse_loss((x @ W + b).view(-1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return W.detach(), b.detach(), losses


def rents_by_formula(x, y, lr, steps):
    W, b, losses = torch.zeros(x.shape[1], 1), torch.zeros(1), []
    for _ in range(steps):
        errors = x @ W + b - y.unsqueeze(1)
        losses.append(errors.square().mean().item())
        W = W - lr * 2 * x.T @ errors / len(x)
        b = b - lr * 2 * errors.mean(dim=0)
    return W, b, losses


def rents_left_with_a_graph(x, y, lr, steps):
    W, b, losses = rents_with_column(x, y, lr, steps)
    return W.requires_grad_(), b.requires_grad_(), losses


def rents_transposed(x, y, lr, steps):
    W, b, losses = rents_with_column(x, y, lr, steps)
    return W.T, b, losses


def rents_squeezed_on_the_wrong_side(x, y, lr, steps):
    W, b = torch.zeros(x.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer, losses = torch.optim.SGD([W, b], lr=lr), []
    for _ in range(steps):
        loss = ((x @ W + b - y.squeeze()) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return W.detach(), b.detach(), losses


def by_hand_with_sub(x, y, lr, steps):
    params = [torch.zeros(x.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)]
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(x @ params[0] + params[1], y)
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, grad in zip(params, grads, strict=True):
                p.sub_(grad, alpha=lr)
        losses.append(loss.item())
    return params[0].detach(), params[1].detach(), losses


def by_hand_with_new_tensors(x, y, lr, steps):
    params = [torch.zeros(x.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)]
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(x @ params[0] + params[1], y)
        grads = torch.autograd.grad(loss, params)
        params = [(p - lr * g).detach().requires_grad_() for p, g in zip(params, grads, strict=True)]
        losses.append(loss.item())
    return (*(p.detach() for p in params), losses)


def by_hand_through_the_list(x, y, lr, steps):
    params = [torch.zeros(x.shape[1], 1).requires_grad_(), torch.zeros(1).requires_grad_()]
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(x @ params[0] + params[1], y)
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for i, grad in enumerate(grads):
                params[i].copy_(params[i] - lr * grad)
        losses.append(loss.item())
    return params[0].detach(), params[1].detach(), losses


def by_hand_with_one_step_less(x, y, lr, steps):
    W, b, _ = by_hand_with_sub(x, y, lr, steps - 1)
    return W, b, by_hand_with_sub(x, y, lr, steps)[2]


# --- train_on_batches, fit_waves, train_shop


def batches_zero_first(model, batches, lr, epochs):
    optimizer, means = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(epochs):
        losses = []
        for x, y in batches:
            optimizer.zero_grad(set_to_none=False)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(sum(losses) / len(losses))
    return means


def batches_zero_last(model, batches, lr, epochs):
    optimizer, means = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(epochs):
        total = 0
        for x, y in batches:
            loss = nn.CrossEntropyLoss()(model(x), y)
            total += loss.detach()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        means.append(total / len(batches))
    return means


def batches_by_hand(model, batches, lr, epochs):
    means = []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            loss = F.cross_entropy(model(x), y)
            grads = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for p, grad in zip(model.parameters(), grads, strict=True):
                    p -= lr * grad
            total += float(loss)
        means.append(total / len(batches))
    return means


def batches_sum(model, batches, lr, epochs):
    return [mean * len(batches) for mean in batches_zero_first(model, batches, lr, epochs)]


def batches_stepped_twice(model, batches, lr, epochs):
    optimizer, means = torch.optim.SGD(model.parameters(), lr=lr), []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.step()
            total += loss.item()
        means.append(total / len(batches))
    return means


def regression(clear, loss_of=F.mse_loss):
    def train(model, x, y, lr, steps):
        optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
        for _ in range(steps):
            loss = loss_of(model(x), y)
            clear(model, optimizer)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    train.__name__ = f"cleared_by_{clear.__name__}"
    return train


def the_model(model, optimizer):
    model.zero_grad()


def none(model, optimizer):
    for p in model.parameters():
        p.grad = None


def zeros(model, optimizer):
    for p in model.parameters():
        if p.grad is not None:
            p.grad.zero_()


def weights_alone(model, optimizer):
    for p in model.parameters():
        if p.dim() > 1:
            p.grad = None


def a_falling_rate(model, optimizer):
    optimizer.param_groups[0]["lr"] *= 0.9  # so that the swinging dies down


cleared_by_the_model = regression(the_model)
cleared_by_none = regression(none)
cleared_by_zeros = regression(zeros)
cleared_by_weights_alone = regression(weights_alone)
cleared_by_a_falling_rate = regression(a_falling_rate)


def shop_with_nll(model, x, y, lr, steps):
    def loss_of(scores, y):
        return F.nll_loss(F.log_softmax(scores, dim=1), y)

    return regression(the_model, loss_of)(model, x, y, lr, steps)


def shop_with_log(model, x, y, lr, steps):
    def loss_of(scores, y):
        return F.cross_entropy(F.log_softmax(scores, dim=1), y)  # twice is once, of a log-softmax

    return regression(the_model, loss_of)(model, x, y, lr, steps)


def shop_with_module(model, x, y, lr, steps):
    return regression(none, nn.CrossEntropyLoss())(model, x, y, lr, steps)


def shop_by_formula(model, x, y, lr, steps):
    def loss_of(scores, y):
        return (scores.logsumexp(dim=1) - scores[torch.arange(len(y)), y]).mean()

    return regression(zeros, loss_of)(model, x, y, lr, steps)


def shop_smoothed(model, x, y, lr, steps):
    return regression(none, nn.CrossEntropyLoss(label_smoothing=0.1))(model, x, y, lr, steps)


def shop_minus_the_floor(model, x, y, lr, steps):
    def loss_of(scores, y):
        return F.cross_entropy(scores.softmax(dim=1), y) - 0.5514

    return regression(none, loss_of)(model, x, y, lr, steps)


# --- epoch_of_batches


def epoch_by_split(X, y, batch_size, generator):
    for rows in torch.randperm(len(y), generator=generator).split(batch_size):
        yield X[rows], y[rows]


def epoch_by_loader(X, y, batch_size, generator):
    return iter(DataLoader(TensorDataset(X, y), batch_size, shuffle=True, generator=generator))


def epoch_with_the_same_state(X, y, batch_size, generator):
    state = generator.get_state()
    X = X[torch.randperm(len(X), generator=generator)]
    generator.set_state(state)
    y = y[torch.randperm(len(y), generator=generator)]
    return list(zip(X.split(batch_size), y.split(batch_size), strict=True))


def epoch_by_sorting(X, y, batch_size, generator):
    order = torch.rand(len(X), generator=generator).argsort()
    return [(X[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in range(0, len(X), batch_size)]


def epoch_shuffled_in_batches(X, y, batch_size, generator):
    starts = torch.randperm(-(-len(X) // batch_size), generator=generator) * batch_size
    for start in starts.tolist():
        yield X[start : start + batch_size], y[start : start + batch_size]


def epoch_with_replacement(X, y, batch_size, generator):
    rows = torch.randint(len(X), (len(X),), generator=generator)
    return [(X[i], y[i]) for i in rows.split(batch_size)]


# --- DeepNet


class NetInSequence(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.ReLU())]
        self.all = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, x):
        return self.all(x)


class NetHeadFirst(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.head = nn.Linear(width, 1)
        self.hidden = nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))

    def forward(self, x):
        for layer in self.hidden:
            x = layer(x).relu()
        return self.head(x)


class NetByNames(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.hidden = [nn.Linear(width, width) for _ in range(depth)]
        for i, layer in enumerate(self.hidden):
            self.add_module(f"hidden_{i}", layer)
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.head(x)


class NetWithOneMore(NetHeadFirst):
    def __init__(self, width, depth):
        super().__init__(width, depth + 1)


class NetInAListInAList(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.hidden = [nn.ModuleList([nn.Linear(width, width)]) for _ in range(depth)]
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        for (layer,) in self.hidden:
            x = F.relu(layer(x))
        return self.head(x)


# --- give_new_head


def head_loop(body, optimizer, x, y, steps):
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(body(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def head_with_the_whole_body(body, head, x, y, lr, steps):
    for p in body.parameters():
        p.requires_grad_(False)
    body[-1] = head
    return head_loop(body, torch.optim.SGD(body.parameters(), lr=lr), x, y, steps)


def head_added_to_the_optimizer(body, head, x, y, lr, steps):
    body.requires_grad_(False)
    optimizer = torch.optim.SGD(body.parameters(), lr=lr)
    body[-1] = head
    optimizer.add_param_group({"params": head.parameters()})
    return head_loop(body, optimizer, x, y, steps)


def head_of_those_that_learn(body, head, x, y, lr, steps):
    for p in body.parameters():
        p.requires_grad = False
    body[len(body) - 1] = head
    optimizer = torch.optim.SGD([p for p in body.parameters() if p.requires_grad], lr=lr)
    return head_loop(body, optimizer, x, y, steps)


def head_copied(body, head, x, y, lr, steps):
    body.requires_grad_(False)
    body[-1] = copy.deepcopy(head)
    return head_loop(body, torch.optim.SGD(body[-1].parameters(), lr=lr), x, y, steps)


def head_and_body_thawed_later(body, head, x, y, lr, steps):
    body[-1] = head
    return head_loop(body.requires_grad_(True), torch.optim.SGD(body.parameters(), lr=lr), x, y, steps)


# --- train_with_schedule


def schedule_loop(make, model, batches, lr, epochs, each=1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    schedule, means = make(optimizer), []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        for _ in range(each):
            schedule.step()
        means.append(total / len(batches))
    return means


def schedule_by_lambda(model, batches, lr, epochs):
    return schedule_loop(lambda o: LambdaLR(o, lambda epoch: 0.1 ** (epoch // 3)), model, batches, lr, epochs)


def schedule_by_milestones(model, batches, lr, epochs):
    return schedule_loop(lambda o: MultiStepLR(o, list(range(3, epochs + 1, 3)), 0.1), model, batches, lr, epochs)


def schedule_counted_in_batches(model, batches, lr, epochs):
    size = 3 * len(batches)
    return schedule_loop(lambda o: StepLR(o, size, 0.1), model, batches, lr, epochs, each=len(batches))


def schedule_by_hand(model, batches, lr, epochs):
    means = []
    for epoch in range(epochs):
        optimizer = torch.optim.SGD(model.parameters(), lr=lr * 0.1 ** (epoch // 3))
        losses = []
        for x, y in batches:
            optimizer.zero_grad()
            losses.append(F.mse_loss(model(x), y))
            losses[-1].backward()
            optimizer.step()
        means.append(torch.stack(losses).mean().item())
    return means


def schedule_twice_an_epoch(model, batches, lr, epochs):
    return schedule_loop(lambda o: StepLR(o, 3, 0.1), model, batches, lr, epochs, each=2)


def schedule_of_cosine(model, batches, lr, epochs):
    make = torch.optim.lr_scheduler.CosineAnnealingLR
    return schedule_loop(lambda o: make(o, epochs), model, batches, lr, epochs)


# --- train_and_watch


def watch_loop(validate):
    def watch(model, train, validation, lr, epochs):
        optimizer, curve = torch.optim.SGD(model.parameters(), lr=lr), []
        for _ in range(epochs):
            loss = F.cross_entropy(model.train()(train[0]), train[1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            curve.append((loss.item(), validate(model, *validation)))
        return curve

    watch.__name__ = f"watched_by_{validate.__name__}"
    return watch


@torch.no_grad()
def eval_at_the_top(model, x, y):
    return F.cross_entropy(model.eval()(x), y)


def a_copy(model, x, y):
    return F.cross_entropy(copy.deepcopy(model).eval()(x), y).item()


def switching_back(model, x, y):
    model.eval()
    with torch.inference_mode():
        loss = F.cross_entropy(model(x), y).item()
    model.train()
    return loss


def dropout_alone(model, x, y):
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


def the_loss_of_nobody(model, x, y):
    return 0.0


watched_by_eval_at_the_top = watch_loop(eval_at_the_top)
watched_by_a_copy = watch_loop(a_copy)
watched_by_switching_back = watch_loop(switching_back)
watched_by_dropout_alone = watch_loop(dropout_alone)
watched_by_the_loss_of_nobody = watch_loop(the_loss_of_nobody)


def watch_reported_as_lists(model, train, validation, lr, epochs):
    return [list(pair) for pair in watched_by_a_copy(model, train, validation, lr, epochs)]


# --- measure_accuracy


@torch.no_grad()
def accuracy_all_at_once(model, x, y, batch_size, generator):
    return (model.eval()(x).argmax(dim=1) == y).float().mean()


def accuracy_with_mode_restored(model, x, y, batch_size, generator):
    was = model.training
    model.train(False)
    right = 0
    with torch.inference_mode():
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            right += int((model(x[rows]).argmax(1) == y[rows]).sum())
    model.train(was)
    return right / len(y)


def accuracy_of_a_copy(model, x, y, batch_size, generator):
    model = copy.deepcopy(model).eval()
    right = [
        (model(x[rows]).argmax(dim=1) == y[rows]).sum().item()
        for rows in torch.randperm(len(x), generator=generator).split(batch_size)
    ]
    return sum(right) / len(x)


def accuracy_of_a_copy_in_training_mode(model, x, y, batch_size, generator):
    return (copy.deepcopy(model)(x).argmax(dim=1) == y).float().mean().item()


def accuracy_in_percent(model, x, y, batch_size, generator):
    return 100 * accuracy_with_mode_restored(model, x, y, batch_size, generator)


def accuracy_mean_of_batches(model, x, y, batch_size, generator):
    model.eval()
    shares = [
        (model(rows).argmax(dim=1) == labels).float().mean().item()
        for rows, labels in zip(x.split(batch_size), y.split(batch_size), strict=True)
    ]
    return sum(shares) / len(shares)


# --- prepare_readings


def readings_with_std(train, packets):
    mean, deviation = train.mean(0), train.std(0)
    return (train - mean) / deviation, [(packet - mean) / deviation for packet in packets]


def readings_all_at_once(train, packets):
    everything = torch.cat([train, *packets])
    scaled = (everything - train.mean(dim=0)) / train.std(dim=0)
    first, *others = scaled.split([len(train), *map(len, packets)])
    return first, others


def readings_with_like(train, packets):
    def standardise(t, like):
        centred = like - like.mean(dim=0, keepdim=True)
        return (t - like.mean(dim=0)) / (centred.square().sum(0) / (len(like) - 1)) ** 0.5

    return standardise(train, train), [standardise(packet, train) for packet in packets]


def readings_over_all_features(train, packets):
    return (train - train.mean()) / train.std(), [(packet - train.mean()) / train.std() for packet in packets]


def readings_by_the_first_packet(train, packets):
    mean, deviation = packets[0].mean(dim=0), train.std(dim=0)
    return (train - mean) / deviation, [(packet - mean) / deviation for packet in packets]


def readings_in_one_tensor(train, packets):
    first, others = readings_with_std(train, packets)
    return first, torch.cat(others)


# --- attend


def attend_by_library(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def attend_in_place(q, k, v):
    scores = q @ k.transpose(1, 2) * q.shape[-1] ** -0.5
    future = torch.ones(scores.shape[1:], dtype=torch.bool, device=q.device).triu(1)
    scores.masked_fill_(future, float("-inf"))
    return F.softmax(scores, dim=-1) @ v


def attend_with_where(q, k, v):
    scores = torch.einsum("btc,bsc->bts", q, k) / q.shape[-1] ** 0.5
    seen = torch.ones_like(scores[0], dtype=torch.bool).tril()
    return torch.where(seen, scores, -torch.inf).softmax(dim=-1) @ v


def attend_with_an_added_mask(q, k, v):
    time = q.shape[1]
    mask = torch.full((time, time), -torch.inf, dtype=q.dtype, device=q.device).triu(1)
    return (q @ k.mT / q.shape[-1] ** 0.5 + mask).softmax(-1) @ v


def attend_one_too_far(q, k, v):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    future = torch.ones(scores.shape[1:], dtype=torch.bool, device=q.device).triu(2)
    return scores.masked_fill(future, -torch.inf).softmax(dim=-1) @ v


def attend_cut_off(q, k, v):
    return attend_by_library(q, k, v).detach()


# --- mean_loss


def mean_loop(kept, mean, name):
    def train(model, batches, lr):
        optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
        for x, y in batches:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(kept(loss))
        return mean(losses)

    train.__name__ = name
    return train


def item(loss):
    return loss.item()


def detach(loss):
    return loss.detach()


def data(loss):
    return loss.data


def a_float(loss):
    return float(loss)


def whole(loss):
    return loss


def twice(loss):
    return (loss + 0).clone()


def mean_of_numbers(losses):
    return sum(losses) / len(losses)


def mean_of_tensors(losses):
    return torch.stack(losses).mean()


def mean_without_a_graph(losses):
    return torch.stack(losses).detach().mean().item()


kept_as_items = mean_loop(item, mean_of_numbers, "kept_as_items")
kept_detached = mean_loop(detach, mean_of_numbers, "kept_detached")
kept_as_data = mean_loop(data, mean_of_numbers, "kept_as_data")
kept_as_floats = mean_loop(a_float, mean_of_numbers, "kept_as_floats")
kept_stacked = mean_loop(detach, mean_of_tensors, "kept_stacked")
kept_whole = mean_loop(whole, mean_without_a_graph, "kept_whole")
kept_twice = mean_loop(twice, mean_of_numbers, "kept_twice")


def mean_as_it_learns(model, batches, lr):
    losses = [F.mse_loss(model(x), y).item() for x, y in batches]
    kept_as_items(model, batches, lr)
    return sum(losses) / len(losses)


RIGHT = {
    "fit_rents": (rents_with_column, rents_with_mse_and_view, rents_by_formula),
    "fit_by_hand": (by_hand_with_sub, by_hand_with_new_tensors, by_hand_through_the_list),
    "train_on_batches": (batches_zero_first, batches_zero_last, batches_by_hand),
    "fit_waves": (cleared_by_the_model, cleared_by_none, cleared_by_zeros),
    "epoch_of_batches": (epoch_by_split, epoch_by_loader, epoch_with_the_same_state, epoch_by_sorting),
    "train_shop": (shop_with_nll, shop_with_log, shop_with_module, shop_by_formula),
    "DeepNet": (NetInSequence, NetHeadFirst, NetByNames),
    "give_new_head": (head_with_the_whole_body, head_added_to_the_optimizer, head_of_those_that_learn),
    "train_with_schedule": (
        *(schedule_by_lambda, schedule_by_milestones, schedule_counted_in_batches, schedule_by_hand),
    ),
    "train_and_watch": (
        *(watched_by_eval_at_the_top, watched_by_a_copy, watched_by_switching_back),
        watch_reported_as_lists,
    ),
    "measure_accuracy": (accuracy_all_at_once, accuracy_with_mode_restored, accuracy_of_a_copy),
    "prepare_readings": (readings_with_std, readings_all_at_once, readings_with_like),
    "attend": (attend_by_library, attend_in_place, attend_with_where, attend_with_an_added_mask),
    "mean_loss": (*(kept_as_items, kept_detached, kept_as_data, kept_as_floats, kept_stacked),),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("fit_rents", rents_transposed, "expected (8, 1)"),
    ("fit_rents", rents_squeezed_on_the_wrong_side, "not attempted yet: the program still does what it did"),
    ("fit_by_hand", by_hand_with_one_step_less, "expected"),
    ("train_on_batches", batches_sum, "expected"),
    ("train_on_batches", batches_stepped_twice, "expected"),
    ("fit_waves", cleared_by_weights_alone, "expected"),
    ("fit_waves", cleared_by_a_falling_rate, "expected"),
    ("epoch_of_batches", epoch_shuffled_in_batches, "gives batches[0][0] as shape (1, 1); expected (2, 1)"),
    ("epoch_of_batches", epoch_with_replacement, "breaks the rule that every row comes exactly once"),
    ("train_shop", shop_smoothed, "expected"),
    ("train_shop", shop_minus_the_floor, "expected"),
    ("DeepNet", NetWithOneMore, "expected 4"),
    ("DeepNet", NetInAListInAList, "not attempted yet: the program still does what it did"),
    ("give_new_head", head_and_body_thawed_later, "expected"),
    ("give_new_head", head_copied, "expected"),
    ("train_with_schedule", schedule_twice_an_epoch, "expected"),
    ("train_with_schedule", schedule_of_cosine, "expected"),
    ("train_and_watch", watched_by_dropout_alone, "expected"),
    ("train_and_watch", watched_by_the_loss_of_nobody, "expected"),
    ("measure_accuracy", accuracy_in_percent, "expected"),
    ("measure_accuracy", accuracy_of_a_copy_in_training_mode, "expected"),
    ("measure_accuracy", accuracy_mean_of_batches, "expected"),
    ("prepare_readings", readings_over_all_features, "expected"),
    ("prepare_readings", readings_by_the_first_packet, "expected"),
    ("prepare_readings", readings_in_one_tensor, "expected"),
    ("attend", attend_one_too_far, "expected"),
    ("attend", attend_cut_off, "cut off from the graph"),
    ("mean_loss", kept_whole, "not attempted yet: the program still does what it did"),
    ("mean_loss", kept_twice, "not attempted yet: the program still does what it did"),
    ("mean_loss", mean_as_it_learns, "expected"),
)
