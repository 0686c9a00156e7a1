"""Start the sandbox's server. It imports PyTorch; whoever starts it from here can do so at the same time."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
from collections.abc import Sequence

from autograder.sandbox import bubblewrap


class Server:
    """A server in its sandbox, just started.

    Args:
        extras: modules that notebooks may import beside the course's own.

    Attributes:
        control: the channel to it.

    Raises:
        SandboxError: this system cannot have a sandbox, or has no such module.
    """

    def __init__(self, extras: Sequence[str] = ()) -> None:
        command = bubblewrap.command(*extras)
        self.control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        with theirs:
            self.process = subprocess.Popen(
                command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=self._errors, env={}, start_new_session=True
            )

    def said(self) -> str:
        """What it wrote to its standard error."""
        self._errors.seek(0)
        return self._errors.read(10_000).decode(errors="replace").strip()

    def close(self) -> None:
        """End it, and everything in the sandbox."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        self.process.kill()
        self.process.wait()
        self._errors.close()
