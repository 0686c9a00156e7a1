"""Scaled dot-product attention that sees nothing of what is to come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.numerals import numbers

LONG = 300  # positions


def _attention_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "q": torch.tensor([[[2.0, 0.0], [0.0, 2.0]]]),
        "k": torch.tensor([[[1.0, 1.0], [1.0, -1.0]]]),
        "v": torch.tensor([[[1.0, 0.0], [0.0, 10.0]]]),
    }
    a, b, c = draw.sizes(3, 2, 6)
    square = draw.size(3, 5)
    for shape in [
        (a, b, c),
        (b, c, a),
        (1, b, c),
        (square, square, square),  # dims that are mixed up run here
        (a, square, square),
        (square, square, a),
        (a, b, 1),
        (a, 1, c),
    ]:
        yield {name: draw.normal(*shape, mean=0.3, std=1.5) for name in "qkv"}
    # nothing matches anything: scores of exactly 0, which are no mask
    yield {"q": torch.zeros(1, c, 2), "k": draw.normal(1, c, 2), "v": draw.normal(1, c, 2)}
    # scores in the hundreds, whose exp overflows, and far below any number that might stand for minus infinity
    steps = 2.0 * torch.arange(b).flip(0)[None, :, None].expand(1, b, 4)
    yield {"q": torch.full((1, b, 4), 64.0), "k": steps, "v": draw.normal(1, b, 4)}
    yield {"q": torch.full((1, b, 4), 256.0), "k": steps - 64.0, "v": draw.normal(1, b, 4)}
    # what lies ahead matches far better than what is there: a mask that only dampens it lets it through
    ahead = torch.linspace(-3, 3, b)[None, :, None]
    yield {
        "q": torch.full((a, b, 4), 3.0) + draw.normal(a, b, 4, std=0.3),
        "k": ahead + draw.normal(a, b, 4, std=0.3),
        "v": 10 * ahead + draw.normal(a, b, 4),
    }
    # scores beyond what exp can take in float32, and scores of exactly 0
    high = {name: draw.normal(2, 3, 4, mean=8.0, std=0.5) for name in "qk"}
    yield high | {"v": draw.normal(2, 3, 4)}
    yield {"q": torch.zeros(1, 20, 3), "k": draw.normal(1, 20, 3), "v": draw.wide(1, 20, 3)}
    # longer than a mask that was made once, for all texts that somebody thought of
    yield {name: draw.normal(1, LONG, 2) for name in "qkv"}


def _first_sees_more(args: Mapping[str, Any], got: torch.Tensor, expected: torch.Tensor) -> str | None:
    """The first position is the simplest witness: it attends to itself alone."""
    first, own = got[0, 0], args["v"][0, 0].to(got)
    if len(own) > 6 or torch.allclose(first, own, rtol=1e-3, atol=1e-4):
        return None
    return f"the first position gets {numbers(first)}; expected v's first row, {numbers(own)}: it sees only itself"


def causal(t: torch.Tensor, diagonal: int = 0) -> torch.Tensor:
    """True `(T, T)` where a position may look, for `t` of shape `(B, T, ...)`."""
    return torch.ones(t.shape[1], t.shape[1], dtype=torch.bool, device=t.device).tril(diagonal)


def attention(
    scale: Callable = lambda q: math.sqrt(q.shape[-1]),
    mask: Callable = lambda s: s.masked_fill(~causal(s), -math.inf),
    weigh: Callable = lambda s: s.softmax(-1),
    mix: Callable = lambda w, q, k, v: w @ v,
    score: Callable = lambda q, k, v: q @ k.mT,
) -> Callable:
    """Causal attention with one or more of its steps changed."""

    def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return mix(weigh(mask(score(q, k, v) / scale(q))), q, k, v)

    return attention


NO_MASK: Any = {"mask": lambda s: s}
SCALES = {
    "none": lambda q: 1.0,
    "C": lambda q: q.shape[-1],
    "times sqrt(C)": lambda q: q.shape[-1] ** -0.5,
    "sqrt(T)": lambda q: q.shape[1] ** 0.5,
}
WRONG_SOFTMAX = (lambda s: s.softmax(1), lambda s: s.softmax(0), lambda s: s.flatten(1).softmax(-1).reshape(s.shape))


def mask_after(scores: torch.Tensor) -> torch.Tensor:
    """Weights `(B, T, T)` that are masked after the softmax."""
    return scores.softmax(-1) * causal(scores)


CAUSAL_ATTENTION = Exercise(
    name="causal_attention",
    lesson="10_transformer_ffn",
    reference=attention(),
    cases=_attention_cases,
    fact=_first_sees_more,
    rtol=1e-3,
    atol=1e-4,
    forbidden=(
        "scaled_dot_product_attention",
        *("scaled_dot_product_attention_math", "scaled_dot_product_attention_math_for_mps"),
        *("scaled_dot_product_flash_attention", "scaled_dot_product_flash_attention_for_cpu"),
        *("scaled_dot_product_efficient_attention", "scaled_dot_product_cudnn_attention"),
        *("scaled_dot_product_fused_attention_overrideable", "flex_attention"),
        *("multi_head_attention_forward", "native_multi_head_attention", "multihead_attention"),
        *("transformer_encoder_layer", "transformer_encoder_layer_fwd", "transformer_decoder_layer"),
    ),
    instead="matrix products, a mask and softmax",
    mistakes=(
        Mistake(
            "no scale",
            "The longer q and k are, the larger their products, and the sharper the softmax. What are the scores "
            "divided by first?",
            (attention(SCALES["none"]),),
        ),
        Mistake(
            "wrong scale",
            "Scores are divided by the square root of C, the size of the last dim. What does your code divide by?",
            tuple(attention(scale) for name, scale in SCALES.items() if name != "none"),
        ),
        Mistake(
            "future visible",
            "Positions attend to what comes after them. Which scores have to be -inf before the softmax?",
            (
                attention(**NO_MASK),
                attention(SCALES["none"], **NO_MASK),
                attention(SCALES["C"], **NO_MASK),
                attention(mask=lambda s: s.masked_fill(~causal(s, 1), -math.inf)),
                attention(mask=lambda s: s * causal(s)),
                attention(SCALES["none"], mask=lambda s: s * causal(s)),
                *(attention(mask=lambda s, x=x: s.masked_fill(~causal(s), x)) for x in (-1.0, -10.0, 1e-9, 1e-6)),
            ),
        ),
        Mistake(
            "mask after softmax",
            "You mask after the softmax, so the weights of a position no longer sum to 1. When does the future have to "
            "go?",
            (
                attention(mask=lambda s: s, weigh=mask_after),
                attention(SCALES["none"], mask=lambda s: s, weigh=mask_after),
                attention(mask=lambda s: s, weigh=lambda s: s.softmax(-1).masked_fill(~causal(s), -math.inf)),
            ),
        ),
        Mistake(
            "softmax over the wrong dim",
            "For each query, the weights over the keys sum to 1. Which dim of the scores holds the keys?",
            (
                *(attention(weigh=weigh) for weigh in WRONG_SOFTMAX),
                *(attention(weigh=weigh, **NO_MASK) for weigh in WRONG_SOFTMAX),
                *(attention(SCALES["none"], weigh=weigh) for weigh in WRONG_SOFTMAX),
                *(attention(mask=lambda s: s, weigh=lambda s, w=w: w(s) * causal(s)) for w in WRONG_SOFTMAX),
            ),
        ),
        Mistake(
            "the past masked",
            "Positions attend to what comes after them, and not to what came before. Which triangle should stay: tril "
            "or triu?",
            (
                attention(mask=lambda s: s.masked_fill(causal(s, -1), -math.inf)),
                attention(mask=lambda s: s.masked_fill(causal(s), -math.inf)),
                attention(mask=lambda s: s, weigh=lambda s: s.softmax(-1) * s.new_ones(s.shape[1:]).triu()),
            ),
        ),
        Mistake(
            "itself masked",
            "A position sees itself too. Is the diagonal of your mask on the wrong side? (With nothing left to attend "
            "to, the softmax gives nan.)",
            (
                attention(mask=lambda s: s.masked_fill(~causal(s, -1), -math.inf)),
                attention(mask=lambda s: s.masked_fill(~causal(s, -1), -1e9)),
            ),
        ),
        Mistake(
            "returns v",
            "This is v as it came. Where are the weights multiplied with it?",
            (lambda q, k, v: v, lambda q, k, v: v.clone()),
        ),
        Mistake(
            "returns the weights",
            "These are the attention weights, (B, T, T). What do they weigh, at the end?",
            (attention(mix=lambda w, q, k, v: w), attention(mix=lambda w, q, k, v: w, **NO_MASK)),
        ),
        Mistake(
            "no scores",
            "Every position gets the plain mean of what it sees. Where do q and k come in?",
            attention(score=lambda q, k, v: torch.zeros(*q.shape[:2], q.shape[1])),
        ),
        Mistake(
            "q and k swapped",
            "Row t of the scores belongs to query t. Is it k @ q.mT in your code?",
            (
                attention(score=lambda q, k, v: k @ q.mT),
                attention(SCALES["none"], score=lambda q, k, v: k @ q.mT),
            ),
        ),
        Mistake(
            "v left out",
            "The weights say how much of each v is taken. Which tensor do you multiply them with?",
            (attention(mix=lambda w, q, k, v: w @ k), attention(mix=lambda w, q, k, v: w @ q)),
        ),
        Mistake(
            "v in the scores",
            "The scores compare queries with keys. Where does v come in before the end?",
            (attention(score=lambda q, k, v: q @ v.mT), attention(score=lambda q, k, v: k @ v.mT)),
        ),
        Mistake(
            "weights transposed",
            "weights @ v sums over the keys. Are your weights transposed before that?",
            attention(mix=lambda w, q, k, v: w.mT @ v),
        ),
        Mistake(
            "dims mixed up",
            "The scores should be (B, T, T): one number for each pair of positions. Print their shape.",
            (
                lambda q, k, v: (
                    v @ (q.mT @ k / math.sqrt(q.shape[-1])).masked_fill(~causal(q.mT), -math.inf).softmax(-1).mT
                ),
                lambda q, k, v: attention()(*(t.transpose(0, 1) for t in (q, k, v))).transpose(0, 1),
                attention(score=lambda q, k, v: q @ k.reshape(k.shape[0], k.shape[2], k.shape[1])),
                attention(score=lambda q, k, v: q @ k),
            ),
        ),
    ),
)
