"""Part of the points for a wrong answer: off, until one setting says otherwise, and then the same by either command."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from autograder.grading.harmless import harmless_text
from autograder.grading.outcome import ExerciseGrade
from autograder.grading.outputs import check_output
from benchmarks.students import LESSON, WRONG, hand_in, new_course, notebook, solutions
from tests.support.classroom import checks, gradebook_rows, graded, release, sqlite

SETTING = "# c.GradingExporter.partial = True"
OVERFLOWS = nbformat.writes(notebook({**solutions(), "softmax": WRONG["softmax-overflow"][1]})).encode()


def of_softmax(course):
    with Gradebook(sqlite(course)) as gradebook:
        return gradebook.find_grade("check_softmax", LESSON, LESSON, "ann").score


def command(course, *arguments):
    env = {**os.environ, "JUPYTER_CONFIG_DIR": str(course / "home"), "HOME": str(course / "home")}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=course, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def course(tmp_path):
    course = new_course(tmp_path / "course")
    hand_in(course, {"ann": OVERFLOWS})
    return course


def test_one_setting_gives_points_for_the_parts_that_are_right_and_both_commands_agree(course):
    grade = "-c", "from autograder.cli import app; app()", "grade", "7"
    run = [sys.executable, *grade]
    subprocess.run(run, cwd=course, capture_output=True, check=True)
    before = of_softmax(course)
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text().replace(SETTING, SETTING.removeprefix("# ")))
    subprocess.run(run, cwd=course, capture_output=True, check=True)
    rows = gradebook_rows(sqlite(course))

    command(course, "nbgrader", "autograde", LESSON, "--force")

    assert before == 0
    assert of_softmax(course) == 2.25
    assert gradebook_rows(sqlite(course)) == rows
    page = (course / "autograder" / "autograded" / "ann" / LESSON / f"{LESSON}.ipynb").read_text(encoding="utf-8")
    assert "2.25 of 3 points: value right, gradient right, dtype right, edge wrong." in page


def test_what_nbgrader_reads_from_a_check_are_these_points_also_when_it_was_made_harmless():
    paper = nbformat.reads(graded("ann").notebook, as_version=4)
    check = checks(paper)["softmax"]
    check.outputs = check_output(ExerciseGrade(2.25, 3, "wrong", "softmax: overflows."))

    safe = nbformat.reads(harmless_text(nbformat.writes(paper), release()), as_version=4)

    assert determine_grade(checks(safe)["softmax"]) == (2.25, 3)


def test_a_number_that_a_students_cell_shows_is_nobodys_points():
    paper = nbformat.reads(graded("ann").notebook, as_version=4)
    answer = next(cell for cell in paper.cells if cell.id == "softmax")
    answer.outputs = check_output(ExerciseGrade(2.25, 3, "wrong", "softmax: overflows."))

    safe = nbformat.reads(harmless_text(nbformat.writes(paper), release()), as_version=4)

    outputs = next(cell for cell in safe.cells if cell.id == "softmax").outputs
    assert "execute_result" not in {output.output_type for output in outputs}
