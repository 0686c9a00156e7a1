"""nbgrader's exchange, both ways, by nbgrader's own commands: from a released lesson to a page that a student reads."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.grading.collect.intake import collect
from autograder.grading.feedback.pages import write_feedback
from autograder.grading.gradebook.exchange import secret_in
from autograder.grading.gradebook.record import Record
from autograder.grading.submissions import Submission, read_content
from tests.support.classroom import FILE, LESSON, graded, make_course

SETTINGS = "c = get_config()\nc.CourseDirectory.course_id = 'pytorch-course'\n"


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A course, students who fetched, solved and handed in a lesson, and their feedback, released and fetched."""
    folder = tmp_path_factory.mktemp("classroom")
    course = make_course(folder / "course")
    students = {name: folder / name for name in ("ann", "bob")}
    for home in students.values():
        home.mkdir()
        (home / "nbgrader_config.py").write_text(SETTINGS)
    exchange = folder / "exchange"

    nbgrader(course, exchange, "release_assignment", LESSON)
    for name, home in students.items():
        nbgrader(home, exchange, "fetch_assignment", LESSON)
        (home / LESSON / FILE).write_text(graded(name).notebook, encoding="utf-8")
        nbgrader(home, exchange, "submit", LESSON, f"--student={name}")
    nbgrader(course, exchange, "collect", LESSON)
    by_mail = course / "autograder" / "submitted" / "cleo" / LESSON
    shutil.copytree(students["ann"] / LESSON, by_mail)
    with Record(course) as record:
        record.prepare(LESSON)
        for name in ("ann", "bob", "cleo"):
            content = read_content(Submission(name, LESSON, course / "autograder" / "submitted" / name / LESSON))
            record.save(graded(name, wrong=["softmax"] if name == "bob" else []), content.submitted_at)
    write_feedback(course, LESSON, ["ann", "bob", "cleo"])
    said = nbgrader(course, exchange, "release_feedback", LESSON)
    for name, home in students.items():
        nbgrader(home, exchange, "fetch_feedback", LESSON, f"--student={name}")
    return folder, said


def nbgrader(folder, exchange, *arguments):
    """One command, as somebody whose home ``folder`` is; what it printed."""
    home = folder / "home"
    own = {name: str(home) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    own |= {
        "COURSE_EXCHANGE": str(exchange),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    root = () if "release" in arguments[0] and not exchange.exists() else (f"--Exchange.root={exchange}",)
    command = [sys.executable, "-m", "nbgrader", *arguments, *root]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def pages(folder, student):
    return [path.read_text(encoding="utf-8") for path in (folder / student / LESSON).glob("feedback/*/*.html")]


def test_each_student_reads_the_feedback_on_the_own_work_and_on_no_other(classroom):
    folder, _ = classroom

    (ann,), (bob,) = pages(folder, "ann"), pages(folder, "bob")
    assert "14 of 14 points" in ann
    assert "11 of 14 points" in bob


def test_who_handed_in_by_another_way_is_named_and_holds_up_nobody(classroom):
    folder, said = classroom

    assert "not handed in by nbgrader's exchange: cleo. Give these their pages" in said
    assert len(list((folder / "exchange" / "pytorch-course" / "feedback").glob("*.html"))) == 2


def test_what_belongs_to_the_submission_goes_along_with_it(classroom):
    folder, _ = classroom
    submitted, autograded, feedback = (
        folder / "course" / "autograder" / kind / "ann" / LESSON for kind in ("submitted", "autograded", "feedback")
    )

    for name in ("timestamp.txt", "submission_secret.txt"):
        assert (submitted / name).read_text() == (autograded / name).read_text() == (feedback / name).read_text()
    assert sorted(path.name for path in (folder / "course/autograder/autograded/cleo" / LESSON).iterdir()) == [FILE]
    nbformat.read(autograded / FILE, as_version=4)


@pytest.mark.parametrize("secret", ["", "a b", "é" * 10, "x" * 2000])
def test_a_secret_that_is_none_is_left(tmp_path, secret):
    folder = tmp_path / "ann" / LESSON
    folder.mkdir(parents=True)
    (folder / "submission_secret.txt").write_text(secret)

    assert secret_in(folder) is None


def test_a_secret_that_a_link_leads_to_is_not_read(tmp_path):
    folder = tmp_path / "ann" / LESSON
    folder.mkdir(parents=True)
    (tmp_path / "other").write_text("another's")
    (folder / "submission_secret.txt").symlink_to(tmp_path / "other")

    assert secret_in(folder) is None


# --- what else than files lies in a submission


@pytest.fixture
def handed_in(tmp_path, monkeypatch):
    """A course before its first grading, with ``.venv/bin`` not on PATH, and what ann has handed in to the exchange."""
    exchange = tmp_path / "exchange"
    for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("COURSE_EXCHANGE", str(exchange))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    course = make_course(tmp_path / "course")
    handed_in = exchange / "pytorch-course" / "inbound" / f"ann+{LESSON}+2026-03-01 10:00:00.000000 UTC+x"
    handed_in.mkdir(parents=True)
    (handed_in / "timestamp.txt").write_text("2026-03-01 10:00:00.000000 UTC")
    shutil.copy(course / "lessons" / LESSON / FILE, handed_in)
    return course, handed_in


def test_a_first_collection_needs_no_program_on_path(handed_in):
    course, _ = handed_in

    assert collect([], course, exchange=True).stored == [("ann", LESSON)]


def test_what_a_link_leads_to_is_not_collected_as_the_work_of_who_made_it(handed_in):
    course, folder = handed_in
    (folder / FILE).unlink()
    (folder / FILE).symlink_to(course / "solutions" / LESSON / FILE)
    (folder / "helpers.py").symlink_to(course / "nbgrader_config.py")
    (folder / "more").symlink_to(course / "solutions")
    os.mkfifo(folder / "pipe")
    taken = collect([], course, exchange=True)

    assert taken.stored == []
    for name, kind in ((FILE, "a link"), ("helpers.py", "a link"), ("more", "a link"), ("pipe", "a pipe")):
        assert f"{name} of '{folder.name}' was left: {kind}" in taken.sentences


def test_nbgraders_own_command_collects_files_alone(handed_in):
    course, folder = handed_in
    (folder / "other.ipynb").symlink_to(course / "solutions" / LESSON / FILE)
    said = nbgrader(course, folder.parents[2], "collect", LESSON)
    collected = course / "autograder" / "submitted" / "ann" / LESSON

    assert "other.ipynb of" in said
    assert sorted(path.name for path in collected.iterdir()) == [FILE, "timestamp.txt"]
    assert (collected / FILE).read_bytes() == (folder / FILE).read_bytes()


def test_what_is_no_submission_is_named_and_holds_up_nobody(handed_in):
    course, folder = handed_in
    inbound, time = folder.parent, "2026-03-01 10:00:00.000000 UTC"
    (inbound / f"bob+{LESSON}+{time}+x").symlink_to(folder)
    (inbound / f"cleo+{LESSON}+{time}+x").symlink_to("nowhere")
    (inbound / f"dan+{LESSON}+{time}+x").touch()
    for odd in ("", "yesterday", "9" * 400):
        (inbound / f"ann+{LESSON}+{odd}"[:200]).mkdir()
    taken = collect([], course, exchange=True)

    assert taken.stored == [("ann", LESSON)]
    for name in ("bob", "cleo", "dan"):
        (said,) = [sentence for sentence in taken.sentences if f"all of '{name}+{LESSON}+" in sentence]
        assert "was left: no folder that can be read, or a link to one" in said
