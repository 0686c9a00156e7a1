"""Answers to lesson 8."""

import itertools
import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset, TensorDataset

# --- LinearRegressionModel


class LinearPlain(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, x):
        return self.linear(x)


class LinearOldSuper(nn.Module):
    def __init__(self, in_features, out_features):
        super(LinearOldSuper, self).__init__()  # noqa: UP008 - the form that older tutorials teach
        self.in_features = in_features
        self.linear = nn.Linear(in_features=in_features, out_features=out_features, bias=True)

    def forward(self, inputs):
        print("input", inputs.shape)
        return self.linear(inputs)


class LinearByFunction(nn.Module):
    def __init__(self, in_features, out_features):
        nn.Module.__init__(self)
        self.add_module("linear", nn.Linear(in_features, out_features))

    def forward(self, x):
        return F.linear(x, self.linear.weight, self.linear.bias)


class LinearByProduct(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        layer = nn.Linear(in_features, out_features)
        nn.init.zeros_(layer.bias)
        self.linear = layer

    def forward(self, x):
        return x @ self.linear.weight.T + self.linear.bias


def linear_from_a_function(in_features, out_features):
    return nn.Sequential(OrderedDict(linear=nn.Linear(in_features, out_features)))


# --- TabularClassifier


class ClassifierPlain(nn.Module):
    def __init__(self, input_dim, num_classes):
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(input_dim, 128),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, num_classes),
        )

    def forward(self, x):
        return self.network(x)


class ClassifierWithNames(nn.Module):
    def __init__(self, input_dim, num_classes):
        super().__init__()
        self.network = nn.Sequential(
            OrderedDict(
                hidden1=nn.Linear(input_dim, 128),
                bend1=nn.ReLU(inplace=True),
                drop=nn.Dropout(p=0.2),
                hidden2=nn.Linear(128, 64),
                bend2=nn.ReLU(),
                out=nn.Linear(64, num_classes),
            )
        )

    def forward(self, x):
        return self.network(x)


class ClassifierModuleList(nn.Module):
    def __init__(self, input_dim, num_classes):
        super().__init__()
        sizes = [input_dim, 128, 64, num_classes]
        self.network = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))

    def forward(self, x):
        x = F.dropout(F.relu(self.network[0](x)), 0.2, training=self.training)
        return self.network[2](self.network[1](x).relu())


class ClassifierInBlocks(nn.Module):
    def __init__(self, input_dim, num_classes):
        super().__init__()
        first = nn.Sequential(nn.Linear(input_dim, 128), nn.Dropout(0.2), nn.ReLU())  # ReLU keeps zeros: same thing
        self.network = nn.Sequential(first, nn.Sequential(nn.Linear(128, 64), nn.ReLU()), nn.Linear(64, num_classes))

    def forward(self, x):
        return self.network(x)


class ClassifierAppended(nn.Module):
    def __init__(self, input_dim, num_classes):
        super().__init__()
        layers = []
        for size, p in ((128, 0.2), (64, 0.0)):
            layers += [nn.Linear(input_dim, size), nn.ReLU()] + ([nn.Dropout(p)] if p else [])
            input_dim = size
        layers.append(nn.Linear(input_dim, num_classes))
        self.network = nn.Sequential(*layers)

    def forward(self, x):
        for layer in self.network:
            x = layer(x)
        return x


# --- count_parameters


def count_by_sum(model, trainable_only=False):
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)


def count_by_loop(model, trainable_only=False):
    total = 0
    for _name, p in model.named_parameters():
        if trainable_only and not p.requires_grad:
            continue
        total += p.nelement()
    return total


def count_by_shapes(model, trainable_only=False):
    shapes = [p.shape for p in model.parameters() if not trainable_only or p.requires_grad]
    return sum(math.prod(shape) for shape in shapes)


def count_by_identity(model, trainable_only=False):
    seen = {}
    for module in model.modules():
        for p in module.parameters(recurse=False):
            seen[id(p)] = p
    return sum(len(p.flatten()) for p in seen.values() if p.requires_grad >= trainable_only)


def count_by_filter(model, trainable_only=False):
    parameters = list(model.parameters())
    if trainable_only:
        parameters = list(filter(lambda p: p.requires_grad, parameters))
    return int(torch.tensor([p.numel() for p in parameters]).sum())


# --- loss_for


def loss_by_if(task):
    if task == "regression":
        return nn.MSELoss()
    if task == "binary":
        return nn.BCEWithLogitsLoss()
    if task == "multiclass":
        return nn.CrossEntropyLoss()
    raise ValueError(f"unknown task {task!r}")


def loss_by_table(task):
    losses = {"regression": nn.MSELoss(), "binary": nn.BCEWithLogitsLoss(), "multiclass": nn.CrossEntropyLoss()}
    if task not in losses:
        raise ValueError
    return losses[task]


def loss_by_match(task):
    match task:
        case "regression":
            return nn.MSELoss(reduction="mean")
        case "binary":
            return nn.BCEWithLogitsLoss()
        case "multiclass":
            return nn.CrossEntropyLoss()
        case _:
            raise ValueError("task must be regression, binary or multiclass")


def loss_by_caught_key(task):
    try:
        kind = {"regression": "MSELoss", "binary": "BCEWithLogitsLoss", "multiclass": "CrossEntropyLoss"}[task]
    except KeyError as error:
        raise ValueError(f"no loss for {task}") from error
    return getattr(nn, kind)()


class LogSoftmaxThenNLL(nn.Module):
    def forward(self, outputs, targets):
        return F.nll_loss(F.log_softmax(outputs, dim=1), targets)


class UnknownTask(ValueError):
    pass


def loss_of_own_making(task):
    if task not in ("regression", "binary", "multiclass"):
        raise ValueError(task)
    return LogSoftmaxThenNLL() if task == "multiclass" else loss_by_if(task)


# --- make_optimizer


def optimizer_by_identity(model, first_lr, rest_lr, weight_decay):
    first = next(m for m in model.network.modules() if isinstance(m, nn.Linear))
    first_ids = {id(p) for p in first.parameters()}
    rest = [p for p in model.parameters() if id(p) not in first_ids]
    groups = [{"params": first.parameters(), "lr": first_lr}, {"params": rest, "lr": rest_lr}]
    return torch.optim.AdamW(groups, weight_decay=weight_decay)


def optimizer_by_name(model, first_lr, rest_lr, weight_decay):
    name = next(n for n, m in model.network.named_modules() if isinstance(m, nn.Linear))
    prefix = f"network.{name}."
    first = [p for n, p in model.named_parameters() if n.startswith(prefix)]
    rest = [p for n, p in model.named_parameters() if not n.startswith(prefix)]
    return torch.optim.AdamW(
        [
            {"params": first, "lr": first_lr, "weight_decay": weight_decay},
            {"params": rest, "lr": rest_lr, "weight_decay": weight_decay},
        ]
    )


def optimizer_by_added_group(model, first_lr, rest_lr, weight_decay):
    for module in model.network.modules():
        if isinstance(module, nn.Linear):
            first = list(module.parameters())
            break
    optimizer = torch.optim.AdamW(first, lr=first_lr, weight_decay=weight_decay)
    rest = [p for p in model.parameters() if not any(p is q for q in first)]
    optimizer.add_param_group({"params": rest[::-1], "lr": rest_lr})
    return optimizer


def optimizer_by_sets(model, first_lr, rest_lr, weight_decay):
    linears = [m for m in model.network.modules() if isinstance(m, nn.Linear)]
    first = set(linears[0].parameters())
    rest = set(model.parameters()) - first
    return torch.optim.AdamW(
        [{"params": list(first), "lr": first_lr}, {"params": list(rest)}], lr=rest_lr, weight_decay=weight_decay
    )


# --- train_step


def step_plain(model, optimizer, criterion, x_batch, y_batch):
    model.train()
    optimizer.zero_grad()
    y_hat = model(x_batch)
    loss = criterion(y_hat, y_batch)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_zero_by_model_late(model, optimizer, criterion, x_batch, y_batch):
    model.train()
    loss = criterion(model(x_batch), y_batch)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss)


def step_zero_fill_twice(model, optimizer, criterion, x_batch, y_batch):
    optimizer.zero_grad(set_to_none=False)
    model.train(True)
    loss = criterion(model(x_batch), y_batch)
    value = loss.detach().item()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return value


def step_by_autograd_grad(model, optimizer, criterion, x_batch, y_batch):
    model.train()
    params = list(model.parameters())
    loss = criterion(model(x_batch), y_batch)
    for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
        p.grad = g
    optimizer.step()
    return loss.tolist()


def step_by_closure(model, optimizer, criterion, x_batch, y_batch):
    model.train()

    def closure():
        optimizer.zero_grad()
        loss = criterion(model(x_batch), y_batch)
        loss.backward()
        return loss

    return optimizer.step(closure).item()


def step_zero_by_hand_and_mode_restored(model, optimizer, criterion, x_batch, y_batch):
    was = model.training
    model.train()
    for p in model.parameters():
        p.grad = None
    loss = criterion(model(x_batch), y_batch)
    print("loss", loss)
    loss.backward()
    optimizer.step()
    model.train(was)
    return loss.item()


# --- adam_update_


def adam_in_place(params, states, lr, betas, eps, weight_decay):
    beta1, beta2 = betas
    with torch.no_grad():
        for p, state in zip(params, states, strict=True):
            if p.grad is None:
                continue
            if not state:
                state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
            state["step"] += 1
            state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
            state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
            m_hat = state["m"] / (1 - beta1 ** state["step"])
            v_hat = state["v"] / (1 - beta2 ** state["step"])
            p.mul_(1 - lr * weight_decay)
            p.addcdiv_(m_hat, v_hat.sqrt().add_(eps), value=-lr)


@torch.no_grad()
def adam_out_of_place(params, states, lr, betas, eps, weight_decay):
    b1, b2 = betas
    for i, p in enumerate(params):
        g = p.grad
        if g is not None:
            t = states[i].get("t", 0) + 1
            m = b1 * states[i].get("m", 0.0) + (1 - b1) * g
            v = b2 * states[i].get("v", 0.0) + (1 - b2) * g**2
            states[i].update({"t": t, "m": m, "v": v})
            p -= lr * (m / (1 - b1**t) / (torch.sqrt(v / (1 - b2**t)) + eps) + weight_decay * p)


def adam_through_data(params, states, lr, betas, eps, weight_decay):
    for p, s in zip(params, states, strict=True):
        if p.grad is None:
            continue
        g = p.grad.data
        s["n"] = s.get("n", 0) + 1
        s[0] = torch.lerp(g, s.get(0, torch.zeros_like(g)), betas[0])
        s[1] = torch.lerp(g * g, s.get(1, torch.zeros_like(g)), betas[1])
        scale = math.sqrt(1 - betas[1] ** s["n"]) / (1 - betas[0] ** s["n"])
        eps_hat = eps * math.sqrt(1 - betas[1] ** s["n"])
        p.data = p.data * (1 - lr * weight_decay)
        p.data -= lr * scale * s[0] / (s[1].sqrt() + eps_hat)


@torch.no_grad()
def adam_in_float64_with_products(params, states, lr, betas, eps, weight_decay):
    for p, state in zip(params, states, strict=True):
        if p.grad is None:
            continue
        grad = p.grad.double()
        moments = state.setdefault("moments", [torch.zeros_like(grad), torch.zeros_like(grad)])
        left = state.setdefault("left", [1.0, 1.0])
        corrected = []
        for k, new in enumerate((grad, grad * grad)):
            moments[k] = moments[k] + (1 - betas[k]) * (new - moments[k])
            left[k] *= betas[k]
            corrected.append(moments[k] / (1 - left[k]))
        decayed = p.double() - lr * weight_decay * p.double()
        p.copy_(decayed - lr * corrected[0] / (corrected[1] ** 0.5 + eps))


class Moments:
    def __init__(self, p):
        self.t, self.m, self.v = 0, torch.zeros_like(p), torch.zeros_like(p)

    def direction(self, g, betas, eps):
        self.t += 1
        self.m = betas[0] * self.m + (1 - betas[0]) * g
        self.v = betas[1] * self.v + (1 - betas[1]) * g.square()
        return self.m / (1 - betas[0] ** self.t) / ((self.v / (1 - betas[1] ** self.t)).sqrt() + eps)


def adam_with_a_class(params, states, lr, betas, eps, weight_decay):
    used = [(p, state) for p, state in zip(params, states, strict=True) if p.grad is not None]
    for p, state in used:
        if "moments" not in state:
            state["moments"] = Moments(p.detach())
        change = state["moments"].direction(p.grad, betas, eps)
        with torch.no_grad():
            p.sub_(lr * weight_decay * p).sub_(lr * change)


# --- warmup_cosine


def warmup_by_if(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= total:
        return 0.0
    return 0.5 * peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def warmup_by_minimum(step, warmup, total, peak):
    share = min(max((step - warmup) / (total - warmup), 0), 1)
    rising = min(1, (step + 1) / warmup) if warmup else 1
    return float(min(peak * rising, peak * (math.cos(math.pi * share) + 1) / 2))


def warmup_in_torch(step, warmup, total, peak):
    if step < warmup:
        return torch.linspace(peak / warmup, peak, warmup)[step].item()
    angle = torch.tensor(min(step, total) - warmup) * torch.pi / (total - warmup)
    return (peak / 2 * (1 + angle.cos())).item()


def warmup_by_a_squared_sine(step, warmup, total, peak):
    left = total - step
    if left <= 0:
        return 0
    return peak * (step + 1) / warmup if warmup > step else peak * math.sin(math.pi / 2 * left / (total - warmup)) ** 2


def warmup_by_the_library(step, warmup, total, peak):
    p = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=1.0)

    def share(i):
        if i < warmup:
            return (i + 1) / warmup
        return (1 + math.cos(math.pi * (i - warmup) / (total - warmup))) / 2 if i < total else 0

    torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    return peak * share(step)


# --- clip_gradients_


def clip_in_place(parameters, max_norm):
    grads = [p.grad for p in parameters if p.grad is not None]
    norm = torch.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


def clip_by_new_gradients(parameters, max_norm):
    parameters = list(parameters)
    norms = [torch.linalg.vector_norm(p.grad) for p in parameters if p.grad is not None]
    total = torch.linalg.vector_norm(torch.stack(norms))
    factor = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    for p in parameters:
        if p.grad is not None:
            p.grad = p.grad * factor
    return total


def clip_one_long_vector(parameters, max_norm):
    used = [p for p in parameters if p.grad is not None]
    whole = torch.cat([p.grad.reshape(-1) for p in used]).norm(p=2)
    scale = min(1.0, max_norm / float(whole)) if whole > 0 else 1.0
    for p in used:
        p.grad.data.mul_(scale)
    return whole


@torch.no_grad()
def clip_with_a_running_sum(parameters, max_norm):
    seen, square = [], 0.0
    for p in parameters:
        if p.grad is None:
            continue
        seen.append(p)
        square = square + torch.sum(p.grad * p.grad)
    norm = square.sqrt()
    if norm.item() <= max_norm:
        return norm
    for p in seen:
        p.grad.copy_(p.grad / norm * max_norm)
    return norm


# --- TableDataset


class DatasetPlain(Dataset):
    def __init__(self, features, labels, transform=None):
        self.features, self.labels, self.transform = features, labels, transform

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        x = self.features[index]
        if self.transform is not None:
            x = self.transform(x)
        return x, self.labels[index]


class DatasetWithChecks(Dataset):
    def __init__(self, features, labels, transform=None):
        super().__init__()
        if len(features) != len(labels):
            raise ValueError(f"{len(features)} rows and {len(labels)} labels")
        self.rows = list(zip(features, labels, strict=True))
        self.transform = transform or (lambda x: x)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        x, y = self.rows[i]
        return self.transform(x), y


class DatasetOfATensorDataset(TensorDataset):
    def __init__(self, features, labels, transform=None):
        super().__init__(features, labels)
        self.change = transform

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return [self.change(x) if self.change else x, y]


class DatasetByIndexSelect(Dataset):
    def __init__(self, features, labels, transform=None):
        self.x, self.y, self.t = features.clone(), labels.clone(), transform

    def __len__(self):
        return self.y.shape[0]

    def __getitem__(self, i):
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        i = i % len(self)
        x = self.x.select(0, i).clone()
        return (x if self.t is None else self.t(x)), self.y.select(0, i)


# --- wrong, beyond the known mistakes


class LinearOtherName(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.fc = nn.Linear(in_features, out_features)

    def forward(self, x):
        return self.fc(x)


class LinearTwice(LinearPlain):
    def forward(self, x):
        return 2 * self.linear(x)


class LinearDetached(LinearPlain):
    def forward(self, x):
        return self.linear(x).detach()


class LinearWithoutForward(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)


def linear_as_a_tensor(in_features, out_features):
    return torch.zeros(in_features, out_features)


class ClassifierOtherSizes(ClassifierPlain):
    def __init__(self, input_dim, num_classes):
        super().__init__(input_dim, num_classes)
        self.network[3], self.network[5] = nn.Linear(128, 32), nn.Linear(32, num_classes)


class ClassifierWithoutReturn(ClassifierPlain):
    def forward(self, x):
        self.network(x)


def count_as_tensor(model, trainable_only=False):
    return torch.tensor(count_by_sum(model, trainable_only))


def count_with_one_more(model, trainable_only=False):
    return count_by_sum(model, trainable_only) + 1


def loss_with_weight(task):
    return nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)) if task == "binary" else loss_by_if(task)


def loss_without_a_graph(task):
    class Cut(nn.Module):
        def forward(self, outputs, targets):
            return loss_by_if(task)(outputs.detach(), targets)

    loss_by_if(task)
    return Cut()


def optimizer_with_other_betas(model, first_lr, rest_lr, weight_decay):
    optimizer = optimizer_by_identity(model, first_lr, rest_lr, weight_decay)
    for group in optimizer.param_groups:
        group["betas"] = (0.5, 0.9)
    return optimizer


def optimizer_of_copies(model, first_lr, rest_lr, weight_decay):
    copies = [nn.Parameter(p.clone()) for p in model.parameters()]
    groups = [{"params": copies[:2], "lr": first_lr}, {"params": copies[2:], "lr": rest_lr}]
    return torch.optim.AdamW(groups, weight_decay=weight_decay)


def optimizer_groups_alone(model, first_lr, rest_lr, weight_decay):
    return optimizer_by_identity(model, first_lr, rest_lr, weight_decay).param_groups


def step_returns_nothing(model, optimizer, criterion, x_batch, y_batch):
    step_plain(model, optimizer, criterion, x_batch, y_batch)


def step_clips(model, optimizer, criterion, x_batch, y_batch):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x_batch), y_batch)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    return loss.item()


def step_leaves_grad_off(model, optimizer, criterion, x_batch, y_batch):
    torch.set_grad_enabled(True)
    loss = step_plain(model, optimizer, criterion, x_batch, y_batch)
    torch.set_grad_enabled(False)
    return loss


def adam_by_library(params, states, lr, betas, eps, weight_decay):
    if not states[0]:
        states[0]["it"] = torch.optim.AdamW(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    states[0]["it"].step()


def adam_by_library_in_disguise(params, states, lr, betas, eps, weight_decay):
    kind = vars(__import__("torch"))["op" + "tim"]
    settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
    states[0].setdefault("it", getattr(kind, "Adam" + "W")(params, **settings)).step()


def adam_amsgrad(params, states, lr, betas, eps, weight_decay):
    with torch.no_grad():
        for p, s in zip(params, states, strict=True):
            if p.grad is None:
                continue
            s["t"] = s.get("t", 0) + 1
            s["m"] = betas[0] * s.get("m", 0) + (1 - betas[0]) * p.grad
            s["v"] = betas[1] * s.get("v", 0) + (1 - betas[1]) * p.grad**2
            s["top"] = torch.maximum(s.get("top", s["v"]), s["v"])
            p *= 1 - lr * weight_decay
            v_hat = s["top"] / (1 - betas[1] ** s["t"])
            p -= lr * s["m"] / (1 - betas[0] ** s["t"]) / (v_hat.sqrt() + eps)


def adam_stops_learning(params, states, lr, betas, eps, weight_decay):
    adam_in_place(params, states, lr, betas, eps, weight_decay)
    for p in params:
        p.requires_grad_(False)


def warmup_rounded(step, warmup, total, peak):
    return round(warmup_by_if(step, warmup, total, peak), 3)


def warmup_squared(step, warmup, total, peak):
    return warmup_by_if(step, warmup, total, peak) if step < warmup else warmup_by_if(step, warmup, total, peak) ** 2


def warmup_without_a_way_out(step, warmup, total, peak):
    return peak * (step + 1) / warmup if step < warmup else None


def clip_by_the_library(parameters, max_norm):
    return nn.utils.clip_grad_norm_(parameters, max_norm)


def clip_by_an_alias(parameters, max_norm):
    from torch.nn.utils import clip_grad_norm_ as shorten

    return shorten(parameters, max_norm)


def clip_by_half(parameters, max_norm):
    norm = clip_in_place(parameters := list(parameters), max_norm)
    for p in parameters:
        if p.grad is not None:
            p.grad *= 0.5
    return norm


def clip_freezes(parameters, max_norm):
    norm = clip_in_place(parameters := list(parameters), max_norm)
    for p in parameters:
        p.requires_grad_(False)
    return norm


class DatasetOfDicts(DatasetPlain):
    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return {"x": x, "y": y}


class DatasetSeeding(DatasetPlain):
    def __getitem__(self, i):
        torch.manual_seed(i)
        return super().__getitem__(i)


RIGHT = {
    "LinearRegressionModel": (
        *(LinearPlain, LinearOldSuper, LinearByFunction, LinearByProduct, linear_from_a_function),
    ),
    "TabularClassifier": (
        *(ClassifierPlain, ClassifierWithNames, ClassifierModuleList, ClassifierInBlocks, ClassifierAppended),
    ),
    "count_parameters": (count_by_sum, count_by_loop, count_by_shapes, count_by_identity, count_by_filter),
    "loss_for": (loss_by_if, loss_by_table, loss_by_match, loss_by_caught_key, loss_of_own_making),
    "make_optimizer": (optimizer_by_identity, optimizer_by_name, optimizer_by_added_group, optimizer_by_sets),
    "train_step": (
        *(step_plain, step_zero_by_model_late, step_zero_fill_twice, step_by_autograd_grad, step_by_closure),
        step_zero_by_hand_and_mode_restored,
    ),
    "adam_update_": (
        *(adam_in_place, adam_out_of_place, adam_through_data, adam_in_float64_with_products),
        adam_with_a_class,
    ),
    "warmup_cosine": (
        *(warmup_by_if, warmup_by_minimum, warmup_in_torch, warmup_by_a_squared_sine, warmup_by_the_library),
    ),
    "clip_gradients_": (clip_in_place, clip_by_new_gradients, clip_one_long_vector, clip_with_a_running_sum),
    "TableDataset": (DatasetPlain, DatasetWithChecks, DatasetOfATensorDataset, DatasetByIndexSelect),
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("LinearRegressionModel", LinearOtherName, "has the keys ['fc.bias', 'fc.weight'] among its parameters"),
    ("LinearRegressionModel", LinearTwice, "expected"),
    ("LinearRegressionModel", LinearDetached, "cut off from the graph"),
    ("LinearRegressionModel", LinearWithoutForward, "raised NotImplementedError"),
    ("LinearRegressionModel", linear_as_a_tensor, "gives a value of type Tensor; expected an nn.Module"),
    ("TabularClassifier", ClassifierOtherSizes, "'(32, 128)'; expected '(64, 128)'"),
    ("TabularClassifier", ClassifierWithoutReturn, "Is a `return` missing?"),
    ("count_parameters", count_as_tensor, "returned a tensor"),
    ("count_parameters", count_with_one_more, "returned 54; expected 53"),
    ("loss_for", loss_with_weight, "gives loss as"),
    ("loss_for", loss_without_a_graph, "cut off from the graph"),
    ("make_optimizer", optimizer_with_other_betas, "gives groups[0].betas[0] as 0.5; expected 0.9"),
    ("make_optimizer", optimizer_of_copies, "a copy"),
    ("make_optimizer", optimizer_groups_alone, "gives optimizer as 'list'; expected 'AdamW'"),
    ("train_step", step_returns_nothing, "Is a `return` missing?"),
    ("train_step", step_clips, "in step 1, the first that differs, leaves weights"),
    ("train_step", step_leaves_grad_off, "grad mode"),
    ("adam_update_", adam_by_library, "uses the library's adamw, optim; build it from"),
    ("adam_update_", adam_by_library_in_disguise, "uses the library's optim; build it from"),
    ("adam_update_", adam_amsgrad, "the first that differs"),
    ("adam_update_", adam_stops_learning, "breaks the rule that all parameters still learn"),
    ("warmup_cosine", warmup_rounded, "expected"),
    ("warmup_cosine", warmup_squared, "returned 0.25; expected 0.5"),
    ("warmup_cosine", warmup_without_a_way_out, "Is a `return` missing?"),
    ("clip_gradients_", clip_by_the_library, "uses the library's clip_grad_norm_; build it from"),
    ("clip_gradients_", clip_by_an_alias, "uses the library's clip_grad_norm_; build it from"),
    ("clip_gradients_", clip_by_half, "gives grads[0] as [0.5, 1]; expected [1, 2]"),
    ("clip_gradients_", clip_freezes, "breaks the rule that all parameters still learn"),
    ("TableDataset", DatasetOfDicts, "gives samples[0] as a dict of 2; expected a tuple of 2"),
    ("TableDataset", DatasetSeeding, "seeds torch's global generator"),
)
