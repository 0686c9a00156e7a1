"""The same grades in PostgreSQL as in SQLite."""

from datetime import UTC, datetime, timedelta

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from autograder.grading.gradebook.record import Record, RecordError
from autograder.grading.gradebook.settings import read_course
from autograder.grading.outcome import FAILED, Graded
from tests.support.classroom import FILE, LESSON, gradebook_rows, graded, make_course, release_rows, sqlite
from tests.support.postgres import postgres, postgres_server  # noqa: F401 (fixtures)

pytestmark = pytest.mark.slow

NAMES = ("linear", "gelu", "softmax", "cross_entropy", "embedding", "layer_norm", "dropout")
CLASS = [graded(f"Zoë {n}", wrong=NAMES[: n % 8], stubs=NAMES[7 - n % 3 :] * (n % 8 == 0)) for n in range(48)]
CLASS += [Graded(f"corrupt {n}", LESSON, FAILED, {}, warnings=("the file is no notebook",)) for n in range(2)]
NOON = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)


def record_class(course):
    with Record(course) as record:
        record.prepare(LESSON)
        for n, each in enumerate(CLASS):
            record.save(each, NOON + timedelta(minutes=n) if n % 2 else None)


@pytest.fixture
def courses(postgres, tmp_path, monkeypatch):  # noqa: F811
    """Two courses in which the same class was recorded; the environment is left as the second, PostgreSQL's."""
    first, second = make_course(tmp_path / "sqlite"), make_course(tmp_path / "postgres")
    record_class(first)
    monkeypatch.setenv("COURSE_DB_URL", postgres)
    record_class(second)
    return first, second


def test_a_class_is_recorded_in_postgresql_as_in_sqlite(courses, postgres):  # noqa: F811
    first, second = courses
    rows = gradebook_rows(postgres)

    assert not (second / "autograder" / "gradebook.db").exists()
    assert release_rows(postgres) == release_rows(sqlite(first))
    assert rows == gradebook_rows(sqlite(first))
    assert len(rows) == len(CLASS) * (2 + 2 * 8 + 8)

    record_class(second)
    assert gradebook_rows(postgres) == rows


def test_persons_grades_stay_and_feedback_shows_them(courses, postgres):  # noqa: F811
    _, course = courses
    with Gradebook(postgres) as gradebook:
        gradebook.find_grade("check_softmax", LESSON, LESSON, "Zoë 7").manual_score = 2
        gradebook.db.commit()
    record_class(course)
    application = read_course(course)
    made = NbGraderAPI(application.coursedir, parent=application).generate_feedback(LESSON, "Zoë 7")

    assert made["success"], made
    page = course / "autograder" / "feedback" / "Zoë 7" / LESSON / FILE.replace("ipynb", "html")
    assert "<small>2 of 14 points</small>" in page.read_text(encoding="utf-8")


def test_a_server_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DB_URL", f"postgresql+psycopg2:///course?host={tmp_path}")
    course = make_course(tmp_path / "course")
    with pytest.raises(
        RecordError, match=r"(?s)The gradebook could not be opened: .*COURSE_DB_URL, and run this again"
    ):
        Record(course)
