"""`course grade` around the judge, whose verdicts are given here: what it says and writes of the gradebook's points."""

import contextlib
import json
import shutil

import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading import workers
from autograder.grading.gradebook.record import Record
from tests.support import ROOT
from tests.support.classroom import FILE, LESSON, graded, make_course, set_points, sqlite

QUESTION = "why_dropout_scales"
TIMES = {
    "ann": "2026-03-01 10:00:00 UTC",
    "bob": "2026-03-03 13:30:00 UTC",
    "cat": "2026-03-09 10:00:00 UTC",
    "dan": None,
}
DEADLINES = """
zone = "Europe/Berlin"

[07_layers]
due = 2026-03-01T12:00:00

[07_layers.students]
cat = { status = "excused" }
"""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("handed_in") / "course")
    (course / "course_utils").mkdir()
    with (course / "nbgrader_config.py").open("a") as config:
        config.write('c.AssignLatePenalties.plugin_class = "autograder.grading.gradebook.late.SharePerDay"\n')
    set_points(course, **{QUESTION: 2})
    for student, at in TIMES.items():
        folder = course / "autograder" / "submitted" / student / LESSON
        folder.mkdir(parents=True)
        (folder / FILE).write_text(graded(student).notebook)
        if at:
            (folder / "timestamp.txt").write_text(at)
    with Record(course) as record:
        record.prepare(LESSON)
    return course


@pytest.fixture
def course(handed_in, tmp_path, monkeypatch):
    """A course in which bob has softmax wrong and gelu missing."""
    verdicts = {"bob": {"wrong": ["softmax"], "stubs": ["gelu"]}}
    monkeypatch.setattr(
        workers,
        "grade_all",
        lambda papers, *_: (graded(paper.student, **verdicts.get(paper.student, {})) for paper in papers),
    )
    return shutil.copytree(handed_in, tmp_path / "course")


def run(course, *arguments):
    with contextlib.chdir(course):
        done = CliRunner().invoke(app, ["grade", LESSON, "--json", "out.json", *arguments])
    if done.exit_code == 2:
        return done.exit_code, done.output, {}
    listed = json.loads((course / "out.json").read_text())
    return done.exit_code, " ".join(done.output.split()), {each["student"]: each for each in listed}


def by_hand(course, student, cell, points):
    with Gradebook(sqlite(course)) as gradebook:
        grade = gradebook.find_grade(cell, LESSON, LESSON, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def page(course, student):
    return (course / "autograder" / "feedback" / student / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")


def test_how_late_and_what_it_cost_is_in_summary_json_and_feedback(course):
    (course / "autograder" / "deadlines.toml").write_text(DEADLINES)
    code, said, results = run(course, "--feedback")

    assert code == 1  # it isn't known whether dan was late
    assert "bob: 2 days 2 hours late (due 2026-03-01 12:00 CET): 3 points less." in said
    assert "excused, so their points don't count: cat." in said
    assert "when these were handed in is not known, so whether they are late isn't either: dan. Write the time" in said
    assert results["bob"]["late"] == {"due": "2026-03-01T11:00:00+00:00", "seconds": 181_800, "penalty": 3}
    assert (results["bob"]["score"], results["bob"]["max_score"]) == (7, 16)
    assert [name for name, each in results.items() if "late" in each] == ["bob", "cat"]
    assert [name for name, each in results.items() if each.get("status") == "excused"] == ["cat"]
    assert "It was handed in 2 days 2 hours late (due 2026-03-01 12:00 CET): 3 points less." in page(course, "bob")
    assert "<small>7 of 16 points</small>" in page(course, "bob")
    assert "You are excused from this lesson" in page(course, "cat")
    assert "late" not in page(course, "ann").partition("<main>")[2].partition("<table")[0]


def test_an_extension_for_nobody_is_named(course):
    text = DEADLINES.replace("cat =", "kat =") + "dan = { due = 2026-03-02T12:00:00 }\n"
    (course / "autograder" / "deadlines.toml").write_text(text)
    code, said, _ = run(course)

    assert code == 1
    assert "autograder/deadlines.toml names kat, of whom nothing was handed in." in said


def test_a_deadline_that_cannot_be_read_stops_the_run_before_it_begins(course):
    (course / "autograder" / "deadlines.toml").write_text("[07_layers]\ndue = 2026-03-01T12:00:00\n")
    code, said, _ = run(course)

    assert code == 2
    assert "has no time zone" in said


def test_points_that_a_person_gave_are_in_summary_and_json_and_what_is_unread_is_counted(course):
    code, said, results = run(course)
    assert code == 0, said
    assert "4 answers of 4 to be graded by hand" in said
    assert (results["ann"]["score"], results["bob"]["score"]) == (14, 10)
    for student in TIMES:
        by_hand(course, student, QUESTION, 1.5)
    by_hand(course, "bob", "check_softmax", 1)
    code, said, results = run(course, "--feedback")

    assert code == 0, said
    assert "to be graded by hand" not in said
    assert "Of 16 points, mean 14.75, median 15.5" in said or "Of 16 points, mean 14.8, median 15.5" in said
    assert (results["ann"]["score"], results["bob"]["score"]) == (15.5, 12.5)
    assert results["ann"]["written"] == {QUESTION: {"points": 1.5, "max_points": 2, "unread": False}}
    assert results["bob"]["exercises"]["softmax"]["points"] == 1
    assert "<small>12.5 of 16 points</small>" in page(course, "bob")


def test_a_withdrawal_is_said_once_and_gives_everybody_the_points_with_a_note(course):
    run(course)
    code, said, results = run(course, "--withdraw", "gelu", "--feedback")
    assert code == 0, said
    assert "gelu was withdrawn: everybody gets its full points." in said
    assert {name: each["score"] for name, each in results.items()} == {"ann": 14, "bob": 11, "cat": 14, "dan": 14}
    assert "gelu was withdrawn: everybody gets its 1 point." in page(course, "bob")
    again, _, results = run(course)
    assert (again, results["bob"]["score"], results["bob"]["withdrawn"]) == (0, 11, {"gelu": "full"})
    run(course, "--withdraw", "gelu=out", "--withdraw", "softmax")
    written = (course / "autograder" / "withdrawn.toml").read_text()
    assert written.count("gelu") == 1
    assert 'gelu = "out"\n' in written
    _, _, results = run(course)
    assert {name: (each["score"], each["max_score"]) for name, each in results.items()} == dict.fromkeys(
        TIMES, (13, 15)
    )


@pytest.mark.parametrize("name", ["glue", "gelu=half", ""])
def test_what_cannot_be_withdrawn_is_refused_with_what_can(course, name):
    code, said, _ = run(course, "--withdraw", name)

    assert code == 2
    assert f"--withdraw {name}: " in said
    assert "cross_entropy" in said or "gelu=out" in said
    assert not (course / "autograder" / "withdrawn.toml").exists()


def test_whose_grade_is_another_than_before_is_said(course, monkeypatch):
    _, said, _ = run(course)
    assert "graded otherwise" not in said
    other = {"ann": {"wrong": ["dropout"]}, "bob": {"wrong": ["softmax"], "stubs": ["gelu"]}}
    monkeypatch.setattr(
        workers,
        "grade_all",
        lambda papers, *_: (graded(paper.student, **other.get(paper.student, {})) for paper in papers),
    )
    _, said, _ = run(course, "--fresh")
    assert "1 graded otherwise than before. ann: 14 -> 12 (dropout)" in said
    _, said, _ = run(course)
    assert "graded otherwise" not in said


def test_an_exercise_taken_out_of_the_lesson_names_the_way_and_then_grades_follow(course):
    run(course)
    set_points(course, gelu=None)
    code, said, _ = run(course)
    assert code == 2
    assert "course grade LESSON --withdraw NAME" in " ".join(said.split())


def test_the_repositorys_own_configuration_takes_nothing_off():
    text = (ROOT / "nbgrader_config.py").read_text()

    assert "\n# c.AssignLatePenalties.plugin_class" in text
