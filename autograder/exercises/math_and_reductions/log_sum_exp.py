"""Exercise ``log_sum_exp``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import torch

from autograder.exercise import SHORT_CUT, Draw, Exercise, Mistake
from autograder.exercises.math_and_reductions.common import CONTRACTS


def _log_sum_exp_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), "dim": 1}
    yield {"x": torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), "dim": 0}
    yield {"x": torch.tensor([1000.0, 1001.0, 1002.0]), "dim": 0}
    yield {"x": torch.tensor([-1000.0, -1001.0, -1002.0]), "dim": -1}
    a, b, c, d = draw.sizes(4)
    square = draw.size(3, 7)
    for dim in (0, 1):
        yield {"x": draw.normal(square, square, std=2.0), "dim": dim}  # a missing keepdim runs here
    yield {"x": draw.normal(b, std=2.0), "dim": -1}
    for dim in (0, 1, 2, -2):
        yield {"x": draw.normal(a, b, c, std=2.0), "dim": dim}
    yield {"x": draw.normal(a, b, c, d, std=2.0), "dim": draw.size(1, 2)}
    yield {"x": draw.normal(1, a), "dim": 1}
    yield {"x": draw.normal(a, 1), "dim": -1}
    yield {"x": draw.normal(a, 1, c), "dim": 2}  # squeeze() takes away one dim too many
    yield {"x": draw.normal(a, b, 1), "dim": 0}
    far_apart = torch.linspace(-900, 900, a)[:, None]  # one shift for all rows leaves some rows with nothing
    yield {"x": draw.normal(a, b) + far_apart, "dim": 1}
    yield {"x": draw.normal(a, b, c, std=300.0), "dim": 1}
    yield {"x": draw.wide(3, 40), "dim": 1}


def _naive(x: torch.Tensor, dim: int) -> torch.Tensor:
    return x.exp().sum(dim).log()


def _shifted(shift: Callable, back: Callable | None = None, inner: Callable = _naive) -> Callable:
    """``back + inner(x - shift)``, where ``back`` is the shift itself unless given."""
    back = back or shift
    return lambda x, dim: back(x, dim) + inner(x - shift(x, dim), dim)


def _top(x: torch.Tensor, dim: int) -> torch.Tensor:
    return x.amax(dim, keepdim=True)


def _flat_top(x: torch.Tensor, dim: int) -> torch.Tensor:
    return x.amax(dim)


def _nothing(x: torch.Tensor, dim: int) -> float:
    return 0.0


def _with_eps(eps: float) -> Callable:
    return lambda x, dim: (x.exp().sum(dim) + eps).log()


LOG_SUM_EXP = Exercise(
    name="log_sum_exp",
    lesson="03_math_and_reductions",
    reference=torch.logsumexp,
    cases=_log_sum_exp_cases,
    contracts=CONTRACTS,
    rtol=1e-4,
    atol=1e-4,
    forbidden=("logsumexp", "special_logsumexp", "logcumsumexp"),
    instead="a maximum, exp, sum and log",
    mistakes=(
        Mistake(
            "overflow",
            "exp of a large entry is inf, and of a very negative one 0, whose log is -inf. What can you subtract from "
            "x first, and add back at the end?",
            (
                _naive,
                lambda x, dim: _naive(x.double(), dim).float(),
                lambda x, dim: torch.log1p(x.exp().sum(dim) - 1),
                _shifted(lambda x, dim: x.mean(dim, keepdim=True), lambda x, dim: x.mean(dim)),
                _shifted(lambda x, dim: x.amin(dim, keepdim=True), lambda x, dim: x.amin(dim)),
                _shifted(lambda x, dim: x.mean()),
                _shifted(lambda x, dim: x.min()),
                *(_with_eps(10.0**-k) for k in range(5, 17)),
            ),
        ),
        Mistake(
            "whole-tensor max",
            "A slice far below the tensor's largest entry becomes log(0). Whose maximum should be subtracted?",
            (
                _shifted(lambda x, dim: x.max()),
                *(
                    _shifted(lambda x, dim: x.max(), inner=_with_eps(eps))
                    for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
                ),
            ),
        ),
        Mistake(
            "forgets to add the max back",
            "You subtract a maximum and never add it back: log(sum(exp(x - m))) is too small by exactly m.",
            (
                _shifted(_top, _nothing),
                _shifted(lambda x, dim: x.max(), _nothing),
                _shifted(_top, _nothing, lambda x, dim: x.exp().sum(dim, keepdim=True).log()),
                _shifted(_flat_top, _nothing),
            ),
        ),
        Mistake(
            "subtracts the max twice",
            "You took the maximum away before exp. Which sign brings it back at the end?",
            (
                _shifted(_top, lambda x, dim: -_flat_top(x, dim)),
                _shifted(lambda x, dim: x.max(), lambda x, dim: -x.max()),
            ),
        ),
        Mistake(
            "clamped",
            "Clamping keeps exp finite by changing entries of x. What could be done to x and undone at the end?",
            tuple(
                functools.partial(lambda x, dim, low, high: _naive(x.clamp(low, high), dim), low=low, high=high)
                for high in (50.0, 80.0, 85.0, 87.0, 88.0)
                for low in (None, -high)
            ),
        ),
        Mistake(
            "keeps the dim",
            "The dim that you sum over should be gone from the result. Which of your steps has keepdim=True, and which "
            "needs it?",
            (
                _shifted(_top, inner=lambda x, dim: x.exp().sum(dim, keepdim=True).log()),
                lambda x, dim: x.exp().sum(dim, keepdim=True).log(),
            ),
        ),
        Mistake(
            "adds a max of another shape",
            "At the end you add a maximum that still has the dim to sums that have lost it, and (n, 1) + (n,) makes "
            "(n, n). What shapes do the two have?",
            (_shifted(_top), _shifted(_top, inner=lambda x, dim: x.exp().sum(dim).log())),
        ),
        Mistake(
            "squeezes every dim",
            "squeeze() without a dim takes away every dim of size 1, also one that x came with. Which dim should go?",
            (
                _shifted(_top, lambda x, dim: _top(x, dim).squeeze()),
                lambda x, dim: x.logsumexp(dim, keepdim=True).squeeze(),
            ),
        ),
        Mistake(
            "missing keepdim",
            "A maximum along dim has one dim less and no longer lines up with x. Which option keeps that dim, with "
            "size 1?",
            (_shifted(_flat_top), _shifted(_flat_top, _top)),
        ),
        Mistake(
            "wrong dim",
            "You sum over another dim. Is it `dim` in every step?",
            (
                lambda x, dim: x.logsumexp(0),
                lambda x, dim: x.logsumexp(-1),
                lambda x, dim: x.logsumexp(min(1, x.dim() - 1)),
                lambda x, dim: x.logsumexp((1 - dim) % x.dim()),
                lambda x, dim: _naive(x, 0),
                lambda x, dim: _naive(x, -1),
            ),
        ),
        Mistake(
            "one number for everything",
            "You sum over all entries. Every slice along dim has a result of its own.",
            (
                lambda x, dim: x.flatten().logsumexp(0),
                lambda x, dim: x.exp().sum().log(),
                lambda x, dim: _flat_top(x, dim) + (x - _top(x, dim)).exp().sum().log(),
            ),
        ),
        Mistake(
            "no logarithm",
            "These are sums of exponentials. Which of the three steps comes last?",
            (
                lambda x, dim: x.exp().sum(dim),
                _shifted(_top, _flat_top, lambda x, dim: x.exp().sum(dim)),
                _shifted(_top, _nothing, lambda x, dim: x.exp().sum(dim)),
            ),
        ),
        Mistake(
            "no exp",
            "You sum the entries themselves. What is done to each of them before the sum?",
            (lambda x, dim: x.sum(dim).log(), _shifted(_top, _flat_top, lambda x, dim: x.sum(dim).log())),
        ),
        Mistake(
            "log before the sum",
            "The logarithm undoes exp entry by entry when it comes before the sum. In which order do the three stand?",
            (
                lambda x, dim: x.exp().log().sum(dim),
                _shifted(_top, _flat_top, lambda x, dim: x.exp().log().sum(dim)),
                lambda x, dim: x.sum(dim),
            ),
        ),
        Mistake(
            "mean for sum",
            "This is the log of the mean. How do the sum and the mean differ?",
            (_shifted(_top, _flat_top, lambda x, dim: x.exp().mean(dim).log()), lambda x, dim: x.exp().mean(dim).log()),
        ),
        Mistake(
            "the maximum alone",
            "This is the largest entry. The sum of the exponentials adds something to it.",
            _flat_top,
        ),
        Mistake(
            "log-softmax",
            "These are log-probabilities, as many as x has entries. You are asked for what is subtracted there.",
            (torch.log_softmax, lambda x, dim: x - x.logsumexp(dim, keepdim=True)),
        ),
        Mistake(
            SHORT_CUT,
            "That op is the very thing you are asked to write.",
            (
                torch.logsumexp,
                lambda x, dim: torch.special.logsumexp(x, dim=dim),
                lambda x, dim: torch.logcumsumexp(x, dim).select(dim, -1),
            ),
        ),
    ),
)
