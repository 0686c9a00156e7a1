"""`course grade` from the command to the gradebook, with the real sandbox: what students get, and what stops it."""

import contextlib
import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.exercises import EXERCISES
from autograder.grading import workers
from autograder.grading.gradebook import record
from autograder.grading.outcome import ERROR, FAILED, GRADED, WARNED
from benchmarks.students import WRONG, hand_in, new_course, notebook, solutions
from tests.support.classroom import FILE, LESSON, gradebook_rows, sqlite

BIN = Path(sys.executable).parent
NAMES = [name for name, exercise in EXERCISES.items() if exercise.lesson == LESSON]
POINTS = {"linear": 1, "gelu": 1, "softmax": 3, "cross_entropy": 3, "embedding": 1, "layer_norm": 3, "dropout": 2}


def written(*arguments, **options):
    return nbformat.writes(notebook(*arguments, **options)).encode()


SOLVED = written(solutions())
TWO_WRONG = written(
    {**solutions(), "softmax": WRONG["softmax-one-sum"][1], "layer_norm": WRONG["layer-norm-sample-variance"][1]}
)
CLASS = {
    "solved": SOLVED,
    "two_wrong": TWO_WRONG,
    "untouched": written({}),
    "exits": written(solutions(), cell="import os\nos._exit(0)"),
    "corrupt": b'{"cells": [' * 20_000,
    "empty": b"",
}
# student -> outcome, exercises without points, and what the last warning says
EXPECTED = {
    "corrupt": (FAILED, NAMES, "a file that is no notebook"),
    "empty": (FAILED, NAMES, "a file that is no notebook"),
    "exits": (WARNED, [], "Code cell 2 ended the whole process; the others ran without it."),
    "linked": (FAILED, NAMES, "a link"),
    "no_notebook": (FAILED, NAMES, "no such file"),
    "renamed": (WARNED, [], f"The notebook was named my lesson.ipynb; expected {FILE}."),
    "solved": (GRADED, [], None),
    "two_wrong": (GRADED, ["softmax", "layer_norm"], None),
    "untouched": (GRADED, NAMES, None),
}


def hand_in_traps(course):
    submitted = course / "autograder" / "submitted"
    for student in ("linked", "no_notebook", "renamed"):
        (submitted / student / LESSON).mkdir(parents=True)
    (course / "secret.ipynb").write_bytes(SOLVED)
    (submitted / "linked" / LESSON / FILE).symlink_to(course / "secret.ipynb")
    (submitted / "renamed" / LESSON / "my lesson.ipynb").write_bytes(SOLVED)


def start(course, *arguments):
    """The command in a process of its own, and in a session, by which its children are found."""
    command = [BIN / "course", "grade", LESSON, *arguments]
    return subprocess.Popen(
        command, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def grade(course, *arguments):
    """The command in this process."""
    with contextlib.chdir(course):
        return CliRunner().invoke(app, ["grade", *arguments])


def in_json(path):
    return {result["student"]: result for result in json.loads(path.read_text(encoding="utf-8"))}


def seed(course):
    return course / "autograder" / "results" / LESSON / "seed"


def scores(course, student):
    with Gradebook(sqlite(course)) as gradebook:
        (paper,) = gradebook.find_submission(LESSON, student).notebooks
        checks = {each.name.removeprefix("check_"): each.score for each in paper.grades}
    return {name: score for name, score in checks.items() if name in NAMES}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose class was graded, with feedback, by two workers."""
    course = new_course(tmp_path_factory.mktemp("graded") / "course")
    hand_in(course, CLASS)
    hand_in_traps(course)
    run = start(course, "--jobs", "2", "--json", "out.json", "--feedback")
    course.with_name("said").write_text(run.communicate(timeout=600)[0])

    assert run.returncode == 1, course.with_name("said").read_text()
    return course


class _Lent:
    """An executor that many runs use, so that they share a sandbox; it remembers whose papers it was given."""

    def __init__(self, executor):
        self.students, self._executor = [], executor

    def submit(self, do, paper):
        self.students.append(paper.student)
        return self._executor.submit(do, paper)

    def shutdown(self, **_):
        pass


@pytest.fixture(scope="module")
def thread():
    with ThreadPoolExecutor(1) as thread:
        yield thread


@pytest.fixture
def given(thread, monkeypatch):
    """Grading happens in one thread of this process; the students whose submissions were run, in order."""
    lent = _Lent(thread)
    monkeypatch.setattr(workers, "local", lambda jobs: lent)
    return lent.students


@pytest.fixture(scope="module")
def ungraded(tmp_path_factory):
    """A course with two submissions, and a gradebook without grades: to make one takes longer than all the rest."""
    course = new_course(tmp_path_factory.mktemp("ungraded") / "course")
    hand_in(course, {"ada": SOLVED, "bob": TWO_WRONG})
    with record.Record(course) as gradebook:
        gradebook.prepare(LESSON)
    return course


@pytest.fixture
def pair(ungraded, tmp_path):
    """A course with two submissions, not graded yet."""
    return shutil.copytree(ungraded, tmp_path / "course", symlinks=True)


# --- what each gets


@pytest.mark.parametrize("student", EXPECTED)
def test_every_submission_ends_in_the_outcome_and_with_the_points_that_it_should(course, student):
    outcome, without_points, warning = EXPECTED[student]
    result = in_json(course / "out.json")[student]

    assert (result["outcome"], result["max_score"]) == (outcome, sum(POINTS.values()))
    assert {name: grade["points"] for name, grade in result["exercises"].items()} == {
        name: 0 if name in without_points else points for name, points in POINTS.items()
    }
    assert [warning in said for said in result["warnings"][-1:]] == [True] * (warning is not None)


def test_json_has_exactly_the_fields_that_it_promises(course):
    results = json.loads((course / "out.json").read_text())

    assert [result["student"] for result in results] == sorted(EXPECTED)
    assert {tuple(result) for result in results} == {
        ("student", "lesson", "outcome", "score", "max_score", "exercises", "warnings")
    }
    assert {tuple(each) for result in results for each in result["exercises"].values()} == {
        ("points", "max_points", "status", "message", "mistake")
    }
    assert {tuple(result["exercises"]) for result in results} == {tuple(POINTS)}


def test_json_says_which_mistake_it_was_and_why(course):
    softmax = in_json(course / "out.json")["two_wrong"]["exercises"]["softmax"]

    assert (softmax["status"], softmax["mistake"]) == ("wrong", "one sum over everything")
    assert softmax["message"].startswith("softmax: ")
    assert {each["status"] for each in in_json(course / "out.json")["untouched"]["exercises"].values()} == {
        "not attempted"
    }


def test_the_gradebook_and_nbgraders_export_have_the_same_points(course):
    export = [sys.executable, "-m", "nbgrader", "export", "--to", "grades.csv"]
    subprocess.run(export, cwd=course, check=True, capture_output=True, timeout=300)
    with (course / "grades.csv").open(newline="") as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    results = in_json(course / "out.json")

    assert exported == {student: result["score"] for student, result in results.items()}
    assert {student: scores(course, student) for student in results} == {
        student: {name: each["points"] for name, each in result["exercises"].items()}
        for student, result in results.items()
    }


def test_everybody_has_a_feedback_page_with_their_own_points(course):
    pages = {path.parent.parent.name: path for path in course.glob(f"autograder/feedback/*/{LESSON}/{LESSON}.html")}

    assert sorted(pages) == sorted(EXPECTED)
    assert "one sum over everything" not in pages["two_wrong"].read_text()
    assert "8 of 14 points" in pages["two_wrong"].read_text()
    assert "a file that is no notebook" in pages["empty"].read_text()


def test_the_summary_counts_mistakes_and_names_whom_to_look_at(course):
    said = " ".join(course.with_name("said").read_text().split())

    assert "one sum over" in said
    assert "3 graded; 2 graded, with a warning; 4 failed. Of 14 points, mean 5.6, median 0." in said
    assert "6 to look at:" in said
    assert "renamed, 07_layers: The notebook was named my lesson.ipynb" in said


def test_results_and_seed_are_for_their_owners_eyes_only(course):
    files = [seed(course), *(course / "autograder" / "results").rglob("*.json")]

    assert len(files) == len(EXPECTED) + 1
    assert {path.stat().st_mode & 0o77 for path in files} == {0}


# --- again


def test_what_has_not_changed_is_not_run_again_and_gives_the_same_bytes(course, given):
    before = gradebook_rows(sqlite(course))
    run = grade(course, LESSON, "--json", "again.json")

    assert run.exit_code == 1, run.output
    assert given == []
    assert (course / "again.json").read_bytes() == (course / "out.json").read_bytes()
    assert gradebook_rows(sqlite(course)) == before


def test_a_new_submission_of_one_student_is_the_only_one_that_runs(pair, given):
    first = grade(pair, LESSON)
    hand_in(pair, {"bob": SOLVED})
    second = grade(pair, LESSON, "--json", "out.json")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert given == ["ada", "bob", "bob"]
    assert {student: result["score"] for student, result in in_json(pair / "out.json").items()} == {
        "ada": 14,
        "bob": 14,
    }
    assert sum(scores(pair, "bob").values()) == 14


def test_students_narrows_it_to_those_whose_names_match(pair, given):
    run = grade(pair, LESSON, "--students", "b*", "--json", "out.json")

    assert run.exit_code == 0, run.output
    assert given == ["bob"]
    assert list(in_json(pair / "out.json")) == ["bob"]
    assert not (pair / "autograder" / "autograded" / "ada").exists()


def test_fresh_grades_all_again_on_other_inputs_with_the_same_points(pair, given):
    grade(pair, LESSON, "--json", "first.json")
    first_seed = seed(pair).read_text()
    run = grade(pair, LESSON, "--fresh", "--json", "second.json")

    assert run.exit_code == 0, run.output
    assert given == ["ada", "bob"] * 2
    assert seed(pair).read_text() != first_seed
    assert [(one["student"], one["score"]) for one in in_json(pair / "second.json").values()] == [
        ("ada", 14),
        ("bob", 8),
    ]


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"key": 1}', "of another", "exercises"])
def test_a_damaged_or_stale_result_is_not_believed(pair, given, damage):
    grade(pair, LESSON, "--json", "first.json")
    kept = seed(pair).with_name("bob.json")
    if damage == "of another":
        damage = seed(pair).with_name("ada.json").read_text()
    elif damage == "exercises":
        damage = json.dumps(json.loads(kept.read_text()) | {"graded": {"exercises": [], "warnings": 3}})
    kept.write_text(damage)
    run = grade(pair, LESSON, "--json", "second.json")

    assert run.exit_code == 0, run.output
    assert given == ["ada", "bob", "bob"]
    assert (pair / "second.json").read_bytes() == (pair / "first.json").read_bytes()


def test_a_lost_seed_is_drawn_anew_and_everything_graded_with_it(pair, given):
    grade(pair, LESSON)
    seed(pair).write_text("")
    run = grade(pair, LESSON)

    assert run.exit_code == 0, run.output
    assert seed(pair).read_text().strip().isdigit()
    assert given == ["ada", "bob"] * 2


def test_trusted_gives_honest_work_the_same_points(pair, given):
    grade(pair, LESSON, "--json", "sandboxed.json")
    trusted = grade(pair, LESSON, "--trusted", "--fresh", "--json", "trusted.json")

    assert trusted.exit_code == 0, trusted.output
    assert "--trusted: no sandbox." in trusted.output
    assert given == ["ada", "bob"]
    points = [
        {student: {name: each["points"] for name, each in one["exercises"].items()} for student, one in results.items()}
        for results in (in_json(pair / "sandboxed.json"), in_json(pair / "trusted.json"))
    ]
    assert points[0] == points[1]


def test_nbgrader_autograde_leaves_in_the_gradebook_what_course_grade_left(pair, given):
    grade(pair, LESSON)
    before = gradebook_rows(sqlite(pair))
    again = [sys.executable, "-m", "nbgrader", "autograde", LESSON, "--force"]
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    subprocess.run(again, cwd=pair, check=True, capture_output=True, timeout=300, env=os.environ | {"PATH": path})

    assert gradebook_rows(sqlite(pair)) == before


# --- what cannot begin


def test_a_lesson_that_is_not_there_is_named(pair, given):
    run = grade(pair, "08")

    assert run.exit_code == 2
    assert f"There is no lesson 08. Did you mean: {LESSON}?" in run.output


def test_where_nothing_was_handed_in_the_place_for_it_is_named(pair, given):
    run = grade(pair, LESSON, "--students", "nobody")

    assert run.exit_code == 2
    assert f"autograder/submitted/STUDENT/{LESSON}/{FILE}: `course collect ARCHIVE`" in run.output.replace("\n", "")


def test_outside_of_a_course_the_way_to_one_is_named(tmp_path):
    run = grade(tmp_path, LESSON)

    assert run.exit_code == 2
    assert "is not inside the course's folder. Go there first:" in run.output


def test_without_bubblewrap_nothing_is_graded_and_the_remedy_is_named(pair, monkeypatch):
    monkeypatch.setenv("PATH", str(pair))
    with ThreadPoolExecutor(1) as new_thread:  # which has no sandbox yet
        monkeypatch.setattr(workers, "local", lambda jobs: _Lent(new_thread))
        run = grade(pair, LESSON, "--json", "out.json")

    assert run.exit_code == 2
    assert "bubblewrap is not installed, and without it nothing is graded. Install it" in run.output
    assert not (pair / "out.json").exists()
    assert list(seed(pair).parent.glob("*.json")) == []


# --- what stops it

_HOLD = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
held.execute("ROLLBACK")
"""


@contextlib.contextmanager
def held_gradebook(course, seconds):
    """Another process holds the gradebook for so long."""
    command = [sys.executable, "-c", _HOLD, course / "autograder" / "gradebook.db", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        yield
        holder.kill()


def test_a_gradebook_that_is_locked_for_a_while_is_waited_for(pair, given):
    grade(pair, LESSON, "--students", "ada")
    with held_gradebook(pair, 2):
        run = grade(pair, LESSON)

    assert run.exit_code == 0, run.output
    assert sum(scores(pair, "bob").values()) == 8


def test_a_gradebook_that_stays_locked_is_an_error_and_the_next_run_goes_on(pair, given, monkeypatch):
    grade(pair, LESSON, "--students", "ada")
    monkeypatch.setattr(record, "PATIENCE", 0.1)
    with held_gradebook(pair, 600):
        stopped = grade(pair, LESSON)

    assert stopped.exit_code == 2
    assert "database is locked" in stopped.output
    assert "Close what holds the gradebook" in stopped.output.replace("\n", " ")
    assert grade(pair, LESSON).exit_code == 0
    assert sum(scores(pair, "bob").values()) == 8


def test_a_gradebook_that_gets_locked_in_the_middle_costs_no_result(pair, given, monkeypatch):
    grade(pair, LESSON, "--students", "ada")
    monkeypatch.setattr(record, "PATIENCE", 0.1)
    save, locks = record.Record.save, contextlib.ExitStack()

    def lock_and_save(self, result, submitted_at):
        if result.student == "bob":
            locks.enter_context(held_gradebook(pair, 600))
        save(self, result, submitted_at)

    with locks, monkeypatch.context() as patch:
        patch.setattr(record.Record, "save", lock_and_save)
        stopped = grade(pair, LESSON)

    assert stopped.exit_code == 2
    assert "bob's 07_layers was not recorded: database is locked" in stopped.output.replace("\n", " ")
    assert grade(pair, LESSON).exit_code == 0
    assert given == ["ada", "bob"]
    assert sum(scores(pair, "bob").values()) == 8


@pytest.fixture
def small_disk(pair):
    """A disk of its own for the results, with room for the seed alone; how to change it."""
    folder = pair / "autograder" / "results"
    folder.mkdir()

    def remount(options):
        subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder], check=True)
    try:
        yield remount
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(
    ("trouble", "why"), [("size=4k", "No space left on device"), ("ro,size=1m", "Read-only file system")]
)
def test_results_that_cannot_be_kept_are_an_error_and_the_next_run_goes_on(pair, given, small_disk, trouble, why):
    seed(pair).parent.mkdir()
    seed(pair).write_text("7\n")
    small_disk(trouble)
    stopped = grade(pair, LESSON)

    assert stopped.exit_code == 2
    assert f"{seed(pair).parent}: {why}. Make room there" in stopped.output.replace("\n", "")
    assert sorted(path.name for path in seed(pair).parent.iterdir()) == ["seed"]
    small_disk("rw,size=1m")
    run = grade(pair, LESSON, "--json", "out.json")
    assert run.exit_code == 0, run.output
    assert [one["score"] for one in in_json(pair / "out.json").values()] == [14, 8]


def test_what_stands_in_the_way_of_one_students_result_costs_nobody_else_anything(pair, given):
    seed(pair).with_name("bob.json").mkdir(parents=True)
    run = grade(pair, LESSON, "--json", "out.json")
    results = in_json(pair / "out.json")

    assert run.exit_code == 1, run.output
    assert {student: result["outcome"] for student, result in results.items()} == {"ada": GRADED, "bob": ERROR}
    assert "The result could not be kept as bob.json" in results["bob"]["warnings"][0]


def test_a_fault_of_ours_in_recording_one_costs_nobody_else_anything(pair, given, monkeypatch):
    save = record.Record.save

    def fails_for_bob(self, result, submitted_at):
        if result.student == "bob":
            raise KeyError("cells")
        save(self, result, submitted_at)

    monkeypatch.setattr(record.Record, "save", fails_for_bob)
    run = grade(pair, LESSON, "--json", "out.json")

    assert run.exit_code == 1, run.output
    assert in_json(pair / "out.json")["bob"]["warnings"] == ["It was not recorded: KeyError: 'cells'"]
    assert sum(scores(pair, "ada").values()) == 14


# --- what is killed


def same_class(course, folder):
    """The class of ``course`` in a new one, with its seed, and not graded yet."""
    new, submitted = new_course(folder), Path("autograder", "submitted")
    shutil.copytree(course / submitted, new / submitted, symlinks=True, dirs_exist_ok=True)
    seed(new).parent.mkdir(parents=True)
    shutil.copy(seed(course), seed(new))
    return new


def kept(course):
    return len(list(seed(course).parent.glob("*.json")))


def wait_until(true, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def members(session):
    """The processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                found.append(int(path.parent.name))
    return found


def children(pid):
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def examiners():
    """The processes in which this one has submissions graded."""
    return [pid for pid in children(os.getpid()) if b"autograder.grading.examiner" in command(pid)]


def command(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_killed_again_and_again_it_ends_as_if_it_had_never_been(course, tmp_path):
    new = same_class(course, tmp_path / "course")
    for count in (1, 5, 7):  # results that are there, when it is killed
        run = start(new, "--jobs", "2")
        wait_until(lambda count=count, run=run: kept(new) >= count or run.poll() is not None)
        time.sleep(random.random() / 5)
        run.kill()
        run.communicate()
        wait_until(lambda session=run.pid: members(session) == [], 30)
    killed_with = kept(new)
    run = start(new, "--jobs", "2", "--json", "out.json")
    said, _ = run.communicate(timeout=600)

    assert run.returncode == 1, said
    assert killed_with >= 7
    assert (new / "out.json").read_bytes() == (course / "out.json").read_bytes()
    assert gradebook_rows(sqlite(new)) == gradebook_rows(sqlite(course))
    assert [path for path in (new / "autograder").rglob(".*") if path.is_file()] == []
    with sqlite3.connect(new / "autograder" / "gradebook.db") as gradebook:
        assert gradebook.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_sandbox_that_is_killed_is_started_again_and_costs_nobody_anything(pair, given):
    grade(pair, LESSON, "--students", "ada", "--json", "first.json")
    hand_in(pair, {"bob": written(solutions(), cell="import time\ntime.sleep(3)")})

    def kill_sandboxes():
        wait_until(lambda: given == ["ada", "bob"])
        time.sleep(1)
        for pid in (child for examiner in examiners() for child in children(examiner)):
            if Path(f"/proc/{pid}/comm").read_text() == "bwrap\n":
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)

    killed, killer = [], threading.Thread(target=kill_sandboxes)
    killer.start()
    run = grade(pair, LESSON, "--json", "out.json")
    killer.join()

    assert killed
    assert run.exit_code == 0, run.output
    assert given == ["ada", "bob", "bob"]
    assert [one["score"] for one in in_json(pair / "out.json").values()] == [14, 14]


def test_a_worker_that_is_killed_costs_nobody_anything(course, tmp_path):
    new, killed = same_class(course, tmp_path / "course"), []

    def kill_one():
        wait_until(lambda: kept(new) >= 5)  # four of these need no sandbox
        killed.append(random.choice(examiners()))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    run = grade(new, LESSON, "--jobs", "2", "--json", "out.json")
    killer.join()

    assert run.exit_code == 1, run.output
    assert len(killed) == 1
    assert (new / "out.json").read_bytes() == (course / "out.json").read_bytes()
    assert gradebook_rows(sqlite(new)) == gradebook_rows(sqlite(course))
