"""Whether the batches of an epoch keep the rules, in whatever order the rows come."""

from __future__ import annotations

from typing import Any

import torch

from autograder.exercises.measures import has_values, items, measured, without_values
from course_utils.probes import Case, Observation

ENOUGH_ROWS = 20  # so many rows fall into the same order twice by chance less than once in 10^18 times


def measure_batches(case: Case, got: Observation) -> Observation:
    """For what `run_batches` brings.

    Parts: ``batches`` (each a list of its tensors, without values), rules about the order of the rows, ``arguments``.
    """
    epochs = items(got, "epochs", 4)
    parts = {"batches": _without_values(epochs[0])}
    if not all(map(is_epoch, epochs)):
        return measured(got, parts)
    if any(has_too_many_rows(epoch, case.args["X"]) for epoch in epochs):
        parts["every row comes exactly once"] = False
    else:
        parts |= _order_rules(*epochs, case.args["X"], case.args["y"])
    return measured(got, parts)


def is_epoch(batches: Any) -> bool:
    """Whether it is a list of batches, each a pair of tensors with at least one dim."""
    return isinstance(batches, list) and all(
        isinstance(batch, (tuple, list)) and len(batch) == 2 and all(has_values(t) and t.dim() > 0 for t in batch)
        for batch in batches
    )


def has_too_many_rows(epoch: list, X: torch.Tensor) -> bool:
    """Whether an epoch has so many rows that no mistake explains them, and to look at each would take long."""
    return sum(len(t) for batch in epoch for t in batch) > 4 * len(X) + ENOUGH_ROWS


def rows_of(t: torch.Tensor, whole: torch.Tensor) -> list[tuple]:
    """Each row of ``t`` (n, ...) as a tuple; an empty one for rows of another size than those of ``whole``."""
    if t[:1].numel() != whole[:1].numel():
        return [()] * len(t)
    return [tuple(row) for row in t.reshape(len(t), -1).tolist()]


def _order_rules(first: list, second: list, again: list, other: list, X: torch.Tensor, y: torch.Tensor) -> dict:
    """Which rules about the order of the rows hold. About chance only where there are `ENOUGH_ROWS`."""
    rows = [_rows(batches, 0, X) for batches in (first, second, again, other)]
    flat = [[row for batch in epoch for row in batch] for epoch in rows]
    every = list(range(len(X)))
    many = len(X) >= ENOUGH_ROWS
    neighbours = sum(abs(a - b) == 1 for a, b in zip(flat[0], flat[0][1:], strict=False))
    together = [set(map(frozenset, epoch)) for epoch in rows]
    mixed = len(rows[0]) in (1, len(X)) or together[0] != together[1]
    return {
        "every row comes exactly once": all(sorted(order) == every for order in flat),
        "a row of X comes with its own y": all(
            _rows(batches, 0, X) == _rows(batches, 1, y) for batches in (first, second, again, other)
        ),
        "the same generator gives the same order": flat[0] == flat[2],
        "the next epoch has another order": not many or flat[0] != flat[1],
        "another generator gives another order": not many or flat[0] != flat[3],
        "any rows can share a batch": not many or (mixed and neighbours < len(X) / 2),
    }


def _rows(batches: list, part: int, whole: torch.Tensor) -> list[list[int]]:
    """For each batch, where its rows stand in ``whole`` (n, ...); -1 for a row that is not there."""
    known = {row: i for i, row in enumerate(rows_of(whole, whole))}
    return [[known.get(row, -1) for row in rows_of(batch[part], whole)] for batch in batches]


def _without_values(batches: Any) -> Any:
    """Batches as lists of tensors that keep shape and dtype alone."""
    if not isinstance(batches, list):
        return batches
    return [[without_values(t) for t in b] if isinstance(b, (tuple, list)) else b for b in batches]
