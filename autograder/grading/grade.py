"""Grade one submission: read it, rebuild it from the release, run it in the sandbox, and judge it from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import nbformat

from autograder.exercise import Exercise
from autograder.exercises import EXERCISES
from autograder.grading.outcome import FAILED, GRADED, WARNED, ExerciseGrade, Graded
from autograder.grading.outputs import check_output, clean, plain_text
from autograder.grading.paper import Paper
from autograder.grading.results import Results
from autograder.judge import Gone, Verdict, judge_observed
from autograder.notebooks.course import released_notebook
from autograder.notebooks.matching import grade_id
from autograder.notebooks.reading import Unreadable, read_notebook
from autograder.notebooks.rebuild import Rebuilt, rebuild
from autograder.sandbox.client import Sandbox
from autograder.sandbox.proof import own_sandbox
from autograder.sandbox.run import Absent, Program, Run, Task
from autograder.syntax import doubts, shortcuts, tampering
from autograder.syntax.statements import Place, needed, written

Note = tuple[int, str]  # a cell, and what is to be said of it
CHECK = "check_"  # what a check cell's grade_id has before the exercise's name


class Unusable(Exception):
    """A submission in which there is nothing to run; the text says why."""


def grade(paper: Paper, sandbox: Sandbox) -> Graded:
    """Grade a submission: whatever is in it, this ends with a grade.

    Raises:
        SandboxError: there is no sandbox to be had.
        OSError: this machine has no room or no rights for what grading needs.
    """
    try:
        rebuilt = prepare(paper)
    except Unusable as error:
        return failed(paper, str(error))
    program = _program(rebuilt.notebook)
    # what cells show comes from a process in which nothing is judged, and verdicts from others, in which nothing shows
    places = _places(rebuilt.notebook)
    with sandbox.run(program) as shown:
        missing = _missing(program, shown, places)
    verdicts, notes = _judge(program, missing, places, sandbox, paper.seed)
    said = [*((i, f"{how}; the others ran without it.") for i, how in shown.ended.items()), *notes]
    return finish(paper, rebuilt, verdicts, shown.outputs, said)


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
    return rebuild(_read_release(paper.release).notebook, submitted, paper.lesson)


def finish(
    paper: Paper,
    rebuilt: Rebuilt,
    verdicts: Mapping[str, Verdict],
    outputs: Mapping[int, list] | None = None,
    said: Iterable[Note] = (),
) -> Graded:
    """The grade that follows from the verdicts, and the notebook with what its cells and the judge said.

    Args:
        outputs: cell -> what it showed.
        said: what is worth a warning, with the cell that it is about.
    """
    grades = {
        name: ExerciseGrade(
            points if verdict.passed else 0, points, verdict.status, plain_text(verdict.message), verdict.mistake
        )
        for name, points in _read_release(paper.release).points.items()
        for verdict in [verdicts[name]]
    }
    notebook = rebuilt.notebook
    _fill_in(notebook, outputs or {}, grades)
    of_cells = [f"Code cell {_number(notebook, i)} {what}" for i, what in sorted(set(said))]
    warnings = (*paper.warnings, *rebuilt.warnings, *of_cells)
    text = json.dumps(notebook, ensure_ascii=False, sort_keys=True) + "\n"  # nbformat's own takes twenty times as long
    return Graded(paper.student, paper.lesson, WARNED if warnings else GRADED, grades, warnings, text)


def failed(paper: Paper, cause: str) -> Graded:
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
    sources, tasks = [], {}
    for i, cell in enumerate(notebook.cells):
        is_check = grade_id(cell).startswith(CHECK)
        if is_check:
            name = grade_id(cell).removeprefix(CHECK)
            tasks[name] = Task(EXERCISES[name].names, i)
        runs = cell.cell_type == "code" and not is_check and "demo" not in cell.metadata.get("tags", ())
        sources.append(cell.source if runs else "")
    return Program(tuple(sources), tasks)


def _places(notebook: nbformat.NotebookNode) -> dict[str, int]:
    """Exercise -> where its solution stands."""
    return {grade_id(cell): i for i, cell in enumerate(notebook.cells) if grade_id(cell) in EXERCISES}


def _missing(program: Program, shown: Run, places: Mapping[str, int]) -> dict[str, Verdict]:
    """Verdicts on the exercises of which there is no answer when the notebook runs as a whole."""
    missing = {}
    for name in program.tasks:
        try:
            shown.observe(name, EXERCISES[name].probe, ())
        except Absent as absent:
            missing[name] = _absent(name, absent, shown, places.get(name))
        except Gone:  # after its cells its process is gone, or says nothing: that does not speak for any other process
            break
    return missing


@dataclass(frozen=True)
class _Answer:
    """What is known of an answer's code without running it.

    Attributes:
        places: the statements that it is made of.
        code: the cells with these statements alone.
        refused: cell -> why it isn't run, in words.
        looks: what a person has to look at.
    """

    places: frozenset[Place]
    code: tuple[str, ...]
    refused: Mapping[int, str]
    looks: tuple[doubts.Doubt, ...]


def _read(name: str, program: Program) -> _Answer:
    task = program.tasks[name]
    cells = tuple(source if i < task.after else "" for i, source in enumerate(program.cells))
    try:
        places = frozenset(needed(cells, task.names))
        cells = tuple(written(cells, places))
        looks = doubts.found(cells, computing=bool(EXERCISES[name].forbidden))
    except (RecursionError, MemoryError):
        return _Answer(frozenset(), cells, {task.after: "not run: it is nested too deeply to be read."}, ())
    refused = {i: f"not run: it reaches for what judges it ({what})." for i, what in tampering.found(cells).items()}
    return _Answer(frozenset(at for at in places if at.cell not in refused), cells, refused, tuple(looks))


def _judge(
    program: Program, missing: Mapping[str, Verdict], places: Mapping[str, int], sandbox: Sandbox, seed: int
) -> tuple[dict[str, Verdict], list[Note]]:
    """A verdict on each exercise, and what a person should know.

    Only what the answers are made of runs, and no other cell. What reads as code that computes and leads nowhere else
    runs together, in a process of its own; each answer about which that is not known runs alone.
    """
    verdicts, notes = dict(missing), []
    answers = {name: _read(name, program) for name in program.tasks if name not in missing}
    for name, answer in answers.items():
        notes += [(i, f"was {why}") for i, why in answer.refused.items()]
        notes += [
            (i, f"needs a person to look at it, in its line {line}, for {name}: {what}.")
            for i, line, what in answer.looks
        ]
        own = places.get(name)
        if answer.refused and (own in answer.refused or not answer.places):
            at = own if own in answer.refused else min(answer.refused)
            verdicts[name] = _error(EXERCISES[name], f"its code was {answer.refused[at]}")
    running = [name for name in answers if name not in verdicts]
    clear = [name for name in running if not answers[name].refused and not answers[name].looks]
    for names in [clear, *([name] for name in running if name not in clear)]:
        if names:
            wanted = frozenset().union(*(answers[name].places for name in names))
            tasks = {name: program.tasks[name] for name in names}
            part = Program(tuple(written(program.cells, wanted)), tasks)
            code = {name: answers[name].code for name in names}
            with sandbox.run(part) as run:
                verdicts |= _judge_part(part, code, run, places, seed)
    return {name: verdicts[name] for name in program.tasks}, notes


def _judge_part(
    part: Program, code: Mapping[str, Sequence[str]], run: Run, places: Mapping[str, int], seed: int
) -> dict[str, Verdict]:
    """A verdict on each exercise of a program, from hidden cases.

    Where these go wrong, the public ones may tell why. Then the cells run again first, because what has seen a hidden
    case could tell of it.
    """
    verdicts = {name: _verdict(name, code[name], run, places.get(name), seed) for name in part.tasks}
    unclear = [name for name, verdict in verdicts.items() if not verdict.passed and name in run.answering]
    if unclear:
        run.restart()
    for name in unclear:
        public = _verdict(name, code[name], run, places.get(name), None)
        if not public.passed and name in run.answering:
            verdicts[name] = public
    return verdicts


def _verdict(name: str, code: Sequence[str], run: Run, place: int | None, seed: int | None) -> Verdict:
    exercise = EXERCISES[name]
    used = shortcuts.in_notebook(code, exercise.names, exercise.forbidden) if exercise.forbidden else []
    try:
        return judge_observed(exercise, partial(run.observe, name, exercise.probe), used, seed=seed)
    except Absent as absent:
        return _absent(name, absent, run, place)


def _absent(name: str, absent: Absent, run: Run, place: int | None) -> Verdict:
    if place in run.ended:
        return _error(EXERCISES[name], f"its cell {run.ended[place]}.")
    if place in run.raised:
        return _error(EXERCISES[name], f"its cell raised {run.raised[place]}.")
    return replace(_error(EXERCISES[name], str(absent)), status="not attempted" if absent.undefined else "error")


def _error(exercise: Exercise, sentence: str) -> Verdict:
    return Verdict(False, "error", f"{exercise.name}: {sentence}")


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
