"""Cross-entropy from raw logits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.layers.softmax import naive_softmax


def _cross_entropy_cases(draw: Draw) -> Iterator[dict]:
    yield {"logits": torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), "labels": torch.tensor([0, 2])}
    yield {"logits": torch.tensor([[1000.0, 0.0], [1000.0, 1001.0]]), "labels": torch.tensor([0, 1])}
    yield {"logits": torch.tensor([[0.0, 200.0, -5.0]]), "labels": torch.tensor([0])}  # sure, and wrong
    yield {"logits": torch.tensor([[-1000.0, -1001.0, -1002.0]]), "labels": torch.tensor([1])}
    yield {"logits": torch.tensor([[3000.0, 0.0, 1000.0]]), "labels": torch.tensor([1])}  # too far for float64 as well
    n, c = draw.sizes(2, 3, 11)
    square = draw.size(3, 7)
    for rows, classes, std in (
        (n, c, 2.0),
        (c, n, 2.0),
        (square, square, 2.0),
        (1, c, 1.0),
        (n, 2, 1.0),
        (n, c, 150.0),
    ):
        yield {"logits": draw.normal(rows, classes, std=std), "labels": draw.integers(classes, rows)}
    row = torch.tensor([[3.0, 0.0, 0.0, 0.0]])
    yield {"logits": row.repeat(3, 1), "labels": torch.tensor([0, 0, 3])}
    yield {"logits": draw.wide(4, 40), "labels": draw.integers(40, 4)}


def _picked(log_probs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return log_probs.gather(1, labels[:, None])[:, 0]


def _one_hot(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.one_hot(labels, logits.shape[1])


def _naive_with_one_shift(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    z = logits - logits.max()
    return (z.exp().sum(1).log() - _picked(z, labels)).mean()


def _clamped(eps: float, how: str) -> Any:
    def wrong(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        p = torch.softmax(logits, 1)
        return -_picked(((p + eps) if how == "add" else p.clamp(min=eps)).log(), labels).mean()

    return wrong


CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    lesson="07_layers",
    reference=F.cross_entropy,
    cases=_cross_entropy_cases,
    rtol=1e-3,
    atol=1e-4,
    forbidden=(
        *("cross_entropy", "cross_entropy_loss", "nll_loss", "nll_loss_forward", "nll_loss_nd", "nll_loss2d"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "kl_div_loss", "gaussian_nll_loss"),
        *("multi_margin_loss", "soft_margin_loss", "linear_cross_entropy"),
    ),
    instead="log_softmax (or logsumexp) and the entry of each label",
    mistakes=(
        Mistake(
            "softmax twice",
            "Logits go in raw. Is there one softmax too many before the logarithm?",
            (
                lambda logits, labels: F.cross_entropy(torch.softmax(logits, 1), labels),
                lambda logits, labels: F.cross_entropy(torch.log_softmax(logits, 1).exp(), labels),
                lambda logits, labels: F.cross_entropy(naive_softmax(logits, 1), labels),
                lambda logits, labels: F.cross_entropy(torch.softmax(logits, 1), labels, reduction="sum"),
            ),
        ),
        Mistake(
            "sum",
            "This is the sum over the batch. A loss that does not grow with the batch is its mean.",
            lambda logits, labels: F.cross_entropy(logits, labels, reduction="sum"),
        ),
        Mistake(
            "sign",
            "A log-probability is never above 0, and a loss gets better as it falls. Which sign is missing?",
            (
                lambda logits, labels: -F.cross_entropy(logits, labels),
                lambda logits, labels: _picked(torch.softmax(logits, 1).log(), labels).mean(),
                lambda logits, labels: _picked(naive_softmax(logits, 1).log(), labels).mean(),
            ),
        ),
        Mistake(
            "log of a rounded-to-zero softmax",
            "softmax rounds a tiny probability to 0, and its logarithm is then lost. Can you get the logarithm "
            "without going through the probability?",
            (
                lambda logits, labels: -_picked(torch.softmax(logits, 1).log(), labels).mean(),
                lambda logits, labels: (
                    -_picked(torch.softmax(logits.double(), 1).log(), labels).mean().to(logits.dtype)
                ),
                lambda logits, labels: -_picked(torch.softmax(logits, 1).log().nan_to_num(), labels).mean(),
                lambda logits, labels: -(_one_hot(logits, labels) * torch.softmax(logits, 1).log()).sum(1).mean(),
                lambda logits, labels: (
                    torch.distributions.Categorical(torch.softmax(logits, 1)).log_prob(labels).neg().mean()
                ),
                _clamped(torch.finfo(torch.float32).tiny, "clamp"),
                _clamped(torch.finfo(torch.float32).eps, "clamp"),
                _clamped(torch.finfo(torch.float32).eps, "add"),
                *(_clamped(10.0**-k, how) for k in range(5, 17) for how in ("add", "clamp")),
            ),
        ),
        Mistake(
            "overflow",
            "exp of a large logit is inf. What can be subtracted from all logits of a row first?",
            (
                lambda logits, labels: -_picked(naive_softmax(logits, 1).log(), labels).mean(),
                lambda logits, labels: (logits.exp().sum(1).log() - _picked(logits, labels)).mean(),
                lambda logits, labels: -_picked(logits.exp(), labels).div(logits.exp().sum(1)).log().mean(),
                lambda logits, labels: -(_one_hot(logits, labels) * naive_softmax(logits, 1).log()).sum(1).mean(),
                lambda logits, labels: -_picked(naive_softmax(logits - logits.max(), 1).log(), labels).mean(),
                lambda logits, labels: _naive_with_one_shift(logits, labels),
            ),
        ),
        Mistake(
            "maximum not put back",
            "You take the maximum out of the log-sum-exp alone. Add it again, or take it out of the right logit too.",
            lambda logits, labels: (
                (logits - logits.amax(1, keepdim=True)).exp().sum(1).log() - _picked(logits, labels)
            ).mean(),
        ),
        Mistake(
            "rows for labels",
            "x[labels] takes whole rows, those with the labels' numbers. How do you take one entry from each row?",
            (
                lambda logits, labels: -torch.log_softmax(logits, 1)[labels].mean(),
                lambda logits, labels: -torch.log_softmax(logits, 1)[labels].sum() / len(labels),
            ),
        ),
        Mistake(
            "no mean",
            "This is one loss for each row. Training needs a single number: their mean.",
            lambda logits, labels: F.cross_entropy(logits, labels, reduction="none"),
        ),
        Mistake(
            "mean over all entries",
            "You divide by rows times classes. Each row has one label: how many terms does the mean have?",
            lambda logits, labels: F.cross_entropy(logits, labels) / logits.shape[1],
        ),
        Mistake(
            "softmax over the batch",
            "Your probabilities sum to 1 down a column. Over which dim do the classes lie?",
            (
                lambda logits, labels: -_picked(torch.log_softmax(logits, 0), labels).mean(),
                lambda logits, labels: -_picked(torch.softmax(logits, 0).log(), labels).mean(),
            ),
        ),
        Mistake(
            "no logarithm",
            "This is the mean probability of the right class, with a minus. What is missing between softmax and mean?",
            lambda logits, labels: -_picked(torch.softmax(logits, 1), labels).mean(),
        ),
        Mistake(
            "raw logits as log-probabilities",
            "You pick the raw logit of each label. What turns logits into log-probabilities first?",
            lambda logits, labels: -_picked(logits, labels).mean(),
        ),
        Mistake(
            "all columns for every row",
            "x[:, labels] takes all the labels' columns from every row. How do you take one entry from each row?",
            lambda logits, labels: -torch.log_softmax(logits, 1)[:, labels].mean(),
        ),
    ),
)
