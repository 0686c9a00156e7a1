"""Exercise ``fit_line``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.gradient_descent.common import (
    FIRST,
    OPTIMIZERS,
    _generator,
    _line,
    _mse,
    _no_grad_each,
    _none,
    _on,
    _set_none,
    _sgd,
    _train_step,
)
from autograder.exercises.numerals import number


def _fit_cases(draw: Draw) -> Iterator[dict]:
    yield {"X": torch.tensor([[1.0], [2.0]]), "y": torch.tensor([[3.0], [5.0]]), "lr": 0.1, "epochs": 3}
    n, d, e = draw.sizes(3)
    # a loss that stands still, and one that grows: an epoch counts all the same
    X, y = torch.tensor([[-1.0], [1.0]]), torch.tensor([[1.0], [4.0]])
    yield {"X": X, "y": y, "lr": 0.4, "epochs": 12}
    yield {"X": X, "y": y, "lr": 1.1, "epochs": 5}
    for rows, features, epochs in [(n + 8, d, 7), (20, 2, 12), (n, 1, 1), (e, e, 4), (1, d, 6), (12, 3, 2)]:
        yield _line(draw, rows, features) | {"lr": draw.uniform(0.01, 0.06), "epochs": epochs}


def _fit(
    step: Callable | None = None,
    start: Callable = lambda d: (torch.zeros(d, 1), torch.zeros(1)),
    each_epoch: Callable = lambda W, b: None,
    runs: Callable = lambda epochs: epochs,
    result: Callable = lambda W, b, losses, final: (W, b, losses),
) -> Callable:
    """A training loop with one or more of its parts changed.

    Args:
        step: trains once; default: `_train_step` as it should be.
        start: d -> (W, b), values of the first parameters.
        each_epoch: called with (W, b) before each epoch.
        runs: epochs -> how many steps are taken.
        result: what is returned, from (W, b, losses, loss after the last update).
    """

    def answer(X: torch.Tensor, y: torch.Tensor, lr: float, epochs: int) -> Any:
        W, b = (p.requires_grad_() for p in start(X.shape[1]))
        losses = []
        for _ in range(runs(epochs)):
            with torch.no_grad():
                each_epoch(W, b)
            losses.append((step or _train_step())(W, b, X, y, lr))
        return result(W, b, losses, _mse(W, b, X, y).item())

    return answer


def _first_loss_that_differs(args: Mapping[str, Any], got: Any, expected: Any) -> str | None:
    """The first epoch in which the runs part, where ``losses`` is a list of numbers as long as it should be."""
    losses, right = got[2], expected[2]
    if not isinstance(losses, (list, tuple)) or len(losses) != len(right):
        count = len(losses) if isinstance(losses, (list, tuple)) else "no"
        return f"returned {count} losses for epochs={args['epochs']}; expected {len(right)}"
    for epoch, (came, want) in enumerate(zip(losses, right, strict=True)):
        if not isinstance(came, float):
            return None
        if abs(came - want) > 1e-5 + 1e-4 * abs(want):
            when = "before the first update" if epoch == 0 else f"after {epoch} update{'s' if epoch > 1 else ''}"
            return f"returned losses[{epoch}] = {number(came)}; expected {number(want)}, the loss {when}"
    return None


FIT_LINE = Exercise(
    name="fit_line",
    lesson="06_gradient_descent",
    left_out={
        "large": "training on it diverges",
        "tiny": "the data are a line with noise",
        "zero": "the data are a line with noise",
    },
    reference=_fit(),
    cases=_fit_cases,
    contracts=(),
    fact=_first_loss_that_differs,
    forbidden=OPTIMIZERS,
    instead="a loop over the five steps, with raw tensors",
    mistakes=(
        Mistake(
            "fresh parameters each epoch",
            "W or b begins again at zero in every epoch: only its last step counts. Which line belongs before it?",
            (
                _fit(each_epoch=lambda W, b: (W.zero_(), b.zero_())),
                _fit(each_epoch=lambda W, b: W.zero_()),
                _fit(each_epoch=lambda W, b: b.zero_()),
            ),
        ),
        Mistake(
            "wrong length of losses",
            "There is one loss for each epoch, measured before its update: neither the loss after the last update, nor "
            "every few epochs. How often does your code append?",
            (
                _fit(result=lambda W, b, losses, final: (W, b, [*losses, final])),
                _fit(result=lambda W, b, losses, final: (W, b, losses[-1:])),
                _fit(result=lambda W, b, losses, final: (W, b, losses[:-1])),
                _fit(result=lambda W, b, losses, final: (W, b, losses[1:])),
                _fit(result=lambda W, b, losses, final: (W, b, [])),
                _fit(result=lambda W, b, losses, final: (W, b, [loss for loss in losses for _ in range(2)])),
                *(_fit(result=lambda W, b, losses, final, k=k: (W, b, losses[::k])) for k in (2, 5, 10, 100)),
                *(_fit(result=lambda W, b, losses, final, k=k: (W, b, losses[k - 1 :: k])) for k in (2, 5, 10, 100)),
            ),
        ),
        Mistake(
            "returns inside the loop",
            "Only one epoch was run. Does the `return` stand inside the loop?",
            _fit(runs=lambda epochs: 1),
        ),
        Mistake(
            "one epoch too many or too few",
            "You update more or fewer than `epochs` times. What does your range run over?",
            (
                _fit(runs=lambda epochs: epochs + 1),
                _fit(runs=lambda epochs: epochs - 1),
                _fit(runs=lambda epochs: epochs + 1, result=lambda W, b, losses, final: (W, b, losses[:-1])),
                _fit(runs=lambda epochs: epochs - 1, result=lambda W, b, losses, final: (W, b, [*losses, final])),
            ),
        ),
        Mistake(
            "loss after the update",
            "Your first loss is that of the weights after one step. Each loss is measured before its update.",
            _fit(result=lambda W, b, losses, final: (W, b, [*losses[1:], final])),
        ),
        Mistake(
            "no zeroing",
            "Each backward() adds to the gradients that are there already. Which of the five steps clears them?",
            _fit(step=_train_step(after=_none)),
        ),
        Mistake(
            "zero before the update",
            "The parameters never move: the gradients are cleared before the update can use them.",
            _fit(step=_train_step(update=_none)),
        ),
        Mistake(
            "losses are tensors",
            "losses holds tensors, each with its graph. How do you get a plain float out of a 0-d tensor?",
            (
                _fit(step=_train_step(result=lambda loss, again: loss)),
                _fit(
                    step=_train_step(result=lambda loss, again: loss),
                    result=lambda W, b, losses, final: (W, b, torch.stack(losses)),
                ),
                _fit(result=lambda W, b, losses, final: (W, b, torch.tensor(losses))),
            ),
        ),
        Mistake(
            "one loss instead of a list",
            "You return one number. The curve of a training run needs the loss of every epoch, in a list.",
            (
                _fit(result=lambda W, b, losses, final: (W, b, sum(losses) / max(len(losses), 1))),
                _fit(result=lambda W, b, losses, final: (W, b, losses[-1])),
                _fit(result=lambda W, b, losses, final: (W, b, final)),
            ),
        ),
        Mistake(
            "random start",
            "Your run does not start from zeros. With which values do W and b begin?",
            (
                _fit(start=lambda d: (torch.randn(d, 1), torch.zeros(1))),
                _fit(start=lambda d: (torch.randn(d, 1), torch.randn(1))),
                _fit(start=lambda d: (torch.rand(d, 1), torch.zeros(1))),
                _fit(start=lambda d: (torch.rand(d, 1), torch.rand(1))),
                _fit(start=lambda d: (torch.randn(d, 1) * 0.01, torch.zeros(1))),
                *(
                    _fit(start=lambda d, seed=seed: (torch.randn(d, 1, generator=_generator(seed)), torch.zeros(1)))
                    for seed in (0, 1, 42)
                ),
                _fit(start=lambda d: (torch.ones(d, 1), torch.zeros(1))),
                _fit(start=lambda d: (torch.ones(d, 1), torch.ones(1))),
            ),
        ),
        Mistake(
            "b never moves",
            "The bias is still 0. Is it updated too?",
            _fit(step=_train_step(update=_on(FIRST, _no_grad_each(_sgd)))),
        ),
        Mistake(
            "clears one gradient only",
            "One of the two gradients grows from epoch to epoch. Are both W's and b's cleared?",
            (
                _fit(step=_train_step(after=lambda params: _set_none(params[0]))),
                _fit(step=_train_step(after=lambda params: _set_none(params[1]))),
            ),
        ),
        Mistake(
            "b has no dim",
            "The bias is a 0-d tensor. It should have shape (1,): one number for the one output.",
            _fit(result=lambda W, b, losses, final: (W, b[0], losses)),
        ),
        Mistake(
            "W has one dim",
            "X @ W with W of shape (d,) gives (n,), and (n,) minus (n, 1) is (n, n). Which shape should W have?",
            (
                _fit(start=lambda d: (torch.zeros(d), torch.zeros(1))),
                _fit(result=lambda W, b, losses, final: (W[:, 0], b, losses)),
            ),
        ),
        Mistake(
            "order",
            "The weight comes first, then the bias, then the losses.",
            (
                _fit(result=lambda W, b, losses, final: (b, W, losses)),
                _fit(result=lambda W, b, losses, final: (losses, W, b)),
            ),
        ),
        Mistake(
            "plus sign",
            "The loss grows from epoch to epoch: you walk uphill. Which sign goes down?",
            _fit(step=_train_step(update=_no_grad_each(lambda p, lr: p.add_(lr * p.grad)))),
        ),
        Mistake(
            "sum",
            "Your losses are sums of squared errors. A loss that does not grow with the number of rows is their mean.",
            _fit(step=_train_step(measure=lambda W, b, X, y: ((X @ W + b - y) ** 2).sum())),
        ),
        Mistake(
            "half the mean",
            "Your losses are half the mean squared errors. Which factor is one too many?",
            _fit(step=_train_step(measure=lambda W, b, X, y: _mse(W, b, X, y) / 2)),
        ),
        Mistake(
            "one row at a time",
            "You update once for each row. An epoch of this exercise is one update, from the mean over all rows.",
            _fit(
                step=lambda W, b, X, y, lr: (
                    sum(_train_step()(W, b, X[i : i + 1], y[i : i + 1], lr) for i in range(len(X))) / len(X)
                )
            ),
        ),
        Mistake(
            "forgets lr",
            "You take the whole gradient as the step. Where does lr come in?",
            _fit(step=_train_step(update=_no_grad_each(lambda p, lr: p.sub_(p.grad)))),
        ),
    ),
)
