"""The walls: each of them is proved at every start, and one that is missing is noticed, whoever it is that grades."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from autograder.sandbox import bubblewrap
from autograder.sandbox.client import Sandbox
from autograder.sandbox.errors import SandboxError, SandboxLost
from autograder.sandbox.proof import prove
from autograder.sandbox.run import Program
from tests.support import ROOT
from tests.support.users import ordinary_user


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


def with_other_walls(monkeypatch, folder, code):
    """From now on sandboxes have walls that end in this code."""
    inside = folder / "inside"
    shutil.copytree(bubblewrap.INSIDE, inside)
    with (inside / "walls.py").open("a") as file:
        file.write(f"\n\n{code}\n")
    monkeypatch.setattr(bubblewrap, "INSIDE", inside)


def test_every_wall_stands(sandbox, tmp_path):
    prove(sandbox, [tmp_path])


def test_namespaces_are_those_of_one_submission(sandbox):
    """Where the server's own would do, something of the kernel's could outlive a submission."""
    kinds = ("mnt", "pid", "net", "ipc", "uts")
    server = _descendants(sandbox._server.process.pid)[-1]
    shown = f"import os\nprint(*[os.readlink('/proc/self/ns/' + kind) for kind in {kinds}])"
    with sandbox.run(Program((shown,), {})) as ran:
        own = ran.outputs[0][0]["text"].split()

    assert [os.readlink(f"/proc/{server}/ns/{kind}") == link for kind, link in zip(kinds, own, strict=True)] == [
        False
    ] * len(kinds)


def _descendants(pid):
    found = [pid]
    for pid in found:
        found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return found


PROVED_BY_A_USER = """
import sys
from autograder.sandbox import bubblewrap
from autograder.sandbox.client import Sandbox
from autograder.sandbox.proof import prove

with Sandbox() as started:
    prove(started)
words = bubblewrap.command()  # now with a Python that lies in /tmp, and has something mounted in it
at, pip = words.index("--remount-ro"), "/tmp/python/lib/python%d.%d/site-packages/pip" % sys.version_info[:2]
words[at:at] = ["--ro-bind", sys.prefix, "/tmp/python", "--tmpfs", pip, "--remount-ro", pip]
words[words.index(sys.executable)] = "/tmp/python/bin/python"
bubblewrap.command = lambda *_: words
with Sandbox() as started:
    prove(started)
print("proved")
"""


def test_every_wall_stands_where_an_ordinary_user_grades_also_with_a_python_in_tmp():
    with ordinary_user() as run:
        done = run([sys.executable, "-c", PROVED_BY_A_USER], cwd=ROOT, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("proved\n", "")


WALLS = {
    "own_session": "be in the servers session",
    "fresh_folders": "Permission denied: '/tmp/notebook'",
    "set_limits": "(take too much|needed more than 2 GiB of) memory",
    "drop_privileges": "have privileges",
    "deny_calls": "keep memory that no limit counts",
}


@pytest.mark.parametrize(("wall", "noticed"), WALLS.items())
def test_a_wall_that_is_missing_is_noticed(wall, noticed, monkeypatch, tmp_path):
    with_other_walls(monkeypatch, tmp_path, f"def {wall}(*_):\n    pass")

    with Sandbox() as started, pytest.raises(SandboxError, match=noticed):
        prove(started)


@pytest.mark.parametrize(
    ("option", "other", "noticed"),
    [
        ("--chdir", ("--setenv", "GRADER_TOKEN", "x", "--chdir"), "see the graders environment: GRADER_TOKEN"),
        ("--remount-ro", ("--ro-bind", "/etc/passwd", "/etc/passwd", "--remount-ro"), "read the hosts files"),
        ("--remount-ro", ("--bind", "/var/tmp", "/var/tmp", "--remount-ro"), "write to what others share: /var/tmp"),
    ],
)
def test_a_hole_in_the_command_is_noticed(option, other, noticed, monkeypatch):
    whole = bubblewrap.command()
    at = whole.index(option)
    monkeypatch.setattr(bubblewrap, "command", lambda *_: [*whole[:at], *other, *whole[at + 1 :]])

    with Sandbox() as started, pytest.raises(SandboxError, match=noticed):
        prove(started, [Path("/etc/passwd")])


def test_what_fails_while_walls_go_up_is_said_at_once_in_its_own_words(monkeypatch, tmp_path):
    failing = 'def fresh_folders():\n    raise OSError(22, "mount /tmp: Invalid argument")'
    with_other_walls(monkeypatch, tmp_path, failing)
    words = "could not be made ready: OSError: .*mount /tmp: Invalid argument"

    with Sandbox() as started:
        with pytest.raises(SandboxError, match=f"walls could not be tried.*{words}") as error:
            prove(started)
        with pytest.raises(SandboxLost, match=words), started.run(Program(("1 + 1",), {})):
            pass

    assert not isinstance(error.value, SandboxLost)  # which would be tried again, for each submission


def test_a_process_that_cannot_be_forked_is_said_in_its_own_words(monkeypatch, tmp_path):
    with_other_walls(monkeypatch, tmp_path, 'def fork_into_new_world():\n    raise OSError(28, "clone: no space left")')

    with Sandbox() as started:
        with pytest.raises(SandboxLost, match="clone: no space left"), started.run(Program(("1 + 1",), {})):
            pass

        assert started._server.process.poll() is None
