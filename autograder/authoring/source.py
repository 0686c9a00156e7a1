"""Read the lessons' sources, ``source/NN_name.py``, and refuse what could not become a lesson.

A source is a jupytext py:percent file. A cell header carries the little that a lesson needs beside its text:

    # %% exercise="softmax" points=3
    # %% exercise="save_checkpoint" points=2 check="save_checkpoint, load_checkpoint"
    # %% [markdown] question="why_dropout_scales" points=0
    # %% tags=["demo"]

A solution may name the faulty lines that it mends. The learner gets these instead of a stub:

    ### BEGIN SOLUTION
    loss = F.mse_loss(y_hat, y[:, None])
    ### INSTEAD OF
    # loss = F.mse_loss(y_hat, y)
    ### END SOLUTION

``source/start/start.py`` is written in the same way. It is the start notebook: no lesson, and graded nowhere.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.authoring.cells import BEGIN, END, FAULT, HEADER, ROLES, Cell, SourceError, read_cells
from autograder.authoring.clearing import as_it_came
from autograder.exercise import Exercise
from autograder.notebooks.course import CLINIC, START
from autograder.syntax.parsing import parse_cell

_FILE_NAME = re.compile(rf"(\d\d_[a-z][a-z0-9_]*|{CLINIC})\.py")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")  # good for Python, for a grade_id and for a cell's id
_KEYS = {
    "exercise": {"exercise", "points", "check", "tags"},
    "question": {"question", "points", "tags"},
    "plain": {"tags"},
}


@dataclass(frozen=True)
class Lesson:
    """A lesson's source: its name, such as ``"07_layers"`` or `START`, its file and its cells."""

    name: str
    path: Path
    cells: tuple[Cell, ...]


def read_lessons(folder: Path, exercises: Mapping[str, Exercise]) -> list[Lesson]:
    """Read every lesson of ``folder``, in order.

    Args:
        exercises: the exercises that the judge knows; each belongs to one lesson.

    Raises:
        SourceError: see `read_lesson`; or one name is given to two exercises or questions of the course.
    """
    lessons = [read_lesson(path, exercises) for path in sorted(folder.glob("*.py"))]
    first: dict[str, Cell] = {}
    for cell in (cell for lesson in lessons for cell in lesson.cells if cell.name):
        if cell.name in first:
            other = first[cell.name]
            there = f"{other.path.parent.name}/{other.path.name}:{other.line}"
            cell.refuse(
                f'"{cell.name}" is the name of two exercises or questions; the first is at {there}.',
                "Rename or remove one of them: a name is a grade_id, and a grade_id is given once.",
            )
        first[cell.name] = cell
    return lessons


def read_lesson(path: Path, exercises: Mapping[str, Exercise]) -> Lesson:
    """Read one lesson.

    Raises:
        SourceError: the file's name, a cell header, a solution's markers, a cell's code, or the set of
            exercises is not what a lesson needs.
    """
    if not _FILE_NAME.fullmatch(path.name) and path.stem != START:
        raise SourceError(
            path,
            1,
            f"{path.name} is not a lesson's file name.",
            "Name it by number and title, such as 07_layers.py, or move it out of this folder.",
        )
    lesson = Lesson(path.stem, path, tuple(read_cells(path)))
    for cell in lesson.cells:
        _check_header(cell)
        _check_solution(cell)
        _check_code(cell)
        if cell.role == "exercise":
            _check_exercise(cell, lesson.name, exercises)
    missing = {name for name, exercise in exercises.items() if exercise.lesson == lesson.name}
    missing -= {cell.name for cell in lesson.cells}
    if missing:
        raise SourceError(
            path,
            1,
            f"no cell for {_listed(missing)}, which autograder/exercises has for lesson {lesson.name}.",
            'Add a cell `# %% exercise="NAME" points=N` for each, or remove it from autograder/exercises.',
        )
    return lesson


def _check_header(cell: Cell) -> None:
    for key in (
        "title",
        "region_name",
        "incorrectly_encoded_metadata",
    ):  # jupytext's words for what it can't place
        if key in cell.options:
            cell.refuse(f"cannot read `{cell.options[key]}` in the cell header.", HEADER)
    if cell.kind not in ("code", "markdown"):
        cell.refuse(f"a {cell.kind} cell.", "A lesson is made of code (`# %%`) and prose (`# %% [markdown]`).")
    known = set().union(*_KEYS.values())
    for key in cell.options:
        if key not in known:
            cell.refuse(f'unknown key "{key}" in the cell header.', _suggest(key, known, "A header's keys are"))
        if key not in _KEYS[cell.role]:
            cell.refuse(
                f'"{key}" has no meaning for this {cell.role} cell.',
                f"A header may have {_listed(_KEYS[cell.role])} here.",
            )
    if cell.role != "plain":
        _check_graded(cell)


def _check_graded(cell: Cell) -> None:
    if not isinstance(cell.name, str) or not _NAME.fullmatch(cell.name):
        cell.refuse(f"{cell.role}={cell.name!r} is not a name.", f'Write it as a Python name: {cell.role}="softmax".')
    if cell.name.startswith("check_"):
        cell.refuse(f'"{cell.name}" begins with check_.', "Choose another: check_... is the name of a check's cell.")
    if cell.kind != ROLES[cell.role]:
        header = {"code": "# %%", "markdown": "# %% [markdown]"}[ROLES[cell.role]]
        cell.refuse(f"the {cell.role} {cell.name} is a {cell.kind} cell.", f"Its header begins with `{header}`.")
    if not isinstance(cell.options.get("check", ""), str):
        cell.refuse(f"check={cell.options['check']!r} is not a text.", 'Write check="NAME, NAME".')
    if "demo" in cell.options.get("tags", ()):
        cell.refuse(f"the {cell.role} {cell.name} is tagged demo.", "Remove the tag: grading skips demo cells.")
    points = cell.options.get("points")
    if points is None:
        cell.refuse(f"the {cell.role} {cell.name} has no points.", "Add points=N to its header.")
    is_number = isinstance(points, (int, float)) and not isinstance(points, bool) and math.isfinite(points)
    if not is_number or points < 0 or (points == 0 and cell.role == "exercise"):
        least = "above 0" if cell.role == "exercise" else "from 0 up"
        cell.refuse(
            f"the {cell.role} {cell.name} has points={points!r}.",
            f"Write a number {least}, without quotes: points=3.",
        )


def _check_solution(cell: Cell) -> None:
    regions = cell.regions()
    if regions and cell.role == "plain":
        cell.refuse(
            "a solution in a cell that is no exercise and no question would be published.",
            'Add exercise="NAME" points=N (or question=...) to its header, or remove the markers.',
            regions[0][0],
        )
    if not regions and cell.role != "plain":
        cell.refuse(
            f"the {cell.role} {cell.name} has no solution markers; nbgrader would wipe the whole cell.",
            f"Put `{BEGIN}` and `{END}` around what the learner is to write.",
        )
    lines = cell.text.split("\n")
    for begin, end in regions:
        solution = "\n".join(lines[begin + 1 : end]).partition(FAULT)[0]
        if not solution.strip():
            cell.refuse("nothing between BEGIN SOLUTION and END SOLUTION.", "Write the solution there.", begin)
    if FAULT in as_it_came(cell.text):
        cell.refuse(
            f"the lines below {FAULT} are not all comments, or it is in no solution.",
            f"Between `{FAULT}` and `{END}`, write `# ` before each line that the learner is to find.",
            next(i for i, line in enumerate(lines) if FAULT in line),
        )


def _check_code(cell: Cell) -> None:
    if cell.kind != "code":
        return
    try:
        parse_cell(cell.text)
    except SyntaxError as error:
        cell.refuse(f"{error.msg}.", "Correct the code of this cell.", (error.lineno or 1) - 1)


def _check_exercise(cell: Cell, lesson: str, exercises: Mapping[str, Exercise]) -> None:
    if cell.name not in exercises:
        near = difflib.get_close_matches(cell.name, list(exercises), n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        file = f"autograder/exercises/{lesson.split('_', 1)[-1]}/{cell.name}.py"
        cell.refuse(
            f'unknown exercise "{cell.name}".',
            f'{meant}A new one is an Exercise(name="{cell.name}", ...) in {file}.',
        )
    if exercises[cell.name].lesson != lesson:
        cell.refuse(
            f'the exercise "{cell.name}" belongs to lesson {exercises[cell.name].lesson}, not to {lesson}.',
            "Move the cell there, or give this exercise a name of its own in autograder/exercises.",
        )
    if cell.candidates[0] != cell.name:
        cell.refuse(f'check="{cell.options["check"]}" does not begin with {cell.name}.', f"Begin it with {cell.name}.")
    try:
        defined = {getattr(node, "name", None) for node in parse_cell(_stub(cell)).body}
    except SyntaxError as error:
        cell.refuse(
            f"without its solution the cell is no valid Python ({error.msg}).",
            f"Indent `{BEGIN}` like the lines that it stands for, and leave the def line above it.",
        )
    for name in cell.candidates:
        if name not in defined:
            cell.refuse(
                f"the exercise's cell defines no function or class {name} for the learner to complete.",
                f"Write `def {name}(...):` or `class {name}` in this cell, above {BEGIN}.",
            )


def _stub(cell: Cell) -> str:
    """The cell as the learner gets it, with a line that does nothing for each stub."""
    lines = as_it_came(cell.text).split("\n")
    for begin, end in reversed(replace(cell, text="\n".join(lines)).regions()):
        lines[begin : end + 1] = [lines[begin].replace(BEGIN, "pass")]
    return "\n".join(lines)


def _suggest(name: str, known: Iterable[str], introduction: str) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else f"{introduction} {_listed(known)}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
