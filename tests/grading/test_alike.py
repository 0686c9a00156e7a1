"""Where most of a class, or all that a student wrote, falls alike, the summary begins with it, and a person looks."""

import contextlib
import json
from concurrent.futures import Future
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading import workers
from autograder.grading.alike import find_alike
from autograder.grading.outcome import ERROR, FAILED, GRADED, WARNED, Graded
from benchmarks.students import hand_in, new_course
from tests.support.classroom import LESSON, graded

RAISES = "raised TypeError: f() takes 2 arguments, {n} given\n  line {n}: return f(x)\n  called with x=[{n}]"


def fallen(student, *names, message=RAISES, status="error", mistake=None, n=1):
    """A submission in which these exercises fell, and the others passed."""
    result = graded(student)
    exercises = dict(result.exercises)
    for name in names or exercises:
        said = f"{name}: {message.format(n=n)}"
        exercises[name] = replace(exercises[name], points=0, status=status, message=said, mistake=mistake)
    return replace(result, exercises=exercises)


def said(*results):
    return [alike.says for alike in find_alike(results)]


def a_class(fell, passed, **how):
    return [
        *(fallen(f"fell{i}", "gelu", n=i, **how) for i in range(fell)),
        *(graded(f"passed{i}") for i in range(passed)),
    ]


def test_most_of_a_class_with_the_same_error_is_said_with_whom_to_look_at():
    (alike,) = find_alike(a_class(fell=5, passed=4))

    assert alike.students == ("fell0", "fell1", "fell2", "fell3", "fell4")
    assert alike.says == (
        "5 of 9 fail `gelu` with the same error: look at one of them before you publish, such as fell0's. "
        "gelu: raised TypeError: f() takes 2 arguments, 0 given"
    )


@pytest.mark.parametrize(
    "results",
    [
        a_class(fell=4, passed=4),
        a_class(fell=2, passed=0),
        a_class(fell=9, passed=1, status="wrong", message="sums to {n}", mistake="one sum"),
        a_class(fell=9, passed=1, status="not attempted", message="not attempted yet."),
        [fallen(f"fell{i}", "gelu", message=f"raised {kind}") for i, kind in enumerate(("A", "B", "C", "D"))],
    ],
    ids=["half", "two", "a known mistake", "not attempted", "different errors"],
)
def test_what_is_no_doubt_is_not_said(results):
    assert said(*results) == []


def test_who_did_not_try_does_not_count():
    untouched = [graded(f"untouched{i}", stubs=["gelu"]) for i in range(20)]

    assert said(*a_class(fell=3, passed=1), *untouched)[0].startswith("3 of 4 fail `gelu`")


def test_a_wrong_result_that_no_mistake_explains_counts_too():
    (says,) = said(
        *a_class(fell=3, passed=0, status="wrong", message="gives gradients as a Raised; expected a dict of {n}")
    )

    assert says.startswith("3 of 3 fail `gelu` with the same error")


def test_all_that_a_student_tried_with_the_same_error_is_said():
    (alike,) = find_alike(
        [fallen("ann", message="its cell raised NameError: name 'torch' is not defined"), graded("bob")]
    )

    assert alike.students == ("ann",)
    assert alike.says == (
        "all 7 exercises that ann tried fail with the same error: look at the notebook before you publish. "
        "linear: its cell raised NameError: name 'torch' is not defined"
    )


def test_one_that_passes_shows_that_it_is_no_common_cause():
    assert said(fallen("ann", "linear", "gelu", "softmax", message="raised A")) == []


def test_files_of_most_that_cannot_be_read_for_the_same_reason_are_said():
    failed = [
        replace(fallen(f"s{i}"), outcome=FAILED, warnings=(f"a file of {i}.5 MB; expected less",)) for i in range(3)
    ]

    (says,) = said(*failed, graded("bob"))

    assert says.startswith("3 of 4 could not be run at all, for the same reason: look at one of them")


def test_errors_on_our_side_count_for_nothing():
    ours = [Graded(f"s{i}", LESSON, ERROR, {}, ("Not graded: no sandbox",)) for i in range(9)]

    assert said(*ours, graded("bob")) == []


@pytest.fixture
def course(tmp_path_factory):
    return new_course(tmp_path_factory.mktemp("alike") / "course")


def grade(course, monkeypatch, *results):
    """What the command does where the workers come to these results."""
    results = {result.student: result for result in results}
    hand_in(course, dict.fromkeys(results, b"{}"))

    class Lent:
        def submit(self, do, paper):
            future = Future()
            future.set_result(results[paper.student])
            return future

        def shutdown(self, **_):
            pass

    monkeypatch.setattr(workers, "local", lambda jobs: Lent())
    with contextlib.chdir(course):
        run = CliRunner().invoke(app, ["grade", LESSON, "--json", "out.json"])
    return run, json.loads((course / "out.json").read_text())


def test_the_summary_begins_with_it_and_the_json_has_it_and_the_exit_code_is_1(course, monkeypatch):
    run, listed = grade(course, monkeypatch, *a_class(fell=3, passed=1))

    assert run.exit_code == 1, run.output
    assert run.stdout.lstrip().startswith(f"{LESSON}: 3 of 4 fail `gelu` with the same error: look at one of them")
    assert ["alike" in result for result in listed] == [True, True, True, False]
    assert listed[0]["alike"][0].startswith("3 of 4 fail `gelu`")


def test_a_warning_is_a_doubt_and_a_doubt_is_exit_code_1(course, monkeypatch):
    warnings = ("softmax: edited; the lesson's own stands in its place.", "Code cell 3 imports x.", "Third.", "Fourth.")
    run, _ = grade(course, monkeypatch, replace(graded("ann"), outcome=WARNED, warnings=warnings), graded("bob"))
    told = " ".join(run.stdout.split())

    assert run.exit_code == 1, run.output
    assert f"ann, {LESSON}: {' '.join(warnings[:3])} (and 1 more)" in told
    assert "Where points are in doubt, look at autograder/autograded/STUDENT/LESSON/, and correct them" in told


def test_without_doubts_it_is_0(course, monkeypatch):
    run, listed = grade(course, monkeypatch, graded("ann"), graded("bob", wrong=["gelu"]))

    assert run.exit_code == 0, run.output
    assert [(result["outcome"], "alike" in result) for result in listed] == [(GRADED, False)] * 2
