"""``check(softmax)``: ask the judge about an answer, and show what it says."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from course_utils import record
from course_utils.card import Verdict, card
from course_utils.hints import next_help
from course_utils.probes.world import usual_world

Judge = Callable[[str, Any], Verdict]

IDLE = 1.0  # seconds after which nobody seems to wait for the kernel
_SLOW = ("autograder.judge", "torch._dynamo")  # what a first check, and the first optimizer, import: over a second


class CheckFailed(AssertionError):
    """An answer did not pass. ``str`` of it is the message for the learner; ``verdict`` is the judge's verdict."""

    def __init__(self, verdict: Verdict):
        super().__init__(verdict.message)
        self.verdict = verdict

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the message, which in a notebook stands in a box above."""
        if _notebook():
            return [f"{type(self).__name__}: {self.verdict.message.partition(':')[0]} ({self.verdict.status})"]
        return [f"{type(self).__name__}: {self}"]


class NotAnExercise(TypeError):
    """`check` was given something that is no answer to an exercise."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def check(answer: Any) -> int | None:
    """Judge ``answer`` and show the result: a green line, or what is wrong and where to look.

    Args:
        answer: the function or class of an exercise, not called: ``check(softmax)``. Where an exercise asks for
            two functions, a tuple of both.

    Returns:
        The points, where an exercise is judged by how good the outcome is, and it earns some of them: nbgrader reads
        them there. None everywhere else.

    Raises:
        CheckFailed: the answer is wrong, raises an error, or is still the stub. The message says which.
        NotAnExercise: ``answer`` is not the function or class of an exercise.
    """
    name = _name_of(answer)
    try:
        with _silenced():
            verdict = _judge(name, answer)
    except KeyError as error:
        raise NotAnExercise(error.args[0]) from None
    if _notebook():
        _display(verdict, _note(name, verdict), _picture(verdict))
    elif verdict.passed:
        _show(verdict)
    if not verdict.passed:
        raise CheckFailed(verdict) from None
    earned, most = getattr(verdict, "earned", None) or (None, None)
    return None if earned == most else earned


def judge_with(judge: Judge) -> None:
    """Let `check` ask another judge than the one in this process, such as one behind a pipe."""
    global _judge
    _judge = judge


def start_review() -> None:
    """From here on the checks of this notebook are a review: on inputs drawn anew, too, and noted as a review's.

    The review notebook that `course review` makes begins with it. In a graded run nothing happens.
    """
    global _review
    if not graded():
        _review = secrets.randbelow(2**31)


def graded() -> bool:
    """Whether nobody sits before this notebook: nbgrader runs it, or a judge that is elsewhere."""
    return "NBGRADER_EXECUTION" in os.environ or _judge is not _local_judge


def _local_judge(name: str, answer: Any) -> Verdict:
    # by name: this package stands below the judge's and can be used where there is none
    with usual_world():  # in another one even the import may fail
        fresh = {} if _review is None else {"seed": _review, "hidden": True}
        return importlib.import_module("autograder.judge").judge(name, answer, **fresh)


_judge: Judge = _local_judge
_review: int | None = None  # what a review draws its inputs from


def _name_of(answer: Any) -> str:
    first = answer[0] if isinstance(answer, tuple) and answer else answer
    name = getattr(first, "__name__", None)
    if callable(first) and isinstance(name, str):
        return name
    raise NotAnExercise(
        f"check() was given a value of type {type(first).__name__}; expected the function or class of an exercise, "
        "without calling it: check(softmax), not check(softmax(x, 0))."
    )


def _notebook() -> Any:
    """The IPython kernel's shell when its outputs are shown as a notebook to a person; else None.

    Under nbgrader a failed cell is read as text, so the message has to be in the error itself.
    """
    if "IPython" not in sys.modules or "NBGRADER_EXECUTION" in os.environ:
        return None
    shell = sys.modules["IPython"].get_ipython()
    return shell if hasattr(shell, "kernel") else None


def _note(name: str, verdict: Verdict) -> str:
    """Write a check at the learner's desk down, and give the line of help that is due; empty anywhere else."""
    try:
        desk = record.find_desk()
        if desk is None:
            return ""
        kind = record.CHECK if _review is None else record.REVIEW
        record.append(desk, [(name, verdict.status, getattr(verdict, "mistake", None))], kind)
        due = verdict.status in record.ATTEMPTS
        return next_help(desk, name, record.read(desk).failures(name)) if due else ""
    except Exception:  # whatever has become of the record or the lessons, the verdict is what counts
        return ""


def _picture(verdict: Verdict) -> str:
    """An HTML image of what came beside what was expected, where one explains more than words; else empty."""
    try:
        contrast = getattr(verdict, "contrast", None)
        if contrast is None:
            return ""
        plots = importlib.import_module("course_utils.plots.contrast")  # matplotlib: only for a picture
        return plots.plot_contrast(contrast.what, contrast.got, contrast.want, contrast.each).img()
    except Exception:  # a learner's cells can break what draws, and the message says it all in words
        return ""


def _show(verdict: Verdict) -> None:
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
        _display(verdict)
    else:
        print(verdict.message)


def _display(verdict: Verdict, advice: str = "", picture: str = "") -> None:
    display = importlib.import_module("IPython.display").display
    text = "\n  ".join(filter(None, (verdict.message, advice)))
    display({"text/plain": text, "text/html": card(verdict, advice, picture)}, raw=True)


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Keep what the learner's code shows while it is judged out of the cell.

    A grader takes anything on a check cell's stderr for a failure, and a print inside a function would come once
    for every call. Loggers hold on to the notebook's own streams, and libraries write to the file descriptor, so
    replacing ``sys.stderr`` is not enough.
    """
    shell = "IPython" in sys.modules and sys.modules["IPython"].get_ipython()
    with contextlib.ExitStack() as stack:
        if shell and hasattr(shell, "kernel"):
            for stream in (sys.stdout, sys.stderr):
                stack.enter_context(patch.object(stream, "write", len))
            capture = importlib.import_module("IPython.utils.capture").capture_output
            stack.enter_context(capture())
            sink, saved = os.open(os.devnull, os.O_WRONLY), os.dup(2)
            os.dup2(sink, 2)
            stack.callback(lambda: (os.dup2(saved, 2), os.close(saved), os.close(sink)))
        yield


def _prepare() -> None:
    with contextlib.suppress(Exception), _silenced(), usual_world():  # whatever fails here fails again where it is told
        for name in _SLOW:
            importlib.import_module(name)


def _prepare_when_idle() -> None:
    """Import what is slow while the learner reads: between two cells, or while a cell awaits something."""
    with contextlib.suppress(RuntimeError):  # no event loop
        asyncio.get_running_loop().call_later(IDLE, _prepare)


if _notebook():
    _prepare_when_idle()
