"""The judge's side of the sandbox: start it, run a notebook in it, and call the functions that the notebook defined."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from autograder.sandbox import bubblewrap
from autograder.sandbox.errors import SandboxError, SandboxLost
from autograder.sandbox.inside import wire
from autograder.sandbox.launch import Server
from autograder.sandbox.run import START_SECONDS, Program, Run, await_ready, running

END_SECONDS = 60  # until the server has ended a submission's processes


class Sandbox:
    """A sandbox with a warm server, which runs one notebook at a time. It starts when it is first used.

    Args:
        extras: modules that notebooks may import beside the course's own.
        server: the first one, where it was started already.

    Raises (`start` and `run`):
        SandboxError: there is no sandbox to be had.
        SandboxLost: it failed in the middle of a run.
    """

    def __init__(self, extras: Sequence[str] = (), server: Server | None = None) -> None:
        self._extras = extras
        self._started = server
        self._server: Server | None = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and everything in the sandbox; one that was started for it and never used, too."""
        for server in (self._server, self._started):
            if server:
                server.close()
        self._server = self._started = None

    def start(self) -> None:
        """Start the server, unless it runs."""
        if self._server and self._server.process.poll() is None:
            return
        started, self._started = self._started, None
        self.close()
        self._server = started or Server(self._extras)
        try:
            wire.exactly(self._server.control, wire.STATUS.size, time.monotonic() + START_SECONDS)
        except wire.WireError as error:
            said = self._server.said()
            self.close()
            if "bwrap:" in said:
                raise SandboxError(bubblewrap.NO_NAMESPACES.format(error=said)) from None
            raise SandboxError(f"The sandbox did not start: its server {error}.\n{said}") from None

    def run(self, program: Program, until: float = math.inf) -> AbstractContextManager[Run]:
        """Run the cells; inside the block their functions can be called; afterwards nothing of them is left.

        Args:
            until: the `time.monotonic` after which nothing of it runs any more.
        """
        return running(program, self._open, self._end, until)

    def _open(self) -> socket.socket:
        """Have the server fork a process for a notebook; the channel to it."""
        self.start()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._server.control, [b"r"], [theirs.fileno()])
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
            self._server.control.settimeout(END_SECONDS)
            self._server.control.sendall(b"e")
            answer = wire.exactly(self._server.control, wire.STATUS.size, time.monotonic() + END_SECONDS)
        except (OSError, wire.WireError) as error:
            raise self._failed(error) from error
        return wire.STATUS.unpack(answer)[0] == wire.OUT_OF_MEMORY

    def _failed(self, error: Exception) -> SandboxLost:
        said = self._server.said()
        self.close()
        return SandboxLost(f"The sandbox's server failed ({error}).\n{said}")
