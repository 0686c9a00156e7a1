"""The judge's side of the sandbox: start it, run a notebook in it, and call the functions that the notebook defined."""

from __future__ import annotations

import contextlib
import math
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from autograder.sandbox import bubblewrap
from autograder.sandbox.errors import SandboxError, SandboxLost
from autograder.sandbox.inside import wire
from autograder.sandbox.run import START_SECONDS, Program, Run, await_ready

END_SECONDS = 60  # until the server has ended a submission's processes


class Sandbox:
    """A sandbox with a warm server, which runs one notebook at a time. It starts when it is first used.

    Args:
        extras: modules that notebooks may import beside the course's own.

    Raises (`start` and `run`):
        SandboxError: there is no sandbox to be had.
        SandboxLost: it failed in the middle of a run.
    """

    def __init__(self, extras: Sequence[str] = ()) -> None:
        self._extras = extras
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._errors: Any = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and everything in the sandbox."""
        if self._process:
            self._control.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
            self._process.kill()
            self._process.wait()
            self._errors.close()
            self._process = None

    def start(self) -> None:
        """Start the server, unless it runs."""
        if self._process and self._process.poll() is None:
            return
        self.close()
        command = bubblewrap.command(*self._extras)
        self._control, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        with theirs:
            self._process = subprocess.Popen(
                command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=self._errors, env={}, start_new_session=True
            )
        try:
            wire.exactly(self._control, wire.STATUS.size, time.monotonic() + START_SECONDS)
        except wire.WireError as error:
            said = self._said()
            self.close()
            if "bwrap:" in said:
                raise SandboxError(bubblewrap.NO_NAMESPACES.format(error=said)) from None
            raise SandboxError(f"The sandbox did not start: its server {error}.\n{said}") from None

    @contextlib.contextmanager
    def run(self, program: Program, until: float = math.inf) -> Iterator[Run]:
        """Run the cells; inside the block their functions can be called; afterwards nothing of them is left.

        Args:
            until: the `time.monotonic` after which nothing of it runs any more.
        """
        run = Run(program, self._open, self._end, until)
        try:
            yield run
        finally:
            run.close()

    def _open(self) -> socket.socket:
        """Have the server fork a process for a notebook; the channel to it."""
        self.start()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"r"], [theirs.fileno()])
            except OSError as error:
                raise self._failed(error) from error
        try:
            await_ready(ours)
        except SandboxLost:
            ours.close()
            self._end()
            raise
        return ours

    def _end(self) -> bool:
        """Have everything of the notebook ended; whether it had taken too much memory."""
        try:
            self._control.settimeout(END_SECONDS)
            self._control.sendall(b"e")
            answer = wire.exactly(self._control, wire.STATUS.size, time.monotonic() + END_SECONDS)
        except (OSError, wire.WireError) as error:
            raise self._failed(error) from error
        return wire.STATUS.unpack(answer)[0] == wire.OUT_OF_MEMORY

    def _failed(self, error: Exception) -> SandboxLost:
        said = self._said()
        self.close()
        return SandboxLost(f"The sandbox's server failed ({error}).\n{said}")

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read(10_000).decode(errors="replace").strip()
