"""Exercise ``replace_above``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake, apply


def _replace_above_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[5.0, 1.0, 2.0], [2.0, 4.0, 0.0]]), "limit": 2.0, "fill": -1.0}
    yield {"x": torch.tensor([5.0, 1.0, 2.0]), "limit": 2.0, "fill": 9.0}
    yield {"x": torch.tensor([-1.0, -2.0, -3.0]), "limit": -2.0, "fill": 0.0}
    a, b, c = draw.sizes(3)
    for shape in [(a,), (a, b), (b, b), (a, b, c), (1, c), (c, 1)]:
        x = apply(apply(apply(draw.normal(*shape), "mul", 4), "round"), "div", 4)
        limit = float(x.flatten().sort().values[x.numel() // 2]) + 0.0  # -0.0 would look odd in a message
        yield {"x": x, "limit": limit, "fill": round(draw.uniform(-9, 9) * 4) / 4 + 10.0 * draw.size(0, 1)}
    yield {"x": draw.normal(a, b), "limit": 50.0, "fill": 1.5}  # nothing above
    yield {"x": draw.normal(a, b), "limit": -50.0, "fill": 1.5}  # everything above
    yield {"x": draw.wide(2, 1, 40), "limit": 0.0, "fill": 3.5}


def _filled_in_place(mask: Callable) -> Callable:
    def wrong(x: torch.Tensor, limit: float, fill: float) -> torch.Tensor:
        x[mask(x, limit)] = fill
        return x

    return wrong


def _filled_in_place_by_where(x: torch.Tensor, limit: float, fill: float) -> torch.Tensor:
    x.copy_(torch.where(x > limit, fill, x))
    return x


def _filled_in_place_without_return(x: torch.Tensor, limit: float, fill: float) -> None:
    x[x > limit] = fill


def _filled_copy_without_return(x: torch.Tensor, limit: float, fill: float) -> None:
    x = x.clone()
    x[x > limit] = fill


REPLACE_ABOVE = Exercise(
    name="replace_above",
    lesson="04_indexing",
    reference=lambda x, limit, fill: torch.where(x > limit, fill, x),
    cases=_replace_above_cases,
    contracts=("strided",),
    mistakes=(
        Mistake(
            "nothing returned",
            "Your function ends without a `return`. Which tensor should it hand back?",
            (_filled_copy_without_return, _filled_in_place_without_return),
        ),
        Mistake(
            "changes x",
            "The caller's x has changed: writing into x[mask] writes into what came in. What makes a new tensor?",
            (
                _filled_in_place(torch.gt),
                _filled_in_place(torch.ge),
                _filled_in_place_by_where,
            ),
        ),
        Mistake(
            "branches swapped",
            "Entries above the limit stayed, the others were replaced. What does where take second: what to use where "
            "the condition is True, or where it is False?",
            (
                lambda x, limit, fill: torch.where(x > limit, x, fill),
                lambda x, limit, fill: torch.where(x < limit, fill, x),
                lambda x, limit, fill: torch.where(x >= limit, x, fill),
            ),
        ),
        Mistake(
            ">=",
            "An entry equal to the limit was replaced too. Is it above the limit?",
            lambda x, limit, fill: torch.where(x >= limit, fill, x),
        ),
        Mistake(
            "the limit for the fill",
            "Entries above the limit became the limit itself. Where does fill come in?",
            lambda x, limit, fill: x.clamp(max=limit),
        ),
        Mistake(
            "zero for the fill",
            "Entries above the limit became 0. Where does fill come in?",
            lambda x, limit, fill: torch.where(x > limit, 0.0, x),
        ),
        Mistake(
            "the fill alone",
            "The entries that should stay as they are became 0. What is to be used where the condition does not hold?",
            lambda x, limit, fill: (x > limit) * fill,
        ),
        Mistake(
            "loses the shape",
            "The result should have the shape of x, but indexing with a mask leaves entries out. Which function does "
            "not?",
            (
                lambda x, limit, fill: x[x > limit],
                lambda x, limit, fill: x[x <= limit],
                lambda x, limit, fill: torch.where(x > limit, fill, x).flatten(),
            ),
        ),
        Mistake(
            "returns x as it was",
            "The result is x, unchanged. Does your function return the tensor that it filled?",
            lambda x, limit, fill: x.clone(),
        ),
    ),
)
