"""Feedback as a notebook: the graded one, with the points on top, and comments where they belong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.grading.outcome import Standing, as_number


def feedback_notebook(
    graded: Path, lesson: str, standing: Standing, notes: Sequence[str], comments: Mapping[str, str]
) -> bytes:
    """The bytes of a notebook in which a student reads what the work earned and why.

    Args:
        graded: the notebook in autograder/autograded.
        notes: sentences on the whole submission.
        comments: exercise or question -> what a person wrote on it.

    Raises:
        OSError: the graded notebook cannot be read.
    """
    notebook = json.loads(graded.read_text(encoding="utf-8"))
    lines = [f"# {lesson}: {as_number(standing.score)} of {as_number(standing.max_score)} points", *notes]
    lines += ["| exercise | points |\n|---|---|\n" + "\n".join(_rows(standing))]
    cells = [_text("feedback", "\n\n".join(lines))]
    for cell in notebook["cells"]:
        cells.append(cell)
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if said := comments.get(name):
            cells.append(_text(f"comment-{name}", f"**Comment on {name}:** {said}"))
    return json.dumps({**notebook, "cells": cells}, ensure_ascii=False, indent=1).encode()


def _rows(standing: Standing) -> list[str]:
    return [
        f"| {name} | {as_number(each.points)} / {as_number(each.max_points)} |"
        for name, each in standing.points.items()
    ]


def _text(id: str, source: str) -> dict[str, object]:
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}
