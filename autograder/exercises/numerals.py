"""Numbers as a message shows them: rounded, and as short as that allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

DIGITS = (4, 6, 9, 13, 17)  # 17 tell any two float64 numbers apart
LONG_INT = 100  # bits; Python itself refuses to print ints of many thousands


def count(n: int, what: str) -> str:
    """``1 value``, ``3 values``."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def number(value: Any, digits: int = 4) -> str:
    """So many significant digits, as few characters as that takes: ``0.5``, ``1``, ``3.142``, ``nan``."""
    if isinstance(value, torch.Tensor):
        value = value.item()
    if isinstance(value, int) and value.bit_length() > LONG_INT:
        return f"an int of {value.bit_length()} bits"
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float) else str(value)


def two_numbers(first: Any, second: Any) -> tuple[str, str]:
    """Both with as many digits as it takes to tell them apart."""
    return _told_apart(lambda digits: (number(first, digits), number(second, digits)))


def two_tensors(first: torch.Tensor, second: torch.Tensor) -> tuple[str, str]:
    """Both as `numbers`, with as many digits as it takes to tell them apart."""
    return _told_apart(lambda digits: (numbers(first, digits), numbers(second, digits)))


def _told_apart(pair: Callable[[int], tuple[str, str]]) -> tuple[str, str]:
    pairs = (pair(digits) for digits in DIGITS)
    return next(((first, second) for first, second in pairs if first != second), pair(DIGITS[-1]))


def numbers(tensor: torch.Tensor, digits: int = 4) -> str:
    """A tensor as nested lists of `number`; a 0-d tensor as one number."""

    def nested(value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(map(nested, value)) + "]"
        return number(value, digits)

    return nested(tensor.tolist())
