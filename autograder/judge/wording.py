"""Types and calls in words, for messages that a learner reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.exercises.numerals import number, numbers
from course_utils.probes import Case, Opaque, Seed

SPECIAL = {
    "gradients": "tensors that require grad",
    "float64": "float64 tensors",
    "strided": "tensors that are not contiguous",
    "meta": 'tensors on the "meta" device',
    "leaf": "tensors that require grad, and hold a gradient from before",
    "plain": "tensors that do not require grad",
}
SHOWN_WHOLE = 9  # a tensor of up to so many entries is shown with its values


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


def describe_call(case: Case) -> str:
    """The arguments of a case: small tensors by value, larger ones by shape, then what is special about them."""
    shown = ", ".join(_argument(name, value) for name, value in case.args.items())
    special = SPECIAL.get(case.mode)
    return f"{shown} ({special})" if special else shown


def _argument(name: str, value: Any) -> str:
    return f"{name} of shape {tuple(value.shape)}" if _is_large(value) else f"{name}={_literal(value)}"


def _is_large(value: Any) -> bool:
    """Whether a tensor is too large, or its entries too long, to be typed in again from a message."""
    if not isinstance(value, torch.Tensor):
        return False
    rounded = value.is_floating_point() and any(float(number(v)) != float(v) for v in value.flatten())
    return value.numel() > SHOWN_WHOLE or rounded


def _literal(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"tensor{tuple(value.shape)}" if _is_large(value) else numbers(value)
    if isinstance(value, Seed):
        return f"torch.Generator().manual_seed({value.value})"
    if isinstance(value, list) and value and _is_class_name(value[0]):
        return f"{value[0]}({', '.join(map(_literal, value[1:]))})"  # a module or an optimizer, as probes build it
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, dict):
        return ", ".join(f"{key}={_literal(item)}" for key, item in value.items())
    return repr(value)


def _is_class_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier() and value[0].isupper()
