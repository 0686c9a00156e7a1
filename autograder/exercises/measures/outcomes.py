"""How good a trained classifier is, on images whose labels only the judge has."""

from __future__ import annotations

from typing import Any

import torch

from autograder.exercise import SCORE
from autograder.exercises.measures import has_values, measured
from course_utils.probes import Case, Observation

GUESSES = 0.35  # the share of right answers, of ten classes, that a module without training does not reach
ENOUGH = 0.95  # the share of the digits given for training that everybody who has learned from them reads
CPU_SECONDS = 20.0
FINITE = "its outputs are finite numbers"
ITS_OWN = "an image gets the same answer again, whatever images are asked about with it"
LEARNED = "it does much better than a guess"
READS_GIVEN = "it reads at least the digits that it was given"


def measure_outcome(case: Case, got: Observation, labels: torch.Tensor, least: float) -> Observation:
    """For what `run_design` brings.

    Parts: ``module``; ``arguments``; ``the shape of its outputs``; rules; ``cpu_seconds``, at least `CPU_SECONDS`. As
    long as all of these are right also the score, the share of right answers to the ``unseen`` images and to those that
    were ``given``; two more rules; ``result``, the share that is not above ``least``.

    Args:
        labels: int64 (n,), of the case's ``unseen`` images.
        least: the share that is enough to pass.
    """
    parts: dict[str, Any] = {"module": got.parts.get("module"), "arguments": got.parts.get("arguments")}
    outputs, again, given = (got.parts.get(name) for name in ("unseen", "again", "given"))
    if parts["module"] != "nn.Module":
        return measured(got, parts)
    parts["the shape of its outputs"] = list(outputs.shape) if isinstance(outputs, torch.Tensor) else outputs
    if not _fits(outputs, len(labels)):
        return measured(got, parts)
    train_labels, seconds = case.args["train_labels"], got.parts.get("cpu_seconds")
    parts[FINITE] = bool(outputs.isfinite().all())
    parts[ITS_OWN] = _fits(again, len(labels)) and _are_close(outputs, again)
    parts["cpu_seconds"] = max(float(seconds), CPU_SECONDS) if isinstance(seconds, (int, float)) else None
    if not (parts[FINITE] and parts[ITS_OWN] and parts["cpu_seconds"] == CPU_SECONDS):
        return measured(got, parts)
    right = _share(outputs, labels)
    right_of_given = _share(given, train_labels) if _fits(given, len(train_labels)) else 0.0
    parts[SCORE] = {"unseen": right, "given": right_of_given}
    parts[LEARNED] = right > GUESSES
    parts[READS_GIVEN] = max(right, right_of_given) >= ENOUGH
    return measured(got, parts | {"result": min(right, least)})


def _fits(outputs: Any, n: int) -> bool:
    return has_values(outputs) and outputs.shape == (n, 10)


def _are_close(outputs: torch.Tensor, again: torch.Tensor) -> bool:
    """Whether both are the same but for rounding, which depends on how many images are asked about at once."""
    first, second = outputs.double(), again.double()
    return bool(torch.isclose(first, second, rtol=1e-3, atol=1e-3 * max(1.0, float(first.abs().max()))).all())


def _share(outputs: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of rows whose largest output stands at the label's place."""
    return float((outputs.double().argmax(dim=1) == labels).double().mean())
