"""A lesson as learners got it, and the grade of a submission in which there is nothing to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import nbformat

from autograder.grading.outcome import FAILED, ExerciseGrade, Graded
from autograder.grading.paper import Paper
from autograder.notebooks.matching import grade_id

CHECK = "check_"  # what a check cell's grade_id has before the exercise's name


@dataclass(frozen=True)
class Release:
    """A lesson as learners got it, and what each of its exercises is worth."""

    notebook: nbformat.NotebookNode
    points: Mapping[str, float]


@lru_cache(maxsize=16)
def read_release(data: bytes) -> Release:
    """The release in ``data``, which is trusted."""
    notebook = nbformat.reads(data.decode(), as_version=4)
    points = {
        cell.metadata.nbgrader.grade_id.removeprefix(CHECK): cell.metadata.nbgrader.points
        for cell in notebook.cells
        if grade_id(cell).startswith(CHECK)
    }
    return Release(notebook, points)


def failed(paper: Paper, cause: str) -> Graded:
    """The end of a submission in which nothing could be run: zero, with the cause."""
    points = read_release(paper.release).points
    grades = {name: ExerciseGrade(0, worth, "error", f"{name}: not judged. {cause}") for name, worth in points.items()}
    return Graded(paper.student, paper.lesson, FAILED, grades, tuple(dict.fromkeys((*paper.warnings, cause))))
