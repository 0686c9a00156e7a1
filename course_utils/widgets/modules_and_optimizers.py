"""The widget of lesson 8."""

from typing import TYPE_CHECKING

import torch

from course_utils.plots.modules_and_optimizers import plot_optimizer_paths
from course_utils.plots.style import Picture
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def optimizer_paths() -> Explorer:
    """Explore which learning rates from 0.003 to 1 carry SGD, SGD with momentum and Adam down one ravine."""
    return Explorer(_draw, start={"lr": 0.01}, controls=lambda: {"lr": _rate_slider()})


def _draw(lr: float) -> Picture:
    return plot_optimizer_paths(
        {
            "SGD": lambda params: torch.optim.SGD(params, lr=lr),
            "momentum": lambda params: torch.optim.SGD(params, lr=lr, momentum=0.9),
            "Adam": lambda params: torch.optim.Adam(params, lr=lr),
        }
    )


def _rate_slider() -> "ipywidgets.FloatLogSlider":
    import ipywidgets

    # Equal steps on a logarithmic scale: what counts is the factor between two rates.
    return ipywidgets.FloatLogSlider(
        value=0.01,
        base=10,
        min=-2.5,
        max=0,
        step=0.05,
        description="learning rate",
        readout_format=".3f",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )
