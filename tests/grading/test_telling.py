"""How far a run is, is told where there is no terminal too; and several lessons are one run."""

import io
import shutil

import nbformat
from rich.console import Console
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading import telling
from benchmarks.students import LESSON, ROOT, hand_in, new_course, notebook

OTHER = "01_tensors"


def test_without_a_terminal_a_line_says_now_and_then_how_far_it_is(monkeypatch, capsys):
    times = iter([0.0, *(0.4 * n for n in range(1, 101))])
    monkeypatch.setattr(telling.time, "monotonic", lambda: next(times))
    summary = io.StringIO()

    with telling.telling(Console(file=summary), 100) as advance:
        for _ in range(100):
            advance()

    assert capsys.readouterr().err.splitlines() == [
        "Grading 100 submissions.",
        "25 of 100 graded, about 30 s left.",
        "50 of 100 graded, about 20 s left.",
        "75 of 100 graded, about 10 s left.",
    ]
    assert summary.getvalue() == ""


def test_nothing_is_told_before_one_is_done(monkeypatch, capsys):
    times = iter([0.0, 20.0, 20.0])
    monkeypatch.setattr(telling.time, "monotonic", lambda: next(times))

    with telling.telling(Console(file=io.StringIO()), 2) as advance:
        advance(0)
        advance()

    assert capsys.readouterr().err.splitlines() == ["Grading 2 submissions.", "1 of 2 graded, about 20 s left."]


def test_a_terminal_gets_a_bar(capsys):
    screen = io.StringIO()

    with telling.telling(Console(file=screen, force_terminal=True), 2) as advance:
        advance()
        advance()

    assert "2/2" in screen.getvalue()
    assert capsys.readouterr().err == ""


def test_several_lessons_are_graded_in_one_run(tmp_path, monkeypatch):
    course = new_course(tmp_path / "course")
    for kind in ("lessons", "solutions"):
        shutil.copytree(ROOT / kind / OTHER, course / kind / OTHER)
    for lesson in (LESSON, OTHER):
        hand_in(course, {"ann": nbformat.writes(notebook({}, lesson)).encode()}, lesson)
    monkeypatch.chdir(course)

    result = CliRunner().invoke(app, ["grade", "7", "1", "layers", "--json", "results.json"])

    assert result.exit_code == 0, result.output
    assert "Grading 2 submissions." in result.output
    assert [
        lesson for lesson in (LESSON, OTHER) if (course / "autograder" / "autograded" / "ann" / lesson).is_dir()
    ] == [
        LESSON,
        OTHER,
    ]
