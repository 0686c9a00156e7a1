"""A graded notebook in which nothing that a student wrote can act, whoever shows it.

What is recorded is looked at in nbgrader's Formgrader, in JupyterLab and on feedback pages, by people who may change
grades, and each of these reads Markdown in its own way. So what could become a tag, a link that runs, or a request is
made plain text in the Markdown itself, by rules that hold whatever parser reads it, and that go through the text once.
An invisible character does it: the text reads as it was written, in prose, code and formulas.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import nbformat
from nbformat.v4.rwbase import rejoin_lines

from autograder.grading.outputs import clean, plain_text
from autograder.notebooks.pictures import picture, pictures

JOINER = "\u2060"  # a word joiner: it has no width, and no meaning in HTML, Markdown and TeX
TEXT_LIMIT = 200_000  # characters of a cell of text; its pictures are attachments

# Tags that lay out text, and only without attributes: they can neither act nor pass for another part of the page.
_LAYOUT = (
    "b|big|blockquote|br|caption|center|code|dd|del|details|dl|dt|em|h[1-6]|hr|i|ins|kbd|li|mark|ol|p|pre|s|samp|small"
    "|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var"
)
# What links, loads, names or dresses up in TeX as MathJax reads it.
_TEX = "href|url|class|cssId|style|data|require|mmlToken|bbox|includegraphics|html[a-z]*|toggle|mathtip|texttip"
# Where a link may lead; a word without a scheme and a path, such as in `x[i](y)`, leads nowhere.
_TARGET = r"""\s*(?:https?://|mailto:|\#|[^\s()<>:/\\&%?\#@"']+(?:[\s)]|\Z)|\)|\Z)"""
_PICTURE = r"attachment:[^\s()<>\"']{1,300}|data:image/[a-z]{3,4};base64,[A-Za-z0-9+/=]+"
_ACTING = re.compile(
    rf"""
    (?P<layout> </?(?:{_LAYOUT})[ ]?/?>)
  | (?P<image> !\[[^\[\]\\<>`$\n]{{0,300}}\]\((?P<of_image>{_PICTURE})(?:[ ]"[^"\\<>`$\n]{{0,300}}")?\))
  | (?P<img> <img(?=[^<>`$\n]{{0,300}}?[ ]src=["']?(?P<of_img>{_PICTURE}))[^<>`$\n]+>)
  | (?P<tag> <(?=[a-z/!?]))
  | (?P<marker> !(?=\[))
  | (?P<link> \](?=\()(?!\({_TARGET}))
  | (?P<definition> \](?=:)(?!:{_TARGET}))
  | (?P<tex> \\(?=(?:{_TEX})(?![a-z])))
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def harmless_text(notebook: str, release: Mapping[str, Any]) -> str:
    """A graded notebook as JSON text, made harmless; the same text where it is so already. See `harmless`."""
    graded = rejoin_lines(nbformat.from_dict(json.loads(notebook)))
    safe = harmless(graded, release)
    return notebook if safe == graded else json.dumps(safe, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def harmless(notebook: Mapping[str, Any], release: Mapping[str, Any]) -> dict[str, Any]:
    """A graded notebook with nothing in it that acts. Honest work stays as it is; doing it again changes nothing.

    The release's own cells stay. Of others the source of code stays, and text is made harmless; of outputs there is
    left what `clean` keeps, of attachments the pictures, and of metadata what the release says.

    Args:
        notebook, release: as `nbformat.read` returns them; the release is trusted.
    """
    released = {cell["id"]: cell for cell in release["cells"]}
    cells = [_cell(cell, released.get(cell["id"])) for cell in notebook["cells"]]
    return {**release, "cells": cells}


def harmless_markdown(text: str, pictures: Mapping[str, str] | None = None) -> str:
    """Markdown that reads as ``text`` does, and does nothing.

    Args:
        pictures: the names of attachments that may be shown -> what they are called now.
    """
    return _inert(plain_text(text, TEXT_LIMIT), pictures or {})


def _inert(text: str, names: Mapping[str, str]) -> str:
    return _ACTING.sub(lambda found: _replaced(found, names), text)


def _replaced(found: re.Match[str], names: Mapping[str, str]) -> str:
    whole = found[0]
    match found.lastgroup:
        case "layout":
            return whole
        case "image" if source := _shown(found["of_image"], names):
            return whole.replace(found["of_image"], source)
        case "img" if source := _shown(found["of_img"], names):
            return f"![picture]({source})"
    return whole[0] + JOINER + _inert(whole[1:], names)


def _shown(source: str, names: Mapping[str, str]) -> str | None:
    """Where a picture comes from, if it is one that may be shown."""
    scheme, _, rest = source.partition(":")
    if scheme.lower() == "attachment":
        return next((f"attachment:{names[name]}" for name in (rest, unquote(rest)) if name in names), None)
    found = picture(rest.partition(",")[2])
    return f"data:{found[0]};base64,{found[1]}" if found else None


def _cell(cell: Mapping[str, Any], released: Mapping[str, Any] | None) -> Mapping[str, Any]:
    kind, source, metadata = cell["cell_type"], cell["source"], _metadata(cell, released)
    kept = {"id": _id(cell, released), "cell_type": kind, "metadata": metadata, "source": source}
    if kind == "code":
        graded = metadata.get("nbgrader", {}).get("grade", False)
        return {**kept, "execution_count": None, "outputs": clean(cell["outputs"], points=graded)}
    if released is not None and released["cell_type"] == kind and released["source"] == source:
        return released
    found = pictures(cell.get("attachments")) if kind == "markdown" else {}
    names = _plain_names(found)
    kept["source"] = harmless_markdown(source, names)
    return {**kept, "attachments": {names[name]: found[name] for name in found}} if found else kept


def _id(cell: Mapping[str, Any], released: Mapping[str, Any] | None) -> str:
    return cell["id"] if released is not None else re.sub(r"[^A-Za-z0-9_-]", "-", str(cell["id"])[:64]) or "-"


def _metadata(cell: Mapping[str, Any], released: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the release says of the cell; a demo that was edited has lost the tag."""
    if released is None:
        return {}
    kept = {key: value for key, value in released["metadata"].items() if key != "tags"}
    tags = [tag for tag in released["metadata"].get("tags", ()) if tag in cell["metadata"].get("tags", ())]
    return {**kept, "tags": tags} if tags else kept


def _plain_names(found: Mapping[str, Any]) -> dict[str, str]:
    """A name for each attachment that every reader of Markdown takes as it is; most have one."""
    free = (name for n in itertools.count(1) if (name := f"picture-{n}") not in found)
    return {name: name if re.fullmatch(r"[A-Za-z0-9_.-]+", name) else next(free) for name in found}
