"""The command `course`, and the learner's desk: copies in work/, and JupyterLab."""

import errno
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.desk import copies
from autograder.desk import lab as desk
from autograder.notebooks import course as courses

LESSON = "07_layers"
COMMANDS = [
    "lab",
    "check",
    "progress",
    "review",
    "reset",
    "update",
    "submit",
    "build",
    "grade",
    "collect",
    "export",
    "report",
    "forget",
    "serve",
    "roster",
]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one small lesson; the working directory is inside it."""
    for name in ("course_utils", f"lessons/{LESSON}/.ipynb_checkpoints"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "nbgrader_config.py").touch()
    (tmp_path / f"lessons/{LESSON}/{LESSON}.ipynb").write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    monkeypatch.chdir(tmp_path / "course_utils")
    return tmp_path


def _run(*arguments):
    return CliRunner().invoke(app, arguments, prog_name="course")


# --- the command


def test_help_names_every_command():
    result = _run("--help")

    assert result.exit_code == 0
    assert re.findall(r"^│ ([a-z]+) ", result.stdout, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_says_what_it_does(command):
    result = _run(command, "--help")

    assert result.exit_code == 0
    assert f"Usage: course {command} " in result.stdout


def test_help_waits_for_no_large_package():
    code = "import sys, autograder.cli; print(sorted({'torch', 'jupyterlab', 'nbgrader', 'nbformat'} & {*sys.modules}))"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_lab_and_update_wait_for_no_torch():
    code = "import sys, autograder.cli, autograder.desk.renewing; print('torch' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_check_hands_on_what_it_was_given_and_the_exit_code(monkeypatch):
    given = []
    monkeypatch.setattr("autograder.desk.checking.check_paths", lambda *arguments: given.append(arguments) or 2)
    result = _run("check", "a.ipynb", "b", "--json")

    assert result.exit_code == 2
    assert given == [([Path("a.ipynb"), Path("b")], True)]


def test_build_says_what_it_built(course, monkeypatch):
    given = []
    monkeypatch.setattr("autograder.authoring.build.build", lambda root: given.append(root) or ["01_tensors", LESSON])
    result = _run("build")

    assert result.exit_code == 0
    assert result.stdout == "Built 01_tensors, 07_layers.\n"
    assert given == [course]


def test_build_says_what_is_wrong_with_a_source(course):
    (course / "source").mkdir()
    (course / "source/01_tensors.py").write_text('# %% exercise="nothing"\ndef nothing():\n    pass\n')
    result = _run("build")

    assert result.exit_code == 1
    assert result.stderr.startswith("source/01_tensors.py:1: ")


@pytest.mark.parametrize("command", ["lab", "build"])
def test_outside_of_the_course_a_command_says_where_to_go(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    result = _run(command)

    assert result.exit_code == 1
    assert result.stderr == (
        f"{tmp_path} is not inside the course's folder. Go there first:\n  cd {Path(desk.__file__).parents[2]}\n"
    )


# --- copies of the lessons


def test_lessons_are_copied_without_checkpoints(course):
    assert copies.copy_lessons(course) == [LESSON]
    assert [path.name for path in (course / "work" / LESSON).iterdir()] == [f"{LESSON}.ipynb"]


def test_only_lessons_that_are_not_there_yet_are_copied(course):
    copies.copy_lessons(course)
    mine = course / "work" / LESSON / f"{LESSON}.ipynb"
    mine.write_text("my work")
    shutil.copytree(course / "lessons" / LESSON, course / "lessons/08_modules_and_optimizers")

    assert copies.copy_lessons(course) == ["08_modules_and_optimizers"]
    assert mine.read_text() == "my work"


@pytest.mark.parametrize("kind", ["empty folder", "file", "broken link"])
def test_nothing_in_work_is_ever_replaced(course, kind):
    (course / "work").mkdir()
    mine = course / "work" / LESSON
    make = {"empty folder": mine.mkdir, "file": mine.touch, "broken link": lambda: mine.symlink_to("nowhere")}
    make[kind]()
    before = mine.lstat()

    assert copies.copy_lessons(course) == []
    assert mine.lstat() == before


def test_the_start_notebook_is_copied_once_and_opened_first(course):
    (course / "lessons/start.ipynb").write_text("the page")
    copies.copy_lessons(course)
    mine = course / "work/start.ipynb"
    first = mine.read_text()
    mine.write_text("my page")
    copies.copy_lessons(course)

    assert (first, mine.read_text()) == ("the page", "my page")
    assert "--LabApp.default_url=/lab/tree/start.ipynb" in desk._lab_options(course / "work", False, None)


def test_check_without_a_path_checks_work(course, monkeypatch):
    given = []
    monkeypatch.setattr("autograder.desk.checking.check_paths", lambda paths, json: given.append(paths) or 0)

    assert _run("check").exit_code == 0
    assert given == [[course / "work"]]


def test_a_copy_that_is_interrupted_leaves_nothing(course, monkeypatch):
    def interrupt(source, copy):
        Path(copy).write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", interrupt)
        with pytest.raises(KeyboardInterrupt):
            copies.copy_lessons(course)

    assert list((course / "work").iterdir()) == []
    assert copies.copy_lessons(course) == [LESSON]


def test_copies_of_read_only_lessons_can_be_edited(course):
    (course / f"lessons/{LESSON}/{LESSON}.ipynb").chmod(0o444)
    copies.copy_lessons(course)

    assert (course / f"work/{LESSON}/{LESSON}.ipynb").stat().st_mode & 0o200


def test_a_disk_without_room_is_said(course, monkeypatch):
    def fail(source, copy):
        raise OSError(errno.ENOSPC, "No space left on device", copy)

    monkeypatch.setattr(shutil, "copyfile", fail)

    with pytest.raises(courses.CourseError, match=r"Cannot copy the lessons to .*work: .*No space left on device"):
        copies.copy_lessons(course)
    assert list((course / "work").iterdir()) == []


def test_a_work_that_is_no_folder_is_said(course):
    (course / "work").write_text("shopping list")

    with pytest.raises(courses.CourseError, match=r"work is not a folder, .* Rename it\."):
        copies.copy_lessons(course)
    assert (course / "work").read_text() == "shopping list"


def test_a_course_without_lessons_says_how_to_write_them(course):
    shutil.rmtree(course / "lessons")

    with pytest.raises(courses.CourseError, match=r"holds no lessons\. Write them from source/ with:\n  course build"):
        copies.copy_lessons(course)


# --- JupyterLab


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "darwin", True),
        ({}, "win32", True),
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "wslview"}, "linux", True),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
        ({"CI": "true"}, "darwin", False),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(environ, platform, expected):
    assert desk.has_screen(environ, platform) == expected


def test_a_port_that_is_taken_is_said(course):
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        result = _run("lab", "--no-browser", "--port", str(port))

    assert result.exit_code == 1
    assert result.stderr == f"Port {port} is taken or not allowed. Give another, or leave --port out.\n"


@pytest.fixture
def lab(course, tmp_path_factory, monkeypatch):
    """A JupyterLab started by `course lab`: the process, what it printed up to its address, and the address."""
    home = tmp_path_factory.mktemp("home")
    decoy = home / ".local/share/jupyter/kernels/python3/kernel.json"
    decoy.parent.mkdir(parents=True)
    decoy.write_text(json.dumps({"argv": ["another-python"], "display_name": "Decoy", "language": "python"}))
    monkeypatch.setenv("HOME", str(home))
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    command = [Path(sys.executable).with_name("course"), "lab", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    printed = []
    for line in process.stdout:
        printed.append(line)
        if f"http://localhost:{port}/" in line:
            break
    _wait_for(port)  # the address is printed a moment before anybody listens there
    yield process, "".join(printed), printed[-1].strip()
    process.kill()
    process.communicate()


def _wait_for(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            return socket.create_connection(("localhost", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _get(address, path):
    return urllib.request.urlopen(re.sub(r"/lab/.*\?", f"{path}?", address), timeout=30).read().decode()


def test_lab_copies_the_lessons_and_serves_them(course, lab):
    process, printed, address = lab

    assert printed.startswith(
        f"Copied to work/: {LESSON}\n"
        "Your lessons are in work/. They are yours: nothing here ever overwrites them.\n"
        "To stop JupyterLab, press Ctrl-C here and answer y.\n"
    )
    assert f"/lab/tree/{LESSON}/{LESSON}.ipynb?token=" in address

    contents = json.loads(_get(address, "/api/contents"))
    kernel = json.loads(_get(address, "/api/kernelspecs/python3"))
    page = _get(address, f"/lab/tree/{LESSON}/{LESSON}.ipynb")
    settings = json.loads(_get(address, "/lab/api/settings/@jupyterlab/apputils-extension:notification"))

    assert [entry["name"] for entry in contents["content"]] == [LESSON]
    assert kernel["spec"]["display_name"] != "Decoy"
    assert '"@jupyter/nbgrader:create-assignment"' in page.partition('"disabledExtensions": [')[2].partition("]")[0]
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _get(f"{address}guess", "/api/contents")

    process.send_signal(signal.SIGINT)  # without a terminal there is nobody to ask, and it stops at once

    assert process.wait(timeout=30) == 0
