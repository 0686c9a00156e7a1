"""Feedback pages: results and reasons for the learner, and nothing that acts, whatever the learner wrote."""

import base64
import io
import re
from dataclasses import replace
from html import escape
from importlib.metadata import version

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from PIL import Image
from playwright.sync_api import sync_playwright

from autograder.grading.feedback import current, pages
from autograder.grading.feedback.current import Pages
from autograder.grading.feedback.pages import FeedbackError, FeedbackExporter, write_feedback
from autograder.grading.gradebook.record import Record
from autograder.grading.gradebook.settings import read_course
from tests.support.classroom import LESSON, checks, graded, make_course, sqlite

ACT = "fetch('http://127.0.0.1:9/');window.acted=1;document.title='acted'"
HOSTILE = [
    f"<script>{ACT}</script>",
    f'<img src="x" onerror="{ACT}">',
    f'<img src="data:image/png;base64,x" onerror="{ACT}" style="position:fixed">',
    f'![x](data:image/svg+xml,<svg onload="{ACT}">)',
    f"[a link](javascript:{ACT})",
    f'<a href="java&#x0A;script:{ACT}" autofocus onfocus="{ACT}">x</a>',
    f'<a href="data:text/html,<script>{ACT}</script>">x</a>',
    f'<svg onload="{ACT}"><script>{ACT}</script><animate onbegin="{ACT}" attributeName="x" dur="1s"/></svg>',
    f'<math><mtext></table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={ACT}&gt;">',
    f'<iframe srcdoc="<script>parent.{ACT}</script>"></iframe><object data="x"></object><embed src="x">',
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/"><base href="http://127.0.0.1:9/">',
    '<style>#results{display:none}</style><link rel="stylesheet" href="http://127.0.0.1:9/">',
    f'<form action="http://127.0.0.1:9/"><button formaction="javascript:{ACT}">x</button><input autofocus></form>',
    f'<details open ontoggle="{ACT}"><summary>x</summary></details><video><source onerror="{ACT}"></video>',
    '<div class="panel-heading" style="position:fixed" id="results">all points</div>',
    f"$$\\href{{javascript:{ACT}}}{{x}}$$ </main></body></html><script>{ACT}</script>",
    f"```html\n</pre><script>{ACT}</script>\n```",
    f'`<img src=x onerror="{ACT}">` and <b>bold</b>',
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("feedback") / "course")
    with Record(course) as record:
        record.prepare(LESSON)
        record.save(graded("ann", wrong=["softmax"], stubs=["gelu"]))
        record.save(graded("*"))
        record.save(hostile("eve"))
    with Gradebook(sqlite(course)) as gradebook:
        gradebook.find_comment("softmax", LESSON, LESSON, "ann").manual_comment = "See **section 3**."
        gradebook.find_comment("softmax", LESSON, LESSON, "eve").manual_comment = "\n\n".join(HOSTILE)
        gradebook.db.commit()
    write_feedback(course, LESSON, ["ann", "*", "eve"])
    return course


def hostile(student):
    """A graded notebook with all that a learner, or a judge who repeats it, might have put in."""
    paper = graded(student, answer="\n\n".join(HOSTILE))
    notebook = nbformat.reads(paper.notebook, as_version=4)
    html = "".join(HOSTILE)
    kinds = ["text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/vnd.mermaid"]
    kinds += ["application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg"]
    outputs = [new_output("display_data", data={kind: html}) for kind in kinds]
    outputs += [new_output("execute_result", data={"text/plain": html, "text/html": html})]
    outputs += [
        new_output("stream", name=name, text=f"\x1b]8;;javascript:{ACT}\x07{html}") for name in ("stdout", "stderr")
    ]
    outputs += [new_output("error", ename=html, evalue=html, traceback=[html, f"\x1b[31m{html}"])]
    outputs += [new_output("stream", name="stdout", text="x" * 1_000_000)]
    notebook.cells += [new_markdown_cell(source) for source in HOSTILE]
    notebook.cells += [new_raw_cell(html, metadata={"raw_mimetype": "text/html"}), new_raw_cell(html)]
    notebook.cells += [
        new_code_cell(html, outputs=outputs, metadata={"tags": ['"><script>' + ACT], "magics_language": html})
    ]
    notebook.cells[-1].id = f'"><script>{ACT}</script>'
    notebook.cells += [
        new_markdown_cell("![x](attachment:x)", attachments={"x": {f'image/png"onerror="{ACT}': "eA=="}})
    ]
    notebook.metadata["title"] = html
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": html}}}
    notebook.metadata["language_info"] = {"name": html, "pygments_lexer": html}
    checks(notebook)["softmax"].outputs = [new_output("error", ename="CheckFailed", evalue=html, traceback=[html])]
    return replace(paper, notebook=nbformat.v4.writes(notebook))


def page_path(course, student):
    return course / "autograder" / "feedback" / student / LESSON / f"{LESSON}.html"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, course):
    """Open a student's page; what it asked the network for, and what the browser complained of."""
    pages = []

    def visit(student):
        page = browser.new_page()
        pages.append(page)
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_path(course, student).as_uri())
        page.wait_for_timeout(300)
        return page, [url for url in asked if not url.startswith(("file:", "data:image/png", "data:image/jpeg"))], said

    yield visit
    for page in pages:
        page.close()


def test_the_page_begins_with_each_exercises_points_and_reason(visit):
    page, asked, said = visit("ann")
    rows = [row.locator("td").all_inner_texts() for row in page.locator("#results tbody tr").all()]
    cells = {row[0]: row for row in rows}

    assert len(rows) == len(cells) == 8
    assert cells["softmax"][1:] == ["0 / 3", "softmax: wrong.\n  Which dim?", "See section 3."]
    assert cells["gelu"][1:] == ["0 / 1", "gelu: not attempted.\n  Which dim?", "No response."]
    assert cells["dropout"][1:] == ["2 / 2", "dropout: passed 96 calls.", ""]
    assert page.locator("h1").first.inner_text() == "07_layers 10 of 14 points"
    assert (asked, said) == ([], [])


def test_nothing_that_a_learner_wrote_acts(visit):
    page, asked, said = visit("eve")
    for link in page.locator("a:not([href^='#'])").all():
        assert re.match("(https?|mailto):", link.get_attribute("href") or "https:")

    assert page.evaluate("window.acted") is None
    assert page.title() == LESSON
    assert asked == []
    assert [message for message in said if "Content Security Policy" in message] == []  # nothing came that far
    assert (
        page.locator("script, iframe, object, embed, svg, form, input, button, meta[http-equiv=refresh], base").count()
        == 0
    )
    names = page.evaluate("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).map(a => a.name)")
    assert [name for name in names if name.startswith("on") or name in ("style", "srcdoc")] == []
    assert page.locator("#results").count() == 1
    assert page.locator("#results").is_visible()
    assert page.locator("main").evaluate("main => getComputedStyle(main).position") == "static"


def test_the_policy_alone_would_stop_a_script(visit, course):
    page, _, _ = visit("ann")
    with pytest.raises(Exception, match="Content Security Policy"):
        page.add_script_tag(content=ACT)

    assert page.evaluate("window.acted") is None


def test_long_outputs_are_cut_with_a_note(course):
    html = page_path(course, "eve").read_text(encoding="utf-8")

    assert "[cut: 1,000,000 characters, of which at most 10,000 are shown]" in html
    assert len(html) < 1_000_000


def test_nbgraders_own_command_and_formgrader_write_the_same_page(course):
    ours = page_path(course, "ann").read_text(encoding="utf-8")
    page_path(course, "ann").unlink()
    application = read_course(course)
    result = NbGraderAPI(application.coursedir, parent=application).generate_feedback(LESSON, "ann")

    assert result["success"], result
    assert page_path(course, "ann").read_text(encoding="utf-8") == ours


def test_only_a_page_that_would_be_another_is_written(course):
    def rewritten():
        before = {name: page_path(course, name).stat().st_mtime_ns for name in ("ann", "*", "eve")}
        write_feedback(course, LESSON, before)
        return [name for name, at in before.items() if page_path(course, name).stat().st_mtime_ns != at]

    rewritten()
    assert rewritten() == []

    with Gradebook(sqlite(course)) as gradebook:
        gradebook.find_comment("gelu", LESSON, LESSON, "ann").manual_comment = "Look once more."
        gradebook.db.commit()
    assert rewritten() == ["ann"]
    assert "Look once more." in page_path(course, "ann").read_text(encoding="utf-8")

    page_path(course, "*").write_text("edited")
    assert rewritten() == ["*"]

    with Gradebook(sqlite(course)) as gradebook:
        cell = gradebook.find_grade_cell("check_softmax", LESSON, LESSON)
        cell.max_score, before = cell.max_score + 1, cell.max_score
        gradebook.db.commit()
    assert rewritten() == ["ann", "*", "eve"]
    assert "0 / 4" in page_path(course, "ann").read_text(encoding="utf-8")
    with Gradebook(sqlite(course)) as gradebook:
        gradebook.find_grade_cell("check_softmax", LESSON, LESSON).max_score = before
        gradebook.db.commit()
    rewritten()

    (course / "autograder" / "deadlines.toml").write_text("[07_layers]\ndue = 2026-03-01T11:00:00Z\n")
    try:
        assert rewritten() == ["ann", "*", "eve"]
    finally:
        (course / "autograder" / "deadlines.toml").unlink()
    write_feedback(course, LESSON, ["ann", "*", "eve"])


@pytest.mark.parametrize("package", ["nbgrader", "nbconvert", "bleach", "mistune", "pygments"])
def test_pages_of_another_version_of_what_renders_them_are_outdated(course, package, monkeypatch):
    where = {"ann": page_path(course, "ann")}
    write_feedback(course, LESSON, where)
    before = Pages(read_course(course), LESSON, where).outdated()

    monkeypatch.setattr(current, "version", lambda name: "99" if name == package else version(name))

    assert (before, Pages(read_course(course), LESSON, where).outdated()) == ([], ["ann"])


def test_many_pages_are_written_by_several_processes_and_are_the_same(course, monkeypatch):
    ours = {name: page_path(course, name).read_text(encoding="utf-8") for name in ("ann", "*", "eve")}
    for name in ours:
        page_path(course, name).unlink()
    monkeypatch.setattr(pages, "TOGETHER", 2)
    told = []
    write_feedback(course, LESSON, ours, 2, told.append)

    assert sorted(told) == [0, 1, 2]
    assert {name: page_path(course, name).read_text(encoding="utf-8") for name in ours} == ours


def test_a_student_without_a_recorded_submission_is_named(course, capfd):
    with pytest.raises(FeedbackError, match="No feedback on 07_layers for nobody; expected a recorded submission"):
        write_feedback(course, LESSON, ["ann", "nobody"])

    assert page_path(course, "ann").is_file()


def rendered(text, how):
    return FeedbackExporter().environment.from_string("{{ text | " + how + " }}").render(text=text)


@pytest.mark.parametrize(
    ("how", "source"),
    [
        ("markdown2html", "<div>" * 2_000),
        ("highlight_code(metadata={})", "x = 1\n" * 2_000),
        ("highlight_code(metadata={})", "a." * 300),
        ("highlight_code(metadata={})", "a = '<b>'\n" * 1_000),
    ],
)
def test_what_takes_long_to_render_is_shown_as_it_was_written(how, source):
    assert f"<pre>{escape(source)}</pre>" in rendered(source, how)


def test_a_picture_that_is_written_into_a_text_makes_it_no_long_one():
    text = f"*a* ![b](data:image/png;base64,{'iVBO' * 5_000})"

    assert rendered(text, "markdown2html").startswith("<p><em>a</em> <img")


def test_code_of_any_usual_length_is_in_colours():
    assert '<span class="k">return</span>' in rendered("return 1\n" * 200, "highlight_code(metadata={})")


def test_a_picture_that_code_has_drawn_is_shown_and_says_so_where_it_cannot_be_seen():
    with io.BytesIO() as file:
        Image.new("RGB", (2, 3)).save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode()
    cell = new_code_cell("draw()", outputs=[new_output("display_data", data={"image/png": data})])
    about = {"notebook": LESSON, "score": 0, "max_score": 0}
    page, _ = FeedbackExporter().from_notebook_node(
        nbformat.v4.new_notebook(cells=[cell]), {"nbgrader": about, "student": "ann"}
    )

    assert f'<img src="data:image/png;base64,{data}" alt="picture, see the code above" />' in page
