"""Record which PyTorch functions and ops run inside a block, and how much Python around them."""

from __future__ import annotations

import contextlib
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

LIBRARIES = (
    str(Path(__file__).resolve().parents[1]),  # course_utils
    str(Path(torch.__file__).parent),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
)


class _Functions(TorchFunctionMode):
    """Sees calls as they are written: ``F.linear``, ``x.softmax``, ``torch.gather``."""

    def __init__(self, calls: Counter[str]):
        super().__init__()
        self.calls = calls

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self.calls[getattr(func, "__name__", str(func))] += 1
        return func(*args, **(kwargs or {}))


class _Ops(TorchDispatchMode):
    """Sees what is left when Python is done: ``aten`` ops, however they were reached."""

    def __init__(self, calls: Counter[str]):
        super().__init__()
        self.calls = calls

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self.calls["aten." + func.overloadpacket.__name__] += 1
        return func(*args, **(kwargs or {}))

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first op imports all of torch.compile, which takes seconds


@contextlib.contextmanager
def watch_calls(on: bool = True) -> Iterator[Counter[str]]:
    """Count calls by name while the block runs: functions as ``softmax``, ops as ``aten._softmax``.

    Lines of Python outside of libraries are counted as ``python.line``: a loop over numbers that a single ``tolist``
    took out of a tensor shows in nothing else.

    >>> import torch
    >>> with watch_calls() as calls:
    ...     _ = torch.ones(3).softmax(0)
    >>> calls["softmax"], calls["aten._softmax"]
    (1, 1)
    """
    calls: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        if on:
            stack.enter_context(_Ops(calls))
            stack.enter_context(_Functions(calls))
            # an optimizer's step is Python around ops that anybody may use: neither mode sees its name
            hook = register_optimizer_step_pre_hook(lambda *_: calls.update(["optim"]))
            stack.callback(hook.remove)
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
        sys.settrace(before)
