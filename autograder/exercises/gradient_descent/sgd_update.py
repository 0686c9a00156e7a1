"""Exercise ``sgd_update_``."""

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
    _sgd,
    _shapes,
    _stop_requiring_grad,
    _tracked_each,
)
from course_utils.probes.gradient_descent import run_update


def _sgd_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "params": [torch.tensor([1.0, 2.0]), torch.tensor([[3.0], [4.0]])],
        "lr": 0.5,
        "gradients": [[torch.tensor([2.0, -4.0]), torch.tensor([[1.0], [-1.0]])]],
    }
    for shapes, lr in zip(_shapes(draw), (draw.uniform(0.01, 0.2), 0.03, draw.uniform(0.3, 0.8), 1.5), strict=True):
        yield {
            "params": [draw.normal(*shape) for shape in shapes],
            "lr": lr,
            "gradients": [[draw.normal(*shape, std=2.0) for shape in shapes] for _ in range(3)],
        }
    yield {"params": [draw.wide(40, 1)], "lr": 0.1, "gradients": [[draw.wide(40, 1)] for _ in range(2)]}


def _new_entries(new: Callable) -> Callable:
    def answer(params: Tensors, lr: float) -> None:
        params[:] = [new(p, lr) for p in params]

    return answer


def _replace_data(p: torch.Tensor, lr: float) -> None:
    p.data = p - lr * p.grad


def _assign_slice(p: torch.Tensor, lr: float) -> None:
    p[:] = p - lr * p.grad


def _assign_dots(p: torch.Tensor, lr: float) -> None:
    p[...] = p - lr * p.grad


SGD_UPDATE = Exercise(
    name="sgd_update_",
    lesson="06_gradient_descent",
    reference=_no_grad_each(_sgd),
    cases=_sgd_cases,
    probe=run_update,
    contracts=("strided",),
    atol=1e-6,
    forbidden=OPTIMIZERS,
    instead="arithmetic in place, inside torch.no_grad()",
    mistakes=(
        Mistake(
            "rebinds instead of updating",
            "p = p - ... makes a new tensor and gives it the name p; whoever holds the old one sees no change. Which "
            "operator writes into the old one?",
            (
                _none,
                _new_entries(lambda p, lr: p - lr * p.grad),
                _new_entries(lambda p, lr: (p - lr * p.grad).detach()),
                _new_entries(lambda p, lr: (p - lr * p.grad).detach().requires_grad_()),
            ),
        ),
        Mistake(
            "replaces .data with history",
            "p.data = ... gives p other memory: a name that shares the old memory, such as p.detach(), keeps the old "
            "values. Which operation writes into the memory there is?",
            _tracked_each(_replace_data),
        ),
        Mistake(
            "the update is tracked",
            "A leaf that requires grad may not change while autograd is recording. What switches the recording off for "
            "a few lines?",
            (
                _tracked_each(_sgd),
                _tracked_each(_assign_slice),
                _tracked_each(_assign_dots),
            ),
        ),
        Mistake(
            "plus sign",
            "You walk uphill: the gradient points to where the loss grows. Which sign goes down?",
            _no_grad_each(lambda p, lr: p.add_(lr * p.grad)),
        ),
        Mistake(
            "stops requiring grad",
            "The values are right, but the parameters no longer ask for gradients, so the next backward() passes them "
            "by. What did you switch off for good?",
            (
                _tracked_each(_stop_requiring_grad),
                _tracked_each(lambda p, lr: p.detach_().sub_(lr * p.grad)),
                _new_entries(lambda p, lr: p.data.sub_(lr * p.grad)),
                _new_entries(lambda p, lr: p.detach_().sub_(lr * p.grad)),
            ),
        ),
        Mistake(
            "forgets lr",
            "You take the whole gradient as the step. Where does lr come in?",
            (
                _no_grad_each(lambda p, lr: p.sub_(p.grad)),
                _no_grad_each(lambda p, lr: p.sub_(p.grad / lr)),
                *(_no_grad_each(lambda p, lr, fixed=fixed: p.sub_(fixed * p.grad)) for fixed in (0.001, 0.01, 0.1)),
            ),
        ),
        Mistake(
            "not every parameter",
            "Some parameters did not move. Does your loop reach every one of them, or does it return too early?",
            tuple(_on(choose, _no_grad_each(_sgd)) for choose in (FIRST, NOT_FIRST, LAST, lambda v: v[:-1])),
        ),
        Mistake(
            "the value for the gradient",
            "You subtract a share of the parameter itself. Where does backward() leave the gradient?",
            _no_grad_each(lambda p, lr: p.sub_(lr * p)),
        ),
        Mistake(
            "multiplies instead of subtracting",
            "A step is a difference: the new value is the old one minus lr times the gradient.",
            (
                _no_grad_each(lambda p, lr: p.mul_(1 - lr * p.grad)),
                _no_grad_each(lambda p, lr: p.copy_(-lr * p.grad)),
                _no_grad_each(lambda p, lr: p.mul_(lr * p.grad)),
            ),
        ),
    ),
)
