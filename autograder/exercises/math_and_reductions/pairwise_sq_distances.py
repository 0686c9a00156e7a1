"""Exercise ``pairwise_sq_distances``."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch

from autograder.exercise import LOOP, Draw, Exercise, Mistake
from autograder.exercises.math_and_reductions.common import CONTRACTS


def _pairwise_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "x": torch.tensor([[0.0, 0.0], [3.0, 4.0]]),
        "y": torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 4.0]]),
    }
    n, m, d = draw.sizes(3)
    square = draw.size()
    for rows, others, features in [
        (n, m, d),
        (m, n, d),
        (square, square, d),  # transposed has the same shape
        (square, square, square),
        (n, d, d),
        (d, m, d),
        (1, m, d),
        (n, 1, d),
        (n, m, 1),
        (1, 1, d),
    ]:
        yield {"x": draw.normal(rows, features, std=1.5), "y": draw.normal(others, features, mean=1.0)}
    yield {"x": draw.wide(20, 3), "y": draw.normal(5, 3)}


def _differences(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x[:, None] - y  # (n, 1, d) - (m, d) -> (n, m, d)


def _expanded(x: torch.Tensor, y: torch.Tensor, cross: float) -> torch.Tensor:
    return (x * x).sum(1, keepdim=True) + (y * y).sum(1) + cross * (x @ y.T)


def _distances_entry_by_entry(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(x.shape[0], y.shape[0])
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            out[i, j] = ((x[i] - y[j]) ** 2).sum()
    return out


def _distances_of_lists(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    rows, others = x.tolist(), y.tolist()
    return torch.tensor([[sum((p - q) ** 2 for p, q in zip(r, o, strict=True)) for o in others] for r in rows])


PAIRWISE_SQ_DISTANCES = Exercise(
    name="pairwise_sq_distances",
    lesson="03_math_and_reductions",
    reference=lambda x, y: _differences(x, y).square().sum(-1),
    cases=_pairwise_cases,
    contracts=CONTRACTS,
    rtol=1e-3,
    atol=1e-3,  # x² + y² - 2xy loses digits where two points are close, and is a fine way
    sized=lambda n: {"x": torch.ones(n, n + 1), "y": torch.ones(n + 2, n + 1)},
    mistakes=(
        Mistake(
            "transposed",
            "The values are right, but rows and columns are exchanged: row i belongs to x[i], column j to y[j].",
            (lambda x, y: (y[:, None] - x).square().sum(-1), lambda x, y: torch.cdist(y, x) ** 2),
        ),
        Mistake(
            "not squared",
            "These are distances, and their squares are asked for. Where is a root taken? (torch.cdist takes one too.)",
            (
                lambda x, y: torch.cdist(x, y),
                lambda x, y: _differences(x, y).norm(dim=-1),
                lambda x, y: _expanded(x, y, -2.0).clamp(min=0).sqrt(),
            ),
        ),
        Mistake(
            "differences not squared",
            "You add up the differences as they are. Where do they get squared?",
            (
                lambda x, y: _differences(x, y).sum(-1),
                lambda x, y: -_differences(x, y).sum(-1),
                lambda x, y: _differences(x, y).abs().sum(-1),
                lambda x, y: _differences(x, y).mean(-1),
            ),
        ),
        Mistake(
            LOOP,
            "Every turn of a loop is work for Python. With a dim of size 1 in the right place, one subtraction makes "
            "all pairs: x becomes (n, 1, d).",
            (
                _distances_entry_by_entry,
                _distances_of_lists,
                lambda x, y: torch.stack([((row - y) ** 2).sum(1) for row in x]),
                lambda x, y: torch.stack([((x - row) ** 2).sum(1) for row in y], dim=1),
                lambda x, y: sum((x[:, None, k] - y[None, :, k]) ** 2 for k in range(x.shape[1])),
                lambda x, y: torch.stack([torch.cdist(row[None], y)[0] ** 2 for row in x]),
            ),
        ),
        Mistake(
            "the square of the sum",
            "You square after the sum. Each difference is squared by itself, then they are added.",
            (lambda x, y: _differences(x, y).sum(-1).square(), lambda x, y: torch.cdist(x, y, p=1) ** 2),
        ),
        Mistake(
            "difference of the squares",
            "x² - y² is not (x - y)². What is squared: the points, or their difference?",
            (
                lambda x, y: (x[:, None] ** 2 - y**2).sum(-1),
                lambda x, y: (x**2).sum(1)[:, None] - (y**2).sum(1),
                lambda x, y: _expanded(x, y, 0.0),
            ),
        ),
        Mistake(
            "the cross term",
            "(x - y)² is x² - 2xy + y². Which factor and which sign does your x @ y.T have?",
            tuple(functools.partial(_expanded, cross=cross) for cross in (-1.0, 2.0, 1.0)),
        ),
        Mistake(
            "not lined up",
            "The squares of x belong to the rows of the result, those of y to its columns. Which of (n,) and (m,) "
            "needs a dim of size 1, and where?",
            (
                lambda x, y: (x * x).sum(1) + (y * y).sum(1) - 2 * (x @ y.T),
                lambda x, y: (x * x).sum(1) + (y * y).sum(1)[:, None] - 2 * (x @ y.T),
                lambda x, y: (x * x).sum(1, keepdim=True) + (y * y).sum(1, keepdim=True) - 2 * (x @ y.T),
            ),
        ),
        Mistake(
            "sums the wrong dim",
            "Of (n, m, d) the features go: which dim do you sum over?",
            (
                lambda x, y: _differences(x, y).square().sum(0),
                lambda x, y: _differences(x, y).square().sum(1),
                lambda x, y: (y[:, None] - x).square().sum(0),
                lambda x, y: (y[:, None] - x).square().sum(1),
            ),
        ),
        Mistake(
            "no sum",
            "All squared differences are there, in three dims. Which dim is summed away?",
            (lambda x, y: _differences(x, y) ** 2, lambda x, y: (y[:, None] - x) ** 2),
        ),
        Mistake(
            "sums everything",
            "sum() without `dim` leaves one number. Which dim should go?",
            (lambda x, y: _differences(x, y).square().sum(), lambda x, y: (x - y).square().sum()),
        ),
        Mistake(
            "mean for sum",
            "This is the mean over the features. A squared distance adds them up.",
            lambda x, y: _differences(x, y).square().mean(-1),
        ),
        Mistake(
            "row by row",
            "x - y pairs row i with row i only. Every row of x should meet every row of y: where does x need a dim of "
            "size 1?",
            (
                lambda x, y: (x - y).square().sum(1),
                lambda x, y: (x - y).square().sum(-1, keepdim=True),
                lambda x, y: (x - y).square(),
                lambda x, y: (x[:, None] - y[:, None]).square().sum(-1),
                lambda x, y: (x[None] - y[None]).square().sum(-1),
            ),
        ),
        Mistake(
            "keeps the summed dim",
            "The dim that you sum over should be gone from the result: is there a keepdim=True?",
            lambda x, y: _differences(x, y).square().sum(-1, keepdim=True),
        ),
    ),
)
