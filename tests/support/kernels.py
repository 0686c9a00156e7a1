"""A lesson in a real kernel, and what it put out."""

import os

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from tests.support import ROOT

LESSONS = sorted(path.stem for path in (ROOT / "source").glob("*.py"))


def executed(folder, lesson, where, more=(), first=()):
    """The notebook with its outputs, after a run in a kernel, with more cells at its end, or first; errors go on."""
    notebook = nbformat.read(ROOT / folder / lesson / f"{lesson}.ipynb", as_version=4)
    notebook.cells[:0] = [new_code_cell(source) for source in first]
    notebook.cells.extend(new_code_cell(source) for source in more)
    client = NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(where)}})
    # a kernel that finds itself under pytest doesn't listen to the file descriptors of stdout and stderr
    return client.execute(env={key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"})


def outputs(notebook, kind):
    """The outputs of one kind, each with its cell."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell, output) for cell in cells for output in cell.outputs if output.output_type == kind]
