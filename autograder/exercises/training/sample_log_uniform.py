"""Values whose logarithms are uniform."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.draws import measure_sample
from autograder.exercises.training.common import (
    LESSON,
)
from course_utils.probes import Seed
from course_utils.probes.preparing import run_sample


def _sample_cases(draw: Draw) -> Iterator[dict]:
    yield {"low": 0.001, "high": 10.0, "n": 5, "generator": Seed(9)}
    yield {"low": 1e-5, "high": 0.1, "n": 20_000, "generator": Seed(draw.seed())}
    yield {"low": 1e-4, "high": 1.0, "n": 20_000, "generator": Seed(draw.seed())}
    yield {"low": 0.5, "high": 800.0, "n": 20_000, "generator": Seed(draw.seed())}
    low = 10 ** -draw.uniform(2, 5)
    yield {"low": low, "high": low * 10 ** draw.uniform(1, 3), "n": 20_000, "generator": Seed(draw.seed())}
    yield {"low": 0.01, "high": 0.1, "n": 1, "generator": Seed(draw.seed())}


def _sample(log: Callable = math.log10, power: Callable = lambda x: 10**x, draw: str = "given") -> Callable:
    def sample_log_uniform(low: float, high: float, n: int, generator: torch.Generator) -> torch.Tensor:
        own = {"own": 0, "restarted": generator.initial_seed()}
        if draw in own:
            generator = torch.Generator().manual_seed(own[draw])
        generator = None if draw == "global" else generator
        share = torch.rand(n, generator=generator)
        return power(log(low) + (log(high) - log(low)) * share)

    return sample_log_uniform


def _whole_powers(low: float, high: float, n: int, generator: torch.Generator) -> torch.Tensor:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return 10.0 ** torch.randint(first, max(last, first) + 1, (n,), generator=generator)


SAMPLE_LOG_UNIFORM = Exercise(
    name="sample_log_uniform",
    lesson=LESSON,
    reference=_sample(),
    cases=_sample_cases,
    contracts=(),
    probe=run_sample,
    measure=measure_sample,
    rtol=0.0,
    atol=0.12,  # in orders of magnitude, for the deciles of 20,000 draws
    mistakes=(
        Mistake(
            "linear",
            "Your values are spread evenly between low and high, so nearly all have the order of magnitude of high. "
            "What should be drawn evenly instead?",
            (
                _sample(log=lambda x: x, power=lambda x: x),
                lambda low, high, n, generator: torch.empty(n).uniform_(low, high, generator=generator),
                lambda low, high, n, generator: torch.rand(n, generator=generator) * high + low,
                lambda low, high, n, generator: low + high * torch.rand(n, generator=generator),
            ),
        ),
        Mistake(
            "exponents, not values",
            "These are the exponents. Which function turns them back into values?",
            (_sample(power=lambda x: x), _sample(log=math.log, power=lambda x: x)),
        ),
        Mistake(
            "base mixed up",
            "The logarithm and the power that undoes it need the same base: log10 and 10 ** x, or log and exp.",
            (
                _sample(log=math.log),
                _sample(power=torch.exp),
                _sample(log=math.log2),
                _sample(log=math.log, power=torch.exp2),
                _sample(log=math.log2, power=torch.exp),
                _sample(power=torch.exp2),
                _sample(log=lambda x: x),
                _sample(log=lambda x: x, power=torch.exp),
            ),
        ),
        Mistake(
            "whole powers of ten",
            "Only whole powers of ten come out. An exponent may lie anywhere between the two logarithms.",
            _whole_powers,
        ),
        Mistake(
            "generator ignored",
            "The values do not follow from the generator that was given. Who draws them?",
            (
                _sample(draw="global"),
                _sample(draw="own"),
                lambda low, high, n, generator: _by_random(low, high, n),
                lambda low, high, n, generator: torch.logspace(math.log10(low), math.log10(high), n),
            ),
        ),
        Mistake(
            "the same values again",
            "A generator that was used goes on where it is. Yours begins again at its first seed, so that every call "
            "gives the same values.",
            _sample(draw="restarted"),
        ),
        Mistake(
            "one value for all",
            "All values are the same. How many numbers do you draw?",
            lambda low, high, n, generator: _sample()(low, high, 1, generator).expand(n),
        ),
    ),
)


def _by_random(low: float, high: float, n: int) -> torch.Tensor:
    return torch.tensor([10 ** random.uniform(math.log10(low), math.log10(high)) for _ in range(n)])
