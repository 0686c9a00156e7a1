"""The notebooks in a real kernel: the solutions solve, and an untouched lesson passes nothing."""

import ast
import json
import re

import pytest

from autograder.exercise import AS_IT_CAME
from autograder.exercises import EXERCISES
from tests.support.kernels import LESSONS, executed, outputs


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def assigned(source):
    """The names that a cell gives values to, anywhere in it."""
    nodes = list(ast.walk(ast.parse(source)))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def exercises(lesson):
    return [name for name, exercise in EXERCISES.items() if exercise.lesson == lesson]


def faulty(lesson):
    """The lesson's exercises that come as a faulty program: they have no stub."""
    return [name for name in exercises(lesson) if EXERCISES[name].mistakes[0].name == AS_IT_CAME]


def symptoms(notebook):
    """For each report, what it says that the program prints, and what the cell that shows the symptom has printed."""
    quoted, found = None, []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (report := re.search(r"^> ```text\n(.*?)^> ```", cell.source, re.M | re.S)):
            quoted = re.sub("^> ", "", report[1], flags=re.M)
        elif quoted and "demo" in cell.metadata.get("tags", ()):
            printed = "".join(output.get("text", output.output_type) for output in cell.outputs)
            found.append((quoted, printed))
            quoted = None
    return found


# --- solved ------------------------------------------------------------------------------------------------


WATCH = """
from course_utils.predicting import ASKED, Prediction

def _watched(ask):
    def watched(self):
        self.asked_at = get_ipython().kernel.execution_count
        try:
            self.early = str(self.answer())
        except Exception:
            self.early = None
        ask(self)
    return watched

def _timed(come):
    def timed(self):
        come(self)
        if self.came is not None:
            self.came_at = get_ipython().kernel.execution_count
    return timed

Prediction.ask, Prediction.come = _watched(Prediction.ask), _timed(Prediction.come)
"""
TELL = """
import json
print("PREDICTIONS " + json.dumps([
    {"question": asked.question, "choices": asked.choices, "lazy": callable(asked.answer), "early": asked.early,
     "came": asked.came, "cells": getattr(asked, "came_at", 0) - asked.asked_at} for asked in ASKED.values()]))
"""


@pytest.fixture(scope="module", params=LESSONS)
def solved(request, tmp_path_factory):
    """A lesson's name, and its solution notebook after a run in which its predictions were watched."""
    return request.param, executed("solutions", request.param, tmp_path_factory.mktemp("solved"), [TELL], [WATCH])


@pytest.fixture
def predictions(solved):
    """What became of the lesson's predictions in that run."""
    printed = "".join(stream.text for _, stream in outputs(solved[1], "stream"))
    return json.loads(re.search("^PREDICTIONS (.+)$", printed, re.MULTILINE)[1])


def test_a_solution_notebook_runs_without_an_error(solved):
    _, notebook = solved

    assert [(cell.source, error.ename, error.evalue) for cell, error in outputs(notebook, "error")] == []


def test_a_solution_notebook_writes_nothing_to_stderr(solved):
    _, notebook = solved
    streams = outputs(notebook, "stream")

    assert [(cell.source, stream.text) for cell, stream in streams if stream.name == "stderr"] == []


def test_every_check_of_a_solution_notebook_shows_that_it_passed(solved):
    lesson, notebook = solved
    shown = {grade_id(cell): output.data["text/plain"] for cell, output in outputs(notebook, "display_data")}

    for name in exercises(lesson):
        assert shown[f"check_{name}"].startswith(f"{name}: passed ")


def test_a_lesson_asks_three_to_five_predictions(predictions):
    assert 3 <= len(predictions) <= 5


def test_the_answer_of_a_prediction_comes_with_the_next_cell_and_not_before(predictions):
    assert [(asked["early"], asked["cells"]) for asked in predictions] == [(None, 1)] * len(predictions)


def test_what_comes_is_one_of_a_predictions_choices(predictions):
    assert [asked for asked in predictions if asked["came"] not in asked["choices"]] == []


def test_each_choice_of_a_prediction_says_why_in_a_sentence_and_fits_on_a_button(predictions):
    for choice, reason in (pair for asked in predictions for pair in asked["choices"].items()):
        assert len(choice) <= 60, choice
        assert reason[-1:] == ".", (choice, reason)


def test_predictions_are_tagged_so_that_their_source_comes_folded(solved, predictions):
    _, notebook = solved
    folded = [cell for cell in notebook.cells if cell.metadata.get("jupyter", {}).get("source_hidden")]

    assert len(folded) == len(predictions)
    assert all("answer=lambda:" in cell.source for cell in folded)


def test_no_symptom_is_left_in_a_solution_notebook(solved):
    lesson, notebook = solved
    found = symptoms(notebook)

    assert len(found) == len(faulty(lesson))
    assert [quoted for quoted, printed in found if quoted == printed or "error" in printed] == []


# --- untouched ---------------------------------------------------------------------------------------------

CALL = """
import inspect, json

_required = [
    parameter
    for parameter in inspect.signature({name}).parameters.values()
    if parameter.default is parameter.empty
]
try:
    {name}(*[None] * len(_required))
except BaseException as error:
    print(json.dumps(["{name}", type(error).__name__]))
else:
    print(json.dumps(["{name}", "returned"]))
"""


@pytest.fixture(scope="module", params=LESSONS)
def untouched(request, tmp_path_factory):
    """A lesson's name, and the notebook after a run as a learner finds it, with a call of every exercise added."""
    calls = [CALL.format(name=name) for name in exercises(request.param) if name not in faulty(request.param)]
    return request.param, executed("lessons", request.param, tmp_path_factory.mktemp("untouched"), calls)


def test_the_exercise_cells_of_an_untouched_lesson_define_what_they_should(untouched):
    lesson, notebook = untouched
    names = exercises(lesson)

    assert [
        (grade_id(cell), error.ename) for cell, error in outputs(notebook, "error") if grade_id(cell) in names
    ] == []


def test_calling_an_untouched_exercise_raises_not_implemented(untouched):
    lesson, notebook = untouched
    printed = "".join(stream.text for _, stream in outputs(notebook, "stream"))
    called = dict(json.loads(line) for line in printed.splitlines() if line.startswith('["'))

    assert called == dict.fromkeys([n for n in exercises(lesson) if n not in faulty(lesson)], "NotImplementedError")


def test_every_symptom_that_is_reported_comes_when_the_program_runs_as_it_came(untouched):
    lesson, notebook = untouched
    found = symptoms(notebook)

    assert len(found) == len(faulty(lesson))
    assert [printed for _, printed in found] == [quoted for quoted, _ in found]


def test_every_check_of_an_untouched_lesson_says_not_attempted(untouched):
    lesson, notebook = untouched
    failed = {grade_id(cell): error for cell, error in outputs(notebook, "error") if grade_id(cell)}

    assert sorted(failed) == sorted(f"check_{name}" for name in exercises(lesson))
    for error in failed.values():
        assert error.ename == "CheckFailed"
        assert "not attempted" in error.evalue


def test_nothing_else_in_an_untouched_lesson_raises_but_calls_of_its_exercises(untouched):
    _, notebook = untouched
    missing, unexplained = set(), []
    for cell, error in outputs(notebook, "error"):
        if grade_id(cell):
            continue
        unknown = re.match("name '(.+)' is not defined", error.evalue)
        if error.ename == "NotImplementedError" or (unknown and unknown[1] in missing):
            missing |= assigned(cell.source)  # what such a cell would have made is missing in the later ones
        else:
            unexplained.append((cell.source, error.ename))

    assert unexplained == []


def test_an_untouched_lesson_writes_nothing_to_stderr(untouched):
    _, notebook = untouched
    streams = outputs(notebook, "stream")

    assert [(cell.source, stream.text) for cell, stream in streams if stream.name == "stderr"] == []
