"""Read the code of notebook cells, which may hold more than Python, as IPython runs it."""

from __future__ import annotations

import ast
import functools
import re

CELL_MAGICS = ("time", "timeit", "capture", "prun", "python", "python3")  # what stands below them is Python
# What IPython may change though it is Python already: prompts (`In [1]: x = f` is an annotation to Python), indentation
_MAY_CHANGE = re.compile(r"(?m)^[ \t]*(In ?\[|\.\.\.|>>>|[%!?/,;])|\?[ \t]*$|\A[ \t]")
_TIMED = re.compile(r"(?m)^%time[ \t]+(?=\S)")  # the rest of the line runs as if it stood alone
_MANY = 20
MOST_READ = 2_500_000  # characters, all readings of a cell together: IPython reads all of it again for each magic
DEEPEST = 200  # levels of a syntax tree, such as terms of a sum


class Unreadable(MemoryError):
    """To read this code would take too long."""


@functools.lru_cache(maxsize=1024)
def as_run(code: str) -> str:
    """The Python that IPython makes of a cell: without prompts, with magics and commands as calls of ``get_ipython()``.

    Below a cell magic that runs Python it is what stands there; a line is kept for the magic. IPython takes one prompt
    off; here all go, so that what is read is the same when it is run again.
    """
    first, end, rest = code.lstrip().partition("\n")
    if first.startswith("%%") and first.removeprefix("%%").split(" ")[0] in CELL_MAGICS:
        code = "pass" + end + rest
    code = _TIMED.sub("", re.sub(r"\A(?:[ \t]*\n)+", "", code))  # IPython drops empty lines above the code
    if not _MAY_CHANGE.search(code) and _is_python(code):
        return code
    for _ in range(_MANY):
        before, code = code, _transformed(code)
        if code.rstrip() == before.rstrip():
            return code
    raise SyntaxError("more prompts than a cell has")


def parse_cell(code: str) -> ast.Module:
    """Parse a cell as IPython runs it: magics, `!` commands and a top-level ``await`` are allowed.

    Raises:
        SyntaxError: it is no code that a notebook could run. Its ``lineno`` counts from the first line of ``code``.
        Unreadable, RecursionError, MemoryError: to read it would take too much. Perhaps it can still be run.
    """
    try:
        return _not_too_deep(ast.parse(as_run(code)))
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + len(code) - len(code.lstrip("\n"))
        raise


def _is_python(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True


def _transformed(code: str) -> str:
    """The cell as IPython makes Python of it."""
    from IPython.core.inputtransformer2 import TransformerManager  # takes long to import, and is seldom needed

    class Bounded(TransformerManager):
        read = 0

        def do_one_token_transform(self, lines: list[str]) -> tuple[bool, list[str]]:
            self.read += sum(map(len, lines))
            if self.read > MOST_READ:
                raise Unreadable("more magics than can be read")
            return super().do_one_token_transform(lines)

    try:
        return Bounded().transform_cell(code)
    except RuntimeError as error:
        if isinstance(error, RecursionError):
            raise
        raise SyntaxError(str(error)) from error  # IPython's own limit: then it does not run the cell, either


def _not_too_deep(tree: ast.Module) -> ast.Module:
    """The tree, where nothing in it is nested so deeply that to look at each level of each level takes too long."""
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise Unreadable("code nested too deeply")
