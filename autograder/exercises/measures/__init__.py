"""What the judge measures on the raw draws, batches and weights that probes bring, for `Exercise.measure`.

A probe runs beside the learner's code, which could make it claim that a rule holds. So rules and statistics are worked
out here, on data that only a right answer has. The data may be forged too: whatever they are, nothing is raised here,
and what does not fit measures as something else than a right answer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from course_utils.probes import Case, Observation

ALWAYS_KEPT = ("arguments", "state", "calls")


def measured(got: Observation, parts: Mapping[str, Any], *kept: str) -> Observation:
    """``got`` with measured ``parts`` in place of its own, but for those ``kept``: no other can be claimed."""
    own = {name: got.parts[name] for name in (*kept, *ALWAYS_KEPT) if name in got.parts and name not in parts}
    return replace(got, parts={**parts, **own})


def items(got: Observation, name: str, n: int) -> list[Any]:
    """The ``n`` raw values of a part; as many None where it holds something else."""
    value = got.parts.get(name)
    return list(value) if isinstance(value, (list, tuple)) and len(value) == n else [None] * n


def has_values(value: Any) -> bool:
    """Whether it is a tensor whose entries can be read as numbers."""
    return isinstance(value, torch.Tensor) and not value.is_meta and not value.is_complex()


def same(a: Any, b: Any) -> bool:
    """Whether both are tensors, and the same in shape, dtype and values."""
    return has_values(a) and has_values(b) and (a.dtype, a.device) == (b.dtype, b.device) and torch.equal(a, b)


def without_values(value: Any) -> Any:
    """A tensor's shape and dtype alone; anything else as it is."""
    return value.to("meta") if isinstance(value, torch.Tensor) else value


def given(case: Case, got: Observation, name: str) -> torch.Tensor:
    """A tensor among the arguments, as the calls left it: that is compared as well."""
    left = got.parts.get("arguments")
    left = left.get(name) if isinstance(left, dict) else None
    left = left.get("values") if isinstance(left, dict) else None
    want = case.args[name]
    return left if has_values(left) and left.shape == want.shape and left.dtype == want.dtype else want
