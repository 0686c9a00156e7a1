"""What in the code of an answer cannot be told from its source, so that a person has to look: a list of what can be."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from autograder.syntax import hiding
from autograder.syntax.statements import read_cell

# modules that compute, show or keep things, and lead nowhere else by what is public in them
MODULES = {
    *("torch", "torchvision", "numpy", "scipy", "pandas", "sklearn", "matplotlib", "seaborn", "einops", "tqdm", "PIL"),
    *("course_utils", "IPython", "ipywidgets", "__future__", "abc", "array", "bisect", "cmath", "collections", "math"),
    *("contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "heapq"),
    *("io", "itertools", "json", "logging", "numbers", "operator", "os", "pathlib", "pprint", "random", "re", "shutil"),
    *("statistics", "string", "struct", "sys", "tempfile", "textwrap", "time", "types", "typing", "typing_extensions"),
    *("unittest", "uuid", "warnings", "zlib", "hashlib", "glob", "inspect", "gc", "traceback", "google"),
}
_FILES = ("open", "load", "loadtxt", "genfromtxt", "fromfile", "read_text", "read_bytes", "memmap", "from_file")
_SPECIAL = (
    "_foreach_",
    "__init__",
    "__call__",
    "__name__",
    "__class__",
    "__doc__",
    "__version__",
    "__post_init__",
    "__new__",
)
_SPECIAL += ("__len__", "__iter__", "__getitem__", "__setitem__", "__enter__", "__exit__", "__repr__", "__str__")


class Doubt(NamedTuple):
    """The index of a cell, a line in it, what is there in words, and the module that it is about, if there is one."""

    cell: int
    line: int
    what: str
    module: str = ""


def found(sources: Sequence[str], computing: bool) -> list[Doubt]:
    """What a person has to look at in the code that an answer reaches, in order; one of a kind for each line.

    Args:
        sources: that code, cell by cell, as `written` gives it.
        computing: whether how something is computed matters too, not only what comes out.
    """
    cells = [(i, statement) for i, source in enumerate(sources) if source for statement in read_cell(source)]
    known = {name: dotted for _, s in cells for name, dotted in hiding.imports(s.tree).items()}
    doubts = []
    for i, statement in cells:
        if statement.may_bind_anything and not _is_known_star(statement.tree):
            doubts.append(Doubt(i, statement.tree.lineno, "it may define any name"))
        if computing:
            doubts += [Doubt(i, statement.tree.lineno, phrase) for phrase in hiding.routes(statement.tree, known)]
        for node in ast.walk(statement.tree):
            doubts += [Doubt(i, node.lineno, *doubt) for doubt in _in_node(node, known, computing)]
    return list(dict.fromkeys(doubts))


def _in_node(node: ast.AST, known: Mapping[str, str], computing: bool) -> Iterator[tuple[str, str]]:
    """What is in a single node, in words, and the module that it is about."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        for name in hiding.imports(node).values():
            module = name.partition(".")[0]
            if module not in MODULES:
                yield f"{module}, a module that is not known here", module
    elif isinstance(node, ast.Attribute):
        if node.attr.startswith("_") and not node.attr.startswith(_SPECIAL) and not _is_own(node.value):
            yield f"{node.attr}, a part of something that is not public", ""
        name = hiding.dotted(node, known)
        module = name.partition(".")[0]
        if getattr(node.value, "id", "") in known and module not in MODULES:
            yield f"{name}, from a module that is not known here", module
    elif isinstance(node, ast.Call) and computing:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in _FILES:
            yield f"{called}, which reads a file", ""
        if any(k.arg == "num_workers" and getattr(k.value, "value", None) != 0 for k in node.keywords):
            yield "num_workers, processes in which nothing is counted", ""


def _is_own(node: ast.expr) -> bool:
    """``self``, ``cls`` and ``super()``."""
    return getattr(node, "id", "") in ("self", "cls") or getattr(getattr(node, "func", None), "id", "") == "super"


def _is_known_star(tree: ast.AST) -> bool:
    return isinstance(tree, ast.ImportFrom) and (tree.module or "").partition(".")[0] in MODULES
