"""What stands in for what cells may ask for and this Python has not: modules, devices, the time to compile.

An import of a module that is missing gives a stand-in, so that the rest of its cell runs: only who uses it gets an
error, and that says why. Where code looks after itself, in a ``try`` that catches the error, the import fails as ever.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib.util
import sys
from collections.abc import Callable, Iterable
from typing import Any

import torch

from course_utils.probes.world import not_compiled

ANNOUNCED = "{name}: the grader does not have it. A stand-in takes its place, and raises an error where it is used."
USED = "this notebook imports {name}, which the grader does not have"
COMPILED = "torch.compile is left out where notebooks are graded: what you wrote runs as it is."
ELSEWHERE = "{name}: the grader does not have such a device. The default device is the CPU here."

_HELPER, _ERROR = "the grader's stand-in", "the error"  # no code can be written that has such names
_CATCHING = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
_USES = (
    *("call", "getitem", "setitem", "delitem", "contains", "iter", "next", "len", "enter", "exit", "await"),
    *("mro_entries", "instancecheck", "subclasscheck", "setattr", "delattr", "neg", "pos", "invert", "abs"),
    *("lt", "le", "gt", "ge", "int", "float", "index", "fspath", "array", "aenter", "aiter"),
    *(f"{side}{sign}" for side in ("", "r", "i") for sign in ("add", "sub", "mul", "truediv", "matmul", "pow", "or")),
)


class Missing:
    """Stands for a module that is missing, or for what was to be imported from it; whoever uses it gets an error."""

    def __init__(self, name: str):
        vars(self)["_name"] = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # Python itself asks for these, and knows how to do without
            raise AttributeError(attribute)
        return self._used()

    def __repr__(self) -> str:
        return f"<a stand-in: the grader does not have {self._name}>"

    def _used(self, *_: Any, **__: Any) -> Any:
        raise ModuleNotFoundError(USED.format(name=self._name), name=self._name)


for _use in _USES:
    setattr(Missing, f"__{_use}__", Missing._used)


class _Imports(ast.NodeTransformer):
    """Puts stand-ins in the place of modules that are missing, in the syntax trees of cells."""

    def __init__(self) -> None:
        self._missing: set[str] = set()
        self._names: set[str] = set()  # that stand for something missing
        self._guarded = False

    def visit_Import(self, node: ast.Import) -> ast.AST | list[ast.AST]:
        """One statement for each module: the others of the line may be there."""
        return [self._tried(ast.Import([alias]), alias.name, [alias], node) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return node if node.level or not node.module else self._tried(node, node.module, node.names, node)

    def visit_Try(self, node: ast.Try) -> ast.AST:
        caught = {name for handler in node.handlers for name in _names(handler.type)}
        if any(handler.type is None for handler in node.handlers) or caught & set(_CATCHING):
            return self._with_guarded_body(node, ("handlers", "orelse", "finalbody"))
        return self.generic_visit(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        names = {name for item in node.items for name in _names(item.context_expr)}
        return self._with_guarded_body(node, ()) if "suppress" in names else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        if self._is_missing(node.annotation):
            node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if self._is_missing(node.returns):
            node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self._is_missing(node.annotation):
            node.annotation = ast.copy_location(ast.Constant("a type"), node.annotation)
        return self.generic_visit(node)

    visit_TryStar, visit_AsyncWith, visit_AsyncFunctionDef = visit_Try, visit_With, visit_FunctionDef

    def still_missing(self) -> list[str]:
        """The modules that cells have asked for since the last call, and that were not there."""
        missing, self._missing = sorted(name for name in self._missing if not _is_there(name)), set()
        return missing

    def _with_guarded_body(self, node: ast.AST, others: Iterable[str]) -> ast.AST:
        guarded, self._guarded = self._guarded, True
        node.body = self._visited(node.body)
        self._guarded = guarded
        for field in others:
            setattr(node, field, self._visited(getattr(node, field)))
        return node

    def _visited(self, body: list[ast.AST]) -> list[ast.AST]:
        return self.generic_visit(ast.Module(body, [])).body

    def _tried(self, statement: ast.stmt, module: str, aliases: list[ast.alias], at: ast.stmt) -> ast.stmt:
        """The import, and where the module is missing, stand-ins for all that it would have given."""
        statement = ast.copy_location(statement, at)
        if self._guarded or _is_there(module):
            return statement
        names = [alias.asname or alias.name.partition(".")[0] for alias in aliases if alias.name != "*"]
        self._missing.add(module.partition(".")[0])
        self._names.update(names)
        made = ast.Call(ast.Name(_HELPER, ast.Load()), [ast.Name(_ERROR, ast.Load()), ast.Constant(module)], [])
        targets = [ast.Name(name, ast.Store()) for name in names]
        handling = ast.Assign(targets, made) if names else ast.Expr(made)
        handler = ast.ExceptHandler(ast.Name("ModuleNotFoundError", ast.Load()), _ERROR, [handling])
        return ast.fix_missing_locations(ast.copy_location(ast.Try([statement], [handler], [], []), at))

    def _is_missing(self, annotation: ast.expr | None) -> bool:
        return annotation is not None and bool(_names(annotation) & self._names)


def put_in_place(transformers: list[ast.NodeTransformer]) -> _Imports:
    """Have stand-ins for all that cells may ask for.

    Args:
        transformers: of the shell, for the syntax trees of its cells.
    """
    imports = _Imports()
    transformers.append(imports)
    setattr(builtins, _HELPER, _stand_in)
    torch.compile = _compile_nothing
    torch.set_default_device = _on_a_device_that_is_there(torch.set_default_device)
    return imports


def _stand_in(error: ModuleNotFoundError, module: str) -> Missing:
    """What an import gives that has failed; raises the error where it is not the module itself that is missing."""
    name = module.partition(".")[0]
    if error.name != name:
        raise error
    print(ANNOUNCED.format(name=name), file=sys.stderr)
    return Missing(name)


def _compile_nothing(model: Any = None, **_: Any) -> Any:
    print(COMPILED)
    return not_compiled(model)


def _on_a_device_that_is_there(set_default_device: Callable) -> Callable:
    @functools.wraps(set_default_device)
    def set_if_there(device: Any) -> None:
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError, NotImplementedError):  # what a build without it raises
            print(ELSEWHERE.format(name=device), file=sys.stderr)
            device = "cpu"
        set_default_device(device)

    return set_if_there


def _names(node: ast.AST | None) -> set[str]:
    """All names in an expression, and all names of attributes."""
    if node is None:
        return set()
    return {getattr(part, "id", "") or getattr(part, "attr", "") for part in ast.walk(node)}


def _is_there(module: str) -> bool:
    root = module.partition(".")[0]
    try:
        return root in sys.modules or importlib.util.find_spec(root) is not None
    except (ImportError, ValueError):
        return True  # something of that name is there, if broken
