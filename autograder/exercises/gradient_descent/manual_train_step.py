"""Exercise ``manual_train_step``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.gradient_descent.common import (
    _CRASHING_RESETS,
    FIRST,
    LAST,
    OPTIMIZERS,
    _line,
    _mse,
    _no_grad_each,
    _none,
    _on,
    _set_none,
    _sgd,
    _stop_requiring_grad,
    _tracked_each,
    _train_step,
)
from course_utils.probes.gradient_descent import run_steps


def _step_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "W": torch.tensor([[0.0]]),
        "b": torch.tensor([0.0]),
        "X": torch.tensor([[1.0], [2.0]]),
        "y": torch.tensor([[3.0], [5.0]]),
        "lr": 0.1,
        "calls": 2,
    }
    n, d, e = draw.sizes(3)
    for rows, features, calls in [(n + 5, d, 4), (e, e, 3), (1, d, 3), (n, 1, 5), (30, 3, 4)]:
        start = {"W": draw.normal(features, 1), "b": draw.normal(1)}
        yield start | _line(draw, rows, features) | {"lr": draw.uniform(0.01, 0.06), "calls": calls}


def _clears_first(clear: Callable) -> Callable:
    """A training step that begins with ``clear`` for both parameters."""

    def answer(W: torch.Tensor, b: torch.Tensor, X: torch.Tensor, y: torch.Tensor, lr: float) -> float:
        clear(W)
        clear(b)
        return _train_step()(W, b, X, y, lr)

    return answer


MANUAL_TRAIN_STEP = Exercise(
    name="manual_train_step",
    lesson="06_gradient_descent",
    left_out={"large": "a step on it diverges", "tiny": "the data are a line with noise"},
    reference=_train_step(),
    cases=_step_cases,
    probe=run_steps,
    contracts=(),
    forbidden=OPTIMIZERS,
    instead="the five steps, with raw tensors",
    mistakes=(
        Mistake(
            "no zeroing",
            "Each backward() adds to the gradients that are there already. Which of the five steps clears them?",
            _train_step(after=_none),
        ),
        Mistake(
            "zero before the update",
            "The update finds no gradient to step by. One is there from backward() until the reset: do all three run, "
            "and in which order?",
            (
                _train_step(before=lambda W, b: (W.grad.zero_(), b.grad.zero_())),
                *(
                    _train_step(before=lambda W, b: (_set_none(W), _set_none(b)), update=_no_grad_each(update))
                    for update in (
                        _sgd,
                        lambda p, lr: p.sub_(p.grad * lr),
                        lambda p, lr: p.sub_(p.grad, alpha=lr),
                        lambda p, lr: p.add_(p.grad, alpha=-lr),
                        lambda p, lr: p.add_(-lr * p.grad),
                    )
                ),
            ),
        ),
        Mistake(
            "loss after the update",
            "You return the loss of the new weights. Step 2 measures the loss before the update: keep that number.",
            _train_step(result=lambda loss, again: again().item()),
        ),
        Mistake(
            "returns a graph",
            "You return a tensor, and unless it is detached, its whole graph stays in memory with it. What gets a "
            "plain float out of a 0-d tensor?",
            (
                _train_step(result=lambda loss, again: loss.detach()),
                _train_step(result=lambda loss, again: loss),
                _train_step(result=lambda loss, again: loss, after=_none),
                _train_step(result=lambda loss, again: again()),
            ),
        ),
        Mistake(
            "rebinds instead of updating",
            "W and b do not move. Does your update write into the caller's tensors? W = W - ... makes a new one, which "
            "only your function knows.",
            _train_step(update=_none, after=_none),
        ),
        Mistake(
            "the update is tracked",
            "A leaf that requires grad may not change while autograd is recording. What switches the recording off for "
            "a few lines?",
            _train_step(update=_tracked_each(_sgd)),
        ),
        Mistake(
            "crashes on None",
            "Before the first backward() a gradient is None. So is that of a new tensor, as W = W - ... makes one. "
            "Which of the two does your code meet?",
            tuple(map(_clears_first, _CRASHING_RESETS)),
        ),
        Mistake(
            "clears one gradient only",
            "One of the two gradients still grows from call to call. Are both W and b cleared?",
            (
                _train_step(after=lambda params: _set_none(params[0])),
                _train_step(after=lambda params: _set_none(params[1])),
            ),
        ),
        Mistake(
            "updates one parameter only",
            "One of the two parameters never moves. Are both W and b updated?",
            (
                _train_step(update=_on(FIRST, _no_grad_each(_sgd))),
                _train_step(update=_on(LAST, _no_grad_each(_sgd))),
            ),
        ),
        Mistake(
            "plus sign",
            "The loss grows from step to step: you walk uphill. Which sign goes down?",
            _train_step(update=_no_grad_each(lambda p, lr: p.add_(lr * p.grad))),
        ),
        Mistake(
            "sum",
            "This is the sum of the squared errors. A loss that does not grow with the batch is their mean.",
            _train_step(measure=lambda W, b, X, y: ((X @ W + b - y) ** 2).sum()),
        ),
        Mistake(
            "forgets b",
            "Your prediction does not use the bias, so it never learns. What is added to X @ W?",
            _train_step(measure=lambda W, b, X, y: ((X @ W - y) ** 2).mean(), update=_on(FIRST, _no_grad_each(_sgd))),
        ),
        Mistake(
            "silent broadcasting",
            "(n, 1) minus (n,) is (n, n): every prediction is compared with every target. Which shape has your error?",
            _train_step(measure=lambda W, b, X, y: ((X @ W + b - y[:, 0]) ** 2).mean()),
        ),
        Mistake(
            "half the mean",
            "Your loss is half the mean squared error. Which factor is one too many?",
            _train_step(measure=lambda W, b, X, y: _mse(W, b, X, y) / 2),
        ),
        Mistake(
            "absolute errors",
            "You average the absolute errors. Mean squared error squares them.",
            _train_step(measure=lambda W, b, X, y: (X @ W + b - y).abs().mean()),
        ),
        Mistake(
            "forgets lr",
            "You take the whole gradient as the step. Where does lr come in?",
            _train_step(update=_no_grad_each(lambda p, lr: p.sub_(p.grad))),
        ),
        Mistake(
            "no graph to go back through",
            "backward() finds nothing that was recorded. Either the forward pass runs where recording is off, or an "
            "earlier call switched requires_grad off for good: only the update belongs under no_grad().",
            (
                _train_step(measure=torch.no_grad()(_mse)),
                _train_step(measure=lambda W, b, X, y: _mse(W.detach(), b.detach(), X, y)),
                _train_step(measure=lambda W, b, X, y: torch.tensor(_mse(W, b, X, y).item())),
                _train_step(update=_tracked_each(_stop_requiring_grad)),
            ),
        ),
    ),
)
