"""Standard normal weights, drawn from a generator."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.draws import measure_weights
from course_utils.probes import Seed
from course_utils.probes.tensors import run_weights


def _weights_cases(draw: Draw) -> Iterator[dict]:
    yield {"d_in": 2, "d_out": 3, "generator": Seed(1)}
    wide, narrow = draw.sizes(2, 100, 130)
    d_in, d_out = draw.sizes(2)
    square = draw.size(100, 130)
    for n, m in [(wide, narrow), (d_in, d_out), (1, d_out), (d_in, 1), (square, square)]:
        yield {"d_in": n, "d_out": m, "generator": Seed(draw.seed())}


def _normal(d_in: int, d_out: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(d_in, d_out, generator=generator)


def _uniform(d_in: int, d_out: int, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(d_in, d_out, generator=generator)


def _reseeded(d_in: int, d_out: int, generator: torch.Generator) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(d_in, d_out)


def _seeded_globally(d_in: int, d_out: int, generator: torch.Generator) -> torch.Tensor:
    torch.manual_seed(generator.initial_seed())
    return torch.randn(d_in, d_out)


INIT_WEIGHTS = Exercise(
    name="init_weights",
    lesson="01_tensors",
    reference=_normal,
    cases=_weights_cases,
    probe=run_weights,
    measure=measure_weights,
    contracts=(),
    mistakes=(
        Mistake(
            "uniform instead of normal",
            "These draws are spread evenly between two bounds. Which of the two functions, rand and randn, draws from "
            "the standard normal distribution?",
            (
                _uniform,
                lambda d_in, d_out, generator: _uniform(d_in, d_out, generator) * 2 - 1,
                lambda d_in, d_out, generator: (_uniform(d_in, d_out, generator) - 0.5) * math.sqrt(12),
            ),
        ),
        Mistake(
            "transposed",
            "The sizes are exchanged. Which one comes first in (d_in, d_out)?",
            (
                lambda d_in, d_out, generator: _normal(d_out, d_in, generator),
                lambda d_in, d_out, generator: torch.randn(d_out, d_in),
                lambda d_in, d_out, generator: _normal(d_out, d_in, generator).double(),
            ),
        ),
        Mistake(
            "generator ignored",
            "The draws do not come from the generator: the same one should give the same weights again, another one "
            "others. Where do you hand it to the function that draws?",
            (
                lambda d_in, d_out, generator: torch.randn(d_in, d_out),
                lambda d_in, d_out, generator: torch.rand(d_in, d_out),
                lambda d_in, d_out, generator: torch.rand(d_in, d_out) * 2 - 1,
                lambda d_in, d_out, generator: torch.randn(d_in, d_out) / math.sqrt(d_in),
                lambda d_in, d_out, generator: torch.randn(d_in, d_out) * 0.01,
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator.manual_seed(0)),
                lambda d_in, d_out, generator: _normal(d_in, d_out, torch.Generator().manual_seed(0)),
                _reseeded,
            ),
        ),
        Mistake(
            "generator started again",
            "Every call gives the same weights, so two layers would be born equal. Leave the generator's seed alone: "
            "draw from it, and it moves on by itself.",
            (
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator.manual_seed(generator.initial_seed())),
                lambda d_in, d_out, generator: _normal(
                    d_in, d_out, torch.Generator().manual_seed(generator.initial_seed())
                ),
                _seeded_globally,
            ),
        ),
        Mistake(
            "scaled",
            "The draws are normal, but the standard normal distribution has standard deviation 1. By what do you "
            "multiply or divide? (Scaling has its place, in lesson 9.)",
            (
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator) / math.sqrt(d_in),
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator) * math.sqrt(2 / d_in),
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator) * math.sqrt(2 / (d_in + d_out)),
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator) * 0.01,
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator) * 0.5,
            ),
        ),
        Mistake(
            "another dtype",
            "Parameters are float32. Which step of yours asks for another dtype?",
            (
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator).double(),
                lambda d_in, d_out, generator: _normal(d_in, d_out, generator).half(),
            ),
        ),
        Mistake(
            "generator not named",
            "What comes after the sizes is taken for another size. Name the generator: generator=generator.",
            (
                lambda d_in, d_out, generator: torch.randn(d_in, d_out, generator),
                lambda d_in, d_out, generator: torch.randn((d_in, d_out), generator),
            ),
        ),
        Mistake(
            "asks the generator to draw",
            "NumPy's generators draw, a torch.Generator only knows where the numbers come from. Hand it to the "
            "function that draws: generator=generator.",
            (
                lambda d_in, d_out, generator: generator.normal(size=(d_in, d_out)),
                lambda d_in, d_out, generator: generator.standard_normal((d_in, d_out)),
                lambda d_in, d_out, generator: generator.randn(d_in, d_out),
            ),
        ),
        Mistake(
            "flattened",
            "All the numbers stand in one dim. Which two sizes does the function that draws take?",
            (
                lambda d_in, d_out, generator: torch.randn(d_in * d_out, generator=generator),
                lambda d_in, d_out, generator: torch.randn(d_in, generator=generator),
                lambda d_in, d_out, generator: torch.randn(d_out, generator=generator),
            ),
        ),
        Mistake(
            "one row for all",
            "Some entries are copies of others. How do you draw d_in * d_out numbers, each for itself?",
            (
                lambda d_in, d_out, generator: torch.randn(d_out, generator=generator).repeat(d_in, 1),
                lambda d_in, d_out, generator: torch.randn(d_in, 1, generator=generator).repeat(1, d_out),
            ),
        ),
        Mistake(
            "nothing drawn",
            "These weights are the same for every generator. Which function draws random numbers?",
            (
                lambda d_in, d_out, generator: torch.zeros(d_in, d_out),
                lambda d_in, d_out, generator: torch.ones(d_in, d_out),
            ),
        ),
    ),
)
