"""The widget of lesson 4."""

from typing import TYPE_CHECKING

import torch

from course_utils.plots.indexing import plot_gather
from course_utils.plots.style import Picture
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def gather_explorer(input: torch.Tensor, index: torch.Tensor) -> Explorer:
    """Explore which cells `torch.gather(input, dim, index)` picks, moving the entries of index and choosing dim.

    The entries go up to the larger side of input, so that one can be too large for the shorter side.

    Args:
        input: `(rows, columns)`, no more than four either way
        index: `(rows, columns)`, int64: its first entries, at `dim=1`; no larger than input either way
    """
    names = {f"index[{i}, {j}]": (i, j) for i in range(index.shape[0]) for j in range(index.shape[1])}
    start = {name: int(index[place]) for name, place in names.items()}

    def draw(dim: int, **entries: int) -> Picture:
        moved = index.cpu().clone()
        for name, value in entries.items():
            moved[names[name]] = value
        return plot_gather(input, dim, moved)

    def controls() -> dict[str, "ipywidgets.ValueWidget"]:
        last = max(input.shape) - 1
        return {"dim": _dim_buttons()} | {name: _place_slider(name, value, last) for name, value in start.items()}

    return Explorer(draw, start={"dim": 1, **start}, controls=controls)


def _dim_buttons() -> "ipywidgets.ToggleButtons":
    import ipywidgets

    return ipywidgets.ToggleButtons(options=[("dim=0", 0), ("dim=1", 1)], value=1, style={"button_width": "80px"})


def _place_slider(name: str, value: int, last: int) -> "ipywidgets.IntSlider":
    import ipywidgets

    return ipywidgets.IntSlider(value, 0, last, description=name, layout={"width": "320px"})
