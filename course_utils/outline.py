"""What the course consists of, read from its notebooks in ``lessons/``: lessons, exercises, hints."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

START = "start"  # the start notebook, which is no lesson


@dataclass(frozen=True)
class Outline:
    """One notebook of the course.

    Attributes:
        name: the lesson's name, such as ``"07_layers"``; `START` for the start notebook.
        title: its heading, such as ``"7 · Layers: bricks"``.
        hints: exercise -> how many hints are folded below it, in the notebook's order.
    """

    name: str
    title: str
    hints: Mapping[str, int]

    @property
    def path(self) -> str:
        """Where the notebook is, seen from ``lessons/``, ``solutions/`` or ``work/``."""
        return f"{self.name}.ipynb" if self.name == START else f"{self.name}/{self.name}.ipynb"


def read_outlines(course: Path, desk: Path | None = None) -> list[Outline]:
    """The start notebook and the lessons of the course's folder, in order; what cannot be read is left out.

    Args:
        desk: a learner's ``work/``; a lesson that is there alone, as one that was fetched may be, is read from there.
    """
    found: dict[str, Outline] = {}
    for folder in filter(None, (course / "lessons", desk)):
        numbered_first = sorted(path for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name)
        for path in [folder / f"{START}.ipynb", *numbered_first]:
            if path.stem not in found:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                    found[path.stem] = _outline(path)
    return sorted(found.values(), key=lambda outline: (outline.name != START, outline.name))


def _outline(path: Path) -> Outline:
    title, exercise, hints = path.stem, "", {}
    for cell in json.loads(path.read_bytes())["cells"]:
        text = "".join(cell["source"])
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and marks.get("solution"):
            exercise = marks["grade_id"]
            hints[exercise] = 0
        elif cell["cell_type"] == "markdown":
            if heading := re.match(r"# (.+)", text):
                title = heading[1]
            if exercise:
                hints[exercise] += len(re.findall(r"<summary>Hint \d", text))
    return Outline(path.stem, title, hints)
