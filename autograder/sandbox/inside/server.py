"""The warm server in the sandbox: it has everything imported, and forks for each submission.

The server never reads anything of a submission, so that nothing of one is in the memory of the next. The process that
it forks is the first in a world of processes of its own: it runs the cells, sends their outputs, and only then calls
what they defined, for the judge. So no cell can show what a function was given while it was judged.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from course_utils.checking import judge_with
from course_utils.probes import Observation, Raised

from . import walls, wire
from .shell import Cells, described
from .warming import warm_up

WATCH_SECONDS = 0.2
BATCH, BATCH_SECONDS = 64, 0.05  # observations go out together: so many, or those of this time
_FOLDER = "/tmp/notebook"


def main() -> None:
    """Serve the one connection that is standard input, until it ends. ``argv[1]``: the uid to run cells as."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    uid = int(sys.argv[1]) if len(sys.argv) > 1 else None
    os.makedirs(os.environ["IPYTHONDIR"], exist_ok=True)
    cells = Cells()
    judge_with(_NotNow)
    warm_up()
    cells.warm_up()
    gc.collect()
    gc.freeze()  # a collection in a forked process would touch, and so copy, every object
    control.sendall(wire.STATUS.pack(os.getpid()))
    while True:
        message, channels, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        _start(channels[0], cells, uid)
        os.close(channels[0])
        status = _watch(control)
        _end_all()
        control.sendall(wire.STATUS.pack(status))


class _NotNow:
    """What `check` in a learner's own cell says in a graded run; the notebook's own checks are the judge's."""

    passed, status = True, "passed"

    def __init__(self, name: str, answer: Any):
        self.message = f"{name}: is judged when the whole notebook has run."


def _start(channel: int, cells: Cells, uid: int | None) -> None:
    """Fork the submission's process, the first in its new world of processes."""
    if walls.fork_into_new_world():
        return
    try:
        _keep_only(channel)
        walls.fresh_folders()
        walls.set_limits()
        walls.drop_privileges(uid)
        walls.deny_calls()
        os.dup2(0, 1)
        os.dup2(0, 2)
        _run_notebook(socket.socket(fileno=channel), cells)
    except Exception as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(70)  # never runs on in its parent's code


def _keep_only(channel: int) -> None:
    """Close every file that is not the submission's own; standard error stays until its code runs."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != channel:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(name))


def _others() -> list[int]:
    """All processes in the sandbox but its first and this one."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]


def _watch(control: socket.socket) -> int:
    """Wait for the judge's word that it has finished; end the submission before, where it takes too much memory."""
    looking = 0.0
    while True:
        # many processes take long to look at: half of the time is theirs
        control.settimeout(max(WATCH_SECONDS, looking))
        try:
            control.recv(1)
            return 0
        except TimeoutError:
            begun = time.monotonic()
            if _takes_too_much():
                _end_all()
                control.settimeout(None)
                control.recv(1)
                return wire.OUT_OF_MEMORY
            looking = time.monotonic() - begun
        finally:
            control.settimeout(None)


def _takes_too_much() -> bool:
    """Whether a submission's processes need more memory than they may, the tables of their pages included.

    What they share counts for each of them in a first, quick look, and in parts in a second one, if need be.
    """
    others = _others()
    return all(
        sum(_memory(pid, *entry) + _memory(pid, "status", "VmPTE:") for pid in others) > walls.MEMORY
        for entry in (("status", "VmRSS:"), ("smaps_rollup", "Pss:"))
    )


def _memory(pid: int, file: str, name: str) -> int:
    """An entry of a process's, in bytes."""
    try:
        with open(f"/proc/{pid}/{file}", errors="replace") as lines:  # a process may call itself anything
            return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))
    except (OSError, StopIteration):  # it has gone
        return 0


def _end_all() -> None:
    """End every process in the sandbox but the server, and wait until they are gone."""
    while others := _others():
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.0005)


def _run_notebook(main: socket.socket, cells: Cells) -> None:
    """Run the cells, then call what they defined.

    The job: ``cells``, a list of sources ("" for what is not run), and ``checks``, pairs of the index of a cell and
    the exercise that is checked there.
    """
    job = wire.receive(main)
    _hide_the_machinery()
    os.register_at_fork(after_in_child=main.close)  # a process that a cell forks would run on here, and speak as well
    os.makedirs(_FOLDER)
    os.chdir(_FOLDER)
    sys.path.append(_FOLDER)  # a notebook can import what it has written beside it, but nothing in the place of another
    os.makedirs(os.environ["HOME"])
    outputs, defined = cells.capture(), {}
    for i, source in enumerate(job["cells"]):
        if source:
            wire.send(main, {"cell": i})
            outputs.clear()
            error = cells.run(source)
            wire.send(
                main, {"ran": i, "outputs": outputs.take(), "raised": None if error is None else described(error)}
            )
        defined |= {name: dict(cells.namespace) for at, name in job["checks"] if at == i}
    wire.send(main, {"done": True})
    while True:
        request = wire.receive(main)
        cells.namespace.clear()  # the names as they were at the check: a later cell may have used one again
        cells.namespace.update(defined[request["exercise"]])
        _answer(main, request, cells.namespace)


def _hide_the_machinery() -> None:
    """From now on no name leads to these modules: an import makes others, which nothing here looks at."""
    here = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == here]:
        del sys.modules[name]
    sys.path.remove(str(Path(__file__).parents[1]))


def _answer(main: socket.socket, request: dict[str, Any], namespace: dict[str, Any]) -> None:
    """Call what the learner wrote as a probe does, on every case; first say whether there is something to call."""
    parts = {name: namespace.get(name) for name in request["names"]}
    absent = [name for name in parts if name not in namespace]
    uncallable = [type(part).__name__ for part in parts.values() if not callable(part)]
    wire.send(main, {"absent": absent, "uncallable": uncallable})
    if absent or uncallable:
        return
    candidate = next(iter(parts.values())) if len(parts) == 1 else tuple(parts.values())
    module, name = request["probe"]
    probe = getattr(importlib.import_module(module), name)
    ready: list[Observation] = []
    sent = time.monotonic()
    for case in request["cases"]:
        ready.append(probe(candidate, case))
        stub = case is request["cases"][0] and ready[0].is_stub
        if stub or len(ready) == BATCH or time.monotonic() > sent + BATCH_SECONDS:
            _send_observations(main, ready)
            ready, sent = [], time.monotonic()
        if stub:
            return
    if ready:
        _send_observations(main, ready)


def _send_observations(main: socket.socket, observations: list[Observation]) -> None:
    try:
        frame = wire.encode(observations)
    except wire.WireError as error:
        frame = wire.encode([Observation(raised=Raised("MemoryError", str(error))) for _ in observations])
    wire.send_encoded(main, frame)
