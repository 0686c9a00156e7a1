"""The pictures of lesson 1."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.plots.style import BAND, INK, LINES, PAPER, VERMILLION, Picture, dress

_TIMES = "\N{MULTIPLICATION SIGN}"


def plot_shapes(x: torch.Tensor, shapes: Iterable[tuple[int, ...]]) -> Picture:
    """Draw the same numbers in several shapes, the cells of a row in one frame.

    Args:
        x: `(n,)`
        shapes: of one or two dims, with n entries; at most four rows
    """
    tables = {tuple(shape): x.detach().cpu().reshape(shape) for shape in shapes}
    titles = [f"shape {shape}\n{_in_words(shape)}" for shape in tables]
    numbers = ", ".join(f"{value:g}" for value in x.tolist())
    said = ". ".join(title.replace("\n", ": ") for title in titles)
    picture = Picture(f"The numbers {numbers} in {len(tables)} shapes. {said}.", 9, 3)
    panels = picture.subplots(1, len(tables), width_ratios=[shape[-1] + 1 for shape in tables], squeeze=False)[0]
    for axes, title, table in zip(panels, titles, tables.values(), strict=True):
        _draw_table(axes, table, title)
        for row, (color, dashes) in zip(range(len(_as_rows(table))), LINES, strict=False):
            _frame(axes, row, 0, table.shape[-1], color, dashes)
    return picture


def plot_place(x: torch.Tensor, shape: Sequence[int], place: int) -> Picture:
    """Draw where a place in memory stands in a tensor of the given shape.

    Args:
        x: `(n,)`, the numbers in the order of memory
        shape: of one or two dims, with n entries
        place: 0 to n - 1
    """
    shape = tuple(shape)
    table = x.detach().cpu().reshape(shape)
    index = [int(i) for i in np.unravel_index(place, shape)]
    work = f" = {index[0]} {_TIMES} {shape[1]} + {index[1]}" if len(shape) == 2 else ""
    memory = f"memory: place {place} of {len(x)} is marked"
    finding = f"shape {shape}: place {place}{work} is x{index}"
    picture = Picture(f"A row of numbers and a table. {memory}. {finding}.", 8.5, 4.6)
    above, below = picture.subplots(2, 1, height_ratios=[1, 4])
    _draw_table(above, x.detach().cpu(), memory)
    above.set_xlabel("place in memory")
    _frame(above, 0, place, 1, VERMILLION, "-")
    _draw_table(below, table, finding)
    _frame(below, index[0] if len(shape) == 2 else 0, index[-1], 1, VERMILLION, "-")
    return picture


def plot_reading_orders(views: Mapping[str, torch.Tensor]) -> Picture:
    """Draw several tensors that share one memory, and in which order each reads its places.

    Args:
        views: what a tensor is called -> a tensor of two dims that starts at place 0 of the memory, of few numbers
    """
    first = next(iter(views.values())).detach()
    row = first.as_strided((first.numel(),), (1,))
    places = {name: torch.arange(len(row)).as_strided(view.shape, view.stride()) for name, view in views.items()}
    titles = {
        name: f"{name}: strides {view.stride()} read places {', '.join(map(str, places[name].flatten().tolist()))}"
        for name, view in views.items()
    }
    tables = {name: f"{name}, shape {tuple(view.shape)}: the same order, row by row" for name, view in views.items()}
    said = ". ".join([*titles.values(), *tables.values()])
    picture = Picture(f"One row of {len(row)} numbers, read in {len(views)} orders. {said}.", 10, 5)
    above, below = picture.subplots(2, len(views), height_ratios=[1.3, 2], squeeze=False)
    for i, (name, view) in enumerate(views.items()):
        color, dashes = LINES[i % len(LINES)]
        _draw_table(above[i], row, titles[name])
        above[i].set_xlabel("place in memory")
        above[i].set_ylim(1.1, -1.1)
        _draw_path(above[i], [(place, 0) for place in places[name].flatten().tolist()], color, dashes, bent=True)
        _draw_table(below[i], view.detach(), tables[name])
        rows, columns = view.shape
        steps = [(column, row) for row in range(rows) for column in range(columns)]
        _draw_path(below[i], steps, color, dashes, bent=False)
    return picture


def _draw_path(axes: Axes, cells: Sequence[tuple[int, int]], color: str, dashes: str, *, bent: bool) -> None:
    """Draw arrows from each cell (column, row) to the next: straight, or in bows, above a row and back below it."""
    for (x0, y0), (x1, y1) in pairwise(cells):
        arrow = {
            "arrowstyle": "-|>",
            "color": color,
            "linestyle": dashes,
            "linewidth": 1.6,
            "shrinkA": 9,
            "shrinkB": 9,
            "connectionstyle": f"arc3,rad={-0.35 if bent else 0}",
        }
        lift = (0.25 if x1 > x0 else -0.25) if bent else 0
        axes.annotate("", xy=(x1, y1 - lift), xytext=(x0, y0 - lift), arrowprops=arrow, zorder=3)


def _in_words(shape: tuple[int, ...]) -> str:
    return f"one row of {shape[0]}" if len(shape) == 1 else f"{shape[0]} rows of {shape[1]}"


def _as_rows(table: torch.Tensor) -> torch.Tensor:
    return table.reshape(-1, table.shape[-1])


def _draw_table(axes: Axes, table: torch.Tensor, title: str) -> None:
    """Draw a tensor of one or two dims as cells with their numbers, its dims along the axes."""
    one_dim = table.dim() == 1
    dress(axes, title, "dim 0: place" if one_dim else "dim 1: column", "one dim only" if one_dim else "dim 0: row")
    rows = _as_rows(table)
    axes.grid(False)
    axes.set_aspect("equal")
    axes.set_xlim(-0.6, rows.shape[1] - 0.4)
    axes.set_ylim(len(rows) - 0.4, -0.6)  # row 0 on top
    axes.set_xticks(range(rows.shape[1]))
    axes.set_yticks([] if one_dim else range(len(rows)))
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    for row, values in enumerate(rows.tolist()):
        for column, value in enumerate(values):
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=PAPER, edgecolor=BAND))
            axes.text(column, row, f"{value:g}", ha="center", va="center", color=INK, zorder=4)


def _frame(axes: Axes, row: int, column: int, width: int, color: str, dashes: str) -> None:
    """Tint and frame the cells of a row, from a column on."""
    corner, size = (column - 0.45, row - 0.45), (width - 0.1, 0.9)
    axes.add_patch(Rectangle(corner, *size, facecolor=color, alpha=0.15, zorder=2))
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=color, linestyle=dashes, linewidth=2, zorder=3))
