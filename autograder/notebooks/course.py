"""The course's folder: where it is, which lessons it has, and which one of them a person means."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from course_utils.record import DESK, HOME

START = "start"  # the start notebook, which is no lesson and lies beside them
CLINIC = "clinic"  # the lesson without a number, after all others: programs that run and are wrong
REVIEW = "review"  # the review notebook, which `course review` makes in work/
KEPT = "kept"  # in work/, where a learner's older copies are
WORK = "work"  # where a learner's copies are
_MARKS = ("nbgrader_config.py", "course_utils")  # what the course's folder has, built or not


class CourseError(Exception):
    """Something about the course's folder that a person has to put right; the text says what."""


def find_root(start: Path) -> Path:
    """The course's folder: ``start``, or the nearest folder above it that holds a course, or the one of a JupyterHub.

    Raises:
        CourseError: there is none.
    """
    named = os.environ.get(HOME)
    for folder in (start, *start.parents):
        if all((folder / mark).exists() for mark in _MARKS):
            return folder
        if named and folder == Path.home():  # above it nothing is a person's own
            break
    if named:
        return Path(named).expanduser()
    home = Path(__file__).parents[2]
    if not (home / _MARKS[0]).exists():  # an installed package knows of no course's folder
        what = "the clone of its repository, with lessons/ and source/ in it"
        raise CourseError(f"{start} is not inside the course's folder: {what}. Go there first.")
    raise CourseError(f"{start} is not inside the course's folder. Go there first:\n  cd {home}")


def lesson_folders(folder: Path) -> list[Path]:
    """The lessons' folders in ``lessons/``, ``solutions/`` or ``work/``, in order: by number, then `CLINIC`."""
    found = [path for pattern in ("[0-9][0-9]_*", CLINIC) for path in sorted(folder.glob(pattern))]
    return [path for path in found if path.is_dir()]


def work_of(root: Path) -> Path:
    """Where the learner's copies of the lessons are: ``work/`` beside them, or where a JupyterHub has it."""
    home, desk = os.environ.get(HOME), os.environ.get(DESK)
    return Path(desk) if home and desk and Path(home).resolve() == root.resolve() else root / WORK


def released_lessons(root: Path) -> list[str]:
    """The names of the released lessons of the course in ``root``, such as ``"07_layers"``, in order.

    Raises:
        CourseError: there are none.
    """
    names = [path.name for path in lesson_folders(root / "lessons")]
    if not names:
        raise CourseError(f"{root / 'lessons'} holds no lessons. Write them from source/ with:\n  course build")
    return names


def released_notebook(root: Path, name: str) -> Path:
    """Where the notebook of a released lesson, or of the start notebook, is."""
    return root / "lessons" / f"{name}.ipynb" if name == START else root / "lessons" / name / f"{name}.ipynb"


def meant_lesson(name: str, known: Sequence[str]) -> str:
    """The one of the ``known`` lessons that a person means: ``07_layers``, ``7``, ``07``, ``layers``, ``work/7/``.

    Raises:
        CourseError: none fits, or more than one; the text names the nearest.
    """
    short = Path(name.rstrip("/\\")).name.removesuffix(".ipynb").lower()
    number = re.fullmatch(r"0*(\d+)", short)
    for fits in (
        lambda lesson: lesson == short,
        lambda lesson: bool(number) and lesson.startswith(f"{int(number[1]):02}_"),
        lambda lesson: bool(short) and (lesson.partition("_")[2] or lesson).startswith(short),
    ):
        found = [lesson for lesson in known if fits(lesson)]
        if len(found) == 1:
            return found[0]
    titles = {lesson.partition("_")[2] or lesson: lesson for lesson in known}
    near = [titles.get(match, match) for match in difflib.get_close_matches(short, [*known, *titles], n=3)]
    raise CourseError(f"There is no lesson {name}. Did you mean: {', '.join(dict.fromkeys(near)) or ', '.join(known)}?")
