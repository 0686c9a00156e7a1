"""Feedback pages: what each exercise earned and why, in HTML in which nothing that a learner wrote can act.

Three walls, each of which would do: of outputs only text and PNG images are shown; the HTML that comes of Markdown,
learners' and graders', keeps only tags and attributes that show something; and the page's own Content-Security-Policy
forbids scripts, frames, forms and the network. Formulas are shown as TeX.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import bleach
import nbgrader
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbformat import NotebookNode, from_dict
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config

from autograder.grading.gradebook.settings import read_course
from autograder.grading.outputs import clean
from autograder.notebooks.reading import text_length

# For texts and code of twice the length, rendering may take four times as long. Lessons have half of this.
LONGEST, WIDEST = 8_000, 500  # characters of a cell that is rendered, and of one of its lines of code
_TEMPLATES = Path(__file__).parent / "templates"
_NBGRADERS = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "del", "details", "div", "em", "hr", "i", "img", "kbd"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "summary"),
    *("sup", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_LINKS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
_IMAGES = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_HIGHLIGHTED = re.compile(r"highlight( hl-\w+)?|[a-z][a-z0-9]{0,2}")  # what Pygments calls things


class FeedbackError(Exception):
    """Feedback for some students could not be written; the message names them."""


def write_feedback(root: Path, lesson: str, students: Iterable[str]) -> dict[str, Path]:
    """Write the feedback pages of students whose ``lesson`` was recorded, as ``nbgrader generate_feedback`` does.

    Returns:
        student -> page, under autograder/feedback.

    Raises:
        FeedbackError: some pages could not be written; the others were.
    """
    course = read_course(root)
    folders = course.coursedir
    folders.assignment_id = lesson
    students = list(students)
    converter = _Feedback(students, coursedir=folders, parent=course)
    converter.force = True
    converter.log.setLevel(logging.ERROR)  # that an older page makes way is no news
    pages = {
        student: Path(folders.format_path(folders.feedback_directory, student, lesson), f"{lesson}.html")
        for student in students
    }
    try:
        converter.start()
    except NbGraderException as error:
        missing = [student for student, page in pages.items() if not page.is_file()]
        raise FeedbackError(
            f"No feedback on {lesson} for {', '.join(missing) or 'anybody'}; expected a recorded submission of each. "
            "Grade them first; what nbgrader says is above."
        ) from error
    return pages


class _Feedback(GenerateFeedback):
    """nbgrader's converter, for a list of students in the place of a pattern that a student's name might match."""

    def __init__(self, students: Iterable[str], **kwargs: Any):
        super().__init__(**kwargs)
        self._students = students

    def init_notebooks(self) -> None:
        lesson = self.coursedir.assignment_id
        folders = [self._format_source(lesson, student) for student in self._students]
        self.assignments = {folder: [str(Path(folder, f"{lesson}.ipynb"))] for folder in folders}


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page, harmless whatever is in the notebook; set in nbgrader_config.py."""

    exclude_anchor_links = True

    @property
    def default_config(self) -> Config:
        """nbconvert's, with this page's template; nbgrader sets another one, but for all exporters alike."""
        config = super().default_config.copy()
        config.merge(
            {
                "FeedbackExporter": {
                    "template_name": "course_feedback",
                    "extra_template_basedirs": [str(_TEMPLATES), str(_NBGRADERS)],
                    "extra_template_paths": [str(_NBGRADERS)],  # from where the template extends nbgrader's
                },
                "TemplateExporter": {"filters": {"highlight_code": _highlight_code}},
                "NbConvertBase": {"display_data_priority": ["image/png", "text/plain"]},
            }
        )
        return config

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of a graded notebook."""
        resources = {**(resources or {}), "content_security_policy": _POLICY}
        return super().from_notebook_node(_harmless(nb), resources, **kwargs)

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Markdown to HTML that only shows something; what nbconvert cannot render is shown as it was written.

        So is what is very long.
        """
        if text_length(source) > LONGEST:
            return f"<pre>{escape(source)}</pre>"
        try:
            html = super().markdown2html(context, source)
        except Exception:  # such as of an attachment that isn't there; a page without it is better than none
            html = f"<pre>{escape(source)}</pre>"
        return bleach.clean(html, _TAGS, _keeps, protocols={"http", "https", "mailto", "data"})


_highlight = Highlight2HTML(pygments_lexer="ipython3")


def _highlight_code(source: str, **options: Any) -> str:
    """Code in colours, or as it was written where it is very long."""
    if len(source) > LONGEST or any(len(line) > WIDEST for line in source.splitlines()):
        return f'<div class="highlight"><pre>{escape(source)}</pre></div>'
    return _highlight(source, **options)


def _keeps(tag: str, name: str, value: str) -> bool:
    """Whether an attribute stays: where links and images lead, and what colours code."""
    match tag, name:
        case "a", "href":
            return _LINKS.match(value) is not None
        case "img", "src":
            return _IMAGES.fullmatch(value) is not None
        case "img", "alt":
            return True
        case (("div" | "span" | "pre" | "code"), "class"):
            return _HIGHLIGHTED.fullmatch(value) is not None
    return False


def _harmless(notebook: NotebookNode) -> NotebookNode:
    """The notebook's texts, its outputs bounded and cleaned, and nbgrader's marks; no other metadata."""
    cells = []
    for i, cell in enumerate(notebook.cells):
        plain = {"id": f"cell-{i}", "cell_type": cell.cell_type, "source": cell.source, "metadata": {}}
        marks = cell.metadata.get("nbgrader", {})
        if re.fullmatch(r"[\w .-]+", marks.get("grade_id", "")):
            plain["metadata"]["nbgrader"] = marks
        if cell.cell_type == "code":
            plain |= {"execution_count": None, "outputs": clean(cell.outputs)}
        cells.append(plain)
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})
