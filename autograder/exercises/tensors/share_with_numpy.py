"""A tensor in the memory of a NumPy array."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from autograder.exercise import Draw, Exercise, Mistake, apply
from course_utils.probes.tensors import run_share


def _array_cases(draw: Draw) -> Iterator[dict]:
    yield {"array": torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)}
    yield {"array": torch.tensor([1.0, 2.0, 3.0])}
    a, b, c = draw.sizes(3)
    yield {"array": draw.normal(a, b)}
    yield {"array": apply(draw.normal(b, c), "double")}
    yield {"array": draw.integers(100, a, b, c)}
    yield {"array": draw.integers(256, c, a).to(torch.uint8)}
    yield {"array": draw.integers(2, b, a).bool()}
    yield {"array": apply(draw.normal(1, a), "double")}
    yield {"array": draw.integers(100, c, 1).int()}
    yield {"array": draw.wide(40, 2)}


SHARE_WITH_NUMPY = Exercise(
    name="share_with_numpy",
    lesson="01_tensors",
    reference=torch.from_numpy,
    cases=_array_cases,
    probe=run_share,
    contracts=("strided",),
    mistakes=(
        Mistake(
            "converts the dtype",
            "Another dtype needs other memory, so a conversion copies. Share the array as it is, in its own dtype.",
            (
                torch.Tensor,
                lambda array: torch.from_numpy(array).float(),
                lambda array: torch.from_numpy(array).double(),
                lambda array: torch.from_numpy(array).long(),
                lambda array: torch.from_numpy(array).half(),
            ),
        ),
        Mistake(
            "copies",
            "Your tensor has memory of its own: torch.tensor, clone and copy always copy. Which function takes over "
            "the memory that is there?",
            (
                torch.tensor,
                lambda array: torch.from_numpy(array).clone(),
                lambda array: torch.tensor(array.tolist()),
                lambda array: torch.tensor(array).flatten(),
                lambda array: torch.tensor(array, dtype=torch.float32),
                lambda array: torch.tensor(array, dtype=torch.float64),
                lambda array: torch.tensor(array).float(),
                lambda array: torch.from_numpy(array.copy()).float(),
            ),
        ),
        Mistake(
            "copies what is not contiguous",
            "This copies when the array's numbers do not lie side by side, as in array.T. from_numpy takes such an "
            "array as it is.",
            (
                lambda array: torch.from_numpy(np.ascontiguousarray(array)),
                lambda array: torch.from_numpy(array.ravel()).reshape(array.shape),
            ),
        ),
        Mistake(
            "another shape",
            "The memory may be shared, but the tensor should have the array's shape.",
            (
                lambda array: torch.from_numpy(array.reshape(-1)),
                lambda array: torch.from_numpy(array.T),
                lambda array: torch.from_numpy(array)[None],
            ),
        ),
        Mistake(
            "an array, not a tensor",
            "This is still a NumPy array. Which function makes a tensor of it, in the same memory?",
            (
                lambda array: array,
                lambda array: torch.from_numpy(array).numpy(),
                lambda array: np.array(array),
            ),
        ),
        Mistake(
            "called on the array",
            "An array does not know PyTorch. The function that makes a tensor of it belongs to torch, and takes the "
            "array as its argument.",
            (
                lambda array: array.from_numpy(),
                lambda array: array.to_tensor(),
                lambda array: array.tensor(),
                lambda array: array.torch(),
                lambda array: array.numpy(),
            ),
        ),
    ),
)
