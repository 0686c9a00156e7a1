"""`course export feedback.zip`: each page under the name by which Moodle or Canvas knows whose it is."""

import json
import os
import stat
import zipfile
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from autograder.grading.collect.intake import collect
from autograder.grading.export.command import export
from autograder.grading.feedback.pages import write_feedback
from autograder.grading.gradebook.record import Record
from autograder.grading.people.book import Book, Identity
from autograder.notebooks.course import CourseError
from tests.support.classroom import LESSON, graded, make_course, sqlite
from tests.support.handed_in import notebook, zipped

MOODLE = {
    "Zoë OBrien_17_assignsubmission_file_/07_layers.ipynb": "Zoe_OBrien",
    "王小明_18_assignsubmission_file_/07_layers.ipynb": None,
    "Wei Zhang_19_assignsubmission_file_/07_layers.ipynb": None,
    "Wei Zhang_20_assignsubmission_file_/07_layers.ipynb": None,
}
CANVAS = {
    "obrienzoë_17_345_07_layers.ipynb": None,
    "zhangwei_LATE_18_346_07_layers-1.ipynb": None,
    "zhangwei_19_347_my lesson.ipynb": None,
}


def made(folder, files, others=None):
    """A course that collected these files and graded who handed them in: by file, the student."""
    course = make_course(folder / "course")
    data = {name: notebook(f"{i}") for i, name in enumerate(files)} | (others or {})
    collect([zipped(folder / "export.zip", data)], course, lesson=LESSON)
    students = {person.submissions[LESSON].file: person.student for person in Book(course)}
    with Record(course) as record:
        record.prepare(LESSON)
        for student in students.values():
            record.save(graded(student))
    write_feedback(course, LESSON, students.values())
    return course, students


@pytest.fixture(scope="module")
def moodle(tmp_path_factory):
    return made(tmp_path_factory.mktemp("moodle"), MOODLE)


@pytest.fixture(scope="module")
def canvas(tmp_path_factory):
    return made(tmp_path_factory.mktemp("canvas"), CANVAS)


def exported(course, platform):
    file = course / f"{platform}.zip"
    file.unlink(missing_ok=True)
    done = export(course, file, platform, ["7"], None, (), {}, False)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}, done


def moodles_import(path):
    """Whose a file is and how it is called there, as importziplib.php of Moodle 4.1 and later reads it."""
    parts = path.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) >= 4 and info[1].isdigit() and info[2:4] == ["assignsubmission", "file"]:
            return int(info[1]), "/".join([*info[4:], *parts]).lstrip("/")
    return None


def canvass_import(name):
    """Whose a file is, by user and attachment, as infer_comment_context_from_filename in Canvas's source reads it."""
    return tuple(int(part) for part in name.split("_") if part.isdigit())[:2]


def test_moodle_finds_each_participant_by_the_number_of_the_submission(moodle):
    course, students = moodle

    files, done = exported(course, "moodle")

    number = {student: int(file.split("_")[1]) for file, student in students.items()}
    read = {moodles_import(name): page for name, page in files.items()}
    assert read.keys() == {(each, "07_layers.html") for each in (17, 18, 19, 20)}
    pages = {number[student]: course / f"autograder/feedback/{student}/{LESSON}/{LESSON}.html" for student in number}
    assert all(page == pages[who].read_text(encoding="utf-8") for (who, _), page in read.items())
    assert done.left == 0
    assert done.sentences == [f"07_layers: the feedback of 4 in {course / 'moodle.zip'}."]


def test_grades_find_the_participants_by_the_same_numbers_without_a_roster(moodle):
    course, students = moodle
    worksheet = "Identifier,Full name,Status,Grade,Maximum Grade,Last modified (grade)\n"
    worksheet += "".join(f"Participant {n},Wei Zhang,Submitted,,14.00,-\n" for n in (19, 21, 20))
    (course / "their.csv").write_text(worksheet, encoding="utf-8")

    done = export(course, course / "grades.csv", "moodle", [], course / "their.csv", (), {}, False)

    lines = (course / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[3] for line in lines] == ["Grade", "14", "", "14"]
    assert done.left == len(students) - 2


def test_names_are_kept_as_moodle_wrote_them(moodle):
    files, _ = exported(moodle[0], "moodle")

    assert sorted(files) == sorted(file.replace(".ipynb", ".html") for file in MOODLE)


def test_canvas_gets_the_names_of_the_submissions_and_a_notebook_under_them(canvas):
    course, _ = canvas

    files, done = exported(course, "canvas")

    assert sorted(files) == sorted(CANVAS)
    assert {canvass_import(name) for name in files} == {(17, 345), (18, 346), (19, 347)}
    first = json.loads(files["zhangwei_19_347_my lesson.ipynb"])["cells"][0]
    assert "# 07_layers: 14 of 14 points" in first["source"]
    assert "| softmax | 3 / 3 |" in first["source"]
    assert done.left == 0


@pytest.mark.parametrize(
    "file",
    [
        "ada_1_2_work.zip/evil_19_348_07_layers.ipynb",
        "submissions/ada_1_2_work.zip/inner.zip/evil_19_348_07_layers.ipynb",
        "ada_1_2_work.zip/ada_1_2_07_layers.ipynb",
        "evil_19_348_07_layers.ipynb",
    ],
)
def test_a_name_that_a_student_chose_addresses_nobody_on_canvas(canvas, file):
    course, students = canvas
    book = Book(course)
    person = book.people[students["obrienzoë_17_345_07_layers.ipynb"]]
    kept = person.submissions[LESSON]
    person.submissions[LESSON] = replace(kept, id="1", file=file)
    book.save()

    files, done = exported(course, "canvas")

    person.submissions[LESSON] = kept
    book.save()
    assert set(files) == set(CANVAS) - {"obrienzoë_17_345_07_layers.ipynb"}
    assert done.left == 1
    assert "inside an archive, so Canvas's own name of the file cannot be given back" in done.sentences[1]


def test_what_comes_out_of_an_archive_on_canvas_keeps_to_its_sender(tmp_path):
    inner = zipped(tmp_path / "work.zip", {"evil_999_888_07_layers.ipynb": notebook("ada's")}).read_bytes()
    course, students = made(tmp_path, {"eve_3_4_07_layers.ipynb": None}, {"ada_1_2_work.zip": inner})

    files, done = exported(course, "canvas")

    assert len(students) == 2
    assert set(files) == {"eve_3_4_07_layers.ipynb"}
    assert done.left == 1


def test_only_a_page_that_is_as_it_would_be_now_goes_out(moodle):
    course, students = moodle
    pages = {student: course / f"autograder/feedback/{student}/{LESSON}/{LESSON}.html" for student in students.values()}
    for page in pages.values():
        os.utime(page, (1, 1))  # what a copy or a backup does says nothing of what is in it
    assert len(exported(course, "moodle")[0]) == 4

    commented = next(iter(pages))
    with Gradebook(sqlite(course)) as gradebook:
        gradebook.find_comment("softmax", LESSON, LESSON, commented).manual_comment = "See section 3."
        gradebook.db.commit()
    files, done = exported(course, "moodle")
    write_feedback(course, LESSON, pages)

    assert (len(files), done.left) == (3, 1)
    assert "the page is not what it would be now; `course grade LESSON --feedback` writes it anew" in done.sentences[1]
    assert any("See section 3." in page for page in exported(course, "moodle")[0].values())


def test_who_has_no_number_or_no_page_is_left_and_the_others_are_not(moodle):
    course, students = moodle
    one, two = sorted(students.values())[:2]
    page = course / f"autograder/feedback/{one}/{LESSON}/{LESSON}.html"
    before, book = page.read_bytes(), Book(course)
    kept = book.people.pop(two)
    book.save()
    page.unlink()

    files, done = exported(course, "moodle")

    page.write_bytes(before)
    book.people[two] = kept
    book.save()
    assert len(files) == 2
    assert done.left == 2
    assert "there is no feedback page; `course grade LESSON --feedback` writes it" in done.sentences[1]


def test_a_grading_worksheet_says_the_number_of_who_handed_in_by_mail(moodle):
    course, students = moodle
    student = students["王小明_18_assignsubmission_file_/07_layers.ipynb"]
    book = Book(course)
    person = book.people[student]
    kept = person.submissions.pop(LESSON), list(person.identities)
    person.first_name, person.last_name, person.identities = (
        "Ann_Marie",
        "O'Hara",
        [Identity("Moodle", "33", "", LESSON)],
    )
    book.save()

    files, _ = exported(course, "moodle")

    person.submissions[LESSON], person.identities = kept
    person.first_name = person.last_name = ""
    book.save()
    assert (33, "07_layers.html") in {moodles_import(name) for name in files}


def test_a_zip_with_feedback_is_for_nobody_else(canvas):
    exported(canvas[0], "canvas")

    assert stat.S_IMODE((canvas[0] / "canvas.zip").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("platform", "lessons", "message"),
    [("brightspace", ["7"], "no feedback in bulk"), ("moodle", [], "Feedback is of one lesson")],
)
def test_what_cannot_be_says_why(moodle, platform, lessons, message):
    with pytest.raises(CourseError, match=message):
        export(moodle[0], moodle[0] / "x.zip", platform, lessons, None, (), {}, False)
