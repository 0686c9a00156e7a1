"""Uniform noise in the shape and on the device of a template."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.draws import measure_noise
from course_utils.probes.tensors import run_noise


def _template(*shape: int, dtype: str = "float32", device: str = "cpu") -> list:
    return ["Tensor", list(shape), {"dtype": dtype, "device": device}]


def _noise_cases(draw: Draw) -> Iterator[dict]:
    yield {"template": _template(2, 3, dtype="int64")}
    yield {"template": _template(2, 3, device="meta")}
    a, b, c = draw.sizes(3)
    for template in [
        _template(a, b),
        _template(a, b, c, dtype="int64"),
        _template(c, dtype="float64"),
        _template(*draw.sizes(2, 100, 130), dtype="uint8"),
        _template(1, draw.size(10_000, 11_000)),
        _template(b, 1, a, dtype="bool"),
        _template(c, c, dtype="float16"),
        _template(a, c, dtype="int64", device="meta"),
        _template(b, dtype="float64", device="meta"),
    ]:
        yield {"template": template}


def _noise(template: torch.Tensor) -> torch.Tensor:
    return torch.rand_like(template, dtype=torch.float32)


def _seeded(template: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(0)
    return _noise(template)


NOISE_LIKE = Exercise(
    name="noise_like",
    lesson="01_tensors",
    reference=_noise,
    cases=_noise_cases,
    probe=run_noise,
    measure=measure_noise,
    contracts=(),
    mistakes=(
        Mistake(
            "keeps an integer dtype",
            "The template may hold whole numbers, and the _like functions take over its dtype unless you say another. "
            "Between 0 and 1 there are no whole numbers to draw.",
            (
                torch.rand_like,
                lambda template: torch.rand_like(template, dtype=template.dtype),
                lambda template: torch.rand_like(template).float(),
                lambda template: torch.empty_like(template).uniform_(),
                lambda template: torch.rand(template.shape, dtype=template.dtype, device=template.device),
                lambda template: torch.rand(template.shape, dtype=template.dtype),
                lambda template: torch.rand(template.shape, device=template.device).to(template.dtype),
                lambda template: torch.rand(template.shape).to(template.dtype),
                torch.randn_like,
                lambda template: torch.randn(template.shape, device=template.device).to(template.dtype),
                lambda template: torch.zeros_like(template).uniform_(),
            ),
        ),
        Mistake(
            "loses the device",
            "The template lies on another device, and the noise should lie beside it. Left alone, torch.rand draws on "
            "the CPU: what does device=... do?",
            (
                lambda template: torch.rand(template.shape),
                lambda template: _noise(template).cpu() if not template.is_meta else torch.rand(template.shape),
                lambda template: _noise(template.cpu()),
            ),
        ),
        Mistake(
            "normal instead of uniform",
            "These draws come from the normal distribution: some are negative, some above 1. Which function draws "
            "evenly from 0 to 1?",
            (
                lambda template: torch.randn_like(template, dtype=torch.float32),
                lambda template: torch.randn(template.shape),
            ),
        ),
        Mistake(
            "another range",
            "The draws are even, but not between 0 and 1. What do you add to them, or multiply them by?",
            (
                lambda template: _noise(template) * 2 - 1,
                lambda template: _noise(template) - 0.5,
                lambda template: _noise(template) * 2,
                lambda template: _noise(template) * 0.1,
                lambda template: _noise(template) * 255,
            ),
        ),
        Mistake(
            "another float dtype",
            "Noise is float32 here, whatever dtype the template has.",
            (
                lambda template: torch.rand_like(template, dtype=torch.float64),
                lambda template: torch.rand_like(template, dtype=torch.float16),
                lambda template: torch.rand(template.shape).double(),
                lambda template: torch.rand(template.shape, device=template.device).to(
                    template.dtype if template.is_floating_point() else torch.float32
                ),
            ),
        ),
        Mistake(
            "another shape",
            "One number is wanted for each entry of the template, in the same places. What does template.shape hold?",
            (
                lambda template: torch.rand(template.numel(), device=template.device),
                lambda template: torch.rand(template.ndim, device=template.device),
                lambda template: torch.rand(template.shape[0], device=template.device),
                lambda template: torch.rand(template.shape[::-1], device=template.device),
                lambda template: torch.rand((), device=template.device),
                lambda template: torch.rand(template.numel()),
                lambda template: torch.rand(template.shape[0]),
            ),
        ),
        Mistake(
            "the same noise every time",
            "A second call gives the same noise again. A seed is set once, at the top of a program, and not where "
            "numbers are drawn.",
            (
                _seeded,
                lambda template: torch.rand(template.shape, generator=torch.Generator().manual_seed(0)).to(
                    template.device
                ),
            ),
        ),
        Mistake(
            "nothing drawn",
            "No number is drawn here. Which functions of this lesson draw random numbers?",
            (
                lambda template: torch.zeros_like(template, dtype=torch.float32),
                lambda template: torch.ones_like(template, dtype=torch.float32),
                lambda template: torch.full_like(template, 0.5, dtype=torch.float32),
                lambda template: template.float() / template.numel(),
            ),
        ),
        Mistake(
            "writes into the template",
            "The template itself is noise now: .float() gives back the same tensor if it is float32 already, and "
            "uniform_, with its underscore, writes into it.",
            (
                lambda template: template.float().uniform_(),
                lambda template: template.to(torch.float32).uniform_(0, 1),
                lambda template: template.uniform_(),
                lambda template: template.copy_(_noise(template)).float(),
            ),
        ),
        Mistake(
            "repeats entries",
            "Many entries are equal. Each should be a draw of its own, any number from 0 to 1: do you draw too few, or "
            "round them?",
            (
                lambda template: torch.randint_like(template, 2).float(),
                lambda template: _noise(template).round(),
                lambda template: torch.ones_like(template, dtype=torch.float32) * torch.rand(1, device=template.device),
                lambda template: torch.full_like(template, torch.rand(1).item(), dtype=torch.float32),
            ),
        ),
    ),
)
