"""``review()``: the button of the start notebook that makes a review of what was passed a while ago."""

from __future__ import annotations

import html
import importlib

from course_utils import record
from course_utils.checking import graded

_ELSEWHERE = "A review is made in work/, in the course's folder, where your checks are noted: `course lab` opens it."


def review() -> None:
    """Show a button that makes `review.ipynb`: up to five exercises that you passed a while ago, empty again.

    Where there are no buttons, a line of text names the command that does the same.
    """
    if graded():
        return
    explorer = importlib.import_module("course_utils.widgets.explorer")  # it imports torch and matplotlib
    if not explorer.has_front_end():
        print("In a terminal, `course review` makes a review of what you passed a while ago.")
        return
    ipywidgets = importlib.import_module("ipywidgets")
    display = importlib.import_module("IPython.display")
    button = ipywidgets.Button(description="Make a review", layout={"width": "auto"})
    text = "A button, Make a review; in a terminal, `course review` does the same."
    display.display(button._repr_mimebundle_() | {"text/plain": text}, raw=True)
    told = display.display(display.HTML(""), display_id=True)  # below it; links work there, in a widget they do not
    button.on_click(lambda _: told.update(display.HTML(_made())))


def _made() -> str:
    """Make the review; gives what was done, as HTML."""
    desk = record.find_desk()
    if desk is None:
        return f'<p role="status">{_ELSEWHERE}</p>'
    try:
        said = importlib.import_module("autograder.desk.review").make_review(record.course_of(desk))
    except Exception as error:  # a full disk, say: the button says so, where a callback's error would go unseen
        said = f"No review could be made: {error}"
    link = '<p><a href="review.ipynb">Open the review</a></p>' if (desk / "review.ipynb").is_file() else ""
    return f'<p role="status" style="white-space:pre-line">{html.escape(said)}</p>{link}'
