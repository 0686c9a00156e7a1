"""Exercise ``momentum_update_``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.gradient_descent.common import (
    FIRST,
    LAST,
    NOT_FIRST,
    OPTIMIZERS,
    Tensors,
    _no_grad_each,
    _none,
    _on,
    _shapes,
)
from course_utils.probes.gradient_descent import run_update


def _momentum_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "params": [torch.tensor([1.0, 2.0]), torch.tensor([3.0])],
        "velocities": [torch.tensor([4.0, 0.0]), torch.tensor([-2.0])],
        "lr": 0.1,
        "momentum": 0.5,
        "gradients": [[torch.tensor([2.0, 10.0]), torch.tensor([5.0])]],
    }
    lrs = (draw.uniform(0.02, 0.2), 0.03, draw.uniform(0.3, 0.8), 1.5)
    for i, (shapes, lr) in enumerate(zip(_shapes(draw), lrs, strict=True)):
        yield {
            "params": [draw.normal(*shape) for shape in shapes],
            "velocities": [draw.normal(*shape, std=float(i % 2)) for shape in shapes],  # from rest, and under way
            "lr": lr,
            "momentum": draw.uniform(0.55, 0.85),
            "gradients": [[draw.normal(*shape, std=2.0) for shape in shapes] for _ in range(4)],
        }
    yield {
        "params": [draw.wide(40, 1)],
        "velocities": [draw.wide(40, 1)],
        "lr": 0.1,
        "momentum": 0.5,
        "gradients": [[draw.wide(40, 1)] for _ in range(2)],
    }


def _momentum(velocity: Callable, step: Callable = lambda v, g, lr, m: lr * v) -> Callable:
    """An update with one of its rules changed.

    Args:
        velocity: (v, g, lr, m) -> the new velocity.
        step: (new v, g, lr, m) -> what is subtracted from the parameter.
    """

    def change(p: torch.Tensor, v: torch.Tensor, lr: float, momentum: float) -> None:
        v.copy_(velocity(v, p.grad, lr, momentum))
        p -= step(v, p.grad, lr, momentum)

    return _no_grad_each(change)


def _roll(v: torch.Tensor, g: torch.Tensor, lr: float, m: float) -> torch.Tensor:
    return m * v + g


def _forgets_velocity(p: torch.Tensor, v: torch.Tensor, lr: float, momentum: float) -> None:
    p -= lr * (momentum * v + p.grad)


def _old_velocity(p: torch.Tensor, v: torch.Tensor, lr: float, momentum: float) -> None:
    p -= lr * v
    v.mul_(momentum).add_(p.grad)


def _velocity_alone(p: torch.Tensor, v: torch.Tensor, lr: float, momentum: float) -> None:
    v.mul_(momentum).add_(p.grad)


def _tracked_momentum(params: Tensors, velocities: Tensors, lr: float, momentum: float) -> None:
    for p, v in zip(params, velocities, strict=True):
        v.mul_(momentum).add_(p.grad)
        p -= lr * v


def _new_params(params: Tensors, velocities: Tensors, lr: float, momentum: float) -> None:
    _no_grad_each(_velocity_alone)(params, velocities, lr, momentum)
    params[:] = [(p - lr * v).detach().requires_grad_() for p, v in zip(params, velocities, strict=True)]


def _momentum_replaces_data(params: Tensors, velocities: Tensors, lr: float, momentum: float) -> None:
    for p, v in zip(params, velocities, strict=True):
        v.mul_(momentum).add_(p.grad)
        p.data = p - lr * v


MOMENTUM_UPDATE = Exercise(
    name="momentum_update_",
    lesson="06_gradient_descent",
    reference=_momentum(_roll),
    cases=_momentum_cases,
    probe=run_update,
    contracts=("strided",),
    forbidden=OPTIMIZERS,
    instead="arithmetic in place, inside torch.no_grad()",
    mistakes=(
        Mistake(
            "lr inside v",
            "Your velocity holds lr times the gradient. In PyTorch's form it sums plain gradients: where does lr act?",
            (
                _momentum(lambda v, g, lr, m: m * v + lr * g, lambda v, g, lr, m: v),
                _momentum(lambda v, g, lr, m: m * v - lr * g, lambda v, g, lr, m: -v),
                _momentum(lambda v, g, lr, m: m * v + lr * g),
                _momentum(lambda v, g, lr, m: lr * (m * v + g), lambda v, g, lr, m: v),
            ),
        ),
        Mistake(
            "v not kept",
            "v = ... names a new tensor, and the one in the list stays as it was: the next call starts without it. How "
            "do you write into the velocity that was given?",
            _no_grad_each(_forgets_velocity),
        ),
        Mistake(
            "v stays as it was",
            "The velocity in the list never changes. v.mul(momentum) gives a new tensor; which spelling writes into v?",
            (_momentum(lambda v, g, lr, m: v, lambda v, g, lr, m: lr * v), _momentum(lambda v, g, lr, m: m * v)),
        ),
        Mistake(
            "weighted average instead of sum",
            "You weigh the gradient with 1 - momentum. PyTorch's form adds it whole.",
            _momentum(lambda v, g, lr, m: m * v + (1 - m) * g),
        ),
        Mistake(
            "steps by the gradient",
            "The velocity is right, but the step is taken along the gradient. What does momentum subtract from p?",
            _momentum(_roll, lambda v, g, lr, m: lr * g),
        ),
        Mistake(
            "steps by the old velocity",
            "You move p before the velocity has taken in the new gradient. Which of the two lines comes first?",
            _no_grad_each(_old_velocity),
        ),
        Mistake(
            "no momentum",
            "Nothing of the old velocity is left: this is plain SGD. Where does `momentum` come in?",
            (
                _momentum(lambda v, g, lr, m: g),
                _momentum(lambda v, g, lr, m: v, lambda v, g, lr, m: lr * g),
            ),
        ),
        Mistake(
            "momentum not used",
            "The argument `momentum` changes nothing in your update. What is the old velocity multiplied with?",
            (_momentum(lambda v, g, lr, m: v + g), _momentum(lambda v, g, lr, m: 0.9 * v + g)),
        ),
        Mistake(
            "momentum on the gradient too",
            "momentum slows the old velocity alone; the new gradient is added whole.",
            (_momentum(lambda v, g, lr, m: m * (v + g)), _momentum(lambda v, g, lr, m: v + m * g)),
        ),
        Mistake(
            "lr and momentum swapped",
            "Which of the two numbers slows the old velocity, and which one scales the step?",
            _momentum(lambda v, g, lr, m: lr * v + g, lambda v, g, lr, m: m * v),
        ),
        Mistake(
            "forgets lr",
            "You take the whole velocity as the step. Where does lr come in?",
            _momentum(_roll, lambda v, g, lr, m: v),
        ),
        Mistake(
            "Nesterov's form",
            "You add momentum times the velocity to the gradient once more: that is Nesterov's form. Here the step is "
            "lr * v.",
            _momentum(_roll, lambda v, g, lr, m: lr * (g + m * v)),
        ),
        Mistake(
            "wrong sign",
            "Some sign is turned: v takes the gradient as it is, with a plus, and p takes v with a minus.",
            (
                _momentum(_roll, lambda v, g, lr, m: -lr * v),
                _momentum(lambda v, g, lr, m: m * v - g),
                _momentum(lambda v, g, lr, m: m * v - g, lambda v, g, lr, m: -lr * v),
            ),
        ),
        Mistake(
            "the update is tracked",
            "A leaf that requires grad may not change while autograd is recording. What switches the recording off for "
            "a few lines?",
            _tracked_momentum,
        ),
        Mistake(
            "rebinds instead of updating",
            "p = p - ... makes a new tensor; whoever holds the old one sees no change. Which operator writes into the "
            "old one?",
            (_no_grad_each(_velocity_alone), _none, _new_params),
        ),
        Mistake(
            "replaces .data",
            "p.data = ... gives p other memory; a name that shares the old memory keeps the old values. Which "
            "operation writes into the memory there is?",
            _momentum_replaces_data,
        ),
        Mistake(
            "not every parameter",
            "Some parameters did not move. Does your loop reach every one of them, or does it return too early?",
            tuple(_on(choose, _momentum(_roll)) for choose in (FIRST, NOT_FIRST, LAST)),
        ),
    ),
)
