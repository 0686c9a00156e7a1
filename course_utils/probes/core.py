"""Watch one call of a learner's function, and write down what it did as plain data.

A probe runs beside the learner's code. It holds no right answers: it takes a `Case` (the inputs), calls the
function, and returns an `Observation`, which something else compares. Cases and observations hold only tensors,
numbers, strings and containers of those, so that they can travel between processes.
"""

from __future__ import annotations

import contextlib
import dis
import io
import linecache
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from course_utils.probes import facts, world
from course_utils.probes.watch import LIBRARIES, watch_calls

MAX_NUMEL = 10_000_000  # a result with more entries is described by its shape and dtype instead of copied
MAX_ITEMS = 100_000  # a longer list is described as well
MAX_PRINTED = 400  # characters kept of what the learner's code printed during one call
FURTHER = 1000  # draws after which a generator is to give other values, though it has the same first seed
OVERWRITTEN = "overwritten"  # in the place of gradients: autograd had saved a tensor that was changed in place since

_NOT_THE_LEARNERS = (*LIBRARIES, str(Path(__file__).resolve().parents[2] / "autograder"))


@dataclass(frozen=True)
class Seed:
    """Stands in a case for a fresh ``torch.Generator().manual_seed(value)``, from which ``drawn`` numbers were drawn.

    Such a generator is in another state than its ``initial_seed()`` tells.
    """

    value: int
    drawn: int = 0


@dataclass(frozen=True)
class Case:
    """The inputs of one call.

    Attributes:
        args: argument name -> value, in the order of the signature. Passed by position.
        mode: what is observed beside the result. ``"values"``: nothing more. ``"gradients"``: floating-point
            arguments require grad, and gradients with respect to them are recorded. ``"leaf"``: they require grad
            and have a gradient already. ``"plain"``: they do not, where they usually do. ``"float64"``: floating-point
            tensors are float64. ``"strided"``: tensors are laid out so that they are not contiguous. ``"meta"``:
            tensors are on the ``meta`` device, which has shapes and dtypes but no values. ``"cuda"``: they are on a
            GPU. ``"watched"``: the PyTorch functions and ops that ran are counted by name, and lines of Python.
        barred: functions and ops that end a call where they run, by raising `Barred`. None: they are not even counted;
            ``()``: they are counted by name, in any mode.
    """

    args: Mapping[str, Any]
    mode: str = "values"
    barred: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Raised:
    """An exception that the learner's code raised: its type's name, its text, and the learner's line."""

    kind: str
    text: str
    line: str = ""
    by_learner: bool = False  # the `raise` itself stands in the learner's code, not in a library


@dataclass(frozen=True)
class Opaque:
    """A value of a type that no exercise returns; only the type's name is kept."""

    kind: str


@dataclass(frozen=True)
class Observation:
    """What one call did: named parts in the order in which they are compared, or the exception raised."""

    parts: Mapping[str, Any] = field(default_factory=dict)
    raised: Raised | None = None
    printed: str = ""

    @property
    def is_stub(self) -> bool:
        """Whether the learner has left ``raise NotImplementedError`` as it was."""
        return bool(self.raised and self.raised.kind == "NotImplementedError" and self.raised.by_learner)


def run_all(probe: Callable[[Any, Case], Observation], candidate: Any, cases: Sequence[Case]) -> list[Observation]:
    """Probe one case after another; only the first one where that finds the untouched stub."""
    observations: list[Observation] = []
    for case in cases:
        observations.append(probe(candidate, case))
        if observations[0].is_stub:
            break
    return observations


def call(candidate: Callable, case: Case) -> Observation:
    """The usual probe: call ``candidate`` with the case's arguments and record what it returned and changed.

    Parts: ``result``; ``arguments`` (values, ``grad`` and ``requires_grad`` of each tensor afterwards); with mode
    ``"gradients"`` also ``gradients``, those of a fixed weighted sum of the result (None where it has no graph).
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}

    def body() -> dict[str, Any]:
        result = candidate(*args.values())
        parts = {"result": result, "arguments": {name: with_flags(value) for name, value in args.items()}}
        if case.mode == "gradients":
            parts["gradients"] = gradients(result, args)
        return parts

    return observe(body, case)


def call_refused(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate`` with arguments that it has to refuse, and write down only which error that raised.

    What the error says does not matter, nor what a result holds that should not be there.

    Parts: ``raises``: ``"ValueError"`` (a subclass counts), another error's name, or ``"no error"``.
    """
    args = [prepare(value, case.mode) for value in case.args.values()]

    return observe(lambda: {"raises": error_of(lambda: candidate(*args))}, case)


def error_of(attempt: Callable[[], Any]) -> str:
    """What an attempt raises, in words: ``"ValueError"`` for its subclasses too; ``"no error"`` where it does not."""
    try:
        attempt()
    except Exception as error:
        return "ValueError" if isinstance(error, ValueError) else type(error).__name__
    return "no error"


def observe(body: Callable[[], dict[str, Any]], case: Case) -> Observation:
    """Run ``body``, which calls the learner's code, and write down the parts that it returns.

    What is printed is collected, an exception ends up in ``raised``, and global state of torch is the same before
    every call. Adds the parts ``state`` (grad mode and default dtype left behind, and whether torch's global generator
    was seeded) and, where calls are counted, ``calls``: also beside an exception.
    """
    printed = io.StringIO()
    lines = case.mode == "watched"
    watch = watch_calls(lines or case.barred is not None, lines=lines, barred=case.barred or ())
    parts: dict[str, Any] = {}
    calls: Mapping[str, int] = {}
    error = None
    try:
        with _quiet(printed), world.usual_world(in_calls=True), _left() as state, watch as calls:
            # copied in here: what a result computes only when somebody looks at it is counted as well
            parts = {name: value if isinstance(value, Raised) else snapshot(value) for name, value in body().items()}
        parts["state"] = state
    except (Exception, SystemExit) as caught:
        error = raised(caught)
    if calls:
        parts["calls"] = dict(calls)
    return Observation(parts, error, printed.getvalue()[:MAX_PRINTED])


def snapshot(value: Any) -> Any:
    """A plain copy of ``value`` that later changes, and methods that a learner overrode, cannot reach."""
    if isinstance(value, torch.Tensor):
        if facts.runs_code(value):
            return Opaque(type(value).__name__)
        shape, dtype, layout, numel = facts.described(value)
        if layout != torch.strided:
            return Opaque(f"{str(layout).removeprefix('torch.')} tensor")
        if numel > MAX_NUMEL:
            return torch.empty(shape, dtype=dtype, device="meta")
        return facts.copied(value)
    if value is None or isinstance(value, (bool, int, float, str, torch.dtype)):
        return value
    if isinstance(value, (tuple, list, dict)) and len(value) > MAX_ITEMS:
        return Opaque(f"{type(value).__name__} of {len(value)} values")
    if isinstance(value, (tuple, list)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(snapshot(item) for item in value)
    if isinstance(value, dict):
        return {str(key): snapshot(item) for key, item in value.items()}
    return value if isinstance(value, Opaque) else Opaque(type(value).__name__)


def raised(error: BaseException) -> Raised:
    """``error`` as plain data, with the last line of the learner's own code that it passed through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_NOT_THE_LEARNERS)]
    line = ""
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
    elif own:
        source = (own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)).strip()
        line = f"line {own[-1].lineno}: {source}" if source else f"line {own[-1].lineno}"
    by_learner = bool(own) and own[-1] is frames[-1] and _is_raised_there(error)
    try:
        text = without_addresses(str(error).strip())
    except Exception:  # a learner's own exception class may fail to say what it is
        text = ""
    return Raised(type(error).__name__, text, line, by_learner)


def without_addresses(text: str) -> str:
    """``text`` without memory addresses: the same answer is told the same words every time."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def _is_raised_there(error: BaseException) -> bool:
    """Whether a `raise` made the error, not an operation written in C++, which leaves no frame of its own."""
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def prepare(value: Any, mode: str = "values") -> Any:
    """A fresh copy of one argument, as the case's mode wants it; a `Seed` becomes a generator."""
    if isinstance(value, Seed):
        generator = torch.Generator().manual_seed(value.value)
        torch.rand(value.drawn, generator=generator)
        return generator
    if isinstance(value, (list, tuple)):
        return type(value)(prepare(item, mode) for item in value)
    if not isinstance(value, torch.Tensor):
        return value
    if mode in ("meta", "cuda"):
        return value.to(mode)
    value = value.double() if mode == "float64" and value.is_floating_point() else value.clone()
    if mode == "strided" and value.dim() >= 2:
        return value.transpose(0, -1).contiguous().transpose(0, -1)
    if mode == "strided" and value.dim() == 1:
        return torch.stack((value, value), dim=1)[:, 0]
    value.requires_grad_(mode in ("gradients", "leaf") and value.is_floating_point())
    if mode == "leaf" and value.requires_grad:
        value.grad = torch.ones_like(value)
    return value


def with_flags(value: Any) -> Any:
    """An argument after a call: a tensor with its ``grad`` and ``requires_grad``, which a call might have changed."""
    if isinstance(value, torch.Generator):
        return None
    if isinstance(value, (list, tuple)):
        return [with_flags(item) for item in value]
    if not isinstance(value, torch.Tensor):
        return snapshot(value)
    return {
        "values": snapshot(value),
        "grad": snapshot(facts.grad(value)),
        "requires_grad": facts.requires_grad(value),
    }


def gradients(result: Any, inputs: Mapping[str, Any]) -> dict | Raised | str | None:
    """Gradients of a weighted sum of ``result`` with respect to the tensors in ``inputs`` that require grad.

    Returns:
        name -> gradient (zeros where an input was not used), None where ``result`` has no graph, `OVERWRITTEN`, or
        another error of the backward pass.
    """
    with torch._C.DisableTorchFunctionSubclass():
        outputs = [t for t in _tensors(result) if facts.requires_grad(t)]
        wanted = {name: t for name, t in inputs.items() if isinstance(t, torch.Tensor) and facts.requires_grad(t)}
        if not outputs:
            return None
        # unequal weights: a plain sum would hide gradients that cancel, as those of softmax do
        shapes = [facts.described(t) for t in outputs]
        weights = [torch.cos(torch.arange(n, dtype=dtype) + 1).reshape(shape) for shape, dtype, _, n in shapes]
        try:  # the graph is kept, so that it can be looked at
            with torch.enable_grad():
                total = _WeightedSum.apply(weights, *outputs)
            grads = torch.autograd.grad(total, list(wanted.values()), retain_graph=True, allow_unused=True)
        except Exception as error:
            return OVERWRITTEN if facts.overwritten(outputs) else raised(error)
    return {name: torch.zeros_like(t) if g is None else g for (name, t), g in zip(wanted.items(), grads, strict=True)}


class _WeightedSum(torch.autograd.Function):
    """The start of a backward pass with these gradients, of outputs that nothing is computed with.

    `torch.autograd.grad` takes them too, and then imports sympy first, to compare shapes: most of a second.
    """

    @staticmethod
    def forward(ctx: Any, weights: list[torch.Tensor], *outputs: torch.Tensor) -> torch.Tensor:
        ctx.weights = weights
        return torch.zeros(())

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return None, *ctx.weights


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))


@contextlib.contextmanager
def _quiet(printed: io.StringIO) -> Iterator[None]:
    """Collect what is printed: a grader takes anything on a check cell's stderr for a failure."""
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _left() -> Iterator[dict[str, Any]]:
    """What the block left of torch's global state, where a function has to leave it alone."""
    state: dict[str, Any] = {}
    world.reseed()
    yield state
    state["grad mode"] = torch.is_grad_enabled()
    state["default dtype"] = torch.get_default_dtype()
    state["seed left alone"] = world.seed_left_alone()
