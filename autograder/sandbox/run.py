"""One notebook in the sandbox, as the judge sees it: cells that run, and functions that can be called.

Nothing that comes from there is trusted: it is bounded in size and time, and only ever data.
"""

from __future__ import annotations

import contextlib
import math
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.judge import Gone
from autograder.sandbox.errors import SandboxLost
from autograder.sandbox.inside import limits, wire
from course_utils.probes import Case, Observation

START_SECONDS = 180  # until a process is ready, which may import torch from a slow disk
CELL_SECONDS = 60  # one cell
NOTEBOOK_SECONDS = 300  # all cells, also where they run again, but without the calls between
CALL_SECONDS = 10  # one call of a learner's function
EXERCISE_SECONDS = 120  # all calls for one exercise
SEND_SECONDS = 10  # until a process has read what it was sent
MAX_OUTPUT = 8 * 2**20  # characters of all outputs of a notebook
OUT_OF_MEMORY = f"needed more than {limits.MEMORY >> 30} GiB of memory"
MAX_ENDED = 5  # processes that cells may end before the rest is given up

GIVEN_UP = "the notebook's cells end its process again and again, or take too long in all."
NO_TIME = "the time that one submission has was used up before it was judged."
LOOPS = "Is there a loop that never ends?"
DIED = "Does it exit, or need too much memory?"


# types of values that stand where a function is asked for, and that a message may name
_KINDS = ("NoneType", "bool", "int", "float", "str", "list", "tuple", "dict", "set", "Tensor", "ndarray")


class Absent(Exception):
    """There is nothing to judge; the text says why. ``undefined``: the notebook defines nothing of that name."""

    def __init__(self, text: str, undefined: bool = False):
        super().__init__(text)
        self.undefined = undefined


@dataclass(frozen=True)
class Target:
    """An exercise to be judged.

    Attributes:
        names: what answers it.
        after: the index of the cell after which it is judged.
        place: the index of the cell where its solution stands, if there is one.
    """

    names: tuple[str, ...]
    after: int
    place: int | None = None


@dataclass(frozen=True)
class Program:
    """A notebook to run.

    Attributes:
        cells: their sources, empty where a cell is not to be run.
        tasks: the exercises by name.
        refused: cell -> why it isn't run, in words.
    """

    cells: tuple[str, ...]
    tasks: Mapping[str, Target]
    refused: Mapping[int, str] = field(default_factory=dict)


def await_ready(channel: socket.socket) -> None:
    """Wait until a new process says that it can run cells; nothing of a submission has run in it by then.

    Raises:
        SandboxLost: it cannot; the text has its own words for why.
    """
    try:
        said = wire.receive(channel, time.monotonic() + START_SECONDS)
    except wire.WireError as error:
        raise SandboxLost(f"The process that should run a notebook's cells {error} before the first of them.") from None
    if said != {"ready": True}:
        why = said.get("failed") if isinstance(said, dict) else said
        raise SandboxLost(f"The process that should run a notebook's cells could not be made ready: {why}")


class Run:
    """What the cells of a notebook did, once `run_cells` has run them, and a way to call what they defined.

    A cell that ends the process, or takes too long, is left out, and the others run again without it. So they do when
    a call ended the process.

    Attributes:
        outputs: of each cell that ran to its end, as nbformat has them.
        raised: cell -> what it raised, in words.
        missing: cell -> the modules that it imports and that are not there.
        ended: cell -> how it ended the whole process or ran out of time, in words; the others ran without it.
        answering: the exercises that are defined and have answered to all calls so far.
        late: exercise -> that it ran out of time, in words.

    Raises:
        SandboxError: there is no sandbox to be had.
    """

    def __init__(
        self,
        program: Program,
        begin: Callable[[], socket.socket],
        end: Callable[[], bool],
        until: float = math.inf,
    ):
        self._program, self._begin, self._end, self._until = program, begin, end, until
        self._channel: socket.socket | None = None
        self._left, self._tries_left = min(float(NOTEBOOK_SECONDS), until - time.monotonic()), MAX_ENDED
        self._known: set[int] = set()  # the cells that ran to their end, once
        self._loops = 0  # and how many did not in their time
        self._spent = dict.fromkeys(program.tasks, 0.0)
        self._gone: dict[str, str] = {}
        self.answering: set[str] = set()
        self.late: dict[str, str] = {}
        self.outputs: dict[int, list[dict[str, Any]]] = {}
        self.raised: dict[int, str] = {}
        self.missing: dict[int, list[str]] = {}
        self.ended: dict[int, str] = {}
        self._shown: tuple[dict[int, list[dict[str, Any]]], dict[int, str]] | None = None

    def run_cells(self) -> None:
        """Run the cells, as far as they do not end it; what they show is what they show now."""
        self._run_cells()
        self._shown = self.outputs, self.raised

    def close(self) -> bool:
        """End the notebook's processes; whether they had taken too much memory."""
        if self._channel is None:
            return False
        self._channel.close()
        self._channel = None
        return self._end()

    def restart(self) -> None:
        """Run the cells again, in a new process, as if nothing had been called yet."""
        self.close()
        self._run_cells()

    def observe(
        self, exercise: str, probe: Callable, cases: Sequence[Case], seconds: float | None = None
    ) -> list[Observation]:
        """Run ``probe`` on the answer to ``exercise`` in the sandbox, for each of the cases.

        Args:
            seconds: how long each of them may take; None: `CALL_SECONDS`.

        Returns:
            One observation for each case; only the first when it is that of an untouched stub.

        Raises:
            Gone: the process ended, took too long, or sent nonsense, now or at an earlier call; the text says which.
            Absent: the notebook does not define what is to be judged.
        """
        if exercise in self._gone:
            raise Gone(self._gone[exercise])
        self.answering.discard(exercise)
        seconds = seconds or CALL_SECONDS
        if time.monotonic() > self._until:
            raise self._late(exercise, NO_TIME)
        try:
            self._ask(exercise, probe, cases)
            observations = self._observe(exercise, len(cases), seconds)
            self.answering.add(exercise)
            return observations
        except wire.TooSlow:
            self.close()
            limit = f"{seconds:g} s for one call, at most {EXERCISE_SECONDS} s for all"
            self._gone[exercise] = f"it did not finish in time ({limit}). {LOOPS}"
            raise self._late(exercise, self._gone[exercise]) from None
        except wire.WireError as error:
            how = f"it {OUT_OF_MEMORY}." if self.close() else f"its process {error} while it was called. {DIED}"
            self._gone[exercise] = how
        raise Gone(self._gone[exercise])

    def _ask(self, exercise: str, probe: Callable, cases: Sequence[Case]) -> None:
        """Have the calls begin. What goes wrong before that is an earlier exercise's fault: then in a new process."""
        names = self._program.tasks[exercise].names
        request = _request(exercise, names, probe, cases)
        while True:
            is_fresh = self._channel is None
            if is_fresh:
                self._run_cells()
            if self._channel is None:
                raise Gone(GIVEN_UP) if len(self.ended) == MAX_ENDED else self._late(exercise, NO_TIME)
            try:
                wire.send_encoded(self._channel, request, SEND_SECONDS)
                self._check_defined(self._receive(dict, wire.Room(), math.inf, CALL_SECONDS), names)
                return
            except wire.WireError:
                if is_fresh:
                    raise
                self.close()

    def _late(self, exercise: str, why: str) -> Gone:
        self.late[exercise] = why
        return Gone(why)

    def _observe(self, exercise: str, n: int, seconds: float) -> list[Observation]:
        begun = time.monotonic()
        # at most half of what is left: the other exercises need some of it
        until = min(begun + EXERCISE_SECONDS - self._spent[exercise], (begun + self._until) / 2)
        observations: list[Observation] = []
        room = wire.Room()
        try:
            while len(observations) < n:
                more = self._receive(list, room, until, seconds)
                if not more or not all(isinstance(observation, Observation) for observation in more):
                    raise wire.WireError("sent nonsense")
                observations += more
                if observations[0].is_stub:
                    return observations[:1]
        finally:
            self._spent[exercise] += time.monotonic() - begun
        return observations[:n]

    def _receive(self, kind: type, room: wire.Room, until: float, seconds: float) -> Any:
        value = wire.receive(self._channel, min(until, time.monotonic() + seconds), room)
        if not isinstance(value, kind):
            raise wire.WireError("sent nonsense")
        return value

    def _check_defined(self, answer: dict[str, Any], names: Sequence[str]) -> None:
        absent, uncallable = answer.get("absent"), answer.get("uncallable")
        if not isinstance(absent, list) or not isinstance(uncallable, list):
            raise wire.WireError("sent nonsense")
        if missing := [name for name in names if name in absent]:
            raise Absent(f"this notebook defines no {' and no '.join(missing)}.", undefined=True)
        if uncallable:  # a name that came from there could tell the cases
            kind = next((kind for kind in _KINDS if kind == uncallable[0]), "unknown")
            raise Absent(f"{names[0]} is a value of type {kind}, not a function or class.")

    def _run_cells(self) -> None:
        """Run the cells to the end, without those that ended it; give up where too many do."""
        while self._tries_left > 0:
            begun = time.monotonic()
            self._left = min(self._left, self._until - begun)
            if self._left <= 0:
                return
            self._channel = self._begin()
            self.outputs, self.raised = {}, {}
            found = self._follow_cells(begun + self._left)
            self._left -= time.monotonic() - begun
            if self._shown:  # what a cell shows after a call may tell of the call
                self.outputs, self.raised = self._shown
            if found is None:
                return
            self._tries_left -= 1
            culprit, how = found
            if self._left <= 0 and culprit in self._known:  # there was no time left to run it again: not its fault
                self.close()
                return
            self.ended[culprit] = OUT_OF_MEMORY if self.close() else how

    def _follow_cells(self, until: float) -> tuple[int, str] | None:
        """Follow the cells to the end, or to the one that ended it: its index, and how."""
        cells = self._program.cells
        job = {
            "cells": ["" if i in self.ended else source for i, source in enumerate(cells)],
            "checks": [[task.after, name] for name, task in self._program.tasks.items()],
        }
        at = next((i for i, source in enumerate(job["cells"]) if source), 0)
        left = MAX_OUTPUT
        try:
            wire.send_encoded(self._channel, wire.encode(job), SEND_SECONDS)
            while True:
                # half of the time for what may be the next endless loop
                patience = CELL_SECONDS if at in self._known else CELL_SECONDS / 2**self._loops
                said = wire.receive(self._channel, min(until, time.monotonic() + patience))
                match said:
                    case {"done": True}:
                        return None
                    case {"cell": int(index)} if at <= index < len(cells):
                        at = index
                    case {"ran": int(index), "outputs": list(nodes), "raised": raised, **more} if index == at:
                        left -= sum(map(_length, nodes))
                        self._known.add(at)
                        self.outputs[at] = nodes if left > 0 else []
                        if isinstance(raised, str):
                            self.raised[at] = raised[:500]
                        if missing := _modules(more.get("missing")):
                            self.missing[at] = missing
                    case _:
                        raise wire.WireError("sent nonsense")
        except wire.TooSlow:
            if time.monotonic() >= until:
                return at, "did not finish in the time that all cells have together"
            self._loops += 1
            return at, f"did not finish within {patience:.3g} s"
        except wire.WireError:
            return at, "ended the whole process"


@contextlib.contextmanager
def running(
    program: Program, begin: Callable[[], socket.socket], end: Callable[[], bool], until: float = math.inf
) -> Iterator[Run]:
    """A run whose cells have run; after the block nothing of them runs any more.

    Args:
        begin: starts a process, and gives the channel to it.
        end: ends it; whether it had taken too much memory.
        until: the `time.monotonic` after which nothing of it runs any more.
    """
    run = Run(program, begin, end, until)
    try:
        run.run_cells()
        yield run
    finally:
        run.close()


_requests: dict[tuple[str, int, int], tuple[Sequence[Case], bytes]] = {}


def _request(exercise: str, names: Sequence[str], probe: Callable, cases: Sequence[Case]) -> bytes:
    """The encoded request; the same cases come for every submission, so it is kept while they are."""
    key = (exercise, id(cases[0]) if cases else 0, len(cases))
    if key not in _requests:
        if len(_requests) > 400:
            _requests.clear()
        request = {"exercise": exercise, "names": list(names), "probe": [probe.__module__, probe.__name__]}
        # holding the cases keeps their ids from being given again
        _requests[key] = cases, wire.encode({**request, "cases": list(cases)})
    return _requests[key][1]


def _modules(names: Any) -> list[str]:
    """Names of modules, as far as they may be some; nothing else of what came there is told."""
    names = names if isinstance(names, list) else []
    return [name for name in names[:20] if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w{0,39}", name, re.ASCII)]


def _length(output: Any) -> int:
    """Characters of one output of a cell. Raises WireError where it is none that a cell could have."""
    match output:
        case {"output_type": "stream", "text": str(text)}:
            return len(text)
        case {"output_type": "error", "ename": str(name), "evalue": str(value), "traceback": list(lines)}:
            parts = [name, value, *lines]
        case {"output_type": "display_data" | "execute_result", "data": dict(data)}:
            parts = list(data.values())
        case _:
            raise wire.WireError("sent nonsense")
    if not all(isinstance(part, str) for part in parts):
        raise wire.WireError("sent nonsense")
    return sum(map(len, parts))
