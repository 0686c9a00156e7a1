"""One call of an answer, beside what the reference did with the same inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from autograder.judge.compare import Difference
from course_utils.probes import Case, Observation


@dataclass(frozen=True)
class Trial:
    """One case, what the learner's code did with it, and how that differs from the reference (None: it does not)."""

    case: Case
    expected: Observation
    got: Observation
    difference: Difference | None
    hidden: bool


_TENSORS_MADE = ("gradients", "float64", "strided", "leaf")  # modes that show only with the tensors they make


def is_tried(trial: Trial) -> bool:
    """Whether the case's mode made its inputs other than plain ones: whole numbers have no gradient."""
    if trial.case.mode == "gradients" and not trial.expected.parts.get("gradients", True):
        return False
    kind = {"strided": lambda t: t.numel() > 1}.get(trial.case.mode, torch.Tensor.is_floating_point)
    return trial.case.mode not in _TENSORS_MADE or any(map(kind, tensors_in(trial.case.args)))


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in the arguments of a case."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
