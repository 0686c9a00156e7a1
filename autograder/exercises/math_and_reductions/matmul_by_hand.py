"""Exercise ``matmul_by_hand``."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator

import torch

from autograder.exercise import LOOP, SHORT_CUT, Draw, Exercise, Mistake
from autograder.exercises.math_and_reductions.common import CONTRACTS


def _matmul_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "a": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "b": torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]),
    }
    n, k, m = draw.sizes(3)
    square = draw.size()
    for rows, inner, columns in [
        (n, k, m),
        (square, square, square),  # a product that does not line up runs here
        (n, k, n),
        (n, n, m),
        (n, m, m),
        (1, k, m),
        (n, 1, m),
        (n, k, 1),
        (1, 1, 1),
    ]:
        yield {"a": draw.normal(rows, inner), "b": draw.normal(inner, columns)}
    yield {"a": draw.wide(3, 40), "b": draw.normal(40, 2)}


def _rows_lined_up(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a[:, :, None] * b  # (n, k, m)


def _matmul_entry_by_entry(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            out[i, j] = (a[i] * b[:, j]).sum()
    return out


def _matmul_three_loops(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out


def _matmul_of_lists(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    columns = list(zip(*b.tolist(), strict=True))
    return torch.tensor([[sum(map(operator.mul, row, column)) for column in columns] for row in a.tolist()])


MATMUL_BY_HAND = Exercise(
    name="matmul_by_hand",
    lesson="03_math_and_reductions",
    reference=torch.matmul,
    cases=_matmul_cases,
    contracts=CONTRACTS,
    rtol=1e-4,
    atol=1e-4,
    sized=lambda n: {"a": torch.ones(n, n + 1), "b": torch.ones(n + 1, n + 2)},
    forbidden=(
        *("matmul", "rmatmul", "mm", "bmm", "mv", "dot", "vdot", "vecdot", "linalg_vecdot", "inner"),
        *("einsum", "tensordot", "linear", "bilinear", "trilinear", "addmm", "addmv", "addbmm", "baddbmm"),
        *("chain_matmul", "multi_dot", "linalg_multi_dot", "matrix_power", "linalg_matrix_power", "linalg_matmul"),
        *("sparse_mm", "sparse_addmm", "smm", "sspaddmm", "hspmm", "scaled_mm", "grouped_mm", "int_mm"),
        *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "convolution"),
        *("scaled_dot_product_attention", "embedding_bag"),
    ),
    instead="broadcasting and a sum",
    mistakes=(
        Mistake(
            "sums the wrong axis",
            "Which of the three dims (n, k, m) should go? Entry i, j of the result sums over k.",
            (
                lambda a, b: _rows_lined_up(a, b).sum(0),
                lambda a, b: _rows_lined_up(a, b).sum(2),
                lambda a, b: (a[:, None] * b.T).sum(0),
                lambda a, b: (a[:, None] * b.T).sum(1),
                lambda a, b: (a.T[:, :, None] * b[:, None]).sum(1),
                lambda a, b: (a.T[:, :, None] * b[:, None]).sum(2),
            ),
        ),
        Mistake(
            LOOP,
            "Every turn of a loop is work for Python. One product of a shaped (n, k, 1) with b makes all n * k * m "
            "terms at once: which sum is left to do?",
            (
                _matmul_entry_by_entry,
                _matmul_three_loops,
                _matmul_of_lists,
                lambda a, b: torch.stack([(row[:, None] * b).sum(0) for row in a]),
                lambda a, b: torch.stack([(a * column).sum(1) for column in b.T], dim=1),
                lambda a, b: sum(a[:, i, None] * b[i] for i in range(b.shape[0])),
                lambda a, b: functools.reduce(operator.add, [torch.outer(*p) for p in zip(a.T, b, strict=True)]),
            ),
        ),
        Mistake(
            SHORT_CUT,
            "That call makes the whole product by itself. Here you line up a and b so that * makes every term, then "
            "sum.",
            (
                lambda a, b: a @ b,
                torch.mm,
                lambda a, b: torch.bmm(a[None], b[None])[0],
                lambda a, b: torch.einsum("ik,kj->ij", a, b),
                lambda a, b: torch.tensordot(a, b, dims=1),
                lambda a, b: torch.nn.functional.linear(a, b.T),
                lambda a, b: torch.inner(a, b.T),
                lambda a, b: torch.addmm(torch.zeros(1), a, b),
                lambda a, b: torch.stack([row @ b for row in a]),
                lambda a, b: torch.stack([torch.dot(row, column) for row in a for column in b.T]).reshape(len(a), -1),
            ),
        ),
        Mistake(
            "not lined up",
            "Broadcasting lines up shapes from the right. Write the two shapes below each other: which dim of a meets "
            "which dim of b?",
            (
                lambda a, b: (a[:, None] * b).sum(-1),
                lambda a, b: (a[:, None] * b).sum(1),
                lambda a, b: (a[:, :, None] * b.T).sum(1),
                lambda a, b: (a[:, :, None] * b[:, None]).sum(1),
                lambda a, b: (a[:, None] * b[None]).sum(0),
                lambda a, b: (a[None] * b[:, None]).sum(-1),
                lambda a, b: (a[None] * b[:, :, None]).sum(1),
            ),
        ),
        Mistake(
            "entry by entry",
            "a * b pairs each entry with the one in the same place. A matrix product pairs each row of a with every "
            "column of b.",
            (
                lambda a, b: a * b,
                lambda a, b: a * b.T,
                lambda a, b: (a * b).sum(1),
                lambda a, b: (a * b).sum(0),
                lambda a, b: (a * b).sum(1, keepdim=True),
                lambda a, b: (a * b.T).sum(1),
                lambda a, b: (a * b.T).sum(1, keepdim=True),
                lambda a, b: (a * b.T).sum(0),
            ),
        ),
        Mistake(
            "no sum",
            "All the products are there, in three dims. Which dim is summed away?",
            (_rows_lined_up, lambda a, b: a[:, None] * b.T),
        ),
        Mistake(
            "sums everything",
            "sum() without `dim` leaves one number. Which dim should go?",
            (lambda a, b: _rows_lined_up(a, b).sum(), lambda a, b: (a * b).sum(), lambda a, b: (a * b.T).sum()),
        ),
        Mistake(
            "keeps the summed dim",
            "The dim that you sum over should be gone from the result: is there a keepdim=True?",
            (
                lambda a, b: _rows_lined_up(a, b).sum(1, keepdim=True),
                lambda a, b: (a[:, None] * b.T).sum(-1, keepdim=True),
            ),
        ),
        Mistake(
            "transposed",
            "The values are right, but rows and columns are exchanged: the result is (n, m).",
            (lambda a, b: (a @ b).T, lambda a, b: _rows_lined_up(a, b).sum(1).T),
        ),
        Mistake(
            "mean for sum",
            "This is the mean of the products. A matrix product adds them up.",
            (lambda a, b: _rows_lined_up(a, b).mean(1), lambda a, b: _rows_lined_up(a, b).mean()),
        ),
    ),
)
