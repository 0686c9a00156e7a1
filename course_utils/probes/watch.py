"""Record which PyTorch functions and ops run inside a block, and how much Python around them."""

from __future__ import annotations

import contextlib
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.autograd import forward_ad
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

LIBRARIES = (
    str(Path(__file__).resolve().parents[1]),  # course_utils
    str(Path(torch.__file__).parent),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
)


class Barred(RuntimeError):
    """A function ran that an exercise rules out."""


class _Functions(TorchFunctionMode):
    """Sees calls as they are written: ``F.linear``, ``x.softmax``, ``torch.gather``."""

    def __init__(self, calls: Counter[str], barred: frozenset[str]):
        super().__init__()
        self.calls, self.barred = calls, barred

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name = getattr(func, "__name__", str(func))
        self.calls[name] += 1
        if name in self.barred:
            raise Barred(name)
        return func(*args, **(kwargs or {}))


class _Ops(TorchDispatchMode):
    """Sees what is left when Python is done: ``aten`` ops, however they were reached."""

    def __init__(self, calls: Counter[str], barred: frozenset[str]):
        super().__init__()
        self.calls, self.barred = calls, barred

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name = func.overloadpacket.__name__
        self.calls["aten." + name] += 1
        if name.strip("_") in self.barred:
            raise Barred(name)
        self._see_derivatives()
        return func(*args, **(kwargs or {}))

    def _see_derivatives(self) -> None:
        """Autograd's engine is no op. What it runs shows that it does, however it was reached."""
        for name, runs in (
            ("run_backward", torch._C._current_graph_task_id() != -1),
            ("make_dual", forward_ad._current_level >= 0),
        ):
            if runs:
                self.calls[name] += 1
                if name in self.barred:
                    raise Barred(name)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first op imports all of torch.compile, which takes seconds


class ReadableMeta(TorchDispatchMode):
    """Values can be read from the meta device, as ones: code may look at them, or at what it was given."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        aten, kwargs = torch.ops.aten, kwargs or {}
        if func is aten._local_scalar_dense.default and args[0].is_meta:
            return torch.ones((), dtype=args[0].dtype).item()
        if func is aten._to_copy.default and args[0].is_meta and str(kwargs.get("device")) == "cpu":
            return torch.ones(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        return func(*args, **kwargs)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first op imports all of torch.compile, which takes seconds


@contextlib.contextmanager
def watch_calls(on: bool = True, *, lines: bool = True, barred: Iterable[str] = ()) -> Iterator[Counter[str]]:
    """Count calls by name while the block runs: functions as ``softmax``, ops as ``aten._softmax``.

    Args:
        lines: count lines of Python outside of libraries as ``python.line``: a loop over numbers that a single
            ``tolist`` took out of a tensor shows in nothing else. Where somebody else took over counting lines by the
            end of the block, that counts as ``python.untraced``.
        barred: functions and ops that raise `Barred` instead of running.

    >>> import torch
    >>> with watch_calls() as calls:
    ...     _ = torch.ones(3).softmax(0)
    >>> calls["softmax"], calls["aten._softmax"]
    (1, 1)
    """
    calls: Counter[str] = Counter()
    names = frozenset(barred)

    def see_optimizer(*_: Any) -> None:
        calls["optim"] += 1
        if "optim" in names:
            raise Barred("optim")

    with contextlib.ExitStack() as stack:
        if on:
            stack.enter_context(_Ops(calls, names))
            stack.enter_context(_Functions(calls, names))
            # an optimizer's step is Python around ops that anybody may use: neither mode sees its name
            stack.callback(register_optimizer_step_pre_hook(see_optimizer).remove)
            if lines:
                stack.enter_context(_lines(calls))
        yield calls


@contextlib.contextmanager
def _lines(calls: Counter[str]) -> Iterator[None]:
    def trace(frame: FrameType, event: str, _: Any) -> Callable | None:
        if frame.f_code.co_filename.startswith(LIBRARIES):
            return None
        calls["python.line"] += event == "line"
        return trace

    before = sys.gettrace()  # a debugger's, or that of coverage
    sys.settrace(trace)
    try:
        yield
    finally:
        if sys.gettrace() is not trace:
            calls["python.untraced"] += 1
        sys.settrace(before)
