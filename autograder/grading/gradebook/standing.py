"""What the gradebook says of recorded submissions, as nbgrader's export and Formgrader do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nbgrader.api import Comment, Grade, GradeCell, SolutionCell, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.grading.gradebook.deadlines import Deadline, read_deadline
from autograder.grading.gradebook.rows import Cells, read_cells, seconds_late
from autograder.grading.gradebook.scoring import exercise_of
from autograder.grading.gradebook.settings import open_gradebook, read_course
from autograder.grading.gradebook.withdrawn import read_withdrawn
from autograder.grading.outcome import Points, Standing


def course_standings(root: Path, lessons: Sequence[str]) -> dict[str, dict[str, Standing]]:
    """What the gradebook of the course in ``root`` says: lesson -> student -> standing; no lesson without any.

    Raises:
        CourseError: something in deadlines.toml or withdrawn.toml is not what it should be.
    """
    found = {}
    with open_gradebook(read_course(root).coursedir) as gradebook:
        for lesson in lessons:
            if cells := read_cells(gradebook.db, lesson):
                of_lesson = read_deadline(root, lesson), read_withdrawn(root, lesson)
                found[lesson] = read_standings(gradebook.db, cells, *of_lesson)
    return {lesson: standings for lesson, standings in found.items() if standings}


def read_comments(root: Path, lesson: str) -> dict[str, dict[str, str]]:
    """What people wrote on answers: student -> exercise or question -> comment."""
    comments: dict[str, dict[str, str]] = {}
    with open_gradebook(read_course(root).coursedir) as gradebook:
        cells = read_cells(gradebook.db, lesson)
        found = gradebook.db.execute(
            select(SubmittedAssignment.student_id, SolutionCell.name, Comment.manual_comment)
            .join(SolutionCell, SolutionCell.id == Comment.cell_id)
            .join(SubmittedNotebook, SubmittedNotebook.id == Comment.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .where(SolutionCell.notebook_id == (cells and cells.notebook))
        )
        for student, name, said in found:
            if said:
                comments.setdefault(student, {})[name] = said
    return comments


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
