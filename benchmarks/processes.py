"""Memory and CPU time of processes, as Linux tells them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def memory(pid: int) -> dict[str, int]:
    """Bytes: ``Rss`` all, ``Pss`` with its part of what is shared, ``Private`` its own; nothing when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    kilobytes = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}
    private = kilobytes.get("Private_Clean", 0) + kilobytes.get("Private_Dirty", 0)
    return {kind: 1024 * value for kind, value in {**kilobytes, "Private": private}.items()}


def family(pid: int) -> Iterator[int]:
    """The processes below ``pid`` that a sandbox's server has forked: those of submissions."""
    names, children = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            begin, _, rest = path.read_text().rpartition(")")
            number = int(path.parent.name)
            names[number] = begin.partition("(")[2]
            children.setdefault(int(rest.split()[1]), []).append(number)

    def below(parent: int, in_sandbox: bool, in_server: bool) -> Iterator[int]:
        for child in children.get(parent, []):
            if in_server:
                yield child
            is_bwrap = names[child] == "bwrap"
            yield from below(child, in_sandbox or is_bwrap, in_server or (in_sandbox and not is_bwrap))

    yield from below(pid, False, False)


def cpu_seconds(command: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None) -> float:
    """CPU seconds of a command, run to its end in ``folder``, and of every process that it leaves behind.

    They mean the same on a busy machine. No other child of this process may run meanwhile.

    Raises:
        RuntimeError: it failed; the text has the end of what it said.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans become children of this process
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 1):  # 1: something in a class is to be looked at
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {run.returncode}:\n{run.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
