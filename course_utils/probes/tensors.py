"""Probes for lesson 1: tensors and arrays are built here from plain words, and random draws are measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.probes.core import Case, Observation, observe, prepare, snapshot, with_flags

ENOUGH_DRAWS = 10_000  # so many draws show their distribution
FARTHEST = 0.03  # between two distribution functions; honest draws stay below it but for once in ten million
IS_TUPLE = "the shape is a tuple"
SHOWS_IN_TENSOR = "what is written into the array shows in the tensor"
SHOWS_IN_ARRAY = "what is written into the tensor shows in the array"
HOLDS_NUMBERS = "the result holds numbers"
OWN_DRAWS = "every entry is a draw of its own"
SAME = "the same generator gives the same weights"
OTHER = "another generator gives other weights"
NEXT = "a second call with the same generator gives other weights"
IN_RANGE = "every entry lies in [0, 1)"
FRESH = "a second call gives other noise"


def run_describe(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(t)``, where the case's ``t`` is a spec for `build_tensor`.

    Parts: ``result``, the keys alone; ``the shape``, a rule about it, ``the dtype`` and ``the device``.
    """

    def body() -> dict[str, Any]:
        result = candidate(build_tensor(case.args["t"]))
        if not isinstance(result, dict):
            return {"result": result}
        shape = result.get("shape")
        return {
            "result": dict.fromkeys(result),
            "the shape": shape,
            IS_TUPLE: isinstance(shape, tuple),
            "the dtype": result.get("dtype"),
            "the device": result.get("device"),
        }

    return observe(body, case)


def run_share(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(array)`` with a NumPy array, and see whether what is written on one side shows on the other.

    The case's argument ``array``: a tensor with the array's values; its memory is laid out as the case's mode says.

    Parts: ``result`` and ``arguments``, before anything is written; two rules.
    """
    array = prepare(case.args["array"], case.mode).numpy()

    def body() -> dict[str, Any]:
        result = candidate(array)
        parts = {"result": snapshot(result), "arguments": {"array": torch.tensor(array)}}
        if not isinstance(result, torch.Tensor) or result.is_meta or result.shape != array.shape:
            return parts
        array[...] = array == 0  # changes every entry
        parts[SHOWS_IN_TENSOR] = _agree(result, array)
        result.detach().copy_(result.detach() == 0)
        return parts | {SHOWS_IN_ARRAY: _agree(result, array)}

    return observe(body, case)


def run_batch(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(batch, device)`` with a tuple of two tensors and a ``torch.device``.

    Parts: ``result``; ``arguments``.
    """
    batch = tuple(prepare(case.args["batch"], case.mode))
    device = torch.device(case.args["device"])
    return observe(lambda: {"result": candidate(batch, device), "arguments": {"batch": with_flags(batch)}}, case)


def run_weights(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(d_in, d_out, generator)`` several times, and see what the draws depend on and how they spread.

    What is drawn from torch's global generator changes between the calls.

    Parts: ``result`` (shape and dtype alone); rules; where there are enough draws, what `_spread` measures.
    """
    d_in, d_out, seed = case.args.values()

    def body() -> dict[str, Any]:
        generators = [torch.Generator().manual_seed(value) for value in (seed.value, seed.value, seed.value + 1)]
        draws = []
        for i, generator in enumerate((*generators, generators[0])):
            torch.default_generator.manual_seed(i)
            draws.append(candidate(d_in, d_out, generator))
        first, again, other, following = draws
        parts = {"result": _without_values(first)}
        if any(not isinstance(draw, torch.Tensor) or draw.shape != (d_in, d_out) for draw in draws):
            return parts
        if first.is_meta:
            return parts | {HOLDS_NUMBERS: False}
        return parts | {
            HOLDS_NUMBERS: True,
            **_spread(first),
            SAME: torch.equal(first, again),
            OTHER: not torch.equal(first, other),
            NEXT: not torch.equal(first, following),
        }

    return observe(body, case)


def run_noise(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(template)`` twice, where the case's ``template`` is a spec for `build_tensor`.

    Parts: ``result`` (shape and dtype alone); ``the device``; where there are enough draws, what `_spread` measures;
    rules; ``arguments``.
    """
    template = build_tensor(case.args["template"])

    def body() -> dict[str, Any]:
        with _ReadableMeta() if template.is_meta else contextlib.nullcontext():
            first, second = candidate(template), candidate(template)
        parts = {"result": _without_values(first)}
        if not isinstance(first, torch.Tensor):
            return parts
        parts["the device"] = str(first.device)
        if first.is_meta or first.shape != template.shape:
            return parts
        in_range = bool(((first >= 0) & (first < 1)).all())
        arguments = {"template": with_flags(template)}
        rules = {IN_RANGE: in_range, FRESH: not torch.equal(first, second)}
        return parts | {**_spread(first), **rules, "arguments": arguments}

    return observe(body, case)


def build_tensor(spec: Sequence) -> torch.Tensor:
    """A tensor from ``["Tensor", shape, {"dtype": "int64", "device": "meta"}]``, filled with 0, 1, 2, ... in order.

    On a device that is neither ``cpu`` nor ``meta`` it has no values: it only says that it is there.
    """
    _, shape, options = spec
    dtype, device = getattr(torch, options["dtype"]), torch.device(options["device"])
    if device.type in ("cpu", "meta"):
        return torch.arange(torch.Size(shape).numel()).reshape(shape).to(device, dtype)
    return _pretend(torch.empty(shape, dtype=dtype, device="meta"), device)


class _Elsewhere(torch.Tensor):
    """A tensor without values on a device that this machine need not have."""

    def __repr__(self, **_: Any) -> str:
        return f"tensor(..., device='{self.device}', size={tuple(self.shape)}, dtype={self.dtype})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*map(_on_meta, args), **(kwargs or {}))
        return _pretend(result, args[0].device) if isinstance(result, torch.Tensor) else result


def _pretend(like: torch.Tensor, device: torch.device) -> torch.Tensor:
    return torch.Tensor._make_wrapper_subclass(_Elsewhere, like.shape, dtype=like.dtype, device=device)


def _on_meta(value: Any) -> Any:
    return torch.empty(value.shape, dtype=value.dtype, device="meta") if isinstance(value, _Elsewhere) else value


class _ReadableMeta(TorchDispatchMode):
    """Values can be read from the meta device, as ones: code may look at a template before it draws."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        aten, kwargs = torch.ops.aten, kwargs or {}
        if func is aten._local_scalar_dense.default and args[0].is_meta:
            return torch.ones((), dtype=args[0].dtype).item()
        if func is aten._to_copy.default and args[0].is_meta and str(kwargs.get("device")) == "cpu":
            return torch.ones(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        return func(*args, **kwargs)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first op imports all of torch.compile, which takes seconds


def _agree(tensor: torch.Tensor, array: Any) -> bool:
    return torch.equal(tensor.detach().cpu().double(), torch.tensor(array).double())


def _without_values(result: Any) -> Any:
    return result.detach().to("meta") if isinstance(result, torch.Tensor) else result


def _spread(draws: torch.Tensor) -> dict[str, Any]:
    """How a table of draws is distributed, with margins that chance does not cross; nothing where it has too few.

    Returns:
        The rule that entries are drawn one by one; ``the distribution``: normal, uniform, or another one, whatever its
        mean and width; mean and standard deviation, to one place.
    """
    if draws.numel() < ENOUGH_DRAWS:
        return {}
    x = draws.detach().cpu().double()
    mean, std = x.mean(), x.std()
    z = (x - mean) / std
    return {
        OWN_DRAWS: len(x.unique()) > x.numel() / 2 and _is_unordered(z.flatten()) and _is_unordered(z.T.flatten()),
        "the distribution": _distribution(z.flatten().sort().values),
        "the mean": round(float(mean), 1) + 0.0,  # no -0.0
        "the standard deviation": round(float(std), 1),
    }


def _is_unordered(z: torch.Tensor) -> bool:
    """Whether neighbours among standardized draws ``(n,)`` have nothing to do with each other."""
    return bool((z[1:] * z[:-1]).mean().abs() < 0.1)


def _distribution(z: torch.Tensor) -> str:
    """The name of the distribution that sorted, standardized draws ``(n,)`` come from."""
    below = (torch.arange(len(z)) + 0.5) / len(z)  # the share of draws that should lie below each
    shapes = {"normal": (torch.special.ndtr(z), 3.0), "uniform": (z / 12**0.5 + 0.5, 1.8)}
    tails = (z**4).mean()  # tells the normal distribution from a sum of two uniform draws, which comes close to it
    for name, (function, expected) in shapes.items():
        if (function - below).abs().max() < FARTHEST and (tails - expected).abs() < 0.3:
            return name
    return "another one"
