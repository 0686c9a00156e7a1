"""Types in words, for messages that a learner reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.exercises.numerals import number
from course_utils.probes import Opaque


def name_kind(value: Any) -> str:
    """What a value is: ``a float (0.5)``, ``a tuple of 2``, ``a tensor of shape (3,)``, ``None``."""
    if value is None:
        return "None"
    if isinstance(value, Opaque):
        return f"a value of type {value.kind}"
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, (list, tuple, Mapping)):
        return f"a {'dict' if isinstance(value, Mapping) else type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        return f"{'an' if type(value) is int else 'a'} {type(value).__name__} ({number(value)})"
    return f"a {type(value).__name__}"
