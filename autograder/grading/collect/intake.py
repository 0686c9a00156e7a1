"""Collect what a learning platform exports into nbgrader's folder of submissions, and lose nobody's work."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from datetime import tzinfo
from pathlib import Path

from autograder.grading.collect.choosing import Lessons, Notebook
from autograder.grading.collect.collected import Collected
from autograder.grading.collect.identify import Students
from autograder.grading.collect.storing import ASIDE, SUBMITTED, NotStored, Unchanged, store, written
from autograder.grading.collect.students import safe_id, shown
from autograder.grading.collect.taking import Taking
from autograder.grading.people.book import Book, HandedIn
from autograder.notebooks.course import CourseError, released_lessons
from autograder.notebooks.files import make_private


def collect(
    archives: Sequence[Path],
    root: Path,
    lesson: str | None = None,
    zone: tzinfo | None = None,
    student: str | None = None,
    exchange: bool = False,
) -> Collected:
    """Put each student's newest notebook of each lesson at ``autograder/submitted/STUDENT/LESSON/LESSON.ipynb``.

    A submission that is there already is moved to ``STUDENT/.replaced/LESSON/``, unless it is the same, or newer, or
    has answers where the new one has none: then it stays. Each is written whole or not at all. No notebook is run.
    What is not certain, whose it is or which one counts, is named and left. Who is who is kept in
    ``autograder/people.json``.

    Args:
        archives: zips, tars, folders, notebooks, as `platforms` has their names.
        root: the course, in which ``lessons/`` has the lessons.
        lesson: collect this one alone; a student's notebook that is no lesson's is taken for it too.
        zone: of times that a zip or a platform has without one; None for this machine's.
        student: whose all of it is, because a person says so.
        exchange: collect from nbgrader's exchange too.

    Raises:
        CourseError: people.json cannot be read, or the exchange; ``student`` is no student's id, or there are files of
            several people.
    """
    book = Book(root)
    if student is not None:
        _check_student(student, book)
    with tempfile.TemporaryDirectory() as spool:
        taking = Taking(Lessons(root, lesson), zone, book, student, Path(spool))
        if exchange:
            from autograder.grading.gradebook.exchange import take_out  # nbgrader, which archives need not wait for

            inbound = Path(spool) / "inbound"
            inbound.mkdir()
            came = take_out(root, [lesson] if lesson else released_lessons(root), inbound)
            taking.collected.sentences += came.warnings
            for name, why in came.timeless:
                taking.collected.refuse(name, why)
            if any(inbound.glob("*+*")):
                archives = [*archives, inbound]
            elif not came.timeless:
                taking.collected.sentences.append("Nothing has been handed in by the exchange yet.")
        per_student = len(archives) > 1 and any(taking.layout(archive).by_archive for archive in archives)
        for archive in archives:
            taking.read(archive, per_student)
        taking.say_from_whom_nothing()
        students = Students(book, root / SUBMITTED)
        decided = list(taking.decide(students))
        taking.collected.sentences += students.sentences
        book.save()  # before anything is stored under a name that only the book explains
        for whose, notebook in sorted(decided, key=lambda one: (one[0], one[1].lesson)):
            _store(whose, notebook, root, taking, book)
    book.save()
    make_private(root / SUBMITTED)
    _say_who_is_missing(root, book, taking.collected, {notebook.lesson for _, notebook in decided})
    return taking.collected


def _check_student(student: str, book: Book) -> None:
    if safe_id(student) != student:
        raise CourseError(f"{shown(student)} is no student's id; expected letters, digits and _.@- as in jdoe.")
    if book.has_roster and not (student in book.people and book.people[student].on_roster):
        raise CourseError(f"{student} is not on the roster. `course roster list` prints who is.")


def _store(student: str, notebook: Notebook, root: Path, taking: Taking, book: Book) -> None:
    collected, owner, lesson = taking.collected, notebook.owner, notebook.lesson
    try:
        aside = store(notebook, root / SUBMITTED / student, taking.lessons)
        collected.stored.append((student, lesson))
        if aside:
            collected.replaced += 1
            collected.sentences.append(f"{student}, {lesson}: what was there is now in {ASIDE}/{lesson}/{aside.name}.")
    except Unchanged:
        collected.unchanged += 1
    except NotStored as error:
        collected.refuse(notebook.name, str(error))
        return
    except OSError as error:
        collected.refuse(notebook.name, f"it cannot be written ({error.strerror or error})")
        return
    collected.late += owner.late
    book.person(student).submissions[lesson] = HandedIn(
        platform=owner.platform,
        id=owner.id,
        name=owner.who,
        attempt=owner.attempt,
        submitted_at=written(notebook.time),
        late=owner.late,
        file=notebook.name,
        archive=notebook.source,
    )


def _say_who_is_missing(root: Path, book: Book, collected: Collected, lessons: Collection[str]) -> None:
    """With a roster, name who handed nothing in, for each lesson that something was collected of."""
    for name in sorted(lessons):
        missing = [
            f"{shown(person.name)} ({person.student})"
            for person in sorted(book, key=lambda one: (one.last_name, one.first_name, one.student))
            if person.on_roster and not (root / SUBMITTED / person.student / name).exists()
        ]
        if missing:
            collected.sentences.append(f"{name}: nothing from {len(missing)} on the roster: {', '.join(missing)}.")
