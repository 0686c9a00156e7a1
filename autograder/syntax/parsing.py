"""Parse the code of notebook cells, which may hold more than Python."""

from __future__ import annotations

import ast


def parse_cell(code: str) -> ast.Module:
    """Parse a cell as IPython does: magics, `!` commands and a top-level ``await`` are allowed.

    Raises:
        SyntaxError: it is no code that a notebook could run. Its ``lineno`` counts from the first line of ``code``.
    """
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError):
        pass
    from IPython.core.inputtransformer2 import TransformerManager  # takes long to import, and is seldom needed

    body = code.lstrip("\n")  # IPython drops empty lines above the code, and its line numbers with them
    try:
        return ast.parse(TransformerManager().transform_cell(body))
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + len(code) - len(body)
        raise
