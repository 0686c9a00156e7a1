"""The notebook of a submission that could not be run: the release, with the cause on top."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode, v4

from autograder.grading.outcome import ExerciseGrade
from autograder.grading.outputs import check_output, plain_text


def failed_notebook(release: str, causes: Sequence[str]) -> NotebookNode:
    """The released notebook (JSON text) with ``causes`` in a first cell and no points for any check."""
    notebook = v4.reads(release)
    said = plain_text("\n".join(causes) or "No cause is known.")
    # an indented block: the causes may name a learner's files, and Markdown and HTML in it are shown as they are
    block = "\n".join(f"    {line}" for line in said.splitlines())
    first = v4.new_markdown_cell(f"## This submission could not be run, and gets no points\n\n{block}")
    first.id = "not-graded"
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and meta.get("grade"):
            name = meta["grade_id"].removeprefix("check_")
            cell.outputs = check_output(ExerciseGrade(0, meta["points"], "error", f"{name}: {said}"))
    notebook.cells.insert(0, first)
    return notebook
