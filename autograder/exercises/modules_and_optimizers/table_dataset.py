"""Lesson 8: a data set of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import Dataset

from autograder.exercise import Draw, Exercise, Mistake, apply
from course_utils.probes.loaders import TRANSFORMS, run_dataset


def _dataset_cases(draw: Draw) -> Iterator[dict]:
    def case(features: torch.Tensor, labels: torch.Tensor, transform: str | None, *looks: int) -> dict:
        return {"features": features, "labels": labels, "transform": transform, "looks": list(looks)}

    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    yield case(rows, torch.tensor([0, 20, 10]), None, 0, 2, -1)
    yield case(rows, torch.tensor([0, 20, 10]), "x * 2", 1, 1, -3)
    yield case(rows, torch.tensor([0, 20, 10]), "x + torch.rand(x.shape)", 1, 1)
    n, d, e = draw.sizes(3)
    for transform in (None, *TRANSFORMS):
        yield case(draw.normal(n, d), draw.integers(9, n), transform, *_looks(draw, n))
        yield case(draw.normal(n, d, e), draw.normal(n, 1), transform, *_looks(draw, n))
    yield case(apply(draw.normal(n, d), "double"), draw.integers(9, n), "x - x.mean()", *_looks(draw, n))
    yield case(draw.integers(17, n, d), draw.integers(9, n), "x * 2", *_looks(draw, n))
    yield case(draw.normal(n), draw.normal(n), "x * 2", *_looks(draw, n))
    yield case(draw.wide(40, 3), draw.integers(9, 40), "x * 2", *_looks(draw, 40))
    yield case(draw.normal(1, 1), draw.integers(9, 1), "x + torch.rand(x.shape)", 0, 0, -1)


def _looks(draw: Draw, n: int) -> list[int]:
    """Indices of rows, from both ends, one of them twice."""
    return [0, n - 1, -1, -n, again := draw.size(0, n - 1), again, draw.size(0, n - 1) - n]


def _dataset(
    base: type = Dataset,
    keep: Callable = lambda features, transform: features,
    row: Callable = lambda kept, transform, i: kept[i] if transform is None else transform(kept[i]),
    label: Callable = lambda labels, transform, i: labels[i],
    length: Callable = lambda features, labels: len(features),
    sample: Callable = lambda x, y: (x, y),
) -> Any:
    """A data set with one or more of its parts changed.

    Args:
        keep: what is kept of the features.
        row, label: what is given for one index.
        sample: how both are put together.
    """

    class TableDataset(base):
        def __init__(self, features: torch.Tensor, labels: torch.Tensor, transform: Callable | None = None):
            self.kept, self.features, self.labels = keep(features, transform), features, labels
            self.transform = transform

        def __len__(self) -> int:
            return length(self.features, self.labels)

        def __getitem__(self, i: int) -> Any:
            return sample(row(self.kept, self.transform, i), label(self.labels, self.transform, i))

    return TableDataset


def _transformed(x: torch.Tensor, transform: Callable | None) -> torch.Tensor:
    return x if transform is None else transform(x)


def _each_at_once(features: torch.Tensor, transform: Callable | None) -> torch.Tensor:
    return torch.stack([_transformed(x, transform) for x in features])


def _as_kept(kept: torch.Tensor, transform: Callable | None, i: int) -> torch.Tensor:
    return kept[i]


def _written_back(kept: torch.Tensor, transform: Callable | None, i: int) -> torch.Tensor:
    kept[i] = _transformed(kept[i], transform)
    return kept[i]


class _Remembering(Dataset):
    """Transforms a row when somebody first looks at it, and gives the same again."""

    def __init__(self, features: torch.Tensor, labels: torch.Tensor, transform: Callable | None = None):
        self.features, self.labels, self.transform, self.known = features, labels, transform, {}

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, i: int) -> tuple:
        if i not in self.known:
            self.known[i] = _transformed(self.features[i], self.transform)
        return self.known[i], self.labels[i]


class _TransformOfAPair(_Remembering):
    def __getitem__(self, i: int) -> tuple:
        sample = self.features[i], self.labels[i]
        return self.transform(*sample) if self.transform else sample


def _without_length() -> type:
    class TableDataset(Dataset):
        def __init__(self, features: torch.Tensor, labels: torch.Tensor, transform: Callable | None = None):
            self.features, self.labels, self.transform = features, labels, transform

        def __getitem__(self, i: int) -> tuple:
            return _transformed(self.features[i], self.transform), self.labels[i]

    return TableDataset


def _keeping_nothing() -> type:
    class TableDataset(Dataset):
        def __init__(self, features: torch.Tensor, labels: torch.Tensor, transform: Callable | None = None):
            pass

        def __len__(self) -> int:
            return len(self.features)

        def __getitem__(self, i: int) -> tuple:
            return _transformed(self.features[i], self.transform), self.labels[i]

    return TableDataset


def _counting_from_the_front(values: torch.Tensor, i: int) -> torch.Tensor:
    if i < 0:
        raise IndexError(i)
    return values[i]


def _at(place: Callable[[torch.Tensor, int], int | torch.Tensor]) -> Any:
    """Looks at another place of both tensors."""
    return _dataset(
        row=lambda kept, transform, i: _transformed(kept[place(kept, i)], transform),
        label=lambda labels, transform, i: labels[place(labels, i)],
    )


TABLE_DATASET = Exercise(
    name="TableDataset",
    lesson="08_modules_and_optimizers",
    reference=_dataset(),
    cases=_dataset_cases,
    probe=run_dataset,
    contracts=(),
    mistakes=(
        Mistake(
            "transform once, at construction",
            "Two looks at one row give the same numbers, though the transform draws new noise each time: yours ran "
            "when the data set was made. In which method does it run on every look?",
            (
                _dataset(keep=_each_at_once, row=_as_kept),
                _dataset(keep=_transformed, row=_as_kept),
                _Remembering,
            ),
        ),
        Mistake(
            "labels transformed",
            "The transform is for the features. What happens to the label in your __getitem__?",
            (
                _dataset(label=lambda labels, transform, i: _transformed(labels[i], transform)),
                _dataset(
                    row=lambda kept, transform, i: kept[i],
                    label=lambda labels, transform, i: _transformed(labels[i], transform),
                ),
                _TransformOfAPair,
            ),
        ),
        Mistake(
            "transform of the whole table",
            "The transform is given all rows at once, and should be given one. Do you choose the row before it or "
            "after it?",
            _dataset(row=lambda kept, transform, i: _transformed(kept, transform)[i]),
        ),
        Mistake(
            "transform not used",
            "The features come as they were stored. Where does what the transform gives go into the sample?",
            _dataset(row=lambda kept, transform, i: kept[i]),
        ),
        Mistake(
            "crashes without a transform",
            "Without a transform self.transform is None, and None can't be called. What is the row then?",
            _dataset(row=lambda kept, transform, i: transform(kept[i])),
        ),
        Mistake(
            "transformed twice",
            "The transform ran twice on one look. How often is it called in your class?",
            (
                _dataset(row=lambda kept, transform, i: _transformed(_transformed(kept[i], transform), transform)),
                _dataset(keep=_each_at_once),
            ),
        ),
        Mistake(
            "writes into the features",
            "What was transformed is stored in the place of the row, so the next look transforms it again. What does "
            "your __getitem__ assign to?",
            (
                _dataset(row=_written_back),
                _dataset(keep=lambda features, transform: features.clone(), row=_written_back),
            ),
        ),
        Mistake(
            "negative index wrong",
            "data[-1] is the last row, as in a list. What does your code do with an index below 0?",
            (
                _at(lambda values, i: abs(i)),
                _at(lambda values, i: -i - 1 if i < 0 else i),
                _at(lambda values, i: max(i, 0)),
                _at(lambda values, i: i % (len(values) + 1) if len(values) > 1 else 0),
                _dataset(
                    row=lambda kept, transform, i: _transformed(_counting_from_the_front(kept, i), transform),
                ),
            ),
        ),
        Mistake(
            "length of a row",
            "len() is the number of samples. Which dim of the features counts them?",
            (
                _dataset(length=lambda features, labels: features.shape[-1]),
                _dataset(length=lambda features, labels: features.numel()),
            ),
        ),
        Mistake(
            "length off by one",
            "len() is the number of samples, from the first to the last. How many rows do the features have?",
            (
                _dataset(length=lambda features, labels: len(features) - 1),
                _dataset(length=lambda features, labels: len(features) + len(labels)),
            ),
        ),
        Mistake(
            "no __len__",
            "len(data) asks for a method with two underscores on each side of its name. Is there one in your class?",
            _without_length(),
        ),
        Mistake(
            "nothing kept",
            "__init__ gets the features, and later they are not there: a name without `self.` is gone when __init__ "
            "ends. What does yours keep, and under which name?",
            _keeping_nothing(),
        ),
        Mistake(
            "the label as a number",
            "The label is right, and came as a Python number: .item() and .tolist() take it out of its tensor, and its "
            "dtype is lost. What gives labels[i] alone?",
            _dataset(label=lambda labels, transform, i: labels[i].tolist()),
        ),
        Mistake(
            "features alone",
            "A sample is a pair: the features of one row, and its label. What is missing?",
            (_dataset(sample=lambda x, y: x), _dataset(sample=lambda x, y: y)),
        ),
        Mistake(
            "label first",
            "The features come first, then the label: whoever unpacks x, y expects that order.",
            _dataset(sample=lambda x, y: (y, x)),
        ),
        Mistake(
            "a batch of one",
            "A sample has no batch dim: the loader adds it when it stacks samples. What does x[i:i + 1] keep?",
            (
                _dataset(
                    row=lambda kept, transform, i: _transformed(kept[i : i + 1 or None], transform),
                    label=lambda labels, transform, i: labels[i : i + 1 or None],
                ),
                _dataset(row=lambda kept, transform, i: _transformed(kept[i : i + 1 or None], transform)),
                _at(lambda values, i: [i]),
            ),
        ),
        Mistake(
            "everything in one sample",
            "One index asks for one row, and you give all of them. Where does your __getitem__ use the index?",
            (
                _dataset(row=lambda kept, transform, i: _transformed(kept, transform)),
                _dataset(label=lambda labels, transform, i: labels),
                _dataset(
                    row=lambda kept, transform, i: _transformed(kept, transform),
                    label=lambda labels, transform, i: labels,
                ),
            ),
        ),
        Mistake(
            "no Dataset",
            "It works like a data set, and does not say that it is one. What stands in the parentheses behind the "
            "name of the class?",
            _dataset(base=object),
        ),
    ),
)
