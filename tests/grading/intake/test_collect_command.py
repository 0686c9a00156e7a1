"""The commands `course collect` and `course roster`: what they print, and their exit codes."""

import shutil

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from tests.support import ROOT
from tests.support.handed_in import handed_in_at, notebook, people, students, zipped


@pytest.fixture
def here(course, monkeypatch):
    """The course, as the current folder."""
    (course / "course_utils").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", course)
    monkeypatch.chdir(course)
    return course


def run(*arguments):
    return CliRunner().invoke(app, arguments, prog_name="course")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"ada/07_layers.ipynb": notebook()}, 0),
        ({"ada/07_layers.ipynb": notebook(), "bob/hw.pdf": b""}, 1),
        ({"ada/07_layers.ipynb": notebook(), "Copy of 07_layers.ipynb": notebook()}, 1),
        ({"bob/hw.rar": b""}, 2),
    ],
)
def test_the_exit_code_tells_of_any_doubt(here, files, code):
    assert run("collect", str(zipped(here / "x.zip", files))).exit_code == code


def test_the_zone_of_times_without_one_is_given_and_said(here):
    zipped(here / "x.zip", {"doejane_LATE_1_2_07_layers.ipynb": notebook()}, (2026, 5, 6, 7, 8, 10))
    result = run("collect", "x.zip", "--zone", "Asia/Seoul")

    assert handed_in_at(here, "doejane_1") == "2026-05-05 22:08:10 UTC"
    assert "1 collected, 1 late, says the platform." in result.stdout
    assert "Times that came without a zone were read in Asia/Seoul." in result.stdout
    assert run("collect", "x.zip", "--zone", "Asia/Atlantis").exit_code == 2


def test_a_roster_is_imported_listed_and_asked(here):
    (here / "list.csv").write_text("Last Name,First Name,Username\nDoe,Jane,jdoe\nRoe,Al,aroe\n")
    (here / "07_layers.ipynb").write_bytes(notebook())
    imported = run("roster", "import", "list.csv")
    assert (imported.exit_code, imported.stdout) == (0, "Blackboard: 2 new on the roster, 0 known.\n")
    assert run("roster", "list").stdout == "aroe\tAl Roe\t\njdoe\tJane Doe\t\n"
    taken = run("collect", "--as", "jdoe", "07_layers.ipynb")

    assert students(here) == ["jdoe"]
    assert "07_layers: nothing from 1 on the roster: Al Roe (aroe)." in taken.stdout
    assert people(here)["jdoe"]["submissions"]["07_layers"]["file"] == "07_layers.ipynb"
    assert run("collect", "--as", "nobody", "07_layers.ipynb").exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"), [("a,b\n1,2\n", "--id COLUMN"), (None, "cannot be read (No such file or directory)")]
)
def test_what_is_no_class_list_is_said(here, text, message):
    if text:
        (here / "list.csv").write_text(text)
    result = run("roster", "import", "list.csv")

    assert result.exit_code == 2
    assert message in result.stderr
