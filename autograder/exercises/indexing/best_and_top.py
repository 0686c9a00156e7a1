"""Exercise ``best_and_top``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake


def _best_and_top_cases(draw: Draw) -> Iterator[dict]:
    yield {"scores": torch.tensor([[0.0, 7.0, 5.0], [9.0, 1.0, 4.0], [2.0, 6.0, 8.0]]), "k": 2}
    yield {"scores": torch.tensor([[-3.0, -1.0, -2.0], [-4.0, -6.0, -5.0], [-9.0, -8.0, -7.0]]), "k": 2}
    n, c = draw.sizes(2, 4, 9)
    square = draw.size(4, 7)
    for rows, columns, k in [
        (n, c, 3),
        (c, n, 2),
        (square, square, 3),
        (n, c, 1),
        (n, c, c),  # all of them, in order
        (1, c, 2),
        (n, 1, 1),
    ]:
        yield {"scores": draw.normal(rows, columns), "k": k}
    yield {"scores": draw.wide(3, 40), "k": 2}


def _best(dim: int = 1) -> Callable:
    return lambda scores, k: scores.argmax(dim)


def _ascending(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k largest of each row, the largest last."""
    values, indices = scores.topk(k, 1)
    return values.flip(1), indices.flip(1)


BEST_AND_TOP = Exercise(
    name="best_and_top",
    lesson="04_indexing",
    reference=lambda scores, k: (scores.argmax(1), *scores.topk(k, 1)),
    cases=_best_and_top_cases,
    contracts=("strided",),
    mistakes=(
        Mistake(
            "values for indices",
            "Values and their places are mixed up: argmax gives places, amax gives values, and topk gives first the "
            "values, then their places.",
            (
                lambda scores, k: (scores.amax(1), *scores.topk(k, 1)),
                lambda scores, k: (scores.argmax(1), *reversed(scores.topk(k, 1))),
                lambda scores, k: (scores.amax(1), *reversed(scores.topk(k, 1))),
                lambda scores, k: (scores.argmax(1), scores.topk(k, 1).values, scores.topk(k, 1).values),
                lambda scores, k: (scores.argmax(1), scores.topk(k, 1).indices, scores.topk(k, 1).indices),
                lambda scores, k: (scores.max(1), *scores.topk(k, 1)),
            ),
        ),
        Mistake(
            "over rows",
            "You compare the rows within each column. Each row has a best column: which dim goes?",
            (
                lambda scores, k: (scores.argmax(0), *scores.topk(k, 0)),
                lambda scores, k: (scores.argmax(0), *scores.topk(k, 1)),
                lambda scores, k: (scores.argmax(1), *scores.topk(k, 0)),
                lambda scores, k: (scores.amax(0), *scores.topk(k, 0)),
                lambda scores, k: (scores.argmax(0), *reversed(scores.topk(k, 0))),
                lambda scores, k: (scores.argmax(0), *(part.T for part in scores.topk(k, 0))),
                lambda scores, k: (scores.argmax(0), *(part[:k] for part in scores.sort(0, descending=True))),
                lambda scores, k: (scores.argmax(1), *(part[:k] for part in scores.sort(0, descending=True))),
                lambda scores, k: (scores.argmax(0), *(part[:, :k] for part in scores.sort(0, descending=True))),
            ),
        ),
        Mistake(
            "one best for the whole tensor",
            "Without a dim, argmax gives one place in the whole tensor. You want one for each row.",
            (
                lambda scores, k: (scores.argmax(), *scores.topk(k, 1)),
                lambda scores, k: (scores.argmax(), *scores.flatten().topk(k)),
                lambda scores, k: (scores.argmax(1), *scores.flatten().topk(k)),
            ),
        ),
        Mistake(
            "ascending",
            "The right ones, but the largest should come first. Which order do you get?",
            (
                lambda scores, k: (scores.argmax(1), *_ascending(scores, k)),
                lambda scores, k: (scores.argmax(1), scores.topk(k, 1).values.flip(1), scores.topk(k, 1).indices),
            ),
        ),
        Mistake(
            "smallest",
            "These are the smallest. Which end of the order is asked for?",
            (
                lambda scores, k: (scores.argmax(1), *scores.topk(k, 1, largest=False)),
                lambda scores, k: (scores.argmin(1), *scores.topk(k, 1, largest=False)),
                lambda scores, k: (scores.argmin(1), *scores.topk(k, 1)),
            ),
        ),
        Mistake(
            "keeps the dim",
            "The best places should have the shape (n,), one number for each row. Is there a keepdim too many?",
            (
                lambda scores, k: (scores.argmax(1, keepdim=True), *scores.topk(k, 1)),
                lambda scores, k: (scores.topk(1, 1).indices, *scores.topk(k, 1)),
            ),
        ),
        Mistake(
            "k ignored",
            "Your result does not look at k. How many should come back from each row?",
            (
                lambda scores, k: (scores.argmax(1), *scores.sort(1, descending=True)),
                lambda scores, k: (scores.argmax(1), *scores.sort(1)),
                lambda scores, k: (scores.argmax(1), *scores.topk(1, 1)),
                lambda scores, k: (scores.argmax(1), *scores.topk(2, 1)),
                lambda scores, k: (scores.argmax(1), *scores.max(1)),
            ),
        ),
        Mistake(
            "k rows for k columns",
            "[:k] alone takes the first k rows. How do you take the first k columns of every row?",
            lambda scores, k: (scores.argmax(1), *(part[:k] for part in scores.sort(1, descending=True))),
        ),
        Mistake(
            "topk's pair as one",
            "topk gives a pair: values and indices. Three results are asked for: how do you unpack the pair?",
            (
                lambda scores, k: (scores.argmax(1), scores.topk(k, 1)),
                lambda scores, k: (scores.max(1), scores.topk(k, 1)),
                lambda scores, k: (scores.argmax(1), scores.topk(k, 1).values),
                lambda scores, k: (scores.argmax(1), scores.topk(k, 1).indices),
                lambda scores, k: tuple(scores.topk(k, 1)),
            ),
        ),
    ),
)
