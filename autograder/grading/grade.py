"""Grade one submission: read it, rebuild it from the release, run it in the sandbox, and judge it from outside."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import nbformat

from autograder.exercises import EXERCISES
from autograder.grading.outcome import GRADED, WARNED, ExerciseGrade, Graded
from autograder.grading.outputs import check_output, clean, plain_text
from autograder.grading.paper import Paper
from autograder.grading.release import CHECK, failed, read_release
from autograder.judge import Verdict
from autograder.notebooks.matching import grade_id
from autograder.notebooks.reading import Unreadable, read_notebook
from autograder.notebooks.rebuild import Rebuilt, rebuild
from autograder.sandbox.apart import judge_apart
from autograder.sandbox.client import Sandbox
from autograder.sandbox.run import Program, Target
from autograder.sandbox.unwalled import Unwalled
from autograder.sandbox.verdicts import judge_missing
from autograder.syntax.parsing import parse_cell

NEWER = "was written with Python {theirs}; the grader has {ours}, which cannot read it. Is its syntax newer?"
MISSING = "imports {names}, which the grader does not have. If an answer needs it: `course grade --with {first}`."
RUNNING = 5 / 6  # of a submission's time: for its cells and calls; the rest is for reading and judging


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
    until = time.monotonic() + RUNNING * paper.seconds
    try:
        rebuilt = prepare(paper)
    except Unusable as error:
        return failed(paper, str(error))
    program = _program(rebuilt.notebook)
    # what cells show comes from a process in which nothing is judged, and verdicts from others, in which nothing shows
    with sandbox.run(program, until) as shown:
        missing = judge_missing(program, shown)
    judged = judge_apart(program, missing, shown.missing, sandbox, paper.seed, until)
    said = [*((i, f"{how}; the others ran without it.") for i, how in shown.ended.items()), *judged.notes]
    verdicts = judged.verdicts
    late = [verdicts[name].message for name, why in judged.late.items() if why in verdicts[name].message]
    rebuilt = replace(rebuilt, warnings=(*rebuilt.warnings, *late))
    return finish(paper, rebuilt, verdicts, shown.outputs, said, shown.missing)


def prepare(paper: Paper) -> Rebuilt:
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
    return rebuild(read_release(paper.release).notebook, submitted, paper.lesson, paper.withdrawn)


def finish(
    paper: Paper,
    rebuilt: Rebuilt,
    verdicts: Mapping[str, Verdict],
    outputs: Mapping[int, list],
    said: Sequence[tuple[int, str]],
    missing: Mapping[int, Sequence[str]],
) -> Graded:
    """The grade that follows from the verdicts, and the notebook with what its cells and the judge said.

    Args:
        outputs: cell -> what it showed.
        said: what is worth a warning, with the cell that it is about.
        missing: cell -> the modules that it imports and that are not there.
    """
    newer, places = _newer_syntax(rebuilt), _places(rebuilt.notebook)
    grades = {
        name: ExerciseGrade(
            points * verdict.share, points, verdict.status, plain_text(verdict.message), verdict.mistake
        )
        for name, points in read_release(paper.release).points.items()
        for verdict in [_with_version(verdicts[name], newer.get(places.get(name)))]
    }
    notebook = rebuilt.notebook
    _fill_in(notebook, outputs, grades)
    of_cells = newer | {i: MISSING.format(names=", ".join(names), first=names[0]) for i, names in missing.items()}
    of_cells = [f"Code cell {_number(notebook, i)} {what}" for i, what in sorted({*of_cells.items(), *said})]
    warnings = (*paper.warnings, *rebuilt.warnings, *of_cells)
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True) + "\n"  # nbformat's own takes twenty times as long
    modules = tuple(sorted({name for names in missing.values() for name in names}))
    return Graded(paper.student, paper.lesson, WARNED if warnings else GRADED, grades, warnings, text, modules)


def _newer_syntax(rebuilt: Rebuilt) -> dict[int, str]:
    """The cells that this Python cannot read, in a notebook of a newer one: their index, and what to say of them."""
    here = platform.python_version_tuple()
    if rebuilt.python is None or tuple(map(int, rebuilt.python.split(".")[:2])) <= tuple(map(int, here[:2])):
        return {}
    said = NEWER.format(theirs=rebuilt.python, ours=platform.python_version())
    cells = enumerate(rebuilt.notebook.cells)
    return {i: said for i, cell in cells if cell.cell_type == "code" and not _parses(cell.source)}


def _parses(source: str) -> bool:
    try:
        parse_cell(source)
    except (SyntaxError, ValueError):
        return False
    except (RecursionError, MemoryError):  # that is no matter of versions
        return True
    return True


def _with_version(verdict: Verdict, newer: str | None) -> Verdict:
    """A verdict on what could not be read, which says that the Python may be too old for it."""
    if newer is None or verdict.passed:
        return verdict
    return replace(verdict, message=f"{verdict.message}\n  Its cell {newer}")


def _places(notebook: nbformat.NotebookNode) -> dict[str, int]:
    """Exercise -> where its solution stands."""
    return {grade_id(cell): i for i, cell in enumerate(notebook.cells) if grade_id(cell) in EXERCISES}


def _program(notebook: nbformat.NotebookNode) -> Program:
    """What to run: every code cell but untouched demos and checks. Cells keep their place in the notebook."""
    places = _places(notebook)
    sources, tasks = [], {}
    for i, cell in enumerate(notebook.cells):
        is_check = grade_id(cell).startswith(CHECK)
        if is_check:
            name = grade_id(cell).removeprefix(CHECK)
            tasks[name] = Target(EXERCISES[name].names, i, places.get(name))
        runs = cell.cell_type == "code" and not is_check and "demo" not in cell.metadata.get("tags", ())
        sources.append(cell.source if runs else "")
    return Program(tuple(sources), tasks)


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
