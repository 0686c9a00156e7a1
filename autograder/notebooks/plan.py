"""A learner's notebook: which exercises are in it, and where each is to be judged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import nbformat
from nbformat.v4 import new_code_cell

from autograder.notebooks.matching import checked, grade_id
from autograder.notebooks.reading import Unreadable, read_bytes, read_notebook


class Asked(Protocol):
    """What a plan needs to know of an exercise: its lesson, and the names of what answers it."""

    lesson: str
    names: tuple[str, ...]


class NoExercises(Unreadable):
    """A notebook that is no lesson's."""


@dataclass(frozen=True)
class Code:
    """A code cell.

    Attributes:
        source: what to run; empty for a cell that is not run: a demo, or a check, which the judge replaces.
        exercises: the names of the exercises that it is meant to define.
    """

    source: str
    exercises: frozenset[str]


@dataclass(frozen=True)
class Task:
    """An exercise to judge.

    Attributes:
        exercise: its name.
        names: the functions or classes to judge: ``("softmax",)``.
        points: what it is worth, where the notebook says so.
        after: the index of the cell after which it is judged.
    """

    exercise: str
    names: tuple[str, ...]
    points: float | None
    after: int


@dataclass(frozen=True)
class Plan:
    """What to run and what to judge, in a notebook of ``lesson``."""

    lesson: str
    cells: tuple[Code, ...]
    tasks: tuple[Task, ...]


def read_plan(path: Path, exercises: Mapping[str, Asked]) -> Plan:
    """Read a notebook and plan its check.

    All exercises of its lesson belong to it, also those whose cells the learner deleted. An exercise is
    judged in the place of its check cell (the last, if there are copies, as in nbgrader), or at the end where
    there is none.

    Raises:
        Unreadable: the file is no notebook.
        NoExercises: it is no lesson's.
    """
    cells = [cell for cell in read_notebook(read_bytes(path)).cells if cell.cell_type == "code"]
    cells = cells or [new_code_cell()]  # so that there is a last cell, after which to judge
    lesson = find_lesson(path.stem, cells, {name: exercise.lesson for name, exercise in exercises.items()})
    names = [name for name, exercise in exercises.items() if exercise.lesson == lesson]
    checks = {i: check for i, cell in enumerate(cells) if (check := checked(cell.source)) in names}
    tasks = []
    for name in names:
        places = [i for i, check in checks.items() if check == name]
        points = [cell.metadata.nbgrader.get("points") for cell in cells if grade_id(cell) == f"check_{name}"]
        tasks.append(
            Task(
                exercise=name,
                names=exercises[name].names,
                points=points[-1] if points else None,
                after=places[-1] if places else len(cells) - 1,
            )
        )
    tasks.sort(key=lambda task: task.after)  # as the notebook has them
    codes = [
        Code(
            source="" if i in checks or "demo" in cell.metadata.get("tags", ()) else cell.source,
            exercises=frozenset(_defined(cell, names)),
        )
        for i, cell in enumerate(cells)
    ]
    return Plan(lesson, tuple(codes), tuple(tasks))


def find_lesson(stem: str, cells: list[nbformat.NotebookNode], lessons: Mapping[str, str]) -> str:
    """The lesson, by its graded cells; where these are gone, by the file's name; else by what is defined.

    Args:
        stem: the file's name without its ending.
        cells: the notebook's code cells, as `read_notebook` returns them.
        lessons: each exercise's lesson, by the exercise's name.

    Raises:
        NoExercises: it is no lesson's.
    """
    marked = [lessons[name] for cell in cells if (name := grade_id(cell)) in lessons]
    if marked:
        return Counter(marked).most_common(1)[0][0]
    known = set(lessons.values())
    if stem in known:
        return stem
    defined = [lessons[name] for cell in cells for name in _defined(cell, lessons)]
    if defined:
        return Counter(defined).most_common(1)[0][0]
    raise NoExercises(
        "a notebook without an exercise in it",
        f"a lesson's notebook ({', '.join(sorted(known))})",
        "Is it the right file? Your own copies of the lessons are in work/.",
    )


def _defined(cell: nbformat.NotebookNode, names: Collection[str]) -> set[str]:
    """The names that a cell is there to define, told by its text, because it may have a syntax error."""
    found = set(re.findall(r"^(?:async def|def|class)\s+(\w+)", cell.source, re.MULTILINE))
    return {name for name in names if name in found or grade_id(cell) == name}
