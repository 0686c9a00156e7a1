"""Check notebooks and report: a table for people, JSON for programs.

The JSON is one object:

    {"exit_code": 1,
     "notebooks": [
       {"path": "work/07_layers/07_layers.ipynb", "lesson": "07_layers", "unreadable": null,
        "exercises": [
          {"exercise": "softmax", "points": 3, "status": "wrong", "message": "...", "mistake": "..."}]}]}

``status`` is passed, wrong, not attempted or error; ``points`` and ``mistake`` may be null. What cannot be
read has ``"lesson": null``, no exercises, and says why:
``"unreadable": {"came": ..., "expected": ..., "remedy": ...}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.desk.review import exercises_of
from autograder.notebooks.course import KEPT, REVIEW, CourseError, find_root, work_of
from autograder.notebooks.plan import NoExercises, Plan, Unreadable, read_plan
from autograder.sandbox.unwalled import Unwalled

if TYPE_CHECKING:
    from autograder.judge import Verdict
    from autograder.sandbox.run import Program

ALL_PASSED, SOME_NOT, CANNOT_READ = 0, 1, 2

_WHAT = {"came": "came:", "expected": "expected:", "remedy": "what to do:"}
_STYLE = {"passed": "green", "wrong": "red", "error": "red", "not attempted": "yellow"}


@dataclass(frozen=True)
class Outcome:
    """One exercise of a notebook: the judge's verdict, and what it is worth where the notebook says so.

    ``partly``: the share of the points, where it passed and earned some of them.
    """

    exercise: str
    points: float | None
    status: str
    message: str
    mistake: str | None = None
    partly: float | None = None

    @property
    def worth(self) -> str:
        """The points as a table shows them: ``"3"``, ``"2 of 4"`` where it earned a part of them, or nothing."""
        if self.points is None:
            return ""
        part = f"{self.points * self.partly:g} of " if self.partly else ""
        return f"{part}{self.points:g}"

    @property
    def to_know(self) -> str:
        """The message without the exercise's name; nothing where there is nothing to do."""
        done = self.status == "passed" and not self.partly
        return "" if done else self.message.removeprefix(f"{self.exercise}: ")


@dataclass(frozen=True)
class Checked:
    """A notebook that was run: its lesson, and one outcome for each of the lesson's exercises.

    Attributes:
        missing: code cell, counted from 0 -> the modules that it imports and that are not there.
    """

    lesson: str
    outcomes: tuple[Outcome, ...]
    missing: Mapping[int, Sequence[str]] = field(default_factory=dict)


Report = Checked | Unreadable


class _InReview(NamedTuple):
    """An exercise as the review notebook asks it: only those that it asks are missing there."""

    names: tuple[str, ...]
    lesson: str = REVIEW


def run_notebook(path: Path) -> Checked:
    """Run the notebook at ``path`` in a process of its own, in the notebook's folder, and judge its exercises.

    Raises:
        Unreadable: the file is no notebook.
        NoExercises: it is no lesson's.
        SandboxLost: the process could not be started; the text says why.
    """
    with Unwalled(path.parent) as wall:
        from autograder.exercises import EXERCISES, WARM_UP  # torch: while the process that was started loads it too
        from autograder.sandbox.verdicts import judge_public

        known = EXERCISES | WARM_UP
        asked = exercises_of(path) if path.stem == REVIEW else []
        in_review = {name: _InReview(names=known[name].names) for name in asked if name in known}
        plan = read_plan(path, in_review or known)
        program = _program(plan)
        with wall.run(program) as run:
            verdicts = judge_public(program, run)
    outcomes = (
        Outcome(task.exercise, task.points, verdict.status, verdict.message, verdict.mistake, _partly(verdict))
        for task in plan.tasks
        for verdict in [verdicts[task.exercise]]
    )
    return Checked(plan.lesson, tuple(outcomes), run.missing)


def _partly(verdict: Verdict) -> float | None:
    return verdict.share if 0 < verdict.share < 1 else None


def _program(plan: Plan) -> Program:
    from autograder.sandbox.run import Target
    from autograder.sandbox.verdicts import make_program

    places = {name: i for i, cell in enumerate(plan.cells) for name in cell.exercises}
    tasks = {task.exercise: Target(task.names, task.after, places.get(task.exercise)) for task in plan.tasks}
    return make_program([cell.source for cell in plan.cells], tasks)


def check_paths(paths: Iterable[Path], json: bool = False) -> int:
    """Run the notebooks at ``paths``, judge their exercises, and print what came of it.

    Args:
        paths: notebooks, and folders, of which every notebook with exercises is meant.
        json: print the JSON object described above instead of tables.

    Returns:
        0 when every exercise passed, 1 when some did not, 2 when something could not be read.
    """
    reports = []
    progress = Console(stderr=True)
    for path, report in _reports(paths, progress):
        reports.append((path, report))
        if not json:
            _print(Console(highlight=False), path, report)
    code = max((_exit_code(report) for _, report in reports), default=CANNOT_READ)
    if json:
        print(dumps({"exit_code": code, "notebooks": [_as_json(*pair) for pair in reports]}, indent=2))
    return code


def _reports(paths: Iterable[Path], progress: Console) -> Iterator[tuple[Path, Report]]:
    for path in map(Path, paths):
        try:
            meant = notebooks(path)
        except Unreadable as error:
            yield path, error
            continue
        found = False
        for notebook in meant:
            try:
                with progress.status(f"Checking {notebook} ..."):
                    report = run_notebook(notebook)
            except NoExercises as error:
                if notebook != path:
                    continue
                report = error
            except Unreadable as error:
                report = error
            found = True
            yield notebook, report
        if not found:
            yield path, _no_notebooks("a folder whose notebooks have no exercises in them")


def notebooks(path: Path) -> list[Path]:
    """The notebooks that ``path`` means, without Jupyter's checkpoints and the old copies in work/kept/.

    The review notebook is meant only where it is named: what it asks has passed before, and is empty for a while.
    """
    if path.is_dir():
        found = sorted(p for p in path.rglob("*.ipynb") if not _is_review(p))
        found = [p for p in found if not any(part[0] == "." or part == KEPT for part in p.relative_to(path).parts)]
        if not found:
            raise _no_notebooks("a folder without notebooks")
        return found
    if not path.is_file():
        raise Unreadable(
            "no such file",
            "a notebook (.ipynb), or a folder with notebooks",
            "Look at the path; your own copies of the lessons are in work/.",
        )
    return [path]


def _is_review(path: Path) -> bool:
    """Whether it is the review notebook of a learner's desk, and no other of that name."""
    with suppress(CourseError):
        here = path.parent.resolve()
        return path.name == f"{REVIEW}.ipynb" and here == work_of(find_root(here)).resolve()
    return False


def _no_notebooks(came: str) -> Unreadable:
    return Unreadable(
        came,
        "a folder with lessons' notebooks",
        "Your own copies of the lessons are in work/; try `course check work`.",
    )


def _exit_code(report: Report) -> int:
    if isinstance(report, Unreadable):
        return CANNOT_READ
    return ALL_PASSED if all(outcome.status == "passed" for outcome in report.outcomes) else SOME_NOT


def _as_json(path: Path, report: Report) -> dict:
    if isinstance(report, Unreadable):
        why = {"came": report.came, "expected": report.expected, "remedy": report.remedy}
        return {"path": str(path), "lesson": None, "unreadable": why, "exercises": []}
    exercises = [asdict(outcome) for outcome in report.outcomes]
    for exercise in exercises:
        del exercise["partly"]  # the message says it
    return {"path": str(path), "lesson": report.lesson, "unreadable": None, "exercises": exercises}


def _print(console: Console, path: Path, report: Report) -> None:
    if isinstance(report, Unreadable):
        console.print(Text(f"{path}: cannot be checked", style="bold red"))
        for what in ("came", "expected", "remedy"):
            console.print(Text(f"  {_WHAT[what]:<11} {getattr(report, what)}"))
        return
    table = Table(title=Text(str(path)), title_justify="left", title_style="bold")
    table.add_column("exercise", no_wrap=True)
    table.add_column("points", justify="right")
    table.add_column("result", no_wrap=True)
    table.add_column("what to know", overflow="fold")
    for outcome in report.outcomes:
        table.add_row(
            outcome.exercise,
            outcome.worth,
            Text(outcome.status, style=_STYLE[outcome.status]),
            Text(outcome.to_know),
        )
    console.print(table)
    passed = sum(outcome.status == "passed" for outcome in report.outcomes)
    console.print(f"{passed} of {len(report.outcomes)} exercises passed.")
    for cell, names in report.missing.items():
        console.print(f"Code cell {cell + 1} imports {', '.join(names)}, which this Python does not have.")
