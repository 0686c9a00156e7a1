"""The widget of lesson 7."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from course_utils.plots.layers import plot_softmax
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def softmax_temperature(logits: torch.Tensor, labels: Sequence[str]) -> Explorer:
    """Explore how a temperature from 0.1 to 10 sharpens or flattens `softmax(logits / temperature)`.

    Args:
        logits: `(classes,)`
        labels: a name for each class
    """
    return Explorer(
        lambda temperature: plot_softmax(logits, labels, temperature),
        start={"temperature": 1.0},
        controls=lambda: {"temperature": _temperature_slider()},
    )


def _temperature_slider() -> "ipywidgets.FloatLogSlider":
    import ipywidgets

    # Equal steps on a logarithmic scale: halving and doubling the temperature are equally far from 1.
    return ipywidgets.FloatLogSlider(
        value=1.0,
        base=10,
        min=-1,
        max=1,
        step=0.05,
        description="temperature",
        readout_format=".2f",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )
