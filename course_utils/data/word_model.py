"""The small trained Transformer that invents words. `WORD_MODEL.md` beside this file says how it was made."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F

FILE = Path(__file__).with_name("word_model.safetensors")
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # a token is a place in it; the "." begins and ends a word
BLOCKS, HEADS = 3, 4
_LONGEST = 13  # tokens of a word, its "." included


@cache
def load_word_model() -> Mapping[str, torch.Tensor]:
    """The weights by name, float32: those of lesson 10's `CharacterModel`, as `state_dict()` has them.

    >>> tuple(load_word_model()["letter.weight"].shape)
    (27, 64)
    """
    from safetensors.torch import load_file  # a check on Colab does without

    return {name: weight.float() for name, weight in load_file(FILE).items()}


@torch.no_grad()
def word_logits(tokens: torch.Tensor) -> torch.Tensor:
    """What the model gives for the token after each of ``tokens``: `(B, T)`, int64, T up to 16 -> `(B, T, 27)`.

    It is written in the library's own functions. Lesson 10 builds each of them.
    """
    w = load_word_model()

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])

    x = F.embedding(tokens, w["letter.weight"]) + w["position.weight"][: tokens.shape[1]]  # (B, T, C)
    for i in range(BLOCKS):
        block = f"blocks.{i}"
        h = norm(f"{block}.norm1", x)
        q, k, v = (  # (B, T, C) -> (B, HEADS, T, C / HEADS)
            linear(f"{block}.attention.{name}", h).unflatten(2, (HEADS, -1)).transpose(1, 2) for name in "qkv"
        )
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)  # (B, T, C)
        x = x + linear(f"{block}.attention.proj", found)
        h = F.gelu(linear(f"{block}.ffn.layer1", norm(f"{block}.norm2", x)))  # (B, T, 4 * C)
        x = x + linear(f"{block}.ffn.layer2", h)
    return linear("head", norm("norm", x))


def invent_words(temperature: float, n: int = 40, seed: int = 10) -> list[str]:
    """Let the model write words, letter by letter; each comes once, and the same ones for the same seed.

    Args:
        temperature: above 0; the higher, the more daring
        n: how many words are begun; those that are empty or find no end are left out

    >>> all(word.isalpha() for word in invent_words(0.8, n=5))
    True
    """
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.zeros(n, 1, dtype=torch.int64)  # (n, 1): a "." each
    for _ in range(_LONGEST):
        shares = (word_logits(tokens)[:, -1] / temperature).softmax(dim=-1)  # (n, 27)
        tokens = torch.cat([tokens, torch.multinomial(shares, num_samples=1, generator=generator)], dim=1)
    texts = ["".join(LETTERS[i] for i in row[1:]) for row in tokens.tolist()]
    return list(dict.fromkeys(text.split(".")[0] for text in texts if "." in text and text[0] != "."))
