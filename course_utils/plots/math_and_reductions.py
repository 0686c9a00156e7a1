"""The pictures of lesson 3."""

import operator
from collections.abc import Sequence
from types import MappingProxyType

import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from course_utils.plots.style import BAND, INK, LINES, PAPER, Picture, dress

REDUCTIONS = MappingProxyType({"sum": torch.sum, "mean": torch.mean, "amax": torch.amax, "amin": torch.amin})
_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_MINUS = "\N{MINUS SIGN}"


def plot_reduction(
    x: torch.Tensor, dim: int | tuple[int, int], operation: str = "sum", keepdim: bool = False
) -> Picture:
    """Draw which cells of `x` collapse into which cell of `operation(x, dim)`.

    Args:
        x: `(rows, columns)`, a handful of each
        dim: the dim that goes, may be negative; `(0, 1)` for both
        operation: a name in `REDUCTIONS`
        keepdim: whether the result keeps the dim, with size 1
    """
    x = x.detach().cpu()
    rows, columns = x.shape
    result = REDUCTIONS[operation](x, dim=dim, keepdim=keepdim)
    dim = dim if isinstance(dim, tuple) else dim % 2
    what = {0: "each column", 1: "each row"}.get(dim, "everything")
    options = f"dim={dim}, keepdim=True" if keepdim else f"dim={dim}"
    finding = f"{operation}({options}): {tuple(x.shape)} → {tuple(result.shape)}, {what} becomes one number"

    picture = Picture(f"{finding}. From {_listed(x)} comes {_listed(result)}.", 7.5, 4.4)
    axes = picture.subplots()
    for row in range(rows):
        for column in range(columns):
            _draw_cell(axes, column, row, x[row, column])
    # each slice: the corner of its box, the box's width and height, and where its number goes
    if dim == 0:
        slices = [(column, 0, 1, rows, column, rows + 0.8) for column in range(columns)]
    elif dim == 1:
        slices = [(0, row, columns, 1, columns + 0.8, row) for row in range(rows)]
    else:
        slices = [(0, 0, columns, rows, columns + 0.8, (rows - 1) / 2)]
    for i, (slice_, value) in enumerate(zip(slices, result.flatten(), strict=True)):
        _draw_collapse(axes, *slice_, value, *LINES[i % len(LINES)])
    dress(axes, finding, "dim 1: column", "dim 0: row")
    _show_cells(axes, rows, columns)
    axes.set_xlim(-0.7, columns + 1.5)
    axes.set_ylim(rows + 1.5, -0.7)
    return picture


def plot_broadcast(
    left: torch.Tensor, sign: str, right: torch.Tensor, names: Sequence[str] = ("left", "right")
) -> Picture:
    """Draw what broadcasting does to the two sides of `left - right`, and the result.

    A copy that broadcasting makes has a dashed outline; no memory is used for it.

    Args:
        left, right: up to two dims, of shapes that fit together into two dims
        sign: `+`, `-`, `*` or `/`
        names: what the two are called
    """
    left, right = left.detach().cpu(), right.detach().cpu()
    result = _OPERATORS[sign](left, right)
    titles = [f"{name}: {_stretched(side, result)}" for name, side in zip(names, (left, right), strict=True)]
    titles.append(f"{names[0]} {_typeset(sign)} {names[1]}: {tuple(result.shape)}")
    alt = f"Three grids. {'. '.join(titles)}. The result is {_listed(result)}."

    picture = Picture(alt, 11, 3.4)
    for axes, title, side in zip(picture.subplots(1, 3), titles, (left, right, result), strict=True):
        values = side.expand(result.shape)
        for row, column in torch.cartesian_prod(*map(torch.arange, result.shape)).tolist():
            _draw_cell(axes, column, row, values[row, column], _is_copy(side, result, row, column))
        dress(axes, title, "dim 1: column", "dim 0: row")
        _show_cells(axes, *result.shape)
        axes.set_xlim(-0.7, result.shape[1] - 0.3)
        axes.set_ylim(result.shape[0] - 0.3, -0.7)
    return picture


def _draw_cell(axes: Axes, column: float, row: float, value: torch.Tensor, is_copy: bool = False) -> None:
    style = {"facecolor": PAPER, "linestyle": (0, (3, 2))} if is_copy else {"facecolor": BAND, "linestyle": "-"}
    axes.add_patch(Rectangle((column - 0.42, row - 0.42), 0.84, 0.84, edgecolor=INK, linewidth=1, **style))
    axes.text(column, row, _number(value), ha="center", va="center", color=INK, fontsize=11)


def _draw_collapse(
    axes: Axes,
    column: int,
    row: int,
    width: int,
    height: int,
    to_column: float,
    to_row: float,
    value: torch.Tensor,
    color: str,
    dashes: str,
) -> None:
    """Draw a box around the cells from `(column, row)` on, an arrow, and the number that they become."""
    box = {"fill": False, "edgecolor": color, "linestyle": dashes, "linewidth": 2.2}
    corner = (column - 0.46, row - 0.46)
    axes.add_patch(
        FancyBboxPatch(corner, width - 0.08, height - 0.08, boxstyle="round,pad=0,rounding_size=0.15", **box)
    )
    down = to_row >= row + height
    start = (to_column, row + height - 0.5) if down else (column + width - 0.5, to_row)
    end = (to_column, to_row - 0.46) if down else (to_column - 0.46, to_row)
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkB": 0})
    axes.add_patch(Rectangle((to_column - 0.42, to_row - 0.42), 0.84, 0.84, **box))
    axes.text(to_column, to_row, _number(value), ha="center", va="center", color=INK, fontsize=11, weight="bold")


def _show_cells(axes: Axes, rows: int, columns: int) -> None:
    """Square cells, counted at the top and at the left, without a frame."""
    axes.set_aspect("equal")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_xticks(range(columns))
    axes.set_yticks(range(rows))
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)


def _is_copy(side: torch.Tensor, result: torch.Tensor, row: int, column: int) -> bool:
    """Whether the cell of `side`, stretched to the shape of `result`, stands for one further up or to the left."""
    sizes = (1,) * (result.dim() - side.dim()) + tuple(side.shape)
    return any(index >= size for index, size in zip((row, column), sizes, strict=True))


def _stretched(side: torch.Tensor, result: torch.Tensor) -> str:
    if side.shape == result.shape:
        return str(tuple(side.shape))
    return f"{tuple(side.shape)} acts as {tuple(result.shape)}"


def _number(value: torch.Tensor) -> str:
    return f"{value.item():.3g}".replace("-", _MINUS)


def _typeset(sign: str) -> str:
    return {"-": _MINUS, "*": "×", "/": "÷"}.get(sign, sign)


def _listed(x: torch.Tensor) -> str:
    def nested(values: object) -> str:
        return "[" + ", ".join(map(nested, values)) + "]" if isinstance(values, list) else f"{values:.3g}"

    return nested(x.tolist())
