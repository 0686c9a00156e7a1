"""mean_square_grad: one slope for every entry of a tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import (
    FORGOTTEN,
    FORGOTTEN_SAYS,
    LESSON,
    NO_GRADIENT_YET,
    NO_GRADIENT_YET_SAYS,
    NO_LEAF,
    NO_LEAF_SAYS,
    NOT_ONE_NUMBER,
    NOT_ONE_NUMBER_SAYS,
    TUPLE,
    TUPLE_SAYS,
    by_backward,
    by_grad,
    itself,
    itself_as_leaf,
    leaf,
    plain_copy,
    recorded_copy,
)


def _mean_square_cases(draw: Draw) -> Iterator[dict]:
    yield {"t": torch.tensor([1.0, 2.0, 3.0, 4.0])}
    a, b, c = draw.sizes(3)
    for shape in [(a,), (a, b), (c, c), (a, b, c), (1, b), (1,), ()]:
        yield {"t": draw.normal(*shape, std=2.0)}
    yield {"t": draw.wide(2, 40)}


def _mean_square(x: torch.Tensor) -> torch.Tensor:
    return (x**2).mean()


def _formula(factor: Callable) -> Callable:
    """An answer that scales the entries by ``factor(n)``, n being their number."""
    return lambda t: t.detach() * factor(t.numel())


def _off_again(t: torch.Tensor) -> torch.Tensor:
    t.requires_grad_()
    _mean_square(t).backward()
    g = t.grad
    t.requires_grad_(False)
    return g


def _cleared(reset: Callable) -> Callable:
    def answer(t: torch.Tensor) -> torch.Tensor:
        t.requires_grad_()
        _mean_square(t).backward()
        g = t.grad.clone()
        reset(t)
        return g

    return answer


def _set_none(t: torch.Tensor) -> None:
    t.grad = None


def _set_zero(t: torch.Tensor) -> None:
    t.grad.zero_()


def _cleared_first(t: torch.Tensor) -> torch.Tensor:
    t.requires_grad_()
    t.grad = None
    _mean_square(t).backward()
    return t.grad


def _kept_grad(t: torch.Tensor) -> torch.Tensor:
    x = t.clone().requires_grad_()
    x.retain_grad()
    _mean_square(x).backward()
    return x.grad


MEAN_SQUARE_GRAD = Exercise(
    name="mean_square_grad",
    lesson=LESSON,
    reference=by_backward(_mean_square),
    cases=_mean_square_cases,
    contracts=("leaf", "float64", "strided"),
    mistakes=(
        Mistake(
            "sum instead of mean",
            "That is the gradient of the sum of the squares. How much smaller is a mean of n numbers?",
            _formula(lambda n: 2.0),
        ),
        Mistake(
            FORGOTTEN,
            FORGOTTEN_SAYS,
            (
                by_backward(_mean_square, plain_copy),
                by_backward(_mean_square, torch.clone),
                by_grad(_mean_square, plain_copy),
                by_grad(_mean_square, itself),
            ),
        ),
        Mistake(
            "grad accumulated on the argument",
            "backward() adds to .grad of the tensor that asked for it, and here that is the caller's own t. What could "
            "ask in its place?",
            (
                by_backward(_mean_square, itself_as_leaf),
                by_backward(_mean_square, itself_as_leaf, torch.Tensor.clone),
                by_backward(_mean_square, itself),
                by_grad(_mean_square, itself_as_leaf),
                _off_again,
                _cleared(_set_none),
                _cleared(_set_zero),
                _cleared_first,
            ),
        ),
        Mistake(NO_LEAF, NO_LEAF_SAYS, (by_backward(_mean_square, recorded_copy), _kept_grad)),
        Mistake(
            NOT_ONE_NUMBER,
            NOT_ONE_NUMBER_SAYS,
            (
                by_backward(lambda x: x**2),
                by_grad(lambda x: x**2),
                by_backward(lambda x: (x**2).mean(-1)),
            ),
        ),
        Mistake(
            "the mean itself",
            "That is the mean of the squares, one number. Its gradient has one entry for each entry of t.",
            (
                _mean_square,
                lambda t: _mean_square(leaf(t)),
                lambda t: _mean_square(t).item(),
            ),
        ),
        Mistake(
            "forgets the 2",
            "The square of an entry changes by 2 times the entry. Where is your 2?",
            _formula(lambda n: 1 / n),
        ),
        Mistake(
            "the square of the mean",
            "You square the mean. The exercise asks for the mean of the squares: which comes first?",
            by_backward(lambda x: x.mean() ** 2),
        ),
        Mistake(
            "forgets the square",
            "Your gradient does not depend on the entries: it belongs to their mean. What is squared, and when?",
            (by_backward(torch.mean), by_backward(torch.sum)),
        ),
        Mistake(
            "the root of the mean",
            "You took one root too many: the gradient is that of the mean of the squares itself.",
            by_backward(lambda x: _mean_square(x).sqrt()),
        ),
        Mistake(
            "a mean over one dim",
            "You average along one dim only. The mean is over all entries, however many dims there are.",
            (
                by_backward(lambda x: (x**2).mean(0).sum()),
                by_backward(lambda x: (x**2).mean(-1).sum()),
                lambda t: 2 * t.detach() / len(t),
            ),
        ),
        Mistake(TUPLE, TUPLE_SAYS, by_grad(_mean_square, take=itself)),
        Mistake(NO_GRADIENT_YET, NO_GRADIENT_YET_SAYS, lambda t: None),
    ),
)
