"""Which lessons there are, and which one a person means."""

import pytest

from autograder.notebooks.course import CourseError, meant_lesson, released_lessons
from tests.support import ROOT


def test_the_clinic_is_a_lesson_without_a_number_after_all_others():
    lessons = released_lessons(ROOT)

    assert lessons[-1] == "clinic"
    assert [name[:2] for name in lessons[:-1]] == [f"{n:02}" for n in range(1, len(lessons))]


def test_a_folder_that_is_neither_numbered_nor_the_clinic_is_no_lesson(tmp_path):
    for name in ("clinic", "07_layers", "clinics", "notes", ".ipynb_checkpoints"):
        (tmp_path / "lessons" / name).mkdir(parents=True)

    assert released_lessons(tmp_path) == ["07_layers", "clinic"]


@pytest.mark.parametrize("name", ["clinic", "Clinic", "clin", "work/clinic/", "work/clinic/clinic.ipynb"])
def test_the_clinic_can_be_named_like_any_lesson(name):
    assert meant_lesson(name, released_lessons(ROOT)) == "clinic"


def test_a_misspelt_clinic_is_refused_and_named():
    with pytest.raises(CourseError, match=r"^There is no lesson clinik\. Did you mean: clinic\?$"):
        meant_lesson("clinik", released_lessons(ROOT))
