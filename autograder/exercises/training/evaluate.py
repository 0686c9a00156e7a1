"""Loss and accuracy over a loader, without a trace."""

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
from course_utils.probes.fitting import run_evaluate


def _evaluate_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "model": ["Sequential", ["Linear", 2, 2], ["Dropout", 0.5]],
        "x": torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        "y": torch.tensor([0, 1, 1]),
        "batch_size": 2,
        "criterion": CROSS_ENTROPY,
        "training": True,
    }
    smooth = ["CrossEntropyLoss", {"label_smoothing": 0.2}]
    for model, n, batch_size, criterion, training in [
        (NET, draw.size(9, 11), 4, CROSS_ENTROPY, True),
        (NET, draw.size(13, 14), 6, smooth, False),
        (NORMED, 7, 3, CROSS_ENTROPY, True),
        (NORMED, 8, 4, CROSS_ENTROPY, False),
        (NET, 5, 9, CROSS_ENTROPY, True),
        (["Linear", 4, 3], 5, 2, smooth, False),
    ]:
        case = {"model": model, **rows(draw, n), "batch_size": batch_size}
        yield case | {"criterion": criterion, "training": training}
    wide = {"model": ["Linear", 1, 3], "x": draw.wide(60, 1), "y": draw.integers(3, 60)}
    yield wide | {"batch_size": 7, "criterion": CROSS_ENTROPY, "training": True}


def evaluation_with(
    mode: str = "restored", graph: bool = False, loss_is: str = "sample mean", share: str = "samples", move: bool = True
) -> Callable:
    """A right `evaluate`, or one with some of its parts changed."""

    def evaluate(model: Any, loader: Any, criterion: Any, device: Any) -> Any:
        was = model.training
        if mode != "untouched":
            model.train(mode == "train")
        losses, sizes, rights = [], [], []
        with torch.set_grad_enabled(graph):
            for x, y in loader:
                if move:
                    x, y = x.to(device), y.to(device)
                outputs = model(x)
                losses.append(criterion(outputs, y).detach())
                sizes.append(len(x))
                if share == "dim 0":
                    outputs = outputs.T if outputs.shape[0] == outputs.shape[1] else outputs
                rights.append((outputs.argmax(dim=1) == y).sum().item())
        if mode in ("restored", "back to training"):
            model.train(was or mode == "back to training")
        loss = summary(losses, sizes, loss_is)
        shares = {
            "percent": 100 * sum(rights) / sum(sizes),
            "count": sum(rights),
            "batches": sum(r / n for r, n in zip(rights, sizes, strict=True)) / len(sizes),
            "by batches": sum(rights) / len(sizes),
            "wrong": 1 - sum(rights) / sum(sizes),
            "tensor": torch.tensor(sum(rights) / sum(sizes)),
        }
        accuracy = shares.get(share, sum(rights) / sum(sizes))
        return (accuracy, loss) if share == "swapped" else (loss, accuracy)

    return evaluate


EVALUATE = Exercise(
    name="evaluate",
    lesson=LESSON,
    reference=evaluation_with(),
    cases=_evaluate_cases,
    contracts=("meta",),
    probe=run_evaluate,
    rtol=1e-3,
    mistakes=(
        Mistake(
            "no eval",
            "The model still drops entries (or norms with the batch) while you measure it. Which call switches dropout "
            "off?",
            (
                evaluation_with("untouched"),
                evaluation_with("untouched", graph=True),
                evaluation_with("train"),
                evaluation_with("untouched", loss_is="batch mean", share="batches"),
                evaluation_with("untouched", graph=True, loss_is="batch mean"),
            ),
        ),
        Mistake(
            "mode not restored",
            "A model that came in training mode should leave in it, and one in evaluation mode too. Remember "
            "`model.training` before you switch.",
            (
                evaluation_with("eval"),
                evaluation_with("back to training"),
                evaluation_with("eval", loss_is="batch mean", share="batches"),
            ),
        ),
        Mistake(
            "builds a graph",
            "Nobody calls backward() here, so remembering the graph only costs memory and time. What does "
            "`torch.no_grad()` do?",
            (evaluation_with(graph=True), evaluation_with("eval", graph=True)),
        ),
        Mistake(
            "mean of batch means",
            BATCH_MEAN,
            (
                evaluation_with(loss_is="batch mean"),
                evaluation_with(share="batches"),
                evaluation_with(loss_is="batch mean", share="batches"),
            ),
        ),
        Mistake("percent", "The share goes from 0 to 1: 0.97, not 97.", evaluation_with(share="percent")),
        Mistake(
            "a count, not a share",
            "This is how many answers are right. What share of all samples is that?",
            (evaluation_with(share="count"), evaluation_with(share="by batches")),
        ),
        Mistake("share of wrong answers", "This is the share of wrong answers.", evaluation_with(share="wrong")),
        Mistake("loss and accuracy swapped", "The loss comes first, then the share.", evaluation_with(share="swapped")),
        Mistake(
            "not divided by the number of samples",
            "The loss grows with the loader. What do you divide the sum by?",
            tuple(evaluation_with(loss_is=how) for how in ("sum", "sample sum", "sample sum by batches")),
        ),
        Mistake(
            "batch means divided by the number of samples",
            "The criterion's loss is a mean over the batch already. Multiply it by the number of rows before you add.",
            evaluation_with(loss_is="batch sum by samples"),
        ),
        Mistake(
            "a tensor, not a float",
            "`.item()` turns a tensor with one number into a Python number.",
            (
                evaluation_with(loss_is="tensor"),
                evaluation_with(share="tensor"),
                evaluation_with(loss_is="tensor", share="tensor"),
            ),
        ),
        Mistake("batch not moved to the device", NOT_MOVED, evaluation_with(move=False)),
    ),
)
