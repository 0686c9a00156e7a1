"""Memory of processes, as Linux tells it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


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
