"""Find short cuts: uses of a library function in an exercise that asks the learner to build that function.

Two witnesses, because each alone is blind to something. What ran, as `watch_calls` counted it, sees aliases,
``nn.Module`` forms and helpers, but only on the paths taken. The source sees every path, but not what is computed.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch

from autograder.syntax import hiding
from autograder.syntax.needs import reached
from autograder.syntax.statements import read_cell

# where a function that somebody else wrote may come from
LIBRARIES = ("torch", "numpy", "scipy", "operator", "sklearn")
# the same under another name: NumPy's and SciPy's -> PyTorch's
SYNONYMS = {"takealongaxis": "takealongdim", **dict.fromkeys(("matvec", "vecmat", "dgemm", "sgemm", "dgemv"), "matmul")}
_LOOKUPS = ("getattr", "attrgetter", "methodcaller")


def in_calls(calls: Iterable[str], forbidden: Iterable[str]) -> list[str]:
    """The forbidden names among the calls that ran; an op ``aten._softmax`` counts as ``softmax``.

    Ops are named only where no function is: a learner who wrote ``F.layer_norm`` never typed ``native_layer_norm``.
    """
    functions = {call for call in calls if not call.startswith("aten.")} & set(forbidden)
    ops = {call.removeprefix("aten.").strip("_") for call in calls} & set(forbidden)
    return sorted(functions or ops)


def in_candidate(candidate: Any, forbidden: Iterable[str]) -> list[str]:
    """The forbidden names in the source of a function or class and of the learner's helpers that it calls.

    Where there is no source to be had (code typed at a plain prompt) its bytecode is read.
    """
    sources, namespace, found = [], {}, set()
    waiting, seen = [candidate], set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        source = _source(item)
        if source:
            sources.append(source)
        for function in _functions(item):
            if not source:
                found |= set(in_calls(_attributes(function.__code__), forbidden))
            inside = inspect.getclosurevars(function)
            namespace |= inside.globals | inside.nonlocals
            waiting += [v for v in (inside.globals | inside.nonlocals).values() if _is_learners(v)]
    return sorted(found | set(in_source("\n".join(sources), forbidden, aliases=_library_names(namespace))))


def in_source(source: str, forbidden: Iterable[str], aliases: Mapping[str, str] | None = None) -> list[str]:
    """The forbidden names that ``source`` takes from a library, whatever they were called on import.

    The sign ``@`` counts as ``matmul``.

    Args:
        source: Python code.
        forbidden: names such as ``"softmax"``; modules count too: ``"Softmax"`` is found by ``"softmax"``.
        aliases: local name -> dotted name for what was imported elsewhere, such as ``{"F": "torch.nn.functional"}``.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return _in_tree(tree, forbidden, aliases or {})


def in_notebook(sources: Sequence[str], names: Sequence[str], forbidden: Iterable[str]) -> list[str]:
    """The forbidden names in the code that an exercise reaches, and what there could hide them from being seen.

    Args:
        sources: the code of all cells that were run, in order. Cells that the exercise does not reach don't count, but
            for what could define its names anew, as ``exec`` can.
        names: the names of the exercise's functions or classes.
        forbidden: as for `in_source`.

    Returns:
        Forbidden names; then phrases of `hiding`, which are no names.
    """
    try:
        body = [statement for source in sources for statement in read_cell(source)]
        answer = [ast.Expr(ast.Name(name, ast.Load())) for name in names]  # a name may be all that there is of it
        tree = ast.Module([*(statement.tree for statement in reached(body, names)), *answer], [])
        redefined = [phrase for statement in body for phrase in hiding.redefinitions(statement.tree)]
        return [*_in_tree(tree, forbidden, {}), *dict.fromkeys([*hiding.routes(tree), *redefined])]
    except (RecursionError, MemoryError):
        return ["code this deeply nested, or this long (it cannot be read)"]


def _in_tree(tree: ast.AST, forbidden: Iterable[str], aliases: Mapping[str, str]) -> list[str]:
    known = {"torch": "torch", **aliases, **_imports(tree)}
    starred, own = _imports_everything(tree), _defined_last(tree)
    forbidden = set(forbidden)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _plain(_last(node.func)) in _LOOKUPS:
            names = [part for arg in node.args if isinstance(arg, ast.Constant) for part in str(arg.value).split(".")]
        elif isinstance(node, ast.Attribute) and _is_tensor_method(node, known):
            names = [node.attr]
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            names = [dotted.rpartition(".")[2] for dotted in [_dotted(node, known)] if dotted]
            if starred and isinstance(node, ast.Name) and node.id not in known.keys() | own:
                names = [node.id]
        elif isinstance(getattr(node, "op", None), ast.MatMult):
            names = ["matmul"]
        else:
            continue
        plain = {_plain(str(name)) for name in names}
        found |= plain | {SYNONYMS[name] for name in plain & SYNONYMS.keys()}
    return sorted(name for name in forbidden if _plain(name) in found)


def _imports_everything(tree: ast.AST) -> bool:
    """Whether ``from ... import *`` stands in the code, wherever."""
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))


def _defined_last(tree: ast.AST) -> set[str]:
    """The functions and classes of the code itself that no later ``import *`` replaces."""
    own: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if _imports_everything(node):
            own.clear()
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            own.add(node.name)
    return own


def _source(item: Any) -> str:
    """The source of a function or class; empty where there is none, or none of its own."""
    if getattr(item, "__name__", "") == "<lambda>":
        return ""  # it would come with the whole line around it
    try:
        return textwrap.dedent(inspect.getsource(item))
    except (OSError, TypeError):
        return ""


def _attributes(code: CodeType) -> set[str]:
    """The names of the attributes and methods that a function takes from something, and ``matmul`` for ``@``."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_ATTR", "LOAD_METHOD")}
    names |= {"matmul" for i in dis.get_instructions(code) if i.opname == "BINARY_OP" and "@" in i.argrepr}
    return names.union(*(_attributes(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _dotted(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """``F.softmax`` -> ``torch.nn.functional.softmax`` where F is known to be from torch; else None."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    base = known.get(node.id) if isinstance(node, ast.Name) else None
    return ".".join([base, *reversed(attributes)]) if base else None


def _is_tensor_method(node: ast.Attribute, known: Mapping[str, str]) -> bool:
    """Whether this may be a method of a tensor: ``x.softmax``, but neither ``F.softmax`` nor ``self.softmax``."""
    if not hasattr(torch.Tensor, node.attr) or _dotted(node.value, known):
        return False
    return not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))


def _imports(tree: ast.AST) -> dict[str, str]:
    """Local name -> dotted name in a library, for all imports and plain renamings (``f = F.softmax``) in the tree."""
    known: dict[str, str] = {"torch": "torch"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                if root in LIBRARIES:
                    known[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Assign) and (dotted := _dotted(node.value, known)):
            known |= {target.id: dotted for target in node.targets if isinstance(target, ast.Name)}
    return known


def _functions(item: Any) -> list[FunctionType]:
    if isinstance(item, type):
        return [value for value in vars(item).values() if isinstance(value, FunctionType)]
    item = inspect.unwrap(item)
    return [item] if isinstance(item, FunctionType) else []


def _is_learners(value: Any) -> bool:
    module = getattr(value, "__module__", None) or ""
    library = module.split(".")[0] in {"torch", "numpy", "course_utils", "autograder", builtins.__name__}
    return isinstance(value, (FunctionType, type)) and not library


def _library_names(namespace: Mapping[str, Any]) -> dict[str, str]:
    """Local name -> dotted name of what is a library's among a function's globals."""
    names = {}
    for name, value in namespace.items():
        if isinstance(value, ModuleType):
            dotted = value.__name__
        elif isinstance(value, (Callable, type)):
            dotted = f"{getattr(value, '__module__', None) or 'torch'}.{getattr(value, '__name__', name)}"
        else:
            continue
        if dotted.split(".")[0] in LIBRARIES:
            names[name] = dotted
    return names
