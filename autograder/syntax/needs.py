"""Which statements of a notebook an answer is made of, found without running anything."""

from __future__ import annotations

import ast
import bisect
import builtins
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from autograder.syntax.parsing import Unreadable, as_run
from autograder.syntax.statements import DEFINITIONS, Statement, read_cell, root_name

_MOST = 500_000  # steps from one statement to another, before it is too much


class Place(NamedTuple):
    """The index of a cell, and that of a statement in it."""

    cell: int
    statement: int


def reached(body: Sequence[Statement], names: Sequence[str]) -> list[Statement]:
    """The statements among ``body`` from which the ``names`` are made, directly or through what these use.

    Of a name the last binding before it is looked up counts; where that need not happen (in an ``if``, a loop, a
    function with ``global``), or only changes what is bound (``table["s"] = f``), those before it do too. What a
    function uses is looked up where it is called. An attribute that is set on a library or on a class of the notebook
    (``torch.Tensor.soft = f``) counts for every use of an attribute of that name. For a name that nothing binds, what
    may bind anything counts.

    Raises:
        MemoryError: it is too much to follow.
    """
    return [body[i] for i in _reached(body, names)]


def _reached(body: Sequence[Statement], names: Sequence[str]) -> list[int]:
    """The indices of what is `reached`, in order."""
    shared = {name for s in body if isinstance(s.tree, (*DEFINITIONS, ast.Import, ast.ImportFrom)) for name in s.binds}
    fixed = set(shared)
    shared |= {
        name for s in body if isinstance(s.tree, ast.Assign) and root_name(s.tree.value) & shared for name in s.binds
    }
    patches: dict[str, list[int]] = {}
    for i, statement in enumerate(body):
        for root, attribute in statement.sets:
            if root in shared:
                patches.setdefault(attribute, []).append(i)
    bound = _where_bound(body, fixed)
    writers = [i for i, statement in enumerate(body) if statement.writes_files]
    blind = [i for i, statement in enumerate(body) if statement.may_bind_anything]
    blind = sorted({*blind, *writers}) if blind else []
    # how all code is compiled from there on
    futures = [i for i, s in enumerate(body) if isinstance(s.tree, ast.ImportFrom) and s.tree.module == "__future__"]
    found: dict[int, None] = dict.fromkeys(futures)
    waiting = [(name, len(body)) for name in names]
    seen: set[tuple[str | int, int]] = set()
    left = _MOST

    def reach(places: Iterable[int], limit: int) -> None:
        nonlocal left
        new = [(i, limit) for i in places]
        while new:
            i, until = new.pop()
            statement = body[i]
            until = until if statement.uses_later else i
            left -= 1 + len(statement.uses_later)
            if left < 0:
                raise Unreadable("too much to follow")
            if (i, until) in seen:
                continue
            seen.add((i, until))
            found[i] = None
            waiting.extend((name, i) for name in statement.uses_at_once)
            waiting.extend((name, until) for name in statement.uses_later)
            if writers and statement.needs_files:
                new += [(writer, len(body)) for writer in writers]
                writers.clear()
            for attribute in statement.attributes & patches.keys():
                new += [(patch, len(body)) for patch in patches.pop(attribute)]

    while waiting:
        name, limit = waiting.pop()
        if (name, limit) in seen:
            continue
        seen.add((name, limit))
        if name not in bound or bound[name].places[0] >= limit:
            if not hasattr(builtins, name):
                reach([i for i in blind if i < limit], limit)
        else:
            reach(bound[name].before(limit), limit)
    return sorted(found)


class _Bound:
    """Where a name is bound or may be changed, in order, and at which of these places it is certainly bound anew."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self._below: list[int] = []  # of each place the next one downwards; -1: what is below does not count
        self._given: list[bool] = []  # the places that need not be given again, wherever the name is looked up
        self._late: list[bool] = []

    def add(self, place: int, certain: bool, late: bool) -> None:
        """Add the next place. ``late``: what it stands for depends on where the name is looked up."""
        self._below.append(-1 if certain else len(self.places) - 1)
        self._given.append(False)
        self._late.append(late)
        self.places.append(place)

    def before(self, limit: int) -> Iterator[int]:
        """The places below ``limit`` down to the first that is certain, without those given before that aren't late."""
        at = self._not_given(bisect.bisect_left(self.places, limit) - 1)
        while at >= 0:
            yield self.places[at]
            self._given[at] = not self._late[at]
            at = self._not_given(self._below[at])

    def _not_given(self, at: int) -> int:
        passed = []
        while at >= 0 and self._given[at]:
            passed.append(at)
            at = self._below[at]
        for place in passed:
            self._below[place] = at
        return at


def _where_bound(body: Sequence[Statement], fixed: set[str]) -> dict[str, _Bound]:
    """Name -> where it is bound or may be changed.

    Args:
        fixed: names of functions, classes and modules, which no call changes.
    """
    imported = {name for s in body if isinstance(s.tree, (ast.Import, ast.ImportFrom)) for name in s.binds}
    effects = _effects(body)
    defined = [s for s in body if s.binds]
    harmless = {name for s in defined if s.only_calls for name in s.binds}
    harmless -= {name for s in defined if not s.only_calls for name in s.binds}
    bound: dict[str, _Bound] = defaultdict(_Bound)
    left = _MOST
    for i, statement in enumerate(body):
        called = {name for used in statement.uses_at_once for name in effects.get(used, ())}
        given = {name for function, names in statement.gives if not function & harmless for name in names}
        for name in statement.binds | statement.may_bind | (called - imported) | (given - fixed):
            bound[name].add(i, certain=name in statement.binds, late=bool(statement.uses_later))
        left -= len(called)
        if left < 0:
            raise Unreadable("too many calls to follow")
    return bound


def _effects(body: Sequence[Statement]) -> dict[str, set[str]]:
    """Function -> the global names whose value a call of it may change, itself or by what it calls."""
    direct: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for statement in body:
        for name in statement.binds if statement.uses_later else ():
            direct.setdefault(name, set()).update(statement.changes_when_called)
            calls.setdefault(name, set()).update(statement.uses_later)
    if not any(direct.values()):
        return {}
    found: dict[str, set[str]] = {}
    left = _MOST
    for name in direct:
        waiting, seen = [name], set()
        while waiting:
            at = waiting.pop()
            left -= 1
            if left < 0:
                raise Unreadable("too many calls to follow")
            if at not in seen and at in direct:
                seen.add(at)
                waiting += calls[at]
        found[name] = set().union(*(direct[at] for at in seen))
    return found


def needed(sources: Sequence[str], names: Sequence[str]) -> set[Place]:
    """Where the statements stand of which ``names`` are made, as `reached` finds them.

    Args:
        sources: the code of the cells in order; ``""`` for what does not run.
    """
    places = [Place(i, k) for i, source in enumerate(sources) for k in range(len(read_cell(source)))]
    return {places[i] for i in _reached([s for source in sources for s in read_cell(source)], names)}


def written(sources: Sequence[str], places: Collection[Place]) -> list[str]:
    """The cells with the statements at ``places`` alone.

    What is left stands on the lines on which it stood, is all Python, and is what IPython runs.
    """
    kept: dict[int, list[ast.stmt]] = {}
    for i, k in sorted(places):
        kept.setdefault(i, []).append(read_cell(sources[i])[k].tree)
    return [_written(as_run(source), kept[i]) if i in kept else "" for i, source in enumerate(sources)]


def _written(text: str, trees: Sequence[ast.stmt]) -> str:
    """Some of the statements of ``text`` on their own lines, and nothing else."""
    lines = [line.encode() for line in re.split(r"\r\n|\r|\n", text)]  # as ast counts lines
    out: list[list[bytes]] = [[] for _ in lines]
    for tree in trees:
        begin = min([tree, *getattr(tree, "decorator_list", [])], key=lambda node: node.lineno)
        column = begin.col_offset if begin is tree else 0
        first, last = begin.lineno - 1, tree.end_lineno - 1
        for i in range(first, last + 1):
            piece = lines[i][column if i == first else 0 : tree.end_col_offset if i == last else None]
            out[i].append(piece)
    out[0] = out[0] or [b"#"]  # IPython drops empty lines above the code
    return b"\n".join([*map(b"; ".join, out), b"#"]).decode()  # and takes a cell of a single line for a command
