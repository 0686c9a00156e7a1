"""Exercise ``two_products``."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.math_and_reductions.common import CONTRACTS


def _two_products_cases(draw: Draw) -> Iterator[dict]:
    yield {"a": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "b": torch.tensor([[5.0, 6.0], [7.0, 8.0]])}
    for n in (*draw.sizes(3), 2, 1):
        yield {"a": draw.normal(n, n), "b": draw.normal(n, n)}
    yield {"a": draw.wide(20, 20), "b": draw.normal(20, 20)}


TWO_PRODUCTS = Exercise(
    name="two_products",
    lesson="03_math_and_reductions",
    reference=lambda a, b: (a * b, a @ b),
    cases=_two_products_cases,
    contracts=CONTRACTS,
    mistakes=(
        Mistake(
            "swapped",
            "Both products are there, the other way round. Which of * and @ goes entry by entry?",
            (lambda a, b: (a @ b, a * b), lambda a, b: (b @ a, a * b)),
        ),
        Mistake(
            "@ twice",
            "Both of yours are matrix products. Which operator multiplies entry by entry?",
            (lambda a, b: (a @ b, a @ b), lambda a, b: (b @ a, a @ b), lambda a, b: (a @ b, b @ a)),
        ),
        Mistake(
            "* twice",
            "Both of yours go entry by entry. Which operator multiplies rows by columns and sums?",
            (lambda a, b: (a * b, a * b), lambda a, b: (a * b, b * a)),
        ),
        Mistake(
            "factors exchanged",
            "Your matrix product takes the rows of b and the columns of a. Is a @ b the same as b @ a?",
            lambda a, b: (a * b, b @ a),
        ),
        Mistake(
            "a transpose too many",
            "a @ b needs no transpose: it takes the rows of a and the columns of b by itself.",
            (
                lambda a, b: (a * b, a @ b.T),
                lambda a, b: (a * b, a.T @ b),
                lambda a, b: (a * b, (a @ b).T),
                lambda a, b: (a * b.T, a @ b),
            ),
        ),
        Mistake(
            "changes a",
            "*= and mul_ write into a itself, so the matrix product no longer sees the a that came in.",
            (lambda a, b: (a.mul_(b), a @ b), lambda a, b: (a.mul_(b), b @ a)),
        ),
        Mistake(
            "one product only",
            "Two results are asked for. `return first, second` gives both, as a tuple.",
            (lambda a, b: a * b, lambda a, b: a @ b, lambda a, b: (a * b) @ b, lambda a, b: (a * b, None)),
        ),
    ),
)
