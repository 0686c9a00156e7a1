"""Lesson 5, exercise 1: predict."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake


def _cases(draw: Draw) -> Iterator[dict]:
    yield {
        "X": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "W": torch.tensor([[1.0, 0.0], [-1.0, 2.0]]),
        "b": torch.tensor([10.0, 20.0]),
    }
    n, d, m = draw.sizes(3)
    square = draw.size()
    for rows, features, outputs in [
        (n, d, m),
        (square, square, square),  # whatever is mixed up among the dims runs here
        (n, d, d),
        (n, d, n),
        (n, n, m),
        (n, d, 1),
        (n, 1, m),
        (1, d, m),
        (n, 1, 1),
    ]:
        yield {
            "X": draw.normal(rows, features),
            "W": draw.normal(features, outputs),
            "b": draw.normal(outputs, mean=2.0),
        }
    yield {"X": draw.wide(60, d), "W": draw.normal(d, 1), "b": draw.normal(1)}


PREDICT = Exercise(
    name="predict",
    lesson="05_forward_and_backward",
    reference=lambda X, W, b: X @ W + b,
    cases=_cases,
    mistakes=(
        Mistake(
            "element-wise product",
            "X * W multiplies entry by entry. Which operator multiplies a row by each column, and sums?",
            (
                lambda X, W, b: X * W + b,
                lambda X, W, b: b + W * X,
                lambda X, W, b: X * W,
                lambda X, W, b: X * W.T + b,
                lambda X, W, b: (X * W).sum(1, keepdim=True) + b,
                lambda X, W, b: (X * W.T).sum(1, keepdim=True) + b,
                lambda X, W, b: (X * W.T).sum(1) + b,
                lambda X, W, b: (X * W).sum(1) + b,
                lambda X, W, b: (X * W).sum(0) + b,
                lambda X, W, b: (X * W).sum() + b,
                lambda X, W, b: X * W[:, 0] + b,
            ),
        ),
        Mistake(
            "forgets b",
            "Your result is the weighted sums alone. What is added to them at the end?",
            (
                lambda X, W, b: X @ W,
                lambda X, W, b: X @ W + 0 * b,
            ),
        ),
        Mistake("b subtracted", "Which sign has b in X @ W + b?", lambda X, W, b: X @ W - b),
        Mistake(
            "b added twice",
            "b goes into every prediction once: is it inside a sum, or added in two places?",
            (
                lambda X, W, b: X @ W + 2 * b,
                lambda X, W, b: X @ W + X.shape[1] * b,
                lambda X, W, b: X @ W + X.shape[0] * b,
            ),
        ),
        Mistake(
            "b multiplied",
            "b is one number for each output, beside the weights: X @ W comes first, then b is added.",
            (lambda X, W, b: X @ W * b, lambda X, W, b: X @ (W + b)),
        ),
        Mistake(
            "b per row",
            "b holds one number for each output, so it belongs to the columns. Along which dim does yours broadcast?",
            (
                lambda X, W, b: X @ W + b[:, None],
                lambda X, W, b: X @ W + b.sum(),
                lambda X, W, b: X @ W + b.mean(),
                lambda X, W, b: X @ W + b[0],
            ),
        ),
        Mistake(
            "factors exchanged",
            "Each row of X is one sample, and its sums run over the features. Which of X and W stands left of @?",
            (
                lambda X, W, b: W @ X + b,
                lambda X, W, b: W.T @ X + b,
                lambda X, W, b: W.T @ X.T + b,
                lambda X, W, b: (X @ W).T + b,
                lambda X, W, b: W.T @ X.T + b[:, None],
                lambda X, W, b: (X @ W + b).T,
            ),
        ),
        Mistake(
            "loses a dim",
            "The result is (n, m), also where n or m is 1. Does a step of yours take dims away, such as squeeze?",
            (
                lambda X, W, b: (X @ W + b).squeeze(),
                lambda X, W, b: (X @ W + b).squeeze(-1),
                lambda X, W, b: (X @ W + b).squeeze(0),
                lambda X, W, b: (X @ W + b).flatten(),
                lambda X, W, b: (X @ W).squeeze() + b,
            ),
        ),
        Mistake(
            "a transpose too many",
            "W is (d, m) already: one column for each output. Print the shapes: what does X @ W need?",
            (
                lambda X, W, b: X @ W.T + b,
                lambda X, W, b: X.T @ W + b,
                lambda X, W, b: X @ W.T,
            ),
        ),
    ),
)
