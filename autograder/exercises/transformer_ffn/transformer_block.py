"""Attention and a feed-forward network, each with its norm and its residual connection."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.transformer_ffn.causal_attention import (
    CAUSAL_ATTENTION,
    LONG,
    NO_MASK,
    SCALES,
    WRONG_SOFTMAX,
    attention,
    causal,
    mask_after,
)
from autograder.exercises.transformer_ffn.feed_forward import FEED_FORWARD, feed_forward
from autograder.exercises.transformer_ffn.multi_head_attention import cut, glue, heads, odd_scores
from course_utils.probes.modules import run_block


def _block_cases(draw: Draw) -> Iterator[dict]:
    yield {"init": [2, 3], "inputs": [torch.tensor([[[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]])]}
    n, time, d = draw.sizes(3, 3, 7)
    n_heads = draw.size(2, 4)
    wide, square = draw.size(8, 12), draw.size(3, 6)
    for init, shape in [
        ([d, wide], (n, time, d)),
        ([wide, d], (1, time, wide)),
        ([square, square], (square, square, square)),
        ([d, 4 * d], (n, 1, d)),
        ([d, wide], (n, d, d)),
        ([n_heads * d, wide, n_heads], (n, time, n_heads * d)),
        ([n_heads, 4 * n_heads, n_heads], (1, time, n_heads)),
        ([n_heads * time, wide, n_heads], (n, n_heads, n_heads * time)),
        ([d, wide, 1], (n, time, d)),
    ]:
        yield {"init": init, "inputs": [draw.normal(*shape, mean=0.5, std=2.0)], "training": bool(draw.size(0, 1))}
    yield {"init": [4, 6], "inputs": [draw.wide(2, 20, 4)], "training": False}
    yield {"init": [2, 3, 2], "inputs": [draw.normal(1, LONG, 2)]}
    yield from odd_scores([4, 6, 2])


def _block(
    forward: Callable | None = None,
    mix: Callable = CAUSAL_ATTENTION.reference,
    linear: Callable = nn.Linear,
    ffn: Callable = FEED_FORWARD.reference,
    norm: Callable = nn.LayerNorm,
    among: Callable = heads,
) -> type[nn.Module]:
    """The block with one of its parts, or its whole forward pass, changed; `mix` is what happens in each head."""

    class TransformerBlock(nn.Module):
        def __init__(self, embedding_dim: int, ffn_dim: int, n_heads: int = 1):
            super().__init__()
            self.n_heads = n_heads
            self.norm1, self.norm2 = norm(embedding_dim), norm(embedding_dim)
            self.q, self.k, self.v, self.proj = (linear(embedding_dim, embedding_dim) for _ in range(4))
            self.ffn = ffn(embedding_dim, ffn_dim)

        def attend(self, x: torch.Tensor) -> torch.Tensor:
            return self.proj(self.mix(self.q(x), self.k(x), self.v(x)))

        def mix(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            return among(mix)(q, k, v, self.n_heads)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if forward:
                return forward(self, x)
            x = x + self.attend(self.norm1(x))
            return x + self.ffn(self.norm2(x))

    return TransformerBlock


def _then(first: Callable, second: Callable) -> type[nn.Module]:
    """A block from its two halves, each called with itself and x."""
    return _block(lambda self, x: second(self, first(self, x)))


def _attend(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x + self.attend(self.norm1(x))


def _feed(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x + self.ffn(self.norm2(x))


def _attend_then_norm(self: Any, x: torch.Tensor) -> torch.Tensor:
    return self.norm1(x + self.attend(x))


def _feed_then_norm(self: Any, x: torch.Tensor) -> torch.Tensor:
    return self.norm2(x + self.ffn(x))


def _attend_alone(self: Any, x: torch.Tensor) -> torch.Tensor:
    return self.attend(self.norm1(x))


def _feed_alone(self: Any, x: torch.Tensor) -> torch.Tensor:
    return self.ffn(self.norm2(x))


def _whole_width(mix: Callable) -> Callable:
    return lambda q, k, v, n: heads(attention(lambda q: math.sqrt(q.shape[-1] * n)))(q, k, v, n)


class _OneHead(_block()):
    """As the block was before it had heads."""

    def __init__(self, embedding_dim: int, ffn_dim: int):
        super().__init__(embedding_dim, ffn_dim)


class _NoDefault(_block()):
    def __init__(self, embedding_dim: int, ffn_dim: int, n_heads: int):
        super().__init__(embedding_dim, ffn_dim, n_heads)


TRANSFORMER_BLOCK = Exercise(
    name="TransformerBlock",
    lesson="10_transformer_ffn",
    reference=_block(),
    cases=_block_cases,
    probe=run_block,
    contracts=("gradients", "strided", "meta"),
    rtol=2e-3,  # as for FeedForward
    atol=1e-2,
    mistakes=(
        Mistake(
            "post-norm",
            "You normalise after adding. Pre-norm leaves x itself untouched: where does each norm stand then?",
            (
                _then(_attend_then_norm, _feed_then_norm),
                _then(_attend_then_norm, _feed),
                _then(_attend, _feed_then_norm),
                _then(lambda self, x: x + self.norm1(self.attend(x)), lambda self, x: x + self.norm2(self.ffn(x))),
            ),
        ),
        Mistake(
            "residual missing",
            "Each half adds its result to what came in. Is there an `x +` before both of them?",
            (
                _then(_attend_alone, _feed_alone),
                _then(_attend_alone, _feed),
                _then(_attend, _feed_alone),
                _block(lambda self, x: self.norm2(self.ffn(self.norm1(self.attend(x))))),
            ),
        ),
        Mistake(
            "residual from the normalised x",
            "You add to norm(x). To what is each half's result added?",
            (
                _then(
                    lambda self, x: self.norm1(x) + self.attend(self.norm1(x)),
                    lambda self, x: self.norm2(x) + self.ffn(self.norm2(x)),
                ),
                _then(lambda self, x: self.norm1(x) + self.attend(self.norm1(x)), _feed),
                _then(_attend, lambda self, x: self.norm2(x) + self.ffn(self.norm2(x))),
            ),
        ),
        Mistake(
            "adds the first x again",
            "The second half starts from what the first one returned. To which x do you add the ffn's result?",
            (
                _block(lambda self, x: x + self.ffn(self.norm2(x + self.attend(self.norm1(x))))),
                _block(lambda self, x: x + self.ffn(self.norm2(self.attend(self.norm1(x))))),
            ),
        ),
        Mistake(
            "both halves side by side",
            "The feed-forward network should see what attention has gathered. Which x goes into norm2?",
            (
                _block(lambda self, x: x + self.attend(self.norm1(x)) + self.ffn(self.norm2(x))),
                _block(lambda self, x: x + self.attend(self.norm1(x)) + self.ffn(self.norm1(x))),
            ),
        ),
        Mistake(
            "halves swapped",
            "Attention comes first, and then the feed-forward network.",
            (
                _then(_feed, _attend),
                _then(
                    lambda self, x: x + self.ffn(self.norm1(x)),
                    lambda self, x: x + self.attend(self.norm2(x)),
                ),
            ),
        ),
        Mistake(
            "not normalised",
            "norm1 stands before attention, norm2 before the ffn. Is one of them left out?",
            (
                _then(lambda self, x: x + self.attend(x), lambda self, x: x + self.ffn(x)),
                _then(lambda self, x: x + self.attend(x), _feed),
                _then(_attend, lambda self, x: x + self.ffn(x)),
                _block(
                    lambda self, x: _feed(
                        self,
                        x + self.proj(self.mix(self.q(self.norm1(x)), self.k(self.norm1(x)), self.v(x))),
                    )
                ),
            ),
        ),
        Mistake(
            "one norm twice",
            "Each half has a norm of its own, with its own weights. Which one do you use in the second?",
            (
                _then(_attend, lambda self, x: x + self.ffn(self.norm1(x))),
                _then(lambda self, x: x + self.attend(self.norm2(x)), _feed),
                _then(
                    lambda self, x: x + self.attend(self.norm2(x)),
                    lambda self, x: x + self.ffn(self.norm1(x)),
                ),
            ),
        ),
        Mistake(
            "future visible",
            "A change in the last position should leave the others as they are. Is your attention causal?",
            (
                _block(mix=attention(**NO_MASK)),
                _block(mix=attention(SCALES["none"], **NO_MASK)),
                _block(mix=attention(mask=lambda s: s * causal(s))),
            ),
        ),
        Mistake(
            "no scale",
            "The scores are divided by the square root of a head's width before the softmax.",
            _block(mix=attention(SCALES["none"])),
        ),
        Mistake(
            "scaled by the whole width",
            "With several heads a score is a product of embedding_dim / n_heads features. Of what is the root taken?",
            _block(among=_whole_width),
        ),
        Mistake(
            "n_heads ignored",
            "With n_heads=1 your block is right, with more it still attends with one head. Where does n_heads go?",
            _block(among=lambda mix: lambda q, k, v, n: mix(q, k, v)),
        ),
        Mistake(
            "n_heads not taken",
            "TransformerBlock(8, 32, 2) makes a block with two heads, TransformerBlock(8, 32) one with one. Which "
            "argument, with which default, does __init__ lack?",
            (_OneHead, _NoDefault),
        ),
        Mistake(
            "heads cut by a bare reshape",
            "A reshape alone gives each head whole rows of some positions. Is there a transpose before attention, and "
            "one after it?",
            (
                _block(among=lambda mix: heads(mix, split=cut, join=glue)),
                _block(among=lambda mix: heads(mix, split=cut)),
                _block(among=lambda mix: heads(mix, join=glue)),
            ),
        ),
        Mistake(
            "mask after softmax",
            "You mask after the softmax, so the weights no longer sum to 1. When does the future have to go?",
            _block(mix=attention(mask=lambda s: s, weigh=mask_after)),
        ),
        Mistake(
            "softmax over the wrong dim",
            "For each query, the weights over the keys sum to 1. Which dim of the scores holds the keys?",
            (
                _block(mix=attention(weigh=WRONG_SOFTMAX[0])),
                _block(mix=attention(weigh=WRONG_SOFTMAX[1])),
            ),
        ),
        Mistake(
            "no proj",
            "What attention returns goes through proj before it is added. Where do you call it?",
            _block(lambda self, x: _feed(self, x + self.mix(*(f(self.norm1(x)) for f in (self.q, self.k, self.v))))),
        ),
        Mistake(
            "q, k and v mixed up",
            "causal_attention takes queries, keys and values, in this order. Which layer makes which?",
            (
                _block(mix=lambda q, k, v: CAUSAL_ATTENTION.reference(k, q, v)),
                _block(mix=lambda q, k, v: CAUSAL_ATTENTION.reference(q, v, k)),
                _block(mix=lambda q, k, v: CAUSAL_ATTENTION.reference(v, k, q)),
            ),
        ),
        Mistake(
            "no attention",
            "One of the halves does not do its work: is it v alone, or nothing at all, that you add?",
            (
                _block(mix=lambda q, k, v: v),
                _block(_feed),
                _block(_attend),
            ),
        ),
        Mistake(
            "no biases",
            "All linear layers here have a bias: bias=True, which is nn.Linear's default.",
            (
                _block(linear=lambda i, o: nn.Linear(i, o, bias=False)),
                _block(
                    linear=lambda i, o: nn.Linear(i, o, bias=False),
                    ffn=feed_forward(
                        first=lambda d, f: nn.Linear(d, f, bias=False), second=lambda d, f: nn.Linear(f, d, bias=False)
                    ),
                ),
                _block(norm=lambda d: nn.LayerNorm(d, bias=False)),
            ),
        ),
        Mistake(
            "the ffn's own mistakes",
            "The block is right, its ffn is not. Did your FeedForward pass its check?",
            (
                _block(ffn=feed_forward(torch.relu)),
                _block(ffn=feed_forward(lambda h: h)),
                _block(ffn=feed_forward(forward=lambda self, x: x + self.layer2(F.gelu(self.layer1(x))))),
            ),
        ),
    ),
)
