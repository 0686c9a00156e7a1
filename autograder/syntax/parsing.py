"""Read the code of notebook cells, which may hold more than Python, as IPython runs it."""

from __future__ import annotations

import ast
import re

CELL_MAGICS = ("time", "timeit", "capture", "prun", "python", "python3")  # what stands below them is Python
# What IPython may change though it is Python already: prompts (`In [1]: x = f` is an annotation to Python), indentation
_MAY_CHANGE = re.compile(r"(?m)^[ \t]*(In ?\[|\.\.\.|>>>|[%!?/,;])|\?[ \t]*$|\A[ \t]")
_TIMED = re.compile(r"(?m)^%time[ \t]+(?=\S)")  # the rest of the line runs as if it stood alone
_MANY = 20


def as_run(code: str) -> str:
    """The Python that IPython makes of a cell: without prompts, with magics and commands as calls of ``get_ipython()``.

    Below a cell magic that runs Python it is what stands there; a line is kept for the magic. IPython takes one prompt
    off; here all go, so that what is read is the same when it is run again.
    """
    first, end, rest = code.lstrip().partition("\n")
    if first.startswith("%%") and first.removeprefix("%%").split(" ")[0] in CELL_MAGICS:
        code = "pass" + end + rest
    code = _TIMED.sub("", re.sub(r"\A(?:[ \t]*\n)+", "", code))  # IPython drops empty lines above the code
    if not _MAY_CHANGE.search(code):
        return code
    from IPython.core.inputtransformer2 import TransformerManager  # takes long to import, and is seldom needed

    for _ in range(_MANY):
        before, code = code, TransformerManager().transform_cell(code)
        if code.rstrip() == before.rstrip():
            return code
    raise SyntaxError("more prompts than a cell has")


def parse_cell(code: str) -> ast.Module:
    """Parse a cell as IPython runs it: magics, `!` commands and a top-level ``await`` are allowed.

    Raises:
        SyntaxError: it is no code that a notebook could run. Its ``lineno`` counts from the first line of ``code``.
    """
    try:
        return ast.parse(as_run(code))
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + len(code) - len(code.lstrip("\n"))
        raise
