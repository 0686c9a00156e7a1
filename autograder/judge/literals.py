"""Values as code: what stands in a message can be pasted into a cell, and gives the very same value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.exercise import closed, expression_of
from course_utils.probes import Seed

LONG = 100  # characters: a longer tensor is shown as the expression that draws it, where that is known
TOO_LONG = 300  # characters: what takes more is not shown
FEW = 4  # a tensor of more equal or consecutive entries is shown as torch.full or torch.arange
NATURAL = (torch.float32, torch.int64, torch.bool)  # the dtypes that torch.tensor chooses by itself


class Code(str):
    """An expression or a statement that is shown as it is."""


class TooLong(Exception):
    """No short code gives the value; the text says what it is, such as ``of shape (40, 7)``."""


def code(value: Any, drawn: Any = None) -> str:
    """The code that gives ``value``: tensors with dtype, device, layout and requires_grad, generators, plain data.

    A list such as ``["Linear", 2, 1]``, from which a probe builds a module or an optimizer, becomes what builds it.

    Args:
        drawn: what ``value`` was before a probe prepared it, or None: its tensors may know how they were drawn.

    Raises:
        TooLong: it takes more than `TOO_LONG` characters.
    """
    text = _code(value, drawn)
    if len(text) > TOO_LONG and (what := summary(value)):
        raise TooLong(what)
    return text


def summary(value: Any) -> str | None:
    """What tensors and lists are, without their entries: ``of shape (4, 7)``, ``of shapes (4,), (7,)``, ``of 3 lists``.

    None for what has to be shown as it is.
    """
    if isinstance(value, torch.Tensor):
        return f"of shape {tuple(value.shape)}"
    if not isinstance(value, (list, tuple)) or _built(value):
        return None
    if value and all(isinstance(item, torch.Tensor) for item in value):
        return f"of shapes {', '.join(str(tuple(item.shape)) for item in value)}"
    return f"of {len(value)} {'lists' if value and isinstance(value[0], list) else 'values'}"


def array_code(values: torch.Tensor, drawn: torch.Tensor) -> str:
    """A NumPy array with the entries, dtype and layout of a tensor, which a probe made of ``drawn``."""
    natural = values.dtype in (torch.float64, torch.int64, torch.bool)
    kind = "" if natural else f", dtype=np.{str(values.dtype).removeprefix('torch.')}"
    base, layout = _laid_out(values)
    layout = layout.replace("repeat_interleave", "repeat").replace("permute", "transpose")  # NumPy's names
    text = f"np.array({_nested(base.tolist(), _as_written(values.dtype))}{kind}){layout}"
    return f"{closed(_code(values, drawn))}.numpy()" if len(text) > LONG and expression_of(drawn) else text


def _code(value: Any, drawn: Any) -> str:
    if isinstance(value, Code):
        return value
    if isinstance(value, torch.Tensor):
        return _tensor(value, drawn)
    if isinstance(value, Seed):
        made = f"torch.Generator().manual_seed({value.value})"
        return f"(g := {made}, torch.rand({value.drawn}, generator=g))[0]" if value.drawn else made
    if isinstance(value, (list, tuple)):
        if built := _built(value):
            return built
        same = isinstance(drawn, (list, tuple)) and len(drawn) == len(value)
        items = [_code(item, known) for item, known in zip(value, drawn if same else [None] * len(value), strict=True)]
        if isinstance(value, tuple):
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_code(item, None)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and value - value != 0:
        return f"float('{value}')"
    return repr(value)


def _built(value: Any) -> str | None:
    """A module or an optimizer, as probes build them from a list: its class, arguments, and a dict of settings."""
    name = value[0] if isinstance(value, list) and value else None
    library = next((lib for lib in (nn, torch.optim) if isinstance(name, str) and hasattr(lib, name)), None)
    if library is None:
        return None
    *positional, settings = [*value[1:], {}] if not (value[1:] and isinstance(value[-1], dict)) else value[1:]
    given = ["model.parameters()"] if library is torch.optim else []
    given += [_code(item, None) for item in positional] + [f"{key}={_code(v, None)}" for key, v in settings.items()]
    return f"{'nn' if library is nn else 'torch.optim'}.{name}({', '.join(given)})"


def _tensor(value: torch.Tensor, drawn: Any) -> str:
    kind = "" if value.dtype in NATURAL else f", dtype={value.dtype}"
    if value.is_meta:
        kind = "" if value.dtype == torch.float32 else f", dtype={value.dtype}"
        return f"torch.empty({_sizes(value)}{kind}, device='meta')"
    base, layout = _laid_out(value.detach())
    flat = base.flatten()
    number = _as_written(value.dtype)
    if value.numel() == 0:
        text = f"torch.zeros({_sizes(base)}{kind})"
    elif flat.numel() > FEW and bool((flat == flat[0]).all()):
        made = {0: "zeros", 1: "ones"}.get(flat[0].item()) if value.dtype != torch.bool else None
        kind = kind if made is None else f", dtype={value.dtype}" if value.dtype != torch.float32 else ""
        text = f"torch.{made}({_sizes(base)}{kind})" if made else None
        text = text or f"torch.full({tuple(base.shape)}, {number(flat[0].item())}{kind})"
    elif flat.numel() > FEW and value.dtype != torch.bool and bool((flat == torch.arange(flat.numel())).all()):
        text = f"torch.arange({number(flat.numel())}{kind})"
        text += "" if base.dim() == 1 else f".reshape({_sizes(base)})"
    else:
        text = f"torch.tensor({_nested(base.tolist(), number)}{kind})"
    if len(text) > LONG and isinstance(drawn, torch.Tensor) and expression_of(drawn):
        text, layout = _redrawn(value, drawn)
    if value.requires_grad:
        plain = text.endswith(")") and not layout and text.startswith(("torch.tensor(", "torch.zeros(", "torch.ones("))
        return f"{text[:-1]}, requires_grad=True)" if plain else f"{closed(text)}{layout}.requires_grad_()"
    return text + layout


def _redrawn(value: torch.Tensor, drawn: torch.Tensor) -> tuple[str, str]:
    """The expression that draws it again, and what brings it to its dtype and layout."""
    cast = f".to({value.dtype})" if value.dtype != drawn.dtype else ""
    layout = ""
    if not value.is_contiguous():
        order = _order(value)
        layout = f".permute{tuple(order)}.contiguous()" if value.dim() > 1 else ""
        layout += _laid_out(value.detach())[1]
    text = expression_of(drawn)
    return (closed(text) if cast or layout else text) + cast, layout


def _laid_out(value: torch.Tensor) -> tuple[torch.Tensor, str]:
    """A contiguous tensor, and the code that makes of it one with the layout of ``value``."""
    if value.is_contiguous():
        return value, ""
    if value.dim() == 1:
        return value.contiguous(), ".repeat_interleave(2)[::2]"
    order = _order(value)
    inverse = tuple(order.index(dim) for dim in range(value.dim()))
    return value.permute(order).contiguous(), ".T" if value.dim() == 2 else f".permute{inverse}"


def _order(value: torch.Tensor) -> list[int]:
    """The dims as they lie in memory, the one with the largest steps first."""
    return sorted(range(value.dim()), key=value.stride, reverse=True)


def _sizes(value: torch.Tensor) -> str:
    """A shape as torch.zeros takes it: ``2, 3``; ``()`` for no dims."""
    return ", ".join(map(str, value.shape)) or "()"


def _nested(value: Any, number: Callable[[Any], str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(item, number) for item in value) + "]"
    return number(value)


def _as_written(dtype: torch.dtype) -> Callable[[Any], str]:
    """How a number of a dtype is written: as few digits as give the same number, and a point in floats."""
    kind = np.float64 if dtype == torch.float64 else np.float32

    def number(value: Any) -> str:
        if not dtype.is_floating_point:
            return str(value)
        if value - value != 0:
            return f"torch.{'nan' if value != value else 'inf'}" if value != -torch.inf else "-torch.inf"
        if value == 0 or 1e-3 <= abs(value) < 1e7:
            return np.format_float_positional(kind(value), trim=".")
        return np.format_float_scientific(kind(value), trim="-")

    return number
