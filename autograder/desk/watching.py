"""``course check --watch``: check a notebook again whenever it is saved."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.desk.checking import check_paths, notebooks
from autograder.notebooks.plan import Unreadable

EVERY = 0.3  # seconds between two looks; a notebook is checked when two looks in a row find it the same

State = dict[Path, tuple[int, int, int]]


def watch(paths: Sequence[Path]) -> None:
    """Check the notebooks at ``paths`` whenever they are saved, until Ctrl-C; those named one by one at once too.

    A notebook may be missing for a while, and may be half written: editors save in several ways.
    """
    named = ", ".join(map(str, paths))
    try:
        print(f"Watching {named}. Save a notebook, and it is checked; Ctrl-C ends this.", flush=True)
        saves = saved(paths)  # from now on: what is saved while the first check runs counts
        if single := [path for path in paths if path.is_file()]:
            check_paths(single)
        for path in saves:
            check_paths([path])
    except KeyboardInterrupt:
        print()


def saved(paths: Sequence[Path]) -> Iterator[Path]:
    """Each notebook that is written from this call on, when it has been written; waits for the next one without end."""
    return _changes(paths, _look(paths))


def _changes(paths: Sequence[Path], settled: State) -> Iterator[Path]:
    before = settled
    while True:
        time.sleep(EVERY)
        now = _look(paths)
        for path in [path for path, state in now.items() if before.get(path) == state != settled.get(path)]:
            settled = {**settled, path: now[path]}
            yield path
        before = now


def _look(paths: Sequence[Path]) -> State:
    """Which notebooks there are, and which version of each."""
    state: State = {}
    for path in paths:
        try:
            for notebook in notebooks(path):
                stat = notebook.stat()
                state[notebook] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except (OSError, Unreadable):  # gone for now, or a folder without a notebook
            continue
    return state
