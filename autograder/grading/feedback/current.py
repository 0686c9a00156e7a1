"""Which feedback pages are up to date: made from what is in the gradebook, and in the graded notebook, now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.apps.nbgraderapp import NbGraderApp
from sqlalchemy import select

from autograder.grading.feedback import html
from autograder.grading.gradebook import deadlines, withdrawn
from autograder.grading.results import RESULTS, judge_version
from autograder.notebooks.files import PRIVATE, write_whole

_FILE = "pages"
_RENDER = ("nbgrader", "nbconvert", "bleach", "mistune", "pygments")


class Pages:
    """The feedback pages of a lesson, and from what they were made; kept in autograder/results/LESSON/pages.

    Args:
        course: nbgrader's application, as `read_course` gives it.
        pages: student -> where the page is.
    """

    def __init__(self, course: NbGraderApp, lesson: str, pages: Mapping[str, Path]):
        root = Path(course.coursedir.root)
        self._pages = pages
        self._made_from = _made_from(course, root, lesson, pages)
        self._kept = root / RESULTS / lesson / _FILE

    def outdated(self) -> list[str]:
        """The students whose page is not there, or not what it would be now."""
        kept = _read(self._kept)
        return [name for name, page in self._pages.items() if kept.get(name) != [self._made_from[name], _digest(page)]]

    def keep(self, students: Iterable[str]) -> None:
        """Note that these have just been written."""
        made = {name: [self._made_from[name], _digest(self._pages[name])] for name in students}
        self._kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(self._kept, _read(self._kept) | made)


def notes_of(root: Path, student: str) -> list[Path]:
    """The files in which `Pages` notes something of the student."""
    return [path for path in sorted((root / RESULTS).glob(f"*/{_FILE}")) if student in _read(path)]


def drop(notes: Iterable[Path], student: str) -> None:
    """Take the student out of these files, as `notes_of` gives them."""
    for path in notes:
        _write(path, {name: made for name, made in _read(path).items() if name != student})


def _read(path: Path) -> dict[str, list]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, kept: Mapping[str, list]) -> None:
    write_whole(path, json.dumps(kept), PRIVATE, aside=path.parent)


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _made_from(course: NbGraderApp, root: Path, lesson: str, students: Iterable[str]) -> dict[str, str]:
    """Student -> a digest of all that the page is made of."""
    settings = [root / "nbgrader_config.py", *(root / "autograder" / file for file in (deadlines.FILE, withdrawn.FILE))]
    templates = sorted(path for path in html.TEMPLATES.rglob("*") if path.is_file())
    of_all = [judge_version(), *map(version, _RENDER), *map(_digest, [*settings, *templates])]
    maxima = [
        select(kind.name, kind.max_score)
        .join(Notebook, kind.notebook_id == Notebook.id)
        .join(Assignment, Notebook.assignment_id == Assignment.id)
        .where(Assignment.name == lesson)
        .order_by(kind.name)
        for kind in (GradeCell, TaskCell)
    ]
    entry, paper = SubmittedAssignment, SubmittedNotebook
    about = [entry.timestamp, entry.late_submission_penalty, entry.extension, Assignment.duedate]
    marks = [Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade]
    said = [Comment.auto_comment, Comment.manual_comment]
    of_each = [
        select(entry.student_id, *about).join(Assignment, entry.assignment_id == Assignment.id),
        *(
            select(entry.student_id, BaseCell.name, *what)
            .join(paper, kind.notebook_id == paper.id)
            .join(entry, paper.assignment_id == entry.id)
            .join(Assignment, entry.assignment_id == Assignment.id)
            .join(BaseCell, kind.cell_id == BaseCell.id)
            .order_by(BaseCell.name)
            for kind, what in ((Grade, marks), (Comment, said))
        ),
    ]
    with Gradebook(course.coursedir.db_url, course.coursedir.course_id) as gradebook:
        of_all += [repr(gradebook.db.execute(query).all()) for query in maxima]
        found: dict[str, list] = {name: [*of_all] for name in students}
        for query in of_each:
            for student, *values in gradebook.db.execute(query.where(Assignment.name == lesson)):
                if student in found:
                    found[student].append(repr(values))
    for student, parts in found.items():
        folder = Path(course.coursedir.format_path(course.coursedir.autograded_directory, student, lesson))
        parts.append(_digest(folder / f"{lesson}.ipynb"))
    return {student: hashlib.sha256(repr(parts).encode()).hexdigest() for student, parts in found.items()}
