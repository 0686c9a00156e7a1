"""Probes for what trains: an answer is judged by the trajectory of losses and weights that it produces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, observe, prepare, snapshot, with_flags
from course_utils.probes.modules import build, fill, flags
from course_utils.probes.world import reseed

# what an optimizer does with a group; the other settings choose an implementation
GROUP_SETTINGS = ("lr", "weight_decay", "betas", "eps", "amsgrad", "maximize")


def build_model(spec: Sequence[Any], stale: bool = True) -> nn.Module:
    """A model with known weights, as a learner's code may find one: in evaluation mode, with old gradients.

    Args:
        spec: for `build`.
        stale: whether every parameter has a gradient, left from elsewhere.
    """
    model = build(spec)
    fill(model, by_name=False)
    if stale:
        give_gradients(model, seed=1)
    return model.eval()


def give_gradients(model: nn.Module, seed: int) -> None:
    """Give every parameter a seeded gradient that has nothing to do with any batch."""
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        p.grad = torch.randn(p.shape, generator=generator)


def build_optimizer(spec: Sequence[Any], model: nn.Module) -> torch.optim.Optimizer:
    """An optimizer of ``torch.optim`` for all parameters, from its name and a dict of its settings."""
    name, settings = spec
    return getattr(torch.optim, name)(model.parameters(), **settings)


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of all parameters and buffers by name, as they are now."""
    return snapshot(dict(model.state_dict()))


def run_train_step(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(model, optimizer, criterion, x, y)`` train on one batch after another.

    The model comes with stale gradients, and before every call in evaluation mode, as after a look at the validation
    loss. Every call sees the same dropout masks, whoever wrote the candidate.

    The case's arguments: ``model`` and ``criterion``, for `build`; ``optimizer``, for `build_optimizer`; ``x_batch``
    and ``y_batch``: lists of tensors, one for each step.

    Parts: ``steps``, a list: for each the ``loss`` returned, the ``weights`` afterwards, and, where these did not move
    at all, what may tell why (``still``): the number of backward passes and optimizer steps, and whether there are
    gradients now; ``arguments``: what became of the batches.
    """
    model = build_model(case.args["model"])
    optimizer = build_optimizer(case.args["optimizer"], model)
    criterion = build(case.args["criterion"])
    given = {"x": prepare(case.args["x_batch"]), "y": prepare(case.args["y_batch"])}
    events = _count_events(criterion, optimizer)

    def body() -> dict[str, Any]:
        steps = []
        for i, (x, y) in enumerate(zip(*given.values(), strict=True)):
            model.eval()
            events.update(dict.fromkeys(events, 0))
            reseed(i)
            before = weights(model)
            loss = candidate(model, optimizer, criterion, x, y)
            after = weights(model)
            moved = any(not torch.equal(before[name], after[name]) for name in before)
            left = any(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
            why_still = None if moved else events | {"gradients left": left}
            steps.append({"loss": loss, "weights": after, "still": why_still})
        return {"steps": steps, "arguments": {name: with_flags(batches) for name, batches in given.items()}}

    return observe(body, case)


def _count_events(criterion: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, int]:
    """Counters that go up with every backward pass through the criterion and every step of the optimizer."""
    events = {"backward passes": 0, "optimizer steps": 0}

    def count(event: str) -> None:
        events[event] += 1

    def watch_backward(_module: nn.Module, _inputs: Any, loss: torch.Tensor) -> None:
        if loss.requires_grad:
            loss.register_hook(lambda _grad: count("backward passes"))

    criterion.register_forward_hook(watch_backward)
    optimizer.register_step_post_hook(lambda *_: count("optimizer steps"))
    return events


def run_update(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(params, states, *settings)`` update parameters in place, step after step.

    The case's arguments: ``params``, a list of tensors; ``grads``, for each step a list of a tensor or None for each
    parameter; then the function's settings in the order of its signature. ``states`` has one dict a parameter, empty
    before the first step.

    Parts: ``steps``, a list: for each the ``params`` afterwards, and whether all are still leaves that learn.
    """
    settings = dict(case.args)
    params = [nn.Parameter(p.clone()) for p in settings.pop("params")]
    grads = settings.pop("grads")
    states: list[dict] = [{} for _ in params]

    def body() -> dict[str, Any]:
        steps = []
        for grads_now in grads:
            for p, grad in zip(params, grads_now, strict=True):
                p.grad = None if grad is None else grad.clone()
            candidate(list(params), states, *settings.values())
            learn = all(facts.is_leaf(p) and facts.requires_grad(p) for p in params)
            steps.append({"params": snapshot(params), "all parameters still learn": learn})
        return {"steps": steps}

    return observe(body, case)


def run_clip(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(parameters, max_norm)`` shorten gradients in place.

    The case's arguments: ``parameters``, a list of tensors; ``gradients``, for each a tensor or None; ``max_norm``;
    ``generator``, whether the parameters are passed as a generator, as ``model.parameters()`` gives them.

    Parts: ``result``; ``params`` and ``grads`` as they are afterwards; whether all parameters are still leaves that
    learn.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    params = [p.detach().requires_grad_() for p in args["parameters"]]
    for p, grad in zip(params, args["gradients"], strict=True):
        p.grad = grad

    def body() -> dict[str, Any]:
        result = candidate((p for p in params) if args["generator"] else list(params), args["max_norm"])
        return {
            "result": result,
            "params": params,
            "grads": [p.grad for p in params],
            "all parameters still learn": all(facts.is_leaf(p) and facts.requires_grad(p) for p in params),
        }

    return observe(body, case)


def run_make_optimizer(candidate: Callable, case: Case) -> Observation:
    """Ask ``candidate(model, *settings)`` for an optimizer, and look at its groups.

    The case's arguments: ``network``, for `build`, which becomes ``model.network``; ``stem`` and ``head``, for
    `build`, parts of the model before and behind it, or None; then the function's settings.

    Parts: ``optimizer`` (its class); ``groups`` (of each: names of parameters and settings); ``model``, which should
    be as it was.
    """
    settings = dict(case.args)
    model = nn.Module()
    for part in ("stem", "network", "head"):
        if spec := settings.pop(part):
            setattr(model, part, build(spec))
    fill(model, by_name=False)
    names = {id(p): name for name, p in model.named_parameters()}

    def body() -> dict[str, Any]:
        optimizer = candidate(model, *settings.values())
        parts: dict[str, Any] = {"optimizer": _name(optimizer)}
        if isinstance(optimizer, torch.optim.Optimizer):
            parts["groups"] = [
                {"parameters": ", ".join(sorted(names.get(id(p), "a copy") for p in group["params"]))}
                | {setting: group.get(setting) for setting in GROUP_SETTINGS}
                for group in optimizer.param_groups
            ]
        return parts | {"model": flags(model)}

    return observe(body, case)


def _name(optimizer: Any) -> str:
    """``AdamW`` for what works as AdamW does, such as a subclass; else the name of what came."""
    if optimizer is None:
        return "None (is a `return` missing?)"
    return "AdamW" if isinstance(optimizer, torch.optim.AdamW) else type(optimizer).__name__
