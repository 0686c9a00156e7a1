"""Lesson 5, exercise 3: mse_gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import SHORT_CUT, Draw, Exercise, Mistake

Tensor = torch.Tensor
Pair = tuple[Tensor, Tensor]
# What starts autograd, backwards or forwards. The functions of torch.func and torch.autograd.functional end in one of
# these at run time; in the source they stand by their own names.
AUTOGRAD = (
    *("backward", "run_backward", "grad", "grad_fn", "grad_and_value", "make_dual", "unpack_dual"),
    *("jacrev", "jacfwd", "jacobian", "hessian", "vjp", "jvp", "vhp", "hvp", "linearize"),
)


def gradient_cases(draw: Draw) -> Iterator[dict]:
    """X (n, d), y (n, m), W (d, m), b (m,) of many sizes; also those of `autograd_gradients`."""
    yield {
        "X": torch.tensor([[1.0], [2.0]]),
        "y": torch.tensor([[1.0, 0.0, 2.0], [1.0, 5.0, -2.0]]),
        "W": torch.tensor([[1.0, 2.0, 0.0]]),
        "b": torch.tensor([3.0, 0.0, -1.0]),
    }
    n, d, m, k = draw.sizes(4, low=3, high=8)  # m = 2 would hide a forgotten 2 behind a forgotten 1 / m
    for rows, features, outputs in [
        (n, d, m),
        (k, k, k),  # whatever is mixed up among the dims runs here
        (n, d, 1),
        (n, 1, m),
        (1, d, m),
        (n, n, m),
        (n, d, d),
        (n, d, n),
        (n, 1, 1),
        (30, d, 2),
    ]:
        yield {
            "X": draw.normal(rows, features, mean=0.5),
            "y": draw.normal(rows, outputs, std=2.0),
            "W": draw.normal(features, outputs),
            "b": draw.normal(outputs, mean=2.0),
        }
    yield {"X": draw.wide(40, d), "y": draw.normal(40, 1), "W": draw.normal(d, 1), "b": draw.normal(1)}


def _two_over_N(n: int, m: int) -> float:
    return 2 / (n * m)


def by_formula(
    scale: Callable[[int, int], float] = _two_over_N,
    b_scale: Callable[[int, int], float] | None = None,
    forward: Callable = lambda X, W, b: X @ W + b,
    residual: Callable = lambda y_hat, y: y_hat - y,
    to_W: Callable = lambda X, D: X.T @ D,
    to_b: Callable = lambda D: D.sum(0),
) -> Callable[[Tensor, Tensor, Tensor, Tensor], Pair]:
    """The gradients by formula, or with one or more parts changed. ``scale``, ``b_scale``: (n, m) -> the factor."""

    def answer(X: Tensor, y: Tensor, W: Tensor, b: Tensor) -> Pair:
        r = residual(forward(X, W, b), y)
        return to_W(X, scale(*y.shape) * r), to_b((b_scale or scale)(*y.shape) * r)

    return answer


def _scaled(*scales: Callable[[int, int], float]) -> tuple[Callable, ...]:
    """Each wrong factor in both gradients, in dW alone, and in db alone; in both also with db not summed."""
    return tuple(
        answer
        for scale in scales
        for answer in (
            by_formula(scale),
            by_formula(scale, _two_over_N),
            by_formula(_two_over_N, scale),
            by_formula(scale, to_b=lambda D: D),
        )
    )


def _result(change: Callable[[Tensor, Tensor], Any]) -> Callable:
    return lambda X, y, W, b: change(*by_formula()(X, y, W, b))


_TO_B = (
    lambda D: D,
    lambda D: D.sum(1),
    lambda D: D.sum(),
    lambda D: D.sum(0, keepdim=True),
    lambda D: D.sum(1, keepdim=True),
    lambda D: D.mean(0),
    lambda D: D.mean(),
    lambda D: D[0],
)


MSE_GRADIENTS = Exercise(
    name="mse_gradients",
    lesson="05_forward_and_backward",
    reference=by_formula(),
    cases=gradient_cases,
    contracts=("float64", "strided", "meta"),  # gradients of the gradients are nobody's business here
    forbidden=AUTOGRAD,
    instead="the formula: the residuals, a matrix product and a sum",
    mistakes=(
        Mistake(
            SHORT_CUT,
            "Autograd is the next exercise. Here you write what it would do: which three lines of the derivation give "
            "D, dW and db?",
            lambda X, y, W, b: torch.func.grad(lambda W, b: ((X @ W + b - y) ** 2).mean(), argnums=(0, 1))(W, b),
        ),
        Mistake(
            "the sign",
            "Your gradient points downhill. Is the residual y_hat - y, or the other way round?",
            _scaled(
                lambda n, m: -2 / (n * m),
                lambda n, m: -2 / n,
                lambda n, m: -2,
                lambda n, m: -1 / (n * m),
                lambda n, m: -1 / n,
                lambda n, m: -1,
            ),
        ),
        Mistake(
            "the 2",
            "Nudge a residual r: how fast does r**2 change? Compare with the factor in your code.",
            _scaled(lambda n, m: 1 / (n * m), lambda n, m: 4 / (n * m), lambda n, m: 0.5 / (n * m)),
        ),
        Mistake(
            "the 1/N",
            "The loss is a mean over N = n * m entries, all rows and all columns. By what do you divide?",
            (
                *_scaled(
                    lambda n, m: 2,
                    lambda n, m: 2 / n,
                    lambda n, m: 2 / m,
                    lambda n, m: 2 / (n * m) ** 2,
                    lambda n, m: 2 / (n + m),
                ),
                lambda X, y, W, b: tuple(g * y.numel() / X.numel() for g in by_formula()(X, y, W, b)),
                lambda X, y, W, b: tuple(g * y.numel() / W.numel() for g in by_formula()(X, y, W, b)),
            ),
        ),
        Mistake(
            "the 2 and the 1/N",
            "Two factors are at stake. Which one does the square bring, and over how many entries, n * m, is the mean?",
            _scaled(lambda n, m: 1, lambda n, m: 1 / n, lambda n, m: 1 / m),
        ),
        Mistake(
            "db not summed",
            "b[j] is part of the prediction in every row, so its gradient collects from all rows. Over which dim do "
            "you sum D, so that the shape (m,) is left?",
            tuple(by_formula(to_b=to_b) for to_b in _TO_B),
        ),
        Mistake(
            "dW not summed over the rows",
            "A weight W[k, j] touches every row. Which product multiplies X and D and sums over the rows, to give "
            "(d, m)?",
            (
                *(by_formula(to_W=lambda X, D: X * D, to_b=to_b) for to_b in (lambda D: D.sum(0), *_TO_B)),
                by_formula(to_W=lambda X, D: (X * D).sum(0)),
                by_formula(to_W=lambda X, D: (X * D).sum()),
                by_formula(to_W=lambda X, D: X.T * D),
                by_formula(to_W=lambda X, D: (X * D).mean(0)),
                by_formula(to_W=lambda X, D: (X * D).sum(0, keepdim=True)),
                by_formula(to_W=lambda X, D: (X * D).sum(0)[:, None]),
            ),
        ),
        Mistake(
            "dW averaged again",
            "1/N is in D already. A product that sums over the rows must not divide by their number once more.",
            by_formula(to_W=lambda X, D: X.T @ D / len(X)),
        ),
        Mistake(
            "dW transposed",
            "A gradient has the shape of its parameter: dW is (d, m). Which of X and D is transposed, and which stands "
            "first?",
            (
                by_formula(to_W=lambda X, D: D.T @ X),
                by_formula(to_W=lambda X, D: X @ D),
                by_formula(to_W=lambda X, D: D @ X),
                by_formula(to_W=lambda X, D: X @ D.T),
                by_formula(to_W=lambda X, D: D @ X.T),
                by_formula(to_W=lambda X, D: X.T @ D.T),
                by_formula(to_W=lambda X, D: D.T @ X.T),
            ),
        ),
        Mistake(
            "order",
            "Both gradients are right, the other way round: first dW, then db.",
            _result(lambda dW, db: (db, dW)),
        ),
        Mistake(
            "prediction without b",
            "The residual is that of X @ W + b. Where does b come into your prediction?",
            (
                by_formula(forward=lambda X, W, b: X @ W),
                by_formula(forward=lambda X, W, b: X @ W - b),
            ),
        ),
        Mistake(
            "not the residual",
            "What flows back is the residual: prediction minus target. What do you multiply with X?",
            (
                by_formula(residual=lambda y_hat, y: y_hat),
                by_formula(residual=lambda y_hat, y: y),
                by_formula(residual=lambda y_hat, y: (y_hat - y) ** 2),
                by_formula(residual=lambda y_hat, y: (y_hat - y).abs()),
                by_formula(residual=lambda y_hat, y: (y_hat - y).sign()),
                by_formula(residual=lambda y_hat, y: y_hat + y),
            ),
        ),
        Mistake(
            "X missing",
            "The slope of a prediction along W[k, j] is X[i, k]. Where does X come into dW?",
            (
                by_formula(to_W=lambda X, D: D),
                by_formula(to_W=lambda X, D: D.sum(0)),
                by_formula(to_W=lambda X, D: X.T @ torch.ones_like(D)),
                by_formula(to_W=lambda X, D: D.sum(0).expand(X.shape[1], -1)),
            ),
        ),
        Mistake(
            "only one gradient",
            "Two gradients are asked for, as a tuple: that of W, then that of b.",
            (_result(lambda dW, db: dW), _result(lambda dW, db: db), _result(lambda dW, db: (dW,))),
        ),
    ),
)
