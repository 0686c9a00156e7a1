"""Exercise ``label_log_probs``."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake, apply


def _label_log_probs_cases(draw: Draw) -> Iterator[dict]:
    probabilities = torch.tensor([[0.5, 0.375, 0.125], [0.125, 0.125, 0.75], [0.25, 0.625, 0.125]])
    yield {"log_probs": probabilities.log(), "labels": torch.tensor([1, 2, 0])}
    yield {"log_probs": probabilities.log(), "labels": torch.tensor([2, 2, 1])}
    n, c = draw.sizes(2, 3, 9)
    square = draw.size(4, 7)
    for rows, classes in [(n, c), (c, n), (square, square), (1, c), (n, 2), (n, 1), (1, 1)]:
        logits = draw.normal(rows, classes, std=2.0)
        yield {"log_probs": apply(logits, "log_softmax", 1), "labels": draw.integers(classes, rows)}
    yield {"log_probs": torch.tensor([[-1e-4, -9.21]]), "labels": torch.tensor([0])}
    yield {"log_probs": apply(draw.wide(20, 40), "log_softmax", 1), "labels": draw.integers(40, 20)}


def _picked(log_probs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return log_probs[torch.arange(len(labels)), labels]


LABEL_LOG_PROBS = Exercise(
    name="label_log_probs",
    lesson="04_indexing",
    reference=lambda log_probs, labels: log_probs.gather(1, labels[:, None])[:, 0],
    cases=_label_log_probs_cases,
    contracts=("gradients", "float64", "strided"),
    mistakes=(
        Mistake(
            "(n, 1)",
            "The values are right, but a dim of size 1 is left. How do you take it away?",
            (
                lambda log_probs, labels: _picked(log_probs, labels)[:, None],
                lambda log_probs, labels: _picked(log_probs, labels)[None, :],
            ),
        ),
        Mistake(
            "(n, n)",
            "log_probs[:, labels] takes all the labels' columns from every row. How do you take one entry from each "
            "row?",
            (
                lambda log_probs, labels: log_probs[:, labels],
                lambda log_probs, labels: log_probs[torch.arange(len(labels))[:, None], labels],
                lambda log_probs, labels: log_probs[:, labels].T,
            ),
        ),
        Mistake(
            "along dim 0",
            "Your labels choose among the rows. Each row is a sample, so in which dim do the classes lie?",
            (
                lambda log_probs, labels: log_probs[labels, torch.arange(len(labels))],
                lambda log_probs, labels: log_probs.gather(0, labels[None, :])[0],
                lambda log_probs, labels: log_probs.gather(0, labels[None, :]),
                lambda log_probs, labels: log_probs.gather(0, labels[:, None])[:, 0],
                lambda log_probs, labels: log_probs.gather(0, labels[:, None]),
                lambda log_probs, labels: torch.take_along_dim(log_probs, labels[None, :], 0)[0],
            ),
        ),
        Mistake(
            "one row for every label",
            "You read every label's entry from the same row. Label i belongs to row i.",
            (
                lambda log_probs, labels: log_probs[0, labels],
                lambda log_probs, labels: log_probs[0:1, labels],
                lambda log_probs, labels: log_probs.flatten()[labels],
            ),
        ),
        Mistake(
            "whole rows",
            "log_probs[labels] takes a whole row for each label. A single entry needs two numbers: its row and its "
            "column.",
            (
                lambda log_probs, labels: log_probs[labels],
                lambda log_probs, labels: log_probs[torch.arange(len(labels))],
            ),
        ),
        Mistake(
            "the most probable class",
            "This is the highest entry of each row, or its place, whatever the label says. Which entry does the label "
            "name?",
            (
                lambda log_probs, labels: log_probs.amax(1),
                lambda log_probs, labels: log_probs.argmax(1),
            ),
        ),
        Mistake(
            "cut off from the graph",
            "The numbers are right, but they came by way of Python's floats, which autograd does not see. Indexing and "
            "gather choose the entries of the tensor themselves, and pass the gradient on.",
            (
                lambda log_probs, labels: torch.tensor(
                    [row[i].item() for row, i in zip(log_probs, labels, strict=True)]
                ),
                lambda log_probs, labels: torch.tensor(
                    [row[i] for row, i in zip(log_probs.tolist(), labels.tolist(), strict=True)], dtype=log_probs.dtype
                ),
                lambda log_probs, labels: _picked(log_probs, labels).detach(),
                lambda log_probs, labels: _picked(log_probs.detach(), labels),
            ),
        ),
        Mistake(
            "one-hot labels",
            "You multiply with the one-hot table, which leaves a whole row for each sample: zeros beside the entry "
            "you want. What takes each row together into that one number?",
            lambda log_probs, labels: torch.nn.functional.one_hot(labels, log_probs.shape[1]) * log_probs,
        ),
        Mistake(
            "labels not unsqueezed for gather",
            "gather wants an index with as many dims as the tensor: log_probs is (n, c), labels is (n,). Which call "
            "makes it (n, 1)?",
            lambda log_probs, labels: log_probs.gather(1, labels),
        ),
        Mistake(
            "sign",
            "A log-probability is never above 0. Is there a minus too many? It comes with the loss, later.",
            lambda log_probs, labels: -_picked(log_probs, labels),
        ),
        Mistake(
            "the probability",
            "This is the probability itself. Which step is one too many?",
            lambda log_probs, labels: _picked(log_probs, labels).exp(),
        ),
        Mistake(
            "already averaged",
            "One number for each sample is asked for. Which step takes them together?",
            (
                lambda log_probs, labels: _picked(log_probs, labels).mean(),
                lambda log_probs, labels: _picked(log_probs, labels).sum(),
                lambda log_probs, labels: -_picked(log_probs, labels).mean(),
                lambda log_probs, labels: log_probs[:, labels].mean(),
                lambda log_probs, labels: -log_probs[:, labels].mean(),
            ),
        ),
        Mistake(
            "squeezes a batch of one",
            "squeeze() takes away every dim of size 1, also that of a batch with a single sample. Which one do you "
            "mean?",
            lambda log_probs, labels: _picked(log_probs, labels).squeeze(),
        ),
    ),
)
