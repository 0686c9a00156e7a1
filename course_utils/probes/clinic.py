"""Probes for the clinic's programs: what they return, and what has become of the model that they trained."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, observe, prepare, snapshot, with_flags
from course_utils.probes.training import build_model, weights

LET_GO = "the graph of a batch is let go when its step is done"
FEW = 3  # graphs alive at once: a name may still hold the last one while the next is built


def run_program(candidate: Callable, case: Case) -> Observation:
    """Call a program with a model of known weights, in training mode and without gradients.

    The case's arguments, in the order of the signature: lists whose first item is a text become models, as `build`
    makes them; all others are given as they are.

    Parts: ``result``, in which tensors of no dims are floats: a program may keep its losses as either; ``weights`` of
    each model afterwards, and which of them are ``learning``; ``arguments``: what became of the others.
    """
    args = {name: _model(value) if _is_spec(value) else prepare(value) for name, value in case.args.items()}

    def body() -> dict[str, Any]:
        result = candidate(*args.values())
        models = {name: value for name, value in args.items() if isinstance(value, nn.Module)}
        return {
            "result": _floats(result),
            "weights": {name: weights(model) for name, model in models.items()},
            "learning": {name: _learning(model) for name, model in models.items()},
            "arguments": {name: with_flags(value) for name, value in args.items() if name not in models},
        }

    return observe(body, case)


def run_epoch(candidate: Callable, case: Case) -> Observation:
    """`run_program` for a program that must not hold on to the graphs of its batches.

    Parts: as there, after a rule about that.
    """
    model = nn.Sequential(_model(case.args["model"]), _Marked())
    others = {name: prepare(value) for name, value in case.args.items() if name != "model"}

    def body() -> dict[str, Any]:
        result = candidate(model, *others.values())
        parts = {LET_GO: model[1].most <= FEW, "result": _floats(result), "weights": weights(model)}
        return parts | {"arguments": {name: with_flags(value) for name, value in others.items()}}

    return observe(body, case)


def run_net(candidate: type[nn.Module], case: Case) -> Observation:
    """Build a module, give its parameters weights that depend on their shapes alone, run it, and take its gradients.

    So it does not matter under which names, and in which order, its layers are held. The case's arguments: ``init``, a
    list, the constructor's; ``x``.

    Parts: ``parameters``, the shapes, sorted; ``result``; ``gradients`` of its sum, summed over parameters of a shape.
    """

    def body() -> dict[str, Any]:
        net = candidate(*case.args["init"])
        if not isinstance(net, nn.Module):
            return {"parameters": None}
        shapes = sorted(str(tuple(p.shape)) for p in net.parameters())
        with torch.no_grad():
            for p in net.parameters():
                generator = torch.Generator().manual_seed(p.numel())
                p.copy_(torch.randn(p.shape, generator=generator) / p.shape[-1] ** 0.5)
        result = net(prepare(case.args["x"]))
        parts = {"parameters": shapes, "result": result}
        if isinstance(result, torch.Tensor) and facts.requires_grad(result):
            result.sum().backward()
        sums: dict[str, Any] = {}
        for p in net.parameters():
            shape = str(tuple(p.shape))
            sums[shape] = sums.get(shape, 0) + (torch.zeros_like(p) if p.grad is None else p.grad)
        return parts | {"gradients": sums}

    return observe(body, case)


def _is_spec(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _model(spec: list) -> nn.Module:
    return build_model(spec, stale=False).train()


def _learning(model: nn.Module) -> dict[str, bool]:
    return {name: facts.requires_grad(p) for name, p in model.named_parameters()}


def _floats(value: Any) -> Any:
    """A plain copy, with floats in the place of tensors of no dims."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(_floats, value)) if type(value) in (list, tuple) else snapshot(value)
    plain = snapshot(value)
    return plain.item() if isinstance(plain, torch.Tensor) and plain.dim() == 0 and not plain.is_meta else plain


class _Marked(nn.Module):
    """Passes on what comes, and counts how many graphs that go through it are alive at once."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[weakref.ref] = []
        self.most = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mark = _Mark()
        self.alive = [ref for ref in self.alive if ref() is not None] + [weakref.ref(mark)]
        self.most = max(self.most, len(self.alive))
        return _PassOn.apply(x, mark)


class _Mark:
    """Lives as long as the graph that holds it."""


class _PassOn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, mark: _Mark) -> torch.Tensor:
        ctx.mark = mark
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return grad, None
