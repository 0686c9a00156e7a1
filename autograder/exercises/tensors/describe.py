"""The three labels of a tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures import measured
from course_utils.probes import Case, Observation
from course_utils.probes.tensors import run_describe


def _tensor(*shape: int, dtype: str = "float32", device: str = "cpu") -> dict:
    return {"t": ["Tensor", list(shape), {"dtype": dtype, "device": device}]}


def _describe_cases(draw: Draw) -> Iterator[dict]:
    yield _tensor(2, 3)
    a, b, c, d = draw.sizes(4)
    yield _tensor(a, dtype="int64")
    yield _tensor(a, b, c, dtype="float64")
    yield _tensor(b, c, device="meta")
    yield _tensor(1, d, 1, a, dtype="uint8")
    yield _tensor(dtype="bool")
    yield _tensor(c, c, dtype="float16")
    yield _tensor(c, d, dtype="bfloat16", device="cuda:1")


def _labels(
    shape: Callable[[torch.Tensor], Any] = lambda t: tuple(t.shape),
    dtype: Callable[[torch.Tensor], Any] = lambda t: t.dtype,
    device: Callable[[torch.Tensor], Any] = lambda t: str(t.device),
) -> Callable[[torch.Tensor], dict[str, Any]]:
    """A description with one of its labels written otherwise."""
    return lambda t: {"shape": shape(t), "dtype": dtype(t), "device": device(t)}


IS_TUPLE = "the shape is a tuple"


def _measure(_: Case, got: Observation) -> Observation:
    """Parts: ``result``, the keys alone; ``the shape``, a rule about it, ``the dtype`` and ``the device``."""
    result = got.parts.get("result")
    if not isinstance(result, dict):
        return measured(got, {"result": result})
    shape = result.get("shape")
    parts = {
        "result": dict.fromkeys(result),
        "the shape": shape,
        IS_TUPLE: isinstance(shape, tuple),
        "the dtype": result.get("dtype"),
        "the device": result.get("device"),
    }
    return measured(got, parts)


DESCRIBE = Exercise(
    name="describe",
    lesson="01_tensors",
    reference=_labels(),
    cases=_describe_cases,
    probe=run_describe,
    measure=_measure,
    contracts=(),
    mistakes=(
        Mistake(
            "shape left as torch.Size's string",
            "Your shape is text, made for reading. A tuple of ints can be compared and taken apart: what does "
            "tuple(...) make of t.shape?",
            (
                _labels(shape=lambda t: str(t.shape)),
                _labels(shape=lambda t: str(tuple(t.shape))),
                _labels(shape=lambda t: str(list(t.shape))),
                _labels(shape=lambda t: "x".join(map(str, t.shape))),
                _labels(shape=lambda t: ", ".join(map(str, t.shape))),
            ),
        ),
        Mistake(
            "ndim instead of shape",
            "This says how many dims there are. The shape says how large each of them is.",
            (
                _labels(shape=lambda t: t.ndim),
                _labels(shape=lambda t: (t.ndim,)),
            ),
        ),
        Mistake(
            "numel instead of shape",
            "This says how many numbers there are. The shape says how large each dim is.",
            (_labels(shape=lambda t: t.numel()), _labels(shape=lambda t: (t.numel(),))),
        ),
        Mistake(
            "one size instead of the shape",
            "This is the size of one dim. The shape has the sizes of all of them, in order.",
            (
                _labels(shape=lambda t: t.shape[0] if t.ndim else 1),
                _labels(shape=lambda t: t.shape[0] if t.ndim else ()),
                _labels(shape=lambda t: tuple(t.shape[:1])),
                _labels(shape=lambda t: tuple(t.shape[:2])),
                _labels(shape=lambda t: tuple(t.shape[-2:])),
                _labels(shape=lambda t: len(t)),
                _labels(shape=lambda t: t.shape[0]),
                _labels(shape=lambda t: (t.shape[0], t.shape[1])),
            ),
        ),
        Mistake(
            "shape as a list",
            "The sizes are right, but a list is not a tuple: [2, 3] == (2, 3) is False. What does tuple(...) do?",
            _labels(shape=lambda t: list(t.shape)),
        ),
        Mistake(
            "shape as a tensor",
            "The sizes came back as a tensor. Plain ints are wanted, in a tuple.",
            _labels(shape=lambda t: torch.tensor(t.shape)),
        ),
        Mistake(
            "a method, not called",
            "This is a method itself, not what it returns: size needs its parentheses, size(). shape, an attribute, "
            "has none.",
            (_labels(shape=lambda t: t.size), _labels(shape=lambda t: t.numel), _labels(shape=lambda t: t.dim)),
        ),
        Mistake(
            "dtype as text",
            "Text such as 'torch.float32' is not torch.float32: the two are not equal. Which attribute of t is the "
            "dtype itself?",
            (
                _labels(dtype=lambda t: str(t.dtype)),
                _labels(dtype=lambda t: str(t.dtype).removeprefix("torch.")),
            ),
        ),
        Mistake(
            "type instead of dtype",
            "Every tensor is of type torch.Tensor. The dtype is the type of its entries.",
            (
                _labels(dtype=lambda t: type(t)),
                _labels(dtype=lambda t: type(t).__name__),
                _labels(dtype=lambda t: t.type()),
                _labels(dtype=lambda t: str(type(t))),
            ),
        ),
        Mistake(
            "device not as text",
            "This is a torch.device. Text is wanted for this label: what does str(...) make of it?",
            _labels(device=lambda t: t.device),
        ),
        Mistake(
            "device without its number",
            "A machine may have several devices of one type, counted from 0, such as cuda:0 and cuda:1. "
            "What does str(t.device) say?",
            _labels(device=lambda t: t.device.type),
        ),
        Mistake(
            "device guessed",
            "The device does not come from t. Which attribute knows where a tensor lies?",
            (
                _labels(device=lambda t: "cpu"),
                _labels(device=lambda t: "cuda" if t.is_cuda else "cpu"),
                _labels(device=lambda t: "cuda" if torch.cuda.is_available() else "cpu"),
                _labels(device=lambda t: t.get_device()),
            ),
        ),
        Mistake(
            "a tuple instead of a dict",
            "A dict names what it holds: {'shape': ..., 'dtype': ..., 'device': ...}.",
            (
                lambda t: (tuple(t.shape), t.dtype, str(t.device)),
                lambda t: (t.shape, t.dtype, t.device),
                lambda t: [tuple(t.shape), t.dtype, str(t.device)],
            ),
        ),
    ),
)
