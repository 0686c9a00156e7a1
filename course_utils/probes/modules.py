"""Probes for exercises whose answer is an ``nn.Module`` class, or a function that takes or gives a module."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, error_of, gradients, observe, prepare, snapshot, with_flags
from course_utils.probes.world import reseed


def build(spec: Sequence[Any]) -> nn.Module:
    """A module of ``torch.nn`` from plain data: its name, its arguments, and a dict of settings if there are any.

    >>> build(["Sequential", ["Linear", 3, 2, {"bias": False}], ["ReLU"]])
    Sequential(
      (0): Linear(in_features=3, out_features=2, bias=False)
      (1): ReLU()
    )
    """
    name, *args = spec
    settings = args.pop() if args and isinstance(args[-1], dict) else {}
    return getattr(nn, name)(*(build(arg) if isinstance(arg, list) else arg for arg in args), **settings)


@torch.no_grad()
def fill(model: nn.Module, by_name: bool = True, named: Mapping[str, nn.Parameter] | None = None) -> None:
    """Set every parameter to seeded random values that depend on its shape, and its name or its place, alone.

    Args:
        named: the parameters by the names that count, where those are not the model's own.
    """
    for i, (name, p) in enumerate((named or dict(model.named_parameters())).items()):
        generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) if by_name else i)
        p.copy_(torch.randn(p.shape, generator=generator) * 0.5)


@torch.no_grad()
def scale(named: Mapping[str, nn.Parameter], factors: Mapping[str, float]) -> None:
    """Multiply the parameters whose names start with a factor's name."""
    for start, factor in factors.items():
        for name, p in named.items():
            p.mul_(factor if name.startswith(start) else 1.0)


def run_module(
    candidate: type[nn.Module],
    case: Case,
    by_name: bool = True,
    holder: str | None = None,
    anywhere: Sequence[str] = (),
) -> Observation:
    """Build the module, give it known weights, and run it.

    The case's arguments:
        init: list, the constructor's arguments.
        inputs: list of tensors for ``forward``. Without them, an error is what is looked for: where the module is
            made, or at the latest where it gets vectors of the width that the first of ``init`` is.
        training: bool, the mode in which it runs. Default True.
        scaled: beginnings of parameters' names -> what those parameters are multiplied with after they were filled.

    Args:
        by_name: whether the exercise fixes the parameters' names, which are then compared and decide which weights
            each parameter gets; else their order does.
        holder: the attribute that must hold all parameters, where the exercise fixes that alone.
        anywhere: names of layers that may as well lie in a module of the module: their parameters' names begin there.

    Parts: ``raises`` (the name of the error), where that is looked for. Else ``module`` (whether it is one); whether
    every call uses the same parameters; ``parameters`` (shapes by name, or in order); whether the holder has them all;
    ``result``; ``arguments``: what became of the inputs; with mode ``"gradients"`` also ``gradients`` with respect to
    inputs and parameters.
    """

    def fresh_inputs() -> list[torch.Tensor]:
        """Of its own for each call: a module may change what it is given."""
        return prepare(case.args["inputs"], case.mode)

    def refused() -> dict[str, Any]:
        init = case.args["init"]
        return {"raises": error_of(lambda: candidate(*init)(torch.zeros(1, 2, init[0])))}

    def body() -> dict[str, Any]:
        model = candidate(*prepare(case.args["init"]))
        parts: dict[str, Any] = {"module": what_it_is(model)}
        if not isinstance(model, nn.Module):
            return parts
        if case.mode == "values":
            first, second = (_leaves(model(*fresh_inputs())) for _ in range(2))
            parts["every call uses the same parameters"] = first.keys() == second.keys()
        shapes = {name: str(tuple(p.shape)) for name, p in _named(model, anywhere).items()}
        parts["parameters"] = shapes if by_name else list(shapes.values())
        if holder:
            inside = getattr(model, holder, None)
            held = len(list(inside.parameters())) if isinstance(inside, nn.Module) else 0
            parts[f"self.{holder} holds all parameters"] = held == len(shapes)
        if case.mode == "meta":
            model = model.to("meta")
        elif case.mode == "float64":
            model = model.double()
        named_parameters = _named(model, anywhere)
        fill(model, by_name, named_parameters)
        scale(named_parameters, case.args.get("scaled", {}))
        model.train(case.args.get("training", True))
        reseed(1)  # the same dropout masks for everybody
        inputs = fresh_inputs()
        parts["result"] = result = model(*inputs)
        named = ["x"] if len(inputs) == 1 else [f"input {i}" for i in range(len(inputs))]
        parts["arguments"] = {name: with_flags(x) for name, x in zip(named, inputs, strict=True)}
        if case.mode == "gradients":
            tensors = dict(zip(named, inputs, strict=True))
            parameters = {name if by_name else str(i): p for i, (name, p) in enumerate(named_parameters.items())}
            parts["gradients"] = gradients(result, tensors | parameters)
        return parts

    return observe(body if "inputs" in case.args else refused, case)


def run_network(candidate: type[nn.Module], case: Case) -> Observation:
    """`run_module` for a module that keeps all its layers in ``self.network``, under whatever names."""
    return run_module(candidate, case, by_name=False, holder="network")


def run_on_model(candidate: Callable, case: Case) -> Observation:
    """Call a function of a model, which should leave the model as it is.

    The case's arguments: ``model``, for `build`; ``tied``, pairs of names of modules: the second takes over the weight
    of the first; ``alike``, pairs whose parameters have the same values and are not shared; ``frozen``, the beginnings
    of names of parameters that do not learn. The others are the function's.

    Parts: ``result``; ``model`` (parameters, buffers and flags afterwards).
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    model, tied, frozen = build(args.pop("model")), args.pop("tied", []), args.pop("frozen", [])
    fill(model, by_name=False)
    for first, second in args.pop("alike", []):
        model.get_submodule(second).load_state_dict(model.get_submodule(first).state_dict())
    for first, second in tied:
        model.get_submodule(second).weight = model.get_submodule(first).weight
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(tuple(frozen)))
    for i, module in enumerate(model.modules()):
        module.training = i % 2 == 0  # so that neither train() nor eval() leaves it as it was

    def body() -> dict[str, Any]:
        return {"result": candidate(model, *args.values()), "model": flags(model)}

    return observe(body, case)


def flags(model: nn.Module) -> dict[str, Any]:
    """What a model holds: its tensors by name, which parameters learn, and the modes of its modules."""
    return {
        "state_dict": snapshot(dict(model.state_dict())),
        "requires_grad": {name: facts.requires_grad(p) for name, p in model.named_parameters()},
        "training": [module.training for module in model.modules()],
    }


def run_loss(candidate: Callable, case: Case) -> Observation:
    """Ask a function for a loss module, and give raw outputs and targets to what it returns.

    The case's arguments: ``task``, for the function; ``outputs`` and ``targets`` for the module. Without outputs, an
    error is what is looked for.

    Parts: ``raises`` (the name of the error); or ``module`` (whether it is one), ``loss`` (its result) and
    ``gradients`` with respect to the outputs.
    """
    outputs = prepare(case.args.get("outputs"), "gradients")
    targets = prepare(case.args.get("targets"))

    def refused() -> dict[str, Any]:
        return {"raises": error_of(lambda: candidate(case.args["task"]))}

    def used() -> dict[str, Any]:
        criterion = candidate(case.args["task"])
        if not isinstance(criterion, nn.Module):
            return {"module": what_it_is(criterion)}
        loss = criterion(outputs, targets)
        return {"module": what_it_is(criterion), "loss": loss, "gradients": gradients(loss, {"outputs": outputs})}

    return observe(refused if outputs is None else used, case)


def run_block(candidate: type[nn.Module], case: Case) -> Observation:
    """`run_module` for a Transformer block, whose attention may be a module of its own."""
    return run_module(candidate, case, anywhere=("q", "k", "v", "proj"))


def _named(model: nn.Module, anywhere: Sequence[str]) -> dict[str, nn.Parameter]:
    """The parameters by their names, ``attention.q.weight`` as ``q.weight`` where q may lie ``anywhere``."""
    named = dict(model.named_parameters())
    short = {}
    for name, p in named.items():
        parts = name.split(".")
        short[".".join(parts[-2:]) if parts[-2:][0] in anywhere else name] = p
    return short if len(short) == len(named) else named


def what_it_is(value: Any) -> str:
    """``nn.Module`` for one; else what the value is, in words."""
    if isinstance(value, nn.Module):
        return "nn.Module"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None (is a `return` missing?)" if value is None else f"a value of type {type(value).__name__}"


def _leaves(result: Any) -> dict[int, torch.Tensor]:
    """The parameters that a result was made of, by ``id``; holding them keeps an ``id`` from being given again."""
    leaves, seen = {}, set()
    waiting = [result.grad_fn] if isinstance(result, torch.Tensor) else []
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            leaves[id(node.variable)] = node.variable
        waiting += [before for before, _ in node.next_functions]
    return leaves
