"""One top-level statement of a notebook: what it binds, changes and uses, read without running anything."""

from __future__ import annotations

import ast
import builtins
import functools
import importlib.util
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from autograder.syntax.parsing import Unreadable, parse_cell

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_AT_ONCE = ("listcomp", "setcomp", "dictcomp", "genexpr")  # tables of functions that run where they stand
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


@dataclass(frozen=True, eq=False)
class Statement:
    """A top-level statement of a notebook, and what it says of names; worked out when first asked for."""

    tree: ast.stmt

    @cached_property
    def binds(self) -> set[str]:
        """The names that it certainly binds anew."""
        if isinstance(self.tree, DEFINITIONS):
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
            if isinstance(node, DEFINITIONS):
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
                found += [(root, node.attr) for root in root_name(node)]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr" and len(node.args) > 1:
                found += [(root, getattr(node.args[1], "value", "")) for root in root_name(node.args[0])]
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
            if isinstance(node, ast.Call) and not (root_name(node.func) & _HARMLESS):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                names = {name for value in given for name in root_name(value)}
                names |= root_name(node.func.value) if isinstance(node.func, ast.Attribute) else set()
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


def _changed(node: ast.AST) -> set[str]:
    """The names whose value a node changes: ``{"table"}`` for ``table["s"] = f`` and ``table.append``."""
    if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return root_name(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        own = getattr(node.func.value, "id", "") in ("list", "dict", "set") and node.args  # `list.append(table, f)`
        return root_name(node.args[0] if own else node.func)
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
    if not isinstance(statement, (*DEFINITIONS, ast.Lambda)):
        for child in ast.iter_child_nodes(statement):
            yield from _outside_of_functions(child)


def _flat(target: ast.expr) -> list[ast.expr]:
    return [t for item in target.elts for t in _flat(item)] if isinstance(target, (ast.Tuple, ast.List)) else [target]


def root_name(node: ast.expr) -> set[str]:
    """``{"a"}`` for ``a.b[0].c``."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
