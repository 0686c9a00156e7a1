"""A float32 tensor from nested lists."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from autograder.exercise import Draw, Exercise, Mistake


def _rows_cases(draw: Draw) -> Iterator[dict]:
    yield {"rows": [[1, 2, 3], [4, 5, 6]]}
    yield {"rows": [[0.5, -1.25], [2.75, 0.1], [-3.5, 1e6]]}
    n, d = draw.sizes(2)
    square = draw.size()
    yield {"rows": draw.normal(n, d).tolist()}
    yield {"rows": draw.integers(100, n, d).tolist()}
    yield {"rows": draw.normal(square, square).tolist()}
    yield {"rows": [draw.integers(10, d).tolist(), draw.normal(d).tolist()]}  # whole numbers first, fractions after
    yield {"rows": draw.normal(1, d).tolist()}
    yield {"rows": draw.integers(10, n, 1).tolist()}
    yield {"rows": [[draw.size()]]}


def _filled(rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32)


TENSOR_FROM_ROWS = Exercise(
    name="tensor_from_rows",
    lesson="01_tensors",
    reference=_filled,
    cases=_rows_cases,
    contracts=(),
    rtol=1e-6,
    atol=1e-7,
    mistakes=(
        Mistake(
            "int64 kept",
            "Whole numbers in the lists give a tensor of whole numbers, unless you say dtype=... when you create it. "
            "Which dtype do weights and features have?",
            (
                torch.tensor,
                torch.as_tensor,
                lambda rows: torch.stack([torch.tensor(row) for row in rows]),
                lambda rows: torch.tensor(rows, dtype=torch.int64),
                lambda rows: torch.tensor(rows).long(),
                lambda rows: torch.tensor(rows).int(),
                lambda rows: torch.tensor(rows, dtype=torch.int32),
            ),
        ),
        Mistake(
            "fractions lost",
            "The dtype is right, but what stood after the point is gone: the numbers were whole for a moment. Where?",
            (
                lambda rows: torch.tensor(rows, dtype=torch.int64).float(),
                lambda rows: torch.tensor([[float(round(v)) for v in row] for row in rows]),
                lambda rows: _filled(rows).round(),
                lambda rows: _filled(rows).floor(),
            ),
        ),
        Mistake(
            "flattened",
            "All numbers are there, in one dim. One inner list should become one row: what does torch.tensor make of "
            "a list of lists, given as it is?",
            (
                lambda rows: _filled(rows).flatten(),
                lambda rows: _filled(rows).unsqueeze(0).reshape(1, -1),
                lambda rows: _filled(rows).reshape(-1, 1),
                lambda rows: torch.tensor([value for row in rows for value in row]),
                lambda rows: torch.tensor(rows).flatten(),
                lambda rows: torch.tensor(rows, dtype=torch.float64).flatten(),
                lambda rows: torch.cat([torch.tensor(row, dtype=torch.float32) for row in rows]),
            ),
        ),
        Mistake(
            "float64",
            "float64 is what NumPy makes of fractions, and what Python's own `float` means as a dtype; int64 is what "
            "NumPy makes of whole numbers. A tensor keeps what it is given. Which dtype is asked for?",
            (
                lambda rows: torch.tensor(rows, dtype=float),
                lambda rows: torch.from_numpy(np.array(rows, dtype=float)),
                lambda rows: torch.from_numpy(np.array(rows)),
                lambda rows: torch.tensor(rows, dtype=torch.float64),
                lambda rows: torch.stack([torch.from_numpy(np.array(row)) for row in rows]),
                lambda rows: torch.stack([torch.tensor(row, dtype=torch.float64) for row in rows]),
            ),
        ),
        Mistake(
            "float16",
            "Half-precision floats keep about three digits of each number. Which dtype is asked for?",
            (
                lambda rows: torch.tensor(rows, dtype=torch.float16),
                lambda rows: torch.tensor(rows, dtype=torch.bfloat16),
                lambda rows: torch.tensor(rows, dtype=torch.float16).float(),
                lambda rows: torch.tensor(rows, dtype=torch.bfloat16).float(),
            ),
        ),
        Mistake(
            "transposed",
            "Rows and columns are exchanged: entry [0, 1] should be the second number of the first list.",
            (
                lambda rows: _filled(rows).T,
                lambda rows: torch.tensor(rows).T,
                lambda rows: torch.stack([torch.tensor(row, dtype=torch.float32) for row in rows], dim=1),
            ),
        ),
        Mistake(
            "rows cut wrongly",
            "The shape has its two sizes exchanged, and the numbers were only cut anew. How many rows are there, and "
            "how long is each?",
            lambda rows: _filled(rows).reshape(len(rows[0]), len(rows)),
        ),
        Mistake(
            "one dim too many",
            "There is a dim of size 1 too many. Did you put brackets around rows?",
            (lambda rows: _filled([rows]), lambda rows: _filled(rows).unsqueeze(-1), lambda rows: torch.tensor([rows])),
        ),
        Mistake(
            "a list of tensors",
            "This is a list that holds tensors. One tensor can hold all rows at once.",
            (
                lambda rows: [torch.tensor(row, dtype=torch.float32) for row in rows],
                lambda rows: [torch.tensor(row) for row in rows],
            ),
        ),
        Mistake(
            "a NumPy array",
            "This is a NumPy array. The course works with tensors: what makes one of it, and in which dtype?",
            (lambda rows: np.array(rows), lambda rows: np.array(rows, dtype=np.float32)),
        ),
    ),
)
