"""Whether one batch can be learned by heart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.training.common import (
    CROSS_ENTROPY,
    LESSON,
    rows,
)
from course_utils.probes.fitting import run_one_batch


def _can_overfit_cases(draw: Draw) -> Iterator[dict]:
    line = {"x": torch.tensor([[1.0], [2.0]]), "y": torch.tensor([[2.0], [4.0]])}
    fast, slow = ["SGD", {"lr": 0.1}], ["SGD", {"lr": 0.001}]
    swinging, exploding = ["SGD", {"lr": 0.05, "momentum": 0.9}], ["SGD", {"lr": 0.6}]
    for optimizer, steps, thresholds in [
        (fast, 30, [0.02, 0.1, 0.5, 3.0]),
        (slow, 5, [0.5, 2.4, 2.55]),
        (exploding, 6, [1.0, 20.0, 1e5, 1e7]),  # the first loss is below 20, the last one is not
        (swinging, 5, [0.3, 0.6, 1.3, 2.0]),  # it dips to 0.1 on the way, and ends above 1.4
        (swinging, 3, [0.05, 0.8, 2.0]),
    ]:
        given = {"model": ["Linear", 1, 1], "criterion": ["MSELoss"], "optimizer": optimizer}
        yield given | line | {"steps": steps, "threshold": thresholds}
    net = ["Sequential", ["Linear", 4, 16], ["Tanh"], ["Linear", 16, 3]]
    for optimizer, steps in [(["Adam", {"lr": 0.05}], 40), (slow, 10)]:
        given = {"model": net, "criterion": CROSS_ENTROPY, "optimizer": optimizer}
        yield given | rows(draw, draw.size(5, 7)) | {"steps": steps, "threshold": [1e-8, 0.2, 5.0]}


def _overfit(
    zero: str = "first",
    judge_by: Callable[[list], float] = lambda losses: losses[-1],
    stop: bool = False,
    more: int = 0,
    moves: bool = True,
    give: Callable[[float, float], Any] = lambda loss, threshold: loss < threshold,
) -> Callable:
    """A right `can_overfit`, or one with some of its parts changed."""

    def can_overfit(model: Any, criterion: Any, optimizer: Any, x: Any, y: Any, steps: int, threshold: float) -> Any:
        losses = []
        for _ in range(steps + more):
            if zero == "first":
                optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            if zero == "between":
                optimizer.zero_grad()
            if moves:
                optimizer.step()
            losses.append(loss.item())
            if stop and losses[-1] < threshold:
                break
        return give(judge_by(losses), threshold)

    return can_overfit


CAN_OVERFIT = Exercise(
    name="can_overfit",
    lesson=LESSON,
    left_out={
        "large": "training on it diverges",
        "tiny": "what the rows are is the model's affair",
        "zero": "what the rows are is the model's affair",
        "long": "seconds of training",
    },
    reference=_overfit(),
    cases=_can_overfit_cases,
    contracts=(),
    probe=run_one_batch,
    rtol=1e-3,
    mistakes=(
        Mistake(
            "never zeroes",
            "Every step adds its gradients to those of the steps before. What clears them?",
            (
                _overfit(zero="never"),
                _overfit(zero="never", stop=True),
                _overfit(zero="never", judge_by=lambda losses: losses[0]),
            ),
        ),
        Mistake(
            "judges the first loss",
            "The first loss is the one before any training. Which one tells how training ended?",
            _overfit(judge_by=lambda losses: losses[0]),
        ),
        Mistake(
            "judges the lowest loss",
            "A loss that dips below the threshold and climbs again has not ended below it.",
            (
                _overfit(judge_by=min),
                _overfit(give=lambda loss, threshold: loss < threshold, judge_by=lambda losses: min(losses)),
            ),
        ),
        Mistake(
            "stops at the first loss below the threshold",
            "You stop as soon as the loss is low. Train for all the steps: the loss may climb again.",
            _overfit(stop=True),
        ),
        Mistake(
            "judges the mean loss",
            "The mean of all losses is large even if training ended well.",
            _overfit(judge_by=lambda losses: sum(losses) / len(losses)),
        ),
        Mistake(
            "the same answer for all",
            "Your answer is the same whatever the losses are.",
            (_overfit(give=lambda loss, threshold: True), _overfit(give=lambda loss, threshold: False)),
        ),
        Mistake(
            "compares with the first loss",
            "You ask how far the loss has fallen. The threshold is for the loss itself, at the end.",
            (
                _overfit(judge_by=lambda losses: losses[-1] / losses[0]),
                _overfit(judge_by=lambda losses: losses[-1] - losses[0]),
                _overfit(judge_by=lambda losses: losses[-1] - losses[0], give=lambda change, threshold: change < 0),
                _overfit(judge_by=lambda losses: losses[0] - losses[-1], give=lambda fall, threshold: fall > threshold),
            ),
        ),
        Mistake(
            "comparison turned round",
            "A small loss is the good sign. Which way round do you compare?",
            _overfit(give=lambda loss, threshold: loss > threshold),
        ),
        Mistake(
            "the loss, not True or False",
            "This is the loss. The question was whether it ends below the threshold.",
            _overfit(give=lambda loss, threshold: loss),
        ),
        Mistake(
            "a tensor, not True or False",
            "`loss < threshold` is a tensor. Compare the number in it: `loss.item()`.",
            _overfit(give=lambda loss, threshold: torch.tensor(loss) < threshold),
        ),
        Mistake(
            "returns inside the loop",
            "Your training ends after its first step. Does the `return` stand inside the loop?",
            lambda model, criterion, optimizer, x, y, steps, threshold: _overfit()(
                model, criterion, optimizer, x, y, 1, threshold
            ),
        ),
        Mistake(
            "another number of steps",
            "How many updates does your loop make, for `steps`?",
            (_overfit(more=1), _overfit(more=-1)),
        ),
        Mistake(
            "no step",
            "The weights do not move. Does every step end with an update, and are the gradients still there then?",
            (_overfit(moves=False), _overfit(zero="between")),
        ),
    ),
)
