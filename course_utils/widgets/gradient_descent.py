"""The widget of lesson 6."""

from typing import TYPE_CHECKING

import torch

from course_utils.plots.gradient_descent import curvatures, plot_descent
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets

_LR, _STEPS = 0.05, 20


def learning_rate(X: torch.Tensor, y: torch.Tensor) -> Explorer:
    """Explore how the learning rate decides between gliding, swinging and divergence on the loss surface of a line.

    Args:
        X, y: `(n, 1)`, the data of the line
    """
    return Explorer(
        lambda lr, steps: plot_descent(X, y, lr, steps),
        start={"lr": _LR, "steps": _STEPS},
        controls=lambda: {"lr": _lr_slider(2.5 / curvatures(X)[-1]), "steps": _steps_slider()},
    )


def _lr_slider(highest: float) -> "ipywidgets.FloatSlider":
    import ipywidgets

    return ipywidgets.FloatSlider(
        value=_LR,
        min=0.005,
        max=highest,  # a quarter beyond the edge: enough to see a walk leave the picture
        step=0.005,
        description="learning rate",
        readout_format=".3f",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )


def _steps_slider() -> "ipywidgets.IntSlider":
    import ipywidgets

    return ipywidgets.IntSlider(
        value=_STEPS,
        min=1,
        max=40,
        description="steps",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )
