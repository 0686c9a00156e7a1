"""Grade without a sandbox, in a plain Python process: for one's own work, and for systems that have no sandbox."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat

from autograder.grading.grade import Unusable, finish, prepare
from autograder.grading.outcome import Graded
from autograder.grading.paper import Paper
from autograder.grading.release import failed
from autograder.judge import Verdict
from autograder.sandbox.unwalled import run_notebook


def grade(paper: Paper) -> Graded:
    """Run the notebook and judge it in a process of this user, which the notebook's code could do anything to."""
    try:
        rebuilt = prepare(paper)
    except Unusable as error:
        return failed(paper, str(error))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{paper.lesson}.ipynb")
        nbformat.write(rebuilt.notebook, path)
        checked = run_notebook(path, seed=paper.seed)
    verdicts = {o.exercise: Verdict(o.status == "passed", o.status, o.message, o.mistake) for o in checked.outcomes}
    code_cells = [i for i, cell in enumerate(rebuilt.notebook.cells) if cell.cell_type == "code"]
    return finish(paper, rebuilt, verdicts, missing={code_cells[n]: names for n, names in checked.missing.items()})
