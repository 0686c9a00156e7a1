"""`course check --watch`: a notebook is checked when it has been saved, in whatever way an editor saves."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.desk import watching as watch


@pytest.fixture
def saves(tmp_path, monkeypatch):
    """The notebooks that are found to be saved in tmp_path: a function that waits for so many of them."""
    monkeypatch.setattr(watch, "EVERY", 0.05)
    (tmp_path / "old.ipynb").write_text("{}")
    found = []
    watching = watch.saved([tmp_path])

    def follow():
        for path in watching:
            found.append(path.name)

    threading.Thread(target=follow, daemon=True).start()
    time.sleep(0.3)

    def wait(count):
        deadline = time.monotonic() + 20
        while len(found) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)  # nothing more than that may come
        return found

    return wait


def test_what_is_there_from_the_beginning_is_not_checked(saves):
    assert saves(0) == []


def test_each_save_is_found_once(saves, tmp_path):
    (tmp_path / "old.ipynb").write_text("{ }")
    first = list(saves(1))
    (tmp_path / "old.ipynb").write_text("{  }")

    assert first == ["old.ipynb"]
    assert saves(2) == ["old.ipynb", "old.ipynb"]


def test_a_notebook_that_is_still_being_written_is_waited_for(saves, tmp_path):
    with (tmp_path / "old.ipynb").open("w") as file:
        for _ in range(20):
            file.write("x")
            file.flush()
            os.utime(file.fileno())
            time.sleep(0.02)

    assert saves(1) == ["old.ipynb"]


def test_an_editor_that_saves_by_renaming_is_followed(saves, tmp_path):
    new = tmp_path / "old.ipynb.tmp"
    new.write_text("{}")
    new.rename(tmp_path / "old.ipynb")

    assert saves(1) == ["old.ipynb"]


def test_a_notebook_that_is_deleted_and_comes_back_is_found(saves, tmp_path):
    (tmp_path / "old.ipynb").unlink()
    time.sleep(0.3)
    (tmp_path / "old.ipynb").write_text("{ }")

    assert saves(1) == ["old.ipynb"]


def test_new_notebooks_are_found_but_no_checkpoints_and_no_kept_copies(saves, tmp_path):
    for folder in (".ipynb_checkpoints", "kept"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "old.ipynb").write_text("{}")
    (tmp_path / "new.ipynb").write_text("{}")

    assert saves(1) == ["new.ipynb"]


def test_a_notebook_named_alone_is_checked_at_once_then_at_each_save_until_ctrl_c(tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_text("{")
    command = [Path(sys.executable).with_name("course"), "check", "--watch", path]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}
    )
    said = []

    def read_until(words):
        while not re.search(words, "".join(said)):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said.append(line)

    read_until(r"Watching .*\n(.*\n)*.*what to do:")
    said.clear()
    path.write_text("{ ")
    read_until("what to do:")
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)

    assert "cannot be checked" in "".join(said)
    assert (process.returncode, rest.strip()) == (0, "")
    assert "Traceback" not in errors


def test_a_save_while_the_first_check_runs_is_found(tmp_path, monkeypatch):
    path = tmp_path / "mine.ipynb"
    path.write_text("{")
    checked = []

    def check(paths):
        checked.append(paths)
        if len(checked) == 2:
            raise KeyboardInterrupt
        path.write_text("{ ")

    monkeypatch.setattr(watch, "check_paths", check)
    monkeypatch.setattr(watch, "EVERY", 0.01)
    watch.watch([path])

    assert checked == [[path], [path]]


def test_watching_prints_no_json():
    result = CliRunner().invoke(app, ["check", "--watch", "--json", "x"])

    assert result.exit_code == 2
    assert "leave out --json" in result.stderr.replace("\n", " ")
