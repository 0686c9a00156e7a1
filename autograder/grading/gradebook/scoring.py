"""What a graded notebook earns, by cell: nbgrader's arithmetic, what was withdrawn, what a person has to read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum, determine_grade

from autograder.grading.gradebook.rows import Cells, Mark
from autograder.grading.gradebook.withdrawn import FULL

CHECK = "check_"  # what the name of an exercise's grade cell begins with


def exercise_of(cell: str) -> str:
    """The exercise, or the written question, whose points a grade cell has."""
    return cell.removeprefix(CHECK)


def marks_and_comments(
    notebook: Iterable[Mapping[str, Any]],
    cells: Cells,
    withdrawn: Mapping[str, str],
    points: Mapping[str, float] | None = None,
) -> tuple[dict[str, Mark], dict[str, str | None]]:
    """What each grade cell gets, and the automatic comment of each solution cell, by their ids in the gradebook.

    A written answer waits for a person where it is worth points and is not as it was released. A cell that isn't in
    the notebook earned nothing.

    Args:
        notebook: the graded notebook's cells, as JSON or nodes.
        withdrawn: name -> what becomes of its points.
        points: exercise -> what the judge gave; what it leaves out is read from the notebook, as nbgrader does.
    """
    found, answers = _graded_cells(notebook)
    marks: dict[str, Mark] = {}
    for name, cell in cells.grades.items():
        exercise = exercise_of(name)
        if exercise in withdrawn:
            earned, given = (cell.max_score if withdrawn[exercise] == FULL else 0.0), True
        else:
            given = False
            if points is not None and exercise in points:
                earned = float(points[exercise])
            else:
                earned = determine_grade(found[name])[0] if name in found else 0.0
        digest = _digest(answers.get(exercise, []), earned is None or earned > 0, cell.max_score > 0)
        marks[cell.id] = Mark(earned, digest, earned is None and cell.max_score > 0, given)
    comments = {
        cell_id: "No response." if name in found and _untouched(found[name]) else None
        for name, cell_id in cells.solutions.items()
    }
    return marks, comments


def _graded_cells(
    notebook: Iterable[Mapping[str, Any]],
) -> tuple[dict[str, nbformat.NotebookNode], dict[str, list[Mapping[str, Any]]]]:
    """nbgrader's cells by grade_id, and by it too what stands there: the cell, and those below it up to the next.

    Not through nbformat: its validation takes longer than all the rest.
    """
    found: dict[str, nbformat.NotebookNode] = {}
    answers: dict[str, list[Mapping[str, Any]]] = {}
    current: list[Mapping[str, Any]] = []
    for cell in notebook:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name:
            found[name] = nbformat.from_dict(cell)
            found[name].source = "".join(found[name].source)
            current = answers.setdefault(name, [])
        current.append(cell)
    return found, answers


def _digest(answer: Iterable[Mapping[str, Any]], *facts: bool) -> str:
    said = [("".join(cell["source"]), cell.get("attachments", {})) for cell in answer]
    return hashlib.sha256(json.dumps([said, facts], sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _untouched(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
