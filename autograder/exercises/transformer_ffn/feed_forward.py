"""The feed-forward network: two linear layers with a GELU between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.modules import run_module


def _feed_forward_cases(draw: Draw) -> Iterator[dict]:
    yield {"init": [2, 3], "inputs": [torch.tensor([[1.0, -1.0]])]}
    n, time, d, wide = draw.sizes(4)
    square = draw.size(3, 6)
    for init, shape in [
        ([d, wide], (n, time, d)),
        ([d, 4 * d], (n, d)),
        ([square, square], (n, square)),  # sizes that are swapped run here
        ([wide, 1], (1, wide)),
        ([1, d], (n, time, 1)),
        ([d, wide], (d,)),
    ]:
        yield {"init": init, "inputs": [draw.normal(*shape, std=2.0)], "training": bool(draw.size(0, 1))}
    yield {"init": [4, 6], "inputs": [draw.wide(40, 4)], "training": False}


def feed_forward(
    activation: Callable = F.gelu,
    second: Callable = lambda d, f: nn.Linear(f, d),
    first: Callable = nn.Linear,
    forward: Callable | None = None,
) -> type[nn.Module]:
    """The network with one of its parts changed."""

    class FeedForward(nn.Module):
        def __init__(self, embedding_dim: int, ffn_dim: int):
            super().__init__()
            self.layer1 = first(embedding_dim, ffn_dim)
            self.layer2 = second(embedding_dim, ffn_dim)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return forward(self, x) if forward else self.layer2(activation(self.layer1(x)))

    return FeedForward


class _OneLayer(nn.Module):
    def __init__(self, embedding_dim: int, ffn_dim: int):
        super().__init__()
        self.layer1 = nn.Linear(embedding_dim, ffn_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.gelu(self.layer1(x))


FEED_FORWARD = Exercise(
    name="FeedForward",
    lesson="10_transformer_ffn",
    reference=feed_forward(),
    cases=_feed_forward_cases,
    probe=run_module,
    contracts=("gradients", "strided", "meta"),
    rtol=2e-3,  # GELU by its tanh form is a GELU too, and off by up to 5e-4 for each entry
    atol=1e-2,
    mistakes=(
        Mistake(
            "ReLU",
            "This is ReLU. Which activation stands between the two layers here, and what does it do below 0?",
            (feed_forward(torch.relu), feed_forward(lambda h: h.clamp(min=0.0))),
        ),
        Mistake(
            "no way back to embedding_dim",
            "The result is ffn_dim wide. A block adds it to its input: how wide must layer2 make it?",
            (
                feed_forward(second=lambda d, f: nn.Linear(f, f)),
                feed_forward(second=lambda d, f: nn.Linear(f, f, bias=False)),
                feed_forward(forward=lambda self, x: F.gelu(self.layer1(x))),
                feed_forward(forward=lambda self, x: self.layer1(x)),
                _OneLayer,
            ),
        ),
        Mistake(
            "no activation",
            "Without a bend between them, two linear layers are one. What stands between layer1 and layer2?",
            feed_forward(lambda h: h),
        ),
        Mistake(
            "GELU at the end",
            "The last step is layer2 alone: its result may be any number. Where does the GELU stand?",
            (
                feed_forward(forward=lambda self, x: F.gelu(self.layer2(self.layer1(x)))),
                feed_forward(forward=lambda self, x: F.gelu(self.layer2(F.gelu(self.layer1(x))))),
            ),
        ),
        Mistake(
            "GELU before the first layer",
            "x goes into layer1 as it is. Between which two steps does the GELU stand?",
            (
                feed_forward(forward=lambda self, x: self.layer2(self.layer1(F.gelu(x)))),
                feed_forward(forward=lambda self, x: self.layer2(F.gelu(self.layer1(F.gelu(x))))),
            ),
        ),
        Mistake(
            "another activation",
            "The layers are right, but what stands between them is not GELU. Which activation did you take?",
            (
                *(feed_forward(f) for f in (torch.sigmoid, torch.tanh, F.silu, F.elu, F.softplus, torch.erf)),
                feed_forward(lambda h: h * torch.sigmoid(1.702 * h)),
                feed_forward(lambda h: h.softmax(-1)),
            ),
        ),
        Mistake(
            "no biases",
            "Both layers have a bias, as nn.Linear makes it unless told otherwise.",
            (
                feed_forward(
                    first=lambda d, f: nn.Linear(d, f, bias=False), second=lambda d, f: nn.Linear(f, d, bias=False)
                ),
                feed_forward(first=lambda d, f: nn.Linear(d, f, bias=False)),
                feed_forward(second=lambda d, f: nn.Linear(f, d, bias=False)),
            ),
        ),
        Mistake(
            "sizes swapped",
            "layer1 widens from embedding_dim to ffn_dim, layer2 leads back. Which size does nn.Linear take first?",
            (
                feed_forward(first=lambda d, f: nn.Linear(f, d), second=lambda d, f: nn.Linear(d, f)),
                feed_forward(first=lambda d, f: nn.Linear(f, d)),
                feed_forward(second=nn.Linear),
            ),
        ),
        Mistake(
            "residual inside",
            "You add x to the result. In this lesson the block does that, not the feed-forward network.",
            feed_forward(forward=lambda self, x: x + self.layer2(F.gelu(self.layer1(x)))),
        ),
        Mistake(
            "dropout",
            "In training, some entries are dropped. There is no dropout in this network.",
            (
                feed_forward(lambda h: F.dropout(F.gelu(h), 0.1)),
                feed_forward(forward=lambda self, x: F.dropout(self.layer2(F.gelu(self.layer1(x))), 0.1)),
            ),
        ),
    ),
)
