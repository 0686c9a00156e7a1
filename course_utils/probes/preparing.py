"""Probes for what happens to a model before it trains: drawing its first weights, freezing, choosing settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.probes import facts
from course_utils.probes.core import FURTHER, Case, Observation, Seed, observe, prepare
from course_utils.probes.modules import build, fill
from course_utils.probes.world import reseed

SAME_PARAMETERS = "the model still has its own parameters"
SAME_FLAGS = "parameters that learn still learn, and no others"


def run_init(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(model)`` draw a model's weights, which the judge measures.

    The case's arguments: ``model``, a list of pairs of a name and a spec for `build`.

    Parts: two rules; ``tensors``: all parameters and buffers afterwards, by name.
    """
    model = build_named(case.args["model"])

    def body() -> dict[str, Any]:
        before = [(id(p), facts.requires_grad(p)) for p in model.parameters()]
        candidate(model)
        return {
            SAME_PARAMETERS: [id(p) for p in model.parameters()] == [known for known, _ in before],
            SAME_FLAGS: [facts.requires_grad(p) for p in model.parameters()] == [flag for _, flag in before],
            "tensors": tensors(model),
        }

    return observe(body, case)


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """All parameters and buffers by name."""
    return dict(model.named_parameters()) | dict(model.named_buffers())


def build_named(parts: list) -> nn.Sequential:
    """A model whose parts have names, with known weights."""
    model = nn.Sequential(OrderedDict((name, build(spec)) for name, spec in parts))
    fill(model)
    return model


def run_freeze(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(model, prefixes)`` freeze parameters.

    The case's arguments: ``model``, a list of pairs of a name and a spec for `build`; ``prefixes``; ``frozen``: the
    beginnings of names of parameters that do not learn when the model comes.

    Parts: ``learns``: whether each parameter does, by name; ``weights``.
    """
    model = build_named(case.args["model"])
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(tuple(case.args["frozen"])))

    def body() -> dict[str, Any]:
        candidate(model, list(case.args["prefixes"]))
        learns = {name: facts.requires_grad(p) for name, p in model.named_parameters()}
        return {"learns": learns, "weights": dict(model.state_dict())}

    return observe(body, case)


def run_sample(candidate: Callable, case: Case) -> Observation:
    """Ask ``candidate(low, high, n, generator)`` for values; the judge sees how they spread.

    Parts: ``draws``, a list: two with generators of the same seed, one of another, and one with a generator of the
    first seed that was drawn from before.
    """
    low, high, n, seed = case.args.values()

    def body() -> dict[str, Any]:
        draws = []
        for i, seed_now in enumerate((seed, seed, Seed(seed.value + 1), Seed(seed.value, drawn=FURTHER))):
            reseed(i)  # the values are the other generator's alone
            draws.append(candidate(low, high, n, prepare(seed_now)))
        return {"draws": draws}

    return observe(body, case)
