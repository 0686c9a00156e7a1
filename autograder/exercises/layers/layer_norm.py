"""Layer norm over the last dim."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F

from autograder.exercise import Draw, Exercise, Mistake


def _layer_norm_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "x": torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 60.0]]),
        "weight": torch.tensor([1.0, 1.0, 2.0]),
        "bias": torch.tensor([0.0, 0.0, 5.0]),
    }
    a, b, c, d = draw.sizes(4)
    wide = draw.size(11, 17)
    for shape, std, eps in [
        ((a, wide), 2.0, None),
        ((b, b), 1.0, None),
        ((a, b, c), 1.0, 0.1),
        ((a, b, c, d), 3.0, 1e-3),
        ((wide,), 1.0, None),
        ((1, d), 1.0, draw.uniform(0.2, 0.9)),
        ((a, c), 1e-3, None),  # a variance of about 1e-6: eps decides, and where it stands
        ((a, 2), 1.0, 0.5),
    ]:
        case = {
            "x": draw.spread(*shape) * std + (0.0 if std < 0.1 else 1.5),
            "weight": draw.normal(shape[-1], mean=1.0),
            "bias": draw.normal(shape[-1], mean=2.0),
        }
        yield case if eps is None else case | {"eps": eps}
    yield {"x": torch.full((2, c), 3.0), "weight": draw.normal(c), "bias": draw.normal(c)}  # no spread: eps saves it
    yield {"x": draw.wide(5, 40), "weight": draw.normal(40), "bias": draw.normal(40)}


def _norm(
    dim: Any = -1,
    correction: int = 0,
    eps_at: str = "inside",
    scale: bool = True,
    shift: bool = True,
    std: bool = False,
) -> Any:
    """A layer norm with one or more of its parts changed. ``dim``: -1, another, "all" or "leading"."""

    def wrong(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
        dims = {"all": tuple(range(x.dim())), "leading": tuple(range(x.dim() - 1)) or (0,)}.get(dim, dim)
        mean, var = x.mean(dims, keepdim=True), x.var(dims, correction=correction, keepdim=True)
        root = x.std(dims, correction=correction, keepdim=True) if std else var.sqrt()
        divided = {
            "inside": lambda c: c / (var + eps).sqrt(),
            "outside": lambda c: c / (root + eps),
            "after": lambda c: c / root + eps,
            "its own root": lambda c: c / (root + math.sqrt(eps)),
            "nowhere": lambda c: c / root,
            "squared": lambda c: c / (var + eps**2).sqrt(),
            "always 1e-5": lambda c: c / (var + 1e-5).sqrt(),
            "no root": lambda c: c / (var + eps),
        }
        y = divided[eps_at](x - mean)
        y = y * weight if scale else y
        return y + bias if shift else y

    return wrong


def _norms(**changed: Any) -> tuple:
    """Variants of one mistake: with either variance, and eps under the root or beside the standard deviation."""
    return tuple(
        _norm(correction=correction, eps_at=eps_at, std=std, **changed)
        for correction in (0, 1)
        for eps_at, std in (("inside", False), ("outside", False), ("outside", True))
    )


LAYER_NORM = Exercise(
    name="layer_norm",
    lesson="07_layers",
    reference=lambda x, weight, bias, eps=1e-5: F.layer_norm(x, weight.shape, weight, bias, eps),
    cases=_layer_norm_cases,
    rtol=1e-3,
    atol=1e-4,
    forbidden=("layer_norm", "native_layer_norm", "fused_layer_norm"),
    instead="mean, var and sqrt (or rsqrt)",
    mistakes=(
        Mistake(
            "sample variance",
            "Your variance divides by n - 1. Layer norm divides by n: what does correction= (or unbiased=) do in var?",
            _norm(correction=1),
        ),
        Mistake(
            "eps outside the root",
            "Where does eps stand: next to the variance, under the root, or next to the standard deviation?",
            tuple(
                _norm(eps_at=eps_at, std=std)
                for eps_at in ("outside", "after", "its own root")
                for std in (False, True)
            ),
        ),
        Mistake(
            "sample variance, and eps outside the root",
            "Two things at once: std() divides by n - 1 unless told otherwise, and eps belongs under the root.",
            tuple(
                _norm(correction=1, eps_at=eps_at, std=std)
                for eps_at in ("outside", "nowhere")
                for std in (False, True)
            ),
        ),
        Mistake(
            "over the batch",
            "Your statistics run across the samples. Which dim holds the features of one sample?",
            (*_norms(dim=0), *_norms(dim="leading"), *_norms(dim=0, scale=False, shift=False)),
        ),
        Mistake(
            "over dim 1",
            "Your statistics run over dim 1, which is the last of two dims only. How do you count from the end?",
            _norms(dim=1),
        ),
        Mistake(
            "over everything",
            "You use one mean and one variance for the whole tensor. Every slice along the last dim has its own.",
            _norms(dim="all"),
        ),
        Mistake(
            "no scale and shift",
            "The result is normalised, but weight and bias are not used. What do they do at the end?",
            _norms(scale=False, shift=False),
        ),
        Mistake(
            "bias before weight",
            "bias is added first, so weight multiplies it too. Which of the two comes last?",
            lambda x, weight, bias, eps=1e-5: _norm(scale=False)(x, weight, bias, eps) * weight,
        ),
        Mistake("no scale", "bias is there, but weight is not used. What does it multiply?", _norms(scale=False)),
        Mistake("no shift", "weight is there, but bias is not used. Where is it added?", _norms(shift=False)),
        Mistake(
            "no eps",
            "eps has no part in your result. What becomes of a slice without any spread, where the variance is 0?",
            (_norm(eps_at="nowhere"), _norm(eps_at="nowhere", std=True)),
        ),
        Mistake(
            "eps fixed at 1e-5",
            "eps is an argument. Where does your code use it?",
            _norm(eps_at="always 1e-5"),
        ),
        Mistake(
            "eps squared", "eps is added to the variance as it is. Is it squared in your code?", _norm(eps_at="squared")
        ),
        Mistake(
            "divides by the variance",
            "You divide by the variance. What has the units of x: the variance, or its root?",
            _norm(eps_at="no root"),
        ),
        Mistake(
            "mean not subtracted",
            "You divide x itself. What is taken off first, so that the mean becomes 0?",
            (
                lambda x, weight, bias, eps=1e-5: (
                    x / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() * weight + bias
                ),
                lambda x, weight, bias, eps=1e-5: x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight + bias,
            ),
        ),
        Mistake(
            "keepdim",
            "A mean along the last dim has one dim less than x. Which option keeps that dim, so that they line up?",
            (
                lambda x, weight, bias, eps=1e-5: (
                    (x - x.mean(-1)) / (x.var(-1, correction=0) + eps).sqrt() * weight + bias
                ),
                lambda x, weight, bias, eps=1e-5: (
                    (x - x.mean(-1)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() * weight + bias
                ),
                lambda x, weight, bias, eps=1e-5: (
                    (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0) + eps).sqrt() * weight + bias
                ),
            ),
        ),
    ),
)
