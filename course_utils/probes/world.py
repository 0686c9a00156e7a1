"""The world in which an answer is called: everything global that code can set, as a program finds it.

A learner's cell, or an answer, may set any of it and leave it so: the default device, what NumPy does about a division
by zero, the current folder. A right answer stays right: `SETTINGS` is the table of all that, and `usual_world` and
`reset` put every row of it to what is usual, while an answer is called, at home and in a graded run.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import locale
import os
import random
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import _tensor_str
from torch.nn.modules import module
from torch.optim import optimizer
from torch.utils import _device, _python_dispatch

SEEDS = range(3_141_592, 3_142_592)  # the probes' own seeds; no learner would choose one of them

_start: dict[str, Any] = {}
_was_seeded = False  # by somebody else than a probe, since `reseed` was called first in an observation


@dataclass(frozen=True)
class Setting:
    """Something global that code can set.

    Attributes:
        name: what it is, in words.
        read: what it is set to now; None where that cannot be told.
        write: sets it to what `read` gave.
        usual: (what it is set to now, what the program started with) -> what is usual.
        in_calls: it is put right for every call of an answer; the others once for each exercise.
        plain: what `read` gives can be compared, so that only what differs is written.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    usual: Callable[[Any, Any], Any] = lambda now, start: start
    in_calls: bool = False
    plain: bool = True

    def wanted(self, now: Any) -> Any:
        """What is usual, where it is set to ``now``."""
        return self.usual(now, _start[self.name])

    def put(self, wanted: Any, now: Any) -> None:
        """Set it to ``wanted`` where it is ``now`` something else; what this system does not allow is left out."""
        if wanted is not None and not (self.plain and wanted == now):
            with contextlib.suppress(Exception):
                self.write(wanted)


def remember() -> None:
    """From now on, what is set now is what the program started with."""
    _start.update((setting.name, setting.read()) for setting in SETTINGS)


def reset() -> None:
    """Put everything to what is usual, for good."""
    for setting in SETTINGS:
        now = setting.read()
        setting.put(setting.wanted(now), now)


@contextlib.contextmanager
def usual_world(in_calls: bool = False) -> Iterator[None]:
    """Inside the block everything is as usual; then it is again as it was before, whatever the block has set.

    Args:
        in_calls: only the settings that are put right for every call.
    """
    settings = [setting for setting in SETTINGS if setting.in_calls] if in_calls else SETTINGS
    before = [setting.read() for setting in settings]
    try:
        for setting, was in zip(settings, before, strict=True):
            setting.put(setting.wanted(was), was)
        yield
    finally:
        for setting, was in zip(reversed(settings), reversed(before), strict=True):
            setting.put(was, setting.read() if setting.plain else None)


def reseed(i: int | None = None) -> None:
    """Seed torch's global generator: None for an observation, a number for each part of it that draws.

    With the same ``i`` the same numbers are drawn, whoever wrote the answer.
    """
    global _was_seeded
    _was_seeded = i is not None and not seed_left_alone()
    # torch.manual_seed would seed every device, and costs a stack trace for each that is not there
    torch.default_generator.manual_seed(SEEDS[i or 0])


def seed_left_alone() -> bool:
    """Whether nobody but probes has seeded torch's global generator in this observation."""
    return not _was_seeded and torch.initial_seed() in SEEDS


def not_compiled(model: Any = None, **_: Any) -> Any:
    """In the place of `torch.compile`: gives back the function or module as it is."""
    return (lambda model: model) if model is None else model


def _always(value: Any) -> Callable[[Any, Any], Any]:
    return lambda now, start: value


def _or_none(read: Callable[[], Any], *errors: type[Exception]) -> Callable[[], Any]:
    def read_if_it_can() -> Any:
        try:
            return read()
        except errors:
            return None

    return read_if_it_can


# --- the function modes, among them the default device


def _function_modes() -> tuple[Any, ...]:
    stack = [torch._C._get_function_stack_at(i) for i in range(torch._C._len_torch_function_stack())]
    return getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None), _device.CURRENT_DEVICE, *stack


def _set_function_modes(modes: Sequence[Any]) -> None:
    for _ in range(torch._C._len_torch_function_stack()):
        torch._C._pop_torch_function_stack()
    torch._GLOBAL_DEVICE_CONTEXT.device_context, _device.CURRENT_DEVICE, *stack = modes
    for mode in stack:
        torch._C._push_on_torch_function_stack(mode)


_dispatch_modes = _python_dispatch._get_current_dispatch_mode_stack


def _set_dispatch_modes(modes: Sequence[Any]) -> None:
    while _dispatch_modes():
        _python_dispatch._pop_mode()
    for mode in modes:
        _python_dispatch._push_mode(mode)


# --- settings that need a few lines

_inference: list[Any] = []  # the guards that hold inference mode where it is put


def _set_inference_mode(on: bool) -> None:
    if _inference:  # ends what put it where it is not wanted
        _inference.pop().__exit__(None, None, None)
    if torch.is_inference_mode_enabled() != on:
        _inference.append(torch._C._InferenceMode(on))
        _inference[-1].__enter__()


_NO_AUTOCAST = {"cpu": (False, torch.bfloat16), "cuda": (False, torch.float16)}


def _autocast() -> dict[str, Any]:
    return {kind: (torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in _NO_AUTOCAST}


def _set_autocast(wanted: dict[str, Any]) -> None:
    for kind, (on, dtype) in wanted.items():
        torch.set_autocast_enabled(kind, on)
        torch.set_autocast_dtype(kind, dtype)


_TINY = 1e-310  # a denormal number


def _stance() -> Any:
    """Whether functions that `torch.compile` made are compiled when they are called; None where there can be none."""
    compiler = sys.modules.get("torch._dynamo.eval_frame")
    return compiler and compiler._stance


def _set_stance(wanted: Any) -> None:
    sys.modules["torch._dynamo.eval_frame"]._set_stance(wanted)


def _never_compiled(now: Any, start: Any) -> Any:
    return now and type(now)("force_eager")


_ATTENTION = ("flash", "mem_efficient", "math", "cudnn")


def _attention() -> list[bool]:
    return [getattr(torch.backends.cuda, f"{kind}_sdp_enabled")() for kind in _ATTENTION]


def _set_attention(wanted: list[bool]) -> None:
    for kind, on in zip(_ATTENTION, wanted, strict=True):
        getattr(torch.backends.cuda, f"enable_{kind}_sdp")(on)


_HOOKS = [
    value
    for where in (module, optimizer)
    for name, value in vars(where).items()
    if name.startswith("_global_") and isinstance(value, dict)
]


def _hooks() -> list[dict]:
    return [dict(hooks) for hooks in _HOOKS]


def _set_hooks(wanted: list[dict]) -> None:
    for hooks, content in zip(_HOOKS, wanted, strict=True):
        hooks.clear()
        hooks.update(content)


def _decimal_context() -> tuple[Any, ...]:
    now = decimal.getcontext()
    traps = [kind for kind, on in now.traps.items() if on]
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, [], traps


def _set_decimal_context(wanted: tuple[Any, ...]) -> None:
    decimal.setcontext(decimal.Context(*wanted))


_TRAPS = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
_DECIMALS = (28, decimal.ROUND_HALF_EVEN, -999_999, 999_999, 1, 0, [], _TRAPS)  # Python's own
_NUMPYS_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}  # NumPy's own


def _set_filters(wanted: list) -> None:
    warnings.resetwarnings()
    warnings.filters.extend(wanted)


def _set_environment(wanted: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(wanted)


def _with_all_of(now: list[str], start: list[str]) -> list[str]:
    return now + [folder for folder in start if folder not in now]


def _set_path(wanted: list[str]) -> None:
    sys.path[:] = wanted


def _set_locale(name: str) -> None:
    locale.setlocale(locale.LC_ALL, name)


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now


_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGALRM", "SIGFPE", "SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGVTALRM")
    if hasattr(signal, name)
]
_TIMERS = [getattr(signal, name) for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF") if hasattr(signal, name)]


def _set_handlers(wanted: list) -> None:
    for number, handler in zip(_SIGNALS, wanted, strict=True):
        if handler is not None and handler != signal.getsignal(number):  # None: not set from Python
            signal.signal(number, handler)


def _set_timers(wanted: list) -> None:
    for timer, (seconds, interval) in zip(_TIMERS, wanted, strict=True):
        signal.setitimer(timer, seconds, interval)


def _set_compile(wanted: Callable) -> None:
    torch.compile = wanted


def _anomaly() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


_precision = _or_none(torch.get_float32_matmul_precision, RuntimeError)  # raised after a use of the newer names
_PRECISE = (torch.backends, torch.backends.mkldnn.matmul)  # what says how precise float32 is, in new PyTorch


def _precisions() -> list[str | None]:
    return [getattr(where, "fp32_precision", None) for where in _PRECISE]


def _set_precisions(wanted: list[str | None]) -> None:
    for where, precision in zip(_PRECISE, wanted, strict=True):
        if precision is not None:
            where.fp32_precision = precision


_PYTHONS = random.Random(SEEDS[0]).getstate()
_NUMPYS = np.random.RandomState(SEEDS[0]).get_state()
_TORCHS = torch.Generator().manual_seed(SEEDS[0]).get_state()
_TORCH = torch.default_generator


# What comes first is put right first, because what follows may rely on it.
SETTINGS = (
    Setting(
        "alarms", lambda: [signal.getitimer(t) for t in _TIMERS], _set_timers, _always([(0.0, 0.0)] * len(_TIMERS))
    ),
    Setting("signal handlers", lambda: [signal.getsignal(number) for number in _SIGNALS], _set_handlers),
    # a larger limit, or a longer path, may be what an answer needs
    Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit, max),
    Setting(
        "import path",
        lambda: list(sys.path),
        _set_path,
        lambda now, start: now + [folder for folder in start if folder not in now],
    ),
    Setting("switch interval", sys.getswitchinterval, sys.setswitchinterval),
    Setting("digits of an int", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    Setting("garbage collection", gc.isenabled, lambda on: gc.enable() if on else gc.disable(), _always(True)),
    Setting("garbage collection's thresholds", gc.get_threshold, lambda numbers: gc.set_threshold(*numbers)),
    Setting("warnings filters", lambda: list(warnings.filters), _set_filters),
    Setting("environment variables", lambda: dict(os.environ), _set_environment),
    Setting("current folder", _or_none(os.getcwd, OSError), os.chdir),
    Setting("folder of temporary files", lambda: [tempfile.tempdir], lambda one: setattr(tempfile, "tempdir", *one)),
    Setting("rights of new files", _umask, os.umask),
    Setting("locale", _or_none(lambda: locale.setlocale(locale.LC_ALL), locale.Error), _set_locale),
    Setting("decimal context", _decimal_context, _set_decimal_context, _always(_DECIMALS)),
    Setting("Python's generator", random.getstate, random.setstate, _always(_PYTHONS)),
    Setting("NumPy's errors", np.geterr, lambda kinds: np.seterr(**kinds), _always(_NUMPYS_ERRORS)),
    Setting("NumPy's print options", np.get_printoptions, lambda options: np.set_printoptions(**options)),
    Setting("NumPy's generator", np.random.get_state, np.random.set_state, _always(_NUMPYS), plain=False),
    Setting("function modes", _function_modes, _set_function_modes, _always((None, None)), in_calls=True),
    Setting(
        "dispatch modes",
        _python_dispatch._get_current_dispatch_mode_stack,
        _set_dispatch_modes,
        _always([]),
        in_calls=True,
    ),
    Setting("torch.compile", lambda: torch.compile, _set_compile, _always(not_compiled)),
    Setting("compiled functions", _stance, _set_stance, _never_compiled),
    Setting("inference mode", torch.is_inference_mode_enabled, _set_inference_mode, _always(False), in_calls=True),
    Setting("grad mode", torch.is_grad_enabled, torch.set_grad_enabled, _always(True), in_calls=True),
    Setting("default dtype", torch.get_default_dtype, torch.set_default_dtype, _always(torch.float32), in_calls=True),
    Setting("torch's generator", _TORCH.get_state, _TORCH.set_state, _always(_TORCHS), in_calls=True, plain=False),
    Setting("autocast", _autocast, _set_autocast, _always(_NO_AUTOCAST), in_calls=True),
    Setting("anomaly detection", _anomaly, lambda flags: torch.set_anomaly_enabled(*flags), _always((False, True))),
    Setting("determinism", torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode, _always(0)),
    Setting("threads", torch.get_num_threads, torch.set_num_threads),
    Setting(
        "precision of products",
        _or_none(torch.get_float32_matmul_precision, RuntimeError),
        torch.set_float32_matmul_precision,
        _always("highest"),
    ),
    Setting("precision of float32", _precisions, _set_precisions),
    Setting("denormal numbers", lambda: _TINY * 1.0 == 0, torch.set_flush_denormal, _always(False)),
    Setting("kinds of attention", _attention, _set_attention, _always([True] * len(_ATTENTION))),
    Setting("hooks of all modules and optimizers", _hooks, _set_hooks, _always([{}] * len(_HOOKS))),
    Setting("torch's print options", _tensor_str.get_printoptions, lambda options: torch.set_printoptions(**options)),
)

remember()
