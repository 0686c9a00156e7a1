"""How long early stopping lets a training run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.training.common import (
    LESSON,
)


def _epochs_run_cases(draw: Draw) -> Iterator[dict]:
    yield {"val_losses": [0.9, 0.5, 0.7, 0.4, 0.6, 0.4, 0.3], "patience": 2}
    yield {"val_losses": [0.9, 0.5, 0.7, 0.4, 0.6, 0.4, 0.3], "patience": 1}
    yield {"val_losses": [0.9, 0.8, 0.7, 0.6], "patience": 2}
    yield {"val_losses": [0.5, 0.5, 0.5, 0.5, 0.5], "patience": 3}
    yield {"val_losses": [0.9, 0.5, 0.8, 0.7, 0.6, 0.55, 0.1], "patience": 3}  # each is below the one before it
    yield {"val_losses": [0.9, 0.5, 0.7, 0.7], "patience": 2}
    yield {"val_losses": [0.9, 0.5, 0.7], "patience": 2}
    yield {"val_losses": [0.4], "patience": 1}
    yield {"val_losses": [3.0, 5.0, 2.0, 4.0, 1.0, 3.0, 0.5, 2.0, 0.4], "patience": 3}
    for _ in range(12):
        n, patience = draw.size(6, 20), draw.size(1, 4)
        losses = [round(value / 10, 1) for value in (draw.integers(12, n) + 1).tolist()]
        yield {"val_losses": losses, "patience": patience}


def _stop(
    limit: Callable[[int], int] = lambda patience: patience,
    bad: Callable[[float, float], bool] = lambda loss, best: loss >= best,
    in_a_row: bool = True,
    against: str = "best",
    give: str = "epochs",
) -> Callable:
    """A right `epochs_run`, or one with some of its parts changed."""

    def epochs_run(val_losses: list, patience: int) -> Any:
        best, n_bad, best_at = math.inf, 0, 0
        for i, loss in enumerate(val_losses):
            if bad(loss, best):
                n_bad += 1
                best = loss if against == "previous" else best
            else:
                best, best_at = loss, i
                n_bad = 0 if in_a_row else n_bad
            if n_bad >= limit(patience):
                break
        return {"epochs": i + 1, "index": i, "best": best_at + 1, "best index": best_at, "float": float(i + 1)}[give]

    return epochs_run


def _best_of_all(val_losses: list, patience: int) -> int:
    return val_losses.index(min(val_losses)) + 1


def _without_a_break(val_losses: list, patience: int) -> int:
    return len(val_losses)


EPOCHS_RUN = Exercise(
    name="epochs_run",
    lesson=LESSON,
    reference=_stop(),
    cases=_epochs_run_cases,
    contracts=(),
    mistakes=(
        Mistake(
            "off by one",
            "Which epoch is the last: the one that makes it `patience` bad ones, or a neighbour of it? And is the "
            "result a count or an index?",
            (
                _stop(limit=lambda patience: patience + 1),
                _stop(limit=lambda patience: max(patience - 1, 1)),
                _stop(limit=lambda patience: patience - 1),
                _stop(give="index"),
            ),
        ),
        Mistake(
            "counts all bad epochs, not those in a row",
            "An epoch below the best ends the row of bad ones. What happens to your counter there?",
            (_stop(in_a_row=False), _stop(in_a_row=False, bad=lambda loss, best: loss > best)),
        ),
        Mistake(
            "`<=` for `<`",
            "A loss that equals the best is not below it: is that a good epoch or a bad one?",
            (
                _stop(bad=lambda loss, best: loss > best),
                _stop(bad=lambda loss, best: loss > best, limit=lambda patience: patience + 1),
            ),
        ),
        Mistake(
            "compares with the epoch before",
            "You compare with the epoch before. A loss can fall from there and still not be below the best.",
            (_stop(against="previous"), _stop(against="previous", bad=lambda loss, best: loss > best)),
        ),
        Mistake(
            "the best epoch",
            "This is the best epoch, whose weights are kept. How long did training go on?",
            (_stop(give="best"), _stop(give="best index"), _best_of_all),
        ),
        Mistake("never stops", "Training stops before the list ends. When?", _without_a_break),
    ),
)
