"""Forget a student: remove a person from all that the course keeps, and say what others have."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default import Exchange
from nbgrader.utils import notebook_hash
from sqlalchemy import delete

from autograder.grading.collect.students import plain
from autograder.grading.feedback.current import drop, notes_of
from autograder.grading.gradebook.deadlines import FILE as DEADLINES
from autograder.grading.gradebook.deadlines import read_toml
from autograder.grading.gradebook.exchange import secret_in
from autograder.grading.gradebook.memory import MEMORY
from autograder.grading.gradebook.settings import open_gradebook, read_course
from autograder.grading.people.book import BOOK, Book
from autograder.grading.report.page import REPORTS
from autograder.grading.results import RESULTS
from autograder.notebooks.course import CourseError
from autograder.notebooks.files import write_private


@dataclass
class Kept:
    """What there is of a student.

    Attributes:
        paths: files and folders of the course's.
        notes: the course's files on feedback pages, of many, in which the student is.
        in_book: whether people.json has the person.
        in_deadlines: whether deadlines.toml names the person.
        submissions: how many nbgrader's gradebook has; None where it does not know the student.
        exchanged: files and folders in nbgrader's exchange.
        by_server: whether nbgrader's exchange is a server, of whose files this program knows nothing.
        log: nbgrader's log, if it names the student.
    """

    student: str
    paths: list[Path] = field(default_factory=list)
    notes: list[Path] = field(default_factory=list)
    in_book: bool = False
    in_deadlines: bool = False
    submissions: int | None = None
    exchanged: list[Path] = field(default_factory=list)
    by_server: bool = False
    log: Path | None = None

    def ours(self, root: Path) -> list[str]:
        """A line for each place in which the course has the student."""
        lines = [str(path.relative_to(root)) + "/" * path.is_dir() for path in self.paths]
        lines += [f"{path.relative_to(root)}: the entry {self.student}" for path in self.notes]
        lines += [f"{BOOK.as_posix()}: the entry {self.student}"] * self.in_book
        return lines + [f"autograder/{DEADLINES}: the lines of {self.student}"] * self.in_deadlines

    def nbgraders(self) -> list[str]:
        """A line for each place in which nbgrader has the student."""
        lines = []
        if self.submissions is not None:
            many = "submission" if self.submissions == 1 else "submissions"
            lines.append(f"nbgrader's gradebook: the student, and {self.submissions} {many} with grades and comments")
        return lines + [f"nbgrader's exchange: {path}" for path in self.exchanged]


def find(root: Path, student: str) -> Kept:
    """All that there is of a student, by the id that nbgrader has.

    Raises:
        CourseError: there is nothing; the text names who may be meant. Or deadlines.toml cannot be read.
    """
    if student in ("", ".", "..") or "/" in student or "\\" in student:
        raise CourseError(f"{student!r} is no student's id; expected the name of a folder in autograder/submitted.")
    course, book, kept = read_course(root), Book(root), Kept(student)
    folders = course.coursedir
    where = folders.submitted_directory, folders.autograded_directory, folders.feedback_directory
    paths = [Path(folders.root, folder, student) for folder in where]
    paths += [folder / f"{student}.json" for folder in sorted((root / RESULTS).glob("*/"))]
    kept.paths = [path for path in paths if path.is_symlink() or path.exists()]
    kept.notes = notes_of(root, student)
    kept.in_book = student in book.people
    kept.in_deadlines = any(student in students for students in _students(read_toml(root, DEADLINES)))
    with open_gradebook(folders) as gradebook:
        try:
            kept.submissions = len(gradebook.find_student(student).submissions)
        except MissingEntry:
            kept.submissions = None
    exchange = Path(Exchange(parent=course, config=course.config).root, folders.course_id)
    kept.exchanged = sorted(_exchanged(exchange, Path(folders.root), where, student))
    kept.by_server = not issubclass(ExchangeFactory(parent=course).collect, Exchange)
    log = root / ".nbgrader.log"
    named = re.compile(rf"(?<![\w.@-]){re.escape(student)}(?![\w@-])")
    if log.is_file() and named.search(log.read_text(encoding="utf-8", errors="replace")):
        kept.log = log
    if not kept.ours(root) and not kept.nbgraders():
        called = [person.student for person in book if plain(person.name).casefold() == plain(student).casefold()]
        hint = f" Is {' or '.join(called)} meant?" if called else ""
        raise CourseError(f"Nothing is known of {student}: no submission, no grade, no entry in people.json.{hint}")
    if (root / REPORTS).exists():
        kept.paths.append(root / REPORTS)  # pages that name people, which `course report` makes anew
    return kept


def forget(root: Path, kept: Kept, nbgrader: bool) -> list[str]:
    """Remove what the course keeps, and with ``nbgrader`` what nbgrader has.

    Returns:
        Sentences on what could not be removed by a program.

    Raises:
        OSError: the disk refuses; the same again goes on.
    """
    left = []
    if kept.by_server:
        left.append(f"nbgrader's exchange, ngshare: it has what {kept.student} handed in by it. Ask whoever runs it.")
    if nbgrader:
        if kept.submissions is not None:
            with open_gradebook(read_course(root).coursedir) as gradebook:
                _remove_from(gradebook, kept.student)
        for path in kept.exchanged:
            _remove(path)
    if kept.in_deadlines and not _cut_deadlines(root, kept.student):
        left.append(f"autograder/{DEADLINES} names {kept.student}: take that out yourself, it is as it was.")
    for path in kept.paths:
        _remove(path)
    drop(kept.notes, kept.student)
    if kept.in_book:
        book = Book(root)
        del book.people[kept.student]
        book.save()
    return left


def _exchanged(exchange: Path, root: Path, where: tuple[str, ...], student: str) -> Iterator[Path]:
    """What the exchange has: what was handed in, and feedback, which it finds by the submission's secret."""
    if (exchange / "inbound").is_dir():
        yield from (path for path in (exchange / "inbound").iterdir() if path.name.rsplit("+", 3)[0] == student)
    secrets = set()
    for folder in where:
        for lesson in (root / folder / student).glob("*/"):
            secrets.add((lesson.name, secret_in(lesson)))
    for inbound in (exchange / "inbound").glob("*/"):
        if inbound.name.rsplit("+", 3)[0] == student:
            secrets.add((inbound.name.rsplit("+", 3)[1], secret_in(inbound)))
    for lesson, secret in secrets:
        page = secret and exchange / "feedback" / f"{notebook_hash(secret=secret, notebook_id=lesson)}.html"
        if page and page.exists():
            yield page


def _remove_from(gradebook: Gradebook, student: str) -> None:
    """The student, all submissions, and what the course remembers of their rows."""
    rows = []
    for submission in gradebook.find_student(student).submissions:
        rows.append(submission.id)
        rows += [grade.id for notebook in submission.notebooks for grade in notebook.grades]
    gradebook.db.execute(delete(MEMORY).where(MEMORY.c.row_id.in_(rows)))
    gradebook.remove_student(student)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _students(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables of students, by lesson."""
    for lesson in said.values():
        students = lesson.get("students") if isinstance(lesson, dict) else None
        if isinstance(students, dict):
            yield students


def _cut_deadlines(root: Path, student: str) -> bool:
    """Take the student's lines out of deadlines.toml, if that changes nothing else; whether it did."""
    path = root / "autograder" / DEADLINES
    wanted = read_toml(root, DEADLINES)
    for students in _students(wanted):
        students.pop(student, None)
    name = rf"(?:{re.escape(student)}|\"{re.escape(student)}\"|'{re.escape(student)}')"
    lines, table, kept = path.read_text(encoding="utf-8-sig").splitlines(keepends=True), "", []
    for line in lines:
        if line.lstrip().startswith("["):
            table = line.split("#")[0].strip()
        of_student = re.search(rf"\.\s*students\s*\.\s*{name}\s*\]$", table)
        is_line = re.search(r"\.\s*students\s*\]$", table) and re.match(rf"\s*{name}\s*[=.]", line)
        if not of_student and not is_line:
            kept.append(line)
    text = "".join(kept)
    try:
        same = tomllib.loads(text) == wanted or _without_empty(tomllib.loads(text)) == _without_empty(wanted)
    except ValueError:
        return False
    if same:
        write_private(path, text)
    return same


def _without_empty(said: dict[str, Any]) -> dict[str, Any]:
    """The same, without tables of no students, which say nothing."""
    lessons = {name: dict(value) if isinstance(value, dict) else value for name, value in said.items()}
    for lesson in lessons.values():
        if isinstance(lesson, dict) and lesson.get("students") == {}:
            del lesson["students"]
    return {name: value for name, value in lessons.items() if value != {}}
