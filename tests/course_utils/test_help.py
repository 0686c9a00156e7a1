"""Help that grows with the failed checks, and the picture of a wrong answer: in a notebook, and only there."""

import re
import subprocess
import sys

import pytest
import torch

from autograder.exercises import EXERCISES
from autograder.judge import judge, judge_observed
from course_utils import CheckFailed, check
from course_utils.hints import next_help
from course_utils.outline import START, read_outlines
from course_utils.plots.contrast import plot_contrast
from course_utils.probes import run_all
from tests.support import ROOT
from tests.support.desks import make_desk, sit_down


@pytest.fixture
def work(tmp_path):
    return make_desk(tmp_path)


@pytest.fixture
def shown(work, monkeypatch):
    """What `check` displays in a notebook in work/07_layers."""
    return sit_down(monkeypatch, work / "07_layers")


def softmax(x, dim):
    return x.exp() / x.exp().sum(0)


def fail(answer):
    with pytest.raises(CheckFailed) as caught:
        check(answer)
    return str(caught.value)


def stub():
    def softmax(x, dim):
        raise NotImplementedError

    return softmax


# --- hints


def test_after_three_failed_checks_a_line_points_at_each_hint_and_after_six_at_the_solution(shown):
    for _ in range(7):
        fail(softmax)
    last = [data["text/plain"].splitlines()[-1].strip() for data in shown]

    assert [line[:6] for line in last[2:5]] == ["Hint 1", "Hint 2", "Hint 3"]
    assert last[2] == "Hint 1 waits below the exercise, folded: click it to open it."
    assert last[0] == last[1] == "Your values sum to 1 along another dim. Over which dim do you sum, and is it `dim`?"
    assert (
        last[5]
        == last[6]
        == (
            "One way to write it is in `solutions/07_layers/07_layers.ipynb`, in the course's folder. "
            "Read it, close it, and write your own."
        )
    )
    assert "<i>Hint 1 waits below" in shown[2]["text/html"]


def test_an_untouched_exercise_never_counts_as_failed(shown):
    for _ in range(10):
        fail(stub())
    fail(softmax)

    assert [data for data in shown if "Hint 1" in data["text/plain"]] == []


def test_failures_count_from_the_last_pass(shown):
    def right():
        def softmax(x, dim):
            e = (x - x.amax(dim, keepdim=True)).exp()
            return e / e.sum(dim, keepdim=True)

        return softmax

    for answer in (softmax, softmax):
        fail(answer)
    check(right())
    fail(softmax)

    assert "Hint" not in shown[-1]["text/plain"]


def test_the_error_itself_stays_the_judges_message(shown):
    messages = [fail(softmax) for _ in range(4)]

    assert set(messages) == {judge("softmax", softmax).message}


def test_every_exercise_of_the_course_has_hints_and_a_solution_to_point_at(work):
    outlines = read_outlines(ROOT)
    known = {name for outline in outlines if outline.name != START for name in outline.hints}

    assert known == set(EXERCISES)
    for outline in outlines:
        for name, hints in outline.hints.items():
            assert next_help(work, name, 3).startswith("Hint 1"), name
            assert next_help(work, name, 5).startswith(f"Hint {min(3, hints)}"), name
            assert f"`solutions/{outline.path}`" in next_help(work, name, 6)


def test_where_the_lessons_are_gone_there_is_no_help_and_no_error(work, shown):
    for name in ("lessons", "solutions"):
        (work.parent / name).unlink()
    for _ in range(7):
        fail(softmax)

    assert {data["text/plain"] for data in shown} == {judge("softmax", softmax).message}


# --- the picture


def drawn(name, answer):
    return judge(name, answer).contrast


def mistake(exercise, name):
    return next(mistake.variants[0] for mistake in EXERCISES[exercise].mistakes if mistake.name == name)


def test_a_matrix_is_drawn_beside_the_expected_one(shown):
    fail(softmax)
    (alt,) = re.findall(r'<img src="data:image/png;base64,[^"]+" [^>]*alt="([^"]+)">', shown[0]["text/html"])

    assert alt == (
        "result, two tables of colours: expected beside yours. "
        "6 of 6 entries differ, most at [0, 1]: expected 0.2447, yours 0.7311."
    )
    assert "base64" not in shown[0]["text/plain"]


def test_of_a_batch_of_matrices_the_one_that_differs_most_is_drawn():
    found = drawn("TransformerBlock", mistake("TransformerBlock", "post-norm"))

    assert (found.what, found.got.shape, found.want.shape) == ("result[0]", (3, 2), (3, 2))


def test_a_run_is_drawn_by_the_number_that_left_the_expected_one_first():
    found = drawn("adam_update_", mistake("adam_update_", "state shared"))
    picture = plot_contrast(found.what, found.got, found.want, found.each)

    assert (found.what, found.each, len(found.want)) == ("params[1][1]", "step", 3)
    assert picture.alt.startswith(
        "params[1][1]: yours leaves the expected run at step 2. Expected: 3 values from 2 to "
    )
    assert [line.get_label() for line in picture.axes[0].lines] == ["expected", "yours"]
    assert len({line.get_linestyle() for line in picture.axes[0].lines}) == 2  # told apart without colour too


def test_losses_that_a_function_returns_are_a_run():
    assert drawn("fit_line", mistake("fit_line", "fresh parameters each epoch")).what == "result[2]"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("double", lambda x: x + 2),  # three numbers, told whole
        ("softmax", lambda x, dim: x.sum()),  # no matrix came back
        ("softmax", lambda x, dim: None),
        ("softmax", lambda x, dim: 1 / 0),
        ("softmax", lambda x, dim: torch.softmax(x, dim)),  # right, and a short cut
        ("gelu", lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5))),
    ],
)
def test_where_words_have_said_everything_nothing_is_drawn(name, answer):
    assert drawn(name, answer) is None


def test_nothing_is_drawn_of_inputs_that_only_grading_tries():
    exercise = EXERCISES["softmax"]

    def twice(x, dim):
        e = torch.exp(x - x.amax(dim, keepdim=True))
        return 2 * e / e.sum(dim, keepdim=True)

    verdict = judge_observed(exercise, lambda cases: run_all(exercise.probe, twice, cases), [], seed=3)

    assert verdict.status == "wrong"
    assert verdict.contrast is None


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (
            [[1.0, float("nan")], [3, 4]],
            [[1.0, 2], [3, 4]],
            "1 of 4 entries differ, most at [0, 1]: expected 2, yours nan",
        ),
        ([[1.0, 2, 3], [4, 5, 6]], [[1.0, 4], [2, 5], [3, 6]], "Expected shape (3, 2), yours (2, 3)."),
        ([[float("inf")] * 2] * 2, [[float("nan")] * 2] * 2, "4 of 4 entries differ"),
        (torch.zeros(28, 28), torch.eye(28), "28 of 784 entries differ, most at [0, 0]: expected 1, yours 0."),
        ([1.0, 2], [1.0, 2, 3], "expected 3 values, yours has 2"),
        ([float("nan")] * 3, [1.0, 2, 3], "yours leaves the expected run at index 0"),
    ],
)
def test_whatever_came_back_can_be_drawn_and_is_told_in_words(got, want, words):
    picture = plot_contrast("result", torch.as_tensor(got), torch.as_tensor(want))

    assert picture.png().startswith(b"\x89PNG")
    assert words in picture.alt


def test_a_picture_that_cannot_be_drawn_leaves_the_message(shown, monkeypatch):
    monkeypatch.setattr("course_utils.plots.contrast.plot_contrast", None)
    fail(softmax)

    assert "<img" not in shown[0]["text/html"]
    assert "along dim=1 your values sum to" in shown[0]["text/html"]


def test_outside_of_a_notebook_nothing_is_drawn_and_matplotlib_is_not_loaded():
    code = """
import sys
from course_utils import CheckFailed, check
def softmax(x, dim): return x.exp() / x.exp().sum(0)
try: check(softmax)
except CheckFailed: print("failed", "matplotlib" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert said.stdout == "failed False\n"


def test_a_card_names_its_status_for_those_who_do_not_see_the_sign(shown):
    fail(softmax)

    assert 'role="img" aria-label="wrong"' in shown[0]["text/html"]
    assert "overflow-wrap:anywhere" in shown[0]["text/html"]  # for narrow windows
