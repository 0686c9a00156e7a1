"""Exercise ``pick_three``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake


def _pick_three_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[10.0 * row + column for column in range(5)] for row in range(4)])}
    n, c = draw.sizes(2, 5, 9)
    square = draw.size(5, 7)
    for shape in [(n, c), (c, n), (square, square), (2, 4), (2, c), (n, 4)]:
        yield {"x": draw.normal(*shape)}
    yield {"x": draw.wide(40, 5)}


def _three(row: int = 1, column: int = 2, at: tuple[int, int] = (1, 3)) -> Callable:
    """A pick_three with one or more of its numbers changed."""
    return lambda x: (x[row], x[:, column], x[at])


def _three_transposed(row: int = 1, column: int = 2, at: tuple[int, int] = (1, 3)) -> Callable:
    """A pick_three that takes the dims the other way round."""
    return lambda x: (x[:, row], x[column], x[at[1], at[0]])


_OFF_BY_ONE = tuple(
    numbers
    for numbers in itertools.product((1, 2, 0), (2, 3, 1), ((1, 3), (2, 4), (0, 2)))
    if numbers != (1, 2, (1, 3))
)


PICK_THREE = Exercise(
    name="pick_three",
    lesson="04_indexing",
    left_out={"size 1": "x has at least two rows and four columns"},
    reference=_three(),
    cases=_pick_three_cases,
    contracts=("strided",),
    mistakes=(
        Mistake(
            "counts from one",
            "PyTorch counts from 0: the first row is x[0]. Which number has the second row, and which the third "
            "column?",
            tuple(_three(*numbers) for numbers in _OFF_BY_ONE),
        ),
        Mistake(
            "row and column swapped",
            "In x[row, column] the row comes first. What does `:` stand for, and in which of the two places do you "
            "need it?",
            (
                _three_transposed(),
                lambda x: (x[:, 1], x[2], x[1, 3]),
                lambda x: (x[1], x[:, 2], x[3, 1]),
                lambda x: (x[:, 2], x[1], x[1, 3]),
                lambda x: (x[:, 2], x[1], x[3, 1]),
                lambda x: (x[1], x[2], x[1, 3]),
                lambda x: (x[1], x[2], x[3, 1]),
                lambda x: (x[:, 1], x[:, 2], x[1, 3]),
            ),
        ),
        Mistake(
            "row and column swapped, and counts from one",
            "Two things at once: PyTorch counts from 0, and the row comes before the column.",
            tuple(_three_transposed(*numbers) for numbers in _OFF_BY_ONE if numbers != (2, 1, (1, 3))),
        ),
        Mistake(
            "a slice for an index",
            "x[1:2] is a slice: it keeps its dim, with size 1. What does a number in its place do to the dim?",
            (
                lambda x: (x[1:2], x[:, 2:3], x[1, 3]),
                lambda x: (x[1:2], x[:, 2:3], x[1:2, 3:4]),
                lambda x: (x[1:2], x[:, 2], x[1, 3]),
                lambda x: (x[1], x[:, 2:3], x[1, 3]),
                lambda x: (x[1], x[:, 2], x[1:2, 3:4]),
                lambda x: (x[1], x[:, 2], x[1, 3:4]),
                lambda x: (x[1], x[:, 2], x[1:2, 3]),
            ),
        ),
        Mistake(
            "another order",
            "The three are right. In which order are they asked for?",
            tuple(
                lambda x, order=order: tuple((x[1], x[:, 2], x[1, 3])[i] for i in order)
                for order in itertools.permutations(range(3))
                if order not in ((0, 1, 2), (1, 0, 2))  # the second of these is row and column swapped
            ),
        ),
        Mistake(
            "a Python number",
            "The entry should stay a tensor, one without dims. Is there an item() or a float() too many?",
            lambda x: (x[1], x[:, 2], x[1, 3].item()),
        ),
    ),
)
