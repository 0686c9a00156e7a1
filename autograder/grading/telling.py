"""How far a run is: a bar in a terminal, else a line now and then for a log."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

EVERY = 10.0  # seconds between two lines, at least
GRADING, FEEDBACK = ("Grading", "submission", "graded"), ("Writing", "feedback page", "written")


@contextlib.contextmanager
def telling(console: Console, total: int, words: tuple[str, str, str] = GRADING) -> Iterator[Callable[..., None]]:
    """Tell how many of ``total`` submissions are graded; what it gives is called after each, or with how many.

    Lines go to stderr, so that what is written to a file is the summary alone.
    """
    if not console.is_terminal:
        yield _Lines(total, words)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TextColumn("left")
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(words[0].lower(), total=total)
        yield lambda more=1: progress.advance(task, more)


class _Lines:
    def __init__(self, total: int, words: tuple[str, str, str]):
        self._total, self._done = total, 0
        self._start = self._last = time.monotonic()
        doing, what, self._ended = words
        print(f"{doing} {total} {what}{'s' * (total != 1)}.", file=sys.stderr, flush=True)

    def __call__(self, more: int = 1) -> None:
        self._done += more
        now = time.monotonic()
        if now - self._last >= EVERY and 0 < self._done < self._total:
            self._last = now
            left = (now - self._start) / self._done * (self._total - self._done)
            print(
                f"{self._done} of {self._total} {self._ended}, about {_long(left)} left.", file=sys.stderr, flush=True
            )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Submissions per second, as far as that is known."""
        return Text(f"{task.finished_speed or task.speed or 0:.1f}/s")


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
