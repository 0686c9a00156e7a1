"""Lesson 8: one step of training, as professionals write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.training import run_train_step


def _train_step_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "model": ["Sequential", ["Linear", 2, 1]],
        "optimizer": ["SGD", {"lr": 0.125, "momentum": 0.5}],
        "criterion": ["MSELoss"],
        "x_batch": [torch.tensor([[1.0, 2.0]]), torch.tensor([[-1.0, 1.0]]), torch.tensor([[2.0, 0.0]])],
        "y_batch": [torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[3.0]])],
    }
    n, d, hidden, classes, m = draw.sizes(5, 3, 8)
    rows = (n, m, 2, n)  # batches of several sizes, the last of a run among them
    features = [draw.normal(r, d) for r in rows]
    labels = [draw.integers(classes, r) for r in rows]
    mlp = ["Sequential", ["Linear", d, hidden], ["Tanh"], ["Dropout", 0.4], ["Linear", hidden, classes]]
    # no bias before the norm, which takes it away: its gradient is rounding alone, and AdamW makes whole steps of that
    normed = [
        "Sequential",
        ["Linear", d, hidden, {"bias": False}],
        ["BatchNorm1d", hidden],
        ["Tanh"],
        ["Linear", hidden, 1],
    ]
    words = ["Sequential", ["Embedding", classes, m], ["Flatten"], ["Dropout", 0.25], ["Linear", 3 * m, classes]]
    lr = draw.uniform(0.05, 0.15)
    adamw = ["AdamW", {"lr": lr, "betas": (0.7, 0.85), "eps": 0.02, "weight_decay": draw.uniform(0.2, 0.6)}]
    nesterov = ["SGD", {"lr": lr, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}]

    def case(model: list, optimizer: list, criterion: list, x: list, y: list) -> dict:
        return {"model": model, "optimizer": optimizer, "criterion": criterion, "x_batch": x, "y_batch": y}

    yield case(mlp, nesterov, ["CrossEntropyLoss", {"label_smoothing": 0.2}], features, labels)
    yield case(mlp, adamw, ["CrossEntropyLoss", {"reduction": "sum"}], features, labels)
    yield case(normed, adamw, ["BCEWithLogitsLoss"], features, [draw.integers(2, r, 1).float() for r in rows])
    yield case(normed, nesterov, ["SmoothL1Loss", {"beta": 0.3}], features, [draw.normal(r, 1) for r in rows])
    yield case(words, adamw, ["CrossEntropyLoss"], [draw.integers(classes, r, 3) for r in rows], labels)


def _clear(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()


def _zero_fill(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=False)


def _train(model: nn.Module) -> None:
    model.train()


def _nothing(*_: Any) -> None:
    """A step left out."""


def _backward(loss: torch.Tensor) -> None:
    loss.backward()


def _step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.step()


def _by_hand(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    with torch.no_grad():
        for p in model.parameters():
            p -= optimizer.param_groups[0]["lr"] * p.grad


def _steps(
    mode: Callable = _train,
    zero: Callable = _clear,
    squash: Callable = lambda y: y,
    loss_of: Callable = lambda criterion, y_hat, y: criterion(y_hat, y),
    backward: Callable = _backward,
    before_step: Callable = _nothing,
    step: Callable = _step,
    step_first: bool = False,
    at_end: Callable = _nothing,
    returned: Callable = lambda loss, *_: loss.item(),
) -> Callable:
    """A training step with one or more of its steps changed."""

    def train_step(
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        criterion: nn.Module,
        x_batch: torch.Tensor,
        y_batch: torch.Tensor,
    ) -> float:
        mode(model)
        zero(model, optimizer)
        loss = loss_of(criterion, squash(model(x_batch)), y_batch)
        if step_first:
            step(model, optimizer)
        backward(loss)
        before_step(model, optimizer)
        if not step_first:
            step(model, optimizer)
        at_end(model, optimizer)
        return returned(loss, model, criterion, x_batch, y_batch)

    return train_step


def _in_both_modes(**changed: Any) -> tuple[Callable, ...]:
    """The mistake alone, and with the training mode forgotten as well."""
    return _steps(**changed), _steps(mode=_nothing, **changed)


def _loss_again(loss: torch.Tensor, model: nn.Module, criterion: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    return criterion(model(x), y).item()


def _loss_again_in_evaluation(loss: torch.Tensor, model: nn.Module, *rest: Any) -> float:
    model.eval()
    return _loss_again(loss, model, *rest)


TRAIN_STEP = Exercise(
    name="train_step",
    lesson="08_modules_and_optimizers",
    left_out={
        "large": "training on it diverges",
        "tiny": "what a batch holds is the model's affair",
        "long": "what a batch holds is the model's affair",
    },
    reference=_steps(),
    cases=_train_step_cases,
    probe=run_train_step,
    contracts=(),
    rtol=1e-3,
    atol=1e-4,
    mistakes=(
        Mistake(
            "no zero",
            "backward() adds to the gradients that are there, and this model came with old ones. What clears them?",
            _in_both_modes(zero=_nothing),
        ),
        Mistake(
            "zero only at the end",
            "This model came with old gradients, and the first step used them. When should they be cleared, so that it "
            "does not matter who used the model before?",
            (*_in_both_modes(zero=_nothing, at_end=_clear), _steps(zero=_nothing, at_end=_zero_fill)),
        ),
        Mistake(
            "zero after backward",
            "The gradients were computed, and gone when the optimizer took its step. What stands between backward() "
            "and step()?",
            (
                *_in_both_modes(zero=_nothing, before_step=_clear),
                _steps(before_step=_clear),
                _steps(zero=_nothing, before_step=_zero_fill),
                _steps(before_step=_zero_fill),
            ),
        ),
        Mistake(
            "no step",
            "The gradients are there, but no weight moved. Which line moves the weights along their gradients?",
            (*_in_both_modes(step=_nothing), *_in_both_modes(step=_nothing, zero=_nothing)),
        ),
        Mistake(
            "no backward",
            "The optimizer took a step, but there were no new gradients. Which line computes them from the loss?",
            (
                _steps(backward=_nothing),
                _steps(backward=_nothing, zero=_nothing),
                _steps(backward=_nothing, zero=_zero_fill),
            ),
        ),
        Mistake(
            "neither backward nor step",
            "The loss is measured, and nothing is learned from it. Which two lines are missing?",
            _steps(backward=_nothing, step=_nothing),
        ),
        Mistake(
            "step before backward",
            "The optimizer moves along the gradients that are there when step() is called. Which were there?",
            (_steps(step_first=True), _steps(step_first=True, zero=_nothing), _steps(step_first=True, zero=_zero_fill)),
        ),
        Mistake(
            "eval mode",
            "The model was in evaluation mode, with dropout off and stored statistics for BatchNorm. Which line of the "
            "step puts it into training mode?",
            (_steps(mode=_nothing), _steps(mode=lambda model: model.eval())),
        ),
        Mistake(
            "softmax before the loss",
            "The criterion takes raw outputs. What is done to them before they reach it?",
            (
                *_in_both_modes(squash=lambda y: y.softmax(1)),
                _steps(squash=lambda y: y.softmax(-1)),
                _steps(squash=lambda y: y.softmax(0)),
                _steps(squash=lambda y: y.log_softmax(1)),
            ),
        ),
        Mistake(
            "sigmoid before the loss",
            "The criterion takes raw outputs. What does the sigmoid do to them?",
            _steps(squash=torch.sigmoid),
        ),
        Mistake(
            "a tensor with its graph",
            "The loss came back as a tensor, and a tensor can keep a whole graph alive; a float can't. Which method "
            "gives the number?",
            (*_in_both_modes(returned=lambda loss, *_: loss), _steps(zero=_nothing, returned=lambda loss, *_: loss)),
        ),
        Mistake(
            "no parentheses",
            "This is the method itself, not what it gives: loss.item names it. What calls it?",
            _in_both_modes(returned=lambda loss, *_: loss.item),
        ),
        Mistake(
            "loss after the update",
            "This is the loss of the new weights. The step returns the loss that its gradients came from.",
            (*_in_both_modes(returned=_loss_again), _steps(returned=_loss_again_in_evaluation)),
        ),
        Mistake(
            "loss times the batch size",
            "The criterion has averaged over the batch already. What do you multiply it with?",
            _steps(returned=lambda loss, model, criterion, x, y: loss.item() * len(x)),
        ),
        Mistake(
            "updates by hand",
            "Your update is p -= lr * p.grad, whatever optimizer comes in, and this one has momentum or a decay. What "
            "does the optimizer do by itself?",
            _steps(step=_by_hand),
        ),
        Mistake(
            "two steps",
            "One call is one step: how often does yours call step() or backward()?",
            (
                _steps(before_step=_step),
                _steps(backward=lambda loss: (loss.backward(retain_graph=True), loss.backward())),
            ),
        ),
        Mistake(
            "a loss of its own",
            "The criterion is an argument, because the task decides it. Which loss does your step use?",
            (
                _steps(loss_of=lambda criterion, y_hat, y: F.mse_loss(y_hat, y)),
                _steps(loss_of=lambda criterion, y_hat, y: F.cross_entropy(y_hat, y)),
            ),
        ),
        Mistake(
            "outputs and targets swapped",
            "A criterion takes the outputs first, then the targets: criterion(y_hat, y).",
            _steps(loss_of=lambda criterion, y_hat, y: criterion(y, y_hat)),
        ),
        Mistake(
            "no gradients at all",
            "The loss has no graph, so backward() has nowhere to go. What keeps autograd from recording your forward "
            "pass?",
            (
                _steps(squash=lambda y: y.detach()),
                _steps(loss_of=lambda criterion, y_hat, y: criterion(y_hat, y).detach()),
            ),
        ),
    ),
)
