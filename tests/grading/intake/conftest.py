import pytest

from tests.support.handed_in import make_course


@pytest.fixture
def course(tmp_path):
    """A course with two lessons, each with one exercise."""
    return make_course(tmp_path / "course")
