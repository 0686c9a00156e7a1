"""What the gradebook says of recorded submissions, as nbgrader's export and Formgrader do."""

from __future__ import annotations

from collections.abc import Mapping

from nbgrader.api import Grade, GradeCell, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.grading.gradebook.deadlines import Deadline
from autograder.grading.gradebook.rows import Cells, seconds_late
from autograder.grading.gradebook.scoring import exercise_of
from autograder.grading.outcome import Points, Standing


def read_standings(
    db: Session, cells: Cells, deadline: Deadline, withdrawn: Mapping[str, str], student: str | None = None
) -> dict[str, Standing]:
    """Everybody's standing in a lesson, or one student's: student -> standing."""
    mine = SubmittedAssignment.assignment_id == cells.assignment
    if student is not None:
        mine &= SubmittedAssignment.student_id == student
    of_notebook = SubmittedNotebook.notebook_id == cells.notebook
    submissions = db.execute(
        select(
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
            SubmittedNotebook.id,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .where(mine, of_notebook)
    ).all()
    grades = db.execute(
        select(Grade.notebook_id, GradeCell.name, Grade.score, GradeCell.max_score, Grade.needs_manual_grade)
        .join(GradeCell, GradeCell.id == Grade.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .where(mine, of_notebook)
    )
    points: dict[str, dict[str, Points]] = {}
    for notebook, name, score, max_score, unread in grades:
        points.setdefault(notebook, {})[name] = Points(score, max_score, unread)
    standings = {}
    for name, at, extension, notebook, penalty in submissions:
        by_cell = {cell: points[notebook][cell] for cell in cells.grades if cell in points.get(notebook, {})}
        due = cells.due if cells.due is None or extension is None else cells.due + extension
        standings[name] = Standing(
            points={exercise_of(cell): each for cell, each in by_cell.items()},
            max_score=sum(cell.max_score for cell in cells.grades.values()),
            penalty=penalty or 0.0,
            submitted_at=at,
            due=due,
            seconds_late=seconds_late(at, due, None),
            excused=name in deadline.excused,
            withdrawn=dict(withdrawn),
        )
    return standings
