"""Probe for a function that splits rows at random and gives a loader for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import torch

from course_utils.probes.core import Case, Observation, Seed, observe, prepare, with_flags

ENOUGH_ROWS = 20  # so many rows fall into the same order twice by chance less than once in 10^18 times

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
SHUFFLES = "the training rows come in another order each epoch"
MIXES = "any two training rows can share a batch"
STEADY = "the validation rows come in the same order each epoch"


def run_make_loaders(candidate: Callable, case: Case) -> Observation:
    """Ask for loaders with one generator twice and with another one, and go through two epochs of each.

    Any random split is right, so what is recorded are rules. The case's arguments, those of the candidate: ``X``,
    whose rows all differ, so that each can be recognised; ``y``; ``batch_size``; ``val_fraction``; ``generator``, a
    `Seed`.

    Parts: ``result`` (whether it is a pair), rules, ``arguments``.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    X, y, seed = args["X"], args["y"], case.args["generator"]

    def body() -> dict[str, Any]:
        made = []
        for i, seed_now in enumerate((seed, seed, Seed(seed.value + 1))):
            torch.default_generator.manual_seed(i)  # the split is the other generator's alone
            loaders = candidate(X, y, args["batch_size"], args["val_fraction"], prepare(seed_now))
            if not (isinstance(loaders, (tuple, list)) and len(loaders) == 2):
                return {"result": loaders}
            if not all(isinstance(loader, Iterable) for loader in loaders):
                return {"result": ("train", "val"), LOADERS: False}
            made.append(tuple([list(islice(loader, len(X) + 2)) for _ in range(2)] for loader in loaders))
        parts: dict[str, Any] = {"result": ("train", "val"), LOADERS: True}
        if not all(_holds_tensors(batch) for loaders in made for epochs in loaders for e in epochs for batch in e):
            return parts | {PAIRS: False}
        train, val = made[0]
        parts |= {PAIRS: True, AGAIN: all(len(one) == len(two) for one, two in made[0])}
        parts |= _whole(train[0], val[0], args) | _random(made, X)
        return parts | {"arguments": {"X": with_flags(X), "y": with_flags(y)}}

    return observe(body, case)


def _whole(train: list, val: list, args: dict[str, Any]) -> dict[str, bool]:
    """The rules about one epoch: whether rows, labels and sizes are as they should."""
    X, y, size = args["X"], args["y"], args["batch_size"]
    left, right = _rows(train, X), _rows(val, X)
    labels = [label for _, by in train + val for label in by]
    return {
        AS_THEY_ARE: -1 not in left + right,
        NO_OVERLAP: not set(left) & set(right),
        ONCE: len(set(left)) == len(left) and len(set(right)) == len(right),
        NONE_MISSING: set(left) | set(right) == set(range(len(X))),
        OWN_LABEL: len(labels) == len(left + right)
        and all(torch.equal(label, y[row]) for label, row in zip(labels, left + right, strict=True)),
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
    held, again, other = (sorted(_rows(val_epochs[0], X)) for _, val_epochs in made)
    edges = [list(range(len(held))), list(range(len(X) - len(held), len(X)))]
    together = [{frozenset(_rows([batch], X)) for batch in epoch} for epoch in made[0][0]]
    mixed = len(together[0]) in (1, len(train[0])) or together[0] != together[1]
    return {
        NOT_IN_ORDER: not many or held not in edges,
        SAME: held == again,
        OTHER: not many or held != other,
        STEADY: val[0] == val[1],
        SHUFFLES: not many_train or train[0] != train[1],
        MIXES: not many_train or mixed,
    }


def _rows(batches: list, X: torch.Tensor) -> list[int]:
    """Where the rows of the batches stand in X (n, ...); -1 for a row that is not there."""
    known = {tuple(row.flatten().tolist()): i for i, row in enumerate(X)}
    return [known.get(tuple(row.flatten().tolist()), -1) for bx, _ in batches for row in bx]


def _kind(rows: torch.Tensor) -> tuple:
    return rows.dtype, rows.shape[1:]


def _holds_tensors(batch: Any) -> bool:
    return (
        isinstance(batch, (tuple, list))
        and len(batch) == 2
        and all(isinstance(t, torch.Tensor) and t.dim() > 0 for t in batch)
    )
