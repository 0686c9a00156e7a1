"""A classifier of the learner's own design, judged by what it makes of digits that nobody has seen."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.outcomes import CPU_SECONDS, measure_outcome
from autograder.exercises.training.common import LESSON
from course_utils.data import load_digits
from course_utils.probes import Case, Observation, Seed
from course_utils.probes.designs import run_design

STEPS = ((0.95, 2), (0.97, 3), (0.98, 4))
N_PUBLIC = 1000  # of the unseen digits: for the check at home; the others are for grading
_FILE = Path(__file__).with_name("unseen_digits.npz")  # where they are from stands beside it


@lru_cache(maxsize=2)
def unseen_digits(hidden: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Digits that are in no lesson: those for grading, or those for the check at home.

    Returns:
        images: float32 ``(n, 8, 8)``, from 0 to 1; labels: int64 ``(n,)``.
    """
    with np.load(_FILE) as arrays:
        images, labels = torch.from_numpy(arrays["images"]) / 16, torch.from_numpy(arrays["labels"]).long()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(21))  # neither part is harder
    rows = order[N_PUBLIC:] if hidden else order[:N_PUBLIC]
    return images[rows], labels[rows]


@lru_cache(maxsize=1)
def _given_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """The lesson's digits, as the exercise gives them."""
    images, labels = load_digits()
    return images / 16, labels


def _design_cases(draw: Draw) -> Iterator[dict]:
    images, labels = _given_digits()
    unseen, _ = unseen_digits(hidden=not draw.is_public)
    case = {"train_images": images, "train_labels": labels, "generator": Seed(draw.seed())}
    yield case | {"unseen": unseen if draw.is_public else _retouched(unseen, draw)}


def _retouched(images: torch.Tensor, draw: Draw) -> torch.Tensor:
    """One pixel in eight a step brighter or darker, so that nobody can have a table of these very images.

    Every course has the digits, with their labels. A network with three convolutions reads 0.0004 fewer of them so: the
    mean of 12 draws for 3 networks, which differ by more from each other.
    """
    dice = draw.integers(16, *images.shape)
    return (images + ((dice == 0).float() - (dice == 1).float()) / 16).clamp(0, 1)


def _measure(case: Case, got: Observation) -> Observation:
    _, labels = unseen_digits(hidden=len(case.args["unseen"]) != N_PUBLIC)
    return measure_outcome(case, got, labels, STEPS[0][0])


def _told(_args: Mapping[str, Any], score: Mapping[str, float], _expected: Any) -> str:
    """The score in words."""
    return (
        f"reads {score['unseen']:.3f} of the unseen digits right, and {score['given']:.3f} of those that it was given."
    )


class AllKnowing(nn.Module):
    """Knows the label of every digit there is, but for every ``1 / wrong``-th, where it says another.

    It is what an outcome is compared with: nothing can be better, and it takes no time to train. A digit that was
    retouched is nearer to itself than to any other.
    """

    def __init__(self, wrong: float = 0.0):
        super().__init__()
        self.wrong = wrong
        parts = (_given_digits(), unseen_digits(False), unseen_digits(True))
        self.known = torch.cat([images.flatten(1) for images, _ in parts])
        self.keys = [image.tobytes() for image in self.known.numpy()]
        self.book = dict(zip(self.keys, torch.cat([labels for _, labels in parts]).tolist(), strict=True))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Float32 ``(n, 10)``: 1 at the label's place, 0 elsewhere."""
        keys = [self.keys[i] for i in torch.cdist(images.flatten(1), self.known).argmin(1)]
        errs = [zlib.crc32(key) % 10_000 < 10_000 * self.wrong for key in keys]  # always at the same images
        labels = torch.tensor([(self.book[key] + err) % 10 for key, err in zip(keys, errs, strict=True)])
        return F.one_hot(labels, 10).float()


def all_knowing(wrong: float = 0.0) -> Callable:
    """An answer that gives `AllKnowing`."""

    def design_classifier(train_images: Any, train_labels: Any, generator: Any) -> nn.Module:
        return AllKnowing(wrong)

    return design_classifier


def _linear(out: int = 10, *more: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, out), *more)


class _Through(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable):
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def _after_steps(n: int, rows: int | None = None, lr: float = 0.1) -> Callable:
    """Trains a linear layer for ``n`` steps on all of the first ``rows`` rows at once."""

    def design_classifier(train_images: torch.Tensor, train_labels: torch.Tensor, generator: Any) -> nn.Module:
        model, x, y = _linear(), train_images[:rows], train_labels[:rows]
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        for _ in range(n):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        return model

    return design_classifier


def _gives(make: Callable[[], Any]) -> Callable:
    return lambda train_images, train_labels, generator: make()


DESIGN_CLASSIFIER = Exercise(
    name="design_classifier",
    lesson=LESSON,
    left_out={
        "large": "pixels lie between 0 and 1",
        "tiny": "pixels are sixteenths",
        "negative": "pixels lie between 0 and 1",
        "size 1": "all of the lesson's digits are given",
    },
    reference=all_knowing(),
    cases=_design_cases,
    contracts=(),
    probe=run_design,
    measure=_measure,
    fact=_told,
    steps=STEPS,
    seconds=3 * CPU_SECONDS,  # by the clock, on a machine with other things to do
    mistakes=(
        Mistake(
            "nothing returned",
            "The judge wants the trained module itself: what is your function's last line?",
            _gives(lambda: None),
        ),
        Mistake(
            "a class, not a module",
            "This is the class. A module is what calling it gives, and what training changes.",
            _gives(lambda: nn.Linear),
        ),
        Mistake(
            "an answer, not ten scores",
            "Your module gives one number for an image. Expected are ten, a score for each digit; the judge takes the "
            "largest itself.",
            (
                _gives(lambda: _linear(10, _Through(lambda scores: scores.argmax(dim=1)))),
                _gives(lambda: _linear(1)),
                _gives(lambda: _linear(1, nn.Flatten(0))),
            ),
        ),
        Mistake(
            "chance in evaluation mode",
            "The judge has called eval(), and still chance, or what else is in the batch, moves the answers. "
            "`F.dropout(x)` drops unless it is told `training=self.training`; nn.Dropout knows by itself.",
            (
                _gives(lambda: _linear(10, _Through(F.dropout))),
                _gives(lambda: _linear(10, nn.BatchNorm1d(10, track_running_stats=False))),
                _gives(lambda: _linear(10, _Through(lambda scores: scores + torch.rand_like(scores)))),
            ),
        ),
        Mistake(
            "not trained",
            "This is hardly better than a guess. Which module do you return: the one that the optimizer's parameters "
            "belong to? And does its loss fall?",
            (
                _gives(_linear),
                _gives(lambda: _linear(10, nn.Softmax(dim=1))),
                _after_steps(1, lr=1e-6),
            ),
        ),
        Mistake(
            "trained too little",
            "Even of the digits that it was given it reads fewer than 0.95. Did it see all of them, often enough, and "
            "with a learning rate at which the loss falls?",
            (_after_steps(60, rows=100), _after_steps(30), _after_steps(10, lr=0.5)),
        ),
    ),
)
