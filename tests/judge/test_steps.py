"""An exercise that is judged by outcome: the better, the more points, and what is asked about stays with the judge."""

import dataclasses
import zlib

import pytest
import torch
from nbformat.v4 import new_code_cell
from nbgrader.utils import determine_grade
from torch import nn

from autograder.exercises import EXERCISES
from autograder.exercises.training.design_classifier import AllKnowing, all_knowing, unseen_digits
from autograder.grading.grade import finish, prepare
from autograder.grading.harmless import harmless
from autograder.grading.outcome import ExerciseGrade
from autograder.grading.outputs import check_output
from autograder.grading.paper import Paper
from autograder.judge import Verdict, judge, judge_observed
from course_utils import check
from course_utils.checking import CheckFailed
from course_utils.data import load_digits
from course_utils.probes import run_all
from tests.support.attacked import release, solution

DESIGN = EXERCISES["design_classifier"]


def design(wrong):
    """An answer, of the right name, that errs in this share of all digits."""
    design_classifier = all_knowing(wrong)
    design_classifier.__name__ = "design_classifier"
    return design_classifier


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    ("wrong", "earned", "further"),
    [(0.04, (2, 4), " 0.97 earns 3."), (0.0255, (3, 4), " 0.98 earns 4."), (0.01, (4, 4), "")],
)
def test_a_better_outcome_earns_more_points_and_the_message_says_what_more_takes(wrong, earned, further, hidden):
    verdict = judge(DESIGN.name, design(wrong), hidden=hidden)

    assert (verdict.passed, verdict.earned, verdict.share) == (True, earned, earned[0] / 4)
    assert verdict.message.startswith(f"design_classifier: passed with {earned[0]} of 4 points: reads 0.9")
    assert verdict.message.endswith(f"of those that it was given.{further}")


def test_below_the_first_step_it_is_wrong_and_the_message_has_the_score_of_hidden_digits_too():
    verdict = judge_observed(DESIGN, lambda cases: run_all(DESIGN.probe, design(0.07), cases), [], seed=5)

    assert (verdict.status, verdict.share) == ("wrong", 0)
    assert verdict.message.startswith("design_classifier: reads 0.9")
    assert verdict.message.endswith("0.95 earns the first 2 points.")


def test_a_score_of_the_check_says_nothing_of_a_score_in_grading():
    def lucky(train_images, train_labels, generator):
        model = AllKnowing()
        model.book |= {image.tobytes(): 0 for image in unseen_digits(hidden=True)[0].numpy()}
        return model

    assert judge(DESIGN.name, lucky).share == 1
    assert not judge(DESIGN.name, lucky, hidden=True).passed


@pytest.mark.parametrize("rounded", [False, True])
def test_a_table_of_the_very_images_with_their_labels_earns_nothing_in_grading(rounded):
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            parts = [(load_digits()[0] / 16, load_digits()[1]), *map(unseen_digits, (False, True))]
            self.labels = {self.key(image): label for part in parts for image, label in zip(*part, strict=True)}

        def key(self, image):
            return zlib.crc32(((image * 16).round() if rounded else image).numpy().tobytes())

        def forward(self, images):
            labels = [int(self.labels.get(self.key(image), 0)) for image in images]
            return nn.functional.one_hot(torch.tensor(labels), 10).float()

    def table(train_images, train_labels, generator):
        return Table()

    assert judge(DESIGN.name, table).share == 1
    assert not judge(DESIGN.name, table, hidden=True).passed


def test_grading_asks_about_the_same_digits_a_step_brighter_or_darker_here_and_there():
    images, _ = unseen_digits(hidden=True)
    first, second = (next(iter(DESIGN.expand(seed))).args["unseen"] for seed in (5, 6))

    assert torch.equal((first - images).abs().unique(), torch.tensor([0, 1 / 16]))
    assert (first.min(), first.max()) == (0, 1)
    assert 1 / 16 < (first != images).float().mean() < 1 / 8
    assert not torch.equal(first, second)


def test_the_digits_of_the_check_those_of_grading_and_the_lessons_are_all_different():
    lessons = load_digits()[0] / 16
    digits = [*lessons, *unseen_digits(hidden=False)[0], *unseen_digits(hidden=True)[0]]

    assert len({image.numpy().tobytes() for image in digits}) == len(digits) == 5620


@pytest.mark.parametrize("seed", [0, 5])
def test_no_label_of_an_unseen_digit_leaves_the_judge(seed):
    (case,) = DESIGN.expand(seed)
    shapes = {name: tuple(value.shape) for name, value in case.args.items() if isinstance(value, torch.Tensor)}

    assert case.args.keys() == {"train_images", "train_labels", "generator", "unseen"}
    assert shapes["train_labels"] == (1797,)
    assert torch.equal(case.args["train_labels"], load_digits()[1])
    assert case.args["unseen"].dtype == torch.float32


def test_training_that_takes_too_long_is_told_in_seconds_of_the_processor():
    def slow(cases):
        (seen,) = run_all(DESIGN.probe, design(0.0), cases)
        return [dataclasses.replace(seen, parts={**seen.parts, "cpu_seconds": 31.5})]

    verdict = judge_observed(DESIGN, slow, [])

    assert verdict.message.startswith("design_classifier: took 31.5 s of CPU time; expected at most 20\n")


def test_a_module_that_was_left_in_training_mode_is_asked_in_evaluation_mode():
    def noisy_when_training(train_images, train_labels, generator):
        class Noisy(AllKnowing):
            def forward(self, images):
                scores = super().forward(images)
                return torch.rand_like(scores) if self.training else scores

        return Noisy()

    assert judge(DESIGN.name, noisy_when_training).share == 1


# --- what becomes of a part of the points


def test_check_gives_the_points_where_they_are_a_part_and_nothing_else():
    assert check(design(0.04)) == 2
    assert check(design(0.0)) is None
    with pytest.raises(CheckFailed):
        check(design(0.1))


@pytest.mark.parametrize(("points", "most"), [(2.0, 4), (4, 4), (0, 4), (2.5, 5)])
def test_nbgrader_reads_the_same_points_from_a_checks_outputs(points, most):
    cell = new_code_cell("check(x)", id="check_x", outputs=check_output(ExerciseGrade(points, most, "passed", "x: y.")))
    cell.metadata.nbgrader = {"grade": True, "solution": False, "points": most, "grade_id": "check_x", "locked": True}
    kept = harmless({"cells": [cell]}, {"cells": [cell]})["cells"][0]

    assert determine_grade(cell) == (points, most)
    assert kept["outputs"] == cell.outputs


def test_what_a_learners_own_cell_shows_is_no_points():
    cell = new_code_cell("2", id="a", outputs=check_output(ExerciseGrade(2.0, 4, "passed", "x: y.")))
    kept = harmless({"cells": [cell]}, {"cells": []})["cells"][0]

    assert [output["output_type"] for output in kept["outputs"]] == ["stream", "display_data"]


def test_a_part_of_the_points_is_what_is_graded():
    lesson = "09_training"
    paper = Paper("student", lesson, release(lesson), release(lesson), 1)
    names = [name for name, exercise in EXERCISES.items() if exercise.lesson == lesson]
    verdicts = {name: Verdict(True, "passed", f"{name}: passed.") for name in names}
    verdicts["design_classifier"] = Verdict(True, "passed", "design_classifier: passed.", earned=(3, 4))
    graded = finish(paper, prepare(paper), verdicts, {}, (), {})

    assert (graded.exercises["design_classifier"].points, graded.exercises["evaluate"].points) == (3.0, 2)
    assert graded.max_score - graded.score == 1


@pytest.mark.every_exercise
def test_the_last_step_earns_the_points_that_the_lesson_gives():
    for exercise in EXERCISES.values():
        if exercise.steps:
            (cell,) = [c for c in solution(exercise.lesson).cells if c.id == f"check_{exercise.name}"]

            assert exercise.steps[-1][1] == cell.metadata.nbgrader.points
            assert sorted(exercise.steps) == list(exercise.steps)
