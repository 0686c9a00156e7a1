"""The widget of lesson 2."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from course_utils.plots.autograd import plot_slope
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def slope_explorer(f: Callable[[torch.Tensor], torch.Tensor]) -> Explorer:
    """Explore the slope of `f` at places from -2 to 2: the tangent, and what nudging by eps makes of it.

    Args:
        f: works entry by entry, `(n,) -> (n,)`
    """
    return Explorer(
        lambda x, eps: plot_slope(f, x, eps),
        start={"x": 1.0, "eps": 1.0},
        controls=lambda: {"x": _slider("x", -2.0, 2.0), "eps": _slider("eps", 0.05, 1.2)},
    )


def _slider(name: str, low: float, high: float) -> "ipywidgets.FloatSlider":
    import ipywidgets

    return ipywidgets.FloatSlider(
        value=1.0,
        min=low,
        max=high,
        step=0.05,
        description=name,
        layout={"width": "480px"},
    )
