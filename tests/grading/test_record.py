"""Grades as they are recorded: what nbgrader itself would write, whole, once, and never over a person's."""

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from autograder.grading.grade import finish, prepare
from autograder.grading.gradebook import record as module
from autograder.grading.gradebook.record import PaperNotRecorded, Record, RecordError
from autograder.grading.gradebook.settings import open_gradebook, read_course
from autograder.grading.outcome import ERROR, FAILED, WARNED, ExerciseGrade, Graded
from autograder.grading.outputs import check_output, clean
from autograder.grading.paper import Paper
from autograder.judge import Verdict
from tests.support import ROOT
from tests.support.classroom import (
    FILE,
    LESSON,
    checks,
    gradebook_rows,
    graded,
    make_course,
    release,
    release_rows,
    set_points,
    sqlite,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
CLASS = [
    graded("all_right"),
    graded("some_wrong", wrong=["softmax", "dropout"]),
    graded("some_open", stubs=["linear", "gelu", "why_dropout_scales"]),
    graded("Zoë O'Neil; DROP TABLE grade"),
    Graded("corrupt", LESSON, FAILED, {}, warnings=("the file is no notebook",)),
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A course with a gradebook that has the lesson in it: nbgrader takes seconds to make one."""
    course = make_course(tmp_path_factory.mktemp("prepared") / "course")
    with Record(course) as record:
        record.prepare(LESSON)
    return course


@pytest.fixture
def course(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "course")


@pytest.fixture
def record(course):
    with Record(course) as record:
        record.prepare(LESSON)
        yield record


def paper(course, student):
    return course / "autograder" / "autograded" / student / LESSON / FILE


def auto_scores(course, student):
    with Gradebook(sqlite(course)) as gradebook:
        (notebook,) = gradebook.find_submission(LESSON, student).notebooks
        return {grade.name: grade.auto_score for grade in notebook.grades}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_lesson_is_put_into_the_gradebook_as_generate_assignment_does(prepared, tmp_path):
    nbgraders = make_course(tmp_path / "nbgraders")
    application = read_course(nbgraders)
    open_gradebook(application.coursedir).close()
    assert NbGraderAPI(application.coursedir, parent=application).generate_assignment(LESSON)["success"]

    assert release_rows(sqlite(prepared)) == release_rows(sqlite(nbgraders))
    assert contents(prepared / "lessons") == contents(nbgraders / "lessons")


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_what_is_recorded_is_what_nbgraders_own_steps_write(course, tmp_path):
    set_points(course, why_dropout_scales=2)  # what is worth no points nbgrader would have read, and we wouldn't
    with Record(course) as record:
        record.prepare(LESSON)
        nbgraders = shutil.copytree(course, tmp_path / "nbgraders")
        for each in CLASS:
            record.save(each, NOON)

    for each in CLASS:
        where = {"student": each.student, "assignment": LESSON, "notebook": LESSON, "db_url": sqlite(nbgraders)}
        with Gradebook(sqlite(nbgraders)) as gradebook:
            gradebook.update_or_create_student(each.student)
            gradebook.update_or_create_submission(LESSON, each.student, timestamp=NOON)
        notebook = nbformat.read(paper(course, each.student), as_version=4)
        SaveAutoGrades().preprocess(notebook, {"nbgrader": where})
        AssignLatePenalties().preprocess(notebook, {"nbgrader": where})

    assert gradebook_rows(sqlite(course)) == gradebook_rows(sqlite(nbgraders))
    assert len(gradebook_rows(sqlite(course))) == len(CLASS) * (2 + 2 * 8 + 8)


def test_a_submission_that_could_not_be_run_gets_nothing_and_its_notebook_says_why(course, record):
    record.save(Graded("eve", LESSON, FAILED, {}, warnings=("no <script>notebook</script>", "2nd cause")))
    notebook = nbformat.read(paper(course, "eve"), as_version=4)

    nbformat.validate(notebook)
    assert set(auto_scores(course, "eve").values()) == {0}
    assert notebook.cells[0].source.endswith("    no <script>notebook</script>\n    2nd cause")
    assert [cell.id for cell in notebook.cells[1:]] == [cell.id for cell in release().cells]


def test_the_notebook_is_read_only_and_its_time_is_beside_it(course, record):
    record.save(CLASS[0], NOON)
    path = paper(course, "all_right")

    assert path.read_text(encoding="utf-8") == CLASS[0].notebook
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.with_name("timestamp.txt").read_text() == "2026-03-01 12:00:00.000250 UTC"
    assert sorted(entry.name for entry in path.parent.iterdir()) == [FILE, "timestamp.txt"]


def test_formgrader_lists_a_recorded_submission_as_autograded(course, record):
    submitted = course / "autograder" / "submitted" / "all_right" / LESSON
    submitted.mkdir(parents=True)
    (submitted / FILE).write_text(CLASS[0].notebook, encoding="utf-8")
    (submitted / "timestamp.txt").write_text("2026-03-01 12:00:00.000250 UTC")
    record.save(CLASS[0], NOON)
    application = read_course(course)

    assert NbGraderAPI(application.coursedir, parent=application).get_autograded_students(LESSON) == {"all_right"}


def test_recording_the_same_again_changes_nothing(course, record):
    for each in CLASS:
        record.save(each, NOON)
    rows, files = gradebook_rows(sqlite(course)), contents(course / "autograder" / "autograded")
    times = [path.stat().st_mtime_ns for path in (course / "autograder" / "autograded").rglob("*")]
    for each in CLASS:
        record.save(each, NOON)

    assert gradebook_rows(sqlite(course)) == rows
    assert contents(course / "autograder" / "autograded") == files
    assert [path.stat().st_mtime_ns for path in (course / "autograder" / "autograded").rglob("*")] == times


def test_a_new_grade_takes_the_place_of_the_old_one(course, record):
    record.save(graded("ann", wrong=["softmax"]))
    record.save(graded("ann", wrong=["gelu"]))

    assert [name for name, score in auto_scores(course, "ann").items() if score == 0] == ["check_gelu"]
    assert checks(nbformat.read(paper(course, "ann"), as_version=4))["gelu"].outputs[0].ename == "CheckFailed"


def test_what_a_person_gave_stays_and_asks_for_another_look(course, record):
    record.save(graded("ann", wrong=["softmax"]))
    with Gradebook(sqlite(course)) as gradebook:
        grade = gradebook.find_grade("check_softmax", LESSON, LESSON, "ann")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2, 0.5, False
        gradebook.find_comment("softmax", LESSON, LESSON, "ann").manual_comment = "Nearly."
        gradebook.db.commit()
    record.save(graded("ann"))

    with Gradebook(sqlite(course)) as gradebook:
        grade = gradebook.find_grade("check_softmax", LESSON, LESSON, "ann")
        comment = gradebook.find_comment("softmax", LESSON, LESSON, "ann")

        assert (grade.auto_score, grade.manual_score, grade.extra_credit, grade.score) == (3, 2, 0.5, 2.5)
        assert grade.needs_manual_grade
        assert comment.comment == "Nearly."


def test_points_follow_the_release_and_other_cells_are_refused_once_somebody_was_graded(course, record):
    record.save(CLASS[0])
    path = course / "lessons" / LESSON / FILE
    notebook = release()
    checks(notebook)["softmax"].metadata.nbgrader.points = 5
    nbformat.write(notebook, path)
    record.prepare(LESSON)
    with Gradebook(sqlite(course)) as gradebook:
        assert gradebook.find_grade_cell("check_softmax", LESSON, LESSON).max_score == 5

    notebook.cells.remove(checks(notebook)["softmax"])
    nbformat.write(notebook, path)
    with pytest.raises(RecordError, match=r"Cannot add or remove cells .* start a new gradebook"):
        record.prepare(LESSON)


def test_a_lesson_that_does_not_exist_is_named(course, record):
    with pytest.raises(RecordError, match=r"There is no lesson 77_none: .*77_none\.ipynb is missing\. Name a folder"):
        record.prepare("77_none")


def test_an_error_on_our_side_is_no_grade(record):
    with pytest.raises(ValueError, match="has no grade: no sandbox"):
        record.save(Graded("ann", LESSON, ERROR, {}, warnings=("no sandbox",)))


@pytest.mark.parametrize("student", ["", ".", "..", "../../lessons", "a\\b"])
def test_a_students_name_cannot_lead_out_of_the_folder(course, record, student):
    before = contents(course)
    with pytest.raises(RecordError, match="a student's name is the name of a folder"):
        record.save(Graded(student, LESSON, FAILED, {}, warnings=("x",)))

    assert {path: content for path, content in contents(course).items() if "gradebook" not in path.name} == {
        path: content for path, content in before.items() if "gradebook" not in path.name
    }


def test_a_locked_gradebook_is_waited_for(course, record):
    code = (
        "import sqlite3, sys, time\n"
        "held = sqlite3.connect(sys.argv[1])\n"
        "held.execute('BEGIN IMMEDIATE')\n"
        "print('held', flush=True)\n"
        "time.sleep(6)"
    )
    with subprocess.Popen([sys.executable, "-c", code, course / "autograder/gradebook.db"], stdout=-1) as holder:
        holder.stdout.readline()
        started = time.monotonic()
        record.save(CLASS[0])

    assert time.monotonic() - started > 5
    assert auto_scores(course, "all_right")["check_softmax"] == 3


def test_a_gradebook_that_stays_locked_is_an_error_and_loses_nothing(course, record, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 1)
    record.save(graded("ann", wrong=["softmax"]))
    before = gradebook_rows(sqlite(course))
    other = sqlite3.connect(course / "autograder" / "gradebook.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordError, match=r"ann's 07_layers was not recorded: database is locked, .* Close what holds"):
        record.save(graded("ann"))
    other.rollback()
    other.close()

    assert gradebook_rows(sqlite(course)) == before
    record.save(graded("ann"))
    assert auto_scores(course, "ann")["check_softmax"] == 3


def test_a_full_disk_is_an_error_and_leaves_what_was_there(course, record, monkeypatch):
    record.save(graded("ann", wrong=["softmax"]))
    rows, files = gradebook_rows(sqlite(course)), contents(course / "autograder" / "autograded")

    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(RecordError, match=r"No space left on device\. Make room on the disk"):
            record.save(graded("ann"))

    assert (gradebook_rows(sqlite(course)), contents(course / "autograder" / "autograded")) == (rows, files)


def test_a_database_that_has_no_room_is_an_error(course, record):
    with record._gradebook.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes the size that it has

    def save_many():
        for number in range(200):
            record.save(graded(f"s{number}"))

    with pytest.raises(RecordError, match=r"disk is full\. Make room on the disk"):
        save_many()


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.support.classroom import LESSON, graded
from autograder.grading.gradebook.record import Record
record = Record(Path(sys.argv[1]))
record.prepare(LESSON)
record.save(graded("ann", wrong=["softmax"]))
print("begun", flush=True)
while True:
    for wrong in (["softmax"], ["gelu"]):
        record.save(graded("ann", wrong=wrong))
"""


def test_a_kill_leaves_the_old_grades_or_the_new_ones(course):
    command = [sys.executable, "-c", KILLED, str(course), str(ROOT)]
    seen = set()
    for wait in (0.0, 0.11, 0.23, 0.31):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        seen.add(tuple(name for name, score in auto_scores(course, "ann").items() if score == 0))
        json.loads(paper(course, "ann").read_text(encoding="utf-8"))

    assert seen
    assert seen <= {("check_softmax",), ("check_gelu",)}


def test_a_recorded_gradebook_is_one_file(course, record):
    record.save(CLASS[0])
    record.close()

    assert sorted(path.name for path in (course / "autograder").iterdir()) == ["autograded", "gradebook.db"]


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def test_of_outputs_text_and_png_are_kept():
    data = {"text/html": "<script>", "text/plain": "\x1b[31mred\x1b[0m", "image/svg+xml": "<svg/>", "image/png": PNG}
    kept = clean([{"output_type": "execute_result", "data": data, "metadata": {"image/png": {"width": '"'}}}])

    assert kept == [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": "red", "image/png": PNG}}]


@pytest.mark.parametrize("image", [PNG + '" onerror="alert(1)', "PHN2Zz4=", "", 7, PNG * 40_000])
def test_what_is_no_png_is_dropped(image):
    assert clean([{"output_type": "display_data", "data": {"image/png": image}}]) == []


def test_long_outputs_are_cut_and_say_so_and_cleaning_again_changes_nothing():
    outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * 10_000_000}]
    outputs += [{"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}] * 1000
    kept = clean(outputs)

    assert kept[0].text.endswith("x\n[cut: 10,000,000 characters, of which at most 10,000 are shown]")
    assert len(kept[0].text) == 10_000
    assert len(kept) == 50
    assert kept[-1].text == "[952 more outputs were cut]\n"
    assert clean(kept) == kept


def test_a_message_is_shown_in_the_checks_cell_as_check_itself_shows_it():
    (passed,) = check_output(ExerciseGrade(3, 3, "passed", "softmax: passed 96 calls."))
    (failed,) = check_output(ExerciseGrade(0, 3, "wrong", "softmax: the rows sum to 2.\n  Which dim?"))

    assert (passed.name, passed.text) == ("stdout", "softmax: passed 96 calls.\n")
    assert failed.ename == "CheckFailed"
    assert failed.evalue == "softmax: the rows sum to 2.\n  Which dim?"
    assert failed.traceback == ["CheckFailed: softmax: the rows sum to 2.", "  Which dim?"]


def test_what_stands_in_the_way_of_one_student_is_told_as_that(course, record):
    folder = course / "autograder" / "autograded"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ann").write_text("no folder")

    with pytest.raises(PaperNotRecorded, match=r"ann's .* was not recorded.*out of the way"):
        record.save(graded("ann"))
    record.save(graded("bob"))

    assert paper(course, "bob").exists()


def test_an_answer_below_its_question_and_its_picture_reach_the_person_who_grades(course, record):
    question, notebook = "why_dropout_scales", release()
    drawn = {"1-2.png": {"image/png": PNG}, "x.html": {"text/html": "<script>"}}
    answer = new_markdown_cell("As ![this](attachment:1-2.png) shows: the mean.", id="own", attachments=drawn)
    notebook.cells.insert([cell.id for cell in notebook.cells].index(question) + 1, answer)
    data, lesson = (nbformat.writes(each).encode() for each in (notebook, release()))
    paper = Paper("ann", LESSON, data, lesson, seed=0)
    verdicts = {name: Verdict(False, "not attempted", f"{name}: not attempted yet.") for name in checks(notebook)}
    result = finish(paper, prepare(paper), verdicts, {}, (), {})
    record.save(result)

    assert result.outcome == WARNED
    assert result.warnings == (f"{question}: answered in a new cell below it, which was put in its place.",)
    with Gradebook(sqlite(course)) as gradebook:
        assert gradebook.find_grade(question, LESSON, LESSON, "ann").auto_score is None
        assert gradebook.find_comment(question, LESSON, LESSON, "ann").comment is None
    recorded = nbformat.read(course / "autograder" / "autograded" / "ann" / LESSON / FILE, as_version=4)
    shown = next(cell for cell in recorded.cells if cell.id == question)
    assert shown.source.endswith(answer.source)
    assert shown.attachments == {"1-2.png": {"image/png": PNG}}
