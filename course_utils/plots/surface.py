"""The loss surface of a line, W and b against its mean squared error: the ground of pictures in lessons 5 and 6."""

import torch
from matplotlib.axes import Axes

from course_utils.plots.style import BLACK


def with_ones(X: torch.Tensor) -> torch.Tensor:
    """The data (n, 1) with a column of ones (n, 2), float64, so that the bias is a weight like another."""
    X = X.detach().cpu().double()
    return torch.cat([X, torch.ones_like(X)], dim=1)


def best_line(X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """W and b (1, 2), float64, of the lowest loss, for data (n, 1).

    By the textbook's formula: a solver's last digit depends on where its arrays lie in memory, and with it pixels.
    """
    x, target = X.detach().cpu().double(), y.detach().cpu().double()
    apart = x - x.mean()
    W = (apart * (target - target.mean())).sum() / apart.square().sum()
    return torch.stack([W, target.mean() - W * x.mean()])[None]


def line_losses(X: torch.Tensor, y: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """The mean squared error (k,) at each of the points (k, [W, b]), for data (n, 1)."""
    return (points @ with_ones(X).T - y.detach().cpu().double().T).square().mean(dim=1)


def draw_surface(axes: Axes, X: torch.Tensor, y: torch.Tensor, W_reach: float, b_reach: float) -> None:
    """Draw contour lines of the loss as far as the two reaches go to each side of the lowest point, and a star there.

    Args:
        X, y: (n, 1), the data of the line
    """
    best_W, best_b = best_line(X, y)[0].tolist()
    W = best_W + W_reach * torch.linspace(-1, 1, 81, dtype=torch.float64)
    b = best_b + b_reach * torch.linspace(-1, 1, 81, dtype=torch.float64)
    heights = line_losses(X, y, torch.cartesian_prod(b, W).flip(1)).reshape(81, 81)  # (b, W)
    levels = torch.linspace(0, heights.max().sqrt().item(), 12).square().tolist()[1:]
    axes.contour(W.tolist(), b.tolist(), heights.tolist(), levels=levels, colors="#B5B5AC", linewidths=0.9, zorder=0)
    axes.plot(best_W, best_b, marker="*", markersize=14, color=BLACK, linestyle="none", label="the best line", zorder=3)
    axes.set_xlim(W[0].item(), W[-1].item())
    axes.set_ylim(b[0].item(), b[-1].item())
