"""What hostile and broken notebooks try: each ends with the outcome that its file names, and touches nothing else."""

import os
import re
import socket
import threading

import pytest
import torch

from autograder.exercises import EXERCISES
from autograder.grading.outcome import WARNED
from autograder.judge.judging import _HIDDEN
from autograder.sandbox import run
from autograder.sandbox.client import Sandbox
from autograder.syntax import tampering
from tests.support.attacked import FOLDER, SEED, filled_in, graded, put_in, read_attack, shown, solution, unexpected

LESSON = "07_layers"
FILES = sorted(FOLDER.glob("*.ipy"))
SECONDS = {"CELL_SECONDS": 12, "NOTEBOOK_SECONDS": 120, "CALL_SECONDS": 5, "EXERCISE_SECONDS": 15}
SECRET = "the secret of the host 8f3a"


@pytest.fixture(scope="module")
def sandbox():
    """One sandbox for all attacks, with shorter times to wait."""
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in SECONDS.items():
            patch.setattr(run, name, seconds)
        with Sandbox() as started:
            yield started


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """What an attack might reach outside: a file, and sockets that count who comes."""
    folder = tmp_path_factory.mktemp("host")
    folder.chmod(0o755)
    (folder / "gradebook.db").write_text(SECRET)
    (folder / "gradebook.db").chmod(0o666)
    came = []
    listeners = [socket.create_server(("127.0.0.1", 0))]
    name = f"course-attack-listener-{os.getpid()}"
    for address in (f"\0{name}", str(folder / "socket")):
        listeners.append(socket.socket(socket.AF_UNIX))
        listeners[-1].bind(address)
        listeners[-1].listen()
    for listener in listeners:
        threading.Thread(target=_count, args=(listener, came), daemon=True).start()
    yield {"HOST_FOLDER": folder, "LISTENER_NAME": name, "LISTENER_PORT": listeners[0].getsockname()[1], "came": came}
    for listener in listeners:
        listener.close()


def _count(listener, came):
    while True:
        try:
            came.append(listener.accept())
        except OSError:
            return


def _hidden_values():
    """The numbers of hidden inputs, written out as an attack would tell them."""
    told = set()
    for exercise in EXERCISES.values():
        if exercise.lesson == LESSON:
            tensors = [
                value
                for case in exercise.expand(_HIDDEN + SEED)
                for value in case.args.values()
                if isinstance(value, torch.Tensor)
            ]
            told |= {repr(number) for t in tensors if t.is_floating_point() for number in t.flatten().tolist()}
    return {text for text in told if len(text) > 12}


def _processes(pid):
    """How many processes ``pid`` has below it."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
    except OSError:
        return 0
    return len(children) + sum(map(_processes, children))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_attack_ends_as_its_file_says(path, sandbox, host, monkeypatch):
    attack = read_attack(path)
    if attack.unguarded:
        monkeypatch.setattr(tampering, "found", lambda sources: {})
    cells = [(place, filled_in(source, host)) for place, source in attack.cells]

    result = graded(put_in(solution(LESSON), cells), LESSON, sandbox)
    said = shown(result)

    assert unexpected(result, attack.expected) == {}
    assert "REACHED" not in said
    assert SECRET not in said
    assert _hidden_values().isdisjoint(re.findall(r"-?\d+\.\d+", said))
    assert host["came"] == []
    assert sorted(os.listdir(host["HOST_FOLDER"])) == ["gradebook.db", "socket"]
    assert (host["HOST_FOLDER"] / "gradebook.db").read_text() == SECRET
    assert _processes(sandbox._server.process.pid) == 2  # the sandbox's first one, and its server


def test_a_loop_that_never_ends_is_among_those_to_look_at_and_costs_no_other_exercise(sandbox):
    loops = "def gelu(x):\n    while True:\n        pass"
    result = graded(put_in(solution(LESSON), [("gelu", loops)]), LESSON, sandbox)

    assert [name for name, grade in result.exercises.items() if grade.status != "passed"] == ["gelu"]
    assert result.outcome == WARNED
    assert result.warnings[0].startswith("gelu: it did not finish in time")
