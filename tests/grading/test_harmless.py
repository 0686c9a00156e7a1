"""What is recorded of a student's texts, pictures and outputs: it reads as it was written, and does nothing."""

import json
import random
import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat.v4 import new_markdown_cell

from autograder.grading.gradebook.failed import failed_notebook
from autograder.grading.harmless import JOINER, harmless, harmless_markdown, harmless_text
from tests.support.acting import ACT, AWAY, HONEST, MARKDOWN, PNG, acting_cells
from tests.support.classroom import graded, release

HARMLESS_TAGS = {
    *(
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "del",
        "details",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
    ),
    *("img", "input", "li", "ol", "p", "pre", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody"),
    *("td", "th", "thead", "tr", "u", "ul"),
}


class _Acting(HTMLParser):
    """Collects what acts in HTML that comes of Markdown."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag not in HARMLESS_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            fits = {
                "href": r"(https?:|mailto:|#|data:image/(png|jpeg|gif|webp);base64,).*|[^:/\\&]*",
                "src": r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+",
                "class": r"[\w -]+|language-\S*",
                "style": r"text-align:\w+",
                "id": r".*",  # nbconvert's, of headings
            }.get(name, ".*" if name in ("alt", "title", "type", "disabled", "checked", "start") else "never")
            if not re.fullmatch(fits, value or "", re.DOTALL):
                self.found.append((tag, name, value))

    def handle_comment(self, data):
        self.found.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def acting(html):
    parser = _Acting()
    parser.feed(html)
    parser.close()
    return parser.found


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_reads_as_it_was_written_and_does_nothing(text):
    safe = harmless_markdown(text)

    assert acting(markdown2html_mistune(safe)) == []
    assert harmless_markdown(safe) == safe
    readable = re.sub(rf'<img src="(data:image/png;base64,{PNG})".*>', r"![picture](\1)", text)
    assert safe.replace(JOINER, "") == re.sub(r"\x1b\[0m|[\x00\x0c]", "", readable)


@pytest.mark.parametrize("text", HONEST)
def test_honest_markdown_looks_as_before(text):
    def look(text):
        return markdown2html_mistune(text).replace(JOINER, "")

    assert look(harmless_markdown(text)) == look(text)


def test_the_lessons_own_markdown_would_look_as_before():
    texts = [cell.source for cell in release().cells if cell.cell_type == "markdown"]

    assert [text for text in texts if harmless_markdown(text) != text] == []


def test_whatever_is_put_together_does_nothing():
    draw = random.Random(0)
    pieces = [*"<>![](){}`$\\\"'=:# \n|-*_&;/", "](", "![", "]:", "<b>", "<!--", "```", "$$", "\\\\[", "&lt;", "    "]
    pieces += [
        "script",
        "img src=x onerror=",
        "javascript:",
        "https://",
        "attachment:",
        "data:image/png;base64,",
        "\n\n",
    ]
    bad = []
    for _ in range(600):
        text = "".join(draw.choice(draw.choice((pieces, MARKDOWN))) for _ in range(draw.randint(2, 14)))
        if found := acting(markdown2html_mistune(harmless_markdown(text))):
            bad.append((text, found))

    assert bad == []


def test_a_text_is_read_once_however_it_is_made():
    for piece in ("<img ", "<img src=attachment:", "![", "](", "![x](attachment:", "] ", "<", "<b", "\\href", "]("):
        assert len(harmless_markdown(piece * 50_000)) <= 2 * 200_000


def test_code_in_an_answer_stays_as_it_is():
    for code in (
        "`model[0](x)`",
        "f[i](x[0], y=2)",
        "```python\nsizes: dict[str]: int = x[1](\n    y)\n```",
        "a[0]: 1",
    ):
        assert harmless_markdown(code) == code


def test_honest_work_is_recorded_as_it_is():
    paper = graded("ann", wrong=["softmax"], answer=HONEST[0])

    assert harmless_text(paper.notebook, release()) == paper.notebook


def test_the_answer_of_a_written_question_is_made_harmless():
    notebook = nbformat.reads(graded("eve", answer="\n\n".join(MARKDOWN)).notebook, as_version=4)
    (answer,) = [cell for cell in harmless(notebook, release())["cells"] if cell["id"] == "why_dropout_scales"]

    assert acting(markdown2html_mistune(answer["source"])) == []
    assert answer["metadata"]["nbgrader"]["grade_id"] == "why_dropout_scales"


def test_the_causes_of_a_failure_may_name_what_acts():
    lesson = nbformat.writes(release())
    for text in MARKDOWN:
        first = failed_notebook(lesson, [f"a file named {text}", f"$$x$$ {text}"]).cells[0]

        assert acting(markdown2html_mistune(first.source)) == []


def test_of_cells_nothing_is_left_that_acts():
    notebook = release()
    notebook.cells += acting_cells()
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": ACT}}}
    notebook.metadata["title"] = notebook.cells[-1].id = f"<script>{ACT}</script>"
    safe = json.loads(harmless_text(json.dumps(notebook), release()))
    own = safe["cells"][len(release().cells) :]

    assert len(own) == len(acting_cells())
    assert [cell["metadata"] for cell in own if cell["metadata"]] == []
    assert [cell["id"] for cell in own if not re.fullmatch(r"[\w-]{1,64}", cell["id"])] == []
    assert safe["metadata"] == release().metadata
    kinds = {kind for cell in own for output in cell.get("outputs", ()) for kind in output.get("data", ())}
    assert kinds == {"text/plain", "image/png"}
    assert [cell["attachments"] for cell in own if "attachments" in cell] == [{"picture-1": {"image/png": PNG}}]


def test_pictures_of_an_answer_stay_and_others_are_shown_as_text():
    def recorded(source, attachments):
        notebook = release()
        notebook.cells.append(new_markdown_cell(source, id="own", attachments=attachments))
        return harmless(notebook, release())["cells"][-1]

    picture = {"image/png": PNG}
    kept = recorded("![me.png](attachment:0b1f-2c.png)", {"0b1f-2c.png": picture})
    assert kept["source"] == "![me.png](attachment:0b1f-2c.png)"
    assert kept["attachments"] == {"0b1f-2c.png": picture}

    named = recorded("![x](attachment:my%20drawing.png)", {"my drawing.png": picture})
    assert named["source"] == "![x](attachment:picture-1)"
    assert named["attachments"] == {"picture-1": picture}

    scaled = recorded('<img src="attachment:a.png" width="300" onload="x">', {"a.png": picture})
    assert scaled["source"] == "![picture](attachment:a.png)"

    fake = recorded("![x](attachment:a.png)", {"a.png": {"image/png": "PHN2Zz4="}})
    assert fake["source"].replace(JOINER, "") == "![x](attachment:a.png)"
    assert fake["source"] != "![x](attachment:a.png)"
    assert "attachments" not in fake

    assert harmless_markdown(f"![x]({AWAY})").startswith(f"!{JOINER}[x](http")  # a link, which waits for a click
