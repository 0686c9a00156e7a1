"""Run one notebook for the judge: its cells, and then calls of what they defined. With walls around it, or without."""

from __future__ import annotations

import importlib
import os
import socket
import time
from typing import Any

from course_utils.checking import judge_with
from course_utils.probes import Observation, Raised, world

from . import wire
from .shell import Cells, described

BATCH, BATCH_SECONDS = 64, 0.05  # observations go out together: so many, or those of this time


class _NotNow:
    """What `check` in a learner's own cell says in a graded run; the notebook's own checks are the judge's."""

    passed, status = True, "passed"

    def __init__(self, name: str, answer: Any):
        self.message = f"{name}: is judged when the whole notebook has run."


def tell(main: socket.socket, error: Exception) -> None:
    """Tell the judge that no cell can run here, and why; in the place of `serve`."""
    wire.send(main, {"failed": f"{type(error).__name__}: {error}"})


def serve(main: socket.socket, cells: Cells) -> None:
    """Say that all is ready, run the cells, send their outputs, and only then call what they defined, for the judge.

    So no cell can show what a function was given while it was judged. The job: ``cells``, a list of sources ("" for
    what is not run), and ``checks``, pairs of the index of a cell and the exercise that is checked there.
    """
    if hasattr(os, "register_at_fork"):  # a process that a cell forks would run on here, and speak as well
        os.register_at_fork(after_in_child=main.close)
    world.remember()
    judge_with(_NotNow)
    outputs, defined = cells.capture(), {}
    wire.send(main, {"ready": True})
    job = wire.receive(main)
    for i, source in enumerate(job["cells"]):
        if source:
            wire.send(main, {"cell": i})
            outputs.clear()
            error = cells.run(source)
            ran = {"ran": i, "outputs": outputs.take(), "raised": None if error is None else described(error)}
            wire.send(main, ran | ({"missing": cells.missing} if cells.missing else {}))
        defined |= {name: dict(cells.namespace) for at, name in job["checks"] if at == i}
    wire.send(main, {"done": True})
    while True:
        world.reset()  # of what the cells have set, and the calls before
        request = wire.receive(main)
        cells.namespace.clear()  # the names as they were at the check: a later cell may have used one again
        cells.namespace.update(defined[request["exercise"]])
        _answer(main, request, cells.namespace)


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
