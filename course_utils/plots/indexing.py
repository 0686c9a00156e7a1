"""The pictures of lesson 4."""

from collections.abc import Callable, Iterable, Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from course_utils.plots.style import INK, LINES, PAPER, VERMILLION, Picture, dress

TINT = 0.25  # how much of its colour fills a chosen cell: the number in it stays readable


def plot_choices(x: torch.Tensor, choices: Mapping[str, Callable[[torch.Tensor], torch.Tensor]]) -> Picture:
    """Draw, for several ways of indexing, which cells of `x` reach the result, and the result's shape.

    Autograd finds them: the gradient of the result's sum is, for each cell, how often it was chosen.

    Args:
        x: `(rows, columns)`, floating-point
        choices: an expression, as the reader writes it -> a function that does it, `x -> any shape`
    """
    counts, titles = {}, {}
    for name, choose in choices.items():
        leaf = x.detach().cpu().requires_grad_()
        result = choose(leaf)
        (gradient,) = torch.autograd.grad(result.sum(), leaf)
        counts[name] = gradient.int()
        cells = int((counts[name] > 0).sum())
        titles[name] = f"{name}\n{cells} of {x.numel()} cells, shape {tuple(result.shape)}"

    rows = -(-len(choices) // 2)
    alt = f"The same {tuple(x.shape)} table several times, with the chosen cells framed. {_in_a_line(titles.values())}."
    picture = Picture(alt, 8.5, 2.9 * rows)
    for place, name in enumerate(choices, start=1):
        axes = picture.add_subplot(rows, 2, place)
        _draw_table(axes, x, titles[name])
        for row, column in counts[name].nonzero().tolist():
            _mark(axes, row, column, *LINES[0])
    return picture


def plot_gather(input: torch.Tensor, dim: int, index: torch.Tensor) -> Picture:
    """Draw `torch.gather(input, dim, index)` as three tables: input, index and result.

    The colour of a cell's frame, and its dashes, tell to which lane it belongs: a row for `dim=1`, a column for
    `dim=0`. An entry of index that is too large has a cross; then there is no result, and its title gives the error.

    Args:
        input: `(rows, columns)`
        dim: 0 or 1
        index: `(rows, columns)`, int64; up to four lanes, and no more than input has
    """
    input, index = input.detach().cpu(), index.cpu()
    fits = index < input.shape[dim]
    result = input.gather(dim, index) if fits.all() else torch.full(index.shape, torch.nan)
    picks = {(i, j): _source(dim, i, j, int(index[i, j])) for i, j in fits.nonzero().tolist()}
    titles = (
        f"input {tuple(input.shape)}\n{len(picks)} picks, from {len(set(picks.values()))} of {input.numel()} cells",
        f"index {tuple(index.shape)}\nplaces along dim {dim}",
        _result_title(input, dim, index),
    )

    lanes = {0: "column", 1: "row"}[dim]
    places = [", ".join(map(str, lane.tolist())) for lane in (index if dim == 1 else index.T)]
    said = "; ".join(f"{lanes} {lane} takes {of_lane}" for lane, of_lane in enumerate(places))
    picture = Picture(f"Three tables. {_in_a_line(titles)}. Along dim {dim}, {said}.", 10.5, 3.4)
    widths = [table.shape[1] for table in (input, index, result)]
    left, middle, right = picture.subplots(1, 3, width_ratios=widths)
    for axes, table, title in zip((left, middle, right), (input, index, result), titles, strict=True):
        _draw_table(axes, table, title)
    for target, source in picks.items():
        frame = LINES[target[1 - dim] % len(LINES)]
        _mark(left, *source, *frame)
        _mark(middle, *target, *frame)
        if fits.all():
            _mark(right, *target, *frame)
    for row, column in (~fits).nonzero().tolist():
        for axes in (middle, right):
            axes.plot(column + 0.3, row - 0.3, "x", color=VERMILLION, markersize=9, markeredgewidth=2.5)
    return picture


def _result_title(input: torch.Tensor, dim: int, index: torch.Tensor) -> str:
    size, largest = input.shape[dim], int(index.max())
    if largest >= size:
        return f"error: index {largest} is out of bounds\nfor dimension {dim} with size {size}"
    rule = {0: "input[index[i, j], j]", 1: "input[i, index[i, j]]"}[dim]
    return f"result {tuple(index.shape)}\nat [i, j]: {rule}"


def _source(dim: int, i: int, j: int, chosen: int) -> tuple[int, int]:
    """The cell of input that gather reads for the place `[i, j]`."""
    return (chosen, j) if dim == 0 else (i, chosen)


def _in_a_line(titles: Iterable[str]) -> str:
    return ". ".join(title.replace("\n", ": ") for title in titles)


def _draw_table(axes: Axes, x: torch.Tensor, title: str) -> None:
    """Draw `x` `(rows, columns)` as a grid of cells with their numbers; NaN stays empty."""
    rows, columns = x.shape
    dress(axes, title, "dim 1: column", "dim 0: row")
    axes.grid(False)
    axes.set_aspect("equal")
    axes.set_xlim(-0.55, columns - 0.45)
    axes.set_ylim(rows - 0.45, -0.55)  # row 0 on top
    axes.set_xticks(range(columns))
    axes.set_yticks(range(rows))
    axes.spines[["left", "bottom"]].set_visible(False)
    for row in range(rows):
        for column in range(columns):
            value = float(x[row, column])
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=PAPER, edgecolor="#BBBBB4"))
            if value == value:
                axes.text(column, row, f"{value:g}", ha="center", va="center", color=INK, zorder=4)


def _mark(axes: Axes, row: int, column: int, color: str, dashes: str) -> None:
    """Fill a cell and frame it."""
    corner, width = (column - 0.44, row - 0.44), 0.88
    axes.add_patch(Rectangle(corner, width, width, facecolor=color, alpha=TINT, zorder=2))
    axes.add_patch(
        Rectangle(corner, width, width, fill=False, edgecolor=color, linestyle=dashes, linewidth=2.2, zorder=3)
    )
