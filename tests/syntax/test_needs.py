"""What of a notebook an answer is made of: the statements that run for it, and what a person has to look at."""

import pytest

from autograder.syntax import doubts
from autograder.syntax.needs import needed, written
from autograder.syntax.parsing import as_run

ANSWER = "def answer(x):\n    return x * SCALE"


def alone(*cells, names=("answer",)):
    """The lines that are left of the cells, without empty ones and comments."""
    left = written(cells, needed(cells, names))
    return [line for cell in left for line in cell.splitlines() if line.strip("# ")]


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        (["SCALE = 1", "SCALE = SCALE + 1", ANSWER], ["SCALE = 1", "SCALE = SCALE + 1"]),
        (["SCALE = 1", "SCALE = 2", ANSWER], ["SCALE = 2"]),
        (["SCALE = 1; other = 2", ANSWER], ["SCALE = 1"]),
        (["other = 2; SCALE = 1", ANSWER], ["SCALE = 1"]),
        (["import threading\nSCALE = 1\nprint(SCALE)", ANSWER], ["SCALE = 1"]),
        (["SCALE = []", "def put(f):\n    SCALE.append(f)", "put(1)", ANSWER],
         ["SCALE = []", "def put(f):", "    SCALE.append(f)", "put(1)"]),
        (["import operator", "SCALE = {}", "operator.setitem(SCALE, 1, 2)", ANSWER],
         ["import operator", "SCALE = {}", "operator.setitem(SCALE, 1, 2)"]),
        (["def f(): return A", "A = 1", "SCALE = f()", "A = 2", ANSWER], ["def f(): return A", "A = 1", "SCALE = f()"]),
        (["def make(f): return lambda x: f(x)", "SCALE = make(abs)", "y = make(SCALE)", ANSWER],
         ["def make(f): return lambda x: f(x)", "SCALE = make(abs)"]),
        (["def put(f): f.x = 1", "SCALE = object()", "put(SCALE)", ANSWER],
         ["def put(f): f.x = 1", "SCALE = object()", "put(SCALE)"]),
        (["files = !ls\nSCALE = 3", ANSWER], ["SCALE = 3"]),
        (["In [1]: SCALE = 3", ANSWER], ["SCALE = 3"]),
        (["%time SCALE = 3", ANSWER], ["SCALE = 3"]),
        (["%%time\nSCALE = 3", ANSWER], ["SCALE = 3"]),
        (["from somewhere import *", ANSWER], ["from somewhere import *"]),
        (["from __future__ import annotations", "SCALE = 3", ANSWER],
         ["from __future__ import annotations", "SCALE = 3"]),
    ],
)  # fmt: skip
def test_what_runs_for_an_answer_is_what_it_is_made_of(cells, left):
    assert alone(*cells) == [*left, *ANSWER.splitlines()]


def test_statements_stay_on_their_lines():
    cells = ["import threading\n\nSCALE = 1", ANSWER]

    assert written(cells, needed(cells, ["answer"]))[0].splitlines()[:3] == ["#", "", "SCALE = 1"]


@pytest.mark.parametrize("code", ["In [1]: x = 1", "In [2]: In [1]: x = 1", ">>> x = 1", "x = 1", "  x = 1"])
def test_what_is_read_does_not_change_when_ipython_runs_it(code):
    assert as_run(code).rstrip() == "x = 1"
    assert as_run(as_run(code)) == as_run(code)


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("import helpers", "helpers, a module that is not known here"),
        ("from helpers import *", "it may define any name"),
        ("import logging\ny = logging.os.abc._abc_init", "_abc_init, a part of something that is not public"),
        ("x = f(num_workers=2)", "num_workers, processes in which nothing is counted"),
        ("x = open('y').read()", "open, which reads a file"),
        ("%run other.py", "it may define any name"),
    ],
)
def test_what_cannot_be_told_is_for_a_person_to_look_at_with_its_place(cell, what):
    assert (1, what) in [(doubt.cell, doubt.what) for doubt in doubts.found(["", cell], computing=True)]


def test_what_computes_needs_nobody_to_look_at_it():
    cell = (
        "import torch, math\nfrom torch.nn import functional as F\nclass A(torch.nn.Module):\n    def __init__(self):\n"
    )
    cell += "        super().__init__()\n        self._kept = F.relu(torch.ones(3)) * math.pi"

    assert doubts.found([cell], computing=True) == []
