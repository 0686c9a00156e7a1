"""A verdict as a box in a notebook, in the notebook's own colours, so that any theme can show it."""

from __future__ import annotations

import html
import re
from typing import Protocol


class Verdict(Protocol):
    """What a judge says of an answer."""

    passed: bool
    status: str
    message: str


# A colour that stands out on light and dark ground, and a sign for those who do not see it.
_SIGNS = {
    "passed": ("#2da44e", "&#10003;"),
    "wrong": ("#e5534b", "&#10007;"),
    "not attempted": ("#6e7781", "&#9675;"),
}


def card(verdict: Verdict, advice: str = "", picture: str = "") -> str:
    """The message as HTML, a box with a coloured edge.

    Args:
        advice: one more line, such as where the next hint is.
        picture: an HTML image that shows the difference.
    """
    color, sign = _SIGNS.get(verdict.status, _SIGNS["wrong"])
    name, _, message = verdict.message.partition(": ")
    fact, *rest = message.split("\n")
    mark = f'<b style="color:{color}" role="img" aria-label="{html.escape(verdict.status)}">{sign}</b>'
    lines = [f"{mark} <b>{html.escape(name)}</b>: {rich(fact)}", *map(_line, rest)]
    if picture:
        lines.append(picture)
    if advice:
        lines.append(f"<i>{rich(advice)}</i>")
    return (
        f'<div role="status" style="border-left:4px solid {color};padding:.3em .8em;line-height:1.5;'
        f'overflow-wrap:anywhere">{"<br>".join(lines)}</div>'
    )


def _line(line: str) -> str:
    """A line of the message: code as code, and the question, which matters most, in bold."""
    line = line.strip()
    if line.startswith("line "):
        place, _, code = line.partition(": ")
        return f"{place}: <code>{html.escape(code)}</code>"
    if line.startswith("called with "):
        return f"called with <code>{html.escape(line.removeprefix('called with '))}</code>"
    return f"<b>{rich(line)}</b>"


def rich(text: str) -> str:
    """``text`` as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
