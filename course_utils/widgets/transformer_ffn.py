"""The widget of lesson 10."""

from typing import TYPE_CHECKING

from course_utils.plots.transformer_ffn import plot_attention_scale
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def attention_scale() -> Explorer:
    """Explore what the division by the root of the width does to attention, for widths from 1 to 1024."""
    start = {"width": 64}
    return Explorer(plot_attention_scale, start=start, controls=lambda: {"width": _width_slider(**start)})


def _width_slider(width: int) -> "ipywidgets.SelectionSlider":
    import ipywidgets

    return ipywidgets.SelectionSlider(
        options=[2**i for i in range(11)],
        value=width,
        description="features",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )
