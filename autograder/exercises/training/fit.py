"""A whole training, with early stopping and the best weights."""

from __future__ import annotations

import copy
import math
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
)
from autograder.exercises.training.evaluate import evaluation_with
from autograder.exercises.training.train_epoch import epoch_with
from course_utils.probes.fitting import run_fit


def _fit_cases(draw: Draw) -> Iterator[dict]:
    sided = {"x": torch.tensor([[1.0], [1.0], [1.0], [-1.0], [-1.0], [-1.0]]), "y": torch.tensor([0, 0, 1, 1, 1, 0])}
    sided |= {"batch_size": 4, "x_val": torch.tensor([[1.0], [2.0], [-1.0]]), "y_val": torch.tensor([0, 1, 1])}
    # heavy momentum makes the validation loss swing: 4 bad epochs, a new best, then 7 bad ones
    swing = {"model": ["Linear", 1, 2]} | sided | {"criterion": CROSS_ENTROPY}
    swing |= {"optimizer": ["SGD", {"lr": 1.0, "momentum": 0.95}]}
    yield swing | {"max_epochs": 20, "patience": 2}
    yield swing | {"max_epochs": 20, "patience": 5}
    yield swing | {"max_epochs": 20, "patience": 4}
    yield swing | {"max_epochs": 9, "patience": 5}  # ends while it waits, with the best behind it
    still = swing | {"optimizer": ["SGD", {"lr": 0.0}]}  # every epoch's loss equals the best
    yield still | {"max_epochs": 7, "patience": 3}
    # every epoch is better than the one before it, by less than 0.0001
    yield swing | {"optimizer": ["SGD", {"lr": 0.0002}], "max_epochs": 5, "patience": 2}
    adamw = ["AdamW", {"lr": 0.05, "betas": [0.8, 0.95], "weight_decay": 0.1}]
    # a model with buffers, asked for wrong labels: the better it learns, the higher their loss
    for wrong in (1, 2):
        case = rows(draw, 12)
        case = {"model": NORMED, **case, "batch_size": 4, "x_val": case["x"].clone(), "y_val": (case["y"] + wrong) % 3}
        yield case | {"criterion": CROSS_ENTROPY, "optimizer": ["SGD", {"lr": 0.3}], "max_epochs": 6, "patience": 3}
    for model, n, batch_size, optimizer, max_epochs, patience in [
        (NET, draw.size(9, 11), 4, adamw, 7, 3),
        (NET, draw.size(13, 15), 6, ["SGD", {"lr": 0.3, "momentum": 0.5}], 5, 9),
        (["Linear", 4, 3], draw.size(5, 7), 3, adamw, 6, 1),
    ]:
        case, val = rows(draw, n), rows(draw, draw.size(7, 8))
        case = {"model": model, **case, "batch_size": batch_size, "x_val": val["x"], "y_val": val["y"]}
        case |= {"criterion": CROSS_ENTROPY, "optimizer": optimizer}
        yield case | {"max_epochs": max_epochs, "patience": patience}


_RIGHT_EPOCH, _RIGHT_EVALUATION = epoch_with(), evaluation_with()


def _fitting(
    limit: Callable[[int], int] = lambda patience: patience,
    bad: Callable[[float, float], bool] = lambda value, best: value >= best,
    keep: Callable[[dict], Any] = copy.deepcopy,
    in_a_row: bool = True,
    watch: str = "val_loss",
    restore: str = "always",
    against: str = "best",
    train: Callable = _RIGHT_EPOCH,
    evaluate: Callable = _RIGHT_EVALUATION,
    give: Callable[[dict], Any] = lambda history: history,
) -> Callable:
    """A right `fit`, or one with some of its parts changed."""

    def fit(
        model: Any, train_loader: Any, val_loader: Any, criterion: Any, optimizer: Any, max_epochs: int, patience: int,
        device: Any,
    ) -> Any:  # fmt: skip
        history: dict[str, list] = {"train_loss": [], "val_loss": [], "val_accuracy": []}
        best, n_bad, kept, stopped = math.inf, 0, None, False
        for _ in range(max_epochs):
            history["train_loss"].append(train(model, train_loader, criterion, optimizer, device))
            loss, accuracy = evaluate(model, val_loader, criterion, device)
            history["val_loss"].append(loss)
            history["val_accuracy"].append(accuracy)
            value = -accuracy if watch == "val_accuracy" else history[watch][-1]
            if bad(value, best):
                n_bad += 1
                best = value if against == "previous" else best
            else:
                best, kept = value, keep(model.state_dict())
                n_bad = 0 if in_a_row else n_bad
            if n_bad >= limit(patience):
                stopped = True
                break
        if kept and restore in ("always", "stopped" if stopped else "finished"):
            model.load_state_dict(kept, strict=False)
        return give(history)

    return fit


def _shallow(state: dict) -> dict:
    return dict(state)


def _without_buffers(state: dict) -> dict:
    """What a copy of the parameters alone has: BatchNorm's statistics are buffers."""
    return {name: tensor.clone() for name, tensor in state.items() if name.rpartition(".")[2] in ("weight", "bias")}


FIT = Exercise(
    name="fit",
    lesson=LESSON,
    left_out={
        "large": "training on it diverges",
        "tiny": "what the rows are is the model's affair",
        "zero": "what the rows are is the model's affair",
        "long": "seconds of training",
    },
    reference=_fitting(),
    cases=_fit_cases,
    contracts=("meta",),
    probe=run_fit,
    rtol=1e-3,
    mistakes=(
        Mistake(
            "reference instead of copy",
            "The model ends with its last weights, not its best. `state_dict()` hands out the tensors that training "
            "goes on changing: did you keep a copy of each, and load it at the end?",
            (_fitting(keep=_shallow), _fitting(restore="never")),
        ),
        Mistake(
            "buffers forgotten",
            "The parameters are the best, but BatchNorm's stored statistics are still the last ones: they are buffers. "
            "What holds both?",
            _fitting(keep=_without_buffers),
        ),
        Mistake(
            "patience off by one",
            "Training stops in the epoch that makes it `patience` bad ones in a row. Does yours stop one epoch sooner, "
            "or later?",
            (
                _fitting(limit=lambda patience: patience + 1),
                _fitting(limit=lambda patience: max(patience - 1, 1)),
                _fitting(limit=lambda patience: patience + 1, keep=_shallow),
                _fitting(limit=lambda patience: max(patience - 1, 1), keep=_shallow),
            ),
        ),
        Mistake(
            "counts all bad epochs, not those in a row",
            "An epoch below the best ends the row of bad ones. What happens to your counter there?",
            (_fitting(in_a_row=False), _fitting(in_a_row=False, keep=_shallow)),
        ),
        Mistake(
            "`<=` for `<`",
            "A validation loss that equals the best is not below it: is that a good epoch or a bad one?",
            (
                _fitting(bad=lambda value, best: value > best),
                _fitting(bad=lambda value, best: value > best, keep=_shallow),
            ),
        ),
        Mistake(
            "never stops early",
            "Training goes on for max_epochs, whatever the validation loss does. Where does patience come in?",
            (
                _fitting(limit=lambda patience: 10**9),
                _fitting(limit=lambda patience: 10**9, restore="never"),
            ),
        ),
        Mistake(
            "restores in one case only",
            "The best weights belong back in the model whichever way the loop ends: by patience, or by max_epochs.",
            (_fitting(restore="stopped"), _fitting(restore="finished")),
        ),
        Mistake(
            "asks for a certain improvement",
            "Any loss below the best, by however little, makes a good epoch.",
            tuple(_fitting(bad=lambda value, best, by=by: value >= best - by) for by in (1e-4, 1e-3, 1e-2)),
        ),
        Mistake(
            "compares with the epoch before",
            "You compare with the epoch before. A loss can fall from there and still not be below the best.",
            _fitting(against="previous"),
        ),
        Mistake(
            "watches the training loss",
            "You watch the training loss, which goes on falling while the model learns its training rows by heart. "
            "Which loss tells how it does on others?",
            _fitting(watch="train_loss"),
        ),
        Mistake(
            "watches the accuracy",
            "You watch the accuracy. The rule here goes by the validation loss.",
            _fitting(watch="val_accuracy"),
        ),
        Mistake(
            "trains in evaluation mode",
            "From some epoch on the model trains in evaluation mode. Who calls model.train() after an evaluation?",
            (_fitting(train=epoch_with("modules")), _fitting(train=epoch_with("eval"))),
        ),
        Mistake(
            "evaluates in training mode",
            "The validation loss is measured with dropout at work.",
            (_fitting(evaluate=evaluation_with("untouched")), _fitting(evaluate=evaluation_with("train"))),
        ),
        Mistake(
            "mean of batch means",
            BATCH_MEAN,
            (
                _fitting(train=epoch_with(loss_is="batch mean")),
                _fitting(
                    train=epoch_with(loss_is="batch mean"),
                    evaluate=evaluation_with(loss_is="batch mean", share="batches"),
                ),
                _fitting(train=epoch_with(loss_is="batch mean"), evaluate=evaluation_with(loss_is="batch mean")),
            ),
        ),
        Mistake(
            "no zero_grad",
            "backward() adds to the gradients that are there already. What clears them before each batch?",
            (_fitting(train=epoch_with(zero="never")), _fitting(train=epoch_with(zero="once"))),
        ),
        Mistake(
            "batch not moved to the device",
            NOT_MOVED,
            (
                _fitting(train=epoch_with(move=False)),
                _fitting(train=epoch_with(move=False), evaluate=evaluation_with(move=False)),
            ),
        ),
    ),
)
