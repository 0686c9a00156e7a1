"""product_grads: one backward pass, three gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import (
    FORGOTTEN,
    FORGOTTEN_SAYS,
    LESSON,
    NO_GRADIENT_YET,
    NO_GRADIENT_YET_SAYS,
    NO_LEAF,
    NO_LEAF_SAYS,
    itself,
    itself_as_leaf,
    leaf,
    plain_copy,
    recorded_copy,
)


def _product_cases(draw: Draw) -> Iterator[dict]:
    a, b, x = (torch.tensor(value) for value in (3.0, 4.0, 2.0))
    yield {"a": a, "b": b, "x": x}
    for _ in range(5):
        yield {name: torch.tensor(draw.uniform(-4, 4)) for name in "abx"}
    yield {"a": torch.tensor(0.0), "b": torch.tensor(-250.0), "x": torch.tensor(0.0005)}


def _z(a: torch.Tensor, b: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return x * (a + 2 * b)


def _product(value: Callable = _z, copy: Callable = leaf, take: Callable = itself, runs: int = 1) -> Callable:
    """An answer that calls ``backward`` on ``value(a, b, x)`` so many times."""

    def answer(*inputs: torch.Tensor) -> tuple:
        copies = [copy(t) for t in inputs]
        for _ in range(runs):
            value(*copies).backward()
        return tuple(take(c.grad) for c in copies)

    return answer


def _product_by_grad(value: Callable = _z, copy: Callable = leaf, **options: Any) -> Callable:
    def answer(*inputs: torch.Tensor) -> tuple:
        copies = [copy(t) for t in inputs]
        return torch.autograd.grad(value(*copies), copies, **options)

    return answer


def _cut(*which: bool) -> Callable:
    """z with some of its inputs detached."""
    return lambda *inputs: _z(*(t.detach() if cut else t for t, cut in zip(inputs, which, strict=True)))


def _zeros_for_none(g: torch.Tensor | None) -> torch.Tensor:
    return torch.tensor(0.0) if g is None else g


def _asked_for(*which: bool) -> Callable:
    """An answer in which only some of the copies require grad."""

    def answer(*inputs: torch.Tensor) -> tuple:
        copies = [t.detach().clone().requires_grad_(asked) for t, asked in zip(inputs, which, strict=True)]
        return torch.autograd.grad(_z(*copies), copies)

    return answer


def _separately(*inputs: torch.Tensor) -> tuple:
    """Three backward passes on the same copies, each gradient read after its own."""
    copies, grads = [leaf(t) for t in inputs], []
    for c in copies:
        _z(*copies).backward()
        grads.append(c.grad.clone())
    return tuple(grads)


_SOME_CUT = [which for which in product((False, True), repeat=3) if 0 < sum(which) < 3]

PRODUCT_GRADS = Exercise(
    name="product_grads",
    lesson=LESSON,
    left_out={"size 1": "a, b and x are single numbers", "long": "a, b and x are single numbers"},
    reference=_product(),
    cases=_product_cases,
    contracts=("leaf",),
    mistakes=(
        Mistake(
            "order",
            "All three gradients are there, in another order. The exercise asks for dz/da, dz/db, dz/dx.",
            tuple(
                lambda *inputs, order=order: tuple(_product()(*inputs)[i] for i in order)
                for order in permutations(range(3))
                if order != (0, 1, 2)
            ),
        ),
        Mistake(
            "one of them detached",
            "No gradient reaches one of the three. Do all of them require grad, and does each go into z as it is, "
            "without detach() or item()?",
            (
                *(
                    variant
                    for which in _SOME_CUT
                    for variant in (
                        _product(_cut(*which)),
                        _product(_cut(*which), take=_zeros_for_none),
                        _product_by_grad(_cut(*which)),
                        _product_by_grad(_cut(*which), allow_unused=True, materialize_grads=True),
                        _asked_for(*(not cut for cut in which)),
                    )
                ),
                _product(lambda a, b, x: x * (a + 2 * b).detach(), take=_zeros_for_none),
                _product(lambda a, b, x: x * (a + 2 * b.item())),
            ),
        ),
        Mistake(
            FORGOTTEN,
            FORGOTTEN_SAYS,
            (
                _product(copy=plain_copy),
                _product_by_grad(copy=plain_copy),
                _product_by_grad(copy=itself),
            ),
        ),
        Mistake(
            "grad accumulated on the arguments",
            "backward() adds to .grad of the tensors that asked for it, and here those are the caller's own. What "
            "could ask in their place?",
            (
                _product(copy=itself_as_leaf),
                _product(copy=itself_as_leaf, take=torch.clone),
                _product(copy=itself),
                _product_by_grad(copy=itself_as_leaf),
            ),
        ),
        Mistake(NO_LEAF, NO_LEAF_SAYS, _product(copy=recorded_copy)),
        Mistake(
            "added up",
            "backward() ran more than once on the same tensors, and the gradients added up. One call fills all three.",
            (_separately, _product(runs=2), _product(runs=3)),
        ),
        Mistake(
            "another z",
            "Is it z = x * (a + 2 * b)? Mind the 2 and the brackets.",
            (
                _product(lambda a, b, x: x * (a + b)),
                _product(lambda a, b, x: x * a + 2 * b),
                _product(lambda a, b, x: x + a + 2 * b),
                _product(lambda a, b, x: x * (2 * a + b)),
                _product(lambda a, b, x: 2 * x * (a + b)),
            ),
        ),
        Mistake(
            "floats instead of tensors",
            "The numbers are right; item() and float() made them Python floats. The exercise asks for tensors.",
            (_product(take=torch.Tensor.item),),
        ),
        Mistake(
            "the values",
            "Those are values, not gradients. After backward(), which attribute of a, b and x holds what you want?",
            (
                lambda a, b, x: (a, b, x),
                lambda a, b, x: _z(a, b, x),
                lambda a, b, x: _z(leaf(a), leaf(b), leaf(x)),
            ),
        ),
        Mistake(
            NO_GRADIENT_YET,
            NO_GRADIENT_YET_SAYS,
            (lambda a, b, x: None, lambda a, b, x: (None, None, None)),
        ),
    ),
)
