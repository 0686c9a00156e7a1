"""Plain nbgrader, by its command line: this course is released, graded and exported like any other, and safely."""

import csv
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from autograder.grading.gradebook import nbgrader_step
from autograder.grading.gradebook.settings import read_course
from autograder.grading.harmless import JOINER
from autograder.sandbox.errors import SandboxError
from tests.support import ROOT
from tests.support.classroom import graded

LESSON = "07_layers"
FILE = f"{LESSON}.ipynb"
EXERCISE_NAMES = [  # in the lesson's order
    cell.id.removeprefix("check_")
    for cell in nbformat.read(ROOT / "lessons" / LESSON / FILE, as_version=4).cells
    if cell.id.startswith("check_")
]

WRONG = {
    "softmax": """\
def softmax(x, dim):
    ### BEGIN SOLUTION
    e = (x - x.max()).exp()
    return e / e.sum()
    ### END SOLUTION
""",
    "layer_norm": """\
def layer_norm(x, weight, bias, eps=1e-5):
    ### BEGIN SOLUTION
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True)
    return (x - mean) / (variance + eps).sqrt() * weight + bias
    ### END SOLUTION
""",
}
SECRET = "# nobody may read this"
NOISE = """\
    import logging, os, sys, warnings
    warnings.warn("a warning")
    logging.getLogger("learner").warning("a log line")
    print("printed")
    print("printed to stderr", file=sys.stderr)
    os.write(2, b"written to stderr")
"""


def lesson_cells(folder):
    return {cell.id: cell for cell in nbformat.read(ROOT / folder / LESSON / FILE, as_version=4).cells}


def submission(changes, noise=""):
    """The released lesson with the solutions, or with ``changes``, in the place of its stubs."""
    answers = {name: cell.source for name, cell in lesson_cells("solutions").items() if is_solution(cell)}
    notebook = nbformat.read(ROOT / "lessons" / LESSON / FILE, as_version=4)
    for cell in filter(is_solution, notebook.cells):
        answer = {**answers, **changes}[cell.id]
        answer = re.sub(r".*### BEGIN SOLUTION\n", noise if cell.cell_type == "code" else "", answer)
        cell.source = re.sub(r".*### END SOLUTION\n?", "", answer)
    return notebook


def is_solution(cell):
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def doubled():
    notebook = submission({})
    check = next(cell for cell in notebook.cells if cell.id == "check_softmax")
    notebook.cells += [nbformat.from_dict({**check, "id": name, "source": "pass"}) for name in ("second", "third")]
    return notebook


def flipped():
    """Renamed, retyped, re-pointed, unlocked, or gone: whatever can be done to nbgrader's marks."""
    notebook = submission(WRONG)
    marks = {cell.id: cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata}
    marks["check_softmax"].update(grade=False, solution=True, locked=False)
    marks["check_layer_norm"].update(grade_id="unheard_of", points=1000)
    marks["check_gelu"].update(schema_version=99)
    marks["check_linear"].update(points="many", grade_id=["x"])
    notebook.cells = [cell for cell in notebook.cells if cell.id != "check_dropout"]
    return notebook


STUDENTS = {
    "doubled": doubled(),
    "flipped": flipped(),
    "solved": submission({}),
    "untouched": nbformat.read(ROOT / "lessons" / LESSON / FILE, as_version=4),
    "two_wrong": submission(WRONG),
    "noisy_two_wrong": submission(WRONG, NOISE),
}


@pytest.fixture(scope="module")
def environment():
    """The environment of an activated venv: nbgrader looks for `alembic` on the PATH."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def course(environment, tmp_path_factory):
    """A copy of the course directory in which a class was graded, by nbgrader's own commands."""
    course = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    for folder in ("solutions", "lessons"):
        shutil.copytree(ROOT / folder, course / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    (course / "autograder").mkdir()
    nbgrader(course, "generate_assignment", LESSON, "--force")
    for student, notebook in STUDENTS.items():
        path = course / "autograder" / "submitted" / student / LESSON / FILE
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    hand_in_traps(course)
    nbgrader(course, "autograde", LESSON)
    nbgrader(course, "generate_feedback", LESSON)
    nbgrader(course, "export", "--to", "grades.csv")
    return course


FAILED = ("corrupt", "folder", "linked", "linked_folder")


def hand_in_traps(course):
    """What no honest student hands in; a secret that is not in the course directory is linked from several places."""
    submitted, secret = course / "autograder" / "submitted", course.parent / "secret"
    secret.mkdir()
    (secret / "secret.txt").write_text(SECRET)
    (secret / FILE).write_text(nbformat.writes(submission({"linear": SECRET})))
    folders = {name: submitted / name / LESSON for name in (*FAILED, "extras")}
    for name, folder in folders.items():
        folder.parent.mkdir()
        if name != "linked_folder":
            folder.mkdir()
    (folders["corrupt"] / FILE).write_bytes(b'{"cells": [' * 20_000)
    (folders["folder"] / FILE).mkdir()
    (folders["linked"] / FILE).symlink_to(secret / FILE)
    folders["linked_folder"].symlink_to(secret)
    nbformat.write(STUDENTS["solved"], folders["extras"] / FILE)
    (folders["extras"] / "data.txt").symlink_to(secret / "secret.txt")
    (folders["extras"] / "data").symlink_to(secret)
    os.mkfifo(folders["extras"] / "timestamp.txt")


def nbgrader(course, *arguments):
    """Run one nbgrader command in the course directory; what it printed."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    # a kernel that finds itself under pytest doesn't listen to the file descriptors of stdout and stderr
    env = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
    done = subprocess.run(command, cwd=course, env=env, capture_output=True, text=True, check=False, timeout=600)

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def scores(course, student):
    """exercise -> (score, points), as in the gradebook; the written question is left out."""
    with Gradebook(f"sqlite:///{course / 'autograder' / 'gradebook.db'}") as gradebook:
        (notebook,) = gradebook.find_submission(LESSON, student).notebooks
        return {
            grade.name.removeprefix("check_"): (grade.auto_score, grade.max_score)
            for grade in notebook.grades
            if grade.name.startswith("check_")
        }


def points():
    return {name: lesson_cells("lessons")[f"check_{name}"].metadata.nbgrader.points for name in EXERCISE_NAMES}


def test_nothing_that_a_link_leads_to_is_copied(course):
    made = [path for kind in ("autograded", "feedback") for path in (course / "autograder" / kind).rglob("*")]
    files = [path for path in made if path.is_file()]

    assert {path.name for path in files} == {FILE, f"{LESSON}.html"}
    assert [path for path in files if SECRET in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("student", "cause"),
    [
        ("corrupt", "a file that is no notebook"),
        ("folder", "a folder; expected an ordinary file"),
        ("linked", "a link; expected an ordinary file"),
        ("linked_folder", "a file whose folder is a link"),
    ],
)
def test_what_could_not_be_run_says_why_in_notebook_and_feedback(course, student, cause):
    notebook = nbformat.read(course / "autograder" / "autograded" / student / LESSON / FILE, as_version=4)
    page = course / "autograder" / "feedback" / student / LESSON / f"{LESSON}.html"

    assert cause in notebook.cells[0].source
    assert cause in page.read_text(encoding="utf-8")


def test_generate_assignment_makes_the_committed_lesson(course):
    assert (course / "lessons" / LESSON / FILE).read_bytes() == (ROOT / "lessons" / LESSON / FILE).read_bytes()


def test_the_gradebook_and_what_nbgrader_writes_stay_below_autograder(course):
    assert sorted(path.name for path in (course / "autograder").iterdir()) == [
        "autograded",
        "feedback",
        "gradebook.db",
        "results",
        "submitted",
    ]
    assert sorted(path.name for path in course.iterdir() if path.name != "__pycache__") == [
        "autograder",
        "grades.csv",
        "lessons",
        "nbgrader_config.py",
        "solutions",
    ]


@pytest.mark.parametrize(
    ("student", "without_points"),
    [
        ("solved", []),
        ("two_wrong", ["softmax", "layer_norm"]),
        ("noisy_two_wrong", ["softmax", "layer_norm"]),
        ("untouched", EXERCISE_NAMES),
        ("doubled", []),
        ("flipped", ["softmax", "layer_norm"]),
        ("extras", []),
        *((student, EXERCISE_NAMES) for student in FAILED),
    ],
)
def test_a_submission_gets_the_points_of_what_it_solves(course, student, without_points):
    expected = {name: (0 if name in without_points else full, full) for name, full in points().items()}

    assert scores(course, student) == expected


def recorded(course, student):
    """exercise -> the text of the error that its check left in the graded notebook."""
    notebook = nbformat.read(course / "autograder" / "autograded" / student / LESSON / FILE, as_version=4)
    checks = [cell for cell in notebook.cells if cell.id.startswith("check_")]
    return {
        cell.id.removeprefix("check_"): output.evalue
        for cell in checks
        for output in cell.outputs
        if output.output_type == "error"
    }


def test_every_exercise_of_an_untouched_lesson_is_recorded_as_not_attempted(course):
    errors = recorded(course, "untouched")

    assert list(errors) == EXERCISE_NAMES
    assert [name for name, error in errors.items() if "not attempted" not in error] == []


@pytest.mark.parametrize("student", ["two_wrong", "noisy_two_wrong"])
def test_what_is_wrong_is_recorded_with_its_reason(course, student):
    errors = recorded(course, student)

    assert list(errors) == ["softmax", "layer_norm"]
    assert [name for name, error in errors.items() if not error.startswith(f"{name}: ")] == []


def test_what_a_wrong_function_prints_is_shown_with_its_mistake_and_costs_a_right_one_nothing(course):
    errors = recorded(course, "noisy_two_wrong")

    assert [error for error in errors.values() if "a log line\n    printed\n    printed to stderr" not in error] == []


def test_the_written_question_is_worth_no_points_and_waits_for_nobody(course):
    """One that is worth points waits: see test_gradebook.py."""
    question = next(cell for cell in lesson_cells("lessons").values() if is_solution(cell) and cell.cell_type != "code")
    with Gradebook(f"sqlite:///{course / 'autograder' / 'gradebook.db'}") as gradebook:
        grades = {
            student: gradebook.find_grade(question.id, LESSON, LESSON, student) for student in ("solved", "untouched")
        }

        assert {grade.max_score for grade in grades.values()} == {question.metadata.nbgrader.points} == {0}
        assert not grades["solved"].needs_manual_grade
        assert not grades["untouched"].needs_manual_grade
        assert grades["untouched"].auto_score == 0


def test_export_has_every_student_with_the_sum_of_the_points(course):
    with (course / "grades.csv").open(newline="") as file:
        rows = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    graded = [cell.metadata.nbgrader for cell in lesson_cells("lessons").values() if "nbgrader" in cell.metadata]
    highest = sum(meta.points for meta in graded if meta.grade)

    assert rows == {
        student: (sum(score for score, _ in scores(course, student).values()), highest)
        for student in (*STUDENTS, "extras", *FAILED)
    }


def test_feedback_shows_each_student_the_reasons(course):
    def page(student):
        return (course / "autograder" / "feedback" / student / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")

    assert page("untouched").count("not attempted yet") == 2 * len(EXERCISE_NAMES)  # in the table, and at the check
    assert page("two_wrong").count("CheckFailed") == 2
    assert page("solved").count("CheckFailed") == 0


def test_formgraders_button_grades_by_the_same_way(course, monkeypatch):
    monkeypatch.setattr(
        nbgrader_step, "grade_notebook", lambda root, lesson, student, data: graded(student, wrong=["gelu"])
    )
    application = read_course(course)
    result = NbGraderAPI(application.coursedir, parent=application).autograde(LESSON, "solved")

    assert result["success"], result
    assert scores(course, "solved")["gelu"] == (0, points()["gelu"])


def test_without_a_sandbox_there_is_no_grade_and_the_reason_is_said(course, monkeypatch):
    def no_sandbox(root, lesson, student, data):
        raise SandboxError("bubblewrap is not installed")

    monkeypatch.setattr(nbgrader_step, "grade_notebook", no_sandbox)
    application = read_course(course)
    result = NbGraderAPI(application.coursedir, parent=application).autograde(LESSON, "untouched")

    assert not result["success"]
    assert "untouched's 07_layers was not graded: bubblewrap is not installed" in result["log"]
    assert not (course / "autograder" / "autograded" / "untouched" / LESSON).exists()


def test_what_a_student_wrote_is_made_harmless_there_too(course, monkeypatch):
    text = "<script>alert(1)</script> [x](javascript:alert(1))"
    monkeypatch.setattr(
        nbgrader_step, "grade_notebook", lambda root, lesson, student, data: graded(student, answer=text)
    )
    application = read_course(course)
    result = NbGraderAPI(application.coursedir, parent=application).autograde(LESSON, "solved")
    notebook = nbformat.read(course / "autograder" / "autograded" / "solved" / LESSON / FILE, as_version=4)
    (answer,) = [cell.source for cell in notebook.cells if cell.id == "why_dropout_scales"]

    assert result["success"], result
    assert answer.replace(JOINER, "") == text
    assert ("<script" in answer, "](javascript" in answer) == (False, False)


@pytest.fixture(scope="module")
def validated(course):
    """folder -> what nbgrader validate says of the notebook there."""
    with ThreadPoolExecutor() as pool:
        said = {
            folder: pool.submit(nbgrader, course, "validate", f"{folder}/{LESSON}/{FILE}")
            for folder in ("solutions", "lessons")
        }
    return {folder: future.result() for folder, future in said.items()}


def test_validate_accepts_the_solution(validated):
    assert "Success! Your notebook passes all the tests." in validated["solutions"]


def test_validate_names_what_an_untouched_lesson_has_not_solved(validated):
    said = validated["lessons"]

    assert f"VALIDATION FAILED ON {len(EXERCISE_NAMES)} CELL(S)" in said
    assert said.count("not attempted yet") == len(EXERCISE_NAMES)
