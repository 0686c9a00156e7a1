"""One notebook in the sandbox, as the judge sees it: cells that run, and functions that can be called.

Nothing that comes from there is trusted: it is bounded in size and time, and only ever data.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.judge import Gone
from autograder.sandbox.inside import walls, wire
from course_utils.probes import Case, Observation

CELL_SECONDS = 60  # one cell
NOTEBOOK_SECONDS = 300  # all cells, also where they run again
CALL_SECONDS = 10  # one call of a learner's function
EXERCISE_SECONDS = 300  # all calls for one exercise
MAX_OUTPUT = 8 * 2**20  # characters of all outputs of a notebook
OUT_OF_MEMORY = f"needed more than {walls.MEMORY >> 30} GiB of memory"
MAX_ENDED = 5  # cells that may end the process before the rest is given up

LOOPS = "Is there a loop that never ends?"
DIED = "Does it exit, or need too much memory?"


class Absent(Exception):
    """There is nothing to judge; the text says why. ``undefined``: the notebook defines nothing of that name."""

    def __init__(self, text: str, undefined: bool = False):
        super().__init__(text)
        self.undefined = undefined


@dataclass(frozen=True)
class Task:
    """An exercise to be judged: the names that answer it, and the index of the cell after which."""

    names: tuple[str, ...]
    after: int


@dataclass(frozen=True)
class Program:
    """A notebook to run: its cells' sources, empty where a cell is not to be run, and its exercises by name."""

    cells: tuple[str, ...]
    tasks: Mapping[str, Task]


class Run:
    """What the cells of a notebook did, and a way to call what they defined.

    A cell that ends the process, or takes too long, is left out, and the others run again without it. So they do when
    a call ended the process.

    Attributes:
        outputs: of each cell that ran to its end, as nbformat has them.
        raised: cell -> what it raised, in words.
        ended: cell -> how it ended the whole process or ran out of time, in words; the others ran without it.

    Raises:
        SandboxError: there is no sandbox to be had.
    """

    def __init__(self, program: Program, begin: Callable[[], socket.socket], end: Callable[[], bool]):
        self._program, self._begin, self._end = program, begin, end
        self._channel: socket.socket | None = None
        self._until = time.monotonic() + NOTEBOOK_SECONDS
        self._spent = dict.fromkeys(program.tasks, 0.0)
        self._gone: dict[str, str] = {}
        self.outputs: dict[int, list[dict[str, Any]]] = {}
        self.raised: dict[int, str] = {}
        self.ended: dict[int, str] = {}
        self._run_cells()
        self._first = self.outputs, self.raised

    def close(self) -> bool:
        """End the notebook's processes; whether they had taken too much memory."""
        if self._channel is None:
            return False
        self._channel.close()
        self._channel = None
        return self._end()

    def observe(self, exercise: str, probe: Callable, cases: Sequence[Case]) -> list[Observation]:
        """Run ``probe`` on the answer to ``exercise`` in the sandbox, for each of the cases.

        Returns:
            One observation for each case; only the first when it is that of an untouched stub.

        Raises:
            Gone: the process ended, took too long, or sent nonsense, now or at an earlier call; the text says which.
            Absent: the notebook does not define what is to be judged.
        """
        if exercise in self._gone:
            raise Gone(self._gone[exercise])
        if self._channel is None:
            self._run_cells()
        if self._channel is None:
            raise Gone("the notebook's cells end its process again and again.")
        begun = time.monotonic()
        try:
            return self._observe(exercise, probe, cases, begun + EXERCISE_SECONDS - self._spent[exercise])
        except wire.TooSlow:
            self.close()
            limit = f"{CALL_SECONDS} s for one call, {EXERCISE_SECONDS} s for all"
            self._gone[exercise] = f"it did not finish in time ({limit}). {LOOPS}"
        except wire.WireError as error:
            how = f"it {OUT_OF_MEMORY}." if self.close() else f"its process {error} while it was called. {DIED}"
            self._gone[exercise] = how
        finally:
            self._spent[exercise] += time.monotonic() - begun
        raise Gone(self._gone[exercise])

    def _observe(self, exercise: str, probe: Callable, cases: Sequence[Case], until: float) -> list[Observation]:
        names = self._program.tasks[exercise].names
        wire.send_encoded(self._channel, _request(exercise, names, probe, cases))
        self._check_defined(self._receive(until, dict), names)
        observations: list[Observation] = []
        while len(observations) < len(cases):
            more = self._receive(until, list)
            if not more or not all(isinstance(observation, Observation) for observation in more):
                raise wire.WireError("sent nonsense")
            observations += more
            if observations[0].is_stub:
                return observations[:1]
        return observations[: len(cases)]

    def _receive(self, until: float, kind: type) -> Any:
        value = wire.receive(self._channel, min(until, time.monotonic() + CALL_SECONDS))
        if not isinstance(value, kind):
            raise wire.WireError("sent nonsense")
        return value

    def _check_defined(self, answer: dict[str, Any], names: Sequence[str]) -> None:
        said = _list(answer.get("absent"))
        if absent := [name for name in names if name in said]:
            raise Absent(f"this notebook defines no {' and no '.join(absent)}.", undefined=True)
        if kinds := _list(answer.get("uncallable")):
            raise Absent(f"{names[0]} is a value of type {str(kinds[0])[:50]}, not a function or class.")

    def _run_cells(self) -> None:
        """Run the cells to the end, without those that ended it; give up where too many do."""
        while len(self.ended) < MAX_ENDED and time.monotonic() < self._until:
            self._channel = self._begin()
            self.outputs, self.raised = {}, {}
            found = self._follow_cells()
            if found is None:
                self.outputs, self.raised = getattr(self, "_first", (self.outputs, self.raised))
                return
            culprit, how = found
            self.ended[culprit] = OUT_OF_MEMORY if self.close() else how

    def _follow_cells(self) -> tuple[int, str] | None:
        """Follow the cells to the end, or to the one that ended it: its index, and how."""
        cells = self._program.cells
        job = {
            "cells": ["" if i in self.ended else source for i, source in enumerate(cells)],
            "checks": [[task.after, name] for name, task in self._program.tasks.items()],
        }
        at = next((i for i, source in enumerate(job["cells"]) if source), 0)
        left = MAX_OUTPUT
        try:
            wire.send(self._channel, job)
            while True:
                said = wire.receive(self._channel, min(self._until, time.monotonic() + CELL_SECONDS))
                match said:
                    case {"done": True}:
                        return None
                    case {"cell": int(index)} if at <= index < len(cells):
                        at = index
                    case {"ran": int(index), "outputs": list(nodes), "raised": raised} if index == at:
                        left -= sum(len(str(node)) for node in nodes)
                        self.outputs[at] = nodes if left > 0 else []
                        if isinstance(raised, str):
                            self.raised[at] = raised[:500]
                    case _:
                        raise wire.WireError("sent nonsense")
        except wire.TooSlow:
            return at, f"did not finish within {CELL_SECONDS} s"
        except wire.WireError:
            return at, "ended the whole process"


_requests: dict[tuple[str, int, int], tuple[Sequence[Case], bytes]] = {}


def _request(exercise: str, names: Sequence[str], probe: Callable, cases: Sequence[Case]) -> bytes:
    """The encoded request; the same cases come for every submission, so it is kept while they are."""
    key = (exercise, id(cases[0]), len(cases))
    if key not in _requests:
        if len(_requests) > 400:
            _requests.clear()
        request = {"exercise": exercise, "names": list(names), "probe": [probe.__module__, probe.__name__]}
        # holding the cases keeps their ids from being given again
        _requests[key] = cases, wire.encode({**request, "cases": list(cases)})
    return _requests[key][1]


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []
