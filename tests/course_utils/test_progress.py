"""What is checked at the learner's desk is recorded, whatever happens to the record, and shown as progress."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.exercises import EXERCISES
from course_utils import CheckFailed, check, progress, record
from course_utils.outline import read_outlines
from course_utils.standing import LessonStanding, Standing, read_standing
from tests.support import ROOT
from tests.support.desks import make_desk, sit_down

LAYERS = next(outline for outline in read_outlines(ROOT) if outline.name == "07_layers")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The learner's work/; the running notebook lies in its 07_layers."""
    work = make_desk(tmp_path)
    sit_down(monkeypatch, work / "07_layers")
    return work


def linear(x, weight, bias):
    return x @ weight.T + bias


def without_bias():
    def linear(x, weight, bias):
        return x @ weight.T

    return linear


def stub():
    def linear(x, weight, bias):
        raise NotImplementedError

    return linear


def fail(answer):
    with pytest.raises(CheckFailed):
        check(answer)


def lines(work):
    return [json.loads(line) for line in (work / record.FILE).read_text().splitlines()]


# --- what is recorded, and where


def test_every_check_is_one_line_that_a_person_can_read(work):
    fail(stub())
    fail(without_bias())
    check(linear)

    assert [(line["exercise"], line["status"], line["mistake"]) for line in lines(work)] == [
        ("linear", "not attempted", None),
        ("linear", "wrong", "forgets bias"),
        ("linear", "passed", None),
    ]
    assert lines(work)[0]["at"][:2] == "20"


def test_the_notebooks_folder_counts_and_not_where_its_code_has_gone(work, monkeypatch, tmp_path):
    monkeypatch.setenv("JPY_SESSION_NAME", str(work / "07_layers" / "07_layers.ipynb"))
    monkeypatch.chdir("/")
    check(linear)

    assert len(lines(work)) == 1


def test_a_work_that_is_a_link_is_found_by_what_course_lab_has_set(work, monkeypatch, tmp_path):
    elsewhere = work.rename(tmp_path / "cloud drive")
    work.symlink_to(elsewhere)
    monkeypatch.setenv("COURSE_DESK", str(work))
    monkeypatch.chdir(elsewhere / "07_layers")
    check(linear)

    assert len(lines(work)) == 1


@pytest.mark.parametrize("place", ["solutions", "elsewhere/work"])
def test_a_notebook_that_is_not_in_work_is_not_recorded(work, monkeypatch, place):
    folder = work.parent / place
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("COURSE_DESK", str(work))
    monkeypatch.chdir(folder)
    check(linear)

    assert not list(work.parent.rglob(record.FILE))
    assert not (ROOT / "solutions" / record.FILE).exists()


def test_what_runs_in_no_notebook_is_not_recorded(work, monkeypatch):
    monkeypatch.setattr("course_utils.checking._notebook", lambda: None)
    check(linear)

    assert not (work / record.FILE).exists()


# --- whatever happens to the record


def test_two_kernels_that_write_at_once_lose_no_line(work):
    code = (
        "import sys; from pathlib import Path; from course_utils import record\n"
        "for i in range(300): record.append(Path(sys.argv[1]), [(f'{sys.argv[2]}{i}', 'passed', 'x' * 200)])"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, work, name], cwd=ROOT) for name in "ab"]

    assert [writer.wait(300) for writer in writers] == [0, 0]
    assert sorted(line["exercise"] for line in lines(work)) == sorted(f"{name}{i}" for name in "ab" for i in range(300))


def test_a_full_disk_breaks_no_check_and_what_happened_is_kept_in_memory(work):
    (work / record.FILE).symlink_to("/dev/full")
    check(linear)

    assert [entry.exercise for entry in record._unwritten] == ["linear"]


def test_a_folder_in_the_records_place_breaks_no_check_and_is_said(work):
    (work / record.FILE).mkdir()
    check(linear)

    assert read_standing(work).note == "progress.jsonl cannot be read (Is a directory)."
    assert record.read(work).has_passed("linear")


def test_a_line_that_was_cut_short_spoils_no_other(work):
    check(linear)
    with (work / record.FILE).open("a") as file:
        file.write('{"at": "2026-')
    check(linear)
    seen = record.read(work)

    assert len(seen.entries) == 2
    assert seen.note == "progress.jsonl has lines that cannot be read: 1. They were passed over."


def test_a_damaged_file_is_kept_aside_and_a_new_one_begins(work):
    (work / record.FILE).write_bytes(b"\x00\xff not a record\n[1, 2]\n" + b"[" * 100_000)
    seen = record.read(work)
    (aside,) = work.glob("progress-damaged-*.jsonl")

    assert seen.entries == ()
    assert seen.note == f"progress.jsonl was damaged. It is kept as {aside.name}, and a new one begins."
    assert aside.read_bytes().startswith(b"\x00\xff not a record")


@pytest.mark.parametrize(
    "line",
    [
        "3",
        "null",
        '{"exercise": "linear", "status": "passed"}',
        '{"at": 1, "exercise": "linear", "status": "passed"}',
        '{"at": "now", "exercise": ["linear"], "status": "passed"}',
        '{"at": "now", "exercise": "linear", "status": "passed", "mistake": 3}',
        '{"at": "now", "exercise": "linear", "status": "passed", "more": 3}',
    ],
)
def test_lines_of_wrong_types_are_passed_over(work, line):
    check(linear)
    with (work / record.FILE).open("a") as file:
        file.write(line + "\n")
    seen = record.read(work)

    assert [entry.status for entry in seen.entries] == ["passed"]
    assert "cannot be read: 1" in seen.note


# --- where one stands


def put(work, *entries):
    record.append(work, entries)


def state(work):
    return {lesson.path.stem: lesson.state for lesson in read_standing(work).lessons}["07_layers"]


def test_a_lesson_is_open_then_partly_then_done(work):
    states = [state(work)]
    for name in LAYERS.hints:
        put(work, (name, "passed", None))
        states.append(state(work))

    assert states == ["open", *(f"{n} of 7" for n in range(1, 7)), "done"]


def test_the_last_attempt_counts_and_an_untouched_stub_is_none(work):
    put(work, ("linear", "passed", None), ("linear", "not attempted", None))
    after_a_stub = state(work)
    put(work, ("linear", "wrong", None))

    assert (after_a_stub, state(work)) == ("1 of 7", "open")


def test_the_warm_up_is_counted_in_no_lesson(work):
    put(work, ("double", "passed", None))

    assert {lesson.state for lesson in read_standing(work).lessons} == {"open"}
    assert len(read_standing(work).lessons) == 11  # the ten, and the clinic


def test_a_mistake_is_overcome_when_it_failed_and_the_exercise_passed_later(work):
    put(work, ("linear", "wrong", "forgets bias"), ("softmax", "wrong", "wrong dim"), ("linear", "wrong", None))
    before = read_standing(work).overcome
    put(work, ("linear", "passed", None), ("linear", "wrong", "no transpose"))

    assert before == ()
    assert read_standing(work).overcome == (("linear", "forgets bias"),)


SOME = Standing(
    (LessonStanding("1 · Tensors <b>", Path("a"), 3, 6), LessonStanding("10 · Last", Path("b"), 2, 2)),
    (("softmax", "wrong dim"),),
    "a note",
)


def test_progress_in_plain_text():
    assert str(SOME) == (
        "1 · Tensors <b>  [##########..........] 3 of 6\n"
        "10 · Last        [####################] done\n"
        "5 of 8 exercises passed.\n"
        "Mistakes you have left behind:\n"
        "  softmax: wrong dim\n"
        "a note"
    )


def test_progress_in_a_notebook_says_in_words_what_its_bars_show():
    page = SOME._repr_mimebundle_()["text/html"]

    assert 'aria-label="1 · Tensors &lt;b&gt;: 3 of 6 exercises passed"' in page
    assert "<b>" not in page
    assert "<span>&#10003; done</span>" in page
    assert "flex-wrap:wrap" in page
    assert "color:" not in page  # the notebook's own colours, so that every theme can show it


@pytest.mark.parametrize(("folder", "link"), [("", "07_layers/07_layers.ipynb"), ("07_layers", "07_layers.ipynb")])
def test_progress_links_the_learners_own_copies_from_where_the_notebook_is(work, monkeypatch, folder, link):
    (work / "07_layers/07_layers.ipynb").touch()
    monkeypatch.chdir(work / folder)
    page = progress()._repr_mimebundle_()["text/html"]

    assert f'<a href="{link}">7 · Layers: bricks</a>' in page
    assert page.count("<a ") == 1  # the other lessons are not there


def test_progress_away_from_the_desk_says_where_it_counts(monkeypatch, tmp_path):
    sit_down(monkeypatch, tmp_path)

    assert (
        str(progress()) == "progress() counts what is checked in work/, in the course's folder. `course lab` opens it."
    )


def test_course_progress_shows_the_same_in_a_terminal(work, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    put(work, ("linear", "wrong", "forgets bias"), ("linear", "passed", None))
    shown = CliRunner().invoke(app, ["progress"]).stdout

    assert [line.split()[-3:] for line in shown.splitlines() if line.startswith("7 · ")] == [["1", "of", "7"]]
    assert f"1 of {len(EXERCISES)} exercises passed." in shown
    assert "  linear: forgets bias" in shown
