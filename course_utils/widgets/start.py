"""The widget of the start notebook and of lesson 1's first minutes."""

import html
from functools import partial
from typing import TYPE_CHECKING

from course_utils.data import invent_words, load_words
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets

_BEGUN = 40  # words at each temperature


class InventedWords:
    """Words that the course's small model has written at a temperature, as text.

    Args:
        temperature: above 0
        seed: of the draws

    Attributes:
        own: those that are not in the novels that the model was trained on
        known: those that are
    """

    def __init__(self, temperature: float, seed: int) -> None:
        novels = set(load_words())
        words = invent_words(temperature, _BEGUN, seed)
        self.temperature = temperature
        self.own = [word for word in words if word not in novels]
        self.known = [word for word in words if word in novels]

    def __str__(self) -> str:
        parts = {
            f"{len(self.own)} words of its own": self.own,
            f"{len(self.known)} from the novels": self.known,
        }
        lines = [f"{name}: {', '.join(words) or 'none'}" for name, words in parts.items()]
        return "\n".join([f"{_BEGUN} words begun at temperature {self.temperature:.1f}. Each once:", *lines])

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        first, own, known = (html.escape(line) for line in str(self).split("\n"))
        lines = f'<p>{first}</p><p style="font-size:1.25em;line-height:1.5">{own}</p><p>{known}</p>'
        return {
            "text/html": f'<div aria-live="polite" style="max-width:46em;min-height:15em">{lines}</div>',
            "text/plain": str(self),
        }


def word_inventor(seed: int = 10) -> Explorer:
    """Explore what a small Transformer writes at temperatures from 0.1 to 2, the same words for the same seed."""
    return Explorer(
        partial(InventedWords, seed=seed),
        start={"temperature": 0.8},
        controls=lambda: {"temperature": _temperature_slider()},
    )


def _temperature_slider() -> "ipywidgets.FloatSlider":
    import ipywidgets

    return ipywidgets.FloatSlider(
        value=0.8,
        min=0.1,
        max=2.0,
        step=0.1,
        description="temperature",
        readout_format=".1f",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )
