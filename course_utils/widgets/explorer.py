"""A picture with controls, which becomes a still picture where nobody can move them."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from IPython import get_ipython

if TYPE_CHECKING:
    import ipywidgets


class Shown(Protocol):
    """What a notebook shows as HTML, with a plain text beside it: a picture, or a table."""

    def _repr_mimebundle_(self) -> dict[str, object]: ...


class Explorer:
    """A picture, or a table, that is drawn again whenever one of its controls moves.

    As the last expression of a cell it shows the controls above the picture. Under grading, and where no Jupyter
    kernel runs, it shows the picture for the values of `start`. A saved notebook keeps that picture too.

    Args:
        draw: called with the controls' values by name, gives the picture
        start: the values by name for which it is drawn where nobody can move a control
        controls: makes the controls, name -> widget; called only when there is a front-end for them
    """

    def __init__(
        self,
        draw: Callable[..., Shown],
        start: Mapping[str, Any],
        controls: Callable[[], Mapping[str, "ipywidgets.ValueWidget"]],
    ) -> None:
        self.draw = draw
        self.start = dict(start)
        self.make_controls = controls

    def panel(self) -> "ipywidgets.VBox":
        """New controls above their picture, joined: `panel.children` is `(control, ..., HTML)`."""
        import ipywidgets

        controls = self.make_controls()
        image = ipywidgets.HTML()

        def redraw(_: object = None) -> None:
            image.value = _html(self.draw(**{name: control.value for name, control in controls.items()}))

        redraw()
        for control in controls.values():
            control.observe(redraw, names="value")
        return ipywidgets.VBox([*controls.values(), image])

    def _repr_mimebundle_(self, **options: object) -> dict[str, object]:
        still = self.draw(**self.start)._repr_mimebundle_()
        if not has_front_end():
            return still
        return still | self.panel()._repr_mimebundle_(**options) | {"text/plain": still["text/plain"]}


def _html(shown: Shown) -> str:
    return str(shown._repr_mimebundle_()["text/html"])


def has_front_end() -> bool:
    """Whether a Jupyter kernel runs this code for a reader, not nbgrader for a grade."""
    return hasattr(get_ipython(), "kernel") and "NBGRADER_EXECUTION" not in os.environ
