"""What came beside what was expected, for an answer that went wrong."""

import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from course_utils.plots.style import BLUE, INK, PAPER, VERMILLION, Picture, dress

_READABLE = (12, 10)  # a matrix of up to so many rows and columns has its numbers written into it
_CELL = (0.62, 0.42)  # inches that a number needs
_PANEL = 2.6  # inches of a panel without numbers
_COLORS = colormaps["cividis"].with_extremes(bad=PAPER)


def plot_contrast(what: str, got: torch.Tensor, want: torch.Tensor, each: str = "index") -> Picture:
    """Draw two tensors side by side: matrices as tables of colours, runs as two lines.

    Args:
        what: what they are, such as ``"result"``
        got, want: both `(rows, columns)`, where the shapes may differ, or both `(steps,)`, where the lengths may
        each: what an entry of a run belongs to, such as ``"step"``
    """
    return _plot_runs(what, got, want, each) if want.dim() == 1 else _plot_matrices(what, got, want)


def _plot_matrices(what: str, got: torch.Tensor, want: torch.Tensor) -> Picture:
    same = got.shape == want.shape
    wrong = ~_close(got, want) if same else torch.zeros(got.shape, dtype=torch.bool)
    small = all(size <= most for matrix in (got, want) for size, most in zip(matrix.shape, _READABLE, strict=True))
    panels = {"expected": want, "yours": got}
    if not small and same:
        panels["where they differ"] = wrong.double()
    rows, columns = (max(got.shape[dim], want.shape[dim]) for dim in (0, 1))
    tall = min(max(rows / columns, 0.3), 1.5)
    width, height = (columns * _CELL[0], rows * _CELL[1]) if small else (_PANEL, _PANEL * tall)
    alt = f"{what}, two tables of colours: expected beside yours. {_told(got, want, wrong, same)}"
    picture = Picture(alt, max(width, 1.3) * len(panels) + 0.5, height + 0.7)
    finite = torch.cat([matrix[matrix.isfinite()].flatten() for matrix in (got, want)])
    limits = (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 1.0)
    for axes, (title, matrix) in zip(picture.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        low, high = (0.0, 1.0) if title == "where they differ" else limits
        shown = matrix.masked_fill(~matrix.isfinite(), torch.nan)
        axes.imshow(shown.numpy(), cmap=_COLORS, vmin=low, vmax=high, aspect="auto" if small else "equal")
        _label(axes, title, what)
        if small:
            _write(axes, matrix, low, high)
    if small and same:
        for row, column in wrong.nonzero().tolist():
            frame = Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=VERMILLION, linewidth=3)
            picture.axes[1].add_patch(frame)
    return picture


def _label(axes: Axes, title: str, what: str) -> None:
    axes.set_title(title, fontsize=10, color=INK)
    axes.set_xlabel(what if title == "expected" else "", fontsize=9, color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _write(axes: Axes, matrix: torch.Tensor, low: float, high: float) -> None:
    """Write each number into its cell, dark on bright colours and bright on dark ones."""
    for row, values in enumerate(matrix.tolist()):
        for column, value in enumerate(values):
            share = (value - low) / ((high - low) or 1.0)
            ink = INK if not 0 <= share < 0.5 else PAPER
            axes.text(column, row, f"{value + 0.0:.3g}", ha="center", va="center", fontsize=8, color=ink)


def _told(got: torch.Tensor, want: torch.Tensor, wrong: torch.Tensor, same: bool) -> str:
    if not same:
        return f"Expected shape {tuple(want.shape)}, yours {tuple(got.shape)}."
    size = torch.nan_to_num((got - want).abs(), nan=torch.inf).masked_fill(~wrong, -1.0)
    row, column = divmod(int(size.argmax()), want.shape[1])
    return (
        f"{int(wrong.sum())} of {want.numel()} entries differ, most at [{row}, {column}]: "
        f"expected {float(want[row, column]):.4g}, yours {float(got[row, column]):.4g}."
    )


def _plot_runs(what: str, got: torch.Tensor, want: torch.Tensor, each: str) -> Picture:
    first = 0 if each == "index" else 1  # people count steps from 1, and a list's entries from 0
    common = min(len(got), len(want))
    apart = (~_close(got[:common], want[:common])).nonzero().flatten().tolist()
    lengths = f"{what}: expected {len(want)} values, yours has {len(got)}"
    title = f"{what}: yours leaves the expected run at {each} {apart[0] + first}" if apart else lengths
    alt = f"{title}. Expected: {_ends(want)}. Yours: {_ends(got)}."
    picture = Picture(alt, 5.5, 2.8)
    axes = picture.subplots()
    for name, run, color, line, mark in (("expected", want, BLUE, "-", "o"), ("yours", got, VERMILLION, "--", "x")):
        steps = range(first, first + len(run))
        axes.plot(steps, run.tolist(), color=color, linestyle=line, marker=mark, linewidth=2, label=name)
    dress(axes, title, each, what)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend(frameon=False, labelcolor=INK)
    return picture


def _ends(run: torch.Tensor) -> str:
    return f"{len(run)} values from {float(run[0]):.4g} to {float(run[-1]):.4g}"


def _close(got: torch.Tensor, want: torch.Tensor) -> torch.Tensor:
    return torch.isclose(got, want, rtol=1e-4, atol=1e-5, equal_nan=True)
