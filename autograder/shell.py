"""Run a notebook's cells in this very process: IPython's shell without a kernel, which starts at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from IPython.core.interactiveshell import InteractiveShell


class _Shell(InteractiveShell):
    def enable_gui(self, gui: str | None = None) -> None:
        """Nothing is shown here, so that every GUI that ``%matplotlib`` may ask for is as good as there."""


def run_cells(sources: Iterable[str], namespace: dict[str, Any]) -> Iterator[BaseException | None]:
    """Run code cells one after another, as a notebook does; a cell that raises doesn't stop the later ones.

    Magics, `!` commands and a top-level ``await`` work, and ``get_ipython()`` is this shell. What cells print
    goes to ``sys.stdout`` and ``sys.stderr``. There is one shell a process, so call this once in each.

    Args:
        sources: the cells' code. The next is asked for when the one before has run.
        namespace: where the cells' names live; the caller may look at it between cells.

    Yields:
        For each cell what it raised, a SyntaxError and a SystemExit included, or None.
    """
    shell = _Shell.instance(user_ns=namespace)
    shell.history_manager.enabled = False  # nothing of a learner's code is kept outside of the notebook
    for source in sources:
        result = shell.run_cell(source, store_history=True)
        yield result.error_before_exec or result.error_in_exec
