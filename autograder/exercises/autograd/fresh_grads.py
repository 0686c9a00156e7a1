"""fresh_grads: gradients that stay apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
    TUPLE,
    TUPLE_SAYS,
    itself,
    leaf,
    plain_copy,
    recorded_copy,
)
from course_utils.probes.autograd import LOSSES, run_losses

Gradients = list[torch.Tensor]


def _fresh_cases(draw: Draw) -> Iterator[dict]:
    yield {"loss_fns": ["w.sum()", "(w ** 2).sum()"], "w": torch.tensor([1.0, 2.0]), "w.grad": None}
    a, b = draw.sizes(2)
    names = list(LOSSES)
    for n, shape in [(3, (a,)), (2, (a, b)), (4, (b, b)), (1, (b,)), (2, ())]:
        chosen = [names[int(i)] for i in torch.randperm(len(names), generator=draw.generator)[:n]]
        w = draw.normal(*shape)
        yield {"loss_fns": chosen, "w": w, "w.grad": draw.normal(*shape) if n % 2 else None}
    yield {"loss_fns": ["(w ** 2).mean()"] * 3, "w": draw.normal(b), "w.grad": draw.normal(b)}
    yield {"loss_fns": ["(w ** 2).sum()", "(3 * w - 1).abs().sum()"], "w": draw.wide(40, 1), "w.grad": None}


def _none_before(x: torch.Tensor) -> None:
    x.grad = None


def _zero_before(x: torch.Tensor) -> None:
    x.grad.zero_()


def _zero_if_any(x: torch.Tensor) -> None:
    if x.grad is not None:
        x.grad.zero_()


def _nothing(x: torch.Tensor) -> None:
    pass


def _each(
    copy: Callable = leaf, before: Callable = _nothing, take: Callable = torch.clone, after: Callable = _nothing
) -> Callable:
    """An answer that makes one copy, and calls ``backward`` on it for each loss."""

    def answer(loss_fns: list[Callable], w: torch.Tensor) -> Gradients:
        x, grads = copy(w), []
        for loss_fn in loss_fns:
            before(x)
            loss_fn(x).backward()
            grads.append(take(x.grad))
            after(x)
        return grads

    return answer


def _each_copied(copy: Callable, grad: Callable) -> Callable:
    """An answer that makes a copy for each loss, and takes its gradient by ``grad(loss, x)``."""

    def answer(loss_fns: list[Callable], w: torch.Tensor) -> Gradients:
        copies = [copy(w) for _ in loss_fns]
        return [grad(loss_fn(x), x) for loss_fn, x in zip(loss_fns, copies, strict=True)]

    return answer


def _by_backward(loss: torch.Tensor, x: torch.Tensor) -> torch.Tensor | None:
    loss.backward()
    return x.grad


def _by_grad(loss: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(loss, x)[0]


def _reset_on_w(reset: Callable) -> Callable:
    """Works on a copy, and resets the original."""

    def answer(loss_fns: list[Callable], w: torch.Tensor) -> Gradients:
        return _each(lambda _: leaf(w), before=lambda x: reset(w))(loss_fns, w)

    return answer


def _of_the_sum(shape: Callable) -> Callable:
    def answer(loss_fns: list[Callable], w: torch.Tensor) -> Gradients:
        x = leaf(w)
        return shape(_by_grad(sum(loss_fn(x) for loss_fn in loss_fns), x))

    return answer


def _only(which: slice) -> Callable:
    return lambda loss_fns, w: _each_copied(leaf, _by_grad)(loss_fns[which], w)


def _pops_the_losses(loss_fns: list[Callable], w: torch.Tensor) -> Gradients:
    grads = []
    while loss_fns:
        x = leaf(w)
        grads.append(_by_grad(loss_fns.pop(0)(x), x))
    return grads


def _returns_inside_the_loop(loss_fns: list[Callable], w: torch.Tensor) -> torch.Tensor:
    return _each_copied(leaf, _by_grad)(loss_fns, w)[0]


FRESH_GRADS = Exercise(
    name="fresh_grads",
    lesson=LESSON,
    reference=_each_copied(leaf, _by_grad),
    cases=_fresh_cases,
    probe=run_losses,
    contracts=("plain",),
    mistakes=(
        Mistake(
            "accumulated",
            "Each gradient has those of the losses before it added in. backward() adds to .grad: what has to happen "
            "before the next one?",
            (
                _each(),
                _each(copy=itself),
                _each(copy=torch.Tensor.requires_grad_),
                _reset_on_w(_none_before),
                _reset_on_w(_zero_if_any),
            ),
        ),
        Mistake(
            "the list holds one tensor many times",
            "Every entry of your list is the same tensor, x.grad, which each backward() and each zero_() changes. What "
            "would keep its numbers of this moment?",
            tuple(
                _each(copy, take=itself, **reset)
                for copy in (leaf, itself)
                for reset in (
                    {},
                    {"before": _zero_if_any},
                    {"after": _zero_before},
                )
            ),
        ),
        Mistake(
            "zeroes a gradient that is not there yet",
            "Before its first backward() a leaf has no gradient: .grad is None, and None has no zero_(). Ask for it "
            "first, or take a new copy for each loss.",
            tuple(
                _each(copy, take=take, before=_zero_before) for copy in (leaf, itself) for take in (itself, torch.clone)
            ),
        ),
        Mistake(
            "takes the losses out of the list",
            "The gradients are right, but loss_fns belongs to the caller, and it comes back with losses missing. A for "
            "loop goes through a list and leaves it as it is.",
            _pops_the_losses,
        ),
        Mistake(
            "leaves its gradient on w",
            "The gradients are right, but w is not as it was: its .grad has changed. What could collect the gradients "
            "in place of w?",
            (
                *(_each(itself, before=_none_before, take=take) for take in (itself, torch.clone)),
                *(_each(itself, after=_none_before, take=take) for take in (itself, torch.clone)),
                *(_each(itself, before=_none_before, after=_none_before, take=take) for take in (itself, torch.clone)),
                _each(itself, after=_zero_before),
                _each(itself, before=_zero_if_any),
                _each(itself, before=_zero_if_any, after=_zero_before),
            ),
        ),
        Mistake(
            "changes requires_grad of w",
            "The gradients are right, but w came without requires_grad and leaves with it. Which tensor should have "
            "been asked?",
            (
                _each_copied(torch.Tensor.requires_grad_, _by_grad),
                _each(torch.Tensor.requires_grad_, before=_none_before, take=itself),
            ),
        ),
        Mistake(NO_LEAF, NO_LEAF_SAYS, (_each_copied(recorded_copy, _by_backward), _each(recorded_copy, take=itself))),
        Mistake(
            FORGOTTEN,
            FORGOTTEN_SAYS,
            (
                _each_copied(plain_copy, _by_backward),
                _each_copied(plain_copy, _by_grad),
                _each_copied(torch.detach, _by_backward),
            ),
        ),
        Mistake(
            "one gradient for all losses",
            "You add the losses up and take one gradient. The exercise asks for one gradient for each loss.",
            (
                _of_the_sum(itself),
                _of_the_sum(lambda g: [g]),
            ),
        ),
        Mistake(
            "the losses",
            "Those are the losses. Each of them has a gradient with respect to w: what fills .grad?",
            (
                lambda loss_fns, w: [loss_fn(w) for loss_fn in loss_fns],
                lambda loss_fns, w: [loss_fn(w).item() for loss_fn in loss_fns],
            ),
        ),
        Mistake(
            "not every loss",
            "Some losses have no gradient in your result. Does the `return` stand inside the loop?",
            (_only(slice(1)), _only(slice(-1)), _only(slice(1, None)), _only(slice(0)), _returns_inside_the_loop),
        ),
        Mistake(TUPLE, TUPLE_SAYS, _each_copied(leaf, torch.autograd.grad)),
        Mistake(
            NO_GRADIENT_YET,
            NO_GRADIENT_YET_SAYS,
            (lambda loss_fns, w: None, lambda loss_fns, w: [None for _ in loss_fns]),
        ),
    ),
)
