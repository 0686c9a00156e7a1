"""Exercise ``values_above``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake, apply


def _values_above_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[5.0, 1.0, 2.0], [2.0, 4.0, 0.0]]), "threshold": 2.0}
    yield {"x": torch.tensor([3.0, -1.0, -2.0, -3.0]), "threshold": -2.0}
    yield {"x": torch.tensor([[0.0, 1.0], [2.0, -1.0], [0.0, -3.0]]), "threshold": 0.0}
    yield {"x": torch.tensor([[1.0, 2.0], [2.0, 7.0]]), "threshold": 2.0}  # a single entry: still 1-D
    a, b, c = draw.sizes(3)
    for shape in [(a,), (a, b), (b, b), (a, b, c), (1, c), (c, 1)]:
        # quarters: some entries are equal, and all are exact
        x = apply(apply(apply(draw.normal(*shape), "mul", 4), "round"), "div", 4)
        ordered = x.flatten().sort().values
        yield {"x": x, "threshold": float(ordered[len(ordered) // 2 - 1]) - (0.25 if ordered[0] == ordered[-1] else 0)}
    yield {"x": draw.normal(a, b), "threshold": -50.0}  # all of them
    yield {"x": draw.wide(2, 1, 40), "threshold": 0.0}


def _some_above(args: Mapping[str, Any]) -> bool:
    return bool((args["x"] > args["threshold"]).any())


VALUES_ABOVE = Exercise(
    name="values_above",
    lesson="04_indexing",
    reference=lambda x, threshold: x[x > threshold],
    cases=lambda draw: filter(_some_above, _values_above_cases(draw)),
    contracts=("strided",),  # how many entries come back depends on their values, which meta tensors do not have
    mistakes=(
        Mistake(
            ">=",
            "An entry equal to the threshold came back too. Is it above the threshold?",
            lambda x, threshold: x[x >= threshold],
        ),
        Mistake(
            "keeps the shape",
            "Your result has the shape of x: where keeps every place. Which kind of indexing leaves entries out?",
            (
                lambda x, threshold: torch.where(x > threshold, x, 0.0),
                lambda x, threshold: torch.where(x > threshold, x, torch.nan),
                lambda x, threshold: torch.where(x >= threshold, x, 0.0),
                lambda x, threshold: torch.where(x > threshold, x, threshold),
                lambda x, threshold: torch.where(x > threshold, x, -torch.inf),
            ),
        ),
        Mistake(
            "the mask",
            "This says for every entry whether it is above. How do you use such a mask to pick from x?",
            (lambda x, threshold: x > threshold, lambda x, threshold: x >= threshold),
        ),
        Mistake(
            "places for values",
            "These are the places of the entries. The entries themselves are asked for: what does x[mask] give?",
            (
                lambda x, threshold: (x > threshold).nonzero(),
                lambda x, threshold: (x > threshold).flatten().nonzero(),
                lambda x, threshold: (x > threshold).flatten().nonzero().flatten(),
                lambda x, threshold: (x > threshold).nonzero().flatten(),
                lambda x, threshold: torch.nonzero(x > threshold, as_tuple=True),
            ),
        ),
        Mistake(
            "below",
            "These are the entries below the threshold, or at it. Which way round is your comparison?",
            (lambda x, threshold: x[x < threshold], lambda x, threshold: x[x <= threshold]),
        ),
        Mistake(
            "sorted",
            "The entries are right, but in another order, or without repeats. They should come as they stand in x, row "
            "by row.",
            (
                lambda x, threshold: x[x > threshold].sort().values,
                lambda x, threshold: x[x > threshold].sort(descending=True).values,
                lambda x, threshold: x[x > threshold].unique(),
                lambda x, threshold: x[x > threshold].flip(0),
                lambda x, threshold: x.mT[x.mT > threshold] if x.dim() > 1 else x[x > threshold],
            ),
        ),
        Mistake(
            "whole rows",
            "These are whole rows of x. A mask of x's own shape picks entry by entry.",
            (
                lambda x, threshold: x[(x > threshold).any(-1)],
                lambda x, threshold: x[(x > threshold).any(1)],
                lambda x, threshold: x[(x > threshold).all(1)],
            ),
        ),
        Mistake(
            "counts",
            "This is how many entries are above. Which ones are they?",
            (lambda x, threshold: (x > threshold).sum(), lambda x, threshold: int((x > threshold).sum())),
        ),
        Mistake(
            "squeezes a single entry",
            "With one entry above, the result still has one dim, of size 1. Where does it lose it?",
            lambda x, threshold: x[x > threshold].squeeze(),
        ),
    ),
)
