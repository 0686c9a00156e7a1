"""Lesson 5, exercise 4: autograd_gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from autograder.exercise import SHORT_CUT, Exercise, Mistake
from autograder.exercises.forward_and_backward.mse_gradients import by_formula, gradient_cases
from course_utils.probes.forward_and_backward import call_with_parameters

Tensor = torch.Tensor


def _leaf(t: Tensor) -> Tensor:
    return t.detach().clone().requires_grad_()


def _mean(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Tensor:
    return ((X @ W + b - y) ** 2).mean()


def _through_backward(
    copy: Callable[[Tensor], Tensor] = _leaf,
    copy_b: Callable[[Tensor], Tensor] | None = None,
    loss: Callable[..., Tensor] = _mean,
    before: Callable[[Tensor], Any] = lambda p: None,
    take: Callable[[Tensor], Any] = lambda p: p.grad,
    after: Callable[[Tensor], Any] = lambda p: None,
) -> Callable:
    """The gradients through backward, with one or more parts changed.

    ``copy`` makes what autograd works on from W and from b, unless b has a ``copy_b`` of its own; ``before`` and
    ``after`` are done to each of the two around backward, and ``take`` reads the gradient.
    """

    def answer(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Any:
        parameters = [copy(W), (copy_b or copy)(b)]
        for p in parameters:
            before(p)
        loss(X, y, *parameters).backward()
        result = tuple(take(p) for p in parameters)
        for p in parameters:
            after(p)
        return result

    return answer


def _no_grad_left(p: Tensor) -> None:
    p.grad = None


def _zero(p: Tensor) -> None:
    if p.grad is not None:
        p.grad.zero_()


def _flag_off(p: Tensor) -> None:
    p.requires_grad_(False)


def _both_off(p: Tensor) -> None:
    _no_grad_left(p)
    _flag_off(p)


def _copy_of_grad(p: Tensor) -> Tensor:
    return p.grad.clone()


def _ask(copy: Callable[[Tensor], Tensor], after: Callable[[Tensor], Any] = lambda p: None) -> Callable:
    """The gradients through ``torch.autograd.grad``, which writes into no ``.grad``."""

    def answer(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Any:
        parameters = [copy(W), copy(b)]
        result = torch.autograd.grad(_mean(X, y, *parameters), parameters)
        for p in parameters:
            after(p)
        return result

    return answer


def _in_place(t: Tensor) -> Tensor:
    return t.requires_grad_()


def _clone(t: Tensor) -> Tensor:
    return t.clone().requires_grad_()


def _retained(t: Tensor) -> Tensor:
    copy = _clone(t)
    copy.retain_grad()
    return copy


def _without_backward(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Any:
    parameters = _leaf(W), _leaf(b)
    _mean(X, y, *parameters)
    return tuple(p.grad for p in parameters)


AUTOGRAD_GRADIENTS = Exercise(
    name="autograd_gradients",
    lesson="05_forward_and_backward",
    reference=by_formula(),  # the same numbers on a way of its own
    cases=gradient_cases,
    probe=call_with_parameters,
    demanded=("run_backward",),
    instead="backward: the gradients are right, and autograd has not run",
    mistakes=(
        Mistake(
            SHORT_CUT,
            "This is to check the formula of exercise 5.3, and a formula that is compared with itself is always right. "
            "Compute the loss from copies that require grad, and let backward() fill their .grad.",
            (
                by_formula(),
                lambda X, y, W, b: by_formula()(X, y, _leaf(W), _leaf(b)),
            ),
        ),
        Mistake(
            "accumulates on the arguments",
            "Your code works on W and b themselves, so backward adds to their .grad, on top of what is there. What "
            "makes a copy that is a leaf of its own?",
            tuple(
                _through_backward(copy, copy_b, before=before, take=take, after=after)
                for copy, copy_b in ((_in_place, _in_place), (_in_place, _leaf), (_leaf, _in_place))
                for before in (lambda p: None, _no_grad_left, _zero)
                for take in (lambda p: p.grad, _copy_of_grad)
                for after in (lambda p: None, _no_grad_left, _zero, _flag_off, _both_off)
            ),
        ),
        Mistake(
            "changes requires_grad of the arguments",
            "The gradients are right, but W and b do not come back as they were: their requires_grad is yours now. "
            "What makes a copy that is a leaf of its own?",
            (_ask(_in_place), _ask(_in_place, _flag_off)),
        ),
        Mistake(
            "the copies are still in the graph",
            "clone() is an operation like another: where W requires grad, its clone is no leaf, and backward goes on "
            "to W. What cuts a tensor off first?",
            (
                _through_backward(_clone),
                _through_backward(_clone, take=_copy_of_grad),
                _through_backward(_retained),
                _through_backward(lambda t: (t * 1.0).requires_grad_()),
            ),
        ),
        Mistake(
            "arguments taken for leaves that require grad",
            "W and b may come in without requires_grad, and then there is nothing to differentiate. Which copies ask "
            "for a gradient?",
            (
                _through_backward(lambda t: t),
                _through_backward(lambda t: t.clone()),
                _through_backward(lambda t: t.detach()),
                _through_backward(lambda t: t.detach().clone()),
                _ask(lambda t: t),
            ),
        ),
        Mistake(
            "no backward",
            "The gradients are None: nothing has computed them. Which call fills .grad?",
            _without_backward,
        ),
        Mistake(
            "backward twice",
            "Every backward adds to .grad, and yours runs more than once: how often is the loss taken back?",
            lambda X, y, W, b: by_formula(lambda n, m: 4 / (n * m))(X, y, W, b),
        ),
        Mistake(
            "sum",
            "These are the gradients of the sum of squares. Of which loss are they asked for?",
            (
                _through_backward(loss=lambda X, y, W, b: ((X @ W + b - y) ** 2).sum()),
                by_formula(lambda n, m: 2),
            ),
        ),
        Mistake(
            "the mean over the rows alone",
            "The mean is over all n * m entries. By how many does your loss divide?",
            _through_backward(loss=lambda X, y, W, b: ((X @ W + b - y) ** 2).sum() / len(y)),
        ),
        Mistake(
            "half the loss",
            "These are the gradients of half the mean square. Does your loss divide by 2?",
            (
                _through_backward(loss=lambda X, y, W, b: _mean(X, y, W, b) / 2),
                _through_backward(loss=lambda X, y, W, b: ((X @ W + b - y) ** 2).sum() / (2 * len(y))),
            ),
        ),
        Mistake(
            "another loss",
            "These are the gradients of another loss. Write down difference, square and mean, and compare.",
            (
                _through_backward(loss=lambda X, y, W, b: (X @ W + b).mean()),
                _through_backward(loss=lambda X, y, W, b: (X @ W + b).sum()),
                _through_backward(loss=lambda X, y, W, b: (X @ W + b - y).mean()),
                _through_backward(loss=lambda X, y, W, b: (X @ W + b - y).abs().mean()),
                _through_backward(loss=lambda X, y, W, b: _mean(X, y, W, b).sqrt()),
                _through_backward(loss=lambda X, y, W, b: ((X * W + b - y) ** 2).mean()),
            ),
        ),
        Mistake(
            "prediction without b",
            "b does not come into your prediction, so nothing flows back to it. What is the whole of X @ W + b?",
            (
                _through_backward(loss=lambda X, y, W, b: ((X @ W - y) ** 2).mean()),
                lambda X, y, W, b: (by_formula(forward=lambda X, W, b: X @ W)(X, y, W, b)[0], torch.zeros_like(b)),
            ),
        ),
        Mistake(
            "order",
            "Both gradients are right, the other way round: first dW, then db.",
            lambda X, y, W, b: by_formula()(X, y, W, b)[::-1],
        ),
        Mistake(
            "not the gradients",
            "The result should be the two gradients, which backward leaves in .grad. What do you return?",
            (
                lambda X, y, W, b: (W, b),
                lambda X, y, W, b: _mean(X, y, W, b),
                lambda X, y, W, b: by_formula()(X, y, W, b)[0],
            ),
        ),
    ),
)
