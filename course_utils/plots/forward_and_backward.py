"""The pictures of lesson 5: a guess beside its data, and the gradient on the loss surface."""

import torch
from matplotlib.axes import Axes

from course_utils.plots.style import BLACK, BLUE, PAPER, VERMILLION, Picture, dress
from course_utils.plots.surface import best_line, draw_surface, line_losses, with_ones

_ARROW = 0.1  # how much of the gradient an arrow shows: its full length would leave the picture
_REACH = 4.5  # to each side of the best line's W and b, the same for both: only so is a gradient square to the contours
_FLAT = 0.005  # a slope below reads as 0.00


def plot_residuals(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> Picture:
    """Draw the data, the line `X * W + b`, and each residual as a stick from the target to the prediction.

    Args:
        X, y: `(n, 1)`, the data
    """
    picture = Picture(f"Four points and a line. {_loss_words(X, y, W, b)}. {_listed(X, y, W, b)}", 7, 3.8)
    _draw_residuals(picture.subplots(), X, y, W, b)
    return picture


def plot_loss_surface(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> Picture:
    """Draw the contour lines of the loss over W and b, and the gradient at one guess, with the way against it.

    Args:
        X, y: `(n, 1)`, the data of the line
    """
    picture = Picture(f"Contour lines of a loss surface. {_slope_words(X, y, W, b)}. {_place(X, y, W, b)}", 5.6, 5.2)
    _draw_gradient(picture.subplots(), X, y, W, b)
    return picture


def plot_guess(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> Picture:
    """Draw both pictures of one guess side by side: its residuals, and its gradient on the loss surface.

    Args:
        X, y: `(n, 1)`, the data of the line
    """
    words = f"{_loss_words(X, y, W, b)}. {_slope_words(X, y, W, b)}. {_place(X, y, W, b)}"
    picture = Picture(f"A line beside its data, and its place on the loss surface. {words}", 11.5, 5)
    left, right = picture.subplots(1, 2)
    _draw_residuals(left, X, y, W, b)
    _draw_gradient(right, X, y, W, b)
    return picture


def _draw_residuals(axes: Axes, X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> None:
    x, target = X.detach().cpu().flatten(), y.detach().cpu().flatten()  # (n,), (n,)
    guess = x * W + b  # (n,)
    ends = torch.stack([x.min() - 0.5, x.max() + 0.5])  # (2,)
    axes.plot(ends.tolist(), (ends * W + b).tolist(), color=BLUE, label=f"the guess: W = {W:.2f}, b = {b:.2f}")
    axes.vlines(x.tolist(), target.tolist(), guess.tolist(), color=VERMILLION, linestyle="--", label="residual")
    axes.plot(x.tolist(), target.tolist(), "o", color=BLACK, label="what was sold")
    ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}  # keeps a number readable where the line crosses it
    for place, low, high in zip(x.tolist(), target.tolist(), guess.tolist(), strict=True):
        middle = (place, (low + high) / 2)
        axes.annotate(_rounded(high - low), middle, (7, 0), textcoords="offset points", va="center", bbox=ground)
    dress(axes, _loss_words(X, y, W, b), "degrees above the usual", "hundreds sold")
    axes.legend(loc="upper left", fontsize=9)


def _draw_gradient(axes: Axes, X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> None:
    draw_surface(axes, X, y, _REACH, _REACH)
    slopes = _slopes(X, y, W, b)
    for sign, color, dashes, label in (
        (1, VERMILLION, "-", "gradient: uphill"),
        (-1, BLUE, "--", "against it: downhill"),
    ):
        end_W, end_b = (start + sign * _ARROW * slope for start, slope in zip((W, b), slopes, strict=True))
        axes.plot([W, end_W], [b, end_b], color=color, linestyle=dashes, linewidth=2, label=label)
        if max(map(abs, slopes)) >= _FLAT:
            head = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "mutation_scale": 16}
            tip = (end_W + 1e-3 * sign * slopes[0], end_b + 1e-3 * sign * slopes[1])
            axes.annotate("", xy=tip, xytext=(end_W, end_b), arrowprops=head)
    axes.plot(W, b, "o", color=BLACK, markersize=8, label="the guess", zorder=4)
    title = f"{_slope_words(X, y, W, b)}\n(arrows: a tenth of the gradient)"
    dress(axes, title, "weight W: hundreds sold per degree", "bias b: hundreds sold on a usual day")
    axes.set_aspect("equal")
    axes.grid(False)  # the contour lines are the grid
    axes.legend(loc="lower right", fontsize=9)


def _slopes(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> list[float]:
    """The gradient of the mean squared error, along W and along b."""
    A, target = with_ones(X), y.detach().cpu().double()  # (n, 2), (n, 1)
    point = torch.tensor([[W], [b]], dtype=torch.float64)  # (2, 1)
    return (2 / len(A) * A.T @ (A @ point - target)).flatten().tolist()


def _residuals(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> torch.Tensor:
    return (X.detach().cpu() * W + b - y.detach().cpu()).flatten()


def _loss_words(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> str:
    squares = _residuals(X, y, W, b).square()
    return f"Mean squared error {squares.mean():.2f}, {squares.max() / squares.sum():.0%} of it from one day"


def _listed(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> str:
    residuals = ", ".join(map(_rounded, _residuals(X, y, W, b).tolist()))
    return f"The residuals, from left to right: {residuals}."


def _slope_words(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> str:
    along_W, along_b = _slopes(X, y, W, b)
    return f"Slope {_signed(along_W)} along W, {_signed(along_b)} along b: {_advice(along_W)} W, {_advice(along_b)} b"


def _place(X: torch.Tensor, y: torch.Tensor, W: float, b: float) -> str:
    best_W, best_b = best_line(X, y)[0].tolist()
    loss = line_losses(X, y, torch.tensor([[W, b]], dtype=torch.float64)).item()
    return f"The guess: W = {W:.2f}, b = {b:.2f}, loss {loss:.2f}. The best line: W = {best_W:.2f}, b = {best_b:.2f}."


def _rounded(residual: float) -> str:
    return "0.0" if abs(residual) < 0.05 else f"{residual:+.1f}"


def _signed(slope: float) -> str:
    return "0.00" if abs(slope) < _FLAT else f"{slope:+.2f}"


def _advice(slope: float) -> str:
    if abs(slope) < _FLAT:
        return "keep"
    return "lower" if slope > 0 else "raise"
