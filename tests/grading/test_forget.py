"""`course forget`: nothing is left of a student in what the course keeps, and all is left of the others."""

import json
import os
import shutil
import stat

import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash
from sqlalchemy import text
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading.forget import find
from autograder.grading.gradebook.record import Record
from autograder.grading.people.book import ANYWHERE, Book, Identity
from autograder.notebooks.course import CourseError
from tests.support.classroom import FILE, LESSON, gradebook_rows, graded, make_course, sqlite

DEADLINES = f"""\
zone = "Europe/Berlin"

[{LESSON}]
due = 2026-03-01T23:59:00                   # of all

[{LESSON}.students]
ann = {{ due = 2026-03-08T23:59:00 }}         # an extension
"ann.b" = {{ status = "excused" }}
annika = {{ status = "excused" }}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course with three students whose names begin alike, and all that there may be of them."""
    course = make_course(tmp_path_factory.mktemp("forget") / "course")
    (course / "course_utils").mkdir()
    book = Book(course)
    with Record(course) as record:
        record.prepare(LESSON)
        for student in ("ann", "ann.b", "annika"):
            book.give(student, Identity(ANYWHERE, student, f"{student.title()} Lovelace"))
            folder = course / "autograder" / "submitted" / student / LESSON
            (course / "autograder" / "submitted" / student / ".replaced" / LESSON / "older").mkdir(parents=True)
            folder.mkdir()
            (folder / FILE).write_text(student)
            (folder / "submission_secret.txt").write_text(f"secret-{student}")
            page = course / "autograder" / "feedback" / student / LESSON / f"{LESSON}.html"
            page.parent.mkdir(parents=True)
            page.write_text(student)
            result = course / "autograder" / "results" / LESSON / f"{student}.json"
            result.parent.mkdir(parents=True, exist_ok=True)
            result.write_text("{}")
            exchange = course / "autograder" / "exchange" / "pytorch-course"
            (exchange / "inbound" / f"{student}+{LESSON}+2026-01-01 00:00:00 UTC+x").mkdir(parents=True)
            (exchange / "feedback").mkdir(exist_ok=True)
            released = notebook_hash(secret=f"secret-{student}", notebook_id=LESSON)
            (exchange / "feedback" / f"{released}.html").write_text(student)
            record.save(graded(student, wrong=["softmax"]))
    report = course / "autograder" / "reports" / LESSON / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("ann")
    book.save()
    (course / "autograder" / "deadlines.toml").write_text(DEADLINES)
    (course / "autograder" / "results" / LESSON / "seed").write_text("1\n")
    return course


@pytest.fixture
def course(made, tmp_path, monkeypatch):
    course = tmp_path / "course"
    shutil.copytree(made, course, symlinks=True)
    monkeypatch.chdir(course)
    monkeypatch.setenv("COURSE_EXCHANGE", str(course / "autograder" / "exchange"))
    return course


def run(*arguments, **options):
    return CliRunner().invoke(app, ["forget", *arguments], **options)


def paths_of(course, student):
    """What is called after the student."""
    return {path for path in course.rglob("*") if path.name.split("+")[0].removesuffix(".json") == student}


def test_nothing_of_the_student_is_left_and_the_others_are_as_they_were(course):
    others = [row for row in gradebook_rows(sqlite(course)) if row[0] != "ann"]

    result = run("ann", "--yes", "--nbgrader")

    assert result.exit_code == 0, result.output
    assert paths_of(course, "ann") == set()
    assert not (course / "autograder" / "reports").exists()
    assert len(paths_of(course, "annika")) == len(paths_of(course, "ann.b")) == 5
    assert list(Book(course).people) == ["ann.b", "annika"]
    assert (course / "autograder" / "deadlines.toml").read_text() == "".join(
        line for line in DEADLINES.splitlines(keepends=True) if not line.startswith("ann =")
    )
    assert gradebook_rows(sqlite(course)) == others
    pages = [page.read_text() for page in course.glob("autograder/exchange/*/feedback/*")]
    assert sorted(pages) == ["ann.b", "annika"]
    with pytest.raises(CourseError, match="Nothing is known of ann"):
        find(course, "ann")


def test_the_courses_own_memory_of_grades_goes_with_them(course):
    with Gradebook(sqlite(course)) as gradebook:
        before = gradebook.db.execute(text("SELECT count(*) FROM course_memory")).scalar()

    run("ann", "--yes", "--nbgrader")

    with Gradebook(sqlite(course)) as gradebook:
        after = gradebook.db.execute(text("SELECT count(*) FROM course_memory")).scalar()
    assert 0 < after == before * 2 // 3


def test_the_notes_on_feedback_pages_name_the_student_no_more(course):
    notes = course / "autograder" / "results" / LESSON / "pages"
    notes.write_text(json.dumps({"ann": ["x", "y"], "ann.b": ["x", "z"]}))

    result = run("ann", "--yes", "--nbgrader")

    assert f"autograder/results/{LESSON}/pages: the entry ann" in result.output
    assert json.loads(notes.read_text()) == {"ann.b": ["x", "z"]}
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600


@pytest.mark.parametrize("options", [["--nbgrader"], []])
def test_what_ngshare_has_is_said_to_be_still_there(course, monkeypatch, options):
    monkeypatch.setenv("USER", "teacher")
    monkeypatch.setenv("COURSE_EXCHANGE", "https://hub.example.org/services/ngshare")

    result = run("ann", "--yes", *options)

    assert result.exit_code == 1
    said = " ".join(result.output.partition("Still there:")[2].split())
    assert "nbgrader's exchange, ngshare: it has what ann handed in by it." in said


def test_a_file_with_deadlines_that_cannot_be_read_stops_it_before_anything_is_removed(course):
    before = paths_of(course, "ann")
    (course / "autograder" / "deadlines.toml").write_text(f"{DEADLINES}\nann = {{ due = \n")

    result = run("ann", "--yes", "--nbgrader")

    assert result.exit_code == 2
    assert "autograder/deadlines.toml cannot be read" in " ".join(result.output.split())
    assert paths_of(course, "ann") == before


def test_without_the_option_nbgrader_keeps_the_grades_and_it_is_said_where(course):
    before = gradebook_rows(sqlite(course))

    result = run("ann.b", "--yes")

    assert result.exit_code == 1
    assert gradebook_rows(sqlite(course)) == before
    said = " ".join(result.output.partition("Still there:")[2].split())
    assert "nbgrader's gradebook: the student, and 1 submission with" in said
    assert f"inbound/ann.b+{LESSON}" in said
    assert "course forget ann.b --nbgrader" in said
    assert '"ann.b"' not in (course / "autograder" / "deadlines.toml").read_text()


def test_it_asks_first_and_nothing_is_gone_when_the_answer_is_no(course):
    before = paths_of(course, "ann")

    result = run("ann", input="n\n")

    assert result.exit_code == 1
    assert "autograder/submitted/ann/" in result.output
    assert paths_of(course, "ann") == before
    assert "ann" in Book(course).people


def test_a_link_is_removed_and_not_what_it_leads_to(course, tmp_path):
    folder = course / "autograder" / "submitted" / "ann"
    shutil.rmtree(folder)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("stays")
    os.symlink(tmp_path / "elsewhere", folder)

    run("ann", "--yes")

    assert not folder.is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_text() == "stays"


@pytest.mark.parametrize("student", ["..", ".", "a/b", ""])
def test_what_is_no_id_is_refused(course, student):
    assert run(student, "--yes").exit_code == 2
    assert paths_of(course, "ann")


def test_who_is_not_known_is_an_error_that_names_who_may_be_meant(course):
    result = run("Annika Lovelace", "--yes")

    assert result.exit_code == 2
    assert "Is annika meant?" in " ".join(result.output.split())


def test_a_deadline_that_is_written_otherwise_is_taken_out_or_named(course):
    path = course / "autograder" / "deadlines.toml"
    path.write_text(f"[{LESSON}.students.ann]\nstatus = 'excused'\n\n[{LESSON}.students.annika]\nstatus = 'excused'\n")
    run("ann", "--yes")
    assert path.read_text() == f"[{LESSON}.students.annika]\nstatus = 'excused'\n"

    path.write_text(f"[{LESSON}]\nstudents = {{ annika = {{ status = 'excused' }} }}\n")
    result = run("annika", "--yes")
    assert result.exit_code == 1
    assert "deadlines.toml names annika" in result.output
