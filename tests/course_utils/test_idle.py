"""What a first check imports is imported while the learner reads."""

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from tests.support import ROOT

WAITS = """
import asyncio, sys
before = "torch._dynamo" in sys.modules
while not {"torch._dynamo", "autograder.judge"} <= sys.modules.keys():
    await asyncio.sleep(0.1)  # the kernel has nothing to do
print(before)
"""

PRINTS = """
import sys
from pathlib import Path
Path("loud_module.py").write_text("import os, sys; print('loud'); print('loud', file=sys.stderr); os.write(2, b'loud')")
sys.path.insert(0, "")
from course_utils import checking
checking._SLOW = ("loud_module",)

import asyncio
while "loud_module" not in sys.modules:
    await asyncio.sleep(0.1)
print("here")
"""


def test_a_kernel_that_has_nothing_to_do_imports_what_a_check_needs():
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("from course_utils import check"), new_code_cell(WAITS)])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()

    assert notebook.cells[1].outputs[0].text == "False\n"


def test_what_the_imports_print_is_not_shown_in_a_cell(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell(PRINTS)])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()

    assert [output.text for output in notebook.cells[0].outputs] == ["here\n"]
