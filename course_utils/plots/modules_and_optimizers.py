"""The pictures of lesson 8: what optimizers do, and what a classifier has learned."""

from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib.axes import Axes
from torch import nn

from course_utils.plots.style import BLACK, LINES, Picture, dress

CURVATURES = (1.0, 100.0)  # of the ravine's floor and of its walls
START = (-4.0, 0.6)
WINDOW = ((-4.6, 2.2), (-1.0, 1.0))  # what is shown of the two weights
HIGHEST = 1e3  # of the losses shown
CONTOUR = "#B5B5AE"
MARKERS = ("o", "s", "^", "D")

MakeOptimizer = Callable[[list[torch.Tensor]], torch.optim.Optimizer]


def plot_optimizer_paths(optimizers: Mapping[str, MakeOptimizer], steps: int = 50) -> Picture:
    """Draw the ways of optimizers down a ravine, whose walls are 100 times as curved as its floor, and their losses.

    Args:
        optimizers: a name -> makes the optimizer for a list of parameters; up to four of them
        steps: how many steps each takes
    """
    paths = {name: _walk(make, steps) for name, make in optimizers.items()}  # each (steps + 1, 2)
    losses = {name: ravine(path) for name, path in paths.items()}
    finding = f"Step {steps}: " + ", ".join(f"{name} {_short(loss[-1])}" for name, loss in losses.items())
    shown = f"A ravine: curvature {CURVATURES[0]:g} along it, {CURVATURES[1]:g} across it"

    first = _short(ravine(torch.tensor(START)))
    picture = Picture(f"{shown}. All start at {START}, with loss {first}. The loss in the end, {finding}.", 10.5, 4)
    left, right = picture.subplots(1, 2)
    _draw_ravine(left)
    for i, path in enumerate(paths.values()):
        color, dashes = LINES[i]
        style = {"color": color, "linestyle": dashes, "marker": MARKERS[i], "markersize": 3, "linewidth": 1.2}
        left.plot(*_until(path, path.abs().amax(dim=1) > 5).T.tolist(), **style)
    dress(left, shown, "weight w0, along the ravine", "weight w1, across it")
    for i, (name, loss) in enumerate(losses.items()):
        color, dashes = LINES[i]
        y = _until(loss, loss > HIGHEST).tolist()
        right.plot(range(len(y)), y, color=color, linestyle=dashes, linewidth=2, label=name)
    right.set(yscale="log", xlim=(-1, steps + 1))
    dress(right, finding, "step", "loss, on a logarithmic scale")
    right.legend(loc="best", frameon=False, handlelength=3)
    return picture


def plot_regions(model: nn.Module, points: torch.Tensor, labels: torch.Tensor) -> Picture:
    """Draw which class a classifier gives to each place of a plane, and its points with their true classes.

    The model is asked in evaluation mode, and left in the mode in which it came.

    Args:
        model: `(n, 2)` -> `(n, classes)`, with up to four classes
        points: `(n, 2)`
        labels: `(n,)`, int64
    """
    side = torch.linspace(-1.1, 1.1, 111)
    plane = torch.cartesian_prod(side, side).flip(-1)  # (111 * 111, 2)
    grounds = _classes(model, plane.to(points.device)).reshape(111, 111)
    right = int((_classes(model, points) == labels.cpu()).sum())
    finding = f"{right} of {len(points)} points lie on the ground of their class"

    picture = Picture(f"A plane divided among {int(labels.max()) + 1} classes. {finding}.", 6, 5)
    axes = picture.subplots()
    for label, ((color, _), marker) in enumerate(zip(LINES, MARKERS, strict=True)):
        own = points[labels == label].cpu()
        if len(own):
            inside = (grounds == label).float().tolist()
            axes.contourf(side.tolist(), side.tolist(), inside, levels=[0.5, 1.5], colors=[color], alpha=0.2)
            axes.plot(*own.T.tolist(), marker, color=color, markersize=4, label=f"class {label}")
    dress(axes, finding, "first feature", "second feature")
    axes.set_aspect("equal")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return picture


def plot_schedule(rates: Mapping[str, Sequence[float]], distances: Mapping[str, Sequence[float]]) -> Picture:
    """Draw the learning rate of each step, and how far from the minimum it leads.

    Args:
        rates: a name -> the learning rate of each step; up to four of them
        distances: the same names -> the mean distance from the minimum after each step
    """
    highest = max(max(own) for own in rates.values())
    shown = f"Learning rates of at most {highest:g}"
    finding = "In the end: " + ", ".join(f"{name} {own[-1]:.2f}" for name, own in distances.items())

    picture = Picture(f"{shown}. The distance from the minimum. {finding}.", 10.5, 3.8)
    left, right = picture.subplots(1, 2)
    for axes, curves in ((left, rates), (right, distances)):
        for (name, values), (color, dashes) in zip(curves.items(), LINES, strict=False):
            axes.plot(values, color=color, linestyle=dashes, linewidth=2, label=name)
    left.set_ylim(0, 1.15 * highest)
    right.set_yscale("log")
    right.yaxis.set_major_formatter("{x:g}")
    dress(left, shown, "step", "learning rate")
    dress(right, finding, "step", "distance from the minimum, logarithmic")
    right.legend(loc="best", frameon=False, handlelength=3)
    return picture


def ravine(w: torch.Tensor) -> torch.Tensor:
    """The loss at points of the ravine: `(..., 2)` -> `(...)`."""
    return 0.5 * (torch.tensor(CURVATURES) * w**2).sum(dim=-1)


@torch.no_grad()
def _classes(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The class with the largest logit for each row, on the CPU: `(n, 2)` -> `(n,)`."""
    training = model.training
    classes = model.eval()(x).argmax(dim=1).cpu()
    model.train(training)
    return classes


def _walk(make: MakeOptimizer, steps: int) -> torch.Tensor:
    """Where an optimizer is before and after each step, `(steps + 1, 2)`."""
    w = torch.tensor(START, requires_grad=True)
    optimizer = make([w])
    path = [w.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        ravine(w).backward()
        optimizer.step()
        path.append(w.detach().clone())
    return torch.stack(path)


def _until(values: torch.Tensor, too_far: torch.Tensor) -> torch.Tensor:
    """The values up to the first that is too far, which is kept so that a line leads there."""
    far = torch.nonzero(too_far)
    return values[: int(far[0]) + 1] if len(far) else values


def _draw_ravine(axes: Axes) -> None:
    along, across = torch.linspace(*WINDOW[0], 121), torch.linspace(*WINDOW[1], 81)
    grid = torch.cartesian_prod(across, along).flip(-1)  # (81 * 121, 2)
    heights = ravine(grid).reshape(81, 121)
    levels = [0.1, 0.5, 1.5, 4, 8, 14, 22, 32, 44]
    axes.contour(along.tolist(), across.tolist(), heights.tolist(), levels=levels, colors=CONTOUR, linewidths=1)
    axes.plot(0, 0, "*", color=BLACK, markersize=12, linestyle="none", label="minimum")
    axes.legend(loc="upper right", frameon=False)
    axes.set(xlim=WINDOW[0], ylim=WINDOW[1])


def _short(value: torch.Tensor | float) -> str:
    """A loss in a few characters: 0.31, 3e-05, or "diverged" where it left the picture."""
    number = float(value)
    if not number <= HIGHEST:
        return "diverged"
    return f"{number:.2f}" if number >= 0.005 else f"{number:.0e}"
