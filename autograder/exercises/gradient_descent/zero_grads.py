"""Exercise ``zero_grads_``."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.gradient_descent.common import (
    _CRASHING_RESETS,
    FIRST,
    LAST,
    NOT_FIRST,
    OPTIMIZERS,
    Tensors,
    _no_grad_each,
    _none,
    _on,
    _set_none,
    _shapes,
    _tracked_each,
)
from course_utils.probes.gradient_descent import run_reset


def _zero_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "params": [torch.tensor([1.0, 2.0]), torch.tensor([3.0]), torch.tensor([4.0])],
        "gradients": [torch.tensor([0.5, -1.0]), None, torch.tensor([2.0])],
    }
    for shapes, missing in zip(_shapes(draw), ({0, 2}, {1}, set(), {0, 1}), strict=True):
        yield {
            "params": [draw.normal(*shape) for shape in shapes],
            "gradients": [None if i in missing else draw.normal(*shape) for i, shape in enumerate(shapes)],
        }
    a, b = draw.sizes(2)
    yield {
        "params": [draw.normal(a, b), draw.normal(b)],
        "gradients": [draw.normal(a, b), draw.normal(b)],
        "frozen": [0],  # it had a gradient before it was frozen
    }
    yield {"params": [draw.normal(a), draw.normal(a, b)], "gradients": [None, None]}
    yield {"params": [draw.normal(a), draw.normal(b)], "gradients": [draw.normal(a), draw.normal(b)]}
    yield {"params": [draw.wide(40, 1), draw.wide(9)], "gradients": [draw.wide(40, 1), None]}


def _zero_until_none(params: Tensors) -> None:
    for p in params:
        if p.grad is None:
            break
        p.grad = None


def _zero_if_any(p: torch.Tensor) -> None:
    if p.grad is not None:
        p.grad = None


ZERO_GRADS = Exercise(
    name="zero_grads_",
    lesson="06_gradient_descent",
    reference=_tracked_each(_set_none),
    cases=_zero_cases,
    probe=run_reset,
    contracts=("strided",),
    forbidden=OPTIMIZERS,
    instead="a loop and an assignment to .grad (or .grad.zero_())",
    mistakes=(
        Mistake(
            "crashes on None",
            "A parameter that no backward() has reached has None as its gradient: there is nothing to clear. What does "
            "your code call on None?",
            tuple(map(_tracked_each, _CRASHING_RESETS)),
        ),
        Mistake(
            "skips what is frozen",
            "A parameter that does not require grad can still hold a gradient of the time when it did. Should it be "
            "passed over?",
            (
                _tracked_each(lambda p: _set_none(p) if p.requires_grad else None),
                _tracked_each(lambda p: _zero_if_any(p) if p.requires_grad else None),
            ),
        ),
        Mistake(
            "asks whether a gradient is true",
            "`if p.grad` asks whether a tensor is true, and one with several entries is neither. What you want to know "
            "is whether there is one: compare with None.",
            _tracked_each(lambda p: _set_none(p) if p.grad else None),
        ),
        Mistake(
            "skips the first",
            "The first parameter still has its gradient. Where does your loop begin?",
            _on(NOT_FIRST, _tracked_each(_zero_if_any)),
        ),
        Mistake(
            "stops at the first None",
            "Gradients behind a parameter that has none are still there. Should None end the loop, or be passed over?",
            _zero_until_none,
        ),
        Mistake(
            "not every gradient",
            "Some gradients are still there. Does your loop reach every parameter, or does it return too early?",
            (
                _on(FIRST, _tracked_each(_zero_if_any)),
                _on(LAST, _tracked_each(_zero_if_any)),
                _on(lambda v: v[:-1], _tracked_each(_zero_if_any)),
            ),
        ),
        Mistake(
            "changes nothing",
            "Every gradient is as it was. (grad = ... only gives a local name another value.) What has to be changed?",
            _none,
        ),
        Mistake(
            "clears the parameters",
            "Now the parameters are 0 and the gradients are as they were. Which of the two should be cleared?",
            (
                _no_grad_each(lambda p: p.zero_()),
                _no_grad_each(lambda p: p.zero_() if p.grad is not None else None),
            ),
        ),
        Mistake(
            "clears gradients and parameters",
            "The gradients are cleared, and so are the parameters: what was learned is gone.",
            _no_grad_each(lambda p: (p.zero_(), _set_none(p))),
        ),
        Mistake(
            "stops requiring grad",
            "The parameters no longer ask for gradients, so the next backward() passes them by. Clearing concerns "
            ".grad alone.",
            (
                _tracked_each(lambda p: (p.requires_grad_(False), _set_none(p))),
                _tracked_each(lambda p: p.requires_grad_(False)),
                _tracked_each(lambda p: (p.detach_(), _set_none(p))),
            ),
        ),
    ),
)
