"""Which top-level statements of a notebook the code of an exercise reaches, found without running anything."""

from __future__ import annotations

import ast
import bisect
import builtins
import functools
import importlib.util
import re
import symtable
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from autograder.syntax.parsing import Unreadable, as_run, parse_cell

_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_AT_ONCE = ("listcomp", "setcomp", "dictcomp", "genexpr")  # tables of functions that run where they stand
_MOST = 500_000  # steps from one statement to another, before it is too much
# functions and modules that leave alone what they are given
_HARMLESS = {*dir(builtins), "check", "display", "torch", "np", "numpy", "math", "plt", "nn", "F"} - {
    "setattr",
    "delattr",
}
# magics that bind no name
_MAGICS = (
    "matplotlib",
    "config",
    "precision",
    "pip",
    "conda",
    "pwd",
    "ls",
    "cd",
    "who",
    "whos",
    "env",
    "timeit",
    "time",
)
_MAGICS += ("load_ext", "reload_ext", "autoreload", "html", "markdown", "latex", "writefile", "bash", "sh")
_RUNS_MAGIC = ("run_line_magic", "run_cell_magic")
_WRITING = ("writefile", "file", "bash", "sh", "script")
_TEXTS = ("exec", "eval", "globals", "locals", "vars")
_CHANGES = ("append", "extend", "insert", "update", "setdefault", "add")  # methods that put something into a container


class Place(NamedTuple):
    """The index of a cell, and that of a statement in it."""

    cell: int
    statement: int


@dataclass(frozen=True, eq=False)
class Statement:
    """A top-level statement of a notebook, and what it says of names; worked out when first asked for."""

    tree: ast.stmt

    @cached_property
    def binds(self) -> set[str]:
        """The names that it certainly binds anew."""
        if isinstance(self.tree, _DEFS):
            return {self.tree.name}
        if isinstance(self.tree, (ast.Import, ast.ImportFrom)):
            return _imported(self.tree)
        if isinstance(self.tree, ast.Assign):
            return {t.id for target in self.tree.targets for t in _flat(target) if isinstance(t, ast.Name)}
        if isinstance(self.tree, ast.AnnAssign) and self.tree.value and isinstance(self.tree.target, ast.Name):
            return {self.tree.target.id}
        return set()

    @cached_property
    def may_bind(self) -> set[str]:
        """The names that it may bind, or whose value it may change."""
        names: set[str] = set()
        for node in _outside_of_functions(self.tree):
            if isinstance(node, _DEFS):
                names.add(node.name)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names |= _imported(node)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
        names |= self.changes
        return names.union(*(node.names for node in ast.walk(self.tree) if isinstance(node, ast.Global)))

    @cached_property
    def changes(self) -> set[str]:
        """The names whose value it may change, without binding them anew."""
        return {name for node in _outside_of_functions(self.tree) for name in _changed(node)}

    @cached_property
    def sets(self) -> list[tuple[str, str]]:
        """The attributes that it sets, each after the name of what it is set on: ``("torch", "soft")``."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found += [(root, node.attr) for root in _root(node)]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr" and len(node.args) > 1:
                found += [(root, getattr(node.args[1], "value", "")) for root in _root(node.args[0])]
        return found

    @cached_property
    def attributes(self) -> set[str]:
        """The attributes that it, or a function in it, looks up on anything."""
        return {node.attr for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}

    @cached_property
    def uses(self) -> set[str]:
        """The global names that it, or a function or class in it, looks up."""
        return self._names[0] | self._names[1]

    @cached_property
    def uses_at_once(self) -> set[str]:
        """The names among `uses` that are looked up while it runs, and those of magics, which functions may define."""
        calls = [node for node in _outside_of_functions(self.tree) if isinstance(node, ast.Call) and node.args]
        magics = [call.args[0] for call in calls if getattr(call.func, "attr", "") in _RUNS_MAGIC]
        return self._names[0] | {magic.value for magic in magics if isinstance(magic, ast.Constant)}

    @property
    def uses_later(self) -> set[str]:
        """The names among `uses` that functions in it look up when they are called."""
        return self._names[1]

    @cached_property
    def _names(self) -> tuple[set[str], set[str]]:
        try:
            tables = [(symtable.symtable(ast.unparse(self.tree), "cell", "exec"), False)]
        except SyntaxError:  # a top-level `await`
            names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
            return names, names
        found: tuple[set[str], set[str]] = (set(), set())
        while tables:
            table, later = tables.pop()
            later = later or (table.get_type() == "function" and table.get_name() not in _AT_ONCE)
            tables += [(child, later) for child in table.get_children()]
            top = table.get_type() == "module"
            found[later].update(
                s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())
            )
        return found

    @cached_property
    def changes_when_called(self) -> set[str]:
        """The global names whose value the functions in it may change."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            names |= _changed(node)
            names |= set(node.names) if isinstance(node, ast.Global) else set()
        return names & self.uses_later | {
            n for node in ast.walk(self.tree) if isinstance(node, ast.Global) for n in node.names
        }

    @cached_property
    def gives(self) -> list[tuple[set[str], set[str]]]:
        """For each call while it runs: the name of the function, and those that it is given, whose value may change."""
        found = []
        for node in _outside_of_functions(self.tree):
            if isinstance(node, ast.Call) and not (_root(node.func) & _HARMLESS):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                names = {name for value in given for name in _root(value)}
                names |= _root(node.func.value) if isinstance(node.func, ast.Attribute) else set()
                found.append(({node.func.id} if isinstance(node.func, ast.Name) else set(), names))
        return found

    @cached_property
    def only_calls(self) -> bool:
        """Whether it is a function that does nothing with what it is given but call it, then or later."""
        if not isinstance(self.tree, ast.FunctionDef):
            return False
        names = {node.arg for node in ast.walk(self.tree.args) if isinstance(node, ast.arg)}
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        own = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id in names]
        return all(id(node) in called for node in own)

    @cached_property
    def writes_files(self) -> bool:
        """Whether it may write a file of Python that another one imports."""
        return any(_is_writing(node) for node in _outside_of_functions(self.tree))

    @cached_property
    def needs_files(self) -> bool:
        """Whether it imports what neither Python nor the course has."""
        return any(
            name not in sys.modules and importlib.util.find_spec(name) is None
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in _modules(node)
        )

    @cached_property
    def may_bind_anything(self) -> bool:
        """Whether it may bind names that do not stand in it: a star import, code in a text, most magics."""
        return any(map(_is_blind, _outside_of_functions(self.tree)))


def read_cell(source: str) -> tuple[Statement, ...]:
    """The top-level statements of a cell; none where it does not parse: when it is run it defines nothing, either.

    Raises:
        RecursionError, MemoryError: to read it would take too much. Perhaps it can still be run.
    """
    read = _read(source)
    if isinstance(read, Exception):
        raise read
    return read


@functools.lru_cache(maxsize=1024)  # most cells of a class are the release's
def _read(source: str) -> tuple[Statement, ...] | Unreadable:
    try:
        return tuple(map(Statement, parse_cell(source).body))
    except (SyntaxError, ValueError):
        return ()
    except Unreadable as error:
        return error


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
    shared = {name for s in body if isinstance(s.tree, (*_DEFS, ast.Import, ast.ImportFrom)) for name in s.binds}
    fixed = set(shared)
    shared |= {
        name for s in body if isinstance(s.tree, ast.Assign) and _root(s.tree.value) & shared for name in s.binds
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


def _changed(node: ast.AST) -> set[str]:
    """The names whose value a node changes: ``{"table"}`` for ``table["s"] = f`` and ``table.append``."""
    if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return _root(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        own = getattr(node.func.value, "id", "") in ("list", "dict", "set") and node.args  # `list.append(table, f)`
        return _root(node.args[0] if own else node.func)
    return set()


def _is_blind(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.names[0].name == "*"
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", "")
    if name in _RUNS_MAGIC:
        return not (node.args and getattr(node.args[0], "value", None) in _MAGICS)
    return getattr(node.func, "id", "") in _TEXTS or name in ("run_cell", "ex", "push")


def _is_writing(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    magic = (
        getattr(node.func, "attr", "") == "run_cell_magic"
        and bool(node.args)
        and getattr(node.args[0], "value", "") in _WRITING
    )
    return magic or "open" in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")) or _writes(node.func)


def _writes(function: ast.expr) -> bool:
    return getattr(function, "attr", "") in ("write_text", "write_bytes", "system")


def _modules(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The outermost packages that an import names."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names} - {""}


def _imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {(alias.asname or alias.name).split(".")[0] for alias in node.names}


def _outside_of_functions(statement: ast.AST) -> Iterator[ast.AST]:
    yield statement
    if not isinstance(statement, (*_DEFS, ast.Lambda)):
        for child in ast.iter_child_nodes(statement):
            yield from _outside_of_functions(child)


def _flat(target: ast.expr) -> list[ast.expr]:
    return [t for item in target.elts for t in _flat(item)] if isinstance(target, (ast.Tuple, ast.List)) else [target]


def _root(node: ast.expr) -> set[str]:
    """``{"a"}`` for ``a.b[0].c``."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
