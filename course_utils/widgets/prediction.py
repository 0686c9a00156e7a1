"""A question with a button for each of its choices; they are reached with Tab, and pressed with Enter or Space."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from course_utils.card import rich


class Buttons:
    """The question, its buttons, and a line below them that screen readers read out when it changes.

    A pressed button stays where the keyboard is: a disabled one would lose the focus to nowhere.

    Args:
        question: what is asked; what stands between backticks is code.
        choices: what the buttons say.
        press: called with the choice whose button was pressed.

    Attributes:
        panel: all of it, to be shown.
        heading, labels: the question and the choices as HTML.
    """

    def __init__(self, question: str, choices: Sequence[str], press: Callable[[str], None]) -> None:
        import ipywidgets

        self.heading = f"<b>Predict:</b> {rich(question)}"
        self.labels = [html.escape(choice) for choice in choices]
        self._line = ipywidgets.HTML()
        self._buttons = {
            choice: ipywidgets.Button(description=choice, layout={"width": "auto", "min_width": "7em"})
            for choice in choices
        }
        for choice, button in self._buttons.items():
            button.on_click(lambda _, choice=choice: press(choice))
        row = ipywidgets.HBox(list(self._buttons.values()), layout={"flex_flow": "row wrap"})
        self.panel = ipywidgets.VBox([ipywidgets.HTML(self.heading), row, self._line])

    def tell(self, text: str, chosen: str | None, *, is_html: bool = False) -> None:
        """Write the line below the buttons, and mark the one that was chosen."""
        self._line.value = text if is_html else f'<div role="status">{rich(text)}</div>'
        for choice, button in self._buttons.items():
            button.button_style = "info" if choice == chosen else ""
            button.icon = "check" if choice == chosen else ""
