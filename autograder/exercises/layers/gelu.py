"""GELU, exact."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F

from autograder.exercise import Draw, Exercise, Mistake


def _gelu_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([-2.0, -1.0, 0.5, 1.0, 2.0])}
    yield {"x": torch.linspace(-6, 6, 96)}  # the tanh form is farthest from the exact one near 2.4
    yield {"x": torch.tensor([-30.0, -12.0, 12.0, 30.0])}
    yield {"x": draw.normal(*draw.sizes(2), std=2.0)}
    yield {"x": draw.normal(*draw.sizes(3), std=2.0)}
    yield {"x": draw.normal(1, 1)}
    yield {"x": draw.wide(5, 40)}


def _tanh_gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _sigmoid_gelu(x: torch.Tensor, slope: float) -> torch.Tensor:
    return x * torch.sigmoid(slope * x)


GELU = Exercise(
    name="gelu",
    lesson="07_layers",
    reference=F.gelu,
    cases=_gelu_cases,
    forbidden=("gelu",),
    instead="arithmetic and torch.erf",
    mistakes=(
        Mistake(
            "tanh form where exact is asked",
            "This is the tanh approximation: close, but not exact. Which function of torch is in the formula for Φ?",
            (
                _tanh_gelu,
                lambda x: 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.0447 * x**3))),
                lambda x: x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
                lambda x: x * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)),
            ),
        ),
        Mistake(
            "ReLU",
            "This is ReLU. What does GELU do with a small negative x?",
            (torch.relu, F.leaky_relu, lambda x: x * (x > 0)),
        ),
        Mistake(
            "sigmoid form",
            "This is made of a sigmoid, a curve that resembles Φ. Which function is in the formula for Φ?",
            (
                partial(_sigmoid_gelu, slope=1.702),
                *(partial(_sigmoid_gelu, slope=slope) for slope in (1.7, 1.6, 1.5957, 1.5958, 1.5976, 1.0)),
                torch.sigmoid,
            ),
        ),
        Mistake(
            "forgets to divide by sqrt(2)",
            "Φ is (1 + erf(z)) / 2. What is z, for a given x?",
            (lambda x: x * 0.5 * (1 + torch.erf(x)), lambda x: x * 0.5 * (1 + torch.erf(x / 2))),
        ),
        Mistake(
            "forgets the factor 1/2",
            "Φ is a probability and ends at 1. Where does your 1 + erf(...) end?",
            lambda x: x * (1 + torch.erf(x / math.sqrt(2))),
        ),
        Mistake(
            "a function of the wrong kind",
            "math.erf and math.sqrt take numbers, torch.erf and torch.sqrt tensors. Which does each place need?",
            (
                lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
                lambda x: 0.5 * x * (1 + torch.erf(x / torch.sqrt(2))),
            ),
        ),
        Mistake(
            "the CDF alone",
            "This is Φ of x alone. What is it multiplied with?",
            lambda x: 0.5 * (1 + torch.erf(x / math.sqrt(2))),
        ),
    ),
)
