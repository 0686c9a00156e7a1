"""The rule of ``nn.Linear``."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from autograder.exercise import Draw, Exercise, Mistake


def _linear_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "x": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "weight": torch.tensor([[1.0, 0.0, -1.0], [0.5, 0.5, 0.5]]),
        "bias": torch.tensor([10.0, 20.0]),
    }
    n, d_in, d_out, time = draw.sizes(4)
    square = draw.size()
    for leading, inputs, outputs in [
        ((n,), square, square),  # a missing transpose runs here
        ((1,), d_in, d_out),
        ((n, time), d_in, d_out),
        ((n, 1, time), d_in, d_out),
        ((), d_in, d_out),
        ((n,), d_in, 1),
        ((n,), 1, d_out),
    ]:
        yield {
            "x": draw.normal(*leading, inputs),
            "weight": draw.normal(outputs, inputs),
            "bias": draw.normal(outputs, mean=1.0),
        }
    yield {"x": draw.wide(5, 40), "weight": draw.normal(3, 40), "bias": draw.normal(3)}


LINEAR = Exercise(
    name="linear",
    lesson="07_layers",
    reference=F.linear,
    cases=_linear_cases,
    forbidden=("linear", "bilinear", "lazy_linear"),
    instead="a matrix product (@), a transpose and a sum",
    mistakes=(
        Mistake(
            "no transpose",
            "weight has shape (out, in), one row for each output. Which way round does x @ ... need it?",
            (
                lambda x, weight, bias: x @ weight + bias,
                lambda x, weight, bias: x @ weight.reshape(weight.shape[1], weight.shape[0]) + bias,
                lambda x, weight, bias: torch.einsum("...i,io->...o", x, weight) + bias,
                lambda x, weight, bias: torch.mm(x, weight) + bias,
                lambda x, weight, bias: torch.addmm(bias, x, weight),
                lambda x, weight, bias: torch.einsum("ij,jk->ik", x, weight) + bias,
                lambda x, weight, bias: x @ weight,
                lambda x, weight, bias: weight @ x + bias,
                lambda x, weight, bias: x.T @ weight + bias,
            ),
        ),
        Mistake(
            "forgets bias",
            "Your result is x times the weights alone. What is added to it at the end?",
            lambda x, weight, bias: x @ weight.T,
        ),
        Mistake(
            "bias subtracted",
            "Which sign has the bias in y = x W^T + b?",
            lambda x, weight, bias: x @ weight.T - bias,
        ),
        Mistake(
            "weight and x swapped",
            "Your result has its last two dims exchanged: is it weight @ x, where x comes first?",
            lambda x, weight, bias: (weight @ x.transpose(-1, -2)) + bias[:, None],
        ),
        Mistake(
            "only for two dims",
            "x may have any number of leading dims. Which operation treats them all as a batch?",
            (
                lambda x, weight, bias: torch.addmm(bias, x, weight.T),
                lambda x, weight, bias: torch.mm(x, weight.T) + bias,
                lambda x, weight, bias: torch.einsum("ni,oi->no", x, weight) + bias,
            ),
        ),
    ),
)
