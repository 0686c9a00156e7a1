"""Which top-level statements of a notebook the code of an exercise reaches, found without running anything."""

from __future__ import annotations

import ast
import builtins
import functools
import symtable
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from autograder.syntax.parsing import Unreadable, parse_cell

CELL_MAGICS = ("time", "timeit", "capture", "prun", "python", "python3")  # what stands below them is Python
_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CHANGES = ("append", "extend", "insert", "update", "setdefault", "add")  # methods that put something into a container


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
        names: set[str] = set()
        for node in _outside_of_functions(self.tree):
            if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
                names |= _root(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
                names |= _root(node.func)
        return names

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
        try:
            tables = [symtable.symtable(ast.unparse(self.tree), "cell", "exec")]
        except SyntaxError:  # a top-level `await`
            return {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        names: set[str] = set()
        while tables:
            table = tables.pop()
            tables += table.get_children()
            top = table.get_type() == "module"
            names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        return names


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
    first, _, rest = source.lstrip().partition("\n")
    magic = first.removeprefix("%%").split(" ")[0] if first.startswith("%%") else ""
    try:
        return tuple(map(Statement, parse_cell(rest if magic in CELL_MAGICS else source).body))
    except (SyntaxError, ValueError):
        return ()
    except Unreadable as error:
        return error


def reached(body: Sequence[Statement], names: Sequence[str], after: Sequence[Statement] = ()) -> list[Statement]:
    """The statements among ``body`` from which the ``names`` are made, directly or through what these use.

    A name's last binding counts; where that need not happen (in an ``if``, a loop, a function with ``global``), or
    only changes what is bound (``table["s"] = f``), those before it do too. An attribute that is set on a library or
    on a class of the notebook (``torch.Tensor.soft = f``) counts for every use of an attribute of that name.
    Of the statements ``after`` all these, only what they change counts.
    """
    stars = [s.tree for s in body if isinstance(s.tree, ast.ImportFrom) and s.tree.names[0].name == "*"]
    everything = [*body, *after]
    shared = {name for s in everything if isinstance(s.tree, (*_DEFS, ast.Import, ast.ImportFrom)) for name in s.binds}
    shared |= {
        name for s in everything if isinstance(s.tree, ast.Assign) and _root(s.tree.value) & shared for name in s.binds
    }
    patches: dict[str, list[Statement]] = defaultdict(list)  # by the attribute
    for s in everything:
        for attr in {attr for root, attr in s.sets if root in shared}:
            patches[attr].append(s)
    bindings, changes = _bindings(body), defaultdict(list)
    for s in after:
        for name in s.changes:
            changes[name].append(s)
    found: dict[Statement, None] = {}
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        new = [*bindings[name], *changes[name]]
        if not new and not hasattr(builtins, name):
            new = [Statement(ast.ImportFrom(star.module, [ast.alias(name)], star.level)) for star in stars]
        while new:
            statement = new.pop()
            if statement in found:
                continue
            found[statement] = None
            waiting += statement.uses
            for attr in statement.attributes & patches.keys():
                new += patches.pop(attr)
    return list(found)


def _bindings(body: Sequence[Statement]) -> dict[str, list[Statement]]:
    """For each name its last certain binding, and what may bind or change it after that; the last first."""
    found: dict[str, list[Statement]] = defaultdict(list)
    certain: set[str] = set()
    for statement in reversed(body):
        for name in (statement.may_bind | statement.binds) - certain:
            found[name].append(statement)
        certain |= statement.binds
    return found


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
