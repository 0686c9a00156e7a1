"""The widget of lesson 3."""

from typing import TYPE_CHECKING

import torch

from course_utils.plots.math_and_reductions import REDUCTIONS, plot_reduction
from course_utils.widgets.explorer import Explorer

if TYPE_CHECKING:
    import ipywidgets


def reduction_explorer(x: torch.Tensor) -> Explorer:
    """Explore which cells of `x` a reduction collapses into which, for every `dim` and several operations.

    Args:
        x: `(rows, columns)`, a handful of each
    """
    start = {"dim": 0, "operation": "sum", "keepdim": False}
    return Explorer(
        lambda dim, operation, keepdim: plot_reduction(x, dim, operation, keepdim),
        start=start,
        controls=lambda: _controls(**start),
    )


def _controls(dim: int, operation: str, keepdim: bool) -> "dict[str, ipywidgets.ValueWidget]":
    import ipywidgets

    dims = [("0", 0), ("1", 1), ("both", (0, 1))]
    return {
        "dim": ipywidgets.ToggleButtons(options=dims, value=dim, description="dim", style={"button_width": "70px"}),
        "operation": ipywidgets.ToggleButtons(
            options=list(REDUCTIONS), value=operation, description="operation", style={"button_width": "70px"}
        ),
        "keepdim": ipywidgets.Checkbox(value=keepdim, description="keepdim"),
    }
