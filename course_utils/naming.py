"""Find the text of an argument in the source of the call."""

from __future__ import annotations

import ast
import contextlib
import sys

from executing import Source

LONGEST = 60  # a longer expression is no help as a name


def argument_text(function: str, position: int) -> str | None:
    """How the innermost running call of ``function`` was written: the text of its positional argument.

    It parses the caller's file or cell, so ask only for a message. IPython keeps the source of cells for this.

    Returns:
        The argument's source on one line; None where there is no source (``python -c``), the function was called
        by another name, the argument came in by ``*``, or the text is long.

    >>> def ask(*values):
    ...     return argument_text("ask", 1)
    >>> weights = [1, 2]
    >>> ask(0, weights[0] + 1)
    'weights[0] + 1'
    """
    frame = sys._getframe(1)
    while frame and frame.f_code.co_name != function:
        frame = frame.f_back
    caller = frame and frame.f_back
    with contextlib.suppress(Exception):  # a message must not fail for want of a name
        call = Source.executing(caller).node
        called = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
        if called == function and not any(isinstance(given, ast.Starred) for given in call.args):
            text = ast.unparse(call.args[position])
            return text if len(text) <= LONGEST and text.isprintable() else None
    return None
