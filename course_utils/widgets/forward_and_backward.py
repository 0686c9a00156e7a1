"""The widget of lesson 5."""

from typing import TYPE_CHECKING

import torch

from course_utils.plots.forward_and_backward import plot_guess
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def guess_explorer(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> Explorer:
    """Explore how the residuals and the gradient of a line change with its weight and its bias.

    Args:
        X, y: `(n, 1)`, the data of the line
        W, b: the first guess
    """
    start = {"W": W, "b": b}
    return Explorer(
        lambda W, b: plot_guess(X, y, W, b),
        start=start,
        controls=lambda: {"W": _slider("W", W, 0.0, 4.0), "b": _slider("b", b, 3.0, 9.0)},
    )


def _slider(name: str, value: float, low: float, high: float) -> "ipywidgets.FloatSlider":
    import ipywidgets

    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=0.25, description=name, readout_format=".2f", layout={"width": "480px"}
    )
