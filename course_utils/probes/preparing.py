"""Probes for what happens to a model before it trains: drawing its first weights, freezing, choosing settings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.probes.core import Case, Observation, Seed, observe, prepare, snapshot
from course_utils.probes.modules import build, fill

ENOUGH_WEIGHTS = 10_000  # so many normal draws have a standard deviation within 4% of what it should be
ENOUGH_DRAWS = 10_000
SAME_PARAMETERS = "the model still has its own parameters"
SAME_FLAGS = "parameters that learn still learn, and no others"
DRAWN = "weights are drawn anew"
NORMAL = "weights are drawn one by one from a normal distribution"
OTHERS_KEPT = "layers that are not Linear stay as they are"
IN_RANGE = "every value lies between low and high"
SAME = "the same generator gives the same values"
OTHER = "another generator gives other values"


def run_init(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(model)`` draw a model's weights, and measure them.

    The case's arguments: ``model``, a list of pairs of a name and a spec for `build`.

    Parts: ``std`` of every Linear's weight that has `ENOUGH_WEIGHTS`; ``bias``: the largest size of each; rules.
    """
    model = _named(case.args["model"])
    linears = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    of_linears = {id(p) for module in linears.values() for p in module.parameters()}

    def body() -> dict[str, Any]:
        before = [(id(p), p.requires_grad) for p in model.parameters()]
        state = dict(model.named_parameters()) | dict(model.named_buffers())
        old = {name: module.weight.detach().clone() for name, module in linears.items()}
        others = {name: snapshot(t) for name, t in state.items() if id(t) not in of_linears}
        candidate(model)
        after = dict(model.named_parameters()) | dict(model.named_buffers())
        measured = {f"{name}.weight": m.weight.detach() for name, m in linears.items()}
        measured = {name: weight for name, weight in measured.items() if weight.numel() >= ENOUGH_WEIGHTS}
        return {
            SAME_PARAMETERS: [id(p) for p in model.parameters()] == [known for known, _ in before],
            SAME_FLAGS: [p.requires_grad for p in model.parameters()] == [flag for _, flag in before],
            "std": {name: float(weight.std()) for name, weight in measured.items()},
            "bias": {f"{n}.bias": float(m.bias.detach().abs().max()) for n, m in linears.items() if m.bias is not None},
            NORMAL: all(map(_is_normal, measured.values())),
            DRAWN: not any(_are_alike(old[name], module.weight.detach()) for name, module in linears.items()),
            OTHERS_KEPT: all(name in after and torch.equal(after[name], t) for name, t in others.items()),
        }

    return observe(body, case)


def _named(parts: list) -> nn.Sequential:
    """A model whose parts have names, with known weights."""
    model = nn.Sequential(OrderedDict((name, build(spec)) for name, spec in parts))
    fill(model)
    return model


def _is_normal(weight: torch.Tensor) -> bool:
    """Whether many values look like independent draws with mean 0: not flat, not lopsided, hardly any twice."""
    z = weight.flatten().double() / weight.double().std()
    tails, lean = float((z**4).mean()), float(z.mean())  # 3 and 0; a uniform distribution has 1.8 for the first
    return 2.6 < tails < 3.4 and abs(lean) < 0.08 and len(z.unique()) > len(z) / 2


def _are_alike(old: torch.Tensor, new: torch.Tensor) -> bool:
    """Whether many new values follow from the old ones, by scaling for instance."""
    return old.numel() >= ENOUGH_WEIGHTS and float(torch.stack((old.flatten(), new.flatten())).corrcoef()[0, 1]) > 0.1


def run_freeze(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(model, prefixes)`` freeze parameters.

    The case's arguments: ``model``, a list of pairs of a name and a spec for `build`; ``prefixes``; ``frozen``: the
    beginnings of names of parameters that do not learn when the model comes.

    Parts: ``learns``: whether each parameter does, by name; ``weights``.
    """
    model = _named(case.args["model"])
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(tuple(case.args["frozen"])))

    def body() -> dict[str, Any]:
        candidate(model, list(case.args["prefixes"]))
        learns = {name: p.requires_grad for name, p in model.named_parameters()}
        return {"learns": learns, "weights": dict(model.state_dict())}

    return observe(body, case)


def run_sample(candidate: Callable, case: Case) -> Observation:
    """Ask ``candidate(low, high, n, generator)`` for values, and see how they spread over the orders of magnitude.

    Parts: ``result`` (shape and dtype alone); ``deciles`` of the values' base-10 logarithms, where there are
    `ENOUGH_DRAWS`; rules.
    """
    low, high, n, seed = case.args.values()

    def body() -> dict[str, Any]:
        draws = []
        for i, seed_now in enumerate((seed, seed, Seed(seed.value + 1))):
            torch.default_generator.manual_seed(i)  # the values are the other generator's alone
            draws.append(candidate(low, high, n, prepare(seed_now)))
        first, again, other = draws
        if not all(isinstance(values, torch.Tensor) and values.shape == (n,) for values in draws):
            return {"result": first}
        shares = [0.1, 0.3, 0.5, 0.7, 0.9]
        deciles = first.double().log10().quantile(torch.tensor(shares, dtype=torch.float64)).tolist()
        return {
            "result": first.to("meta"),
            "deciles": {f"{s:.0%}": v for s, v in zip(shares, deciles, strict=True)} if n >= ENOUGH_DRAWS else {},
            IN_RANGE: bool((first >= low * (1 - 1e-4)).all() and (first <= high * (1 + 1e-4)).all()),
            SAME: torch.equal(first, again),
            OTHER: not torch.equal(first.sort().values, other.sort().values),
        }

    return observe(body, case)
