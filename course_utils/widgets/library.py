"""The widgets that lead through the library's map, in lesson 8: searching it, and choosing from it."""

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from course_utils.data.library import CHOICES, LIBRARY, Choice, Entry, find_in_library
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets

_EVERY = "every"  # in the place of a chosen name, where nobody can choose
_LINK = 'target="_blank" rel="noopener" style="color:var(--jp-content-link-color,#0072B2);text-decoration:underline"'
_CELL = 'style="text-align:left;vertical-align:top;padding:2px 12px 2px 0;white-space:normal"'


class Page:
    """HTML that a notebook shows, with the same in plain text."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup = markup
        self.text = text

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {"text/html": self.markup, "text/plain": self.text}


def library() -> Explorer:
    """Search the map of `torch.nn` and `torch.optim`; without a front-end, all of it as a table."""
    return Explorer(_map, start={"search": ""}, controls=lambda: {"search": _search_box()})


def library_choices(part: str) -> Explorer:
    """Choose from the map for a few tasks, and read what speaks for a choice or against it.

    Without a front-end all reasons are there, folded.

    Args:
        part: a key of `CHOICES`.
    """
    tasks = {str(number): choice for number, choice in enumerate(CHOICES[part], 1)}
    return Explorer(
        lambda **chosen: _tasks(tasks, chosen),
        start=dict.fromkeys(tasks, _EVERY),
        controls=lambda: {number: _buttons(number, choice) for number, choice in tasks.items()},
    )


def _map(search: str) -> Page:
    found = list(find_in_library(search))
    count = f"{len(found)} of {len(LIBRARY)}" + (f' for "{search}"' if search.strip() else "")
    head = "".join(f'<th scope="col" {_CELL}>{title}</th>' for title in ("name", "part", "when", "lesson"))
    rows = "".join(map(_row, found))
    markup = (
        f'<p role="status">{html.escape(count)}</p><div style="max-height:26em;overflow-y:auto" tabindex="0" '
        f'aria-label="map of the library"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    lines = [f"{entry.full_name:30} {entry.part:14} {entry.when}" for entry in found]
    return Page(markup, "\n".join([count, *lines]))


def _row(entry: Entry) -> str:
    name = f'<a href="{entry.page}" {_LINK}><code>{entry.name}</code></a>'
    cells = (name, entry.part, html.escape(entry.when), str(entry.lesson or ""))
    return "<tr>" + "".join(f"<td {_CELL}>{cell}</td>" for cell in cells) + "</tr>"


def _tasks(tasks: Mapping[str, Choice], chosen: Mapping[str, str | None]) -> Page:
    said = {number: _said(choice, chosen[number]) for number, choice in tasks.items()}
    items = "".join(f'<li value="{number}">{text}</li>' for number, text in said.items() if text)
    lines = [f"{number}. {choice.task} ({', '.join(choice.options)}?)" for number, choice in tasks.items()]
    return Page(f'<ol role="status">{items}</ol>', "\n".join(lines))


def _said(choice: Choice, name: str | None) -> str:
    """The task with what speaks for a name or against it, or for every name, folded; nothing where none is chosen."""
    task = html.escape(choice.task)
    if name == _EVERY:
        reasons = "<br>".join(_reason(choice, option) for option in (choice.right, *choice.others))
        names = ", ".join(f"<code>{option}</code>" for option in choice.options)
        return f"{task}<br>{names}?<details><summary>what speaks for which</summary>{reasons}</details>"
    return f"{task}<br>{_reason(choice, name)}" if name else ""


def _reason(choice: Choice, name: str) -> str:
    return f"{'✓' if name == choice.right else '✗'} <code>{name}</code>: {html.escape(choice.reason(name))}"


def _search_box() -> "ipywidgets.Text":
    import ipywidgets

    return ipywidgets.Text(
        placeholder="images, small batches, loss ...", description="search", layout={"width": "480px"}
    )


def _buttons(number: str, choice: Choice) -> "ipywidgets.ToggleButtons":
    import ipywidgets

    return ipywidgets.ToggleButtons(
        options=choice.options,
        value=None,
        description=f"{number}. {choice.task}",
        style={"button_width": "170px", "description_width": "initial"},
        layout={"width": "100%"},
    )
