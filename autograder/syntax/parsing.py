"""Parse the code of notebook cells, which may hold more than Python."""

from __future__ import annotations

import ast

MOST_READ = 2_500_000  # characters, all readings of a cell together: IPython reads all of it again for each magic
DEEPEST = 200  # levels of a syntax tree, such as terms of a sum


class Unreadable(MemoryError):
    """To read this code would take too long."""


def parse_cell(code: str) -> ast.Module:
    """Parse a cell as IPython does: magics, `!` commands and a top-level ``await`` are allowed.

    Raises:
        SyntaxError: it is no code that a notebook could run. Its ``lineno`` counts from the first line of ``code``.
        Unreadable, RecursionError, MemoryError: to read it would take too much. Perhaps it can still be run.
    """
    try:
        return _not_too_deep(ast.parse(code))
    except (SyntaxError, ValueError):
        pass
    body = code.lstrip("\n")  # IPython drops empty lines above the code, and its line numbers with them
    try:
        return _not_too_deep(ast.parse(_transformed(body)))
    except SyntaxError as error:
        error.lineno = (error.lineno or 1) + len(code) - len(body)
        raise


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
