"""Grade one submission: read it, rebuild it from the release, run it in the sandbox, and judge it from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nbformat

from autograder.exercises import EXERCISES
from autograder.grading.outcome import FAILED, GRADED, WARNED, ExerciseGrade, Graded
from autograder.grading.outputs import check_output, clean, plain_text
from autograder.grading.paper import Paper
from autograder.grading.results import Results
from autograder.judge import Verdict
from autograder.notebooks.course import released_notebook
from autograder.notebooks.matching import grade_id
from autograder.notebooks.reading import Unreadable, read_notebook
from autograder.notebooks.rebuild import Rebuilt, rebuild
from autograder.sandbox.client import Sandbox
from autograder.sandbox.proof import own_sandbox
from autograder.sandbox.run import Program, Task
from autograder.sandbox.unwalled import Unwalled
from autograder.sandbox.verdicts import judge_hidden, make_program

CHECK = "check_"  # what a check cell's grade_id has before the exercise's name


class Unusable(Exception):
    """A submission in which there is nothing to run; the text says why."""


def grade(paper: Paper, sandbox: Sandbox | Unwalled) -> Graded:
    """Grade a submission: whatever is in it, this ends with a grade.

    Args:
        sandbox: where it runs; what happens is the same without walls.

    Raises:
        SandboxError: there is no sandbox to be had.
        OSError: this machine has no room or no rights for what grading needs.
    """
    try:
        rebuilt = _prepare(paper)
    except Unusable as error:
        return _failed(paper, str(error))
    program = _program(rebuilt.notebook)
    with sandbox.run(program) as run:
        verdicts = judge_hidden(program, run, paper.seed)
    said = {i: f"{how}; the others ran without it." for i, how in run.ended.items()}
    said |= {i: f"was {why}" for i, why in program.refused.items()}
    return _finish(paper, rebuilt, verdicts, run.outputs, said)


def _prepare(paper: Paper) -> Rebuilt:
    """The notebook that is graded: the release, with what the learner wrote.

    Raises:
        Unusable: there is no notebook in the submission.
    """
    if paper.data is None:
        raise Unusable(paper.warnings[-1])
    try:
        submitted = read_notebook(paper.data)
    except Unreadable as error:
        raise Unusable(str(error)) from error
    return rebuild(_read_release(paper.release).notebook, submitted, paper.lesson)


def _finish(
    paper: Paper,
    rebuilt: Rebuilt,
    verdicts: Mapping[str, Verdict],
    outputs: Mapping[int, list],
    said: Mapping[int, str],
) -> Graded:
    """The grade that follows from the verdicts, and the notebook with what its cells and the judge said.

    Args:
        outputs: cell -> what it showed.
        said: cell -> what became of it, where that is worth a warning.
    """
    grades = {
        name: ExerciseGrade(
            points if verdict.passed else 0, points, verdict.status, plain_text(verdict.message), verdict.mistake
        )
        for name, points in _read_release(paper.release).points.items()
        for verdict in [verdicts[name]]
    }
    notebook = rebuilt.notebook
    _fill_in(notebook, outputs, grades)
    of_cells = [f"Code cell {_number(notebook, i)} {what}" for i, what in sorted(said.items())]
    warnings = (*paper.warnings, *rebuilt.warnings, *of_cells)
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True) + "\n"  # nbformat's own takes twenty times as long
    return Graded(paper.student, paper.lesson, WARNED if warnings else GRADED, grades, warnings, text)


def _failed(paper: Paper, cause: str) -> Graded:
    """The end of a submission in which nothing could be run: zero, with the cause."""
    points = _read_release(paper.release).points
    grades = {name: ExerciseGrade(0, worth, "error", f"{name}: not judged. {cause}") for name, worth in points.items()}
    return Graded(paper.student, paper.lesson, FAILED, grades, tuple(dict.fromkeys((*paper.warnings, cause))))


@dataclass(frozen=True)
class _Release:
    """A lesson as learners got it, and what each of its exercises is worth."""

    notebook: nbformat.NotebookNode
    points: Mapping[str, float]


@lru_cache(maxsize=16)
def _read_release(data: bytes) -> _Release:
    notebook = nbformat.reads(data.decode(), as_version=4)
    points = {
        cell.metadata.nbgrader.grade_id.removeprefix(CHECK): cell.metadata.nbgrader.points
        for cell in notebook.cells
        if grade_id(cell).startswith(CHECK)
    }
    return _Release(notebook, points)


def _program(notebook: nbformat.NotebookNode) -> Program:
    """What to run: every code cell but untouched demos and checks. Cells keep their place in the notebook."""
    places = {grade_id(cell): i for i, cell in enumerate(notebook.cells)}
    sources, tasks = [], {}
    for i, cell in enumerate(notebook.cells):
        is_check = grade_id(cell).startswith(CHECK)
        if is_check:
            name = grade_id(cell).removeprefix(CHECK)
            tasks[name] = Task(EXERCISES[name].names, i, places.get(name))
        runs = cell.cell_type == "code" and not is_check and "demo" not in cell.metadata.get("tags", ())
        sources.append(cell.source if runs else "")
    return make_program(sources, tasks)


def _fill_in(notebook: nbformat.NotebookNode, outputs: Mapping[int, list], grades: Mapping[str, ExerciseGrade]) -> None:
    """Put outputs into the cells: what the cells said, and in the place of checks what the judge says."""
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        grade = grades.get(grade_id(cell).removeprefix(CHECK)) if grade_id(cell).startswith(CHECK) else None
        cell.outputs = check_output(grade) if grade else clean(outputs.get(i, []))
        cell.execution_count = None


def _number(notebook: nbformat.NotebookNode, index: int) -> int:
    """How many-eth code cell that is, counted from 1."""
    return sum(cell.cell_type == "code" for cell in notebook.cells[: index + 1])


def grade_notebook(root: Path, lesson: str, student: str, data: bytes) -> Graded:
    """Grade the bytes of a notebook against the release in ``root``, in this process's own sandbox.

    Raises:
        SandboxError: there is no sandbox to be had.
        OSError: the release cannot be read.
    """
    release = released_notebook(root, lesson).read_bytes()
    return grade(Paper(student, lesson, data, release, Results(root).seed(lesson)), own_sandbox())
