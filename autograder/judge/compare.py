"""Compare what a learner's function did with what the reference did, and put the difference in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.exercise import SCORE
from autograder.exercises.numerals import count, number, two_numbers, two_tensors
from autograder.judge.sentences import sentence
from autograder.judge.wording import name_kind
from course_utils.probes import Observation, Raised, without_addresses

MAX_TEXT = 400  # characters of an error's text
# where the part of an error's text begins that is for those who maintain PyTorch
_NO_HELP = (
    r"\n\s*(?:Exception raised from|frame #\d|C\+\+ CapturedTraceback|CUDA kernel errors might|Compile with `TORCH"
    r"|For debugging consider|Check the documentation of torch\.load)|Hint: (?:the backtrace|enable anomaly)"
)


@dataclass(frozen=True)
class Difference:
    """The first difference between two observations.

    Attributes:
        part: the part of the observation that differs, such as ``"result"``.
        kind: ``"raised"``, ``"type"``, ``"shape"``, ``"dtype"``, ``"device"``, ``"graph"``
            (cut off from it) or ``"values"``, in the order of judging.
        fact: the difference as a clause with numbers.
    """

    part: str
    kind: str
    fact: str


@dataclass(frozen=True)
class Tolerance:
    """How far floating-point values may be apart: ``|got - want| <= atol * scale + rtol * |want|``.

    ``scale`` is the largest ``|want|`` of the tensor, at least 1: rounding errors grow with what is added up.
    ``any_float``: another floating-point dtype is no difference. ``any_device``: another device is none.
    """

    rtol: float
    atol: float
    any_float: bool = False
    any_device: bool = False

    def is_close(self, got: torch.Tensor, want: torch.Tensor) -> torch.Tensor:
        """Entry by entry, bool of the same shape; nan is close to nan."""
        if not want.is_floating_point():
            return got == want
        scale = max(1.0, float(want.nan_to_num(0, 0, 0).abs().max())) if want.numel() else 1.0
        return torch.isclose(got, want, self.rtol, self.atol * scale, equal_nan=True)


def difference(
    got: Observation, expected: Observation, tolerance: Tolerance, until: str | None = None
) -> Difference | None:
    """The first difference, part by part in the order of ``expected``; None where there is none.

    Args:
        until: the last part to look at; None for all of them.
    """
    if got.raised or expected.raised:
        same = got.raised and expected.raised
        if same and (got.raised.kind, got.raised.text) == (expected.raised.kind, expected.raised.text):
            return None
        return Difference("result", "raised", _raised_fact(got.raised, expected.raised))
    for part, want in expected.parts.items():
        # how it was computed is judged apart, as a short cut; and what a score is worth, by its steps
        is_compared = part not in ("calls", SCORE) and not _is_equal(got.parts.get(part), want)
        if is_compared and (found := compare(got.parts.get(part), want, part, tolerance)):
            return found
        if part == until:
            break
    return None


def _is_equal(got: Any, want: Any) -> bool:
    """Whether two parts are the same to the last bit, as most are: quicker by far than looking for a difference."""
    kind = type(want)
    if type(got) is not kind:
        return False
    if kind is torch.Tensor:
        if got.shape != want.shape or got.dtype != want.dtype or got.device != want.device:
            return False
        return want.is_meta or torch.equal(got, want)
    if kind is dict:
        return got.keys() == want.keys() and all(_is_equal(got[key], item) for key, item in want.items())
    if kind is list or kind is tuple:
        return len(got) == len(want) and all(map(_is_equal, got, want))
    return bool(got == want)


def _raised_fact(got: Raised | None, expected: Raised | None) -> str:
    if got is None:
        return f"returned a result; expected a {expected.kind} to be raised"
    where = f"\n  {got.line}" if got.line else ""
    return f"raised {got.kind}: {_told(got.text)}{where}"


def _told(text: str) -> str:
    """An error's text on one line, without what only PyTorch's maintainers read: later lines may hold what helps."""
    text = " ".join(re.split(_NO_HELP, text, maxsplit=1)[0].split())
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT].rsplit(' ', 1)[0]} ..."


def compare(got: Any, want: Any, where: str, tolerance: Tolerance) -> Difference | None:
    """The first difference between two values that stand at ``where`` in an observation, as ``gradients.W``."""
    part = where.split(".")[0].split("[")[0]

    def differs(kind: str, came: str, expected: str) -> Difference:
        return Difference(part, kind, sentence(where, came, expected))

    if isinstance(want, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            return differs("type", name_kind(got), f"a tensor of shape {tuple(want.shape)}")
        if got.shape != want.shape:
            return differs("shape", f"shape {tuple(got.shape)}", f"{tuple(want.shape)}")
        if tolerance.any_float and got.is_floating_point() and want.is_floating_point():
            got = got.to(want.dtype)
        if got.dtype != want.dtype:
            return differs("dtype", f"dtype {got.dtype}", f"{want.dtype}")
        if got.device != want.device and not tolerance.any_device:
            return differs("device", f"a tensor on {got.device}", f"one on {want.device}")
        if want.device.type == "meta" or bool(tolerance.is_close(got, want).all()):
            return None
        came, expected = _value_words(got, want, tolerance)
        return differs("values", came, expected + _only_in_float64(got, want))
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            kind = "graph" if (part, got) == ("gradients", None) else "type"
            return differs(kind, name_kind(got), name_kind(want))
        if got.keys() != want.keys():
            return differs("values", f"the keys {sorted(map(str, got))}", f"{sorted(want)}")
        pairs = [(got[key], want[key], f"{where}.{key}") for key in want]
    elif isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)):
            return differs("type", name_kind(got), name_kind(want))
        if len(got) != len(want):
            return differs("shape", count(len(got), "value"), f"{len(want)}")
        pairs = [(g, w, f"{where}[{i}]") for i, (g, w) in enumerate(zip(got, want, strict=True))]
    else:
        return _compare_plain(got, want, differs, tolerance)
    return next((found for pair in pairs if (found := compare(*pair, tolerance))), None)


def _compare_plain(got: Any, want: Any, differs: Any, tolerance: Tolerance) -> Difference | None:
    both_numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (got, want))
    if both_numbers and isinstance(want, float):
        fits = isinstance(got, float) or got.bit_length() < 1000  # a larger int becomes no float
        if fits and tolerance.is_close(torch.tensor(float(got)), torch.tensor(want)):
            return None
        return differs("values", *two_numbers(got, want))
    if isinstance(got, torch.Tensor) or type(got) is not type(want):
        return differs("type", name_kind(got), name_kind(want))
    return None if got == want else differs("values", _printed(got), _printed(want))


def _printed(value: Any) -> str:
    return number(value) if type(value) is int else without_addresses(repr(value))


def _only_in_float64(got: torch.Tensor, want: torch.Tensor) -> str:
    """What is to be said of a difference that float32 is too coarse to show."""
    both = got.dtype == want.dtype == torch.float64
    return " (only float64 shows the difference)" if both and torch.allclose(got, want, 1e-6, 1e-7) else ""


def _value_words(got: torch.Tensor, want: torch.Tensor, tolerance: Tolerance) -> tuple[str, str]:
    if want.dim() == 0:
        return two_numbers(got, want)
    if want.numel() <= (6 if want.dim() == 1 else 4):
        return two_tensors(got, want)
    wrong = ~tolerance.is_close(got, want)
    size = torch.nan_to_num((got.double() - want.double()).abs(), nan=torch.inf, posinf=torch.inf)
    flat = int(torch.where(wrong, size, -1.0).flatten().argmax())
    index = [int(i) for i in np.unravel_index(flat, want.shape)]  # torch's own imports sympy first
    at = "[" + ", ".join(map(str, index)) + "]"
    share = f"{int(wrong.sum())} of {want.numel()} values differ, most at {at}"
    came, expected = two_numbers(got.flatten()[flat], want.flatten()[flat])
    return f"{came} at {at} ({share})", expected
