"""`make bench`: how fast a class is graded, beside nbgrader with its default kernel; all measured in this run.

Each way grades the same submissions in a new course. The time for each comes from when the first and the last graded
notebook was written; what is left of the whole is the start, so that nobody is charged for the start of the other.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook

from benchmarks import report
from benchmarks.processes import cpu_seconds, family, memory
from benchmarks.students import LESSON, WRONG, hand_in, new_course, notebook, solutions

PROGRAMS = Path(sys.executable).parent
# nbgrader as it comes: students' code runs in a kernel, with the rights of whoever grades.
PLAIN = """
c = get_config()
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "lessons"
c.CourseDirectory.submitted_directory = "autograder/submitted"
c.CourseDirectory.autograded_directory = "autograder/autograded"
c.CourseDirectory.feedback_directory = "autograder/feedback"
c.CourseDirectory.db_url = "sqlite:///autograder/gradebook.db"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your code here"}
c.ClearSolutions.text_stub = "*Your answer here.*"
c.Execute.timeout = 300
"""
RELEASE = [sys.executable, "-m", "nbgrader", "generate_assignment", LESSON, "--force"]
AUTOGRADE = [sys.executable, "-m", "nbgrader", "autograde", LESSON]
GRADE = [PROGRAMS / "course", "grade", LESSON]


@dataclass
class Watched:
    """What was seen of a command while it ran.

    Attributes:
        seconds: from its start to its end.
        own: bytes of memory of the command's first process, a sample a second.
        submissions: bytes of a submission's processes, highest seen: what nobody else has in memory, and with its
            part of what is shared.
    """

    seconds: float = 0.0
    own: list[int] = field(default_factory=list)
    submissions: dict[str, int] = field(default_factory=lambda: {"Private": 0, "Pss": 0})


def honest(count: int) -> dict[str, bytes]:
    """Right and wrong notebooks in turns, none like another."""
    solved = solutions()
    wrong = itertools.cycle(WRONG.values())
    answers = (solved if n % 2 else {**solved, **dict([next(wrong)])} for n in range(count))
    return {
        f"student-{n:04}": nbformat.writes(notebook(answer, cell=f"my_number = {n}")).encode()
        for n, answer in enumerate(answers)
    }


def run(course: Path, command: Sequence[str | Path], watch: bool = False) -> Watched:
    """Run a command to its end; with ``watch``, look at its memory meanwhile."""
    seen, ended = Watched(), threading.Event()
    env = os.environ | {"PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]), "OMP_WAIT_POLICY": "PASSIVE"}
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=course, env=env, stdout=said, stderr=said)
        watcher = threading.Thread(target=_watch, args=(process.pid, seen, ended))
        if watch:
            watcher.start()
        code = process.wait()
        seen.seconds = time.monotonic() - begun
        ended.set()
        if watch:
            watcher.join()
        if code:
            said.seek(0)
            raise SystemExit(f"{' '.join(map(str, command))} ended with {code}:\n{said.read()[-3000:]}")
    return seen


def _watch(pid: int, seen: Watched, ended: threading.Event) -> None:
    for tick in itertools.count():
        if tick % 20 == 0:
            seen.own.append(memory(pid).get("Rss", 0))
        for submission in family(pid):
            found = memory(submission)
            for kind in seen.submissions:
                seen.submissions[kind] = max(seen.submissions[kind], found.get(kind, 0))
        if ended.wait(0.05):
            return


def course_of(folder: Path, handed_in: Mapping[str, bytes], plain: bool = False) -> Path:
    """A new course in which these submissions wait to be graded."""
    course = new_course(folder)
    hand_in(course, handed_in)
    if plain:
        (course / "nbgrader_config.py").write_text(PLAIN)
        run(course, RELEASE)
    return course


def pace(course: Path) -> float:
    """Seconds from one graded notebook to the next, between the first and the last."""
    written = sorted(path.stat().st_mtime for path in (course / "autograder" / "autograded").glob("*/*/*.ipynb"))
    return (written[-1] - written[0]) / (len(written) - 1)


def scores(course: Path) -> dict[tuple[str, str], float]:
    """(student, check) -> points, as in the gradebook."""
    with Gradebook(f"sqlite:///{course}/autograder/gradebook.db") as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.assignment_submissions(LESSON)
            for paper in submission.notebooks
            for grade in paper.grades
            if grade.name.startswith("check_")
        }


def measure(scratch: Path, handed_in: Mapping[str, bytes], again: int) -> dict:
    """All ways with the same submissions; then a class of ``again`` graded twice."""
    ways = {
        "nbgrader autograde": (AUTOGRADE, 1),
        "course grade --jobs 1": ([*GRADE, "--jobs", "1"], 1),
        "course grade --jobs 2": ([*GRADE, "--jobs", "2"], 2),
    }
    found, all_scores = {}, {}
    for way, (command, workers) in ways.items():
        print(f"{way} ...", flush=True)
        course = course_of(scratch / way, handed_in, plain=command is AUTOGRADE)
        whole, each = run(course, command).seconds, pace(course)
        found[way] = {"whole": whole, "start": whole - each * len(handed_in), "each": each, "workers": workers}
        all_scores[way] = scores(course)
    first, *others = all_scores.values()
    print(f"a class of {again}, twice ...", flush=True)
    course = course_of(scratch / "again", honest(again))
    watched = run(course, [*GRADE, "--jobs", "2"], watch=True)
    second = run(course, [*GRADE, "--jobs", "2"]).seconds
    little = run(scratch / "course grade --jobs 1", [*GRADE, "--jobs", "1"]).seconds
    return {
        "submissions": len(handed_in),
        "ways": found,
        "same_scores": all(first == other for other in others),
        "again": {"submissions": again, "seconds": second, "each": (second - little) / (again - len(handed_in))},
        "memory": {
            "submissions": watched.submissions,
            "main": watched.own,
            "class": again,
            "seconds": watched.seconds,
        },
    }


def small(scratch: Path, pages: int) -> dict[str, float]:
    """What -> CPU seconds of commands that somebody waits for; and of ``pages`` feedback pages."""
    course = PROGRAMS / "course"
    one = course_of(scratch / "one", honest(1))
    graded = scratch / "again"  # where a class is graded already
    feedback = [course, "grade", LESSON, "--feedback", "--jobs", "1"]
    return {
        "import torch": min(cpu_seconds([sys.executable, "-c", "import torch"], scratch) for _ in range(3)),
        "course --help": cpu_seconds([course, "--help"], one),
        "course progress": cpu_seconds([course, "progress"], one),
        "course grade, one submission": cpu_seconds([course, "grade", LESSON], one),
        "the same again": cpu_seconds([course, "grade", LESSON], one),
        f"feedback for {pages}": cpu_seconds(feedback, graded),
        "the same feedback again": cpu_seconds(feedback, graded),
    }


def main() -> None:
    """Measure, print, and write benchmarks/results/."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--submissions", type=int, default=20, help="for each of the ways (default: 20)")
    options.add_argument("--many", type=int, default=150, help="for memory and for grading again (default: 150)")
    given = options.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="bench-grading-"))
    try:
        load = os.getloadavg()[0]
        found = measure(scratch, honest(given.submissions), given.many)
        print("what one waits for ...", flush=True)
        found["small"] = small(scratch, given.many)
    finally:
        shutil.rmtree(scratch)
    report.write(found | {"machine": report.machine(load), "command": " ".join(["make", "bench", *_args()])})


def _args() -> list[str]:
    return [f'ARGS="{" ".join(sys.argv[1:])}"'] if sys.argv[1:] else []


if __name__ == "__main__":
    main()
