"""What several exercises of the lesson share."""

from __future__ import annotations

from typing import Any

import torch

from autograder.exercise import Draw

LESSON = "09_training"

NET = ["Sequential", ["Linear", 4, 6], ["ReLU"], ["Dropout", 0.3], ["Linear", 6, 3]]
# no bias before the norm, which takes it away: its gradient is rounding alone, and AdamW makes whole steps of that
NORMED = ["Sequential", ["Linear", 4, 5, {"bias": False}], ["BatchNorm1d", 5], ["Tanh"], ["Linear", 5, 3]]
CROSS_ENTROPY = ["CrossEntropyLoss"]


def rows(draw: Draw, n: int) -> dict:
    """``x`` (n, 4) and ``y`` (n,), of three classes that can mostly, but not always, be told from x."""
    x, noise = draw.normal(n, 4), draw.normal(n, 3, std=0.5)
    return {"x": x, "y": (x[:, :3] + noise).argmax(dim=1)}


def summary(losses: list, sizes: list, loss_is: str) -> Any:
    """One number for an epoch, from each batch's mean loss and size; right unless ``loss_is`` says otherwise."""
    total = sum(loss.item() * n for loss, n in zip(losses, sizes, strict=True))
    return {
        "batch mean": sum(loss.item() for loss in losses) / len(losses),
        "sum": sum(loss.item() for loss in losses),
        "sample sum": total,
        "sample sum by batches": total / len(losses),
        "batch sum by samples": sum(loss.item() for loss in losses) / sum(sizes),
        "last": losses[-1].item(),
        "tensor": torch.tensor(total / sum(sizes)),
    }.get(loss_is, total / sum(sizes))


BATCH_MEAN = (
    "The last batch may be smaller: in a mean of batch means, each of its samples counts more than the others. Weight "
    "each batch's loss by its number of rows."
)
NOT_MOVED = "Each batch comes on the CPU, and the model may be on another device. What does `.to(device)` give back?"
