"""Dropout with a generator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.numerals import number, numbers
from course_utils.probes import Seed


def _dropout_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.ones(8), "p": 0.25, "training": True, "generator": Seed(7)}
    yield {"x": torch.tensor([1.0, 2.0, 3.0]), "p": 0.4, "training": False, "generator": Seed(7)}
    a, b, c = draw.sizes(3, 3, 9)
    for shape, p, training in [
        ((a, b), 0.1, True),
        ((a, b, c), draw.uniform(0.6, 0.9), True),
        ((a, b), 0.5, True),
        ((1,), draw.uniform(0.1, 0.4), True),
        ((c, 1), draw.uniform(0.1, 0.4), True),
        ((a, b), 0.0, True),
        ((a, b), draw.uniform(0.6, 0.9), False),
        ((a, b, c), 0.1, False),
        ((20, 30), draw.uniform(0.2, 0.4), True),
    ]:
        used = Seed(draw.seed(), drawn=draw.size())
        yield {"x": draw.normal(*shape, mean=3.0), "p": p, "training": training, "generator": used}
    yield {"x": draw.wide(5, 40), "p": 0.3, "training": True, "generator": Seed(draw.seed())}


def _dropped(args: Mapping[str, Any], got: torch.Tensor, expected: torch.Tensor) -> str | None:
    if got.numel() > 12 or not args["training"]:
        return None
    return f"returned {numbers(got)}; expected {numbers(expected)} (1 / (1 - p) is {number(1 / (1 - args['p']))})"


def _drawn(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(x.shape, generator=generator)


def _restarted(generator: torch.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(generator.initial_seed())


def _masked(
    keep_if: Any = torch.ge, scale: Any = lambda p: 1 / (1 - p), evaluation: Any = lambda x, p: x, drawn: Any = _drawn
) -> Any:
    """A dropout with one or more of its parts changed."""

    def wrong(x: torch.Tensor, p: float, training: bool, generator: torch.Generator) -> torch.Tensor:
        if not training and evaluation:
            return evaluation(x, p)
        u = drawn(x, generator)
        return x * keep_if(u, p) * scale(p)

    return wrong


DROPOUT = Exercise(
    name="dropout",
    lesson="07_layers",
    reference=_masked(),
    cases=_dropout_cases,
    fact=_dropped,
    contracts=("gradients",),  # the draws of another dtype or layout may differ, and the generator has a device
    forbidden=(
        *("dropout", "dropout1d", "dropout2d", "dropout3d", "native_dropout", "fused_dropout"),
        *("alpha_dropout", "feature_dropout", "feature_alpha_dropout"),
    ),
    instead="torch.rand, a comparison and a product",
    mistakes=(
        Mistake(
            "no scaling",
            "The right entries are dropped, but the others are not scaled. By how much must they grow so that the mean "
            "stays what it was?",
            (_masked(scale=lambda p: 1.0), _masked(scale=lambda p: 1.0, evaluation=lambda x, p: x * (1 - p))),
        ),
        Mistake(
            "active in evaluation",
            "With training=False nothing is dropped or scaled: x comes back as it is. Where do you look at `training`?",
            (
                _masked(evaluation=None),
                _masked(evaluation=None, scale=lambda p: 1.0),
                _masked(evaluation=lambda x, p: x * (1 - p)),
                _masked(evaluation=lambda x, p: x / (1 - p)),
                _masked(evaluation=lambda x, p: torch.zeros_like(x)),
            ),
        ),
        Mistake(
            "keeps with probability p",
            "p is the probability of dropping. Which entries does your comparison keep?",
            (
                _masked(keep_if=torch.lt),
                _masked(keep_if=torch.lt, scale=lambda p: 1 / p if p else 0.0),
                _masked(keep_if=torch.lt, scale=lambda p: 1.0),
                _masked(keep_if=torch.lt, scale=lambda p: 1 / p if p else math.inf),
            ),
        ),
        Mistake(
            "drops other entries",
            "The draws are right, the comparison drops other entries than asked: drop where torch.rand(x.shape, "
            "generator=generator) < p.",
            _masked(keep_if=lambda u, p: u < 1 - p),
        ),
        Mistake(
            "scales by 1 / p",
            "A share of 1 - p is kept. What must the kept entries be divided by?",
            (
                _masked(scale=lambda p: 1 / p if p else math.inf),
                _masked(scale=lambda p: 1 / p if p else 1.0),
            ),
        ),
        Mistake(
            "scales by another factor",
            "The right entries are kept, but not scaled by 1 / (1 - p). Is the factor above 1 in your code?",
            (_masked(scale=lambda p: 1 - p), _masked(scale=lambda p: p), _masked(scale=lambda p: 1 + p)),
        ),
        Mistake(
            "training and evaluation exchanged",
            "Your code drops in evaluation and does nothing in training. Which way round is `if training`?",
            lambda x, p, training, generator: _masked()(x, p, not training, generator),
        ),
        Mistake(
            "scales by 2",
            "A factor of 2 is right for p = 0.5 alone. What is it for any p?",
            _masked(scale=lambda p: 2.0),
        ),
        Mistake(
            "right only for p = 0.5",
            "Your code does not look at p: it drops half of the entries. Where does p come in?",
            (
                _masked(keep_if=lambda u, p: u >= 0.5),
                _masked(keep_if=lambda u, p: u >= 0.5, scale=lambda p: 2.0),
            ),
        ),
        Mistake(
            "one mask for all rows",
            "Every row loses the same entries. Which shape must the draws have, so that each entry has one of its own?",
            (
                _masked(drawn=lambda x, generator: torch.rand(x.shape[-1:], generator=generator)),
                _masked(drawn=lambda x, generator: torch.rand(x.shape[:1], generator=generator)),
                _masked(drawn=lambda x, generator: torch.rand(1, generator=generator)),
            ),
        ),
        Mistake(
            "generator ignored",
            "The mask does not come from the generator: the same generator must give the same mask.",
            _masked(drawn=lambda x, generator: torch.rand_like(x)),
        ),
        Mistake(
            "the same mask again",
            "A generator that was used goes on where it is. Yours begins again at its first seed, so that every call "
            "drops the same entries. What does `torch.rand(..., generator=generator)` do?",
            _masked(drawn=lambda x, generator: torch.rand(x.shape, generator=_restarted(generator))),
        ),
    ),
)
