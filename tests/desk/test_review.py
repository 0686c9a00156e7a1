"""`course review`: what was passed a while ago comes back, in its time, and nothing of the learner's is lost."""

import builtins
import json
import os
from datetime import datetime, timedelta

import nbformat
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from autograder.cli import app
from autograder.desk import review
from autograder.desk.checking import notebooks, run_notebook
from autograder.desk.review import exercises_of, make_review
from autograder.desk.spacing import DAY, due, rest_of
from autograder.exercises import EXERCISES
from course_utils import CheckFailed, check, checking, progress, record, reviewing
from course_utils import review as button
from course_utils.outline import read_outlines
from tests.support import ROOT
from tests.support.desks import make_desk, sit_down

NOW = datetime(2026, 3, 10, 12).astimezone()
LAYERS = ("linear", "gelu", "softmax", "cross_entropy", "embedding", "layer_norm")
EASY = {"linear": "def linear(x, weight, bias):\n    return x @ weight.T + bias"}


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The learner's work/; the running notebook lies in it."""
    work = make_desk(tmp_path)
    sit_down(monkeypatch, work)
    return work


def ago(days):
    return (NOW - timedelta(days=days)).isoformat(timespec="seconds")


def put(work, *entries):
    """Add (exercise, days ago, status) to the record."""
    with (work / record.FILE).open("a") as file:
        for exercise, days, status in entries:
            kind = record.REVIEW if status == record.ASKED else record.CHECK
            line = {"at": ago(days), "exercise": exercise, "status": status, "mistake": None, "kind": kind}
            file.write(json.dumps(line) + "\n")


def made(work, **options):
    return make_review(work.parent, now=NOW, **options)


def cells(work):
    return nbformat.read(work / "review.ipynb", as_version=4).cells


def rest(*entries):
    """How many days an exercise rests after entries of (days ago, status)."""
    found = rest_of("gelu", [record.Entry(ago(days), "gelu", status) for days, status in entries])
    return found and found.length / DAY


# --- when an exercise comes back


def test_it_rests_longer_after_each_success():
    passes = [(30, "passed"), (25, "passed"), (14, "passed")]

    assert [rest(*passes[:n]) for n in range(4)] == [None, 4, 10, 25]


def test_it_rests_shorter_after_failures_and_shortest_after_hints():
    assert rest((9, "wrong"), (9, "passed")) == 2
    assert rest(*[(9, "error")] * 3, (9, "passed")) == 1
    assert rest((30, "passed"), (20, "passed"), (9, "wrong"), (9, "passed")) == 2
    assert rest((30, "passed"), (20, "passed"), (9, "wrong")) == 2


def test_a_second_check_on_the_same_day_shows_nothing_new():
    assert rest((9, "passed"), (8.9, "passed"), (8.8, "passed")) == 4


def test_an_exercise_whose_lesson_was_begun_anew_is_forgotten_until_it_passes_again():
    assert rest((9, "passed"), (8, "reset")) is None
    assert rest((9, "passed"), (8, "reset"), (7, "wrong"), (7, "passed")) == 2


def test_a_time_that_cannot_be_read_is_passed_over():
    assert rest_of("gelu", [record.Entry("yesterday", "gelu", "passed")]) is None


def test_the_most_urgent_come_first_and_none_of_today(work):
    put(work, ("gelu", 3, "passed"), ("linear", 3, "wrong"), ("linear", 3, "passed"), ("softmax", 0.5, "passed"))
    put(work, ("dropout", 9, "wrong"), ("embedding", 30, "passed"), ("embedding", 20, "passed"))
    found = due(record.read(work), ["gelu", "linear", "softmax", "dropout", "embedding"], NOW, 5)

    assert [each.exercise for each in found] == ["embedding", "linear", "gelu"]


# --- the notebook


def test_it_has_five_in_the_lessons_order_each_with_stub_check_and_hints(work):
    put(work, *[(name, 9 - i, "passed") for i, name in enumerate(LAYERS)], ("best_and_top", 20, "passed"))
    said = made(work)
    ids = [cell.id for cell in cells(work) if cell.cell_type == "code" and cell.metadata.get("nbgrader")]
    text = "\n".join(cell.source for cell in cells(work))

    assert said == "work/review.ipynb asks for best_and_top, linear, gelu, softmax, cross_entropy."
    assert ids == [id for name in exercises_of(work / "review.ipynb") for id in (name, f"check_{name}")]
    assert text.count("raise NotImplementedError  # your code here") == 5
    assert text.count("<summary>Hint 1") == 5
    assert "### Exercise 7.3 · softmax" in text
    assert "[7 · Layers: bricks](07_layers/07_layers.ipynb)" in text
    assert "SOLUTION" not in text
    assert "5 exercises that you passed a while ago" in text


def test_an_exercise_brings_along_what_it_uses_but_not_what_is_asked_beside_it(work):
    put(work, ("autograd_gradients", 9, "passed"), ("mse", 9, "passed"))
    made(work)
    (helpers,) = [cell.source for cell in cells(work) if "def predict(" in cell.source]

    assert "def mse(" not in helpers
    assert "import torch" in helpers
    assert "course_utils" not in helpers


def test_without_solutions_what_it_uses_comes_from_the_learners_own_copy(work):
    name = "05_forward_and_backward/05_forward_and_backward.ipynb"
    (work.parent / "solutions").unlink()
    notebook = nbformat.read(ROOT / "solutions" / name, as_version=4)
    magic, unfinished = (nbformat.v4.new_code_cell(text) for text in ("%matplotlib inline", "def later(:"))
    notebook.cells[1:1] = [magic, unfinished]
    (work / name).parent.mkdir(exist_ok=True)
    nbformat.write(notebook, work / name)
    put(work, ("autograd_gradients", 9, "passed"))
    made(work)

    assert "def predict(" in "\n".join(cell.source for cell in cells(work))


@pytest.mark.parametrize(
    "lesson", [found for found in read_outlines(ROOT) if found.name != "start"], ids=lambda o: o.name
)
def test_no_name_that_a_solution_uses_is_missing_in_a_review(lesson):
    solved = nbformat.read(ROOT / "solutions" / lesson.path, as_version=4).cells
    for name in lesson.hints:
        (answer,) = [cell.source for cell in solved if cell.id == name]
        names = {}
        exec(review._uses(solved, name, [name]), names)
        exec(answer, names)

        assert review._names(answer)[1] - names.keys() - set(dir(builtins)) == set(), name


def test_it_runs_in_a_kernel_and_its_checks_are_noted_as_a_reviews(work):
    put(work, ("linear", 9, "passed"))
    made(work)
    notebook = nbformat.read(work / "review.ipynb", as_version=4)
    next(cell for cell in notebook.cells if cell.id == "linear").source = EASY["linear"]
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTEST_CURRENT_TEST", "JPY_SESSION_NAME")}
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(work)}}).execute(env=kept)

    last = record.read(work).entries[-1]
    assert (last.exercise, last.status, last.kind) == ("linear", "passed", record.REVIEW)


# --- what a check in it does


@pytest.fixture
def in_review(monkeypatch):
    monkeypatch.setattr(checking, "_review", None)
    checking.start_review()


def test_its_inputs_are_drawn_anew(work, in_review, monkeypatch):
    calls = []

    def linear(x, weight, bias):
        calls.append(x)
        return x @ weight.T + bias + (len(calls) > known)  # right for the inputs that everybody gets, and no others

    known = 10_000
    monkeypatch.setattr(checking, "_review", None)
    check(linear)
    known = len(calls)
    calls.clear()
    check(linear)
    calls.clear()
    checking.start_review()

    with pytest.raises(CheckFailed):
        check(linear)


def test_what_fails_in_a_review_takes_nothing_back_in_the_lesson(work, in_review):
    put(work, ("linear", 9, "passed"))
    with pytest.raises(CheckFailed):
        check(stub())

    def linear(x, weight, bias):
        return x

    with pytest.raises(CheckFailed):
        check(linear)
    seen = record.read(work)

    assert seen.has_passed("linear")
    assert seen.entries[-1].kind == record.REVIEW
    assert f"1 of {len(EXERCISES)} exercises passed." in str(progress())


def stub():
    def linear(x, weight, bias):
        raise NotImplementedError

    return linear


def test_a_graded_run_starts_no_review(monkeypatch):
    monkeypatch.setattr(checking, "_review", None)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    checking.start_review()

    assert checking._review is None


# --- what is never lost


def test_an_unfinished_review_stays_as_it_is_and_is_named(work):
    put(work, ("linear", 9, "passed"), ("gelu", 9, "passed"))
    made(work)
    (work / "review.ipynb").write_text((work / "review.ipynb").read_text() + "\n")
    before = (work / "review.ipynb").read_bytes()

    assert made(work) == (
        "work/review.ipynb is not finished: linear, gelu not passed yet. It stays as it is.\n"
        "`course review --new` keeps it aside, in work/kept/, and makes a new one."
    )
    assert (work / "review.ipynb").read_bytes() == before


def test_a_finished_review_is_kept_aside_when_a_new_one_is_made(work):
    put(work, ("linear", 9, "passed"), ("gelu", 9, "passed"))
    made(work)
    before = (work / "review.ipynb").read_bytes()
    record.append(work, [("linear", "passed", None)], record.REVIEW)
    assert "is not finished: gelu not passed yet" in made(work)
    record.append(work, [("gelu", "passed", None)], record.REVIEW)
    later = datetime.now().astimezone() + timedelta(days=30)
    said = make_review(work.parent, now=later)
    (kept,) = (work / "kept").iterdir()

    assert said.startswith(
        f"work/review.ipynb asks for linear, gelu.\nThe one before is in work/kept/{kept.name}. If it is"
    )
    assert kept.read_bytes() == before
    assert "is not finished: linear, gelu" in make_review(work.parent, now=later)


def test_new_keeps_an_unfinished_one_aside(work, monkeypatch):
    put(work, ("linear", 900, "passed"))
    assert CliRunner().invoke(app, ["review"]).stdout == "work/review.ipynb asks for linear.\n"
    before = (work / "review.ipynb").read_bytes()
    assert "is not finished: linear" in CliRunner().invoke(app, ["review"]).stdout
    CliRunner().invoke(app, ["review", "--new"])
    (kept,) = (work / "kept").iterdir()

    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    "text", ["not a notebook", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']
)
def test_another_file_of_that_name_is_not_touched(work, text):
    put(work, ("linear", 9, "passed"))
    (work / "review.ipynb").write_text(text)

    assert "It stays as it is." in made(work)
    assert (work / "review.ipynb").read_text() == text


def test_a_full_disk_is_said_and_leaves_what_was_there(work, monkeypatch):
    put(work, ("linear", 900, "passed"))

    def no_room(notebook, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(review, "write_notebook", no_room)
    (work / "review.ipynb").write_text("mine")
    done = CliRunner().invoke(app, ["review", "--new"])

    assert done.exit_code == 1
    assert "Cannot make work/review.ipynb: [Errno 28] No space left on device" in done.output
    assert (work / "review.ipynb").read_text() == "mine"


# --- nothing yet


def test_with_nothing_passed_it_says_so_kindly_and_makes_nothing(work):
    put(work, ("linear", 9, "wrong"), ("gelu", 0.2, "passed"), ("double", 9, "passed"))

    assert made(work) == "Nothing to review yet: a review is made of exercises that you passed a day or more ago."
    assert not (work / "review.ipynb").exists()


# --- the button of the start notebook


def test_without_buttons_it_names_the_command(capsys):
    button()

    assert capsys.readouterr().out == "In a terminal, `course review` makes a review of what you passed a while ago.\n"


def test_a_graded_run_has_no_button(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    button()

    assert capsys.readouterr().out == ""


def test_pressed_it_says_what_the_command_says_and_links_the_review(work):
    nothing = reviewing._made()
    put(work, ("linear", 900, "passed"))

    assert "Nothing to review yet" in nothing
    assert "<a " not in nothing
    assert "work/review.ipynb asks for linear." in (made := reviewing._made())
    assert '<a href="review.ipynb">' in made


def test_pressed_away_from_the_desk_or_without_room_it_says_so(work, monkeypatch, tmp_path):
    put(work, ("linear", 900, "passed"))
    (work / "kept").touch()
    (work / "review.ipynb").mkdir()
    assert "No review could be made" in reviewing._made() or "stays as it is" in reviewing._made()
    monkeypatch.chdir(tmp_path)

    assert "`course lab` opens it" in reviewing._made()


# --- beside it


def test_course_check_runs_it_where_it_is_named_and_judges_only_what_it_asks(work):
    put(work, ("linear", 9, "passed"), ("values_above", 9, "passed"))
    made(work)
    notebook = nbformat.read(work / "review.ipynb", as_version=4)
    next(cell for cell in notebook.cells if cell.id == "linear").source = EASY["linear"]
    nbformat.write(notebook, work / "review.ipynb")
    (work / "07_layers/07_layers.ipynb").touch()
    outcomes = {outcome.exercise: outcome.status for outcome in run_notebook(work / "review.ipynb").outcomes}

    assert outcomes == {"values_above": "not attempted", "linear": "passed"}
    assert notebooks(work) == [work / "07_layers/07_layers.ipynb"]
    assert all(entry.kind != record.REVIEW or entry.status == record.ASKED for entry in record.read(work).entries)


def test_another_notebook_of_that_name_is_checked_like_any(work, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "review.ipynb"
    for path in (elsewhere, work / "07_layers" / "review.ipynb", work / "review.ipynb"):
        path.parent.mkdir(exist_ok=True)
        path.touch()

    assert notebooks(work) == [work / "07_layers" / "review.ipynb"]
    assert notebooks(elsewhere.parent) == [elsewhere]
