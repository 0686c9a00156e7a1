"""Softmax along any dim, safe for logits of any size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.numerals import numbers


def _softmax_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]), "dim": 1}
    yield {"x": torch.tensor([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]), "dim": 0}
    yield {"x": torch.tensor([1000.0, 1001.0, 1002.0]), "dim": 0}
    yield {"x": torch.tensor([-1000.0, -1001.0, -1002.0]), "dim": -1}
    a, b, c, d = draw.sizes(4)
    square = draw.size()
    yield {"x": draw.normal(square, square, std=2.0), "dim": draw.size(0, 1)}  # a missing keepdim runs here
    yield {"x": draw.normal(b, std=2.0), "dim": -1}
    for dim in (0, 1, 2, -2):
        yield {"x": draw.normal(a, b, c, std=2.0), "dim": dim}
    yield {"x": draw.normal(a, b, c, d, std=2.0), "dim": draw.size(1, 2)}
    yield {"x": draw.normal(1, a), "dim": 1}
    yield {"x": draw.normal(a, 1), "dim": -1}
    far_apart = torch.linspace(-900, 900, a)[:, None]  # one shift for all rows leaves some rows with nothing
    yield {"x": draw.normal(a, b) + far_apart, "dim": 1}
    yield {"x": draw.normal(a, b, c, std=300.0), "dim": 1}
    yield {"x": torch.tensor([[5000.0, 5001.0], [-5002.0, -5000.0]]), "dim": 1}  # too far for float64 as well
    yield {"x": draw.wide(5, 40), "dim": 1}


def _sums(args: Mapping[str, Any], got: torch.Tensor, expected: torch.Tensor) -> str | None:
    sums, dim = got.sum(args["dim"]), args["dim"]
    if got.numel() > 12 or not got.isfinite().all() or torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        return None
    ones = numbers(torch.ones_like(sums, dtype=torch.int64))
    return f"along dim={dim} your values sum to {numbers(sums)}; expected {ones}"


def naive_softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Softmax by its definition: right, until ``exp`` overflows or every entry of a slice rounds to 0."""
    return x.exp() / x.exp().sum(dim, keepdim=True)


def _shifted_by(x: torch.Tensor, dim: int, by: int) -> torch.Tensor:
    """Naive, and over the dim ``by`` whatever ``dim`` is."""
    return naive_softmax(x, by)


SOFTMAX = Exercise(
    name="softmax",
    lesson="07_layers",
    reference=torch.softmax,
    cases=_softmax_cases,
    rtol=1e-3,  # float32 keeps about 1e-4 of exp(x - logsumexp(x)) where x is near 1000
    atol=1e-4,
    fact=_sums,
    forbidden=(
        *("softmax", "log_softmax", "softmin", "softmax2d", "gumbel_softmax", "safe_softmax"),
        "scaled_dot_product_attention",
    ),
    instead="exp, max and sum",
    mistakes=(
        Mistake(
            "wrong dim",
            "Your values sum to 1 along another dim. Over which dim do you sum, and is it `dim`?",
            (
                lambda x, dim: torch.softmax(x, 0),
                lambda x, dim: torch.softmax(x, -1),
                lambda x, dim: torch.softmax(x, 1),
                lambda x, dim: torch.softmax(x, 1 - dim),
                lambda x, dim: torch.softmax(x, (dim + 1) % x.dim()),
                *(partial(_shifted_by, by=by) for by in (0, 1, -1)),
                *(lambda x, dim, at=at: naive_softmax(x - x.amax(dim, keepdim=True), at) for at in (0, 1, -1)),
                *(lambda x, dim, at=at: naive_softmax(x - x.amax(at, keepdim=True), dim) for at in (0, 1, -1)),
            ),
        ),
        Mistake(
            "one sum over everything",
            "All your values together sum to 1. How do you get one sum for each slice along dim?",
            (
                lambda x, dim: torch.softmax(x.flatten(), 0).reshape(x.shape),
                lambda x, dim: x.exp() / x.exp().sum(),
                lambda x, dim: (x - x.amax(dim, keepdim=True)).exp() / (x - x.amax(dim, keepdim=True)).exp().sum(),
            ),
        ),
        Mistake(
            "overflow",
            "exp of a large number is inf, and inf / inf is nan. What can you subtract from x that changes no "
            "probability?",
            (
                naive_softmax,
                lambda x, dim: (
                    (x - x.mean(dim, keepdim=True)).exp() / (x - x.mean(dim, keepdim=True)).exp().sum(dim, keepdim=True)
                ),
                lambda x, dim: (x - x.exp().sum(dim, keepdim=True).log()).exp(),
                lambda x, dim: naive_softmax(x, dim).nan_to_num(),
                lambda x, dim: naive_softmax(x.double(), dim).to(x.dtype),
                lambda x, dim: naive_softmax(x.clamp(-80, 80), dim),
                lambda x, dim: naive_softmax(x.clamp(max=80), dim),
                lambda x, dim: naive_softmax(x - x.amin(dim, keepdim=True), dim),
                lambda x, dim: naive_softmax(x - x.abs().max(), dim),
                lambda x, dim: naive_softmax(x - x.abs().amax(dim, keepdim=True), dim),
                lambda x, dim: naive_softmax(x - x.narrow(dim, 0, 1), dim),
            ),
        ),
        Mistake(
            "one max for the whole tensor",
            "A slice far below the tensor's largest entry becomes 0 / 0. Whose maximum should be subtracted?",
            lambda x, dim: naive_softmax(x - x.max(), dim),
        ),
        Mistake(
            "keepdim",
            "A reduction along dim has one dim less and no longer lines up with x. Which option keeps that dim?",
            (
                lambda x, dim: x.exp() / x.exp().sum(dim),
                lambda x, dim: (x - x.max()).exp() / (x - x.max()).exp().sum(dim),
                lambda x, dim: (x - x.amax(dim)).exp() / (x - x.amax(dim)).exp().sum(dim),
                lambda x, dim: naive_softmax(x - x.amax(dim), dim),
                lambda x, dim: (x - x.amax(dim, keepdim=True)).exp() / (x - x.amax(dim, keepdim=True)).exp().sum(dim),
            ),
        ),
        Mistake(
            "max gives a pair",
            "x.max(dim=...) gives two tensors, the values and where they stand. Which of the two do you want, and what "
            "does amax give?",
            (
                lambda x, dim: naive_softmax(x - x.max(dim, keepdim=True), dim),
                lambda x, dim: naive_softmax(x - x.max(dim), dim),
            ),
        ),
        Mistake(
            "no exp",
            "You divide x by its own sum. What makes every value positive first?",
            (
                lambda x, dim: x / x.sum(dim, keepdim=True),
                lambda x, dim: (x - x.amax(dim, keepdim=True)) / (x - x.amax(dim, keepdim=True)).sum(dim, keepdim=True),
                lambda x, dim: x.abs() / x.abs().sum(dim, keepdim=True),
                lambda x, dim: x / x.sum(dim),
                lambda x, dim: x / x.sum(),
                lambda x, dim: x**2 / (x**2).sum(dim, keepdim=True),
                lambda x, dim: x.relu() / x.relu().sum(dim, keepdim=True),
                lambda x, dim: (x - x.amin(dim, keepdim=True)) / (x - x.amin(dim, keepdim=True)).sum(dim, keepdim=True),
            ),
        ),
        Mistake(
            "only the exp",
            "These are the exponentials. What are they divided by, so that they sum to 1?",
            (lambda x, dim: x.exp(), lambda x, dim: (x - x.amax(dim, keepdim=True)).exp()),
        ),
        Mistake("log-softmax", "These are logarithms of probabilities. Which step is one too many?", torch.log_softmax),
    ),
)
