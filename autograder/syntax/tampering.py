"""Code that reaches for what judges it: a table, and its finder.

A function is called, and what it does is written down, in the process of the notebook: no wall stands between the two.
So a cell that would get at the other side of it isn't run at all. No honest cell needs any of this.
"""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from autograder.syntax import hiding
from autograder.syntax.statements import read_cell

# dotted names of what was imported, and all that begins with them
ROUTES = (
    *("course_utils.probes", "course_utils.checking", "inside", "autograder", "importlib", "runpy", "pkgutil", "pydoc"),
    *(
        "sys.modules",
        "sys._getframe",
        "sys._current_frames",
        "sys.exc_info",
        "sys.settrace",
        "sys.setprofile",
        "threading.settrace",
    ),
    *("gc.get_objects", "gc.get_referrers", "gc.get_referents", "ctypes", "_ctypes", "cffi", "socket", "_socket"),
    *("traceback.walk_stack", "traceback.walk_tb", "operator.attrgetter", "operator.methodcaller", "pickle"),
    *("inspect.currentframe", "inspect.stack", "inspect.trace", "types.FunctionType", "types.CodeType", "marshal"),
    *("unittest.mock", "builtins", "__main__", "safetensors", "os.write", "os.dup2", "os.fdopen", "os.closerange"),
)
BUILTINS = ("exec", "eval", "compile", "__import__", "__builtins__", "globals")
# attributes of anything
ATTRIBUTES = (
    *(
        "__traceback__",
        "tb_next",
        "f_back",
        "f_globals",
        "f_locals",
        "tb_frame",
        "gi_frame",
        "cr_frame",
        "__globals__",
        "__subclasses__",
    ),
    *("__code__", "__closure__", "__builtins__", "input_transformers_cleanup", "input_transformers_post"),
    *("ast_transformers", "run_cell", "run_code", "user_ns"),
)
TEXTS = ("course_utils.probes", "course_utils.checking", "inside.wire", "inside.server", "/proc/", "/grader")
# what honest code may set on a library; on others, a change is felt by all code in the process
SETTINGS = ("torch.backends", "torch._dynamo", "torch._inductor", "matplotlib", "numpy", "pandas", "IPython.display")
SETTINGS += ("sys.stdout", "sys.stderr", "warnings")
_LOOKUPS = ("getattr", "setattr", "delattr")
_INSIDES = ("sys", "gc", "builtins", "course_utils", "inspect", "os")


def found(sources: Sequence[str]) -> dict[int, str]:
    """The cells that reach for what judges them: their index, and the first thing in each that does.

    Args:
        sources: the code of all cells that are to run, ``""`` for the others.
    """
    known: dict[str, str] = {}
    libraries: set[str] = set()  # the dotted names in `known`
    for source in sources:
        with contextlib.suppress(RecursionError, MemoryError):
            _learn(source, known, libraries)
    return {i: what for i, source in enumerate(sources) if (what := _in_cell(source, known))}


def _learn(source: str, known: dict[str, str], libraries: set[str]) -> None:
    """Add what a cell imports and renames to what is known: local name, dotted name."""
    for tree in (statement.tree for statement in read_cell(source)):
        new = hiding.imports(tree)
        if isinstance(tree, ast.Assign) and (name := hiding.dotted(tree.value, known)) in libraries:
            new = {target.id: name for target in tree.targets if isinstance(target, ast.Name)}
        known |= new
        libraries.update(new.values())


def _in_cell(source: str, known: Mapping[str, str]) -> str | None:
    """The first thing in a cell that reaches for what judges it."""
    try:
        names = {node.id for statement in read_cell(source) for node in ast.walk(statement.tree) if _is_name(node)}
        return _first(source, frozenset((name, known[name]) for name in names & known.keys()))
    except (RecursionError, MemoryError):
        return "code that is nested too deeply, or too long, to be read"


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


# The release's cells are in every submission, so what is found in a text is kept.
@functools.lru_cache(maxsize=1024)
def _first(source: str, known: frozenset[tuple[str, str]]) -> str | None:
    named = dict(known)
    return next((what for s in read_cell(source) for what in _in_tree(s.tree, named)), None)


def _in_tree(tree: ast.stmt, known: Mapping[str, str]) -> Iterator[str]:
    harmless = {id(node) for above in ast.walk(tree) for node in _harmless(above, known)}
    for node in ast.walk(tree):
        if id(node) in harmless:
            continue
        yield from (name for name in _names(node, known) if _begins(name, ROUTES))
        if isinstance(node, ast.Name) and node.id in BUILTINS:
            yield node.id
        elif isinstance(node, ast.Attribute):
            if node.attr in ATTRIBUTES:
                yield node.attr
            if isinstance(node.ctx, (ast.Store, ast.Del)) and (patched := _shared(node, known)):
                yield f"a change of {patched}"
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
            if isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
                yield "a change of __dict__"
        elif isinstance(node, ast.Call) and hiding.dotted(node.func, known) in _LOOKUPS and len(node.args) > 1:
            yield from _in_lookup(node, known)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (text for text in TEXTS if text in node.value)


def _in_lookup(call: ast.Call, known: Mapping[str, str]) -> Iterator[str]:
    """``getattr(sys, "modules")`` is ``sys.modules``; a computed name may be anything."""
    name = call.args[1].value if isinstance(call.args[1], ast.Constant) else None
    attribute = ast.Attribute(call.args[0], str(name or "?"), ast.Load())
    whole = hiding.dotted(attribute, known)
    if name in ATTRIBUTES or (_first_name(attribute) in known and _begins(whole, ROUTES)):
        yield str(name)
    elif name is None and _first_name(attribute) in known and _begins(whole, _INSIDES):
        yield "a look-up by a computed name"
    elif _first_name(attribute) not in known and isinstance(call.args[1], (ast.BinOp, ast.JoinedStr)):
        yield "a look-up by a name that is put together"
    if hiding.dotted(call.func, known) != "getattr" and (patched := _shared(attribute, known)):
        yield f"a change of {patched}"


def _names(node: ast.AST, known: Mapping[str, str]) -> Iterable[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return hiding.imports(node).values()
    if isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
        return [hiding.dotted(node, known)] if _first_name(node) in known else []
    return []


def _shared(target: ast.Attribute, known: Mapping[str, str]) -> str | None:
    """What ``target`` is an attribute of, where others use that too: a library, or a class that an object tells."""
    base, whole = target.value, hiding.dotted(target, known)
    if isinstance(base, ast.Call) and getattr(base.func, "id", "") == "type" and len(base.args) == 1:
        return whole
    if isinstance(base, ast.Attribute) and base.attr in ("__class__", "__dict__"):
        return whole
    return whole if _first_name(target) in known and not _begins(whole, SETTINGS) else None


def _harmless(node: ast.AST, known: Mapping[str, str]) -> list[ast.expr]:
    """What is named without harm: as in ``"google.colab" in sys.modules``, and in ``os.write(1, b"done")``."""
    match node:
        case ast.Compare():
            return [c for op, c in zip(node.ops, node.comparators, strict=True) if isinstance(op, (ast.In, ast.NotIn))]
        case ast.Call(args=[ast.Constant(value=1 | 2), *_]) if hiding.dotted(node.func, known) == "os.write":
            return [node.func]
    return []


def _begins(name: str, table: Collection[str]) -> bool:
    return any(beginning in table for beginning in hiding.beginnings(name))


def _first_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", "")
