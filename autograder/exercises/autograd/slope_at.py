"""slope_at: the slope of one number with respect to another."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch

from autograder.exercise import SHORT_CUT, Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import (
    AUTOGRAD,
    FORGOTTEN,
    FORGOTTEN_SAYS,
    LESSON,
    NO_GRADIENT_YET,
    NO_GRADIENT_YET_SAYS,
    TUPLE,
    TUPLE_SAYS,
    by_backward,
    by_grad,
    itself,
)


def _slope_cases(draw: Draw) -> Iterator[dict]:
    for x in (2.0, 0.0, -1.0, 0.5, *(draw.uniform(-5, 5) for _ in range(5))):
        yield {"x": x}


def _square(x: Any) -> Any:
    return (3 * x + 1) ** 2


def _asked(x: float) -> torch.Tensor:
    return torch.tensor(x, requires_grad=True)


def _not_asked(x: float) -> torch.Tensor:
    return torch.tensor(x)


def _to_value(x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


def _grad_of_the_result(x: float) -> torch.Tensor | None:
    y = _square(_asked(x))
    y.backward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says that y is no leaf
        return y.grad


SLOPE_AT = Exercise(
    name="slope_at",
    lesson=LESSON,
    reference=by_backward(_square, _asked, torch.Tensor.item),
    cases=_slope_cases,
    contracts=(),
    demanded=AUTOGRAD,
    instead="autograd: the slope is right, and nobody asked PyTorch for it",
    mistakes=(
        Mistake(
            SHORT_CUT,
            "A formula for the slope serves this one function. Write down (3x + 1)**2 with a tensor that requires "
            "grad, and let backward() find the slope: that serves any.",
            (
                lambda x: 6 * (3 * x + 1),
                lambda x: 18 * x + 6,
                lambda x: _square(x + 0.5) - _square(x - 0.5),
                lambda x: (6 * (3 * torch.tensor(x, requires_grad=True) + 1)).item(),
            ),
        ),
        Mistake(
            "returns the value",
            "That is (3x + 1)**2 itself. How steep is it at x? backward() leaves the answer with the input.",
            (
                _square,
                lambda x: _square(_asked(x)),
                lambda x: _square(_to_value(x)),
                lambda x: _square(torch.tensor([x])),
            ),
        ),
        Mistake(
            "returns a tensor",
            "The number is right, but it is still a tensor. What takes the Python number out of it?",
            (
                lambda x: torch.tensor(6 * (3 * x + 1)),
                lambda x: torch.tensor(6 * (3 * x + 1), dtype=torch.float64),
                lambda x: torch.tensor([6 * (3 * x + 1)]),
                lambda x: torch.tensor([6 * (3 * x + 1)], dtype=torch.float64),
                lambda x: torch.tensor([[6 * (3 * x + 1)]]),
            ),
        ),
        Mistake(
            TUPLE,
            TUPLE_SAYS,
            (
                by_grad(_square, _asked, itself),
                by_grad(_square, lambda x: _to_value(x).requires_grad_(), itself),
                by_grad(_square, lambda x: torch.tensor([x], requires_grad=True), itself),
            ),
        ),
        Mistake(
            "forgets the inner slope",
            "3x + 1 changes three times as fast as x. Where does the 3 come in? Autograd does that by itself, if x is "
            "what you ask about.",
            (lambda x: 2 * (3 * x + 1),),
        ),
        Mistake(
            "the slope of something else",
            "Is it (3x + 1)**2 that you take the slope of? Mind the brackets and the power.",
            (
                lambda x: 3.0,
                lambda x: 18 * x + 1,
                lambda x: 6 * x,
                lambda x: 18 * x,
                lambda x: 2 * (3 * x + 1) * 3 * x,
                lambda x: 9 * (3 * x + 1) ** 2,
            ),
        ),
        Mistake(
            "added up",
            "Your slope is a multiple of the right one: was backward() called more than once on the same tensor?",
            tuple(lambda x, n=n: n * 6 * (3 * x + 1) for n in (2, 3)),
        ),
        Mistake(
            FORGOTTEN,
            FORGOTTEN_SAYS,
            (
                by_backward(_square, _not_asked, torch.Tensor.item),
                by_grad(_square, _not_asked, itself),
            ),
        ),
        Mistake(
            NO_GRADIENT_YET,
            NO_GRADIENT_YET_SAYS,
            (
                lambda x: None,
                lambda x: _asked(x).grad.item(),
                lambda x: float(_asked(x).grad),
                _grad_of_the_result,
                lambda x: _grad_of_the_result(x).item(),
            ),
        ),
    ),
)
