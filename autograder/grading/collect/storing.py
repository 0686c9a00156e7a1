"""Write a submission where nbgrader has it, and lose nothing of what stood there."""

from __future__ import annotations

import itertools
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from autograder.grading.collect.choosing import Lessons, Notebook
from autograder.grading.collect.times import NoTime, read_time
from autograder.notebooks.files import SECRET, TIMESTAMP

SUBMITTED = Path("autograder", "submitted")
ASIDE = ".replaced"  # in a student's folder; nbgrader's globs pass over hidden names


class NotStored(Exception):
    """A submission that was not written; the text says why."""


def store(notebook: Notebook, folder: Path, lessons: Lessons) -> Path | None:
    """Write a submission whole or not at all, and move aside what stands in its place.

    Args:
        folder: the student's.

    Returns:
        Where what was there is now; None where nothing was.

    Raises:
        NotStored: what is there stays, for the reason given.
        Unchanged: it is there already.
        OSError: the disk refuses.
    """
    lesson, student = notebook.lesson, folder.name
    target = folder / lesson
    if folder.is_symlink() or target.is_symlink():
        raise NotStored(f"the folder {SUBMITTED.as_posix()}/{student} is a link, or has one")
    aside = None
    if target.exists():
        old, old_time = target / f"{lesson}.ipynb", _time_of(target)
        if old.is_file() and not old.is_symlink():
            data = old.read_bytes()
            if data == notebook.data:
                raise Unchanged
            if not notebook.answered and lessons.is_answered(lesson, data):
                raise NotStored(f"no exercise of {lesson} is answered in it, and what {student} has there has answers")
        if old_time > notebook.time:
            raise NotStored(f"older than what {student} has for {lesson}, which stays")
        names = (
            f"{old_time:%Y-%m-%dT%H-%M-%S}{end}" for end in itertools.chain([""], map("-{}".format, itertools.count(2)))
        )
        aside = next(path for name in names if not (path := folder / ASIDE / lesson / name).exists())
    new = folder / f".new-{lesson}"
    shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
    new.mkdir(parents=True)
    (new / f"{lesson}.ipynb").write_bytes(notebook.data)
    (new / TIMESTAMP).write_text(written(notebook.time), encoding="utf-8")
    if notebook.secret:
        (new / SECRET).write_bytes(notebook.secret)
    if aside:
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.rename(target, aside)
    os.rename(new, target)
    return aside


class Unchanged(Exception):
    """A submission that is there already, with the same bytes."""


def written(time: datetime) -> str:
    """A time as nbgrader writes it."""
    return f"{time:%Y-%m-%d %H:%M:%S{'.%f' if time.microsecond else ''}} UTC"


def _time_of(submission: Path) -> datetime:
    """When a submission was handed in: what its timestamp says, or when the folder was last changed."""
    try:
        return read_time((submission / TIMESTAMP).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, NoTime):
        return datetime.fromtimestamp(int(submission.stat().st_mtime), UTC)
