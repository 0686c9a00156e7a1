"""Whether a random split into two loaders keeps the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.exercises.measures import given, measured, same
from autograder.exercises.measures.batches import ENOUGH_ROWS, has_too_many_rows, is_epoch, rows_of
from course_utils.probes import Case, Observation

LOADERS = "both are loaders, to be gone through batch by batch"
PAIRS = "a batch is a pair of tensors, rows of X and their entries of y"
AGAIN = "both loaders can be gone through again"
AS_THEY_ARE = "batches hold rows of X as they are"
NO_OVERLAP = "no row is in both loaders"
NONE_MISSING = "every row is in one of the loaders, also in their last batches"
ONCE = "no row comes twice in an epoch"
OWN_LABEL = "a row of X comes with its own entry of y"
KINDS = "rows keep their shape, and X and y their dtype"
FRACTION = "val_fraction of the rows are in the second loader, within one row"
BATCHES = "batches have batch_size rows, the last one what is left"
NOT_IN_ORDER = "the split is random, not the first or last rows"
SAME = "the same generator gives the same split"
OTHER = "another generator gives another split"
NEXT = "a generator that was drawn from before gives another split"
SHUFFLES = "the training rows come in another order each epoch"
MIXES = "any two training rows can share a batch"
STEADY = "the validation rows come in the same order each epoch"


def measure_loaders(case: Case, got: Observation) -> Observation:
    """For what `run_make_loaders` brings.

    Parts: ``result`` (whether it is a pair), rules, ``arguments``.
    """
    if "result" in got.parts:
        return measured(got, {"result": got.parts["result"]})
    parts: dict[str, Any] = {"result": ("train", "val"), LOADERS: "no loaders" not in got.parts}
    if not parts[LOADERS]:
        return measured(got, parts)
    made = got.parts.get("made")
    parts[PAIRS] = _is_list(made, 4) and all(
        _is_list(loaders, 2) and all(_is_list(epochs, 2) and all(map(is_epoch, epochs)) for epochs in loaders)
        for loaders in made
    )
    if not parts[PAIRS]:
        return measured(got, parts)
    X, y = given(case, got, "X"), given(case, got, "y")
    train, val = made[0]
    parts[AGAIN] = all(len(one) == len(two) for one, two in made[0])
    if any(has_too_many_rows(epoch, X) for loaders in made for epochs in loaders for epoch in epochs):
        return measured(got, parts | {AS_THEY_ARE: True, NO_OVERLAP: True, ONCE: False})
    return measured(got, parts | _whole(train[0], val[0], X, y, case.args) | _random(made, X))


def _is_list(value: Any, n: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == n


def _whole(train: list, val: list, X: torch.Tensor, y: torch.Tensor, args: Mapping[str, Any]) -> dict[str, bool]:
    """The rules about one epoch: whether rows, labels and sizes are as they should."""
    size = args["batch_size"]
    left, right = _rows(train, X), _rows(val, X)
    labels = [label for _, by in train + val for label in by]
    return {
        AS_THEY_ARE: -1 not in left + right,
        NO_OVERLAP: not set(left) & set(right),
        ONCE: len(set(left)) == len(left) and len(set(right)) == len(right),
        NONE_MISSING: set(left) | set(right) == set(range(len(X))),
        OWN_LABEL: len(labels) == len(left + right)
        and all(same(label.double(), y[row].double()) for label, row in zip(labels, left + right, strict=True)),
        KINDS: all(_kind(bx) == _kind(X) and _kind(by) == _kind(y) for bx, by in train + val),
        FRACTION: abs(len(right) - args["val_fraction"] * len(X)) < 1 + 1e-6,
        BATCHES: all(
            [len(bx) for bx, _ in batches] == [size] * (n // size) + [n % size] * (n % size > 0)
            for batches, n in ((train, len(left)), (val, len(right)))
        ),
    }


def _random(made: list, X: torch.Tensor) -> dict[str, bool]:
    """The rules about chance; most can only be told where there are `ENOUGH_ROWS`."""
    train, val = ([_rows(epoch, X) for epoch in epochs] for epochs in made[0])
    many, many_train = len(X) >= ENOUGH_ROWS, len(train[0]) >= ENOUGH_ROWS
    held, again, other, later = (sorted(_rows(val_epochs[0], X)) for _, val_epochs in made)
    edges = [list(range(len(held))), list(range(len(X) - len(held), len(X)))]
    together = [{frozenset(_rows([batch], X)) for batch in epoch} for epoch in made[0][0]]
    mixed = len(together[0]) in (1, len(train[0])) or together[0] != together[1]
    return {
        NOT_IN_ORDER: not many or held not in edges,
        SAME: held == again,
        OTHER: not many or held != other,
        NEXT: not many or held != later,
        STEADY: val[0] == val[1],
        SHUFFLES: not many_train or train[0] != train[1],
        MIXES: not many_train or mixed,
    }


def _rows(batches: list, X: torch.Tensor) -> list[int]:
    """Where the rows of the batches stand in X (n, ...); -1 for a row that is not there."""
    known = {row: i for i, row in enumerate(rows_of(X, X))}
    return [known.get(row, -1) for bx, _ in batches for row in rows_of(bx, X)]


def _kind(rows: torch.Tensor) -> tuple:
    return rows.dtype, rows.shape[1:]
