"""Run a notebook without walls: in Python processes of its own, with all the rights of whoever runs this.

What runs in them is what runs in the sandbox too. It works on every system: the process is reached by a connection of
this machine to itself, and shows by a secret word that it is the one that was started.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.sandbox.errors import SandboxLost

if TYPE_CHECKING:
    from autograder.sandbox.run import Program, Run

_LOOK_SECONDS = 0.5  # how often to look whether a process that does not call has ended


class Unwalled:
    """What `Sandbox` is, without a sandbox: a new Python process wherever the cells of a notebook run from the start.

    Args:
        folder: where they run, and may import what lies beside them.

    Raises (`run`):
        SandboxLost: no process can be started; the text says why.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._process: subprocess.Popen | None = None
        self._listener: socket.socket | None = None
        self._scratch: tempfile.TemporaryDirectory | None = None
        self._word = b""

    def __enter__(self) -> Unwalled:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def start(self) -> None:
        """Start a process, unless one is waiting: it loads PyTorch, and the caller may do so meanwhile."""
        if self._process:
            return
        self._word = secrets.token_hex(16).encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        ours = {"IPYTHONDIR": self._scratch.name, "MPLBACKEND": "Agg"}
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.sandbox.unwalled", str(self._listener.getsockname()[1])],
                cwd=self._folder,
                env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **ours},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        with contextlib.suppress(OSError):  # it has ended, which is found where it should call
            self._process.stdin.write(self._word)
            self._process.stdin.close()

    @property
    def _errors(self) -> Path:
        return Path(self._scratch.name, "errors.txt")

    def run(self, program: Program, until: float = math.inf) -> AbstractContextManager[Run]:
        """Run the cells; inside the block their functions can be called; afterwards nothing of them runs any more."""
        from autograder.sandbox.run import running  # torch: while the process loads it too

        return running(program, self._open, self._end, until)

    def _open(self) -> socket.socket:
        """The channel to a process that is ready for the notebook."""
        from autograder.sandbox.run import START_SECONDS, await_ready

        self.start()
        channel = None
        try:
            channel = self._called(time.monotonic() + START_SECONDS)
            await_ready(channel)
        except SandboxLost:
            if channel:
                channel.close()
            self._end()
            raise
        return channel

    def _called(self, until: float) -> socket.socket:
        """The connection that the process makes."""
        from autograder.sandbox.inside import wire

        self._listener.settimeout(_LOOK_SECONDS)
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError, wire.WireError):
                channel, _ = self._listener.accept()
                if bytes(wire.exactly(channel, len(self._word), time.monotonic() + _LOOK_SECONDS)) == self._word:
                    return channel
                channel.close()
            if self._process.poll() is not None:
                break
        said = self._errors.read_text(errors="replace").strip()[-10_000:]
        raise SandboxLost(f"The Python process that should run a notebook's cells did not start.\n{said}")

    def _end(self) -> bool:
        """End the process, and on POSIX with it whatever the notebook started. It is no memory's limit that does it."""
        if self._process:
            if hasattr(os, "killpg"):
                with contextlib.suppress(ProcessLookupError, PermissionError):  # there is nothing left to end
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._listener.close()
            self._scratch.cleanup()
            self._process = None
        return False


def _main(port: int) -> None:
    """The other process: call, and run the notebook that comes."""
    word = sys.stdin.buffer.read()
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    from autograder.sandbox.inside import notebook
    from autograder.sandbox.inside.shell import Cells

    channel = socket.create_connection(("127.0.0.1", port))
    channel.sendall(word)
    cells = Cells()
    sys.path.insert(0, os.getcwd())  # a notebook can import what lies beside it
    for descriptor in (1, 2):  # what is written there is of no interest, and without an end may fill a disk
        os.dup2(nowhere, descriptor)
    notebook.serve(channel, cells)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
