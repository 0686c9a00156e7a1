"""What several exercises of the lesson share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw

OPTIMIZERS = ("optim", *(name for name, value in vars(torch.optim).items() if isinstance(value, type)))

Tensors = list[torch.Tensor]


def _no_grad_each(change: Callable) -> Callable:
    """An answer that applies ``change(p, *other lists' tensors, *settings)`` to every parameter, untracked."""

    @torch.no_grad()
    def answer(params: Tensors, *rest: Any) -> None:
        lists = [value for value in rest if isinstance(value, list)]
        settings = [value for value in rest if not isinstance(value, list)]
        for tensors in zip(params, *lists, strict=True):
            change(*tensors, *settings)

    return answer


def _on(choose: Callable, answer: Callable) -> Callable:
    """``answer`` for the entries of the lists that ``choose`` picks."""
    return lambda *args: answer(*(choose(value) if isinstance(value, list) else value for value in args))


def _none(*args: Any) -> None:
    """Changes nothing, as any answer does whose new tensors only its own local names hold."""


FIRST, NOT_FIRST, LAST = (lambda v: v[:1]), (lambda v: v[1:]), (lambda v: v[-1:])


def _shapes(draw: Draw) -> Iterator[list[tuple[int, ...]]]:
    """The parameters' shapes of some models: several of different dims, one alone, two that are alike."""
    a, b, c = draw.sizes(3)
    yield [(a, b), (b,), (b, c), (c,)]
    yield [(), (a, b, c)]
    yield [(b, 1)]
    yield [(c, c), (c, c), (1,)]


def _sgd(p: torch.Tensor, lr: float) -> None:
    p -= lr * p.grad


def _tracked_each(change: Callable) -> Callable:
    def answer(params: Tensors, *settings: float) -> None:
        for p in params:
            change(p, *settings)

    return answer


def _stop_requiring_grad(p: torch.Tensor, lr: float) -> None:
    p.requires_grad_(False)
    p -= lr * p.grad


def _set_none(p: torch.Tensor) -> None:
    p.grad = None


def _multiply(p: torch.Tensor) -> None:
    p.grad *= 0


def _fill_slice(p: torch.Tensor) -> None:
    p.grad[:] = 0


def _zeros_like(p: torch.Tensor) -> None:
    p.grad = torch.zeros_like(p.grad)


# ways to clear a gradient that must not be None
_CRASHING_RESETS = (
    lambda p: p.grad.zero_(),
    lambda p: p.grad.data.zero_(),
    lambda p: p.grad.detach_().zero_(),
    lambda p: p.grad.fill_(0),
    lambda p: p.grad.mul_(0),
    _multiply,
    _fill_slice,
    _zeros_like,
)


def _line(draw: Draw, n: int, d: int) -> dict[str, torch.Tensor]:
    """Rows X (n, d) and targets y (n, 1), far from what zero weights predict."""
    X = draw.normal(n, d)
    return {"X": X, "y": X @ draw.normal(d, 1, std=2.0) + 3.0 + draw.normal(n, 1, std=0.3)}


def _mse(W: torch.Tensor, b: torch.Tensor, X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ((X @ W + b - y) ** 2).mean()


_update = _no_grad_each(_sgd)
_reset = _tracked_each(_set_none)


def _train_step(
    measure: Callable = _mse,
    before: Callable = lambda W, b: None,
    update: Callable = _update,
    result: Callable = lambda loss, again: loss.item(),
    after: Callable = _reset,
) -> Callable:
    """A training step with one or more of its parts changed.

    Args:
        measure: the loss from (W, b, X, y).
        before: what happens between backward and update, to (W, b).
        update: called with ([W, b], lr).
        result: what is returned, from the loss and a function that measures it once more.
        after: called with [W, b], after the update.
    """

    def answer(W: torch.Tensor, b: torch.Tensor, X: torch.Tensor, y: torch.Tensor, lr: float) -> Any:
        loss = measure(W, b, X, y)
        loss.backward()
        before(W, b)
        update([W, b], lr)
        after([W, b])
        return result(loss, lambda: measure(W, b, X, y))

    return answer


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
