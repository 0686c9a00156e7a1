"""On a GPU: the lessons run on it, and so do the answers to their exercises. `pytest -m cuda` runs these alone."""

import pytest
import torch

from autograder.exercise import Draw
from autograder.exercises import EXERCISES
from autograder.judge.compare import Tolerance, difference
from course_utils.probes import Case
from tests.answers import RIGHT
from tests.support.kernels import LESSONS, executed, outputs

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU; torch.cuda finds none"),
]


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_runs_on_the_gpu(lesson, tmp_path):
    notebook = executed("solutions", lesson, tmp_path)
    printed = "".join(stream.text for _, stream in outputs(notebook, "stream"))

    assert outputs(notebook, "error") == []
    assert "cuda" in printed


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if "meta" in exercise.contracts])
def test_answers_keep_the_gpu(name):
    exercise = EXERCISES[name]
    tolerance = Tolerance(max(exercise.rtol, 1e-3), max(exercise.atol, 1e-4))
    for args in exercise.cases(Draw(0)):
        case = Case(args, "cuda")
        expected = exercise.observe(exercise.reference, case)
        answers = {answer.__name__: exercise.observe(answer, case) for answer in RIGHT[name]}

        assert expected.raised is None
        assert {n: difference(got, expected, tolerance) for n, got in answers.items() if not got.raised} == {
            n: None for n, got in answers.items() if not got.raised
        }
