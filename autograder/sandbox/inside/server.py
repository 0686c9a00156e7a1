"""The warm server in the sandbox: it has everything imported, and forks for each submission.

The server never reads anything of a submission, so that nothing of one is in the memory of the next. The process that
it forks puts up walls around itself, and then does what `notebook` says.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path

from . import limits, notebook, walls, wire
from .shell import Cells
from .warming import warm_up

WATCH_SECONDS = 0.2
_FOLDER = "/tmp/notebook"
_SOCKET = socket.socket(socket.AF_UNIX).getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)  # bytes that it may hold


def main() -> None:
    """Serve the one connection that is standard input, until it ends. ``argv[1]``: the uid to run cells as."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    uid = int(sys.argv[1]) if len(sys.argv) > 1 else None
    os.makedirs(os.environ["IPYTHONDIR"], exist_ok=True)
    cells = Cells()
    warm_up()
    cells.warm_up()
    gc.collect()
    gc.freeze()  # a collection in a forked process would touch, and so copy, every object
    control.sendall(wire.STATUS.pack(os.getpid()))
    while True:
        message, channels, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        with socket.socket(fileno=channels[0]) as channel:
            _start(channel, cells, uid)
        status = _watch(control)
        _end_all()
        control.sendall(wire.STATUS.pack(status))


def _start(channel: socket.socket, cells: Cells, uid: int | None) -> None:
    """Fork the submission's process, the first in its new world. What fails until its code runs, the judge is told."""
    try:
        if walls.fork_into_new_world():
            return
    except OSError as error:
        notebook.tell(channel, error)
        return
    try:
        _keep_only(channel.fileno())
        walls.put_up(uid)
        os.makedirs(_FOLDER)
        os.chdir(_FOLDER)
        sys.path.append(_FOLDER)  # a notebook can import what it has written beside it, but nothing in another's place
        os.makedirs(os.environ["HOME"])
        _hide_the_machinery()
    except Exception as error:
        notebook.tell(channel, error)
    else:
        notebook.serve(channel, cells)
    finally:
        os._exit(70)  # never runs on in its parent's code


def _keep_only(channel: int) -> None:
    """Close every file that is not the submission's own."""
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
    """Whether a submission's processes need more memory than they may, with what the kernel keeps for them.

    What they share counts for each of them in a first, quick look, and in parts in a second one, if need be.
    """
    others = _others()
    kept = sum(_memory(pid, "status", ("VmPTE:", "HugetlbPages:")) for pid in others) + _sockets(others) * _SOCKET
    return all(
        kept + sum(_memory(pid, file, names) for pid in others) > limits.MEMORY
        for file, names in (("status", ("VmRSS:", "VmSwap:")), ("smaps_rollup", ("Pss:", "SwapPss:")))
    )


def _memory(pid: int, file: str, names: tuple[str, ...]) -> int:
    """Entries of a process's, in bytes."""
    return sum(1024 * int(line.split()[1]) for line in _lines(pid, file) if line.startswith(names))


def _sockets(pids: list[int]) -> int:
    """How many sockets there are in the network that is the processes' own, also those that no process holds."""
    lines = next(filter(None, (_lines(pid, "net/sockstat") for pid in pids)), [])
    return next((int(line.split()[2]) for line in lines if line.startswith("sockets: used")), 0)


def _lines(pid: int, file: str) -> list[str]:
    try:
        with open(f"/proc/{pid}/{file}", errors="replace") as lines:  # a process may call itself anything
            return list(lines)
    except OSError:  # it has gone
        return []


def _end_all() -> None:
    """End every process in the sandbox but the server, and wait until they are gone."""
    while others := _others():
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.0005)


def _hide_the_machinery() -> None:
    """From now on no name leads to these modules: an import makes others, which nothing here looks at."""
    here = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == here]:
        del sys.modules[name]
    sys.path.remove(str(Path(__file__).parents[1]))
