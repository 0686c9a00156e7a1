"""The exercise of the start notebook: a minute's warm-up, which shows what a check says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake


def _double_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([1.0, 2.0, 3.0])}
    n, m = draw.sizes(2)
    yield {"x": draw.normal(n, m)}
    yield {"x": torch.tensor(-0.5)}


def _in_place(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        x *= 2
    return x


def _printed(x: torch.Tensor) -> None:
    print(2 * x)


def _as_list(x: Any) -> list:
    return [2 * float(value) for value in x.flatten()]


DOUBLE = Exercise(
    name="double",
    lesson="start",
    reference=lambda x: 2 * x,
    cases=_double_cases,
    mistakes=(
        Mistake("squared", "Your 1 stays 1, and your 3 becomes 9. Is that twice, or times itself?", lambda x: x**2),
        Mistake(
            "two added",
            "Every entry has grown by the same 2. What does each have to grow by?",
            lambda x: x + 2,
        ),
        Mistake("unchanged", "Your function gives back what came in. What is to happen to it?", lambda x: x),
        Mistake("halved", "Your numbers have become half as large. Which way did you go?", lambda x: x / 2),
        Mistake(
            "in place",
            "The result is right, but the caller's tensor has changed with it. What does `*=` do to `x`?",
            _in_place,
        ),
        Mistake("prints", "What your function prints is lost to whoever calls it. What does it return?", _printed),
        Mistake("a list", "A list of numbers came back. `2 * x` works on a whole tensor at once.", _as_list),
    ),
)
