"""A submission's rows in nbgrader's tables, brought to what they should be with few queries and no commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader.api import Base, Comment, Grade, Student, SubmittedAssignment, SubmittedNotebook, new_uuid
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Entry:
    """A graded submission, by the gradebook's ids.

    Attributes:
        submitted_at: in UTC, naive, as nbgrader keeps it.
        scores: a grade cell's id -> the points, or None where a person has to give them.
        comments: a solution cell's id -> the automatic comment.
    """

    student: str
    assignment: str
    notebook: str
    submitted_at: datetime | None
    scores: Mapping[str, float | None]
    comments: Mapping[str, str | None]


def write(db: Session, entry: Entry) -> None:
    """Bring the rows of a submission up to date; those that are stay untouched, and so does what a person gave."""
    if db.execute(select(Student.id).where(Student.id == entry.student)).first() is None:
        db.execute(insert(Student.__table__).values(id=entry.student))
    submission = _submission(db, entry)
    notebook = _submitted_notebook(db, submission, entry.notebook)
    _write_cells(db, Grade, notebook, {cell: {"auto_score": score} for cell, score in entry.scores.items()})
    _write_cells(db, Comment, notebook, {cell: {"auto_comment": said} for cell, said in entry.comments.items()})


def _submission(db: Session, entry: Entry) -> str:
    table = SubmittedAssignment.__table__
    mine = (table.c.assignment_id == entry.assignment) & (table.c.student_id == entry.student)
    found = db.execute(select(table.c.id, table.c.timestamp).where(mine)).first()
    if found is None:
        new = {"id": new_uuid(), "assignment_id": entry.assignment, "student_id": entry.student}
        db.execute(insert(table).values(timestamp=entry.submitted_at, **new))
        return new["id"]
    if entry.submitted_at not in (None, found.timestamp):
        db.execute(update(table).where(table.c.id == found.id).values(timestamp=entry.submitted_at))
    return found.id


def _submitted_notebook(db: Session, submission: str, notebook: str) -> str:
    table = SubmittedNotebook.__table__
    mine = (table.c.assignment_id == submission) & (table.c.notebook_id == notebook)
    found = db.execute(select(table.c.id, table.c.late_submission_penalty).where(mine)).first()
    if found is None:
        new = {"id": new_uuid(), "assignment_id": submission, "notebook_id": notebook, "flagged": False}
        db.execute(insert(table).values(**new))
        return new["id"]
    if found.late_submission_penalty is not None:  # nbgrader's default: none
        db.execute(update(table).where(table.c.id == found.id).values(late_submission_penalty=None))
    return found.id


def _write_cells(db: Session, kind: type[Base], notebook: str, wanted: Mapping[str, dict[str, Any]]) -> None:
    """The rows of one table, `Grade` or `Comment`: those that are missing, and the columns that differ."""
    table = kind.__table__
    found = {row.cell_id: row for row in db.execute(select(table).where(table.c.notebook_id == notebook))}
    added, changed = [], []
    for cell, values in wanted.items():
        row = found.get(cell)
        if kind is Grade:
            graded_by_a_person = row is not None and row.manual_score is not None
            values = {**values, "needs_manual_grade": graded_by_a_person or values["auto_score"] is None}
        if row is None:
            added.append({"id": new_uuid(), "cell_id": cell, "notebook_id": notebook, **values})
        elif any(getattr(row, column) != value for column, value in values.items()):
            changed.append({"row": row.id, **values})
    if added:
        db.execute(insert(table), added)
    if changed:
        columns = {column: bindparam(column) for column in changed[0] if column != "row"}
        db.connection().execute(update(table).where(table.c.id == bindparam("row")).values(columns), changed)
