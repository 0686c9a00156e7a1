"""Cross-entropy of each guess at the token that follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F

from autograder.exercise import Draw, Exercise, Mistake


def _loss_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "logits": torch.tensor([[[2.0, 0.0], [0.0, 2.0], [3.0, 0.0]], [[0.0, 1.0], [4.0, 0.0], [0.0, 5.0]]]),
        "tokens": torch.tensor([[1, 0, 1], [0, 0, 1]]),
    }
    # sure, and wrong: a probability that is 0 in float32, whose log-probability is -200
    yield {
        "logits": torch.tensor([[[200.0, 0.0], [0.0, 200.0], [0.0, 0.0]]]),
        "tokens": torch.tensor([[1, 1, 0]]),
    }
    b, t, v = draw.sizes(3, 3, 7)
    square = draw.size(3, 6)
    for batch, time, vocabulary in [
        (b, t, v),
        (t, v, b),
        (1, t, v),
        (square, square, square),
        (b, square + 1, square),  # T - 1 predictions of as many classes: axes that are mixed up run here
        (b, 2, v),
        (b, t, 27),
    ]:
        yield {
            "logits": draw.normal(batch, time, vocabulary, std=2.0),
            "tokens": draw.integers(vocabulary, batch, time),
        }
    yield {"logits": draw.wide(2, 20, 5), "tokens": draw.integers(5, 2, 20)}


def _nll(logits: torch.Tensor, tokens: torch.Tensor, **settings: Any) -> torch.Tensor:
    """Cross-entropy of logits `(B, T, V)` at tokens `(B, T)`, position by position."""
    return F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), **settings)


def _next_token_loss(logits: torch.Tensor, tokens: torch.Tensor, **settings: Any) -> torch.Tensor:
    return _nll(logits[:, :-1], tokens[:, 1:], **settings)


NEXT_TOKEN_LOSS = Exercise(
    name="next_token_loss",
    lesson="10_transformer_ffn",
    reference=_next_token_loss,
    cases=_loss_cases,
    rtol=1e-3,
    atol=1e-4,
    mistakes=(
        Mistake(
            "no shift",
            "You score each position on the token that it has just read. Which token should it have said?",
            (_nll, lambda logits, tokens: _nll(logits[:, :-1], tokens[:, :-1])),
        ),
        Mistake(
            "shift the wrong way",
            "You score each position on the token before it. The logits at t are a guess at token t + 1.",
            (
                lambda logits, tokens: _nll(logits[:, 1:], tokens[:, :-1]),
                lambda logits, tokens: _nll(logits, tokens.roll(1, 1)),
                lambda logits, tokens: _nll(logits.roll(-1, 1), tokens),
            ),
        ),
        Mistake(
            "transpose by reshape",
            "reshape keeps the numbers in order and cuts them anew, so logits of several positions mix. To move a dim, "
            "use transpose; to merge batch and time, flatten(0, 1).",
            (
                lambda logits, tokens: F.cross_entropy(
                    logits[:, :-1].reshape(logits.shape[0], logits.shape[2], -1), tokens[:, 1:]
                ),
                lambda logits, tokens: F.cross_entropy(
                    logits.reshape(logits.shape[0], logits.shape[2], -1)[:, :, :-1], tokens[:, 1:]
                ),
                lambda logits, tokens: F.cross_entropy(
                    logits[:, :-1].reshape(logits.shape[2], -1).T, tokens[:, 1:].reshape(-1)
                ),
                lambda logits, tokens: F.cross_entropy(
                    logits[:, :-1].transpose(0, 1).reshape(-1, logits.shape[2]), tokens[:, 1:].reshape(-1)
                ),
                lambda logits, tokens: F.cross_entropy(
                    logits[:, :-1].mT.reshape(-1, logits.shape[2]), tokens[:, 1:].reshape(-1)
                ),
                lambda logits, tokens: F.cross_entropy(logits.reshape(logits.shape[0], logits.shape[2], -1), tokens),
            ),
        ),
        Mistake(
            "shifted, with the ends joined",
            "roll brings the first token round to the end, where there is nothing to guess. How many predictions can "
            "be scored in a row of T tokens?",
            (
                lambda logits, tokens: _nll(logits, tokens.roll(-1, 1)),
                lambda logits, tokens: _nll(logits.roll(1, 1), tokens),
            ),
        ),
        Mistake(
            "shifted twice",
            "The guess at t is for token t + 1. Are both ends cut off more than once?",
            (
                lambda logits, tokens: _nll(logits[:, :-2], tokens[:, 2:]),
                lambda logits, tokens: _nll(logits[:, 1:-1], tokens[:, 2:]),
                lambda logits, tokens: _nll(logits[:, :-2], tokens[:, 1:-1]),
            ),
        ),
        Mistake(
            "only the last position",
            "Every position but the last makes a guess that can be scored; you score one of each row.",
            (
                lambda logits, tokens: F.cross_entropy(logits[:, -1], tokens[:, -1]),
                lambda logits, tokens: F.cross_entropy(logits[:, -2], tokens[:, -1]),
            ),
        ),
        Mistake(
            "shifts the batch",
            "[:-1] cuts the first dim, and that is the batch: whole sequences are lost. In which dim do the positions "
            "lie?",
            (
                lambda logits, tokens: _nll(logits[:-1], tokens[1:]),
                lambda logits, tokens: _nll(logits[:-1, :], tokens[1:, :]),
            ),
        ),
        Mistake(
            "not flattened",
            "cross_entropy looks for the classes in dim 1, and there lie your positions. Merge batch and time into one "
            "dim, or move the classes to dim 1.",
            (
                lambda logits, tokens: F.cross_entropy(logits[:, :-1], tokens[:, 1:]),
                lambda logits, tokens: F.cross_entropy(logits, tokens),
            ),
        ),
        Mistake(
            "log of a rounded probability",
            "A probability below 1e-45 is 0 in float32, and a small number added to it hides that: the loss stops "
            "growing, or is inf. log_softmax, or cross_entropy itself, works with the logits.",
            (
                lambda logits, tokens: F.nll_loss((logits.softmax(-1) + 1e-9).log()[:, :-1].mT, tokens[:, 1:]),
                lambda logits, tokens: F.nll_loss(logits.softmax(-1).log()[:, :-1].mT, tokens[:, 1:]),
                lambda logits, tokens: F.nll_loss(logits.softmax(-1).clamp(min=1e-7).log()[:, :-1].mT, tokens[:, 1:]),
            ),
        ),
        Mistake(
            "sum",
            "This is the sum over all predictions. A loss that does not grow with the batch is their mean.",
            (
                lambda logits, tokens: _next_token_loss(logits, tokens, reduction="sum"),
                lambda logits, tokens: _next_token_loss(logits, tokens) * (tokens.shape[1] - 1),
                lambda logits, tokens: _next_token_loss(logits, tokens) * len(tokens),
            ),
        ),
        Mistake(
            "no mean",
            "Training needs a single number: the mean over all predictions.",
            (
                lambda logits, tokens: _next_token_loss(logits, tokens, reduction="none"),
                lambda logits, tokens: F.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none"),
                lambda logits, tokens: F.cross_entropy(logits[:, :-1].mT, tokens[:, 1:], reduction="none").mean(1),
            ),
        ),
        Mistake(
            "divided by all tokens",
            "A row of T tokens holds T - 1 predictions. How many terms has the mean?",
            lambda logits, tokens: _next_token_loss(logits, tokens, reduction="sum") / tokens.numel(),
        ),
        Mistake(
            "softmax before cross-entropy",
            "Logits go in raw: cross-entropy takes the softmax itself.",
            lambda logits, tokens: _next_token_loss(logits.softmax(-1), tokens),
        ),
        Mistake(
            "sign",
            "A log-probability is never above 0, and a loss falls as the model gets better. Which sign is missing?",
            lambda logits, tokens: -_next_token_loss(logits, tokens),
        ),
        Mistake(
            "cut off from the graph",
            "The number is right, but nothing can learn from it: training calls backward() on the tensor.",
            (
                lambda logits, tokens: _next_token_loss(logits, tokens).item(),
                lambda logits, tokens: _next_token_loss(logits, tokens).detach(),
            ),
        ),
    ),
)
