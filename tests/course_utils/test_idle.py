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


def test_a_kernel_that_has_nothing_to_do_imports_what_a_check_needs():
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("from course_utils import check"), new_code_cell(WAITS)])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()

    assert notebook.cells[1].outputs[0].text == "False\n"
