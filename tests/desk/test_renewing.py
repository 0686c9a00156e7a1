"""`course reset` and `course update`: a newer or a fresh lesson, and nothing of the learner's lost."""

import errno
import os
import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from typer.testing import CliRunner

from autograder.cli import app
from autograder.desk import copies, lab
from autograder.notebooks.ids import cell_id
from course_utils import record
from tests.support import ROOT

LESSON = "07_layers"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with two lessons and the start notebook, copied to work/; the working directory is in it."""
    (tmp_path / "course_utils").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    for name in (LESSON, "02_autograd"):
        shutil.copytree(ROOT / "lessons" / name, tmp_path / "lessons" / name)
    shutil.copy(ROOT / "lessons/start.ipynb", tmp_path / "lessons")
    monkeypatch.setattr("course_utils.record._unwritten", [])
    copies.copy_lessons(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, arguments, prog_name="course")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def mine(course, name=LESSON):
    return course / "work" / name / f"{name}.ipynb"


def edit(path, change):
    notebook = nbformat.read(path, as_version=4)
    change(notebook.cells)
    nbformat.write(notebook, path)


def solve(cells):
    """A learner's work: an answer, a cell of their own, and prose that they deleted."""
    next(cell for cell in cells if cell.id == "linear").source = "def linear(x, weight, bias):\n    return x"
    cells.insert(4, new_code_cell("mine = 1"))


def newer(cells):
    """A newer release: other prose, and a cell more."""
    text = "Other words."
    cells[1] = new_markdown_cell(text, id=cell_id(LESSON, text))
    cells.insert(2, new_code_cell("print('new')", id=cell_id(LESSON, "print('new')")))


def sources(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def kept(course):
    folder = course / "work/kept"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


# --- reset


def test_reset_gives_a_fresh_lesson_and_keeps_the_old_folder_dated(course):
    edit(mine(course), solve)
    (mine(course).parent / "notes.txt").write_text("mine")
    before = mine(course).read_bytes()
    said = run("reset", "7")
    (name,) = kept(course)

    assert said.exit_code == 0
    assert re.fullmatch(r"07_layers-\d{4}-\d\d-\d\d-\d{6}", name)
    assert said.stdout == (
        f"07_layers is as it came. What was there is in work/kept/{name}.\n"
        "If it is open in JupyterLab: File > Reload Notebook from Disk, then Kernel > Restart Kernel.\n"
    )
    assert mine(course).read_bytes() == (course / "lessons" / LESSON / f"{LESSON}.ipynb").read_bytes()
    assert (course / "work/kept" / name / f"{LESSON}.ipynb").read_bytes() == before
    assert (course / "work/kept" / name / "notes.txt").read_text() == "mine"


def test_two_resets_in_a_second_keep_both(course):
    for _ in range(2):
        edit(mine(course), solve)
        run("reset", LESSON)

    assert len(kept(course)) == 2


def test_after_a_reset_the_lessons_exercises_are_open_again(course):
    edit(mine(course), solve)
    work = course / "work"
    record.append(work, [("linear", "wrong", "forgets bias"), ("linear", "passed", None), ("copies", "passed", None)])
    run("reset", LESSON)
    seen = record.read(work)

    assert not seen.has_passed("linear")
    assert seen.has_passed("copies")
    assert seen.overcome("linear") == ["forgets bias"]


@pytest.mark.parametrize("name", ["start", "start.ipynb", "work/start.ipynb"])
def test_the_start_notebook_can_be_reset_too(course, name):
    (course / "work/start.ipynb").write_text("{")
    said = run("reset", name)

    assert said.exit_code == 0
    assert (course / "work/start.ipynb").read_bytes() == (ROOT / "lessons/start.ipynb").read_bytes()
    assert [path[:6] + path[-6:] for path in kept(course)] == ["start-.ipynb"]


@pytest.mark.parametrize("name", ["07_layers", "7", "07", "layers", "work/07_layers/", "lay", "07_LAYERS"])
def test_a_lesson_can_be_named_in_short(course, name):
    edit(mine(course), solve)

    assert run("reset", name).stdout.startswith("07_layers is as it came.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("07_layer", "There is no lesson 07_layer. Did you mean: 07_layers?"),
        ("autogard", "There is no lesson autogard. Did you mean: 02_autograd?"),
        ("99", "There is no lesson 99. Did you mean: start, 02_autograd, 07_layers?"),
        ("", "There is no lesson . Did you mean: start, 02_autograd, 07_layers?"),
        ("7", "Nothing to reset: work/07_layers is as it came."),
    ],
)
def test_nonsense_is_refused_with_near_names_and_changes_nothing(course, name, said):
    result = run("reset", name)

    assert (result.exit_code, result.stderr) == (1, f"{said}\n")
    assert kept(course) == []


def test_what_is_not_there_cannot_be_reset_or_updated(course):
    shutil.rmtree(course / "work" / LESSON)

    for command in ("reset", "update"):
        assert run(command, "7").stderr == (
            f"Nothing to {command}: work/ has no 07_layers. `course lab` copies it there.\n"
        )


def test_a_reset_without_room_puts_back_what_was_there(course, monkeypatch):
    edit(mine(course), solve)
    before = mine(course).read_bytes()

    def full(source, copy):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    said = run("reset", "7")

    assert said.exit_code == 1
    assert "Cannot renew work/07_layers" in said.stderr
    assert "No space left on device" in said.stderr
    assert mine(course).read_bytes() == before
    assert kept(course) == []


# --- update


def test_update_carries_answers_and_own_cells_into_a_newer_lesson(course):
    edit(mine(course), solve)
    before = mine(course).read_bytes()
    edit(course / "lessons" / LESSON / f"{LESSON}.ipynb", newer)
    said = run("update", "7")
    now = sources(mine(course))
    (name,) = kept(course)

    assert said.stdout.splitlines() == [
        "07_layers is brought up to date, with 1 answer, 1 cell of your own.",
        f"  What was there is in work/kept/{name}.",
        "  If it is open in JupyterLab: File > Reload Notebook from Disk, then Kernel > Restart Kernel.",
    ]
    assert "Other words." in now
    assert "print('new')" in now
    assert now.count("mine = 1") == 1
    assert "def linear(x, weight, bias):\n    return x" in now
    assert len(now) == len(sources(course / "lessons" / LESSON / f"{LESSON}.ipynb")) + 1  # no old prose stays behind
    assert (course / "work/kept" / name / f"{LESSON}.ipynb").read_bytes() == before


def test_what_is_up_to_date_stays_as_it_is(course):
    edit(mine(course), solve)
    before = mine(course).read_bytes()
    said = run("update")

    assert said.stdout.splitlines() == [f"{name} is up to date." for name in ("start", "02_autograd", LESSON)]
    assert mine(course).read_bytes() == before
    assert kept(course) == []


def test_an_answer_that_the_newer_lesson_does_not_ask_for_is_kept_and_said(course):
    edit(mine(course), solve)
    edit(
        course / "lessons" / LESSON / f"{LESSON}.ipynb",
        lambda cells: [cells.remove(cell) for cell in list(cells) if cell.id in ("linear", "check_linear")],
    )
    said = run("update", "7")

    assert "linear: the lesson does not ask for it; kept as a cell of the learner's own." in said.stdout
    assert "def linear(x, weight, bias):\n    return x" in sources(mine(course))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("{"), "work/07_layers/07_layers.ipynb is a file that is no notebook"),
        (lambda path: path.rename(path.with_name("mine.ipynb")), "work/07_layers has no 07_layers.ipynb"),
        (lambda path: (shutil.rmtree(path.parent), path.parent.write_text("x")), "work/07_layers is not a folder"),
    ],
    ids=["damaged", "renamed", "a file"],
)
def test_a_copy_that_cannot_be_opened_is_kept_aside_and_a_fresh_one_given(course, spoil, said):
    spoil(mine(course))
    result = run("update", "7")
    (name,) = kept(course)

    assert result.exit_code == 0
    assert result.stdout.startswith(said)
    assert result.stdout.endswith(f"It is kept in work/kept/{name}, and a fresh one is in its place.\n")
    assert mine(course).read_bytes() == (course / "lessons" / LESSON / f"{LESSON}.ipynb").read_bytes()


@pytest.mark.parametrize("name", ["lab", "reset 7", "update", "progress", "check"])
def test_outside_of_the_course_every_command_says_where_to_go(tmp_path_factory, monkeypatch, name):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    result = run(*name.split())

    assert result.exit_code == 1
    assert "is not inside the course's folder. Go there first:" in result.stderr


def test_course_lab_names_the_copies_that_jupyterlab_could_not_open(course, monkeypatch, capsys):
    (course / "work/start.ipynb").write_bytes(b"\xff\xfe\x00")
    shutil.rmtree(course / "work/02_autograd")
    (course / "work/02_autograd").touch()
    monkeypatch.setattr("jupyterlab.labapp.main", lambda options: None)
    monkeypatch.setattr("os.environ", dict(os.environ))
    lab.open_lab(course)

    said = capsys.readouterr().out
    assert re.search(r"work/start\.ipynb is a file that is no notebook .*:\n  course reset start\n", said)
    assert re.search(r"work/02_autograd is not a folder\. This keeps it aside .*:\n  course reset 02_autograd\n", said)
