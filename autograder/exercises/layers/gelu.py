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
    instead="x and the normal CDF (torch.erf)",
    mistakes=(
        Mistake(
            "tanh form where exact is asked",
            "This is the tanh approximation: close, but not exact. Which function gives the normal CDF itself?",
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
            "This is x times a sigmoid: an approximation, or SiLU. Which curve from 0 to 1 does GELU use?",
            (
                partial(_sigmoid_gelu, slope=1.702),
                *(partial(_sigmoid_gelu, slope=slope) for slope in (1.7, 1.6, 1.5957, 1.5958, 1.5976, 1.0)),
                torch.sigmoid,
            ),
        ),
        Mistake(
            "forgets to divide by sqrt(2)",
            "The CDF of the standard normal is (1 + erf(z)) / 2. What is z, for a given x?",
            (lambda x: x * 0.5 * (1 + torch.erf(x)), lambda x: x * 0.5 * (1 + torch.erf(x / 2))),
        ),
        Mistake(
            "forgets the factor 1/2",
            "A CDF ends at 1. Where does your 1 + erf(...) end?",
            lambda x: x * (1 + torch.erf(x / math.sqrt(2))),
        ),
        Mistake(
            "the CDF alone",
            "This is the normal CDF of x. What is it multiplied with?",
            lambda x: 0.5 * (1 + torch.erf(x / math.sqrt(2))),
        ),
    ),
)
