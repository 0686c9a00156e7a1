"""A submission's rows in nbgrader's tables, brought to what they should be with few queries and no commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from nbgrader.api import (
    Assignment,
    Base,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    SolutionCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from autograder.grading.gradebook.deadlines import Deadline
from autograder.grading.gradebook.late import Penalty
from autograder.grading.gradebook.memory import MEMORY, followed, remember


class Cell(NamedTuple):
    """A grade cell: its id in the gradebook, and what it is worth."""

    id: str
    max_score: float


@dataclass(frozen=True)
class Cells:
    """A lesson in the gradebook: the ids of its assignment, its notebook, and by name its cells; when it is due."""

    assignment: str
    notebook: str
    due: datetime | None
    grades: Mapping[str, Cell]
    solutions: Mapping[str, str]


class Mark(NamedTuple):
    """What a grade cell gets.

    Attributes:
        points: None where only a person can give them.
        answer: a digest of what was graded: as long as it is the same, a person's grade stands.
        to_read: whether a person has to.
        withdrawn: whether the points are everybody's, so that a person's are set aside.
    """

    points: float | None
    answer: str
    to_read: bool
    withdrawn: bool = False


@dataclass(frozen=True)
class Entry:
    """A graded submission, by the gradebook's ids.

    Attributes:
        submitted_at: in UTC, naive, as nbgrader keeps it.
        marks: a grade cell's id -> what it gets.
        comments: a solution cell's id -> the automatic comment.
    """

    student: str
    cells: Cells
    submitted_at: datetime | None
    marks: Mapping[str, Mark]
    comments: Mapping[str, str | None]


def read_cells(db: Session, lesson: str) -> Cells | None:
    """The lesson as it is in the gradebook; None where it isn't."""
    where = (Notebook.name == lesson) & (Assignment.name == lesson)
    query = select(Assignment.id, Notebook.id, Assignment.duedate).join(
        Notebook, Notebook.assignment_id == Assignment.id
    )
    found = db.execute(query.where(where)).first()
    if found is None:
        return None
    assignment, notebook, due = found
    grades = db.execute(
        select(GradeCell.name, GradeCell.id, GradeCell.max_score).where(GradeCell.notebook_id == notebook)
    )
    solutions = db.execute(select(SolutionCell.name, SolutionCell.id).where(SolutionCell.notebook_id == notebook))
    by_name = {name: Cell(cell, max_score) for name, cell, max_score in grades}
    return Cells(assignment, notebook, due, by_name, dict(solutions.all()))


def set_due(db: Session, lesson: str, due: datetime | None) -> None:
    """Give a lesson the due date that deadlines.toml has; where it has none, one that others gave stays."""
    query = select(Assignment.id, Assignment.duedate, MEMORY.c.due).outerjoin(MEMORY, MEMORY.c.row_id == Assignment.id)
    assignment, found, remembered = db.execute(query.where(Assignment.name == lesson)).one()
    new = followed(due, found, remembered)
    if new != found:
        db.execute(update(Assignment.__table__).where(Assignment.__table__.c.id == assignment).values(duedate=new))
    if due != remembered:
        remember(db, {assignment: {"due": due}})


def write(db: Session, entry: Entry, deadline: Deadline, penalty: Penalty) -> None:
    """Bring the rows of a submission up to date; those that are stay untouched, and so does what a person gave.

    Raises:
        PenaltyError: of ``penalty``.
    """
    if db.execute(select(Student.id).where(Student.id == entry.student)).first() is None:
        db.execute(insert(Student.__table__).values(id=entry.student))
    submission, seconds_late, known = _submission(db, entry, deadline)
    notebook, found = _submitted_notebook(db, submission, entry.cells.notebook)
    _write_grades(db, notebook, entry.marks, known)
    _write_comments(db, notebook, entry.comments)
    points = None
    if seconds_late > 0 and entry.student not in deadline.excused:
        score = db.execute(
            select(func.coalesce(func.sum(Grade.score), 0.0)).where(Grade.notebook_id == notebook)
        ).scalar()
        points = penalty(entry.student, score, seconds_late)
    if points != found:
        table = SubmittedNotebook.__table__
        db.execute(update(table).where(table.c.id == notebook).values(late_submission_penalty=points))


def _submission(db: Session, entry: Entry, deadline: Deadline) -> tuple[str, float, bool]:
    """The id of the submission's row, how many seconds late it is, and whether it is the one that was there before."""
    table = SubmittedAssignment.__table__
    mine = (table.c.assignment_id == entry.cells.assignment) & (table.c.student_id == entry.student)
    columns = table.c.id, table.c.timestamp, table.c.extension, MEMORY.c.extension.label("remembered")
    found = db.execute(select(*columns).outerjoin(MEMORY, MEMORY.c.row_id == table.c.id).where(mine)).first()
    wanted = deadline.extensions.get(entry.student)
    if found is None:
        row, at, extension, remembered = new_uuid(), entry.submitted_at, wanted, None
        new = {"id": row, "assignment_id": entry.cells.assignment, "student_id": entry.student}
        db.execute(insert(table).values(timestamp=at, extension=extension, **new))
    else:
        row, remembered = found.id, found.remembered
        at = entry.submitted_at if entry.submitted_at is not None else found.timestamp
        extension = followed(wanted, found.extension, remembered)
        if (at, extension) != (found.timestamp, found.extension):
            db.execute(update(table).where(table.c.id == row).values(timestamp=at, extension=extension))
    if wanted != remembered:
        remember(db, {row: {"extension": wanted}})
    known = found is not None and at is not None and entry.submitted_at == found.timestamp
    return row, seconds_late(at, entry.cells.due, extension), known


def seconds_late(at: datetime | None, due: datetime | None, extension: Any) -> float:
    """How much later than due something was handed in, as nbgrader counts it; 0 where that isn't known."""
    if at is None or due is None:
        return 0.0
    return max(0.0, (at - due - extension if extension else at - due).total_seconds())


def _submitted_notebook(db: Session, submission: str, notebook: str) -> tuple[str, float | None]:
    """The id of its row, and the late penalty that is there."""
    table = SubmittedNotebook.__table__
    mine = (table.c.assignment_id == submission) & (table.c.notebook_id == notebook)
    found = db.execute(select(table.c.id, table.c.late_submission_penalty).where(mine)).first()
    if found is None:
        new = {"id": new_uuid(), "assignment_id": submission, "notebook_id": notebook, "flagged": False}
        db.execute(insert(table).values(**new))
        return new["id"], None
    return found.id, found.late_submission_penalty


def _write_grades(db: Session, notebook: str, marks: Mapping[str, Mark], known: bool) -> None:
    """The points; where a person gave some, those stay, and have to be looked at again if the answer is another.

    What was graded is remembered. Where nbgrader itself recorded the grade, or an older version of the course, it is
    the same in a submission of the same time (``known``) that earns the same.
    """
    table = Grade.__table__
    query = select(table, MEMORY.c.answer, MEMORY.c.points).outerjoin(MEMORY, MEMORY.c.row_id == table.c.id)
    found = {row.cell_id: row for row in db.execute(query.where(table.c.notebook_id == notebook))}
    wanted, remembered = {}, {}
    for cell, mark in marks.items():
        row = found.get(cell)
        by_person, aside, answer = (row.manual_score, row.points, row.answer) if row else (None, None, None)
        if mark.withdrawn:
            now_aside, by_person = (aside if by_person is None else by_person), None
        else:
            now_aside, by_person = None, (aside if by_person is None else by_person)
        same = row is not None and (answer == mark.answer if answer else known and row.auto_score == mark.points)
        needs = (row is None or row.needs_manual_grade or not same) if by_person is not None else mark.to_read
        wanted[cell] = {"auto_score": mark.points, "manual_score": by_person, "needs_manual_grade": needs}
        # what was set aside was given for the answer of then
        now_answer = answer if now_aside is not None else mark.answer
        if (now_answer, now_aside) != (answer, aside):
            remembered[cell] = {"answer": now_answer, "points": now_aside}
    rows = _write_cells(db, Grade, notebook, wanted, found)
    remember(db, {rows[cell]: values for cell, values in remembered.items()})


def _write_comments(db: Session, notebook: str, comments: Mapping[str, str | None]) -> None:
    table = Comment.__table__
    found = {row.cell_id: row for row in db.execute(select(table).where(table.c.notebook_id == notebook))}
    _write_cells(db, Comment, notebook, {cell: {"auto_comment": said} for cell, said in comments.items()}, found)


def _write_cells(
    db: Session, kind: type[Base], notebook: str, wanted: Mapping[str, dict[str, Any]], found: Mapping[str, Any]
) -> dict[str, str]:
    """The rows of one table that are missing, and the columns that differ. Returns: a cell's id -> its row's."""
    table = kind.__table__
    added, changed = [], []
    rows = {cell: found[cell].id if cell in found else new_uuid() for cell in wanted}
    for cell, values in wanted.items():
        if cell not in found:
            added.append({"id": rows[cell], "cell_id": cell, "notebook_id": notebook, **values})
        elif any(getattr(found[cell], column) != value for column, value in values.items()):
            changed.append({"row": rows[cell], **values})
    if added:
        db.execute(insert(table), added)
    if changed:
        columns = {column: bindparam(column) for column in changed[0] if column != "row"}
        db.connection().execute(update(table).where(table.c.id == bindparam("row")).values(columns), changed)
    return rows
