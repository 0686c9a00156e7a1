"""HTML of graded notebooks that only shows something: for feedback pages, and for nbgrader's Formgrader.

nbgrader_config.py names what is here. It stands behind `autograder.grading.harmless`, which is applied when a grade is
recorded, and does not rely on it.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import bleach
import nbgrader
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode, from_dict

from autograder.grading.outputs import clean
from autograder.notebooks.pictures import pictures
from autograder.notebooks.reading import text_length

# Of pages that only show something: no script, no frame, no form, nothing from elsewhere.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
# For texts and code of twice the length, rendering may take four times as long. Lessons have half of this.
LONGEST, WIDEST = 8_000, 500  # characters of a cell that is rendered, and of one of its lines of code
ALIKE = 1000  # cells whose HTML is kept, because other pages have the same
TEMPLATES = Path(__file__).parent / "templates"
NBGRADERS = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"

_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "del", "details", "div", "em", "hr", "i", "img", "kbd"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "summary"),
    *("sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"),
}
_LINKS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
_IMAGES = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_HIGHLIGHTED = re.compile(r"highlight( hl-\w+)?|[a-z][a-z0-9]{0,2}")  # what Pygments calls things


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Markdown to HTML that only shows something; what nbconvert cannot render is shown as it was written.

    So is what is very long.
    """
    attachments = (context.get("cell") or {}).get("attachments") or {}
    return _rendered(source, attachments) if attachments else _rendered_alike(source)


def _rendered(source: str, attachments: Mapping[str, Any]) -> str:
    if text_length(source) > LONGEST:
        return f"<pre>{escape(source)}</pre>"
    try:
        renderer = IPythonRenderer(escape=False, attachments=attachments, exclude_anchor_links=True)
        html = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # such as of an attachment that isn't there; a page without it is better than none
        html = f"<pre>{escape(source)}</pre>"
    return bleach.clean(html, _TAGS, _keeps, protocols={"http", "https", "mailto", "data"})


@functools.lru_cache(maxsize=ALIKE)
def _rendered_alike(source: str) -> str:
    """The same for every page, as most of a lesson's text is."""
    return _rendered(source, {})


_highlight = Highlight2HTML(pygments_lexer="ipython3")


def highlight_code(source: str, metadata: Mapping[str, Any] | None = None, **_: Any) -> str:
    """Code in colours, or as it was written where it is very long."""
    return _highlighted(source, (metadata or {}).get("magics_language"))


@functools.lru_cache(maxsize=ALIKE)
def _highlighted(source: str, language: str | None) -> str:
    if len(source) > LONGEST or any(len(line) > WIDEST for line in source.splitlines()):
        return f'<div class="highlight"><pre>{escape(source)}</pre></div>'
    return _highlight(source, metadata={"magics_language": language} if language else {})


def nonced(html: str, nonce: str) -> str:
    """The page's own HTML, whose scripts its policy lets run."""
    return html.replace("<script", f'<script nonce="{nonce}"')


class Harmless(Preprocessor):
    """Keeps a notebook's texts, its outputs and pictures, bounded and cleaned, and nbgrader's marks; nothing else.

    For the page's template it adds ``resources.nonce``, new for each page, and escapes the student's name.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """The notebook, harmless whatever was in it, and what its page is made with."""
        names = {key: escape(resources[key]) for key in ("student", "first_name", "last_name") if resources.get(key)}
        resources.update(nonce=secrets.token_urlsafe(16), **names)
        return _harmless(nb), resources


def _harmless(notebook: NotebookNode) -> NotebookNode:
    cells = []
    for i, cell in enumerate(notebook.cells):
        plain = {"id": f"cell-{i}", "cell_type": cell.cell_type, "source": cell.source, "metadata": {}}
        marks = cell.metadata.get("nbgrader", {})
        if re.fullmatch(r"[\w .-]+", marks.get("grade_id", "")):
            plain["metadata"]["nbgrader"] = marks
        if cell.cell_type == "code":
            plain |= {"execution_count": None, "outputs": clean(cell.outputs)}
        elif found := pictures(cell.get("attachments")):
            plain["attachments"] = found
        cells.append(plain)
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


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
