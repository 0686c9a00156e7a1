"""Exercise ``score_summary``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.math_and_reductions.common import CONTRACTS


def _score_summary_cases(draw: Draw) -> Iterator[dict]:
    yield {"scores": torch.tensor([[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]])}
    students, assignments, square = draw.sizes(3)
    for shape in ((students, assignments), (assignments, students), (square, square), (1, students), (students, 1)):
        yield {"scores": draw.normal(*shape, mean=70.0, std=15.0)}
    yield {"scores": draw.wide(3, 40)}


def _summary(first: Callable, second: Callable, third: Callable) -> Callable:
    return lambda scores: (first(scores), second(scores), third(scores))


_MEAN_0, _MEAN_1, _MEAN = (lambda s: s.mean(0)), (lambda s: s.mean(1)), torch.mean
_SUM_0, _SUM_1, _SUM = (lambda s: s.sum(0)), (lambda s: s.sum(1)), torch.sum

SCORE_SUMMARY = Exercise(
    name="score_summary",
    lesson="03_math_and_reductions",
    reference=_summary(_MEAN_0, _MEAN_1, _MEAN),
    cases=_score_summary_cases,
    contracts=CONTRACTS,
    rtol=1e-4,
    atol=1e-3,
    mistakes=(
        Mistake(
            "dims swapped",
            "The first result has one mean for each assignment, the second one for each student. `dim` names the dim "
            "that goes: whose means are left when the students go?",
            (_summary(_MEAN_1, _MEAN_0, _MEAN), _summary(_SUM_1, _SUM_0, _SUM), _summary(_SUM_1, _SUM_0, _MEAN)),
        ),
        Mistake(
            "sums",
            "These are sums. What makes a mean of a sum?",
            (
                _summary(_SUM_0, _SUM_1, _SUM),
                _summary(_SUM_0, _SUM_1, _MEAN),
                _summary(_MEAN_0, _MEAN_1, _SUM),
                _summary(_MEAN_0, _SUM_1, _MEAN),
                _summary(_SUM_0, _MEAN_1, _MEAN),
                _summary(_MEAN_0, _MEAN_1, lambda s: s.mean(0).sum()),
                _summary(_MEAN_0, _MEAN_1, lambda s: s.mean(1).sum()),
            ),
        ),
        Mistake(
            "divides by the wrong count",
            "A mean divides by the number of entries that went into it. How many students are in the sum for one "
            "assignment?",
            (
                _summary(lambda s: s.sum(0) / s.shape[1], lambda s: s.sum(1) / s.shape[0], _MEAN),
                _summary(_MEAN_0, lambda s: s.sum(1) / s.shape[0], _MEAN),
                _summary(lambda s: s.sum(0) / s.shape[1], _MEAN_1, _MEAN),
            ),
        ),
        Mistake(
            "keepdim",
            "The dim that a mean collapses should be gone from the result: is there a keepdim=True?",
            (
                _summary(lambda s: s.mean(0, keepdim=True), lambda s: s.mean(1, keepdim=True), _MEAN),
                _summary(_MEAN_0, lambda s: s.mean(1, keepdim=True), _MEAN),
                _summary(_MEAN_0, _MEAN_1, lambda s: s.mean((0, 1), keepdim=True)),
            ),
        ),
        Mistake(
            "overall for each",
            "Your third result still has a dim. Without `dim`, a mean runs over all entries and gives a single number.",
            (
                _summary(_MEAN_0, _MEAN_1, _MEAN_0),
                _summary(_MEAN_0, _MEAN_1, _MEAN_1),
                _summary(_MEAN_0, _MEAN_1, lambda s: s.mean(0, keepdim=True).mean(1)),
            ),
        ),
        Mistake(
            "results missing or in another order",
            "Three results are asked for, in this order: for each assignment, for each student, overall.",
            (
                _summary(_MEAN, _MEAN_0, _MEAN_1),
                _summary(_MEAN, _MEAN_1, _MEAN_0),
                lambda s: (s.mean(0), s.mean(1)),
                lambda s: (s.mean(1), s.mean(0)),
                *(_MEAN_0, _MEAN_1, _MEAN),
            ),
        ),
        Mistake(
            "medians",
            "A median is the middle value. The mean is the sum divided by the count.",
            (
                _summary(lambda s: s.median(0).values, lambda s: s.median(1).values, torch.median),
                _summary(lambda s: s.quantile(0.5, 0), lambda s: s.quantile(0.5, 1), lambda s: s.quantile(0.5)),
            ),
        ),
        Mistake(
            "overall as a number",
            "The overall mean should stay a tensor, without any dim: .item() takes the number out of PyTorch.",
            (
                _summary(_MEAN_0, _MEAN_1, lambda s: s.mean().item()),
                _summary(lambda s: s.mean(0).tolist(), lambda s: s.mean(1).tolist(), lambda s: s.mean().item()),
            ),
        ),
    ),
)
