"""predict_without_graph: a prediction that leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import (
    LESSON,
)
from course_utils.probes.autograd import run_prediction


def _predict_cases(draw: Draw) -> Iterator[dict]:
    yield {"x": torch.tensor([[1.0, 2.0]]), "w": torch.tensor([[3.0], [4.0]]), "w.grad": None}
    n, d, m = draw.sizes(3)
    for rows, features, columns in [(n, d, 1), (n, d, m), (1, d, m), (d, d, d), (n, 1, 1)]:
        w = draw.normal(features, columns)
        grad = draw.normal(features, columns) if columns > 1 else None
        yield {"x": draw.normal(rows, features), "w": w, "w.grad": grad}
    yield {"x": draw.wide(20, d), "w": draw.normal(d, 1), "w.grad": None}


def _switched_off(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    w.requires_grad_(False)
    return x @ w


def _detached_in_place(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return x @ w.detach_()


def _no_longer_recording(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    torch.set_grad_enabled(False)
    return x @ w


def _reset(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    w.grad = None
    return x @ w.detach()


PREDICT_WITHOUT_GRAPH = Exercise(
    name="predict_without_graph",
    lesson=LESSON,
    reference=lambda x, w: x @ w.detach(),
    cases=_predict_cases,
    probe=run_prediction,
    contracts=("float64", "strided"),
    mistakes=(
        Mistake(
            "w.requires_grad_(False)",
            "w has stopped asking for gradients, and whoever trains it later gets none. What switches recording off "
            "for a few lines only?",
            (_switched_off, _detached_in_place),
        ),
        Mistake(
            "history kept",
            "Your result still requires grad: behind it hangs the graph that leads to w. What keeps autograd from "
            "recording the product?",
            (
                lambda x, w: x @ w,
                lambda x, w: (x @ w).requires_grad_(False),
                lambda x, w: (x @ w).detach().requires_grad_(),
                lambda x, w: x @ w.detach().requires_grad_(),
            ),
        ),
        Mistake(
            "leaves autograd switched off",
            "After your call nothing is recorded any more, anywhere. `with torch.no_grad():` switches recording on "
            "again at its end.",
            _no_longer_recording,
        ),
        Mistake(
            "entry by entry",
            "* multiplies entry by entry. Which operator takes the weighted sum of each row?",
            (lambda x, w: x * w.detach(), lambda x, w: x * w),
        ),
        Mistake(
            "factors exchanged",
            "x stands to the left: its rows are the samples, and each meets the columns of w.",
            (
                lambda x, w: w.detach() @ x,
                lambda x, w: w @ x,
                lambda x, w: (x @ w.detach()).T,
            ),
        ),
        Mistake(
            "an extra transpose",
            "x ends with the features and w begins with them: they fit together as they are.",
            (
                lambda x, w: x @ w.detach().T,
                lambda x, w: x @ w.T,
                lambda x, w: x.T @ w.detach(),
                lambda x, w: x.T @ w,
            ),
        ),
        Mistake(
            "clears the gradient of w",
            "The prediction is right, but w has lost the gradient that it had. What asked you to touch it?",
            _reset,
        ),
        Mistake(
            "numpy on a recorded tensor",
            "NumPy cannot hold a history, so a tensor that requires grad refuses to become an array. What comes first?",
            (
                lambda x, w: torch.from_numpy(x.numpy() @ w.numpy()),
                lambda x, w: torch.from_numpy((x @ w).numpy()),
            ),
        ),
        Mistake("no return", "Does your function end with a `return`?", lambda x, w: None),
    ),
)
