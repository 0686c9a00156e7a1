"""How random draws spread, and what they depend on."""

from __future__ import annotations

from typing import Any

import torch

from autograder.exercises.measures import has_values, items, measured, same, without_values
from course_utils.probes import Case, Observation

ENOUGH_DRAWS = 10_000  # so many draws show their distribution
FARTHEST = 0.03  # between two distribution functions; honest draws stay below it but for once in ten million
HOLDS_NUMBERS = "the result holds numbers"
OWN_DRAWS = "every entry is a draw of its own"
SAME_WEIGHTS = "the same generator gives the same weights"
OTHER_WEIGHTS = "another generator gives other weights"
NEXT = "a second call with the same generator gives other weights"
IN_0_1 = "every entry lies in [0, 1)"
FRESH = "a second call gives other noise"
IN_RANGE = "every value lies between low and high"
SAME_VALUES = "the same generator gives the same values"
OTHER_VALUES = "another generator gives other values"
NEXT_VALUES = "a generator that was drawn from before gives other values"


def measure_weights(case: Case, got: Observation) -> Observation:
    """For what `run_weights` brings.

    Parts: ``result`` (shape and dtype alone); rules; where there are enough draws, what `_spread` measures.
    """
    first, again, other, following = draws = items(got, "draws", 4)
    shape = (case.args["d_in"], case.args["d_out"])
    parts: dict[str, Any] = {"result": without_values(first)}
    if all(isinstance(draw, torch.Tensor) and draw.shape == shape for draw in draws):
        parts[HOLDS_NUMBERS] = has_values(first)
        if parts[HOLDS_NUMBERS]:
            parts |= _spread(first) | {
                SAME_WEIGHTS: same(first, again),
                OTHER_WEIGHTS: not same(first, other),
                NEXT: not same(first, following),
            }
    return measured(got, parts)


def measure_noise(case: Case, got: Observation) -> Observation:
    """For what `run_noise` brings.

    Parts: ``result`` (shape and dtype alone); ``the device``; where there are enough draws, what `_spread` measures;
    rules; ``arguments``.
    """
    first, second = items(got, "draws", 2)
    parts: dict[str, Any] = {"result": without_values(first)}
    if not isinstance(first, torch.Tensor):
        return measured(got, parts)
    parts["the device"] = got.parts.get("the device")
    if has_values(first) and first.shape == torch.Size(case.args["template"][1]):
        in_range = bool(((first >= 0) & (first < 1)).all())
        parts |= _spread(first) | {IN_0_1: in_range, FRESH: not same(first, second)}
    return measured(got, parts)


def measure_sample(case: Case, got: Observation) -> Observation:
    """For what `run_sample` brings: how values spread over the orders of magnitude.

    Parts: ``result`` (shape and dtype alone); ``deciles`` of the values' base-10 logarithms, where there are
    `ENOUGH_DRAWS`; rules.
    """
    low, high, n, _ = case.args.values()
    first, again, other, later = draws = items(got, "draws", 4)
    if not all(has_values(values) and values.shape == (n,) for values in draws):
        return measured(got, {"result": first})
    shares = [0.1, 0.3, 0.5, 0.7, 0.9]
    deciles = first.cpu().double().log10().quantile(torch.tensor(shares, dtype=torch.float64)).tolist()
    parts = {
        "result": first.to("meta"),
        "deciles": {f"{s:.0%}": v for s, v in zip(shares, deciles, strict=True)} if n >= ENOUGH_DRAWS else {},
        IN_RANGE: bool((first >= low * (1 - 1e-4)).all() and (first <= high * (1 + 1e-4)).all()),
        SAME_VALUES: same(first, again),
        OTHER_VALUES: not same(first.sort().values, other.sort().values),
        NEXT_VALUES: not same(first.sort().values, later.sort().values),
    }
    return measured(got, parts)


def _spread(draws: torch.Tensor) -> dict[str, Any]:
    """How a table of draws is distributed, with margins that chance does not cross; nothing where it has too few.

    Returns:
        The rule that entries are drawn one by one; ``the distribution``: normal, uniform, or another one, whatever its
        mean and width; mean and standard deviation, to one place.
    """
    if draws.numel() < ENOUGH_DRAWS:
        return {}
    x = draws.cpu().double()
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
