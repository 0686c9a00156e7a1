"""The widget of lesson 9."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from course_utils.plots.training import plot_stopping
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def early_stopping(val_losses: Sequence[float], epochs_run: Callable[[Sequence[float], int], int]) -> Explorer:
    """Explore where a patience from 1 to 15 epochs stops a training.

    Args:
        val_losses: the validation loss of each epoch, as it is without stopping
        epochs_run: (validation losses, patience) -> how many epochs training runs
    """
    return Explorer(
        lambda patience: plot_stopping(val_losses, patience, epochs_run(val_losses, patience)),
        start={"patience": 1},
        controls=lambda: {"patience": _patience_slider()},
    )


def _patience_slider() -> "ipywidgets.IntSlider":
    import ipywidgets

    return ipywidgets.IntSlider(
        value=1,
        min=1,
        max=15,
        description="patience (epochs)",
        style={"description_width": "initial"},
        layout={"width": "480px"},
    )
