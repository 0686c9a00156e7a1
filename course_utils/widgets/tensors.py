"""The widget of lesson 1."""

from typing import TYPE_CHECKING

import torch

from course_utils.plots.style import Picture
from course_utils.plots.tensors import plot_place
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def shape_explorer(x: torch.Tensor) -> Explorer:
    """Explore which index a number has in each shape that its tensor can take, in one dim or two.

    Args:
        x: `(n,)`, n of up to about 12
    """
    n = len(x)
    shapes = [(n,), *((rows, n // rows) for rows in range(1, n) if n % rows == 0)]
    start = {"shape": shapes[len(shapes) // 2], "place": n // 2}

    def draw(shape: tuple[int, ...], place: int) -> Picture:
        return plot_place(x, shape, place)

    def controls() -> dict[str, "ipywidgets.ValueWidget"]:
        return {"shape": _shape_buttons(shapes, start["shape"]), "place": _place_slider(start["place"], n)}

    return Explorer(draw, start=start, controls=controls)


def _shape_buttons(shapes: list[tuple[int, ...]], value: tuple[int, ...]) -> "ipywidgets.ToggleButtons":
    import ipywidgets

    options = [(str(shape), shape) for shape in shapes]
    return ipywidgets.ToggleButtons(options=options, value=value, style={"button_width": "80px"})


def _place_slider(value: int, n: int) -> "ipywidgets.IntSlider":
    import ipywidgets

    return ipywidgets.IntSlider(value, 0, n - 1, description="place", layout={"width": "420px"})
