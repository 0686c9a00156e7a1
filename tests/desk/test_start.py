"""The start notebook: a real exercise that counts nowhere, links that lead to every lesson, and what it promises."""

import os
import re

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.authoring.build import build
from autograder.authoring.cells import read_cells
from autograder.desk.checking import run_notebook
from autograder.exercises import EXERCISES, WARM_UP
from autograder.judge import judge
from course_utils import record
from tests.support import ROOT
from tests.support.desks import make_desk

DOUBLE = WARM_UP["double"]
START = nbformat.read(ROOT / "lessons/start.ipynb", as_version=4)


# --- the warm-up


@pytest.mark.parametrize("mistake", DOUBLE.mistakes, ids=lambda mistake: mistake.name)
def test_each_known_mistake_is_rejected_and_named(mistake):
    for variant in mistake.variants:
        verdict = judge("double", variant)

        assert not verdict.passed
        assert verdict.mistake == mistake.name, verdict.message


@pytest.mark.parametrize("answer", [lambda x: 2 * x, lambda x: x + x, lambda x: x.mul(2), DOUBLE.reference])
def test_right_answers_pass(answer):
    assert judge("double", answer, hidden=True).passed


def test_the_wrong_answer_that_the_page_proposes_is_told_what_the_page_promises():
    assert judge("double", lambda x: x + 2).message == (
        "double: returned [3, 4, 5]; expected [2, 4, 6]\n"
        "  called with x=torch.tensor([1., 2., 3.])\n"
        "  Every entry has grown by the same 2. What does each have to grow by?"
    )
    assert "`return x + 2`" in "".join(cell.source for cell in START.cells)


def test_the_warm_up_is_no_exercise_of_a_lesson():
    assert DOUBLE.lesson == "start"
    assert not WARM_UP.keys() & EXERCISES.keys()


# --- the page


def test_its_links_lead_to_every_lesson_in_order():
    links = re.findall(r"^\[\d+\]: (.+)$", START.cells[0].source, re.MULTILINE)
    lessons = sorted(path.relative_to(ROOT / "lessons").as_posix() for path in ROOT.glob("lessons/*/*.ipynb"))

    assert links == [path for path in lessons if ".ipynb_checkpoints" not in path]


def test_it_is_built_and_its_solution_is_in_no_lesson(tmp_path):
    build(ROOT, tmp_path)

    for folder in ("lessons", "solutions"):
        assert (tmp_path / folder / "start.ipynb").read_bytes() == (ROOT / folder / "start.ipynb").read_bytes()
    (double,) = [cell for cell in START.cells if cell.id == "double"]
    assert double.source.endswith("    raise NotImplementedError  # your code here")


def test_course_check_judges_it_like_a_lesson():
    (outcome,) = run_notebook(ROOT / "solutions/start.ipynb").outcomes

    assert (outcome.exercise, outcome.status) == ("double", "passed")


def test_its_source_is_no_lessons_source():
    assert [cell.name for cell in read_cells(ROOT / "source/start/start.py") if cell.role == "exercise"] == ["double"]
    assert "start.py" not in [path.name for path in (ROOT / "source").glob("*.py")]


# --- in a kernel, at the desk


def executed(work, notebook, **env):
    client = NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(work)}})
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTEST_CURRENT_TEST", "JPY_SESSION_NAME")}
    return client.execute(env={**kept, **env})


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.fixture
def work(tmp_path):
    return make_desk(tmp_path)


def test_a_solved_copy_runs_from_top_to_bottom_and_is_recorded(work):
    solved = executed(work, nbformat.read(ROOT / "solutions/start.ipynb", as_version=4))
    progress, words, device, check, button, below = outputs(solved)

    kinds = [output.output_type for output in (progress, words, device, check, button, below)]
    assert kinds == ["execute_result", "execute_result", "stream", *["display_data"] * 3]
    assert button.data["text/plain"] == "A button, Make a review; in a terminal, `course review` does the same."
    assert f"0 of {len(EXERCISES)} exercises passed." in progress.data["text/plain"]
    assert "10 · A Transformer: the big picture" in progress.data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in words.data
    assert words.data["text/plain"].startswith("40 words begun at temperature 0.8.")
    assert device.text.startswith("working on ")
    assert check.data["text/plain"].startswith("double: passed ")
    assert [(entry.exercise, entry.status) for entry in record.read(work).entries] == [("double", "passed")]


def wrong():
    cells = [
        "from course_utils import check\n\ndef softmax(x, dim):\n    return x.exp() / x.exp().sum(0)",
        *["check(softmax)"] * 3,
    ]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])


def test_a_real_kernel_shows_the_picture_and_the_third_time_the_hint(work):
    cards = [output.data for output in outputs(executed(work, wrong())) if output.output_type == "display_data"]

    assert len(cards) == 3
    assert all("<img" in card["text/html"] for card in cards)
    assert ["Hint 1 waits" in card["text/plain"] for card in cards] == [False, False, True]


def test_under_nbgrader_nothing_is_recorded_drawn_or_hinted(work):
    found = outputs(executed(work, wrong(), NBGRADER_EXECUTION="autograde"))

    assert [output.output_type for output in found] == ["error"] * 3
    assert len({output.evalue for output in found}) == 1
    assert not (work / record.FILE).exists()
