"""What was checked and predicted at the learner's desk: one line for each, in ``work/progress.jsonl``.

Lines are only ever added, each with one write at the end of the file, so that two kernels can do so at once. What
cannot be written is kept in memory, and what cannot be read is passed over: a check never fails because of its record.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

FILE = "progress.jsonl"
KEPT = "kept"  # in work/, where older copies of lessons are
DESK = "COURSE_DESK"  # the environment variable with which `course lab` says where the learner's copies are
HOME = "COURSE_HOME"  # the one with which a JupyterHub says where the course's lessons are, if not beside the copies
RESET = "reset"  # the status of an exercise whose lesson was begun anew
ASKED = "asked"  # the status of an exercise that a new review asks for
ATTEMPTS = ("wrong", "error")  # a check that found something to judge, and not right
CHECK, REVIEW, PREDICTION = "check", "review", "prediction"  # the kinds of entries
SAID, FORESAW, MISSED, SEEN = "said", "foresaw", "missed", "seen"  # what becomes of a prediction
_unwritten: list[Entry] = []


@dataclass(frozen=True)
class Entry:
    """One check: when, of which exercise, what came of it, and the known mistake where there was one.

    ``status`` is a verdict's (passed, wrong, not attempted, error), or `RESET`. The ``kind`` is `REVIEW` for a check in
    the review notebook, and for `ASKED`. For a `PREDICTION` the exercise is lesson and question; the status says that
    it was made (`SAID`), that it came true or not (`FORESAW`, `MISSED`), or that the result came first (`SEEN`); and
    the mistake is what was said.
    """

    at: str
    exercise: str
    status: str
    mistake: str | None = None
    kind: str = CHECK


@dataclass(frozen=True)
class History:
    """All entries in order, and in ``note`` what could not be read, if anything."""

    entries: tuple[Entry, ...] = ()
    note: str = ""

    def of(self, exercise: str) -> list[Entry]:
        """The checks of one exercise in its lesson, without those that found the untouched stub."""
        return [entry for entry in self.practice(exercise) if entry.kind == CHECK]

    def practice(self, exercise: str) -> list[Entry]:
        """What `of` gives, and the checks in reviews."""
        return [
            entry
            for entry in self.entries
            if entry.exercise == exercise and entry.kind != PREDICTION and entry.status != "not attempted"
        ]

    def has_passed(self, exercise: str) -> bool:
        """Whether the last attempt passed."""
        return [entry.status for entry in self.of(exercise)][-1:] == ["passed"]

    def reviewed(self, exercise: str) -> bool:
        """Whether it has passed in a review since one last asked for it."""
        passed = False
        for entry in self.practice(exercise):
            if entry.kind == REVIEW:
                passed = entry.status == "passed" or (passed and entry.status != ASKED)
        return passed

    def failures(self, exercise: str) -> int:
        """How many attempts have failed since it passed last, or since its lesson was begun anew."""
        count = 0
        for entry in self.practice(exercise):
            count = count + 1 if entry.status in ATTEMPTS else 0
        return count

    def overcome(self, exercise: str) -> list[str]:
        """The mistakes that failed an attempt before one passed, each once."""
        entries = self.of(exercise)
        last = max((i for i, entry in enumerate(entries) if entry.status == "passed"), default=0)
        return list(dict.fromkeys(entry.mistake for entry in entries[:last] if entry.mistake))

    def predictions(self) -> dict[str, list[Entry]]:
        """What became of each prediction since its lesson was begun (or begun anew), by lesson and question."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.kind == PREDICTION:
                found[entry.exercise] = [] if entry.status == RESET else [*found.get(entry.exercise, []), entry]
        return found

    def foreseen(self) -> tuple[int, int]:
        """How many predictions came true, of how many that were made before the result was there."""
        settled = [
            next((entry.status for entry in entries if entry.status in (FORESAW, MISSED)), None)
            for entries in self.predictions().values()
        ]
        return settled.count(FORESAW), settled.count(FORESAW) + settled.count(MISSED)


def notebook_folder() -> Path:
    """The folder of the running notebook, also where its code has changed the working directory."""
    named = Path(os.environ.get("JPY_SESSION_NAME", ""))  # Jupyter's server gives a kernel its notebook's path
    return named.parent.resolve() if named.is_absolute() else Path.cwd()


def find_desk() -> Path | None:
    """The learner's ``work/`` that the running notebook lies in; None for a notebook that lies elsewhere."""
    with contextlib.suppress(OSError):  # a working directory can be deleted
        here = notebook_folder()
        named = os.environ.get(DESK)
        if named and here.is_relative_to(Path(named).resolve()):
            return Path(named)
        for folder in (here, *here.parents):
            course = folder.parent
            if folder.name == "work" and (course / "nbgrader_config.py").is_file() and (course / "lessons").is_dir():
                return folder
    return None


def lesson_here(desk: Path) -> str:
    """The folder of ``desk`` that the running notebook lies in, such as ``"07_layers"``; empty for ``desk`` itself."""
    with contextlib.suppress(OSError, ValueError):
        return "".join(notebook_folder().relative_to(desk.resolve()).parts[:1])
    return ""


def course_of(desk: Path) -> Path:
    """The folder that holds ``lessons/``: the one that has the learner's ``work/``, or the one a JupyterHub names."""
    home, named = os.environ.get(HOME), os.environ.get(DESK)
    return Path(home) if home and named and Path(named).resolve() == desk.resolve() else desk.parent


def append(desk: Path, statuses: Iterable[tuple[str, str, str | None]], kind: str = CHECK) -> None:
    """Add entries of one kind, each given as (exercise, status, mistake), with the time that it is now."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    entries = [Entry(now, *status, kind) for status in statuses]
    lines = "".join(json.dumps(asdict(entry)) + "\n" for entry in entries).encode()
    try:
        with (desk / FILE).open("a+b", buffering=0) as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                lines = lines if file.read(1) == b"\n" else b"\n" + lines  # a full disk had cut the last line short
            if file.write(lines) < len(lines):
                raise OSError("no room for the whole line")
    except OSError:
        _unwritten.extend(entries)


def read(desk: Path) -> History:
    """What was recorded, in ``work/`` and in this process. A file of which no line can be read is put aside."""
    entries, note = _read_file(desk / FILE)
    return History((*entries, *_unwritten), note)


def _read_file(path: Path) -> tuple[list[Entry], str]:
    try:
        entries, damaged = entries_in(path.read_bytes())
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"{path.name} cannot be read ({error.strerror})."
    if damaged and not entries:
        aside = path.with_name(f"progress-damaged-{datetime.now():%Y-%m-%d-%H%M%S}.jsonl")
        with contextlib.suppress(OSError):
            path.rename(aside)
            return [], f"{path.name} was damaged. It is kept as {aside.name}, and a new one begins."
    return entries, f"{path.name} has lines that cannot be read: {damaged}. They were passed over." if damaged else ""


def entries_in(data: bytes) -> tuple[list[Entry], int]:
    """The entries in a file's bytes, and how many lines are none."""
    lines = [line for line in data.splitlines() if line.strip()]
    entries = [entry for line in lines if (entry := _entry(line))]
    return entries, len(lines) - len(entries)


def _entry(line: bytes) -> Entry | None:
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        entry = Entry(**json.loads(line))
        texts = (entry.at, entry.exercise, entry.status, entry.kind)
        if all(isinstance(text, str) for text in texts) and isinstance(entry.mistake, str | None):
            return entry
    return None
