"""Exercise ``split_heads``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.math_and_reductions import run_split

Tensor = torch.Tensor


def _split_heads_cases(draw: Draw) -> Iterator[dict]:
    first = torch.tensor([[0.0, 1.0, 2.0, 3.0], [10.0, 11.0, 12.0, 13.0]])
    yield {"x": torch.stack([first, first + 20, first + 40]), "n_heads": 2}
    b, t, n, d = draw.sizes(4)
    square = draw.size(3, 5)
    for batch, tokens, heads, size in (
        (b, t, n, d),
        (b, n, t, d),
        (square, square, square, square),  # whatever is mixed up among the dims runs here
        (1, t, n, d),
        (b, 1, n, d),
        (b, t, 1, d),
        (b, t, n, 1),
        (t, n, n, d),
    ):
        yield {"x": draw.normal(batch, tokens, heads * size), "n_heads": heads}
    yield {"x": draw.wide(1, 40, 3 * n), "n_heads": 3}
    yield {"x": draw.integers(1000, b, t, 2 * n), "n_heads": n}
    for channels, heads in ((7, 2), (2 * n + 1, n), (n, n + 1), (10, 4)):  # 10 and 4 share a factor
        yield {"x": draw.normal(b, t, channels), "n_heads": heads}


def _sizes(x: Tensor, n_heads: int) -> tuple[int, int, int, int]:
    if x.shape[-1] % n_heads:
        raise ValueError
    return *x.shape[:2], n_heads, x.shape[-1] // n_heads


def _checked(split: Callable[[Tensor, int, int, int, int], Tensor]) -> Callable:
    """An answer that refuses what cannot be shared out: ``split`` takes x, batch, tokens, heads, features of a head."""
    return lambda x, n_heads: split(x, *_sizes(x, n_heads))


def _unchecked(x: Tensor, n_heads: int) -> Tensor:
    return x.reshape(*x.shape[:2], n_heads, x.shape[-1] // n_heads).transpose(1, 2)


def _asserting(x: Tensor, n_heads: int) -> Tensor:
    assert x.shape[-1] % n_heads == 0
    return _unchecked(x, n_heads)


def _chunked(x: Tensor, n_heads: int) -> Tensor:
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


def _cut_off(x: Tensor, n_heads: int) -> Tensor:
    return _unchecked(x[..., : x.shape[-1] // n_heads * n_heads], n_heads)


def _returned(x: Tensor, n_heads: int) -> Tensor | ValueError:
    return ValueError("C does not divide") if x.shape[-1] % n_heads else _unchecked(x, n_heads)


def _printed(x: Tensor, n_heads: int) -> Tensor | None:
    return None if x.shape[-1] % n_heads else _unchecked(x, n_heads)


SPLIT_HEADS = Exercise(
    name="split_heads",
    lesson="03_math_and_reductions",
    reference=_checked(lambda x, b, t, n, d: x.reshape(b, t, n, d).transpose(1, 2)),
    cases=_split_heads_cases,
    probe=run_split,
    contracts=("gradients", "float64", "strided", "meta"),
    mistakes=(
        Mistake(
            "a bare reshape",
            "The shape is right, and the numbers are mixed: a reshape only cuts the long row of numbers anew, so the "
            "tokens are shared out among the heads, and not the features of each token. What exchanges two dims?",
            (
                _checked(lambda x, b, t, n, d: x.reshape(b, n, t, d)),
                lambda x, n_heads: x.reshape(len(x), n_heads, x.shape[1], x.shape[-1] // n_heads),
            ),
        ),
        Mistake(
            "heads behind the tokens",
            "Every number stands with its head, but the shape is (B, T, n_heads, C // n_heads). Which two dims have to "
            "change places?",
            (
                _checked(lambda x, b, t, n, d: x.reshape(b, t, n, d)),
                _checked(lambda x, b, t, n, d: torch.stack(x.split(d, -1), 2)),
                lambda x, n_heads: x.reshape(*x.shape[:2], n_heads, -1),
            ),
        ),
        Mistake(
            "transposed before it is cut",
            "You transpose first and cut then: after the transpose the features of a token lie apart. When are the "
            "dims n_heads and C // n_heads both there, to be moved?",
            (
                _checked(lambda x, b, t, n, d: x.transpose(1, 2).reshape(b, n, t, d)),
                _checked(lambda x, b, t, n, d: x.mT.reshape(b, n, t, d)),
            ),
        ),
        Mistake(
            "features dealt out in turn",
            "A head takes every n_heads-th feature here. It should have neighbours: head 0 the first C // n_heads of "
            "them. Which of the two new dims comes first?",
            (
                _checked(lambda x, b, t, n, d: x.reshape(b, t, d, n).permute(0, 3, 1, 2)),
                _checked(lambda x, b, t, n, d: x.reshape(b, t, d, n).transpose(1, 3).transpose(2, 3)),
            ),
        ),
        Mistake(
            "tokens behind the features",
            "In each head the tokens should be the rows. Is the order of your dims (B, n_heads, T, C // n_heads)?",
            (
                _checked(lambda x, b, t, n, d: x.reshape(b, t, n, d).permute(0, 2, 3, 1)),
                _checked(lambda x, b, t, n, d: x.mT.reshape(b, n, d, t)),
            ),
        ),
        Mistake(
            "heads in front of the batch",
            "Your heads are dim 0, and the batch should be. Where does the new dim of a stack go?",
            (
                _checked(lambda x, b, t, n, d: x.reshape(b, t, n, d).permute(2, 0, 1, 3)),
                _checked(lambda x, b, t, n, d: torch.stack(x.split(d, -1))),
            ),
        ),
        Mistake(
            "heads and their size exchanged",
            "n_heads says how many heads there are, and you take it for the number of features in each. What is the "
            "size of one head?",
            (
                _checked(lambda x, b, t, n, d: x.reshape(b, t, d, n).transpose(1, 2)),
                _checked(lambda x, b, t, n, d: torch.stack(x.split(n, -1), 1)),
                _checked(lambda x, b, t, n, d: x.reshape(b, d, t, n)),
            ),
        ),
        Mistake(
            "joined instead of stacked",
            "cat joins along a dim that is there. The heads need a dim of their own: what makes a new one?",
            (
                _checked(lambda x, b, t, n, d: torch.cat(x.split(d, -1), 1)),
                _checked(lambda x, b, t, n, d: torch.cat(x.split(d, -1), 0)),
                _checked(lambda x, b, t, n, d: x.reshape(b, t * n, d)),
            ),
        ),
        Mistake(
            "a list of heads",
            "That is a collection of tensors, one for each head. Which function makes a single tensor of them, with a "
            "new dim?",
            (_checked(lambda x, b, t, n, d: x.split(d, -1)), _checked(lambda x, b, t, n, d: list(x.split(d, -1)))),
        ),
        Mistake(
            "no ValueError",
            "Where C cannot be shared out evenly, no result is right: raise a ValueError that says so, before anything "
            "is cut. (An assert raises another error, and reshape a RuntimeError about sizes.)",
            (_unchecked, _asserting, _chunked, _cut_off, _returned, _printed),
        ),
    ),
)
