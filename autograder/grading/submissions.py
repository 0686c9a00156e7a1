"""What was handed in: the notebooks in autograder/submitted/STUDENT/LESSON/, where nbgrader puts them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from autograder.grading.collect.students import shown
from autograder.grading.collect.times import NoTime, read_time
from autograder.notebooks.files import TIMESTAMP
from autograder.notebooks.reading import Unreadable, read_file

LONGEST_NAME = 128  # bytes: what the gradebook's column holds


class NothingToGrade(Exception):
    """There is no submission; the text says where one is expected."""


@dataclass(frozen=True)
class Submission:
    """What a student handed in for a lesson, and where it is."""

    student: str
    lesson: str
    folder: Path


@dataclass(frozen=True)
class Content:
    """A submission's bytes. ``data`` is None where there is nothing to grade; the warnings say why."""

    data: bytes | None
    submitted_at: datetime | None
    warnings: tuple[str, ...]


def find_submissions(submitted: Path, lessons: Sequence[str], students: str = "*") -> list[Submission]:
    """The submissions for ``lessons`` of the students whose names match the pattern, by lesson and student.

    Raises:
        NothingToGrade: there are none.
    """
    names = sorted(entry.name for entry in os.scandir(submitted)) if submitted.is_dir() else []
    names = [name for name in names if not name.startswith(".") and fnmatchcase(name, students)]
    found = [
        Submission(student, lesson, submitted / student / lesson)
        for lesson in lessons
        for student in names
        if _is_there(submitted / student / lesson)
    ]
    if not found:
        raise NothingToGrade(
            f"There are no submissions for {', '.join(lessons)} of students that match {students!r}. Expected "
            f"{submitted}/STUDENT/{lessons[0]}/{lessons[0]}.ipynb: `course collect ARCHIVE` puts them there."
        )
    return found


def _is_there(folder: Path) -> bool:
    """Whether something is there, or may be: what cannot be looked at is not passed over in silence."""
    try:
        folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def unfit_name(student: str) -> str | None:
    """Why the name of a student's folder cannot be a student's id in the gradebook; None where it can."""
    length = len(student.encode("utf-8", "surrogateescape"))
    if student.isprintable() and "\\" not in student and length <= LONGEST_NAME:
        return None
    return (
        f"The name of its folder is no student's id; expected at most {LONGEST_NAME} bytes of printable characters, no "
        "backslash. Rename the folder."
    )


def read_content(submission: Submission) -> Content:
    """Read a submission. Nothing that is in its folder raises an error, and no link is followed."""
    warnings: list[str] = []
    try:
        if submission.folder.is_symlink() or submission.folder.parent.is_symlink():
            return Content(None, None, ("Its folder is a link, which was not followed.",))
        others = sorted((entry.name, entry.is_symlink()) for entry in os.scandir(submission.folder))
    except OSError as error:
        return Content(None, None, (f"Its folder cannot be read: {error.strerror}.",))
    for name, is_link in others:
        if is_link:
            warnings.append(f"A link was not followed: {shown(name)}.")
    submitted_at = _submitted_at(submission, warnings)
    try:
        return Content(_notebook(submission, [name for name, _ in others], warnings), submitted_at, tuple(warnings))
    except Unreadable as error:
        return Content(None, submitted_at, (*warnings, str(error)))


def _notebook(submission: Submission, names: Sequence[str], warnings: list[str]) -> bytes:
    """The notebook of the lesson's name; or, where there is none, the only one, which somebody renamed."""
    expected = f"{submission.lesson}.ipynb"
    notebooks = [name for name in names if ".ipynb" in name.lower() and not name.startswith(".")]
    if expected not in names and len(notebooks) > 1:
        which = ", ".join(map(shown, notebooks))
        raise Unreadable(
            f"{len(notebooks)} notebooks: {which}", f"one, {expected}", "Give the one that counts this name."
        )
    if expected not in names and notebooks:
        warnings.append(f"The notebook was named {shown(notebooks[0])}; expected {expected}.")
        expected = notebooks[0]
    return read_file(submission.folder / expected, submission.folder.parent.parent, warnings)


def _submitted_at(submission: Submission, warnings: list[str]) -> datetime | None:
    path = submission.folder / TIMESTAMP
    if not os.path.lexists(path):
        return None
    try:
        return read_time(read_file(path).decode("utf-8-sig")).replace(tzinfo=None)  # as nbgrader has it: UTC, unsaid
    except NoTime as error:
        why = f"{error}"
    except UnicodeDecodeError:
        why = "it is no text in UTF-8"
    except Unreadable as error:
        why = error.came
    warnings.append(f"{TIMESTAMP} holds no time that is certain, so when it was handed in is not known: {why}.")
    return None
