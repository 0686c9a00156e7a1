"""Grade one submission after another in a process of its own, within limits that no submission can lift.

Not the student's code, which the sandbox holds, but ours: reading, analysing and judging take as long, and as much
memory, as what was handed in makes them. This process may be lost; whoever hands out the papers may not.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe
from typing import Any

from autograder.grading.outcome import Graded
from autograder.grading.paper import Paper
from autograder.grading.release import failed
from autograder.sandbox.errors import SandboxError, SandboxLost
from autograder.sandbox.launch import Server

MEMORY = 3 * 2**30  # bytes of data in the examining process; PyTorch and the course take a tenth of it
ENOUGH = 2**30  # bytes of data with which it makes way for a new one
COMPUTING = 2 / 3  # of a submission's time: what the examining process may compute itself, beside waiting
START_SECONDS = 600  # until PyTorch is imported, the sandbox started and its walls are proved, on a slow disk


class Overdue(SandboxLost):
    """A submission was not graded in its time, most of which went by without anything being computed."""


class Examiner:
    """A process that grades, started when it is first needed and again when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._channel: Connection | None = None

    def __del__(self) -> None:
        self.close()

    def grade(self, paper: Paper) -> Graded:
        """Grade a paper; whatever is in it, this ends within ``paper.seconds``, not counting a start.

        Raises:
            SandboxError: there is no sandbox to be had.
            SandboxLost: the process, or its sandbox, ended in the middle; another try may well succeed.
            Overdue: it was not done in time.
        """
        self._start(paper.extras)
        try:
            self._channel.send((paper, paper.seconds * COMPUTING, MEMORY))
            if not self._channel.poll(paper.seconds):
                self.close()
                raise Overdue(f"It was not done after {paper.seconds:g} s. Is this machine very busy?")
            said = json.loads(self._channel.recv_bytes())
        except (EOFError, OSError):
            status = self.close()
            if status == -signal.SIGPROF:
                seconds = f"{paper.seconds * COMPUTING:.3g} s"
                why = f"Reading and judging it took more than the {seconds} of computing that it may take."
                return failed(paper, why)
            raise SandboxLost(f"The process that graded it ended (exit status {status}).") from None
        if said.get("last"):
            self.close()
        return Graded.from_json(_answer(said))

    def close(self) -> int | None:
        """End the process and its sandbox; its exit status, None where there was none."""
        process, self._process = self._process, None
        if process is None:
            return None
        self._channel.close()
        process.kill()
        return process.wait()

    def _start(self, extras: tuple[str, ...]) -> None:
        """Start it, unless it runs, with a sandbox in which these modules can be imported."""
        if self._process and self._process.poll() is None:
            return
        self.close()
        self._channel, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.grading.examiner", str(theirs.fileno()), *extras],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            said = json.loads(self._channel.recv_bytes()) if self._channel.poll(START_SECONDS) else {}
        except (EOFError, OSError):
            said = {}
        if not said:
            raise SandboxLost(f"The process that grades did not start (exit status {self.close()}).")
        _answer(said)


def _answer(said: dict[str, Any]) -> dict[str, Any]:
    """What the process answered; raises what it says went wrong."""
    if "no sandbox" in said:
        raise SandboxError(said["no sandbox"])
    if "lost" in said:
        raise SandboxLost(said["lost"])
    return said["answer"]


def _examine(channel: Connection, extras: tuple[str, ...]) -> None:
    """The other process: grade what comes, one paper at a time, until nobody asks any more."""
    threading.Thread(target=_end_with, args=(channel.fileno(),), daemon=True).start()
    try:
        server = Server(extras)  # it imports PyTorch, too: at the same time

        import torch

        from autograder.grading.grade import grade
        from autograder.sandbox.proof import own_sandbox

        torch.set_num_threads(1)
        own_sandbox(extras, server)
    except SandboxError as error:
        _say(channel, {"no sandbox": str(error)})
        return
    _say(channel, {"answer": {}})
    while True:
        try:
            paper, seconds, memory = channel.recv()
        except EOFError:  # nobody asks any more
            return
        try:
            with _limits(seconds, memory):
                said = {"answer": grade(paper, own_sandbox(paper.extras)).to_json()}
        except SandboxLost as error:
            said = {"lost": str(error)}
        except SandboxError as error:
            said = {"no sandbox": str(error)}
        except MemoryError:
            why = f"Reading and judging it took more than {memory / 2**30:.3g} GiB of memory."
            said = {"answer": failed(paper, why).to_json(), "last": True}
        except Exception as error:  # a fault of ours, which costs the others nothing
            said = {"lost": f"{type(error).__name__}: {error}"}
        _say(channel, {"last": _data() > ENOUGH, **said})


def _say(channel: Connection, said: dict[str, Any]) -> None:
    channel.send_bytes(json.dumps(said).encode())


def _end_with(descriptor: int) -> None:
    """End this process when the one that asks is gone, also in the middle of a submission."""
    gone = select.poll()
    gone.register(descriptor, select.POLLRDHUP)
    gone.poll()
    os._exit(1)


@contextlib.contextmanager
def _limits(seconds: float, memory: int) -> Iterator[None]:
    """Compute no longer than ``seconds``, at which a signal ends the process, and with ``memory`` bytes of data.

    Not by the wall's time, which passes faster on a busy machine.
    """
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_DATA, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _data() -> int:
    """Bytes of data that this process has now."""
    with open("/proc/self/status") as lines:
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))


if __name__ == "__main__":
    _examine(Connection(int(sys.argv[1])), tuple(sys.argv[2:]))
