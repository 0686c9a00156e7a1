"""One row of a table for each id."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from autograder.exercise import Draw, Exercise, Mistake


def _embedding_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "weight": torch.tensor([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5], [3.0, 3.5]]),
        "ids": torch.tensor([2, 0, 2]),
    }
    vocabulary, dim, n, time = draw.sizes(4, 3, 9)
    yield {"weight": draw.normal(vocabulary, dim), "ids": draw.integers(vocabulary, n, time)}
    yield {"weight": draw.normal(vocabulary, dim), "ids": draw.integers(vocabulary, n, 1, time)}
    yield {"weight": draw.normal(vocabulary, dim), "ids": torch.arange(vocabulary).flip(0)}
    yield {"weight": draw.normal(dim, dim), "ids": draw.integers(dim, dim)}
    yield {"weight": draw.normal(vocabulary, 1), "ids": draw.integers(vocabulary, 1)}
    yield {"weight": draw.normal(1, dim), "ids": torch.zeros(n, dtype=torch.int64)}
    yield {"weight": draw.normal(vocabulary, dim), "ids": torch.full((n, time), vocabulary - 1)}
    yield {"weight": draw.normal(vocabulary + 20, dim), "ids": torch.tensor([0, 1])}
    yield {"weight": draw.wide(150, dim), "ids": draw.integers(150, 20)}


def _one_hot_of_own_width(weight: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    return F.one_hot(ids).to(weight.dtype) @ weight


EMBEDDING = Exercise(
    name="embedding",
    lesson="07_layers",
    reference=lambda weight, ids: F.embedding(ids, weight),
    cases=_embedding_cases,
    contracts=("gradients", "float64", "strided"),  # a CPU tensor takes ids on meta and reads garbage: no proof
    forbidden=("embedding", "embedding_bag"),
    instead="indexing (or a one-hot matrix product)",
    mistakes=(
        Mistake(
            "loses the gradient",
            "The values are right, but no gradient reaches weight: an embedding that cannot learn. "
            "What cuts your result off from weight?",
            (
                lambda weight, ids: weight.detach()[ids],
                lambda weight, ids: torch.tensor(weight.tolist(), dtype=weight.dtype)[ids],
                lambda weight, ids: weight.detach()[ids].requires_grad_(),
                lambda weight, ids: torch.from_numpy(weight.numpy()[ids.numpy()]),
            ),
        ),
        Mistake(
            "one-hot of wrong width",
            "A one-hot row needs one place for each row of weight. Left alone, F.one_hot makes it as wide as the "
            "largest id + 1: what does num_classes= do?",
            (
                _one_hot_of_own_width,
                lambda weight, ids: F.one_hot(ids).float() @ weight,
                lambda weight, ids: torch.matmul(F.one_hot(ids, weight.shape[1]).to(weight.dtype), weight),
                lambda weight, ids: F.one_hot(ids, weight.shape[1]).float() @ weight,
                lambda weight, ids: F.one_hot(ids).to(weight.dtype) @ weight[: int(ids.max())],
                lambda weight, ids: torch.einsum("...v,vd->...d", F.one_hot(ids).to(weight.dtype), weight),
                lambda weight, ids: F.one_hot(ids, weight.shape[1]).to(weight.dtype) @ weight.T,
                lambda weight, ids: F.one_hot(ids, int(ids.max())).to(weight.dtype) @ weight,
                lambda weight, ids: F.one_hot(ids, weight.shape[0] + 1).to(weight.dtype) @ weight,
                lambda weight, ids: F.one_hot(ids, 10).to(weight.dtype) @ weight,
                lambda weight, ids: F.one_hot(ids, ids.numel()).to(weight.dtype) @ weight,
                lambda weight, ids: F.one_hot(ids, len(ids.unique())).to(weight.dtype) @ weight,
                lambda weight, ids: torch.eye(ids.numel(), dtype=weight.dtype)[ids] @ weight,
            ),
        ),
        Mistake(
            "one-hot of integers",
            "F.one_hot gives int64, and a matrix product wants one dtype. What turns the one-hot rows into weight's?",
            (
                lambda weight, ids: F.one_hot(ids, weight.shape[0]) @ weight,
                lambda weight, ids: F.one_hot(ids) @ weight,
            ),
        ),
        Mistake(
            "columns for rows",
            "You take columns of weight. One row of weight belongs to each id.",
            lambda weight, ids: weight[:, ids],
        ),
        Mistake(
            "loses the shape of ids",
            "The rows are right, but the result should have the shape of ids, with one more dim at the end.",
            lambda weight, ids: weight[ids.flatten()],
        ),
        Mistake(
            "counts from one",
            "Row 0 belongs to id 0. Is there a 1 too many or too few?",
            (lambda weight, ids: weight[ids - 1], lambda weight, ids: weight[ids + 1]),
        ),
    ),
)
