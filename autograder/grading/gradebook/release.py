"""A lesson's graded cells as the gradebook is to have them: those of the release, and those that were withdrawn."""

from __future__ import annotations

from collections.abc import Mapping

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import GradeCell, SourceCell
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.utils import compute_checksum, is_grade
from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.grading.gradebook.memory import MEMORY, remember
from autograder.grading.gradebook.rows import Cells
from autograder.grading.gradebook.scoring import CHECK, exercise_of
from autograder.grading.gradebook.withdrawn import OUT


def with_withdrawn(
    db: Session, cells: Cells | None, release: NotebookNode, withdrawn: Mapping[str, str]
) -> NotebookNode:
    """The release, changed in place, with what nbgrader needs to keep the cells of withdrawn exercises.

    What was taken out of the release since it was graded is put back, at the end; what doesn't count is worth nothing.
    What each was worth is remembered, so that the withdrawal can be taken back or changed.

    Args:
        cells: the lesson as it is in the gradebook; None where it isn't yet.
    """
    released = {exercise_of(cell.metadata.nbgrader.grade_id) for cell in release.cells if is_grade(cell)}
    if cells is not None:
        for name in withdrawn:
            if name not in released:
                release.cells += _cells_in_gradebook(db, cells, name)
    for cell in filter(is_grade, release.cells):
        name = cell.metadata.nbgrader.grade_id
        if withdrawn.get(exercise_of(name)) == OUT:
            if cells is not None and name in cells.grades:
                remember(db, {cells.grades[name].id: {"points": float(cell.metadata.nbgrader.points)}})
            cell.metadata.nbgrader.points = 0
            cell.metadata.nbgrader.checksum = compute_checksum(cell)  # which the points are part of
    return release


def _cells_in_gradebook(db: Session, cells: Cells, name: str) -> list[NotebookNode]:
    """The cells of an exercise or question that the release has no more, with what it was worth."""
    found = db.execute(
        select(SourceCell.name, SourceCell.cell_type, SourceCell.source, SourceCell.locked, SourceCell.checksum).where(
            SourceCell.notebook_id == cells.notebook, SourceCell.name.in_((name, CHECK + name))
        )
    )
    worth = dict(
        db.execute(
            select(GradeCell.name, MEMORY.c.points)
            .join(MEMORY, MEMORY.c.row_id == GradeCell.id)
            .where(GradeCell.notebook_id == cells.notebook)
        ).all()
    )
    made = []
    for cell_name, kind, source, locked, checksum in found:
        marks = {
            "grade_id": cell_name,
            "grade": cell_name in cells.grades,
            "solution": cell_name in cells.solutions,
            "locked": locked,
            "checksum": checksum,
            "cell_type": kind,
            "schema_version": SCHEMA_VERSION,
            "task": False,
        }
        if cell_name in cells.grades:
            remembered = worth.get(cell_name)
            marks["points"] = cells.grades[cell_name].max_score if remembered is None else remembered
        new = new_code_cell if kind == "code" else new_markdown_cell
        made.append(new(source, metadata={"nbgrader": marks}))
    return made
