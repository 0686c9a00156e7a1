"""Attention with several heads, each of which looks with features of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
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
from course_utils.probes.modules import run_module

Tensor = torch.Tensor


def _heads_cases(draw: Draw) -> Iterator[dict]:
    yield {"init": [2, 2], "inputs": [torch.tensor([[[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]])]}
    n, time, heads, width = draw.sizes(4, 2, 6)
    side = draw.size(2, 3)
    for heads_, width_, shape in [
        (heads, width, (n, time)),
        (1, width, (n, time)),  # the attention that was there before
        (heads, 1, (1, time)),
        (side, side, (side, side)),  # dims that are mixed up run here
        (heads, width, (n, heads)),
        (heads, width, (n, width)),
        (heads, width, (n, 1)),
    ]:
        x = draw.normal(*shape, heads_ * width_, mean=0.5, std=1.5)
        yield {"init": [heads_ * width_, heads_], "inputs": [x], "training": bool(draw.size(0, 1))}
    yield {"init": [4, 2], "inputs": [draw.wide(2, 20, 4)], "training": False}
    yield {"init": [2, 2], "inputs": [draw.normal(1, LONG, 2)]}
    yield from odd_scores([4, 2])
    for embedding_dim, n_heads in [(6, 4), (heads * width + 1, heads), (2, 3)]:
        yield {"init": [embedding_dim, n_heads]}


def odd_scores(init: list) -> Iterator[dict]:
    """Scores that are exactly 0, which are no mask, and scores beyond any number that might stand for infinity.

    The inputs are the same in every draw: position 0 scores itself far below zero, and position 1 lower still, so that
    no row has its largest score ahead; and no two scores are close, where rounding would decide.
    """
    x = torch.tensor([[[2.0, 2.0, -1.0, -2.0], [-2.0, 1.0, -1.0, 2.0]]])
    for factor in (0.0, 1e6):
        yield {"init": init, "inputs": [x], "scaled": {"q": factor}}


def split(x: Tensor, n_heads: int) -> Tensor:
    """`(B, T, C)` -> `(B * n_heads, T, C // n_heads)`: each head as if it were a text of its own."""
    return x.unflatten(2, (n_heads, -1)).transpose(1, 2).flatten(0, 1)


def join(x: Tensor, n_heads: int) -> Tensor:
    """`split` undone."""
    return x.unflatten(0, (-1, n_heads)).transpose(1, 2).flatten(2)


def heads(
    mix: Callable = CAUSAL_ATTENTION.reference, split: Callable = split, join: Callable = join
) -> Callable[[Tensor, Tensor, Tensor, int], Tensor]:
    """Attention with heads, `mix` in each of them, with one or more of its steps changed."""
    return lambda q, k, v, n: join(mix(*(split(t, n) for t in (q, k, v))), n)


def cut(x: Tensor, n_heads: int) -> Tensor:
    """The bare reshape: every head gets whole rows, of some of the positions."""
    return x.reshape(x.shape[0] * n_heads, x.shape[1], -1)


def glue(x: Tensor, n_heads: int) -> Tensor:
    """The bare reshape back."""
    return x.reshape(-1, x.shape[1], x.shape[2] * n_heads)


def _every_nth(x: Tensor, n_heads: int) -> Tensor:
    """A split in which neighbouring features go to different heads."""
    return x.unflatten(2, (-1, n_heads)).permute(0, 3, 1, 2).flatten(0, 1)


def _every_nth_joined(x: Tensor, n_heads: int) -> Tensor:
    return x.unflatten(0, (-1, n_heads)).permute(0, 2, 3, 1).flatten(2)


def _among_heads(mix: Callable = CAUSAL_ATTENTION.reference) -> Callable:
    """Attention among the heads of each position, because heads stand where positions should."""
    return lambda q, k, v, n: mix(*(t.unflatten(2, (n, -1)).flatten(0, 1) for t in (q, k, v))).reshape(q.shape)


def _whole_width(score: float) -> Callable:
    """Attention in one head whose scores are divided by a power of the width of all heads together."""
    return lambda q, k, v, n: heads(attention(lambda q: (q.shape[-1] * n) ** score))(q, k, v, n)


def _refuse(embedding_dim: int, n_heads: int) -> None:
    if embedding_dim % n_heads:
        raise ValueError(f"{n_heads} heads cannot share {embedding_dim} features evenly")


def _assert(embedding_dim: int, n_heads: int) -> None:
    assert embedding_dim % n_heads == 0


_RIGHT = heads()


def _module(
    attend: Callable = _RIGHT,
    linear: Callable = nn.Linear,
    refuse: Callable = _refuse,
    forward: Callable | None = None,
) -> type[nn.Module]:
    """The module with one of its parts, or its whole forward pass, changed."""

    class MultiHeadAttention(nn.Module):
        def __init__(self, embedding_dim: int, n_heads: int):
            super().__init__()
            refuse(embedding_dim, n_heads)
            self.n_heads = n_heads
            self.q, self.k, self.v, self.proj = (linear(embedding_dim, embedding_dim) for _ in range(4))

        def forward(self, x: Tensor) -> Tensor:
            if forward:
                return forward(self, x)
            return self.proj(attend(self.q(x), self.k(x), self.v(x), self.n_heads))

    return MultiHeadAttention


class _LayersOfEachHead(nn.Module):
    """Small layers, one set for each head, under other names than those of the exercise."""

    def __init__(self, embedding_dim: int, n_heads: int):
        super().__init__()
        _refuse(embedding_dim, n_heads)
        self.q, self.k, self.v = (
            nn.ModuleList(nn.Linear(embedding_dim, embedding_dim // n_heads) for _ in range(n_heads)) for _ in range(3)
        )
        self.proj = nn.Linear(embedding_dim, embedding_dim)

    def forward(self, x: Tensor) -> Tensor:
        each = [CAUSAL_ATTENTION.reference(q(x), k(x), v(x)) for q, k, v in zip(self.q, self.k, self.v, strict=True)]
        return self.proj(torch.cat(each, dim=-1))


def _plain(attend: Callable) -> Callable:
    """A forward pass that ends before proj."""
    return lambda self, x: attend(self.q(x), self.k(x), self.v(x), self.n_heads)


def _made(self: Any, x: Tensor) -> tuple[Tensor, ...]:
    return self.q(x), self.k(x), self.v(x)


def _swapped(order: str) -> Callable:
    def forward(self: Any, x: Tensor) -> Tensor:
        return self.proj(heads()(*(getattr(self, name)(x) for name in order), self.n_heads))

    return forward


def _one_for_all(x: Tensor, n_heads: int) -> Tensor:
    """Every head gets the features of the first."""
    return split(x, n_heads)[::n_heads].repeat_interleave(n_heads, dim=0)


MULTI_HEAD_ATTENTION = Exercise(
    name="MultiHeadAttention",
    lesson="10_transformer_ffn",
    reference=_module(),
    cases=_heads_cases,
    probe=run_module,
    contracts=("gradients", "strided", "meta"),
    rtol=1e-3,
    atol=2e-3,
    forbidden=CAUSAL_ATTENTION.forbidden,
    instead="matrix products, a mask and softmax, such as your causal_attention in every head",
    mistakes=(
        Mistake(
            "heads cut by a bare reshape",
            "(B, T, C) reshaped to (B, n_heads, T, width) keeps the numbers in their order, so a head gets whole rows "
            "of some positions. Which two steps give it some features of all positions?",
            (
                _module(heads(split=cut, join=glue)),
                _module(heads(split=cut)),
                _module(heads(attention(**NO_MASK), split=cut, join=glue)),
                _module(heads(attention(lambda q: 1.0), split=cut, join=glue)),
            ),
        ),
        Mistake(
            "heads not put back",
            "The heads are split well, but (B, n_heads, T, width) does not become (B, T, C) by a reshape alone. Which "
            "dim has to go back to its place first?",
            (_module(heads(join=glue)), _module(heads(attention(**NO_MASK), join=glue))),
        ),
        Mistake(
            "heads joined in the wrong order",
            "Head h takes features h * width to (h + 1) * width, and its result goes back to these places. In which "
            "order do yours stand?",
            (
                _module(heads(join=_every_nth_joined)),
                _module(heads(split=_every_nth, join=_every_nth_joined)),
                _module(heads(split=_every_nth)),
                _module(heads(join=lambda x, n: join(x, n).unflatten(2, (n, -1)).flip(2).flatten(2))),
            ),
        ),
        Mistake(
            "scaled by the whole width",
            "A head's scores are products of C / n_heads features. What is the root taken of?",
            (_module(_whole_width(0.5)), _module(_whole_width(1.0))),
        ),
        Mistake(
            "no scale",
            "The scores of a head are divided by the square root of its width before the softmax.",
            _module(heads(attention(SCALES["none"]))),
        ),
        Mistake(
            "wrong scale",
            "The scores are divided by the square root of a head's width, C / n_heads. What does your code divide by?",
            (
                *(_module(heads(attention(scale))) for name, scale in SCALES.items() if name != "none"),
                _module(lambda q, k, v, n: heads(attention(lambda q: n**0.5))(q, k, v, n)),
            ),
        ),
        Mistake(
            "future visible",
            "A change in the last position should leave the others as they are. Is each head's attention causal?",
            (
                _module(heads(attention(**NO_MASK))),
                _module(heads(attention(SCALES["none"], **NO_MASK))),
                _module(heads(attention(mask=lambda s: s.masked_fill(~causal(s, 1), -math.inf)))),
                _module(heads(attention(mask=lambda s: s * causal(s)))),
            ),
        ),
        Mistake(
            "mask after softmax",
            "You mask after the softmax, so the weights no longer sum to 1. When does the future have to go?",
            _module(heads(attention(mask=lambda s: s, weigh=mask_after))),
        ),
        Mistake(
            "the past masked",
            "Positions attend to what comes after them, and not to what came before. Which triangle should stay?",
            (
                _module(heads(attention(mask=lambda s: s.masked_fill(causal(s, -1), -math.inf)))),
                _module(heads(attention(mask=lambda s: s.masked_fill(causal(s), -math.inf)))),
            ),
        ),
        Mistake(
            "attention among heads",
            "The heads of one position look at each other here. Positions should: they are the last dim but one when q "
            "and k are multiplied. Which two dims still want to be swapped?",
            (
                _module(_among_heads()),
                _module(_among_heads(attention(**NO_MASK))),
                _module(_among_heads(attention(SCALES["none"]))),
            ),
        ),
        Mistake(
            "a single head",
            "This is attention with one head, whatever n_heads is. Where are the features shared among the heads?",
            (_module(lambda q, k, v, n: CAUSAL_ATTENTION.reference(q, k, v)),),
        ),
        Mistake(
            "every head the same",
            "All heads look with the same features. Which features belong to head h?",
            (
                _module(heads(split=_one_for_all)),
                _module(lambda q, k, v, n: heads()(*(join(_one_for_all(t, n), n) for t in (q, k)), v, n)),
            ),
        ),
        Mistake(
            "softmax over the wrong dim",
            "For each query of each head, the weights over the keys sum to 1. Which dim of the scores holds the keys?",
            tuple(_module(heads(attention(weigh=weigh))) for weigh in WRONG_SOFTMAX),
        ),
        Mistake(
            "no proj",
            "The joined heads go through proj at the end. Where do you call it?",
            (_module(forward=_plain(heads())), _module(forward=_plain(heads(split=cut, join=glue)))),
        ),
        Mistake(
            "q, k and v mixed up",
            "Queries are compared with keys, and the weights taken of values. Which layer makes which?",
            tuple(_module(forward=_swapped(order)) for order in ("kqv", "qvk", "vkq")),
        ),
        Mistake(
            "residual or norm inside",
            "Nothing is added or normalised here: that is the block's work, in the next exercise.",
            (
                _module(forward=lambda self, x: x + self.proj(heads()(*_made(self, x), self.n_heads))),
                _module(forward=lambda self, x: self.proj(x + heads()(*_made(self, x), self.n_heads))),
            ),
        ),
        Mistake(
            "no biases",
            "All four layers have a bias: bias=True, which is nn.Linear's default.",
            _module(linear=lambda i, o: nn.Linear(i, o, bias=False)),
        ),
        Mistake(
            "layers for each head",
            "q, k and v are one linear layer each, embedding_dim to embedding_dim: a head takes its share of what they "
            "give.",
            _LayersOfEachHead,
        ),
        Mistake(
            "no ValueError",
            "Where n_heads does not divide embedding_dim no head gets a fair share. `raise ValueError(...)`, no other "
            "error, and nothing rounded.",
            (
                _module(refuse=_assert),
                _module(refuse=lambda d, h: None),
                _module(
                    lambda q, k, v, n: heads()(q, k, v, n if q.shape[-1] % n == 0 else 1), refuse=lambda d, h: None
                ),
            ),
        ),
    ),
)
