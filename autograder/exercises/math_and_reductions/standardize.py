"""Exercise ``standardize``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.math_and_reductions.common import CONTRACTS
from autograder.exercises.numerals import numbers


def _standardize_cases(draw: Draw) -> Iterator[dict]:
    x = torch.tensor([[1.0, 1.0, 5.0, 5.0], [0.0, 2.0, 0.0, 2.0]])
    yield {"x": x, "dim": 1}
    yield {"x": x, "dim": 0}
    a, b, c, d = draw.sizes(4, 3, 8)
    square = draw.size(3, 6)
    for dim in (0, 1):
        yield {"x": draw.normal(square, square, mean=1.5, std=2.0), "dim": dim}  # a missing keepdim runs here
    yield {"x": draw.normal(square, square, square, std=2.0), "dim": draw.size(0, 1)}
    for dim in (0, 1, 2, -1, -2):
        yield {"x": draw.normal(a, b, c, mean=1.5, std=2.0), "dim": dim}
    yield {"x": draw.normal(a, b, c, d, mean=-1.0), "dim": draw.size(1, 2)}
    yield {"x": draw.normal(d, mean=3.0), "dim": -1}
    yield {"x": draw.normal(1, a, std=3.0), "dim": 1}
    yield {"x": draw.normal(b, 1, std=3.0), "dim": -2}
    yield {"x": draw.normal(a, b, std=1e-4), "dim": -1}  # so small a spread that an eps would show
    yield {"x": draw.wide(3, 40), "dim": 1}


def _standardize_fact(args: Mapping[str, Any], got: torch.Tensor, expected: torch.Tensor) -> str | None:
    dim = args["dim"]
    mean, std = got.mean(dim), got.std(dim, correction=0)
    fine = torch.allclose(mean, torch.zeros_like(mean), atol=1e-3) and torch.allclose(std, torch.ones_like(std), 1e-3)
    if got.numel() > 12 or fine:
        return None
    mean, std = (values.round(decimals=3) + 0.0 for values in (mean, std))  # no -0, no rounding errors
    return f"along dim={dim} your values have mean {numbers(mean)} and population std {numbers(std)}; expected 0 and 1"


_CENTRES = {
    "kept": lambda x, dim: x.mean(dim, keepdim=True),
    "dropped": lambda x, dim: x.mean(dim),
    "whole": lambda x, dim: x.mean(),
    "none": lambda x, dim: 0.0,
}
_SPREADS = {
    "kept": lambda x, dim: x.std(dim, correction=0, keepdim=True),
    "dropped": lambda x, dim: x.std(dim, correction=0),
    "whole": lambda x, dim: x.std(correction=0),
    "sample": lambda x, dim: x.std(dim, keepdim=True),
    "sample dropped": lambda x, dim: x.std(dim),
    "sample whole": lambda x, dim: x.std(),
    "variance": lambda x, dim: x.var(dim, correction=0, keepdim=True),
    "sample variance": lambda x, dim: x.var(dim, keepdim=True),
    "range": lambda x, dim: x.amax(dim, keepdim=True) - x.amin(dim, keepdim=True),
    "length": lambda x, dim: (x - x.mean(dim, keepdim=True)).norm(dim=dim, keepdim=True),
    "squares": lambda x, dim: x.square().mean(dim, keepdim=True).sqrt(),
    "none": lambda x, dim: 1.0,
}


def _standardized(centre: str, spread: str, eps: float = 0.0, eps_in_root: float = 0.0) -> Callable:
    """``(x - centre) / spread``, with an eps beside the deviation or under its root."""

    def answer(x: torch.Tensor, dim: int) -> torch.Tensor:
        deviation = _SPREADS[spread](x, dim)
        if eps_in_root:
            deviation = (deviation**2 + eps_in_root) ** 0.5
        return (x - _CENTRES[centre](x, dim)) / (deviation + eps)

    return answer


def _root_mean_square(x: torch.Tensor, dim: int, keepdim: bool) -> torch.Tensor:
    return x.square().mean(dim, keepdim=keepdim).sqrt()


def _in_two_steps(centre: str, spread: Callable) -> Callable:
    """Centred first; then ``spread`` of what that gave."""

    def answer(x: torch.Tensor, dim: int) -> torch.Tensor:
        centred = x - _CENTRES[centre](x, dim)
        return centred / spread(centred, dim)

    return answer


def _put_back(place: int, correction: int) -> Callable:
    """Statistics that lost their dim, and got one back at a fixed place."""

    def answer(x: torch.Tensor, dim: int) -> torch.Tensor:
        mean, std = x.mean(dim), x.std(dim, correction=correction)
        return x if x.dim() == 1 else (x - mean.unsqueeze(place)) / std.unsqueeze(place)

    return answer


def _along(choose: Callable[[int, int], int], spread: str = "kept") -> Callable:
    """Standardised along another dim: ``choose(dim, number of dims)``."""
    return lambda x, dim: _standardized("kept", spread)(x, choose(dim, x.dim()))


STANDARDIZE = Exercise(
    name="standardize",
    lesson="03_math_and_reductions",
    reference=_standardized("kept", "kept"),
    cases=_standardize_cases,
    contracts=CONTRACTS,
    fact=_standardize_fact,
    rtol=1e-3,
    atol=1e-3,
    mistakes=(
        Mistake(
            "missing keepdim",
            "A mean along dim has one dim less and no longer lines up with x; on a square tensor it lines up with the "
            "wrong dim. Which option keeps that dim, with size 1?",
            (
                *(
                    _standardized(centre, spread)
                    for centre, spread in [
                        *(("dropped", "dropped"), ("dropped", "kept"), ("kept", "dropped")),
                        *(("dropped", "sample dropped"), ("dropped", "sample"), ("kept", "sample dropped")),
                    ]
                ),
                *(
                    _in_two_steps("dropped", functools.partial(spread, keepdim=keepdim))
                    for keepdim in (True, False)
                    for spread in (_root_mean_square, functools.partial(torch.std, correction=0), torch.std)
                ),
            ),
        ),
        Mistake(
            "sample std",
            "Your deviation divides by n - 1. The population's divides by n: what does correction= (or unbiased=) do "
            "in std?",
            _standardized("kept", "sample"),
        ),
        Mistake(
            "whole-tensor statistics",
            "You use one mean or one deviation for the whole tensor. Every slice along dim has its own.",
            (
                *(
                    _standardized(centre, spread)
                    for centre, spread in [
                        *(("whole", "whole"), ("whole", "sample whole"), ("whole", "kept"), ("kept", "whole")),
                        *(("whole", "sample"), ("kept", "sample whole")),
                    ]
                ),
                _in_two_steps("whole", lambda x, dim: _root_mean_square(x, dim, keepdim=True)),
                _in_two_steps("kept", lambda x, dim: x.std(correction=0)),
                _in_two_steps("kept", lambda x, dim: x.std()),
            ),
        ),
        Mistake(
            "the dim comes back in another place",
            "You put the lost dim back at a fixed place. `keepdim=True` leaves it where it was, for any `dim`.",
            tuple(_put_back(place, correction) for place in (-1, 1) for correction in (0, 1)),
        ),
        Mistake(
            "wrong dim",
            "Along another dim your values do have mean 0. Over which dim do you take the statistics, and is it `dim`?",
            (
                *(
                    _along(choose, spread)
                    for spread in ("kept", "sample")
                    for choose in (
                        lambda dim, n: 0,
                        lambda dim, n: -1,
                        lambda dim, n: min(1, n - 1),
                        lambda dim, n: (1 - dim) % n,
                        lambda dim, n: (dim + 1) % n,
                    )
                ),
                lambda x, dim: torch.nn.functional.layer_norm(x, x.shape[-1:]),
            ),
        ),
        Mistake(
            "divides by the variance",
            "You divide by the variance. What has the units of x: the variance, or its root?",
            (_standardized("kept", "variance"), _standardized("kept", "sample variance")),
        ),
        Mistake(
            "only centred",
            "The means are 0, but each slice keeps its own spread. What do you divide by?",
            _standardized("kept", "none"),
        ),
        Mistake(
            "not centred",
            "The spread is right, but the means are not 0. What do you subtract before you divide?",
            (_standardized("none", "kept"), _standardized("none", "sample"), _standardized("none", "squares")),
        ),
        Mistake(
            "the mean comes after the division",
            "x - mean / std divides the mean alone. Which parentheses are missing?",
            (
                lambda x, dim: x - x.mean(dim, keepdim=True) / x.std(dim, correction=0, keepdim=True),
                lambda x, dim: x - x.mean(dim, keepdim=True) / x.std(dim, keepdim=True),
            ),
        ),
        Mistake(
            "root of the sum of squares",
            "You divide by the root of the summed squares. The variance is the mean of the squares.",
            _standardized("kept", "length"),
        ),
        Mistake(
            "scaled by the range",
            "You divide by the range, largest minus smallest. A unit standard deviation asks for another divisor.",
            (
                _standardized("kept", "range"),
                lambda x, dim: (x - x.amin(dim, keepdim=True)) / _SPREADS["range"](x, dim),
            ),
        ),
        Mistake(
            "an eps",
            "Where the spread is small, your eps changes the result. No slice here is constant: which line adds an "
            "eps that nobody asked for?",
            (
                *(_standardized("kept", "kept", eps=10.0**-k) for k in range(2, 7)),
                *(_standardized("kept", "kept", eps_in_root=10.0**-k) for k in range(3, 10)),
                *(_standardized("kept", "sample", eps=10.0**-k) for k in range(2, 7)),
            ),
        ),
    ),
)
