"""How a model's first weights were drawn."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from autograder.exercises.measures import has_values, measured, same
from course_utils.probes import Case, Observation
from course_utils.probes.preparing import SAME_FLAGS, SAME_PARAMETERS, build_named, tensors

ENOUGH_WEIGHTS = 10_000  # so many normal draws have a standard deviation within 4% of what it should be
DRAWN = "weights are drawn anew"
NORMAL = "weights are drawn one by one from a normal distribution"
OTHERS_KEPT = "layers that are not Linear stay as they are"


def measure_init(case: Case, got: Observation) -> Observation:
    """For what `run_init` brings.

    Parts: ``std`` of every Linear's weight that has `ENOUGH_WEIGHTS`; ``bias``: the largest size of each; rules.
    """
    model = build_named(case.args["model"])  # as it was before
    before = {name: tensor.detach() for name, tensor in tensors(model).items()}
    linears = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    weights = [f"{name}.weight" for name in linears]
    biases = [f"{name}.bias" for name in linears if f"{name}.bias" in before]
    after = got.parts.get("tensors")
    after = after if isinstance(after, dict) else {}
    rules = {name: got.parts.get(name) for name in (SAME_PARAMETERS, SAME_FLAGS)}
    if not all(_fits(after.get(name), before[name]) for name in (*weights, *biases)):
        return measured(got, rules)
    large = {name: after[name] for name in weights if after[name].numel() >= ENOUGH_WEIGHTS}
    parts: dict[str, Any] = {
        "std": {name: float(weight.std()) for name, weight in large.items()},
        "bias": {name: float(after[name].abs().max()) for name in biases},
        NORMAL: all(map(_is_normal, large.values())),
        DRAWN: not any(_are_alike(before[name], after[name]) for name in large),
        OTHERS_KEPT: all(same(after.get(name), before[name]) for name in before.keys() - {*weights, *biases}),
    }
    return measured(got, rules | parts)


def _fits(new: Any, old: torch.Tensor) -> bool:
    return has_values(new) and new.is_floating_point() and new.shape == old.shape


def _is_normal(weight: torch.Tensor) -> bool:
    """Whether many values look like independent draws with mean 0: not flat, not lopsided, hardly any twice."""
    z = weight.flatten().double() / weight.double().std()
    tails, lean = float((z**4).mean()), float(z.mean())  # 3 and 0; a uniform distribution has 1.8 for the first
    return 2.6 < tails < 3.4 and abs(lean) < 0.08 and len(z.unique()) > len(z) / 2


def _are_alike(old: torch.Tensor, new: torch.Tensor) -> bool:
    """Whether many new values follow from the old ones, by scaling for instance."""
    return float(torch.stack((old.flatten(), new.flatten().to(old.dtype))).corrcoef()[0, 1]) > 0.1
