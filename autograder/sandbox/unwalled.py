"""Run a notebook's cells and judge its exercises, in a Python process of its own.

It writes what it finds to a file, one JSON object a line: the plan, then where it is, and each verdict. So
nothing that a cell prints gets mixed in, and what was judged before a crash or a time-out is known.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.notebooks.plan import NoExercises, Plan, Task, Unreadable, read_plan

TIMEOUT = 120.0  # seconds for one notebook


@dataclass(frozen=True)
class Outcome:
    """One exercise of a notebook: the judge's verdict, and what it is worth where the notebook says so."""

    exercise: str
    points: float | None
    status: str
    message: str
    mistake: str | None = None


@dataclass(frozen=True)
class Checked:
    """A notebook that was run: its lesson, and one outcome for each of the lesson's exercises.

    Attributes:
        missing: code cell, counted from 0 -> the modules that it imports and that are not there.
    """

    lesson: str
    outcomes: tuple[Outcome, ...]
    missing: Mapping[int, Sequence[str]] = field(default_factory=dict)


def run_notebook(path: Path, timeout: float = TIMEOUT, seed: int | None = None) -> Checked:
    """Run the notebook at ``path`` in a new process, in the notebook's folder, and judge its exercises.

    Args:
        timeout: seconds after which the process is ended; what was not judged by then is an error.
        seed: judge on the cases of grading too, drawn from this.

    Raises:
        Unreadable: the file is no notebook.
        NoExercises: it is no lesson's.
    """
    with tempfile.TemporaryDirectory() as scratch:
        results, errors = Path(scratch, "results.jsonl"), Path(scratch, "errors.txt")
        results.touch()
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.sandbox.unwalled", path.resolve(), results, json.dumps(seed)],
                cwd=path.resolve().parent,
                env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "IPYTHONDIR": scratch, "MPLBACKEND": "Agg"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
            end = _wait(process, timeout)
        records = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
        if not records:  # it ended before it came to the notebook
            raise RuntimeError(f"the checking process {end}\n{errors.read_text(errors='replace')}")
    if "unreadable" in records[0]:
        kind = NoExercises if records[0]["without_exercises"] else Unreadable
        raise kind(*records[0]["unreadable"])
    return _collect(records, end)


def _wait(process: subprocess.Popen, timeout: float) -> str:
    """Wait for the process, no longer than ``timeout``, and leave nothing of it behind; says how it ended."""
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        return f"did not finish within {timeout:g} s: it was stopped"
    finally:
        _end(process)
    if status < 0:
        return f"did not finish: its Python process was ended by {signal.Signals(-status).name}"
    return f"did not finish: its Python process ended with exit status {status}"


def _end(process: subprocess.Popen) -> None:
    """End the process, and on POSIX with it whatever the notebook started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # there is nothing left to end
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _collect(records: list[dict[str, Any]], end: str) -> Checked:
    plan = records[0]
    outcomes = {record["exercise"]: Outcome(**record) for record in records if "status" in record}
    where = next((record["at"] for record in reversed(records) if "at" in record), "before its first cell")
    for exercise, points in plan["exercises"].items():
        message = f"{exercise}: not judged. The notebook {end} {where}."
        outcomes.setdefault(exercise, Outcome(exercise, points, "error", message))
    missing = {record["cell"]: record["missing"] for record in records if "missing" in record}
    return Checked(plan["lesson"], tuple(outcomes[exercise] for exercise in plan["exercises"]), missing)


def _main(path: Path, results: Path, seed: int | None) -> None:
    """The other process: run and judge the notebook at ``path``, writing to ``results``."""
    from autograder.exercises import EXERCISES, WARM_UP  # imports torch, which the process that waits can do without

    with results.open("a", encoding="utf-8", buffering=1) as lines:

        def write(record: dict[str, Any]) -> None:
            lines.write(json.dumps(record) + "\n")

        try:
            plan = read_plan(path, EXERCISES | WARM_UP)
        except Unreadable as error:
            why = [error.came, error.expected, error.remedy]
            write({"unreadable": why, "without_exercises": isinstance(error, NoExercises)})
            return
        write({"lesson": plan.lesson, "exercises": {task.exercise: task.points for task in plan.tasks}})
        _silence()
        sys.path.insert(0, str(path.parent))  # a notebook can import what lies beside it
        for outcome in _outcomes(plan, seed, write):
            write(asdict(outcome))


def _silence() -> None:
    """What cells print is of no interest here, and without an end may fill a disk."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _outcomes(plan: Plan, seed: int | None, write: Callable[[dict[str, Any]], None]) -> Iterator[Outcome]:
    from autograder.sandbox.inside.shell import Cells
    from course_utils.probes import world

    cells = Cells()
    world.remember()
    raised: dict[str, BaseException] = {}

    for i, cell in enumerate(plan.cells):
        names = "".join(f" ({name})" for name in sorted(cell.exercises))
        write({"at": f"while code cell {i + 1}{names} ran"})
        if error := cells.run(cell.source):
            raised.update(dict.fromkeys(cell.exercises, error))
        if cells.missing:
            write({"cell": i, "missing": cells.missing})
        for task in plan.tasks:
            if task.after == i:
                write({"at": f"while {task.exercise} was judged"})
                yield _judged(task, seed, cells.namespace, raised.get(task.exercise))


def _judged(task: Task, seed: int | None, namespace: dict[str, Any], raised: BaseException | None) -> Outcome:
    """The outcome of one exercise.

    Args:
        raised: what the cell that should define it raised.
    """
    from autograder.judge import judge
    from autograder.sandbox.inside.shell import described

    def outcome(status: str, message: str, mistake: str | None = None) -> Outcome:
        return Outcome(task.exercise, task.points, status, message, mistake)

    absent = [name for name in task.names if name not in namespace]
    if absent and raised:
        return outcome("error", f"{task.exercise}: its cell raised {described(raised)}.")
    if absent:
        return outcome("not attempted", f"{task.exercise}: this notebook defines no {' and no '.join(absent)}.")
    candidates = tuple(namespace[name] for name in task.names)
    try:
        candidate = candidates if len(candidates) > 1 else candidates[0]
        verdict = judge(task.exercise, candidate, seed=seed or 0, hidden=seed is not None)
    except Exception as error:  # a cell may have broken what the judge works with, and the other exercises go on
        return outcome("error", f"{task.exercise}: could not be judged. {described(error)}.")
    return outcome(verdict.status, verdict.message, verdict.mistake)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
