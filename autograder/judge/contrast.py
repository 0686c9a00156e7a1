"""What of a wrong answer a picture can explain: a matrix beside the expected one, or a run that left the right one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from autograder.judge.trial import Trial
from autograder.judge.verdict import Contrast

TOLD_WHOLE = 4  # a matrix of so few entries stands in the message with all its values
SHORT = 3  # a run of fewer steps says no more as a line than in words
_RUNS = {"steps": "step", "epochs": "epoch"}  # parts that are lists of what was left after each call
_PREFIXES = {"gradients": "gradient with respect to ", "arguments": "argument "}
_NEAR = {"rtol": 1e-4, "atol": 1e-5, "equal_nan": True}


def contrast(trial: Trial) -> Contrast | None:
    """What to draw of a trial that went wrong; None where words have said everything, or the inputs are secret."""
    found = trial.difference
    if trial.hidden or not found or found.kind not in ("values", "shape") or trial.case.mode == "meta":
        return None
    got, want = trial.got.parts.get(found.part), trial.expected.parts.get(found.part)
    if found.part in _RUNS and isinstance(want, list):
        return _steps(got, want, _RUNS[found.part])
    for at, *pair in _pairs(got, want, ""):
        if drawn := _matrix(_named(found.part, at), *pair) or _run(_named(found.part, at), *pair):
            return drawn
    return None


def _named(part: str, at: str) -> str:
    """The place in words: ``result[1]``, ``result.losses``, ``argument x``, ``gradient with respect to weight``."""
    if part in _PREFIXES:
        return _PREFIXES[part] + at.removeprefix(".").removesuffix(".values")
    return f"{part}{at}"


def _pairs(got: Any, want: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The places of ``want`` with what stands there in ``got``: tensors, numbers, and whole lists of numbers."""
    yield path, got, want
    if isinstance(want, Mapping) and isinstance(got, Mapping):
        for key in want:
            if key in got:
                yield from _pairs(got[key], want[key], f"{path}.{key}")
    elif isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)):
        for i, (g, w) in enumerate(zip(got, want, strict=False)):
            yield from _pairs(g, w, f"{path}[{i}]")


def _matrix(what: str, got: Any, want: Any) -> Contrast | None:
    """Two matrices that differ; of tensors with more dims the matrix in the last two that differs most."""
    if not (_is_real(got) and _is_real(want)) or min(got.dim(), want.dim()) < 2:
        return None
    got, want = got.double(), want.double()
    if got.shape != want.shape:
        drawable = got.dim() == want.dim() == 2 and min(got.numel(), want.numel()) > TOLD_WHOLE
        return Contrast(what, got, want) if drawable else None
    if min(want.shape[-2:]) < 2 or want.shape[-2] * want.shape[-1] <= TOLD_WHOLE or _is_near(got, want):
        return None
    worst = _distance(got, want).flatten(-2).amax(-1)  # one number for each matrix: shape[:-2]
    index = tuple(int(i) for i in np.unravel_index(int(worst.argmax()), worst.shape))
    at = f"[{', '.join(map(str, index))}]" if index else ""
    return Contrast(what + at, got[index], want[index])


def _run(what: str, got: Any, want: Any, each: str = "index") -> Contrast | None:
    """Two lists of numbers that part."""
    if not (_is_run(got) and _is_run(want)) or len(want) < SHORT or not len(got):
        return None
    got, want = (torch.tensor([float(value) for value in values], dtype=torch.float64) for values in (got, want))
    return None if got.shape == want.shape and _is_near(got, want) else Contrast(what, got, want, each)


def _steps(got: Any, want: list, each: str) -> Contrast | None:
    """How the first number that differs went on from step to step; of a tensor the entry that differs most."""
    if not isinstance(got, list) or min(len(got), len(want)) < SHORT:
        return None
    runs = []
    for what, *_ in _pairs(want[0], want[0], ""):  # ".loss", ".params[0]"
        ours, theirs = ([_at(step, what) for step in steps] for steps in (want, got))
        if any(value is None for value in (*ours, *theirs)) or len({value.shape for value in (*ours, *theirs)}) > 1:
            continue
        ours, theirs = (torch.stack([value.flatten() for value in run]) for run in (ours, theirs))  # (steps, entries)
        common = min(len(ours), len(theirs))
        far = ~torch.isclose(theirs[:common], ours[:common], **_NEAR)
        if far.any():
            runs.append((int(far.any(1).nonzero()[0]), what, ours, theirs, common))
    if not runs:
        return None
    _, what, ours, theirs, common = min(runs, key=lambda run: run[0])
    entry = int(_distance(theirs[:common], ours[:common]).amax(0).argmax())
    shape = _at(want[0], what).shape
    at = [int(i) for i in np.unravel_index(entry, shape)]
    return _run(f"{what.removeprefix('.')}{at or ''}", theirs[:, entry].tolist(), ours[:, entry].tolist(), each)


def _at(step: Any, path: str) -> torch.Tensor | None:
    """The numbers at one place of a step as a float64 tensor; None where there are none."""
    value = next((value for found, value, _ in _pairs(step, step, "") if found == path), None)
    if _is_real(value):
        return value.double()
    return torch.tensor(float(value), dtype=torch.float64) if _is_number(value) else None


def _is_real(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.device.type != "meta" and not value.is_complex()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_run(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(map(_is_number, value))


def _is_near(got: torch.Tensor, want: torch.Tensor) -> bool:
    return bool(torch.isclose(got, want, **_NEAR).all())


def _distance(got: torch.Tensor, want: torch.Tensor) -> torch.Tensor:
    far = ~torch.isclose(got, want, **_NEAR)
    return torch.where(far, torch.nan_to_num((got - want).abs(), nan=torch.inf), 0.0)
