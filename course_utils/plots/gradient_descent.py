"""The pictures of lesson 6: walks on the loss surface of a line, and how the loss falls, or does not."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes

from course_utils.plots.style import BLUE, LINES, VERMILLION, Picture, dress
from course_utils.plots.surface import best_line, draw_surface, line_losses, with_ones

_MARKERS = ("o", "s", "^", "D")
_HIGHEST = 1e6  # a curve that climbs above is cut off: its way is clear by then
_EDGE = 2.0  # learning rate × curvature: beyond, every step leads farther away


def plot_descent(X: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> Picture:
    """Draw a walk of gradient descent from zeros on the loss surface of a line, and the loss after each step.

    Args:
        X, y: `(n, 1)`, the data of the line
        lr: the learning rate
        steps: how many steps are taken, at least 1
    """
    A, target = with_ones(X), y.detach().cpu().double()  # (n, 2), (n, 1)
    largest = curvatures(X)[-1]
    walk = torch.zeros(steps + 1, 2, dtype=torch.float64)  # (steps + 1, [W, b])
    for i in range(steps):
        gradient = 2 * A.T @ (A @ walk[i, :, None] - target) / len(A)  # (2, 1)
        walk[i + 1] = walk[i] - lr * gradient[:, 0]
    losses, lowest = line_losses(X, y, walk), line_losses(X, y, best_line(X, y)).item()

    product = lr * largest
    finding = f"lr {lr:.3f} × largest curvature {largest:.3g} = {product:.2f}{_manner(product)}"
    outcome = f"Loss {losses[0]:.2f} at the start, {_short(losses[-1])} after {_count(steps)}"
    picture = Picture(f"A walk on the contour lines of a loss surface. {finding}. {outcome}.", 10.5, 4.4)
    left, right = picture.subplots(1, 2)
    _draw_wide_surface(left, X, y)
    left.plot(*walk.T.tolist(), color=VERMILLION, marker="o", markersize=4, linewidth=1.5, label="the walk from zeros")
    _dress_surface(left, finding)
    shown = losses.clamp(max=_HIGHEST).tolist()
    right.plot(range(steps + 1), shown, color=VERMILLION, marker="o", markersize=4, label="the walk")
    right.axhline(lowest, color=BLUE, linestyle="--", label="the best line's loss")
    dress(right, outcome, "steps taken", "loss: mean squared error (log scale)")
    right.set_yscale("log")
    right.set_ylim(0.5 * lowest, 2.0 * max(shown))
    right.xaxis.get_major_locator().set_params(integer=True)
    right.legend(loc="best", fontsize=9)
    return picture


def plot_losses(curves: Mapping[str, Sequence[float]]) -> Picture:
    """Draw the losses of several runs, one curve for each name.

    Args:
        curves: name -> the loss before each step; up to four of them
    """
    finding = ", ".join(f"{name} {_short(losses[-1])}" for name, losses in curves.items())
    steps = max(len(losses) for losses in curves.values()) - 1
    title = f"Loss after {_count(steps)}: {finding}"
    highest = ", ".join(f"{name} {_short(max(losses[1:]))}" for name, losses in curves.items())
    alt = f"Loss curves. {title}. Highest after the first step: {highest}."
    picture = Picture(alt, 7.5, 3.6)
    axes = picture.subplots()
    for (name, losses), (color, dashes), marker in zip(curves.items(), LINES, _MARKERS, strict=False):
        axes.plot(losses, color=color, linestyle=dashes, marker=marker, markersize=4, label=name)
    dress(axes, title, "steps taken", "loss: mean squared error")
    axes.set_ylim(bottom=0)
    axes.legend(loc="best", fontsize=9)
    return picture


def plot_walks(X: torch.Tensor, y: torch.Tensor, walks: Mapping[str, torch.Tensor]) -> Picture:
    """Draw several walks on one loss surface of a line.

    Args:
        X, y: `(n, 1)`, the data of the line
        walks: name -> `(steps + 1, 2)`, W and b at the start and after each step; up to four of them
    """
    lowest = line_losses(X, y, best_line(X, y))
    above = {name: line_losses(X, y, walk[-1:].detach().cpu().double()) - lowest for name, walk in walks.items()}
    steps = max(len(walk) for walk in walks.values()) - 1
    listed = ", ".join(f"{name} {_short(gap)}" for name, gap in above.items())
    title = f"Loss above the best line's after {_count(steps)}: {listed}"
    picture = Picture(f"Walks on the contour lines of a loss surface. {title}.", 8.5, 5.8)
    axes = picture.subplots()
    _draw_wide_surface(axes, X, y)
    for (name, walk), (color, dashes), marker in zip(walks.items(), LINES, _MARKERS, strict=False):
        points = walk.detach().cpu().T.tolist()
        axes.plot(*points, color=color, linestyle=dashes, marker=marker, markersize=4, linewidth=1.5, label=name)
    _dress_surface(axes, title)
    return picture


def curvatures(X: torch.Tensor) -> list[float]:
    """The curvatures of a line's mean squared error, smallest first: the eigenvalues of its second derivatives."""
    A = with_ones(X)
    return torch.linalg.eigvalsh(2 * A.T @ A / len(A)).tolist()


def _draw_wide_surface(axes: Axes, X: torch.Tensor, y: torch.Tensor) -> None:
    """Draw the surface wide enough for a walk from zeros, with the same scale on both axes.

    So the contour lines have the bowl's own shape, and are long where it is flat, whatever the units of X.
    """
    best_W, best_b = best_line(X, y)[0].abs().tolist()
    reach = 1.35 * max(best_W, best_b, 1.0)
    draw_surface(axes, X, y, reach, reach)
    axes.set_aspect("equal")


def _dress_surface(axes: Axes, title: str) -> None:
    dress(axes, title, "weight W: hundreds sold per degree", "bias b: hundreds sold on a usual day")
    axes.grid(False)  # the contour lines are the grid
    axes.legend(loc="lower right", fontsize=9)


def _manner(product: float) -> str:
    """How a walk goes along the steepest direction, where each step multiplies the distance by 1 - product."""
    if abs(product - _EDGE) < 1e-9:
        return ": swings for ever"
    if product > _EDGE:
        return " > 2: diverges"
    return " < 2: swings, and settles" if product > 1 else " ≤ 1: glides in"


def _short(value: float | torch.Tensor) -> str:
    value = float(value)
    return f"{value:.2f}" if value < 1000 else f"{value:.1e}"


def _count(steps: int) -> str:
    return f"{steps} step{'' if steps == 1 else 's'}"
