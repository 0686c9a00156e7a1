"""Compare what a learner's function did with what the reference did, and put the difference in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from autograder.wording import name_kind, number, numbers
from course_utils.probes import Observation, Opaque, Raised


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
    ``any_float``: another floating-point dtype is no difference.
    """

    rtol: float
    atol: float
    any_float: bool = False

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
        if part == "calls":  # how it was computed is not compared: short cuts are judged apart
            continue
        found = _compare(got.parts.get(part), want, part, tolerance)
        if found:
            return found
        if part == until:
            break
    return None


def _raised_fact(got: Raised | None, expected: Raised | None) -> str:
    if got is None:
        return f"returned a result; expected a {expected.kind} to be raised"
    where = f"\n  {got.line}" if got.line else ""
    text = got.text.splitlines()[0] if got.text else ""
    return f"raised {got.kind}: {text[:200]}{where}"


def _compare(got: Any, want: Any, where: str, tolerance: Tolerance) -> Difference | None:
    part = where.split(".")[0].split("[")[0]

    def differs(kind: str, came: str, expected: str) -> Difference:
        return Difference(part, kind, _sentence(where, kind, came, expected))

    if isinstance(want, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            return differs("type", name_kind(got), f"a tensor of shape {tuple(want.shape)}")
        if got.shape != want.shape:
            return differs("shape", f"shape {tuple(got.shape)}", f"{tuple(want.shape)}")
        if tolerance.any_float and got.is_floating_point() and want.is_floating_point():
            got = got.to(want.dtype)
        if got.dtype != want.dtype:
            return differs("dtype", f"dtype {got.dtype}", f"{want.dtype}")
        if got.device != want.device:
            return differs("device", f"a tensor on {got.device}", f"one on {want.device}")
        if want.device.type == "meta" or bool(tolerance.is_close(got, want).all()):
            return None
        return differs("values", *_value_words(got, want, tolerance))
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            kind = "graph" if (part, got) == ("gradients", None) else "type"
            return differs(kind, name_kind(got), name_kind(want))
        if got.keys() != want.keys():
            return differs("values", f"the keys {sorted(got)}", f"{sorted(want)}")
        pairs = [(got[key], want[key], f"{where}.{key}") for key in want]
    elif isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)):
            return differs("type", name_kind(got), name_kind(want))
        if len(got) != len(want):
            return differs("shape", f"{len(got)} values", f"{len(want)}")
        pairs = [(g, w, f"{where}[{i}]") for i, (g, w) in enumerate(zip(got, want, strict=True))]
    else:
        return _compare_plain(got, want, differs, tolerance)
    return next((found for pair in pairs if (found := _compare(*pair, tolerance))), None)


def _compare_plain(got: Any, want: Any, differs: Any, tolerance: Tolerance) -> Difference | None:
    both_numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (got, want))
    if both_numbers and isinstance(want, float):
        if tolerance.is_close(torch.tensor(float(got)), torch.tensor(want)):
            return None
        return differs("values", number(got), number(want))
    if isinstance(got, (torch.Tensor, Opaque)) or type(got) is not type(want):
        return differs("type", name_kind(got), name_kind(want))
    return None if got == want else differs("values", repr(got), repr(want))


def _value_words(got: torch.Tensor, want: torch.Tensor, tolerance: Tolerance) -> tuple[str, str]:
    if want.numel() <= (6 if want.dim() <= 1 else 4):
        return numbers(got), numbers(want)
    wrong = ~tolerance.is_close(got, want)
    size = torch.nan_to_num((got.double() - want.double()).abs(), nan=torch.inf, posinf=torch.inf)
    flat = int(torch.where(wrong, size, -1.0).flatten().argmax())
    index = [int(i) for i in torch.unravel_index(torch.tensor(flat), want.shape)]
    at = "[" + ", ".join(map(str, index)) + "]"
    share = f"{int(wrong.sum())} of {want.numel()} values differ, most at {at}"
    return f"{number(got.flatten()[flat])} at {at} ({share})", number(want.flatten()[flat])


def _sentence(where: str, kind: str, came: str, expected: str) -> str:
    """``arguments.x.values`` and the like in words, with what came and what was expected."""
    part, _, rest = where.partition(".")
    if part == "arguments" and rest:
        name, _, what = rest.rpartition(".")
        if what == "grad":
            return f"left a gradient on its argument {name}; it should leave arguments as they were"
        if what == "requires_grad":
            return f"changed requires_grad of its argument {name}; it should leave arguments as they were"
        return f"left its argument {name or what} with {came}; expected {expected}"
    if part == "state":
        return f"left torch's global {rest} at {came}; expected {expected}, as it was before the call"
    if part == "gradients" and came == "None":
        return "returned a result that is cut off from the graph: no gradient can flow back through it"
    if part == "gradients":
        name = f"gradient with respect to {rest}" if rest else "gradient"
        return f"gives the {name} as {came}; expected {expected}"
    if step := re.fullmatch(r"(step|epoch)s\[(\d+)\]\.(.+)", where):
        loss = _sentence("result", kind, came, expected) if step[3] == "loss" else ""
        left = _broken_rule(step[3], came, expected) or f"leaves {step[3]} as {came}; expected {expected}"
        return f"in {step[1]} {int(step[2]) + 1}, the first that differs, {loss or left}"
    if part == "module":
        return f"gives {came}; expected an nn.Module".replace("'", "")
    if part == "raises":
        return f"raises {came}; expected {expected}".replace("'", "")
    if where == "parameters":
        return f"has {came} among its parameters; expected {expected}"
    if not where.startswith("result"):
        return _broken_rule(where, came, expected) or f"gives {where} as {came}; expected {expected}"
    value = where.removeprefix("result")
    if kind == "type" and came == "None":
        return f"returned None{' as ' + value if value else ''}; expected {expected}. Is a `return` missing?"
    return f"returned {came}{' for result' + value if value else ''}; expected {expected}"


def _broken_rule(where: str, came: str, expected: str) -> str | None:
    """A part that says in words what must hold, such as ``every row comes exactly once``, and does not."""
    return f"breaks a rule: {where}" if (came, expected) == ("False", "True") and " " in where else None
