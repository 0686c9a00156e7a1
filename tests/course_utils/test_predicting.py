"""A prediction counts when it was made before its result came, once; a graded run knows nothing of it."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from autograder.cli import app
from autograder.desk.checking import run_notebook
from course_utils import predict, progress, record
from course_utils.predicting import ASKED
from course_utils.widgets import explorer
from tests.support import ROOT
from tests.support.desks import make_desk, sit_down

ASK = """
from course_utils import predict
predict(
    "the shape of `z`",
    {"(3, 2)": "It is tempting to read columns first.", "(2, 3)": "Rows come first."},
    answer=lambda: tuple(z.shape),
)
"""
COMMIT = """
from course_utils.predicting import ASKED
ASKED["the shape of `z`"]._buttons._buttons["(3, 2)"].click()
"""
RUN = "import torch\nz = torch.zeros(2, 3)"


@pytest.fixture
def work(tmp_path):
    return make_desk(tmp_path)


class Kernel:
    """A kernel in this process: it runs cells, and has IPython's event after each."""

    kernel = True

    def __init__(self, shown):
        self.events, self.names, self._after, self._shown = self, {}, [], shown

    def register(self, event, function):
        assert event == "post_run_cell"
        if function not in self._after:
            self._after.append(function)

    def cell(self, source):
        """Run a cell; gives the text of what it displays."""
        self._shown.clear()
        exec(source, self.names)
        for function in list(self._after):
            function(SimpleNamespace(success=True))
        return "\n".join(data["text/plain"] for data in self._shown)


@pytest.fixture
def start(work, monkeypatch):
    """Starts a kernel for the learner's 07_layers; what was started before is gone then."""
    shown = sit_down(monkeypatch, work / "07_layers")

    def start():
        kernel = Kernel(shown)
        monkeypatch.setattr("IPython.get_ipython", lambda: kernel)
        monkeypatch.setattr(explorer, "get_ipython", lambda: kernel)
        ASKED.clear()
        return kernel

    return start


def run(work, *sources, **env):
    """The cells of a notebook in the learner's 07_layers, after a run in a real kernel."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    where = {"metadata": {"path": str(work / "07_layers")}}
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTEST_CURRENT_TEST", "JPY_SESSION_NAME")}
    return NotebookClient(notebook, timeout=120, resources=where).execute(env={**kept, **env}).cells


def shown(cell):
    return "\n".join(output.data["text/plain"] for output in cell.outputs)


def say(choice):
    """Press a button of the question."""
    asked = ASKED["the shape of `z`"]
    asked._buttons._buttons[choice].click()
    return asked._buttons._line.value


def noted(work):
    return [(entry.exercise, entry.status, entry.mistake, entry.kind) for entry in record.read(work).entries]


# --- what counts


def test_what_was_said_stands_beside_what_came_once_the_next_cell_has_run(work):
    asked, committed, came, after = run(work, ASK, COMMIT, RUN, "1 + 1")

    assert shown(asked) == "Predict, before you run on: the shape of `z`? (3, 2) | (2, 3)"
    assert "lambda" not in json.dumps(asked.outputs)
    assert "tempting" not in json.dumps(asked.outputs)
    assert committed.outputs == []
    assert shown(came) == (
        "not foreseen: you said “(3, 2)”, and “(2, 3)” came\n  It is tempting to read columns first. Rows come first."
    )
    assert shown(after) == "2"
    name = "07_layers: the shape of `z`"
    assert noted(work) == [(name, "said", "(3, 2)", "prediction"), (name, "missed", "(3, 2)", "prediction")]


def test_only_the_first_word_counts_also_after_a_restart(work, start):
    start().cell(ASK)
    say("(2, 3)")
    for _ in range(2):
        kernel = start()
        kernel.cell(ASK)

        assert "You said “(2, 3)”. Now run the next cell." in say("(3, 2)")
        assert kernel.cell(RUN).startswith("foreseen: you said “(2, 3)”, and so it came")
    assert [status for _, status, _, _ in noted(work)] == ["said", "foresaw"]
    assert record.read(work).foreseen() == (1, 1)


def test_what_another_tab_has_said_is_the_first_word(work, start):
    start().cell(ASK)
    record.append(work, [("07_layers: the shape of `z`", record.SAID, "(3, 2)")], record.PREDICTION)

    assert "You said “(3, 2)”." in say("(2, 3)")


def test_what_is_said_after_the_result_is_told_but_does_not_count(work, start):
    kernel = start()
    kernel.cell(ASK)
    kernel.cell(RUN)
    late = say("(2, 3)")

    assert "foreseen" in late
    assert "not counted: the result was there first" in late

    kernel = start()
    kernel.cell(ASK)
    say("(2, 3)")

    assert "not counted" in kernel.cell(RUN)
    assert [status for _, status, _, _ in noted(work)] == ["seen"]
    assert record.read(work).foreseen() == (0, 0)


def test_running_the_question_again_asks_nothing_new(work, start):
    kernel = start()
    kernel.cell(ASK)
    say("(2, 3)")
    kernel.cell(RUN)
    kernel.cell(ASK)

    assert "you said “(2, 3)”, and so it came" in say("(3, 2)")
    assert kernel.cell(RUN) == ""
    assert [status for _, status, _, _ in noted(work)] == ["said", "foresaw"]


def test_a_cell_that_does_not_bring_the_answer_is_not_the_next_one(start):
    kernel = start()
    kernel.cell(ASK)
    say("(2, 3)")

    assert kernel.cell("mine = 1") == ""
    assert kernel.cell(RUN).startswith("foreseen")


def test_a_question_that_goes_wrong_keeps_no_other_from_its_answer(start):
    kernel = start()
    kernel.cell(ASK.replace("the shape of `z`", "first").replace("tuple(z.shape)", "Bad()"))
    kernel.cell(ASK)
    say("(2, 3)")
    bad = "class Bad:\n    def __str__(self):\n        raise RuntimeError\n"

    assert kernel.cell(bad + RUN).startswith("foreseen")


def test_a_copy_that_is_kept_notes_nothing(work, start, monkeypatch):
    kept = work / "kept" / "07_layers-2026-03-01"
    kept.mkdir(parents=True)
    kernel = start()
    monkeypatch.chdir(kept)
    kernel.cell(ASK)
    say("(2, 3)")

    assert kernel.cell(RUN).startswith("foreseen")
    assert noted(work) == []


def test_a_plain_answer_comes_with_the_next_cell(start):
    kernel = start()
    kernel.cell('from course_utils import predict\npredict("the shape of `z`", (3, 2), (2, 3), answer=(2, 3))')
    say("(2, 3)")

    assert kernel.cell("1 + 1") == "foreseen: you said “(2, 3)”, and so it came"


def test_a_result_that_is_none_of_the_choices_is_nobodys_mistake(work, start):
    kernel = start()
    kernel.cell(ASK)
    say("(2, 3)")
    came = kernel.cell("import torch\nz = torch.zeros(4)")

    assert "“(4,)” came, which is none of the choices. Was a cell changed?" in came
    assert [status for _, status, _, _ in noted(work)] == ["said"]


def test_a_record_that_cannot_be_written_or_read_stops_no_question(work, start):
    (work / record.FILE).mkdir()
    kernel = start()
    kernel.cell(ASK)
    say("(2, 3)")

    assert kernel.cell(RUN).startswith("foreseen")


def test_a_lesson_begun_anew_asks_anew(work, monkeypatch):
    name = "07_layers: the shape of `z`"
    record.append(work, [(name, record.SAID, "(3, 2)"), (name, record.MISSED, "(3, 2)")], record.PREDICTION)
    record.append(work, [("08_x: q", record.FORESAW, "a")], record.PREDICTION)
    (work / "07_layers/07_layers.ipynb").write_text("{}")
    monkeypatch.chdir(work)
    before = record.read(work).foreseen()
    CliRunner().invoke(app, ["reset", "7"])

    assert (before, record.read(work).foreseen()) == ((1, 2), (1, 1))


# --- where nothing is asked


def test_under_nbgrader_nothing_is_shown_and_nothing_noted(work):
    cells = run(work, ASK, RUN, NBGRADER_EXECUTION="autograde")

    assert [cell.outputs for cell in cells] == [[], []]
    assert not (work / record.FILE).exists()


def test_course_check_runs_a_prediction_without_a_word(work):
    path = work / "07_layers/07_layers.ipynb"
    sources = [ASK, "import torch\n\ndef gelu(x):\n    return torch.nn.GELU()(x)\n", "check(gelu)"]
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    checked = run_notebook(path)

    assert not (work / record.FILE).exists()
    assert {outcome.exercise for outcome in checked.outcomes} >= {"gelu"}


def test_a_graded_run_prints_nothing(monkeypatch, capsys):
    monkeypatch.setattr("course_utils.checking._judge", lambda name, answer: None)
    predict("a sum", "3", "4", answer=lambda: 1 / 0)

    assert capsys.readouterr().out == ""


def test_a_notebook_elsewhere_is_asked_and_not_recorded(tmp_path, start, monkeypatch):
    kernel = start()
    monkeypatch.chdir(tmp_path)
    kernel.cell(ASK)
    say("(2, 3)")

    assert kernel.cell(RUN).startswith("foreseen")
    assert not list(tmp_path.rglob(record.FILE))


def test_without_widgets_it_is_one_line_of_text():
    code = 'from course_utils import predict\npredict("The weight\'s shape?", "(3, 2)", "(2, 3)", answer="(2, 3)")'
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "Predict, before you run on: The weight's shape? (3, 2) | (2, 3)\n"


# --- how it counts in progress()


def test_progress_says_how_many_were_foreseen(tmp_path, monkeypatch):
    work = make_desk(tmp_path)
    sit_down(monkeypatch, work / "07_layers")
    assert "foresaw" not in str(progress())
    for i in range(40):
        status = record.FORESAW if i < 31 else record.MISSED
        record.append(
            work, [(f"07_layers: {i}", record.SAID, "a"), (f"07_layers: {i}", status, "a")], record.PREDICTION
        )
    record.append(work, [("07_layers: seen", record.SEEN, None)], record.PREDICTION)

    assert "you foresaw 31 of 40." in str(progress())
    assert "you foresaw 31 of 40." in progress()._repr_mimebundle_()["text/html"]
    assert "foresaw 31 of 40" in " ".join(CliRunner().invoke(app, ["progress"]).stdout.split())


def test_predictions_are_no_checks_of_an_exercise_of_the_same_name():
    entry = record.Entry("now", "linear", "passed", None, record.PREDICTION)

    assert not record.History((entry,)).has_passed("linear")


# --- what is wrong with a question


@pytest.mark.parametrize(
    ("question", "choices", "answer", "says"),
    [
        ("the shape", ("a",), "a", "too few choices: 'a'; expected two or more"),
        ("the shape", (), "a", "too few choices: none; expected two or more"),
        ("the shape", (["a", "b"],), "a", "too few choices"),
        ("the shape", ("a", "b"), "c", "answer='c', which is none of its choices: 'a', 'b'"),
        ("the shape", ("a", "b"), None, "answer='None', which is none of its choices"),
        ("the shape", ("a", "b", "a"), "a", "the choice 'a' twice"),
        ("the shape", ({"a": "why"}, "a"), "a", "the choice 'a' twice"),
        ("", ("a", "b"), "a", "was given '' as its question"),
        (3, ("a", "b"), "a", "was given 3 as its question"),
    ],
)
def test_a_bad_question_is_told_what_is_wrong_with_it(question, choices, answer, says):
    with pytest.raises(ValueError, match="predict") as caught:
        predict(question, *choices, answer=answer)

    assert says in str(caught.value)


@pytest.mark.parametrize("answer", [(2, 3), "(2, 3)", torch.zeros(2, 3).shape, torch.zeros(3, 2).T.shape])
def test_choices_come_as_texts_as_values_and_with_their_reasons(capsys, answer):
    predict("the shape", (3, 2), {(2, 3): "Rows come first."}, answer=answer)

    assert capsys.readouterr().out.endswith("? (3, 2) | (2, 3)\n")
