"""One epoch of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.training.common import (
    BATCH_MEAN,
    CROSS_ENTROPY,
    LESSON,
    NET,
    NORMED,
    NOT_MOVED,
    rows,
    summary,
)
from course_utils.probes.fitting import run_train_epoch


def _train_epoch_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "model": ["Linear", 2, 1],
        "x": torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        "y": torch.tensor([[1.0], [2.0], [0.0]]),
        "batch_size": 2,
        "criterion": ["MSELoss"],
        "optimizer": ["SGD", {"lr": 0.1}],
        "epochs": 1,
    }
    adamw = ["AdamW", {"lr": 0.03, "betas": [0.8, 0.95], "weight_decay": 0.2}]
    sgd = ["SGD", {"lr": 0.2, "momentum": 0.7}]
    for model, n, batch_size, criterion, optimizer in [
        (NET, draw.size(5, 7), 4, CROSS_ENTROPY, sgd),
        (NET, draw.size(9, 11), 4, ["CrossEntropyLoss", {"label_smoothing": 0.1}], adamw),
        (NORMED, 7, 4, CROSS_ENTROPY, adamw),
        (NET, 6, 3, CROSS_ENTROPY, adamw),
        (NET, 4, 9, CROSS_ENTROPY, sgd),
        (["Linear", 4, 3], 5, 2, CROSS_ENTROPY, sgd),
    ]:
        case = {"model": model, **rows(draw, n), "batch_size": batch_size}
        yield case | {"criterion": criterion, "optimizer": optimizer, "epochs": 3}


def epoch_with(mode: str = "train", zero: str = "first", loss_is: str = "sample mean", **steps: bool) -> Callable:
    """A right `train_epoch`, or one with some of its parts changed."""
    move, backward, step = (steps.get(name, True) for name in ("move", "backward", "step"))

    def train_epoch(model: Any, loader: Any, criterion: Any, optimizer: Any, device: Any) -> Any:
        getattr(model, mode)()
        losses, sizes = [], []
        if zero == "once":
            optimizer.zero_grad()
        for x, y in loader:
            if move:
                x, y = x.to(device), y.to(device)
            if zero == "first":
                optimizer.zero_grad()
            loss = criterion(model(x), y)
            if backward:
                loss.backward()
            if zero == "between":
                optimizer.zero_grad()
            if step:
                optimizer.step()
            if zero == "last":
                optimizer.zero_grad()
            if loss_is == "after the update":
                loss = criterion(model(x), y)
            losses.append(loss.detach())
            sizes.append(len(x))
        return summary(losses, sizes, loss_is)

    return train_epoch


TRAIN_EPOCH = Exercise(
    name="train_epoch",
    lesson=LESSON,
    left_out={
        "large": "training on it diverges",
        "tiny": "what the rows are is the model's affair",
        "long": "seconds of training",
    },
    reference=epoch_with(),
    cases=_train_epoch_cases,
    contracts=("meta",),
    probe=run_train_epoch,
    rtol=1e-3,
    mistakes=(
        Mistake("mean of batch means", BATCH_MEAN, epoch_with(loss_is="batch mean")),
        Mistake(
            "no train mode",
            "The model came in evaluation mode and stays there, so its dropout drops nothing. Which call starts an "
            "epoch of training?",
            (
                epoch_with("modules"),  # a call without effect
                epoch_with("eval"),
                epoch_with("modules", loss_is="batch mean"),
                epoch_with("eval", loss_is="batch mean"),
            ),
        ),
        Mistake(
            "no zero_grad",
            "backward() adds to the gradients that are there already. What clears them before each batch?",
            (epoch_with(zero="never"), epoch_with(zero="once"), epoch_with("modules", zero="never")),
        ),
        Mistake(
            "zero_grad after the step alone",
            "The model comes with gradients from elsewhere, and the first step of yours uses them too. Clear them "
            "before backward().",
            epoch_with(zero="last"),
        ),
        Mistake(
            "no step",
            "The weights do not move. Does every batch end with backward() and step(), and nothing that clears the "
            "gradients between the two?",
            (epoch_with(step=False), epoch_with(backward=False), epoch_with(zero="between")),
        ),
        Mistake(
            "not divided by the number of samples",
            "The result grows with the loader. What do you divide the sum by?",
            tuple(epoch_with(loss_is=how) for how in ("sum", "sample sum", "sample sum by batches")),
        ),
        Mistake(
            "batch means divided by the number of samples",
            "The criterion's loss is a mean over the batch already. Multiply it by the number of rows before you add.",
            epoch_with(loss_is="batch sum by samples"),
        ),
        Mistake("loss of the last batch", "This is one batch's loss, not the epoch's.", epoch_with(loss_is="last")),
        Mistake(
            "a tensor, not a float",
            "`loss.item()` turns a tensor with one number into a Python float.",
            epoch_with(loss_is="tensor"),
        ),
        Mistake(
            "loss after the update",
            "Your loss is measured after the update. The forward pass that gave the gradients gives the loss too.",
            epoch_with(loss_is="after the update"),
        ),
        Mistake("batch not moved to the device", NOT_MOVED, epoch_with(move=False)),
    ),
)
