"""What stands in a lesson in the place of a solution: a stub, or the faulty program that the solution mends."""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions

from autograder.authoring.cells import BEGIN, END, FAULT

_MENDED = re.compile(
    rf"^[ ]*{BEGIN}\n(?:(?![ ]*{END}).*\n)*?[ ]*{FAULT}\n(?P<fault>(?:[ ]*#(?!##).*\n)*)[ ]*{END}(?:\n|\Z)",
    re.MULTILINE,
)


def as_it_came(text: str) -> str:
    """A cell's text with each solution that ends in `FAULT` replaced by the lines below that, which are comments there.

    >>> print(as_it_came("### BEGIN SOLUTION\\nx = 1\\n### INSTEAD OF\\n# x = 2\\n### END SOLUTION"))
    x = 2
    """
    return _MENDED.sub(lambda mended: _uncommented(mended["fault"]), text).rstrip("\n")


def _uncommented(lines: str) -> str:
    return re.sub(r"^[ ]+$", "", re.sub(r"^([ ]*)# ?", r"\1", lines, flags=re.MULTILINE), flags=re.MULTILINE)


class ClearOrSpoil(ClearSolutions):
    """nbgrader's step, which puts a stub in the place of a solution, or the fault where the solution names one."""

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        spoilt = bool(_MENDED.search(cell.source))
        if spoilt:
            cell.source = as_it_came(cell.source)
        return super()._replace_solution_region(cell, language) or spoilt
