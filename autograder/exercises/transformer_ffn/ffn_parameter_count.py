"""How many numbers a feed-forward network learns."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake


def _count_cases(draw: Draw) -> Iterator[dict]:
    yield {"embedding_dim": 2, "ffn_dim": 3}
    for d, f in (
        (3, 2),
        (1, 1),
        (768, 3072),
        tuple(draw.sizes(2, 4, 90)),
        (1, draw.size(5, 60)),
        (draw.size(5, 60), 1),
    ):
        yield {"embedding_dim": d, "ffn_dim": f}


FFN_PARAMETER_COUNT = Exercise(
    name="ffn_parameter_count",
    lesson="10_transformer_ffn",
    reference=lambda d, f: 2 * d * f + d + f,
    cases=_count_cases,
    contracts=(),
    mistakes=(
        Mistake(
            "no biases",
            "You count the weights alone. How many biases has layer1, and how many has layer2?",
            lambda d, f: 2 * d * f,
        ),
        Mistake(
            "one layer",
            "This counts one layer. The second one leads from ffn_dim back to embedding_dim.",
            (
                lambda d, f: d * f + f,
                lambda d, f: d * f,
                lambda d, f: d * f + d,
                lambda d, f: d * f + d + f,
            ),
        ),
        Mistake(
            "one bias missing",
            "One of the two layers is counted without its bias.",
            (lambda d, f: 2 * d * f + f, lambda d, f: 2 * d * f + d),
        ),
        Mistake(
            "bias of the wrong size",
            "A layer has one bias for each output. How many outputs has layer1, and how many has layer2?",
            (
                lambda d, f: 2 * (d * f + f),
                lambda d, f: 2 * (d * f + d),
                lambda d, f: 2 * d * f + 2,
                lambda d, f: 2 * (d * f + d + f),
            ),
        ),
        Mistake(
            "counts tensors",
            "There are four tensors. How many numbers do they hold together?",
            lambda d, f: 4,
        ),
        Mistake(
            "a float",
            "A count is an int. Does a step of yours, such as /, make a float of it?",
            (lambda d, f: float(2 * d * f + d + f), lambda d, f: torch.tensor(2 * d * f + d + f)),
        ),
    ),
)
