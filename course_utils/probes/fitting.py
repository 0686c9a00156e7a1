"""Probes for what trains and evaluates over a loader, or fits one batch: judged by losses and weights, epoch by epoch.

On a machine without an accelerator nothing fails when a batch is left on the wrong device. So in mode ``"meta"`` a
stand-in for a model writes down where its input is, as far as the candidate gets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, observe, prepare, with_flags
from course_utils.probes.modules import build
from course_utils.probes.training import build_model, build_optimizer, weights
from course_utils.probes.watch import ReadableMeta
from course_utils.probes.world import reseed

CPU = torch.device("cpu")
NO_GRAPH = "evaluating builds no graph"
MODE_KEPT = "the model is back in the mode in which it came"
UNTOUCHED = "evaluating leaves weights, gradients and running statistics as they were"
BATCH_MOVED = "the model gets every batch on `device`"
LABELS_MOVED = "the criterion gets outputs and labels on the same device"


def run_train_epoch(candidate: Callable, case: Case) -> Observation:
    """Train for one epoch after another: ``candidate(model, loader, criterion, optimizer, device)``.

    The model comes with stale gradients, and before every epoch in evaluation mode.

    The case's arguments: ``model`` and ``criterion``, for `build`; ``x`` and ``y``, all rows; ``batch_size``;
    ``optimizer``, for `build_optimizer`; ``epochs``: how many calls.

    Parts: ``epochs``, a list: for each the ``loss`` returned and the ``weights`` afterwards.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    loader, criterion = _loader(args["x"], args["y"], args["batch_size"]), build(args["criterion"])
    if case.mode == "meta":
        return _observe_devices(lambda world: candidate(world.model, loader, *world.rest, world.device), case)
    model = build_model(args["model"])
    optimizer = build_optimizer(args["optimizer"], model)

    def body() -> dict[str, Any]:
        epochs = []
        for i in range(args["epochs"]):
            model.eval()
            reseed(i)
            loss = candidate(model, loader, criterion, optimizer, CPU)
            epochs.append({"loss": loss, "weights": weights(model)})
        return {"epochs": epochs}

    return observe(body, case)


def run_evaluate(candidate: Callable, case: Case) -> Observation:
    """Evaluate once: ``candidate(model, loader, criterion, device)``.

    The case's arguments: ``model`` and ``criterion``, for `build`; ``x`` and ``y``, all rows; ``batch_size``;
    ``training``: the mode in which the model comes.

    Parts: ``result``, and three rules.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    loader, criterion = _loader(args["x"], args["y"], args["batch_size"]), build(args["criterion"])
    if case.mode == "meta":
        return _observe_devices(lambda world: candidate(world.model, loader, world.rest[0], world.device), case)
    model = build_model(args["model"]).train(args["training"])
    graphs = _graphs_recorded(model)

    def body() -> dict[str, Any]:
        before, gradients = weights(model), [p.grad.clone() for p in model.parameters()]
        result = candidate(model, loader, criterion, CPU)
        same = all(torch.equal(old, new) for old, new in zip(before.values(), weights(model).values(), strict=True))
        kept = all(
            facts.requires_grad(p) and p.grad is not None and torch.equal(p.grad, g)
            for p, g in zip(model.parameters(), gradients, strict=True)
        )
        rules = {
            NO_GRAPH: bool(graphs) and not any(graphs),
            MODE_KEPT: all(module.training == args["training"] for module in model.modules()),
            UNTOUCHED: same and kept,
        }
        return {"result": result} | rules

    return observe(body, case)


def run_fit(candidate: Callable, case: Case) -> Observation:
    """Fit a model: ``candidate(model, train, val, criterion, optimizer, max_epochs, patience, device)``.

    The case's arguments: ``model`` and ``criterion``, for `build`; ``x`` and ``y``, ``x_val`` and ``y_val``, all rows;
    ``batch_size``; ``optimizer``, for `build_optimizer`; ``max_epochs``; ``patience``.

    Parts: ``result``, the history; ``weights``, what the model ends with.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    train = _loader(args["x"], args["y"], args["batch_size"])
    val = _loader(args["x_val"], args["y_val"], args["batch_size"])
    limits = args["max_epochs"], args["patience"]
    if case.mode == "meta":
        return _observe_devices(lambda w: candidate(w.model, train, val, *w.rest, *limits, w.device), case)
    model = build_model(args["model"])
    criterion, optimizer = build(args["criterion"]), build_optimizer(args["optimizer"], model)

    def body() -> dict[str, Any]:
        history = candidate(model, train, val, criterion, optimizer, *limits, CPU)
        return {"result": history, "weights": weights(model)}

    return observe(body, case)


def run_one_batch(candidate: Callable, case: Case) -> Observation:
    """Train on one batch, anew for each of several thresholds: one answer of yes or no says too little.

    The model comes without gradients, as a new one does. The candidate:
    ``candidate(model, criterion, optimizer, x, y, steps, threshold)``.

    The case's arguments: those of the candidate, with ``model`` and ``criterion`` for `build` and ``optimizer`` for
    `build_optimizer`; ``threshold``: a list.

    Parts: ``weights`` afterwards and ``result``, each by threshold; ``arguments``: what became of x and y.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    model_spec, criterion_spec, optimizer_spec = (args.pop(name) for name in ("model", "criterion", "optimizer"))
    thresholds = args.pop("threshold")

    def body() -> dict[str, Any]:
        left, results = {}, {}
        for threshold in thresholds:
            given = {name: prepare(value) for name, value in args.items()}  # of its own for each call
            model = build_model(model_spec, stale=False)
            optimizer = build_optimizer(optimizer_spec, model)
            result = candidate(model, build(criterion_spec), optimizer, *given.values(), threshold)
            results[f"threshold={threshold:g}"] = result
            left[f"threshold={threshold:g}"] = weights(model)
        return {"weights": left, "result": results, "arguments": {name: with_flags(given[name]) for name in ("x", "y")}}

    return observe(body, case)


def _loader(x: torch.Tensor, y: torch.Tensor, batch_size: int) -> DataLoader:
    """Batches in order. With a generator of its own, so that looking at them shifts nobody's dropout masks."""
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, generator=torch.Generator().manual_seed(0))


def _graphs_recorded(model: nn.Module) -> list[bool]:
    """Grows by one with each output of the model from now on: whether it was recorded for a backward pass.

    By the class, because hooks can be taken off, and are not asked where somebody calls ``forward``.
    """
    recorded: list[bool] = []
    kind = type(model)

    def forward(self: nn.Module, *inputs: torch.Tensor) -> torch.Tensor:
        output = kind.forward(self, *inputs)
        recorded.append(facts.requires_grad(output))
        return output

    model.__class__ = type(kind.__name__, (kind,), {"forward": forward})
    return recorded


class _World:
    """A model, criterion and optimizer on a device without values, which write down what reaches them where."""

    device = torch.device("meta")

    def __init__(self) -> None:
        self.inputs: list[str] = []
        self.losses: list[tuple[str, str]] = []
        self.model = _Model(self.inputs)
        self.rest = (_Criterion(self.losses), torch.optim.SGD(self.model.parameters(), lr=0.1))


class _Model(nn.Module):
    def __init__(self, inputs: list[str]) -> None:
        super().__init__()
        self.inputs = inputs
        self.weight = nn.Parameter(torch.zeros(1, device="meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.inputs.append(x.device.type)
        return self.weight.expand(len(x), 2)


class _Criterion(nn.Module):
    def __init__(self, losses: list[tuple[str, str]]) -> None:
        super().__init__()
        self.losses = losses

    def forward(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        self.losses.append((outputs.device.type, labels.device.type))
        return torch.ones((), requires_grad=True) * 1  # with values, so that item() and backward() work


def _observe_devices(train: Callable[[_World], Any], case: Case) -> Observation:
    """Whether what reaches a model and its criterion is on their device. Where the candidate stops, seeing stops."""
    world = _World()

    def body() -> dict[str, Any]:
        # values can be read there, as ones: so right code gets as far as the criterion, and what does not did not move
        with contextlib.suppress(Exception), torch.enable_grad(), ReadableMeta():
            train(world)
        return {
            BATCH_MOVED: bool(world.inputs) and all(device == "meta" for device in world.inputs),
            LABELS_MOVED: bool(world.losses) and all(outputs == labels for outputs, labels in world.losses),
        }

    return observe(body, case)
