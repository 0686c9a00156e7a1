"""Lesson 9: answers that learners might write."""

import copy
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Subset, TensorDataset, random_split

# --- make_loaders


def loaders_by_permutation(X, y, batch_size, val_fraction, generator):
    n_val = int(len(X) * val_fraction)
    order = torch.randperm(len(X), generator=generator)
    val, train = order[:n_val], order[n_val:]
    return (
        DataLoader(TensorDataset(X[train], y[train]), batch_size=batch_size, shuffle=True),
        DataLoader(TensorDataset(X[val], y[val]), batch_size=batch_size),
    )


def loaders_by_random_split(X, y, batch_size, val_fraction, generator):
    train, val = random_split(TensorDataset(X, y), [1 - val_fraction, val_fraction], generator=generator)
    return DataLoader(train, batch_size, shuffle=True, generator=generator), DataLoader(val, batch_size)


def loaders_by_lengths(X, y, batch_size, val_fraction, generator):
    data = TensorDataset(X, y)
    n_val = math.ceil(val_fraction * len(data))
    val, train = random_split(data, [n_val, len(data) - n_val], generator)
    return [
        DataLoader(train, batch_size=batch_size, shuffle=True, num_workers=0),
        DataLoader(val, batch_size=batch_size, shuffle=False),
    ]


def loaders_by_sampler(X, y, batch_size, val_fraction, generator):
    indices = torch.rand(len(X), generator=generator).argsort().tolist()
    n_train = len(X) - round(val_fraction * len(X))
    data = TensorDataset(X, y)
    train, val = Subset(data, indices[:n_train]), Subset(data, sorted(indices[n_train:]))
    sampler = BatchSampler(RandomSampler(train, generator=generator), batch_size, drop_last=False)
    return DataLoader(train, batch_sampler=sampler), DataLoader(val, batch_size=batch_size)


class Batches:
    """A loader of one's own."""

    def __init__(self, X, y, batch_size, generator=None):
        self.X, self.y, self.batch_size, self.generator = X, y, batch_size, generator

    def __iter__(self):
        n = len(self.X)
        order = torch.arange(n) if self.generator is None else torch.randperm(n, generator=self.generator)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.y[rows]


def loaders_of_ones_own(X, y, batch_size, val_fraction, generator):
    order = torch.randperm(len(X), generator=generator)
    X, y = X[order], y[order]
    n_val = round(val_fraction * len(X))
    return Batches(X[n_val:], y[n_val:], batch_size, generator), Batches(X[:n_val], y[:n_val], batch_size)


# --- train_epoch


def epoch_by_samples(model, loader, criterion, optimizer, device):
    model.train()
    total = 0.0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


def epoch_with_weighted_mean(model, loader, criterion, optimizer, device):
    model.train(True)
    losses, sizes = [], []
    for batch in loader:
        x, y = (t.to(device=device) for t in batch)
        prediction = model.forward(x)
        loss = criterion(prediction, y)
        model.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(x.shape[0])
    sizes = torch.tensor(sizes, device=losses[0].device)
    return float((torch.stack(losses) * sizes).sum() / sizes.sum())


def epoch_with_running_mean(model, loader, criterion, optimizer, device):
    was = model.training
    model.train()
    mean, seen = 0.0, 0
    for i, (x, y) in enumerate(loader):
        x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
        for p in model.parameters():
            p.grad = None
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        seen += len(x)
        mean += (float(loss) - mean) * len(x) / seen
        print("batch", i, "loss", mean)
    model.train(was)
    return mean


def epoch_cleared_first_and_last(model, loader, criterion, optimizer, device):
    model.to(device).train()
    optimizer.zero_grad()
    loss_sum = torch.zeros((), device=device)
    count = 0
    for x, y in loader:
        loss = criterion(model(x.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss_sum += loss.detach() * x.size(0)
        count += x.size(0)
    return (loss_sum / count).item()


# --- evaluate


def evaluate_with_no_grad(model, loader, criterion, device):
    was_training = model.training
    model.eval()
    total, right, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            logits = model(x)
            total += criterion(logits, y).item() * len(x)
            right += (logits.argmax(dim=1) == y).sum().item()
            n += len(x)
    model.train(was_training)
    return total / n, right / n


@torch.inference_mode()
def evaluate_by_decorator(model, loader, criterion, device):
    mode = model.training
    model.train(False)
    losses, hits = [], []
    for x, y in loader:
        logits = model(x.to(device))
        y = y.to(device)
        losses += [criterion(logits, y)] * len(y)
        hits.append(logits.softmax(1).max(1).indices.eq(y))
    if mode:
        model.train()
    return torch.stack(losses).mean().item(), torch.cat(hits).float().mean().item()


def evaluate_all_at_once(model, loader, criterion, device):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            batches = [(x.to(device), y.to(device)) for x, y in loader]
            x, y = torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
            scores = model(x)
            return float(criterion(scores, y)), float((scores.max(dim=-1)[1] == y).double().mean())
    finally:
        for module, training in modes.items():
            module.training = training


def evaluate_with_grad_switched_off(model, loader, criterion, device):
    training, model_eval = model.training, model.eval()
    grad = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    sums = torch.zeros(3, dtype=torch.float64)
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        z = model_eval(x)
        sums += torch.tensor([criterion(z, y).item() * len(y), (z.argmax(-1) == y).sum().item(), len(y)])
    torch.set_grad_enabled(grad)
    model.train(mode=training)
    loss, right, n = sums.tolist()
    return [loss / n, right / n]


# --- epochs_run


def epochs_run_by_counting(val_losses, patience):
    best, bad = float("inf"), 0
    for epoch, loss in enumerate(val_losses, start=1):
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad == patience:
            return epoch
    return len(val_losses)


def epochs_run_by_best_epoch(val_losses, patience):
    best_epoch = 0
    for epoch in range(len(val_losses)):
        if val_losses[epoch] < val_losses[best_epoch]:
            best_epoch = epoch
        if epoch - best_epoch >= patience:
            return epoch + 1
    return len(val_losses)


def epochs_run_by_slices(val_losses, patience):
    for end in range(patience + 1, len(val_losses) + 1):
        if min(val_losses[end - patience : end]) >= min(val_losses[: end - patience]):
            return end
    return len(val_losses)


def epochs_run_by_while(val_losses, patience):
    left, best, epoch = patience, math.inf, 0
    while epoch < len(val_losses) and left > 0:
        loss = val_losses[epoch]
        left = patience if loss < best else left - 1
        best = min(best, loss)
        epoch += 1
    return epoch


def epochs_run_by_tensor(val_losses, patience):
    losses = torch.tensor(val_losses, dtype=torch.float64)
    lowest = losses.cummin(0).values
    for i in range(patience, len(losses)):
        if bool((losses[i - patience + 1 : i + 1] >= lowest[i - patience]).all()):
            return i + 1
    return len(losses)


# --- fit


def fit_with_deepcopy(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    history = {"train_loss": [], "val_loss": [], "val_accuracy": []}
    best, bad, best_state = float("inf"), 0, None
    for _ in range(max_epochs):
        history["train_loss"].append(epoch_by_samples(model, train_loader, criterion, optimizer, device))
        loss, accuracy = evaluate_with_no_grad(model, val_loader, criterion, device)
        history["val_loss"].append(loss)
        history["val_accuracy"].append(accuracy)
        if loss < best:
            best, bad, best_state = loss, 0, copy.deepcopy(model.state_dict())
        else:
            bad += 1
            if bad == patience:
                break
    model.load_state_dict(best_state)
    return history


def fit_with_clones(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    rows, kept = [], {}
    while len(rows) < max_epochs:
        train_loss = epoch_with_running_mean(model, train_loader, criterion, optimizer, device)
        rows.append((train_loss, *evaluate_by_decorator(model, val_loader, criterion, device)))
        losses = [row[1] for row in rows]
        best = losses.index(min(losses))
        if best == len(rows) - 1:
            kept = {name: t.detach().clone() for name, t in model.state_dict().items()}
        if len(rows) - 1 - best >= patience:
            break
    model.load_state_dict(kept)
    return dict(zip(("train_loss", "val_loss", "val_accuracy"), map(list, zip(*rows, strict=True)), strict=True))


def fit_keeping_parameters(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    train_losses, val_losses, accuracies = [], [], []
    for epoch in range(max_epochs):
        train_losses += [epoch_with_weighted_mean(model, train_loader, criterion, optimizer, device)]
        loss, accuracy = evaluate_all_at_once(model, val_loader, criterion, device)
        val_losses += [loss]
        accuracies += [accuracy]
        if loss < min(val_losses[:-1], default=math.inf):
            best_weights = [p.detach().clone() for p in model.parameters()]
        print(epoch, loss, accuracy)
        if epochs_run_by_counting([*val_losses, math.inf], patience) == len(val_losses):
            break
    with torch.no_grad():
        for p, best in zip(model.parameters(), best_weights, strict=True):
            p.copy_(best)
    return {"val_loss": val_losses, "val_accuracy": accuracies, "train_loss": train_losses}


def fit_keeping_tensors(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    tensors = [*model.parameters(), *model.buffers()]
    best, kept, waited = math.inf, [t.detach().clone() for t in tensors], 0
    history = {key: [] for key in ("train_loss", "val_loss", "val_accuracy")}
    while len(history["val_loss"]) < max_epochs and waited < patience:
        train_loss = epoch_with_weighted_mean(model, train_loader, criterion, optimizer, device)
        loss, accuracy = evaluate_all_at_once(model, val_loader, criterion, device)
        for key, value in zip(history, (train_loss, loss, accuracy), strict=True):
            history[key].append(value)
        waited += 1
        if loss < best:
            best, kept, waited = loss, [t.detach().clone() for t in tensors], 0
    with torch.no_grad():
        for t, value in zip(tensors, kept, strict=True):
            t.copy_(value)
    return history


def fit_in_one_piece(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    history = {key: [] for key in ("train_loss", "val_loss", "val_accuracy")}
    best_model, waited = None, 0
    for _ in range(max_epochs):
        model.train()
        total = n = 0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
            n += len(x)
        history["train_loss"].append(total / n)
        model.eval()
        total = n = right = 0
        with torch.no_grad():
            for x, y in val_loader:
                x, y = x.to(device), y.to(device)
                z = model(x)
                total += criterion(z, y).item() * len(x)
                right += (z.argmax(1) == y).sum().item()
                n += len(x)
        if total / n < min(history["val_loss"], default=math.inf):
            best_model, waited = copy.deepcopy(model), 0
        else:
            waited += 1
        history["val_loss"].append(total / n)
        history["val_accuracy"].append(right / n)
        if waited >= patience:
            break
    model.load_state_dict(best_model.state_dict())
    return history


# --- init_weights_


def init_by_nn_init(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def init_by_apply(model):
    def init(module):
        if type(module) is nn.Linear:
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                module.bias.data.fill_(0.0)

    model.apply(init)
    return model


@torch.no_grad()
def init_by_hand(model):
    for _, module in model.named_modules():
        if isinstance(module, nn.Linear):
            module.weight.normal_(0.0, math.sqrt(2.0 / module.in_features))
            if module.bias is not None:
                module.bias.zero_()


def init_by_data(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = torch.randn_like(module.weight.data) * (2 / module.weight.shape[1]) ** 0.5
            if module.bias is not None:
                module.bias.data = torch.zeros_like(module.bias.data)


def init_recursively(module):
    if isinstance(module, nn.Linear):
        with torch.no_grad():
            module.weight.copy_(torch.empty_like(module.weight).normal_().mul_((2 / module.in_features) ** 0.5))
            if module.bias is not None:
                module.bias.copy_(torch.zeros(module.out_features))
    for child in module.children():
        init_recursively(child)


# --- freeze_


def freeze_by_startswith(model, prefixes):
    for name, parameter in model.named_parameters():
        if name.startswith(tuple(prefixes)):
            parameter.requires_grad_(False)


def freeze_by_any(model, prefixes):
    for name, parameter in model.named_parameters():
        if any(name.startswith(prefix) for prefix in prefixes):
            parameter.requires_grad = False
            parameter.grad = None


def freeze_by_slices(model, prefixes):
    parameters = dict(model.named_parameters())
    for prefix in prefixes:
        for name in parameters:
            if name[: len(prefix)] == prefix:
                parameters[name].requires_grad_(requires_grad=False)
    return model


def freeze_by_assignment(model, prefixes):
    for name, p in model.named_parameters():
        p.requires_grad = p.requires_grad and not any(name.find(prefix) == 0 for prefix in prefixes)


# --- save_checkpoint, load_checkpoint


def save_dict(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def load_dict(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return checkpoint["epoch"]


def save_tuple(path, model, optimizer, epoch):
    with open(path, "wb") as file:
        torch.save((epoch, model.state_dict(), optimizer.state_dict()), file)
    return path


def load_tuple(path, model, optimizer):
    with open(path, "rb") as file:
        epoch, weights, state = torch.load(file)
    optimizer.load_state_dict(state)
    model.load_state_dict(weights)
    return epoch


def save_then_move(path, model, optimizer, epoch):
    state = {
        "epoch": torch.tensor(epoch),
        "model_state_dict": {name: t.cpu() for name, t in model.state_dict().items()},
        "optimizer_state_dict": optimizer.state_dict(),
    }
    torch.save(state, path + ".tmp")
    Path(path + ".tmp").replace(path)


def load_on_cpu(path, model, optimizer):
    state = torch.load(Path(path), map_location="cpu", weights_only=True)
    print(model.load_state_dict(state["model_state_dict"]))
    optimizer.load_state_dict(state["optimizer_state_dict"])
    return int(state["epoch"])


def save_with_extras(path, model, optimizer, epoch):
    extras = {"rng": torch.get_rng_state(), "kind": type(model).__name__}
    torch.save(dict(weights=copy.deepcopy(model.state_dict()), opt=optimizer.state_dict(), at=epoch, **extras), path)


def load_with_extras(path, model, optimizer):
    state = torch.load(path, map_location=next(model.parameters()).device)
    with torch.no_grad():
        for name, t in model.state_dict().items():
            t.copy_(state["weights"][name])
    optimizer.load_state_dict(state["opt"])
    torch.set_rng_state(state["rng"])
    return state["at"]


# --- sample_log_uniform


def sample_by_log10(low, high, n, generator):
    exponents = torch.rand(n, generator=generator) * (math.log10(high) - math.log10(low)) + math.log10(low)
    return 10**exponents


def sample_by_exp(low, high, n, generator):
    return torch.empty(n).uniform_(math.log(low), math.log(high), generator=generator).exp()


def sample_by_ratio(low, high, n, generator):
    return low * (high / low) ** torch.rand(n, generator=generator)


def sample_downwards(low, high, n, generator):
    return high * (low / high) ** torch.rand((n,), generator=generator)


def sample_one_by_one(low, high, n, generator):
    a, b = math.log2(low), math.log2(high)
    return torch.tensor([2 ** (a + (b - a) * torch.rand((), generator=generator).item()) for _ in range(n)])


def sample_with_tensors(low, high, n, generator):
    ends = torch.tensor([low, high]).log()
    share = torch.rand(n, 1, generator=generator)
    return torch.lerp(ends[0], ends[1], share).exp().squeeze(1)


# --- can_overfit


def overfit_by_last_loss(model, criterion, optimizer, x, y, steps, threshold):
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item() < threshold


def overfit_measured_afterwards(model, criterion, optimizer, x, y, steps, threshold):
    model.train()
    for _ in range(steps):
        loss = criterion(model(x), y)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return bool(criterion(model(x), y) < threshold)


def overfit_cleared_last(model, criterion, optimizer, x, y, steps, threshold):
    losses = []
    for step in range(steps):
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss))
        if step % 10 == 0:
            print(step, losses[-1])
    return losses[-1] < threshold


def overfit_in_eval_at_the_end(model, criterion, optimizer, x, y, steps, threshold):
    was = model.training
    model.train()
    while steps > 0:
        model.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
        steps -= 1
    model.eval()
    with torch.inference_mode():
        final = criterion(model(x), y).item()
    model.train(was)
    return True if final < threshold else False  # noqa: SIM210 - learners write it so


# --- wrong, beyond the known mistakes


def loaders_not_in_batches(X, y, batch_size, val_fraction, generator):
    order = torch.randperm(len(X), generator=generator)
    n_val = int(val_fraction * len(X))
    return TensorDataset(X[order[n_val:]], y[order[n_val:]]), TensorDataset(X[order[:n_val]], y[order[:n_val]])


def loaders_gone_after_one_epoch(X, y, batch_size, val_fraction, generator):
    train, val = loaders_by_permutation(X, y, batch_size, val_fraction, generator)
    return iter(train), iter(val)


def loaders_with_float_labels(X, y, batch_size, val_fraction, generator):
    return loaders_by_permutation(X, y.float(), batch_size, val_fraction, generator)


def only_one_loader(X, y, batch_size, val_fraction, generator):
    return DataLoader(TensorDataset(X, y), batch_size, shuffle=True, generator=generator)


def loaders_shuffled_in_blocks(X, y, batch_size, val_fraction, generator):
    train, val = loaders_by_permutation(X, y, batch_size, val_fraction, generator)
    *batches, last = DataLoader(train.dataset, batch_size)

    class Blocks:
        def __iter__(self):
            return iter([*(batches[i] for i in torch.randperm(len(batches))), last])

    return Blocks(), val


def epoch_without_return(model, loader, criterion, optimizer, device):
    epoch_by_samples(model, loader, criterion, optimizer, device)


def epoch_on_first_batch(model, loader, criterion, optimizer, device):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
        return loss.item()
    return None


def epoch_of_two(model, loader, criterion, optimizer, device):
    epoch_by_samples(model, loader, criterion, optimizer, device)
    return epoch_by_samples(model, loader, criterion, optimizer, device)


def epoch_with_clipping(model, loader, criterion, optimizer, device):
    model.train()
    total = 0.0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


def evaluate_in_place_of_the_flag(model, loader, criterion, device):
    with torch.no_grad():
        result = evaluate_with_no_grad(model, loader, criterion, device)
    model.training = False
    return result


def evaluate_forgetting_gradients(model, loader, criterion, device):
    model.zero_grad()
    return evaluate_with_no_grad(model, loader, criterion, device)


def evaluate_leaving_grad_off(model, loader, criterion, device):
    torch.set_grad_enabled(False)
    return evaluate_with_no_grad(model, loader, criterion, device)


def epochs_run_always_all(val_losses, patience):
    return max(len(val_losses), patience)


def epochs_run_as_float(val_losses, patience):
    return float(epochs_run_by_counting(val_losses, patience))


def fit_without_history(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    fit_with_deepcopy(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device)
    return model


def fit_with_other_keys(*args):
    history = fit_with_deepcopy(*args)
    return {"train": history["train_loss"], "val": history["val_loss"], "accuracy": history["val_accuracy"]}


def fit_with_an_epoch_too_many(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    return fit_with_deepcopy(model, train_loader, val_loader, criterion, optimizer, max_epochs + 1, patience, device)


def fit_ignoring_max_epochs(model, train_loader, val_loader, criterion, optimizer, max_epochs, patience, device):
    return fit_with_deepcopy(model, train_loader, val_loader, criterion, optimizer, 100, patience, device)


def fit_cutting_the_history(*args):
    history = fit_with_deepcopy(*args)
    best = history["val_loss"].index(min(history["val_loss"])) + 1
    return {key: values[:best] for key, values in history.items()}


def init_with_one_row(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            row = torch.randn(module.in_features) * (2 / module.in_features) ** 0.5
            module.weight.data = row.expand_as(module.weight).clone()
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def init_and_freeze(model):
    init_by_nn_init(model)
    model.requires_grad_(False)


def init_crashing_without_bias(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)


def init_of_gain_for_tanh(model):
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="tanh")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def freeze_setting_module_attributes(model, prefixes):
    for name, module in model.named_modules():
        if name.startswith(tuple(prefixes)):
            module.requires_grad = False


def freeze_by_zeroing(model, prefixes):
    for name, p in model.named_parameters():
        if name.startswith(tuple(prefixes)):
            p.data.zero_()
            p.requires_grad_(False)


def freeze_without_tuple(model, prefixes):
    for name, p in model.named_parameters():
        if name.startswith(prefixes):
            p.requires_grad_(False)


def save_nowhere(path, model, optimizer, epoch):
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}


def save_and_step(path, model, optimizer, epoch):
    save_dict(path, model, optimizer, epoch)
    optimizer.step()


def load_settings_too_few(path, model, optimizer):
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    optimizer.state.update(checkpoint["optimizer"]["state"])
    return checkpoint["epoch"]


def sample_from_sorted_decades(low, high, n, generator):
    decade = torch.randint(round(math.log10(low)), round(math.log10(high)), (n,), generator=generator)
    return 10.0**decade * (1 + 9 * torch.rand(n, generator=generator))


def sample_as_list(low, high, n, generator):
    return sample_by_ratio(low, high, n, generator).tolist()


def sample_normal(low, high, n, generator):
    middle, spread = math.log(low * high) / 2, math.log(high / low) / 4
    return (middle + spread * torch.randn(n, generator=generator)).clamp(math.log(low), math.log(high)).exp()


def overfit_always(model, criterion, optimizer, x, y, steps, threshold):
    overfit_by_last_loss(model, criterion, optimizer, x, y, steps, threshold)
    return True


def overfit_a_copy(model, criterion, optimizer, x, y, steps, threshold):
    model = copy.deepcopy(model)
    return overfit_by_last_loss(model, criterion, optimizer, x, y, steps, threshold)


def overfit_with_an_optimizer_of_its_own(model, criterion, optimizer, x, y, steps, threshold):
    return overfit_by_last_loss(model, criterion, torch.optim.Adam(model.parameters()), x, y, steps, threshold)


# --- design_classifier


class NearestNeighbours(nn.Module):
    """Answers as the ``k`` images of ``x`` do that are most alike, by the pixels numbered in ``pixels``."""

    def __init__(self, x, y, k=1, pixels=slice(None)):
        super().__init__()
        self.register_buffer("x", x.flatten(1))
        self.register_buffer("y", y.clone())
        self.k, self.pixels = k, pixels

    def forward(self, images):
        far = torch.cdist(images.flatten(1)[:, self.pixels], self.x[:, self.pixels])  # (n, rows)
        nearest = far.topk(self.k, largest=False).indices  # (n, k)
        return F.one_hot(self.y[nearest], 10).sum(dim=1).float()


def design_nearest(train_images, train_labels, generator):
    return NearestNeighbours(train_images, train_labels)


def design_nearest_three(train_images, train_labels, generator):
    return NearestNeighbours(train_images, train_labels, k=3).train()


def design_convolution(train_images, train_labels, generator):
    layers = [nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(nn.Unflatten(1, (1, 8)), *layers, nn.Dropout(0.3), nn.Linear(256, 10), nn.LogSoftmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(10):
        for rows in torch.randperm(len(train_labels), generator=generator).split(50):
            optimizer.zero_grad()
            F.nll_loss(model(train_images[rows]), train_labels[rows]).backward()
            optimizer.step()
    return model.eval()


def design_by_heart(train_images, train_labels, generator):
    return NearestNeighbours(train_images, train_labels, pixels=slice(20, 40))


def design_for_rows(train_images, train_labels, generator):
    return nn.Linear(64, 10)


def design_in_place(train_images, train_labels, generator):
    train_images.mul_(2).sub_(1)
    return design_nearest(train_images, train_labels, generator)


def design_with_a_seed(train_images, train_labels, generator):
    torch.manual_seed(generator.initial_seed())
    return design_nearest(train_images, train_labels, generator)


def design_of_nan(train_images, train_labels, generator):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    nn.init.constant_(model[1].weight, math.nan)
    return model


RIGHT = {
    "make_loaders": (
        *(loaders_by_permutation, loaders_by_random_split, loaders_by_lengths),
        *(loaders_by_sampler, loaders_of_ones_own),
    ),
    "train_epoch": (
        *(epoch_by_samples, epoch_with_weighted_mean, epoch_with_running_mean),
        epoch_cleared_first_and_last,
    ),
    "evaluate": (
        *(evaluate_with_no_grad, evaluate_by_decorator, evaluate_all_at_once),
        evaluate_with_grad_switched_off,
    ),
    "epochs_run": (
        *(epochs_run_by_counting, epochs_run_by_best_epoch, epochs_run_by_slices),
        *(epochs_run_by_while, epochs_run_by_tensor),
    ),
    "fit": (fit_with_deepcopy, fit_with_clones, fit_in_one_piece, fit_keeping_tensors),
    "init_weights_": (init_by_nn_init, init_by_apply, init_by_hand, init_by_data, init_recursively),
    "freeze_": (freeze_by_startswith, freeze_by_any, freeze_by_slices, freeze_by_assignment),
    "save_checkpoint": (
        (save_dict, load_dict),
        (save_tuple, load_tuple),
        (save_then_move, load_on_cpu),
        (save_with_extras, load_with_extras),
    ),
    "sample_log_uniform": (
        *(sample_by_log10, sample_by_exp, sample_by_ratio),
        *(sample_downwards, sample_one_by_one, sample_with_tensors),
    ),
    "can_overfit": (
        *(overfit_by_last_loss, overfit_measured_afterwards),
        *(overfit_cleared_last, overfit_in_eval_at_the_end),
    ),
    "design_classifier": [design_nearest, design_nearest_three, design_convolution],
}

# (exercise, answer, words that its message must hold)
WRONG = (
    ("make_loaders", loaders_not_in_batches, "breaks the rule that "),
    ("make_loaders", loaders_gone_after_one_epoch, "both loaders can be gone through again"),
    ("make_loaders", loaders_with_float_labels, "rows keep their shape, and X and y their dtype"),
    ("make_loaders", only_one_loader, "returned a value of type DataLoader; expected a tuple of 2"),
    ("make_loaders", loaders_shuffled_in_blocks, "any two training rows can share a batch"),
    ("train_epoch", epoch_without_return, "Is a `return` missing?"),
    ("train_epoch", epoch_on_first_batch, "in epoch 1, the first that differs, returned"),
    ("train_epoch", epoch_of_two, "in epoch 1, the first that differs, returned"),
    ("train_epoch", epoch_with_clipping, "in epoch 1, the first that differs"),
    ("evaluate", evaluate_in_place_of_the_flag, "the model is back in the mode in which it came"),
    ("evaluate", evaluate_forgetting_gradients, "leaves weights, gradients and running statistics as they were"),
    ("evaluate", evaluate_leaving_grad_off, "left torch's global grad mode at False"),
    ("epochs_run", epochs_run_always_all, "returned 7; expected 6"),
    ("epochs_run", epochs_run_as_float, "returned a float"),
    ("fit", fit_keeping_parameters, "BatchNorm's stored statistics are still the last ones"),
    ("fit", fit_without_history, "expected a dict of 3"),
    ("fit", fit_with_other_keys, "['train_loss', 'val_accuracy', 'val_loss']"),
    ("fit", fit_with_an_epoch_too_many, "expected 9"),
    ("fit", fit_ignoring_max_epochs, "expected 9"),
    ("fit", fit_cutting_the_history, "values"),
    ("init_weights_", init_with_one_row, "draws hidden.weight with a standard deviation of"),
    ("init_weights_", init_and_freeze, "parameters that learn still learn"),
    ("init_weights_", init_crashing_without_bias, "raised"),
    ("init_weights_", init_of_gain_for_tanh, "draws hidden.weight with a standard deviation of"),
    ("freeze_", freeze_setting_module_attributes, "leaves body.0.weight learning; expected it to be frozen"),
    ("freeze_", freeze_by_zeroing, "gives weights.body.0.weight as"),
    ("freeze_", freeze_without_tuple, "raised TypeError"),
    ("save_checkpoint", (save_nowhere, load_dict), "writes one file, at path"),
    ("save_checkpoint", (save_and_step, load_dict), "saving leaves model and optimizer as they were"),
    ("save_checkpoint", (save_dict, load_settings_too_few), "optimizer after loading"),
    ("sample_log_uniform", sample_from_sorted_decades, "lie below 10 to the power"),
    ("sample_log_uniform", sample_as_list, "returned a list of 5; expected a tensor of shape (5,)"),
    ("sample_log_uniform", sample_normal, "lie below 10 to the power"),
    ("can_overfit", overfit_always, "returned True for result.threshold=0.02; expected False"),
    ("can_overfit", overfit_a_copy, "gives weights.threshold=0.02.weight as"),
    ("can_overfit", overfit_with_an_optimizer_of_its_own, "gives weights.threshold=0.02.weight as"),
    ("design_classifier", design_by_heart, "and 1.000 of those that it was given. 0.95 earns the first 2 points."),
    ("design_classifier", design_for_rows, "raised RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
    ("design_classifier", design_in_place, "left its argument train_images with"),
    ("design_classifier", design_with_a_seed, "seeds torch's global generator"),
    ("design_classifier", design_of_nan, "breaks the rule that its outputs are finite numbers"),
)
