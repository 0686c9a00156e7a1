"""`course grade --trusted`: the same run without walls, on any system; a crash costs its exercise alone."""

import json
import subprocess
import sys

import nbformat
import pytest

from benchmarks.students import hand_in, new_course, notebook, solutions
from tests.support.classroom import LESSON

# What only POSIX has, and this command may not need. The processes that it starts are new Pythons, and whole.
ELSEWHERE = """
import os, sys
import platformdirs, nbgrader.apps, torch  # which ask for the system's name, not for what it has
for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "fork", "forkpty", "killpg", "setsid", "geteuid", "getuid",
             "register_at_fork", "mkfifo", "O_CLOEXEC", "sched_getaffinity", "getpgid", "posix_spawn"):
    if hasattr(os, name):
        delattr(os, name)
for module in ("resource", "fcntl", "termios", "pwd", "grp", "syslog"):
    sys.modules[module] = None
from autograder.cli import app
app(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What the command says of a small class, on a system that has none of POSIX's calls."""
    course = new_course(tmp_path_factory.mktemp("trusted") / "course")
    crash = {**solutions(), "gelu": "import os\ndef gelu(x):\n    os._exit(5)"}
    hand_in(course, {name: _written(answers) for name, answers in (("solved", solutions()), ("crash", crash))})
    submitted = course / "autograder" / "submitted"
    (submitted / "linked" / LESSON).mkdir(parents=True)
    (submitted / "linked" / LESSON / f"{LESSON}.ipynb").symlink_to(submitted / "solved" / LESSON / f"{LESSON}.ipynb")
    command = [sys.executable, "-c", ELSEWHERE, "grade", LESSON, "--trusted", "--json", "results.json"]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert "Traceback" not in done.stderr, done.stderr
    return {result["student"]: result for result in json.loads((course / "results.json").read_text())}


def _written(answers):
    return nbformat.writes(notebook(answers)).encode()


def _points(result):
    return {name: exercise["points"] for name, exercise in result["exercises"].items()}


def test_without_any_of_posixs_calls_honest_work_earns_everything(results):
    assert min(_points(results["solved"]).values()) > 0


def test_a_crash_costs_its_exercise_alone(results):
    assert [name for name, points in _points(results["crash"]).items() if not points] == ["gelu"]


def test_a_link_is_not_followed(results):
    assert "a link; expected an ordinary file" in results["linked"]["warnings"][-1]
