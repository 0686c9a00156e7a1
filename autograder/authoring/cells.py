"""The cells of a lesson's source, each with the lines where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jupytext.cell_reader import DoublePercentScriptCellReader
from nbformat import ValidationError

# Comments stay comments: jupytext would else take "# copy the weights" for a shell command, commented out.
_FORMAT = {"extension": ".py", "format_name": "percent", "comment_magics": False}

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
PREDICTION = "prediction"  # the tag of a cell that asks what the next one will show
FAULT = "### INSTEAD OF"  # in a solution: what follows, as comments, is what the learner gets in its place
ROLES = {"exercise": "code", "question": "markdown"}  # what a cell can be beside plain, and its kind

HEADER = 'A header is `# %%` or `# %% [markdown]`, then key="text", key=number or tags=["demo"].'

_MARKER = re.compile("BEGIN SOLUTION|END SOLUTION")  # what nbgrader looks for, anywhere in a line
_PAIR = f"Every solution is one `{BEGIN}`, its lines, and one `{END}`, in one cell."


class SourceError(Exception):
    """A source that cannot become a lesson; the text says where, what is wrong, and what to do."""

    def __init__(self, path: Path, line: int, what: str, remedy: str):
        super().__init__(f"{path.parent.name}/{path.name}:{line}: {what}\n  {remedy}")


@dataclass(frozen=True)
class Cell:
    """One cell of a source.

    Attributes:
        path: the source file.
        line: the line of the cell's header, counted from 1.
        first: the line of the first line of ``text``.
        kind: ``"code"`` or ``"markdown"``.
        text: the cell's content, as a notebook has it.
        options: what the header says: exercise, question, points, check, tags.
    """

    path: Path
    line: int
    first: int
    kind: str
    text: str
    options: Mapping[str, Any]

    @property
    def role(self) -> str:
        """``"exercise"``, ``"question"`` or ``"plain"``."""
        return next((role for role in ROLES if role in self.options), "plain")

    @property
    def name(self) -> str:
        """The exercise's or question's name, which is its ``grade_id``; empty for a plain cell."""
        return self.options.get(self.role, "")

    @property
    def candidates(self) -> list[str]:
        """The functions or classes that the check cell is called with: ``["softmax"]``."""
        return [name.strip() for name in self.options.get("check", self.name).split(",")]

    def regions(self) -> list[tuple[int, int]]:
        """Where the solution is: (index of the BEGIN line, index of the END line) in ``text``'s lines.

        Raises:
            SourceError: a marker without its partner, inside another pair, or not alone on its line.
        """
        found, begin = [], None
        for i, line in enumerate(self.text.split("\n")):
            if not _MARKER.search(line):
                continue
            marker = line.strip()
            if marker not in (BEGIN, END):
                self.refuse(f"`{marker}` is not a marker.", f"Write `{BEGIN}` or `{END}` alone on its line.", i)
            if marker == BEGIN and begin is not None:
                self.refuse(f"{BEGIN} inside a solution that began at line {self.first + begin}.", _PAIR, i)
            if marker == END and begin is None:
                self.refuse(f"{END} without a BEGIN SOLUTION above it.", _PAIR, i)
            if marker == END:
                found.append((begin, i))
            begin = i if marker == BEGIN else None
        if begin is not None:
            self.refuse(f"{BEGIN} without an END SOLUTION below it in its cell.", _PAIR, begin)
        return found

    def refuse(self, what: str, remedy: str, index: int | None = None) -> NoReturn:
        """Raise SourceError for this cell's header, or for the line ``index`` of its text."""
        raise SourceError(self.path, self.line if index is None else self.first + index, what, remedy)


def read_cells(path: Path) -> Iterator[Cell]:
    """The cells, read by jupytext's own reader one at a time, because only so their lines are known."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = 0
    while start < len(lines):
        reader = DoublePercentScriptCellReader(_FORMAT, "python")
        try:
            node, length = reader.read(lines[start:])
        except ValidationError as error:
            raise SourceError(path, start + 1, f"{error.message} in the cell header.", HEADER) from error
        if reader.start_code_re.match(lines[start]) or reader.alternative_start_code_re.match(lines[start]):
            options = {key: value for key, value in node.metadata.items() if key != "lines_to_next_cell"}
            quotes = 1 if options.pop("cell_marker", None) else 0
            yield Cell(path, start + 1, start + 2 + quotes, node.cell_type, node.source, options)
        else:
            _check_preamble(path, start, lines[start : start + length])
        start += length


def _check_preamble(path: Path, start: int, lines: list[str]) -> None:
    """Above the first cell a file may have comments about itself, such as for a linter, and nothing else."""
    for i, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            raise SourceError(path, start + i + 1, "code above the first cell.", "Put a cell header, `# %%`, above it.")
