"""Probes for lesson 1: tensors and arrays are built here from plain words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, observe, prepare, snapshot, with_flags
from course_utils.probes.watch import ReadableMeta
from course_utils.probes.world import reseed

SHOWS_IN_TENSOR = "what is written into the array shows in the tensor"
SHOWS_IN_ARRAY = "what is written into the tensor shows in the array"


def run_describe(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(t)``, where the case's ``t`` is a spec for `build_tensor`.

    Parts: ``result``.
    """
    return observe(lambda: {"result": candidate(build_tensor(case.args["t"]))}, case)


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
    """Call ``candidate(d_in, d_out, generator)`` several times; the judge measures what it draws.

    What is drawn from torch's global generator changes between the calls.

    Parts: ``draws``, a list: two with generators of the same seed, one of another, and a second one from the first.
    """
    d_in, d_out, seed = case.args.values()

    def body() -> dict[str, Any]:
        generators = [torch.Generator().manual_seed(value) for value in (seed.value, seed.value, seed.value + 1)]
        draws = []
        for i, generator in enumerate((*generators, generators[0])):
            reseed(i)
            draws.append(candidate(d_in, d_out, generator))
        return {"draws": draws}

    return observe(body, case)


def run_noise(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(template)`` twice, where the case's ``template`` is a spec for `build_tensor`.

    Parts: ``draws``, a list of both results; ``the device`` of the first; ``arguments``.
    """
    template, other = (build_tensor(case.args["template"]) for _ in range(2))

    def body() -> dict[str, Any]:
        with ReadableMeta() if template.is_meta else contextlib.nullcontext():
            draws = [candidate(template), candidate(other)]
        parts = {"draws": [_values(draw) for draw in draws]}
        if isinstance(draws[0], torch.Tensor):
            parts |= {"the device": str(facts.device(draws[0]))}
        return parts | {"arguments": {"template": with_flags(template)}}

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


def _agree(tensor: torch.Tensor, array: Any) -> bool:
    return torch.equal(tensor.detach().cpu().double(), torch.tensor(array).double())


def _values(result: Any) -> Any:
    """A tensor without its values where it is on a device that this machine need not have."""
    if isinstance(result, torch.Tensor) and facts.device(result).type != "cpu":
        shape, dtype, _, _ = facts.described(result)
        return torch.empty(shape, dtype=dtype, device="meta")
    return result
