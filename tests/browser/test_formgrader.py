"""nbgrader's Formgrader, as an instructor has it: the work of a student who means ill can do nothing there."""

import contextlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import expect

from autograder.grading.gradebook.record import Record
from tests.browser.lab import free_port, until
from tests.support import ROOT
from tests.support.acting import ACT, HONEST, MARKDOWN, PNG, acting_cells
from tests.support.classroom import FILE, LESSON, graded, make_course, sqlite

ANSWER = "\n\n".join([*HONEST[:3], "![mine](attachment:mine.png)"])


def acting(student):
    """A graded notebook in which all tries to act: the written answer, and each part of cells of the student's own."""
    notebook = nbformat.reads(graded(student, answer="\n\n".join(MARKDOWN)).notebook, as_version=4)
    notebook.cells += acting_cells()
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": ACT}}}
    return notebook


def honest(student):
    paper = graded(student, answer=ANSWER)
    notebook = nbformat.reads(paper.notebook, as_version=4)
    answer = next(cell for cell in notebook.cells if cell.id == "why_dropout_scales")
    answer.attachments = {"mine.png": {"image/png": PNG}}
    return replace(paper, notebook=nbformat.writes(notebook))


class Formgrader:
    """A Jupyter server in a graded course, started as an instructor does."""

    def __init__(self, folder):
        self.course = make_course(folder / "course")
        self.address = None
        with Record(self.course) as record:
            record.prepare(LESSON)
            record.save(honest("ann"))
            record.save(replace(graded("eve"), notebook=json.dumps(acting("eve"))))
            record.save(graded("old"))
        # as what an older version of the course recorded, and nbgrader without it would
        older = self.course / "autograder" / "autograded" / "old" / LESSON / FILE
        older.chmod(0o644)
        older.write_text(json.dumps(acting("old")), encoding="utf-8")
        with Gradebook(sqlite(self.course)) as gradebook:
            gradebook.update_or_create_student("eve", first_name=f"<img src=x onerror={ACT}>", last_name="'\"><script>")
            gradebook.update_or_create_student("ann", first_name="Ann", last_name="Ähm")
            self.ids = {
                name: gradebook.find_submission_notebook(LESSON, LESSON, name).id for name in ("ann", "eve", "old")
            }

    @contextlib.contextmanager
    def running(self):
        port, home = free_port(), self.course.parent / "home"
        own = {
            name: str(home / name) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        }
        own["JUPYTER_CONFIG_PATH"] = str(ROOT / "autograder" / "grading" / "jupyter")  # where setting up lays it
        (home / "HOME").mkdir(parents=True)
        command = [Path(sys.executable).with_name("jupyter-server"), "--no-browser", "--allow-root"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=secret"]
        with (self.course.parent / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=self.course, env={**os.environ, **own}, stdout=log, stderr=log)
        try:
            said = self.course.parent / "log"
            until(lambda: server.poll() is not None or "http://127.0.0.1" in said.read_text(), seconds=120)
            assert server.poll() is None, said.read_text()
            self.address = f"http://127.0.0.1:{port}"
            yield self
        finally:
            server.terminate()
            server.wait(timeout=60)


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory):
    with Formgrader(tmp_path_factory.mktemp("formgrader")).running() as formgrader:
        yield formgrader


@pytest.fixture
def visit(formgrader, browser):
    """Open a page of Formgrader; what it asked the network for, beside what is its own."""
    with contextlib.closing(browser.new_context()) as person:
        first = person.new_page()
        first.goto(f"{formgrader.address}/?token=secret")
        first.close()

        def visit(path):
            page, asked = person.new_page(), []
            # the network of the tests has no MathJax; that it is asked for is right
            page.route(re.compile("^https://cdnjs.cloudflare.com/ajax/libs/mathjax/"), lambda route: route.abort())
            own = re.compile(rf"{formgrader.address}/(formgrader/|static/favicon)|https://cdnjs\.cloudflare|data:")
            page.on("request", lambda request: own.match(request.url) or asked.append(request.url))
            page.goto(f"{formgrader.address}/formgrader/{path}")
            page.wait_for_load_state("networkidle")
            return page, asked

        yield visit


@pytest.mark.parametrize("student", ["eve", "old"])
def test_nothing_that_a_student_wrote_acts_on_the_page_for_grading_by_hand(formgrader, visit, student):
    page, asked = visit(f"submissions/{formgrader.ids[student]}/")
    for summary in page.locator("summary").all():
        summary.click(force=True)
    page.mouse.move(300, 300)
    page.wait_for_timeout(500)

    assert page.evaluate("window.acted") is None
    assert page.url.startswith(f"{formgrader.address}/formgrader/submissions/{formgrader.ids[student]}/")
    assert page.title() == LESSON
    assert asked == []
    content = page.locator("#notebook-container").first
    assert (
        content.locator("script, iframe, object, embed, svg, math, form, meta, base, link, style, video").count() == 0
    )
    names = content.evaluate("all => [...all.querySelectorAll('*')].flatMap(e => [...e.attributes]).map(a => a.name)")
    assert [name for name in names if name.startswith("on") or name == "srcdoc"] == []
    links = content.evaluate("all => [...all.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
    assert [link for link in links if not re.match("https?://|mailto:|#", link)] == []
    assert page.locator("[id=check_softmax]").count() == 1


def test_the_page_for_grading_by_hand_works_and_shows_answers_as_they_were_written(formgrader, visit, pictures):
    page, asked = visit(f"submissions/{formgrader.ids['ann']}/")
    answer = page.locator(".nbgrader_cell", has=page.locator("#why_dropout_scales"))
    page.screenshot(path=pictures / "formgrader.png")

    assert asked == []
    assert answer.locator("img").count() == 1
    assert answer.locator("img").evaluate("img => img.complete && img.naturalWidth") == 1
    assert answer.locator("table td code").inner_text() == "x[i](y)"
    assert "for i in range(3):\n    print(x[i] < 3, i > 2)" in answer.locator("pre").inner_text()
    assert "$a < b$" in answer.inner_text()

    page.locator("span.glyphicon.name-hidden").click()
    assert page.locator("a.name-shown").inner_text() == "Ähm, Ann"

    with page.expect_response(lambda said: "/api/comment" in said.url and said.request.method == "PUT"):
        answer.locator("textarea").fill("Well said.")
        answer.locator("textarea").blur()
    with Gradebook(sqlite(formgrader.course)) as gradebook:
        assert gradebook.find_comment("why_dropout_scales", LESSON, LESSON, "ann").manual_comment == "Well said."


def test_the_policy_alone_would_stop_a_script(formgrader, visit):
    page, _ = visit(f"submissions/{formgrader.ids['ann']}/")
    with pytest.raises(Exception, match="Content Security Policy"):
        page.add_script_tag(content=ACT)

    assert page.evaluate("window.acted") is None


def test_formgrader_can_be_shown_in_a_frame_of_its_own_server(formgrader, visit):
    page, _ = visit("manage_assignments")
    page.goto(f"{formgrader.address}/lab")
    path = f"{formgrader.address}/formgrader/submissions/{formgrader.ids['ann']}/"
    page.evaluate("src => document.body.append(Object.assign(document.createElement('iframe'), {src}))", path)

    page.frame_locator("iframe").last.locator("#why_dropout_scales").wait_for()


@pytest.mark.parametrize(
    "path", ["gradebook/{0}/{0}", "manage_students", "manage_students/eve", "manage_submissions/{0}"]
)
def test_formgraders_other_pages_work_and_names_do_nothing_there(visit, path):
    page, asked = visit(path.format(LESSON))

    expect(page.locator("table tbody tr").first).not_to_contain_text("Loading")
    assert page.locator("table tbody a").count() > 0
    assert page.evaluate("window.acted") is None
    assert asked == []
    assert page.locator("tbody img, tbody script").count() == 0


@pytest.mark.parametrize(
    "path", ["manage_students/{}", "manage_students/{}/x", "manage_submissions/{}", "gradebook/{}/x"]
)
def test_what_a_link_puts_into_an_address_does_not_run(visit, path):
    for trick in (
        'x";window.acted=1;"',
        "x</script><script>window.acted=1</script>",
        "<img src=x onerror=window.acted=1>",
    ):
        page, _ = visit(path.format(quote(trick, safe="")))

        assert page.evaluate("window.acted") is None


def test_what_the_server_sends_may_be_shown_in_its_own_frames_alone(formgrader, visit):
    page, _ = visit("manage_assignments")

    for path in ("formgrader/manage_assignments", f"formgrader/submissions/{formgrader.ids['ann']}/", "lab", "tree"):
        headers = page.request.get(f"{formgrader.address}/{path}").headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
