"""The loss that does not fall: shapes, updates, gradients, batches, a softmax too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import AS_IT_CAME, Draw, Exercise, Mistake
from autograder.exercises.gradient_descent.minibatches import MINIBATCHES
from autograder.exercises.measures.batches import measure_batches
from course_utils.probes.clinic import run_program
from course_utils.probes.gradient_descent import run_batches

LESSON = "clinic"
TRAINS = "training on it diverges, or takes no step that shows"
NO_RANGES = dict.fromkeys(("large", "tiny", "zero"), TRAINS)

# --- fit_rents and fit_by_hand


def _rents_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[1.0], [-1.0], [2.0]]), "y": torch.tensor([1.0, -2.0, 3.0]), "lr": 0.125, "steps": 2}
    n, d = draw.sizes(2, 3, 8)
    for rows, features, steps in ((n, d, 6), (40, 1, 4), (d, d, 9), (1, d, 3)):
        x = draw.normal(rows, features)
        yield {"x": x, "y": draw.normal(rows, mean=0.5), "lr": draw.uniform(0.02, 0.08), "steps": steps}


def _by_hand_cases(draw: Draw) -> Iterator[dict]:
    for case in _rents_cases(draw):
        yield case | {"y": case["y"][:, None]}


def _line(loss_of: Callable, update: str = "in place", lr_times: float = 1.0, loss_after: bool = False) -> Callable:
    """A line fitted by gradient descent, with one of its parts changed."""

    def fit(x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> tuple:
        W, b = torch.zeros(x.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
        losses = []
        for _ in range(steps):
            loss = loss_of(x @ W + b, y)
            grads = torch.autograd.grad(loss, (W, b))
            with torch.no_grad():
                for p, grad in zip((W, b)[: 1 if update == "first only" else 2], grads, strict=False):
                    if update != "none":
                        p -= (-1 if update == "uphill" else 1) * lr * lr_times * grad
            losses.append(loss_of(x @ W + b, y).item() if loss_after else loss.item())
        return W.detach(), b.detach(), losses

    return fit


def _broadcast(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((y_hat - y) ** 2).mean()


def _aligned(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((y_hat - y.reshape(-1, 1)) ** 2).mean()


FIT_RENTS = Exercise(
    name="fit_rents",
    lesson=LESSON,
    reference=_line(_aligned),
    cases=_rents_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The loss stays at the variance of the rents, and every flat gets the mean rent. What is compared with "
            "what?",
            _line(_broadcast),
        ),
        Mistake(
            "another learning rate",
            "The line still predicts one rent for all flats, at another speed. The learning rate was right; put it "
            "back.",
            (_line(_broadcast, lr_times=0.1), _line(_broadcast, lr_times=10), _line(_broadcast, lr_times=0.01)),
        ),
        Mistake(
            "a sum over pairs",
            "Every flat is still compared with every rent; a sum in the place of the mean only makes that larger.",
            (
                _line(lambda y_hat, y: ((y_hat - y) ** 2).sum()),
                _line(lambda y_hat, y: ((y_hat - y) ** 2).sum() / len(y)),
                _line(lambda y_hat, y: ((y_hat - y) ** 2).mean(dim=0).sum()),
            ),
        ),
        Mistake(
            "a sum, not the mean",
            "Now each flat meets its own rent. The loss was a mean over the flats, though, and yours grows with them.",
            _line(lambda y_hat, y: ((y_hat[:, 0] - y) ** 2).sum()),
        ),
        Mistake(
            "means compared",
            "Your loss compares two means, and a line can reach that without knowing any flat. Compare flat by flat.",
            (
                _line(lambda y_hat, y: (y_hat.mean() - y.mean()) ** 2),
                _line(lambda y_hat, y: (y_hat - y).mean() ** 2),
            ),
        ),
        Mistake(
            "absolute errors",
            "Each flat meets its own rent, and the errors are no longer squared. The loss is the mean squared error.",
            _line(lambda y_hat, y: (y_hat[:, 0] - y).abs().mean()),
        ),
    ),
)

FIT_BY_HAND = Exercise(
    name="fit_by_hand",
    lesson=LESSON,
    reference=_line(F.mse_loss),
    cases=_by_hand_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The loss is the same at every step, to the last digit: no weight has moved. What does the update change?",
            _line(F.mse_loss, "none"),
        ),
        Mistake(
            "uphill",
            "The weights move now, and the loss grows. In which direction does a gradient point?",
            _line(F.mse_loss, "uphill"),
        ),
        Mistake(
            "the first only",
            "W moves, b stays where it was. Both are parameters.",
            _line(F.mse_loss, "first only"),
        ),
        Mistake(
            "another learning rate",
            "The weights move, and the step is another than lr says.",
            tuple(_line(F.mse_loss, lr_times=times) for times in (0.1, 10.0, 2.0, 0.5)),
        ),
        Mistake(
            "loss after the update",
            "These are the losses of the new weights; each was to be taken before its update.",
            _line(F.mse_loss, loss_after=True),
        ),
    ),
)

# --- train_on_batches, fit_waves and train_shop

SMALL = ["Sequential", ["Linear", 2, 5], ["Tanh"], ["Linear", 5, 3]]


def _batches_cases(draw: Draw) -> Iterator[dict]:
    tiny = [(torch.tensor([[1.0, 2.0]]), torch.tensor([0])), (torch.tensor([[-1.0, 1.0]]), torch.tensor([2]))]
    yield {"model": ["Linear", 2, 3], "batches": tiny, "lr": 0.125, "epochs": 2}
    n, m = draw.sizes(2, 3, 8)
    for model, sizes, epochs in ((SMALL, (n, n, m), 3), (["Linear", 2, 3], (20, 1), 4), (SMALL, (m,), 5)):
        batches = [(draw.normal(rows, 2), draw.integers(3, rows)) for rows in sizes]
        yield {"model": model, "batches": batches, "lr": draw.uniform(0.1, 0.4), "epochs": epochs}


def _waves_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "model": ["Linear", 1, 1],
        "x": torch.tensor([[1.0], [-2.0]]),
        "y": torch.tensor([[2.0], [-1.0]]),
        "lr": 0.125,
        "steps": 3,
    }
    n, d = draw.sizes(2, 3, 8)
    mlp = ["Sequential", ["Linear", d, 6], ["Tanh"], ["Linear", 6, 1]]
    for model, rows, steps in ((mlp, n, 6), (["Linear", d, 1], 20, 5), (mlp, 1, 4)):
        x = draw.normal(rows, d)
        yield {"model": model, "x": x, "y": draw.normal(rows, 1), "lr": draw.uniform(0.02, 0.05), "steps": steps}


def _shop_cases(draw: Draw) -> Iterator[dict]:
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    yield {"model": ["Linear", 2, 3], "x": x, "y": torch.tensor([0, 2]), "lr": 0.5, "steps": 2}
    n, d = draw.sizes(2, 4, 9)
    for classes, rows, steps in ((3, n, 6), (2, 20, 5), (d, d, 4), (4, 1, 3)):
        model = ["Sequential", ["Linear", d, 6], ["ReLU"], ["Linear", 6, classes]]
        case = {"model": model, "x": draw.normal(rows, d, std=2.0), "y": draw.integers(classes, rows)}
        yield case | {"lr": draw.uniform(0.05, 0.3), "steps": steps}


def _nothing(*_: Any) -> None:
    """A step left out."""


def _clear(optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()


def _kept_in_part(optimizer: torch.optim.Optimizer) -> None:
    for p in optimizer.param_groups[0]["params"]:
        p.grad = None if p.grad is None else 0.5 * p.grad


def _clip(optimizer: torch.optim.Optimizer) -> None:
    nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)


def _loop(
    loss_of: Callable,
    before: Callable = _clear,
    between: Callable = _nothing,
    lr_times: float = 1.0,
    kind: type = torch.optim.SGD,
    clear_each: bool = True,
) -> Callable:
    """A loop over batches for some epochs, with one of its parts changed; the losses of each epoch's batches."""

    def train(model: nn.Module, batches: list, lr: float, epochs: int) -> list:
        optimizer = kind(model.parameters(), lr=lr * lr_times)
        history: list[list[float]] = []
        for _ in range(epochs):
            if not clear_each:
                optimizer.zero_grad()
            history.append([])
            for x, y in batches:
                before(optimizer)
                loss = loss_of(model(x), y)
                loss.backward()
                between(optimizer)
                optimizer.step()
                history[-1].append(loss.item())
        return history

    return train


def _epochs(**changed: Any) -> Callable:
    train = _loop(F.cross_entropy, **changed)

    def train_on_batches(model: nn.Module, batches: list, lr: float, epochs: int) -> list:
        return [sum(losses) / len(losses) for losses in train(model, batches, lr, epochs)]

    return train_on_batches


def _steps(loss_of: Callable, **changed: Any) -> Callable:
    train = _loop(loss_of, **changed)

    def train_on_all(model: nn.Module, x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> list:
        return [losses[0] for losses in train(model, [(x, y)], lr, steps)]

    return train_on_all


ANOTHER_OPTIMIZER = (
    "The program trains with SGD and the learning rate that it is given. Put them back: they were right."
)

TRAIN_ON_BATCHES = Exercise(
    name="train_on_batches",
    lesson=LESSON,
    reference=_epochs(),
    cases=_batches_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The loss is the same in every epoch, whatever the learning rate. What does the optimizer find when it "
            "takes its step?",
            (_epochs(before=_nothing, between=_clear), _epochs(between=_clear)),
        ),
        Mistake(
            "never cleared",
            "The loss moves now, and each step uses the gradients of all steps before it as well. When do they go?",
            _epochs(before=_nothing),
        ),
        Mistake(
            "cleared once an epoch",
            "The gradients of an epoch's batches add up, because they are cleared once an epoch. How often is a step "
            "taken?",
            _epochs(before=_nothing, clear_each=False),
        ),
        Mistake(
            "another optimizer",
            ANOTHER_OPTIMIZER,
            (
                *(_epochs(kind=kind) for kind in (torch.optim.Adam, torch.optim.AdamW)),
                *(_epochs(lr_times=times) for times in (0.1, 10.0)),
            ),
        ),
    ),
)

FIT_WAVES = Exercise(
    name="fit_waves",
    lesson=LESSON,
    reference=_steps(F.mse_loss),
    cases=_waves_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The loss swings: the weights run through the best place as if they had a speed. What is carried over from "
            "step to step?",
            _steps(F.mse_loss, before=_nothing),
        ),
        Mistake(
            "a smaller learning rate",
            "With a smaller step it swings more slowly, and swings. What gives it the speed?",
            tuple(_steps(F.mse_loss, before=_nothing, lr_times=times) for times in (0.1, 0.5, 0.01)),
        ),
        Mistake(
            "cleared before the step",
            "Now nothing moves at all: the gradients are gone when the optimizer takes its step. Where should they go?",
            (_steps(F.mse_loss, before=_nothing, between=_clear), _steps(F.mse_loss, between=_clear)),
        ),
        Mistake(
            "clipped",
            "Clipping bounds the speed and does not take it away: the gradients of old steps are still in there.",
            _steps(F.mse_loss, before=_nothing, between=_clip),
        ),
        Mistake(
            "damped",
            "Only a part of the old gradients goes. A step needs those of its own loss, and no others.",
            _steps(F.mse_loss, before=_kept_in_part),
        ),
        Mistake(
            "another optimizer",
            ANOTHER_OPTIMIZER,
            (
                *(_steps(F.mse_loss, before=_nothing, kind=kind) for kind in (torch.optim.Adam, torch.optim.AdamW)),
                *(_steps(F.mse_loss, kind=kind) for kind in (torch.optim.Adam, torch.optim.AdamW)),
                _steps(F.mse_loss, lr_times=0.1),
            ),
        ),
    ),
)


def _after(squash: Callable) -> Callable:
    return lambda scores, y: F.cross_entropy(squash(scores), y)


def _soft(scores: torch.Tensor) -> torch.Tensor:
    return scores.softmax(dim=1)


TRAIN_SHOP = Exercise(
    name="train_shop",
    lesson=LESSON,
    reference=_steps(F.cross_entropy),
    cases=_shop_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=dict.fromkeys(("large", "tiny"), TRAINS),
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "However sure the model is, the loss stays above a floor. Which loss does a model have that gives the "
            "right class a probability of 1?",
            _steps(_after(_soft)),
        ),
        Mistake(
            "another learning rate",
            "The floor is still there; you only reach it at another speed.",
            tuple(_steps(_after(_soft), lr_times=times) for times in (10.0, 0.1, 100.0)),
        ),
        Mistake(
            "the mean probability",
            "Without a logarithm this is no cross-entropy: it is bounded, and lets go of the rows that are most wrong.",
            (
                _steps(lambda scores, y: F.nll_loss(_soft(scores), y)),
                _steps(lambda scores, y: 1 - _soft(scores)[torch.arange(len(y)), y].mean()),
            ),
        ),
        Mistake(
            "a sigmoid instead",
            "A sigmoid squeezes the scores just as a softmax does. What does the cross-entropy take?",
            (_steps(_after(torch.sigmoid)), _steps(_after(torch.tanh))),
        ),
        Mistake(
            "softmax over another dim",
            "The softmax is still there, now over the rows. Is it needed at all?",
            _steps(_after(lambda scores: scores.softmax(dim=0))),
        ),
        Mistake(
            "sharper",
            "Probabilities that are multiplied have a lower floor, and a floor. What does the cross-entropy take?",
            tuple(_steps(_after(lambda scores, times=times: times * _soft(scores))) for times in (10.0, 100.0, 5.0)),
        ),
    ),
)

# --- epoch_of_batches


def _batches(orders: Callable) -> Callable:
    def epoch_of_batches(X: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator) -> Iterator:
        for_x, for_y = orders(len(X), generator)
        X, y = X[for_x], y[for_y]
        for start in range(0, len(X), batch_size):
            yield X[start : start + batch_size], y[start : start + batch_size]

    return epoch_of_batches


def _one_order(n: int, generator: torch.Generator) -> tuple:
    return (torch.randperm(n, generator=generator),) * 2


def _fixed(n: int, generator: torch.Generator) -> tuple:
    return (torch.randperm(n, generator=torch.Generator().manual_seed(0)),) * 2


EPOCH_OF_BATCHES = Exercise(
    name="epoch_of_batches",
    lesson=LESSON,
    reference=_batches(_one_order),
    cases=MINIBATCHES.cases,
    contracts=MINIBATCHES.contracts,
    probe=run_batches,
    measure=measure_batches,
    left_out=MINIBATCHES.left_out,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The model learns nothing from the training set itself, though each row is there once. Whose label does a "
            "row come with?",
            (
                _batches(lambda n, g: (torch.randperm(n, generator=g), torch.randperm(n, generator=g))),
                _batches(lambda n, g: (torch.randperm(n, generator=g), torch.arange(n))),
            ),
        ),
        Mistake(
            "no shuffling",
            "Each row has its own label again, and the order is the same in every epoch. The shuffling was not at "
            "fault; that it was done twice was.",
            _batches(lambda n, g: (torch.arange(n),) * 2),
        ),
        Mistake(
            "a seed of its own",
            "Each row has its own label again, and the order is the same in every epoch, whatever the generator. It "
            "is the generator that should decide.",
            (
                _batches(_fixed),
                _batches(lambda n, g: (torch.randperm(n, generator=g.manual_seed(0)),) * 2),
            ),
        ),
        Mistake(
            "labels alone",
            "The labels are shuffled, and the features stay where they were.",
            _batches(lambda n, g: (torch.arange(n), torch.randperm(n, generator=g))),
        ),
    ),
)
