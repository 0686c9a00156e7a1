"""Lessons away from `course lab`: VS Code's notebooks, and the cells that Colab and Binder need."""

import os
import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.authoring.build import build
from autograder.authoring.elsewhere import links, repository, set_up
from tests.support import ROOT

ADDRESS = "https://github.com/owner/course"
SOLVED = "def softmax(x, dim):\n    e = (x - x.amax(dim, keepdim=True)).exp()\n    return e / e.sum(dim, keepdim=True)"
# Of what the course needs, Colab has these.
COLAB_HAS = ("ipython", "ipywidgets", "matplotlib", "numpy", "pygments", "torch", "traitlets")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The course, built, with an address of its own."""
    course = tmp_path_factory.mktemp("published")
    for name in ("source", "pyproject.toml", "nbgrader_config.py"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, course / name)
    with (course / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[project.urls]\nRepository = "{ADDRESS}"\n')
    build(course)
    return course


def run(notebook, where):
    """A notebook after a run in a kernel; errors end it."""
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(where)}})
    return client.execute(env={key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"})


def test_without_an_address_lessons_carry_nothing():
    assert repository(ROOT) is None
    assert [path for path in ROOT.glob("lessons/*/*.ipynb") if '"set-up"' in path.read_text(encoding="utf-8")] == []


def test_with_an_address_every_lesson_links_places_that_open_it_and_sets_itself_up_there(published):
    assert repository(published) == ADDRESS
    for path in (*published.glob("lessons/*/*.ipynb"), *published.glob("solutions/*/*.ipynb")):
        _, link, cell = nbformat.read(path, 4).cells[:3]

        assert f"https://colab.research.google.com/github/owner/course/blob/HEAD/lessons/{path.stem}/" in link.source
        assert f"https://mybinder.org/v2/gh/owner/course/HEAD?urlpath=lab/tree/lessons/{path.stem}/" in link.source
        assert (cell.id, cell.source, cell.metadata.tags) == ("set-up", set_up(ADDRESS), ["demo"])


def test_an_address_changes_no_other_cell(published):
    ours = nbformat.read(ROOT / "lessons/07_layers/07_layers.ipynb", 4).cells
    theirs = nbformat.read(published / "lessons/07_layers/07_layers.ipynb", 4).cells

    assert [cell for cell in theirs if cell.id not in ("elsewhere", "set-up")] == ours


def test_a_git_ending_is_no_part_of_the_name():
    assert links(f"{ADDRESS}.git", "lessons/a/a.ipynb") == links(ADDRESS, "lessons/a/a.ipynb")


def test_at_home_the_set_up_cell_does_nothing(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(set_up("https://nowhere.invalid/course"))])

    assert run(notebook, tmp_path).cells[0].outputs == []


def test_a_check_needs_no_more_than_colab_has_and_the_set_up_cell_fetches(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    absent = sorted({*project["dependencies"]} - {*COLAB_HAS, "executing"})
    without = f"import sys\nfor name in {absent}:\n    sys.modules[name] = None\n"
    code = f"{without}from course_utils import check, plots, widgets\n{SOLVED}\ncheck(softmax)"
    (tmp_path / "cell.py").write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, tmp_path / "cell.py"], capture_output=True, text=True)

    assert "jupyterlab" in absent
    assert done.stdout.startswith("softmax: passed")


def test_a_notebook_that_vs_code_saved_runs(tmp_path):
    notebook = nbformat.read(ROOT / "solutions/07_layers/07_layers.ipynb", 4)
    notebook.metadata.kernelspec.display_name = ".venv (3.12.3)"
    notebook.metadata.language_info |= {"version": "3.12.3", "nbconvert_exporter": "python"}
    for cell in notebook.cells:
        cell.metadata.vscode = {"languageId": "python"}
    done = run(notebook, tmp_path)
    cards = [cell.outputs[0].data["text/html"] for cell in done.cells if cell.id.startswith("check_")]

    assert len(cards) == 7
    assert [card for card in cards if "&#10003;" not in card] == []
