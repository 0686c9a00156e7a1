"""A random split into training and validation, each with a loader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Subset, TensorDataset

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.loaders import measure_loaders
from autograder.exercises.training.common import (
    LESSON,
)
from course_utils.probes import Seed
from course_utils.probes.loaders import run_make_loaders


def _make_loaders_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "X": torch.arange(10.0, 18.0)[:, None],
        "y": torch.tensor([0, 1, 0, 1, 0, 1, 0, 1]),
        "batch_size": 4,
        "val_fraction": 0.25,
        "generator": Seed(9),
    }
    for n, batch_size, fraction, shape in [
        (draw.size(41, 47), 8, 0.2, (3,)),
        (draw.size(30, 36), 7, 0.5, (2, 3)),
        (draw.size(50, 59), 16, draw.uniform(0.1, 0.45), (1,)),
        (40, 10, 0.25, (2,)),
        (30, 50, 0.3, (4,)),
        (25, 3, 0.8, (2,)),
    ]:
        rows = {"X": draw.normal(n, *shape), "y": draw.integers(5, n)}
        yield rows | {"batch_size": batch_size, "val_fraction": fraction, "generator": Seed(draw.seed())}
    rows = {"X": draw.normal(33, 2), "y": draw.normal(33, 1)}
    yield rows | {"batch_size": 6, "val_fraction": 0.4, "generator": Seed(draw.seed())}


def _order(n: int, how: str, generator: torch.Generator) -> torch.Tensor:
    if how == "in order":
        return torch.arange(n)
    if how == "global":
        return torch.randperm(n)
    own = {"restarted": generator.initial_seed()}.get(how, 0)
    return torch.randperm(n, generator=generator if how == "random" else torch.Generator().manual_seed(own))


def _loaders(
    how: str = "random", val_at: str = "end", shuffle: tuple[bool, bool] = (True, False), **settings: Any
) -> Callable:
    """A right `make_loaders`, or one with some of its parts changed."""

    def make_loaders(X: Any, y: Any, batch_size: int, val_fraction: float, generator: Any) -> tuple:
        n, n_val = len(X), round(val_fraction * len(X))
        if settings.get("fraction") == "train":
            n_val = n - n_val
        order = _order(n, how, generator)
        train, val = (order[n_val:], order[:n_val]) if val_at == "start" else (order[: n - n_val], order[n - n_val :])
        overlap = settings.get("overlap")
        if overlap == "all":
            train = order
        elif overlap:
            val = _order(n, how, generator)[:n_val] if overlap == "two draws" else order[:n_val]
        labels = y[order] if settings.get("labels") == "apart" else y
        data = TensorDataset(X, labels)
        options = {"batch_size": settings.get("batch_size", batch_size), "drop_last": settings.get("drop_last", False)}
        loaders = (
            DataLoader(Subset(data, train.tolist()), shuffle=shuffle[0], generator=generator, **options),
            DataLoader(Subset(data, val.tolist()), shuffle=shuffle[1], **options),
        )
        return loaders[::-1] if settings.get("swapped") else loaders

    return make_loaders


MAKE_LOADERS = Exercise(
    name="make_loaders",
    lesson=LESSON,
    left_out={"large": "rows are passed on as they are", "zero": "rows have to differ"},
    reference=_loaders(),
    cases=_make_loaders_cases,
    contracts=(),
    probe=run_make_loaders,
    measure=measure_loaders,
    mistakes=(
        Mistake(
            "split in order",
            "The rows are split as they lie in X. If they are sorted by label, which digits does validation never "
            "see? A random permutation (or random_split) comes first.",
            (
                _loaders("in order"),
                _loaders("in order", val_at="start"),
                _loaders("in order", shuffle=(False, False)),
                _loaders("in order", val_at="start", shuffle=(False, False)),
            ),
        ),
        Mistake(
            "val shuffled",
            "The validation rows change their order. Only training needs a shuffle: which loader gets shuffle=True?",
            (_loaders(shuffle=(True, True)), _loaders(shuffle=(False, True))),
        ),
        Mistake(
            "overlap",
            "Some rows are in both loaders. A row that a model has seen is no test of it any more: take both parts "
            "from one permutation.",
            (
                _loaders(overlap="all"),
                _loaders(overlap="two draws"),
                _loaders(overlap="start"),
                _loaders("in order", overlap="start"),
                _loaders("in order", overlap="all"),
            ),
        ),
        Mistake(
            "train not shuffled",
            "The training rows come in the same order each epoch. What does shuffle= do?",
            _loaders(shuffle=(False, False)),
        ),
        Mistake(
            "generator ignored",
            "The split does not follow from the generator that was given. Who draws your permutation?",
            (_loaders("global"), _loaders("own seed"), _loaders("global", val_at="start")),
        ),
        Mistake(
            "the same split again",
            "A generator that was used goes on where it is. Yours begins again at its first seed, so that every call "
            "gives the same split.",
            (_loaders("restarted"), _loaders("restarted", val_at="start")),
        ),
        Mistake(
            "val_fraction taken for training",
            "val_fraction is the share that is held back for validation. Which part did you make that large?",
            (_loaders(fraction="train"), _loaders(fraction="train", val_at="start")),
        ),
        Mistake(
            "loaders swapped",
            "The first loader is the one for training. In which order do you return them?",
            _loaders(swapped=True),
        ),
        Mistake(
            "rows dropped",
            "A last batch with fewer rows counts too. What does drop_last=True do?",
            _loaders(drop_last=True),
        ),
        Mistake(
            "batch_size ignored",
            "How many rows does DataLoader put into a batch when nobody says batch_size?",
            _loaders(batch_size=1),
        ),
        Mistake(
            "labels shuffled apart",
            "A row of X comes with another row's label. Permute both with the same indices.",
            _loaders(labels="apart"),
        ),
    ),
)
