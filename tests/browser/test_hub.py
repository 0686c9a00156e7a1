"""A class on JupyterHub, by hand: released, solved, handed in, graded, and read by who wrote it and by nobody else."""

import hashlib
import html
import re
import shutil
import subprocess
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREEN
from tests.browser.hub import Hub, Seat

LESSON = "07_layers"
NOTEBOOK = f"{LESSON}/{LESSON}.ipynb"
IMPORTS = "from course_utils"
SOFTMAX = "def softmax(x, dim):\n    e = (x - x.amax(dim, keepdim=True)).exp()\n    return e / e.sum(dim, keepdim=True)"
GELU = "def gelu(x):\n    return x"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with Hub(tmp_path_factory.mktemp("hub")).running() as hub:
        yield hub


@pytest.fixture(scope="module")
def day(hub, browser, pictures):
    """One lesson's way: what each person saw and was told on it."""
    seen = SimpleNamespace(hub=hub)
    teacher, ann, bob, cleo = (
        Seat(hub, name, browser, SCREEN) for name in ("instructor", "student1", "student2", "student3")
    )
    seen.people = {"teacher": teacher, "ann": ann, "bob": bob, "cleo": cleo}
    seen.before = ann.assignments().inner_text()
    shutil.rmtree(bob.work / LESSON)  # he gets it from the exchange
    code, said = teacher.terminal(f"nbgrader release_assignment {LESSON}")
    assert code == 0, said

    # one right, one wrong; handed in from JupyterLab's list
    lesson = ann.open(NOTEBOOK)
    _run_imports(lesson)
    lesson.write("softmax", SOFTMAX)
    lesson.run("softmax")
    expect(lesson.run("check_softmax").get_by_role("status")).to_contain_text("✓ softmax: passed")
    lesson.write("gelu", GELU)
    lesson.run("gelu")
    for _ in range(3):
        seen.wrong = lesson.run("check_gelu").get_by_role("status").inner_text()
    lesson.page.screenshot(path=pictures / "hub-lesson.png")
    lesson.save()
    listed = ann.assignments()
    listed.get_by_role("button", name="Submit").click()
    expect(listed.locator("#submitted_assignments_list")).to_contain_text(LESSON)
    ann.page.screenshot(path=pictures / "hub-assignments.png")
    start = ann.open("start.ipynb")
    seen.progress = start.run(_cell(start, "progress()")).inner_text()
    start.page.screenshot(path=pictures / "hub-start.png")

    # fetched, and handed in from the terminal
    listed = bob.assignments()
    listed.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
    expect(listed.locator("#fetched_assignments_list")).to_contain_text(LESSON)
    fetched = bob.open(NOTEBOOK)
    _run_imports(fetched)
    fetched.write("softmax", SOFTMAX)
    fetched.run("softmax")
    expect(fetched.run("check_softmax").get_by_role("status")).to_contain_text("✓ softmax: passed")
    fetched.save()
    seen.terminal = bob.terminal("course lab; course progress; course submit 7")

    # collected and graded
    code, seen.grading = teacher.terminal(
        f"course collect --exchange && course grade 7 --feedback --json grades.json; nbgrader release_feedback {LESSON}"
    )
    assert code == 0, seen.grading
    teacher.menu("Nbgrader", "Formgrader")
    formgrader = teacher.page.frame_locator("iframe").first
    expect(formgrader.locator("tbody tr", has_text=LESSON)).to_contain_text("released", timeout=60_000)
    teacher.page.screenshot(path=pictures / "hub-formgrader.png")
    seen.formgrader = formgrader.locator("tbody tr", has_text=LESSON).inner_text()

    # and back
    for seat in (ann, bob):
        listed = seat.assignments()
        listed.get_by_role("button", name="Fetch Feedback").click()
        expect(listed.get_by_text("(view feedback)")).to_be_visible()
    ann.page.get_by_text("(view feedback)").click()
    ann.page.locator(".jp-DirListing-itemText", has_text=f"{LESSON}.html").dblclick()
    page = ann.page.frame_locator(".jp-HTMLViewer iframe")
    expect(page.get_by_text("points").first).to_be_visible()
    ann.page.screenshot(path=pictures / "hub-feedback.png")
    seen.feedback = page.locator("body").inner_text()
    return seen


def _cell(notebook, source):
    return next(cell["id"] for cell in notebook.saved()["cells"] if source in "".join(cell["source"]))


def _run_imports(lesson):
    lesson.run(_cell(lesson, IMPORTS))


def pages(seat):
    """The text of the feedback pages that a person has."""
    found = seat.work.rglob("feedback/*/*.html")
    return [html.unescape(re.sub("<[^>]+>", "", path.read_text(encoding="utf-8"))) for path in found]


def test_a_student_finds_the_lessons_and_nothing_for_instructors(day):
    cleo = day.people["cleo"]

    assert cleo.page.url.startswith(f"{cleo.address}/lab/tree/start.ipynb")
    assert {"start.ipynb", "01_tensors", LESSON, "10_transformer_ffn"} <= {path.name for path in cleo.work.iterdir()}
    assert cleo.items("Nbgrader") == ["Assignment List"]
    assert "Create Assignment" not in cleo.page.locator("body").inner_text()
    assert cleo.page.locator(".Toastify__toast").count() == 0  # no question about news
    assert day.people["teacher"].items("Nbgrader")[0] == "Formgrader"


def test_nothing_can_be_handed_in_before_it_is_released(day):
    assert LESSON not in day.before


def test_checks_progress_and_hints_are_there_as_at_home(day):
    assert "Hint 1 waits below the exercise" in day.wrong
    assert "1 of 7" in day.progress
    assert (day.people["ann"].work / "progress.jsonl").read_text().count('"gelu"') == 3


def test_in_a_lesson_that_was_fetched_too(day):
    code, said = day.terminal

    assert code == 0, said
    assert "1 of 7" in said
    assert "localhost" not in said
    assert "127.0.0.1" not in said
    assert "JupyterLab is open already" in said


def test_a_receipt_says_what_was_handed_in_and_it_is_what_arrives(day):
    for name in ("ann", "bob"):
        seat = day.people[name]
        (receipt,) = (path.read_text() for path in (seat.work / "receipts").iterdir())
        student = seat.work.parent.name
        arrived = day.hub.folder / "course" / "autograder" / "submitted" / student / LESSON / f"{LESSON}.ipynb"

        assert f"as          {student}\n" in receipt
        assert hashlib.sha256(arrived.read_bytes()).hexdigest() in receipt
    assert receipt in day.terminal[1]


def test_who_handed_in_is_graded(day):
    assert "2 collected." in day.grading
    assert "2 graded." in day.grading
    assert re.search(r"softmax[ │]+2 ", day.grading)
    assert re.search(r"gelu[ │]+1 ", day.grading)  # wrong, by one; the other did not try
    assert "released" in day.formgrader


def test_each_reads_the_feedback_on_the_own_work_and_nothing_of_another(day):
    (ann,), (bob,) = pages(day.people["ann"]), pages(day.people["bob"])
    cleo = day.people["cleo"]
    listed = cleo.assignments().locator("#submitted_assignments_list").inner_text()

    assert "gelu" in day.feedback
    assert "return x\n" in ann
    assert "return x\n" not in bob
    assert "There are no submitted assignments." in listed
    assert pages(cleo) == []
    for path, other in (("student1", "student2"), ("student2", "student1")):
        answer = cleo.page.request.get(f"{day.hub.address}/user/{path}/files/{NOTEBOOK}", max_redirects=20)
        assert "nbformat" not in answer.text(), other


def test_ctrl_c_ends_all_of_it(day):
    started = _descendants(day.hub.process.pid)

    assert len(started) >= 6  # the hub, its proxy, four servers

    assert day.hub.stop() == 0
    assert [command for process, command in started.items() if _command(process) == command] == []


def _descendants(process):
    """What a process has started, and what that has started: number -> command."""
    parents = [line.split() for line in subprocess.check_output(["ps", "-eo", "pid=,ppid="], text=True).splitlines()]
    found, todo = {}, [str(process)]
    while todo:
        parent = todo.pop()
        todo += (children := [pid for pid, ppid in parents if ppid == parent])
        found |= {pid: _command(pid) for pid in children}
    return {pid: command for pid, command in found.items() if command}


def _command(process):
    return subprocess.run(["ps", "-o", "args=", "-p", process], capture_output=True, text=True).stdout.strip()
