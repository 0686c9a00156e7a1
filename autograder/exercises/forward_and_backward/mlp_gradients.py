"""Lesson 5, exercise 5, the challenge: mlp_gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import SHORT_CUT, Draw, Exercise, Mistake
from autograder.exercises.forward_and_backward.mse_gradients import AUTOGRAD

Tensor = torch.Tensor


def _cases(draw: Draw) -> Iterator[dict]:
    yield {
        "X": torch.tensor([[1.0], [2.0]]),
        "y": torch.tensor([[1.0], [-1.0]]),
        "W1": torch.tensor([[1.0, -1.0]]),
        "b1": torch.tensor([0.0, 1.5]),
        "W2": torch.tensor([[2.0], [3.0]]),
        "b2": torch.tensor([-4.5]),
    }
    n, d, h, m, k = draw.sizes(5, low=3, high=8)
    for rows, features, hidden, outputs in [
        (n, d, h, m),
        (k, k, k, k),  # whatever is mixed up among the dims runs here
        (n, d, h, 1),
        (n, 1, h, m),
        (n, d, h, h),
        (n, d, d, m),
        (h, d, h, m),
        (1, d, h, m),
        (n, d, 2, 2),
        (30, d, h, m),
    ]:
        yield {
            "X": draw.normal(rows, features),
            "y": draw.normal(rows, outputs, std=2.0),
            "W1": draw.normal(features, hidden),
            "b1": draw.normal(hidden, std=0.5),
            "W2": draw.normal(hidden, outputs),
            "b2": draw.normal(outputs),
        }
    wide = {"X": draw.wide(20, d), "y": draw.normal(20, 1), "W1": draw.normal(d, h), "b1": torch.zeros(h)}
    yield wide | {"W2": draw.normal(h, 1), "b2": draw.normal(1)}


def _mlp(
    activation: Callable = torch.relu,
    scale: Callable[[int, int], float] = lambda n, m: 2 / (n * m),
    hidden: Callable = lambda X, W1, b1: X @ W1 + b1,
    output: Callable = lambda A, W2, b2: A @ W2 + b2,
    mask_D: Callable = lambda D, y_hat: D,
    to_A: Callable = lambda D, W2: D @ W2.T,
    mask: Callable = lambda dA, H, y_hat: dA * (H > 0),
    to_W1: Callable = lambda X, dH: X.T @ dH,
    to_W2: Callable = lambda A, D: A.T @ D,
    to_b: Callable = lambda D: D.sum(0),
    late: Callable = lambda D, y_hat: D,
    result: Callable = lambda *gradients: gradients,
) -> Callable:
    """The gradients by hand, or with one or more steps changed; ``late`` changes D on its way to the first layer."""

    def answer(X: Tensor, y: Tensor, W1: Tensor, b1: Tensor, W2: Tensor, b2: Tensor) -> Any:
        H = hidden(X, W1, b1)
        A = activation(H)
        y_hat = output(A, W2, b2)
        D = mask_D(scale(*y.shape) * (y_hat - y), y_hat)
        dH = mask(to_A(late(D, y_hat), W2), H, y_hat)
        return result(to_W1(X, dH), to_b(dH), to_W2(A, D), to_b(D))

    return answer


def _no_mask(dA: Tensor, H: Tensor, y_hat: Tensor) -> Tensor:
    return dA


def _where_output(D: Tensor, y_hat: Tensor) -> Tensor:
    return D * (y_hat > 0)


MLP_GRADIENTS = Exercise(
    name="mlp_gradients",
    lesson="05_forward_and_backward",
    reference=_mlp(),
    cases=_cases,
    contracts=("float64", "strided", "meta"),
    rtol=1e-3,
    atol=3e-5,
    forbidden=AUTOGRAD,
    instead="the formula: matrix products, sums and the ReLU's mask, from the loss back to the first layer",
    mistakes=(
        Mistake(
            SHORT_CUT,
            "Autograd knows the way; this challenge is about walking it. What does D become on its way through W2 and "
            "the ReLU?",
            lambda X, y, *parameters: torch.func.grad(
                lambda W1, b1, W2, b2: ((torch.relu(X @ W1 + b1) @ W2 + b2 - y) ** 2).mean(), argnums=(0, 1, 2, 3)
            )(*parameters),
        ),
        Mistake(
            "relu mask missing",
            "On its way back the gradient passes the ReLU, whose slope is 0 for a unit that was negative. Which "
            "entries does it stop?",
            (
                _mlp(mask=_no_mask),
                lambda *a: (*_mlp(mask=_no_mask)(*a)[:1], *_mlp()(*a)[1:]),
                lambda *a: (*_mlp()(*a)[:1], *_mlp(mask=_no_mask)(*a)[1:]),
            ),
        ),
        Mistake(
            "mask of the output",
            "Your mask looks at the prediction. The ReLU sits on the hidden layer: whose sign decides there?",
            (
                *(_mlp(mask_D=_where_output, mask=mask) for mask in (_no_mask, lambda dA, H, y_hat: dA * (H > 0))),
                *(_mlp(late=_where_output, mask=mask) for mask in (_no_mask, lambda dA, H, y_hat: dA * (H > 0))),
                _mlp(mask=lambda dA, H, y_hat: dA * (y_hat > 0)),
            ),
        ),
        Mistake(
            "mask of the gradient",
            "Your mask looks at the sign of the gradient that comes back. The ReLU decided on the way forward: by "
            "what?",
            (
                _mlp(mask=lambda dA, H, y_hat: dA.relu()),
                _mlp(mask=lambda dA, H, y_hat: dA * (H > 0) * (dA > 0)),
                _mlp(late=lambda D, y_hat: D.relu(), mask=_no_mask),
            ),
        ),
        Mistake(
            "the unit itself for its slope",
            "You multiply by the hidden unit. The chain rule wants the slope of the ReLU there: 1 or 0.",
            (
                _mlp(mask=lambda dA, H, y_hat: dA * H.relu()),
                _mlp(mask=lambda dA, H, y_hat: dA * H),
                _mlp(mask=lambda dA, H, y_hat: dA * H.sign()),
            ),
        ),
        Mistake(
            "mask the wrong way round",
            "You keep the units that were negative. Which ones did the ReLU pass on?",
            (
                _mlp(mask=lambda dA, H, y_hat: dA * (H < 0)),
                _mlp(mask=lambda dA, H, y_hat: dA * (H <= 0)),
            ),
        ),
        Mistake(
            "mask of the second layer",
            "The gradients of W2 and b2 are those without a mask: no ReLU stands between them and the loss.",
            (
                _mlp(result=lambda dW1, db1, dW2, db2: (dW1, db1, dW2 * (dW2 > 0), db2)),
                _mlp(result=lambda dW1, db1, dW2, db2: (dW1, db1, dW2.relu(), db2.relu())),
            ),
        ),
        Mistake(
            "no relu on the way forward",
            "The hidden layer is relu(X W1 + b1). Where does your forward pass bend?",
            (
                _mlp(activation=lambda H: H),
                _mlp(activation=lambda H: H, mask=_no_mask),
            ),
        ),
        Mistake(
            "the ReLU forgotten in dW2",
            "What W2 was multiplied with is the hidden layer after the ReLU. Which one stands in your dW2?",
            lambda X, y, W1, b1, W2, b2: (
                *(right := _mlp()(X, y, W1, b1, W2, b2))[:2],
                (X @ W1 + b1).T @ (2 / y.numel() * (torch.relu(X @ W1 + b1) @ W2 + b2 - y)),
                right[3],
            ),
        ),
        Mistake(
            "transposes",
            "Each gradient has the shape of its parameter, and D (n, m) has to become (n, h) on its way back. Which "
            "factor is transposed in each product, and which stands first?",
            (
                _mlp(to_A=lambda D, W2: D @ W2),
                _mlp(to_A=lambda D, W2: D @ W2.reshape(W2.shape[1], W2.shape[0])),
                _mlp(to_A=lambda D, W2: W2 @ D),
                _mlp(to_A=lambda D, W2: W2 @ D.T),
                _mlp(to_A=lambda D, W2: W2.T @ D),
                _mlp(to_A=lambda D, W2: D.T @ W2),
                _mlp(to_A=lambda D, W2: D.T @ W2.T),
                _mlp(to_W2=lambda A, D: A @ D),
                _mlp(to_W2=lambda A, D: D @ A),
                _mlp(to_W2=lambda A, D: A @ D.T),
                _mlp(to_W1=lambda X, dH: X @ dH),
                _mlp(to_W1=lambda X, dH: dH @ X),
                _mlp(to_W1=lambda X, dH: X @ dH.T),
                _mlp(to_W1=lambda X, dH: X @ dH, to_W2=lambda A, D: A @ D),
                _mlp(to_W1=lambda X, dH: dH.T @ X),
                _mlp(to_W2=lambda A, D: D.T @ A),
                _mlp(to_W1=lambda X, dH: dH.T @ X, to_W2=lambda A, D: D.T @ A),
            ),
        ),
        Mistake(
            "the sign",
            "Your gradients point downhill. Is the residual y_hat - y, or the other way round?",
            tuple(_mlp(scale=scale) for scale in (lambda n, m: -2 / (n * m), lambda n, m: -2 / n, lambda n, m: -2)),
        ),
        Mistake(
            "the 2",
            "Nudge a residual r: how fast does r**2 change? Compare with the factor in your code.",
            (_mlp(scale=lambda n, m: 1 / (n * m)), _mlp(scale=lambda n, m: 4 / (n * m))),
        ),
        Mistake(
            "the 1/N",
            "The loss is a mean over N = n * m entries, all rows and all columns. By what do you divide?",
            tuple(_mlp(scale=scale) for scale in (lambda n, m: 2, lambda n, m: 2 / n, lambda n, m: 2 / m)),
        ),
        Mistake(
            "the 2 and the 1/N",
            "Two factors are at stake. Which one does the square bring, and over how many entries, n * m, is the mean?",
            (_mlp(scale=lambda n, m: 1), _mlp(scale=lambda n, m: 1 / n)),
        ),
        Mistake(
            "a bias gradient not summed",
            "A bias is part of every row, so its gradient collects from all rows. Over which dim do you sum, so that "
            "(h,) and (m,) are left?",
            (
                *(
                    _mlp(to_b=to_b)
                    for to_b in (
                        lambda D: D,
                        lambda D: D.mean(0),
                        lambda D: D.sum(),
                        lambda D: D.sum(1),
                        lambda D: D.sum(0, keepdim=True),
                    )
                ),
                _mlp(result=lambda dW1, db1, dW2, db2: (dW1, db1.sum(), dW2, db2)),
                _mlp(result=lambda dW1, db1, dW2, db2: (dW1, db1, dW2, db2.sum())),
            ),
        ),
        Mistake(
            "D does not pass W2",
            "Your gradient skips the second layer on its way back. Each hidden unit reaches the outputs through its "
            "row of W2: where is W2 in your dA?",
            (
                _mlp(to_A=lambda D, W2: D),
                _mlp(to_A=lambda D, W2: D.sum(1, keepdim=True).expand(-1, len(W2))),
                _mlp(to_A=lambda D, W2: D @ torch.ones_like(W2).T),
                _mlp(to_A=lambda D, W2: D @ W2.abs().T),
            ),
        ),
        Mistake(
            "a bias missing on the way forward",
            "Your forward pass leaves out a bias, so its residuals are those of another network. Where are b1 and b2?",
            (
                _mlp(hidden=lambda X, W1, b1: X @ W1),
                _mlp(output=lambda A, W2, b2: A @ W2),
                _mlp(hidden=lambda X, W1, b1: X @ W1, output=lambda A, W2, b2: A @ W2),
            ),
        ),
        Mistake(
            "ReLU on the output too",
            "Only the hidden layer is bent. What comes after the second layer?",
            _mlp(output=lambda A, W2, b2: torch.relu(A @ W2 + b2)),
        ),
        Mistake(
            "order",
            "The four gradients are there, in another order: dW1, db1, dW2, db2.",
            (
                _mlp(result=lambda dW1, db1, dW2, db2: (dW2, db2, dW1, db1)),
                _mlp(result=lambda dW1, db1, dW2, db2: (dW1, dW2, db1, db2)),
                _mlp(result=lambda dW1, db1, dW2, db2: (db1, dW1, db2, dW2)),
                _mlp(result=lambda dW1, db1, dW2, db2: (db2, dW2, db1, dW1)),
            ),
        ),
    ),
)
