"""The learner's side on a JupyterHub: the course's lessons in one place, the learner's copies in another."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

from autograder.desk import handing_in, hub
from autograder.desk.copies import copy_lessons
from autograder.desk.handing_in import submit
from autograder.desk.renewing import reset
from autograder.desk.settings import use_settings
from autograder.grading.collect.intake import collect
from autograder.grading.gradebook.settings import read_course
from autograder.notebooks.course import CourseError, find_root, work_of
from autograder.notebooks.files import with_zone
from course_utils.outline import read_outlines
from course_utils.record import course_of
from tests.support import ROOT
from tests.support.classroom import FILE, LESSON, make_course

COURSE = [Path(sys.executable).with_name("course")]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home of somebody on a hub, who is in it; the lessons are elsewhere."""
    home = tmp_path / "home" / "ann"
    home.mkdir(parents=True)
    (tmp_path / "lessons" / LESSON).mkdir(parents=True)
    shutil.copy(ROOT / "lessons" / LESSON / FILE, tmp_path / "lessons" / LESSON)
    shutil.copy(ROOT / "lessons" / "start.ipynb", tmp_path / "lessons")
    for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.setenv("COURSE_DESK", str(home / "work"))
    monkeypatch.setenv("COURSE_EXCHANGE", str(tmp_path / "exchange"))
    monkeypatch.setenv("COURSE_STUDENT", "ann")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ann/")
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def released(home, tmp_path):
    """The course of an instructor, who has released a lesson."""
    course = make_course(tmp_path / "course")
    release = [sys.executable, "-m", "nbgrader", "release_assignment", LESSON]
    subprocess.run(release, cwd=course, check=True, capture_output=True)
    return course


def test_the_lessons_come_from_the_hubs_folder_into_the_own_work(home, tmp_path):
    root = find_root(Path.cwd())

    assert root == tmp_path
    assert copy_lessons(root) == [LESSON]
    assert sorted(path.name for path in (home / "work").iterdir()) == [LESSON, "start.ipynb"]
    assert not (tmp_path / "work").exists()


def test_a_clone_in_the_own_home_goes_first_and_nothing_above_the_home_counts(home):
    clone = home / "clone"
    clone.mkdir()
    for folder in (clone, home.parent):
        for name in ("nbgrader_config.py", "course_utils"):
            (folder / name).symlink_to(ROOT / name)

    assert find_root(clone) == clone
    assert work_of(clone) == clone / "work"
    assert find_root(home) != home.parent


def test_a_lesson_that_is_begun_anew_is_kept_in_the_own_work(home, tmp_path):
    copy_lessons(tmp_path)
    (home / "work" / LESSON / "notes.txt").touch()
    said = reset(tmp_path, "7")

    (kept,) = (home / "work" / "kept").iterdir()
    assert f"work/kept/{kept.name}" in said
    assert (kept / "notes.txt").exists()


def test_a_lesson_that_was_fetched_counts_where_the_hub_has_no_copy_of_it(home, tmp_path):
    copy_lessons(tmp_path)
    shutil.rmtree(tmp_path / "lessons" / LESSON)
    outlines = read_outlines(course_of(home / "work"), home / "work")

    assert [(outline.name, len(outline.hints)) for outline in outlines] == [("start", 1), (LESSON, 7)]


def test_course_lab_starts_no_second_jupyterlab_there(home):
    done = subprocess.run([*COURSE, "lab"], capture_output=True, text=True, timeout=120)

    assert "JupyterLab is open already, from the hub." in done.stdout, done.stderr
    assert "localhost" not in done.stdout + done.stderr
    assert (home / "work" / LESSON / FILE).exists()


@pytest.mark.parametrize(("teaches", "folder", "first"), [("", "work", "/lab/tree/start.ipynb"), ("yes", "", "/lab")])
def test_the_server_of_a_student_is_in_work_and_an_instructors_in_the_course(
    home, tmp_path, monkeypatch, teaches, folder, first
):
    started = []
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append(arguments))
    os.environ["COURSE_INSTRUCTOR"] = teaches
    hub.serve(tmp_path, ["--extra"])
    place = home / folder if folder else tmp_path

    assert started[0][:4] == [sys.executable, "-P", "-m", "jupyterhub.singleuser"]
    assert started[0][-1] == "--extra"
    assert os.environ["JUPYTERHUB_ROOT_DIR"] == str(place) == str(Path.cwd())
    assert os.environ["JUPYTERHUB_DEFAULT_URL"] == first
    assert os.environ.get("COURSE_DESK") == (str(place) if folder else None)


@pytest.fixture
def serve(home, tmp_path, monkeypatch):
    """Becomes the server, as far as the call of it; gives that call."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    started = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append(arguments))

    def serve(root=tmp_path, **env):
        os.environ.update(env)
        hub.serve(root)
        return started[-1]

    return serve


def test_a_module_of_the_learners_does_not_take_the_place_of_one_that_the_server_imports(home, serve):
    (home / "work").mkdir()
    (home / "work" / "random.py").write_text("raise SystemExit('mine was imported')")
    program = [*serve()[:4], "--version"]
    done = subprocess.run(program, cwd=home / "work", capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr


def test_an_instructor_without_a_clone_gets_a_server_and_is_told_what_to_clone(home, tmp_path, serve, capsys):
    serve(tmp_path / "pytorch-course", COURSE_INSTRUCTOR="yes")

    assert os.environ["JUPYTERHUB_ROOT_DIR"] == str(home) == str(Path.cwd())
    assert f"git clone THE-ADDRESS-OF-YOUR-COURSE {tmp_path / 'pytorch-course'}" in capsys.readouterr().err


@pytest.mark.parametrize("said", ["", "/lab"])
def test_a_hub_that_opens_jupyterlab_opens_the_start_notebook(serve, said):
    serve(JUPYTERHUB_DEFAULT_URL=said)

    assert os.environ["JUPYTERHUB_DEFAULT_URL"] == "/lab/tree/start.ipynb"


def test_what_else_a_hub_opens_stays(serve):
    serve(JUPYTERHUB_DEFAULT_URL="/tree")

    assert os.environ["JUPYTERHUB_DEFAULT_URL"] == "/tree"


def test_a_desk_may_be_named_from_the_home(home, serve):
    serve(COURSE_DESK="~/lessons")

    assert os.environ["COURSE_DESK"] == os.environ["JUPYTERHUB_ROOT_DIR"] == str(home / "lessons")


def test_who_has_no_room_gets_a_server_to_make_some(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(os, "execv", lambda *_: None)
    (home / "work").write_text("in the way")
    hub.serve(tmp_path)

    assert os.environ["JUPYTERHUB_ROOT_DIR"] == str(home)
    assert "is not a folder" in capsys.readouterr().err


def test_without_a_hub_there_is_nothing_to_serve(home, tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX")
    with pytest.raises(CourseError, match=r"is for a JupyterHub.*To open the lessons yourself: course lab"):
        hub.serve(tmp_path)


def test_what_is_handed_in_comes_with_a_receipt_and_is_collected_as_it_was(home, tmp_path, released):
    copy_lessons(tmp_path)
    notebook = home / "work" / LESSON / FILE
    notebook.write_text(notebook.read_text().replace("raise NotImplementedError", "return x", 1))
    receipt = submit(tmp_path, "7")
    taken = collect([], released, exchange=True)
    arrived = released / "autograder" / "submitted" / "ann" / LESSON

    assert "as          ann\n" in receipt
    assert hashlib.sha256((arrived / FILE).read_bytes()).hexdigest() in receipt
    assert (arrived / FILE).read_bytes() == notebook.read_bytes()
    assert (arrived / "submission_secret.txt").read_text()
    assert taken.stored == [("ann", LESSON)]
    assert [path.name.startswith(f"{LESSON}-20") for path in (home / "work" / "receipts").iterdir()] == [True]


@pytest.fixture
def lesson(home, tmp_path):
    """The learner's copy of a lesson, which may be handed in."""
    (tmp_path / "exchange" / "pytorch-course" / "outbound" / LESSON).mkdir(parents=True)
    (tmp_path / "exchange" / "pytorch-course" / "inbound").mkdir()
    copy_lessons(tmp_path)
    return home / "work" / LESSON


def inbound(tmp_path):
    return list((tmp_path / "exchange" / "pytorch-course" / "inbound").iterdir())


def test_the_receipt_is_of_what_arrived_each_notebook_of_it(lesson, tmp_path, monkeypatch):
    (lesson / "more.ipynb").write_text("{}")
    then = (lesson / FILE).read_bytes()
    copy = handing_in.ExchangeSubmit.copy_files

    def edited_meanwhile(self):
        copy(self)
        (lesson / FILE).unlink()
        (lesson / "more.ipynb").write_text("{ }")

    monkeypatch.setattr(handing_in.ExchangeSubmit, "copy_files", edited_meanwhile)
    receipt = submit(tmp_path, "7")

    for name, data in ((FILE, then), ("more.ipynb", b"{}")):
        told = f"notebook    {LESSON}/{name}, {len(data):,} bytes\nSHA-256     {hashlib.sha256(data).hexdigest()}"
        assert told in receipt


@pytest.mark.parametrize("in_the_way", ["work/receipts", "nbgrader_cache"])
def test_a_home_that_takes_no_file_does_not_make_a_failure_of_what_was_handed_in(lesson, home, tmp_path, in_the_way):
    (home / in_the_way).write_text("no folder")
    receipt = submit(tmp_path, "7")

    assert receipt.startswith(f"{LESSON} was handed in.")
    assert ("could not be written into receipts/" in receipt) == (in_the_way == "work/receipts")
    assert len(inbound(tmp_path)) == 1


def test_a_folder_that_is_too_large_is_said_in_a_sentence(lesson, home, tmp_path):
    (home / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.max_dir_size = 1\n")
    with pytest.raises(CourseError, match=f"{LESSON} was not handed in. Directory size is too big"):
        submit(tmp_path, "7")

    assert inbound(tmp_path) == []


def test_nobody_can_put_a_folder_in_the_place_of_the_courses_in_an_exchange(home, tmp_path, released):
    assert (tmp_path / "exchange").stat().st_mode & 0o7777 == 0o1777


@pytest.mark.parametrize(("who", "formgrader"), [("student", False), ("instructor", True)])
def test_formgraders_extension_is_on_instructors_servers_alone(home, monkeypatch, who, formgrader):
    monkeypatch.setattr(os, "environ", os.environ.copy())
    os.environ["JUPYTER_CONFIG_PATH"] = str(ROOT / "autograder" / "grading" / "jupyter")  # as installed
    use_settings(who)
    server = ServerApp()
    server.load_config_file(suppress_errors=False)
    server.find_server_extensions()

    for name in ("autograder.grading.formgrader", "nbgrader.server_extensions.formgrader"):
        assert server.jpserver_extensions[name] is formgrader


def test_a_hub_says_by_the_environment_which_course_it_is_for_students_and_who_teaches(home, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "environ", os.environ.copy())
    os.environ["COURSE_ID"] = "ml-101"
    use_settings("student")
    teaching = read_course(make_course(tmp_path / "course"))

    assert handing_in._settings().CourseDirectory.course_id == teaching.coursedir.course_id == "ml-101"


def test_a_submission_from_another_account_is_named(home, tmp_path, released):
    copy_lessons(tmp_path)
    submit(tmp_path, "7")
    (sentence,) = collect([], released, exchange=True).sentences

    assert "claims to be submitted by ann but is owned by" in sentence


@pytest.mark.parametrize(
    "time",
    [b"2026/11/29 13:31:26", b"../../elsewhere", b"2026-11-29 13:31:26 " + b"x" * 500, b"\xff\xfe", None],
    ids=["slashes", "a path", "long", "no UTF-8", "missing"],
)
def test_who_handed_in_without_a_time_is_named_and_holds_up_nobody(tmp_path, monkeypatch, time):
    monkeypatch.setenv("COURSE_EXCHANGE", str(tmp_path / "exchange"))
    course = make_course(tmp_path / "course")
    inbound = tmp_path / "exchange" / "pytorch-course" / "inbound"
    for student, said in {"ann": time, "bob": b"2026-11-29 14:31:26 +0100"}.items():
        folder = inbound / f"{student}+{LESSON}+2026-11-29 13:31:26 UTC+0"
        folder.mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / LESSON / FILE, folder)
        if said is not None:
            (folder / "timestamp.txt").write_bytes(said)

    taken = collect([], course, exchange=True)

    assert taken.stored == [("bob", LESSON)]
    assert taken.refused == 1
    (said,) = [sentence for sentence in taken.sentences if "refused" in sentence]
    assert said.startswith(f"ann+{LESSON}: refused, its timestamp.txt does not say when it was handed in: ")
    kept = course / "autograder" / "submitted" / "bob" / LESSON / "timestamp.txt"
    assert kept.read_text() == "2026-11-29 13:31:26 UTC"


def test_an_exchange_with_nothing_in_it_is_said(home, tmp_path, released):
    assert collect([], released, exchange=True).sentences == ["Nothing has been handed in by the exchange yet."]


def test_before_a_release_nothing_is_handed_in_and_there_is_no_receipt(home, tmp_path):
    copy_lessons(tmp_path)
    (tmp_path / "exchange").mkdir(mode=0o777)
    done = subprocess.run([*COURSE, "submit", "7"], capture_output=True, text=True, timeout=120)

    assert done.returncode == 1
    assert f"{LESSON} was not handed in." in done.stderr
    assert f"The exchange is {tmp_path / 'exchange'}." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "work" / "receipts").exists()


@pytest.mark.parametrize(
    ("name", "what"), [("9", "There is no lesson 9. Did you mean: 07_layers"), ("7", "has no lesson to hand in")]
)
def test_what_is_not_there_cannot_be_handed_in(home, tmp_path, name, what):
    if name == "9":
        copy_lessons(tmp_path)
    with pytest.raises(CourseError, match=what):
        submit(tmp_path, name)


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("2026-11-29 13:31:26.795512", "2026-11-29 13:31:26.795512 UTC"),
        ("2026-11-29 13:31:26.795512 UTC", "2026-11-29 13:31:26.795512 UTC"),
        ("2026-11-29 13:31:26 CET", "2026-11-29 13:31:26 CET"),
        ("2026-11-29T13:31:26+01:00", "2026-11-29T13:31:26+01:00"),
    ],
)
def test_a_time_that_an_exchange_wrote_without_a_zone_is_in_utc(came, said):
    assert with_zone(came) == said
