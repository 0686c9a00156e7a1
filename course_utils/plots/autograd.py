"""The pictures of lesson 2: a slope seen from near and far, and how rounding spoils it. `graph` draws graphs."""

from collections.abc import Callable, Mapping, Sequence

import torch

from course_utils.plots.style import BLACK, BLUE, INK, LINES, VERMILLION, Picture, dress

Function = Callable[[torch.Tensor], torch.Tensor]
_STEPS = torch.logspace(-12, 0, 49, dtype=torch.float64)
_EXACT = 1e-17  # an error of 0 has no place on a logarithmic axis


def plot_slope(f: Function, x: float, eps: float) -> Picture:
    """Draw `f` with its tangent at `x`, whose slope autograd gives, and the line through `x - eps` and `x + eps`.

    Args:
        f: works entry by entry, `(n,) -> (n,)`
        x: from -2 to 2
        eps: how far the two points of the line are from x
    """
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    height = f(at)
    (slope,) = torch.autograd.grad(height, at)
    ends = torch.tensor([x - eps, x + eps], dtype=torch.float64)
    low, high = f(ends).tolist()
    nudged = (high - low) / (2 * eps)

    title = f"At x = {x:.2f}: slope {slope.item():.2f} by autograd, {nudged:.2f} by nudging"
    picture = Picture(f"A curve, its tangent, and a line through two points of it. {title}, eps = {eps:.2f}.", 7.5, 4.2)
    axes = picture.subplots()
    xs = torch.linspace(-3.2, 3.2, 321, dtype=torch.float64)
    curve = f(xs)
    axes.plot(xs.tolist(), curve.tolist(), color=BLACK, linewidth=2, label="f(x)")
    around = torch.tensor([x - 1.2, x + 1.2], dtype=torch.float64)
    tangent = height.item() + slope.item() * (around - x)
    axes.plot(around.tolist(), tangent.tolist(), color=BLUE, linewidth=2.2, label="tangent: autograd")
    axes.plot(
        ends.tolist(),
        [low, high],
        color=VERMILLION,
        linestyle="--",
        marker="o",
        linewidth=2,
        label=f"between x ± {eps:.2f}: nudging",
    )
    axes.plot(x, height.item(), "s", color=BLUE, markersize=7)
    dress(axes, title, "input x", "output f(x)")
    room = 0.15 * float(curve.max() - curve.min())
    axes.set_xlim(-3.2, 3.2)
    axes.set_ylim(float(curve.min()) - room, float(curve.max()) + room)
    axes.legend(loc="best", fontsize=9)
    return picture


def plot_rounding(f: Function, x: float) -> Picture:
    """Draw how far the central difference of `f` at `x` is from the slope, for eps from 1e-12 to 1, in two dtypes.

    Args:
        f: works entry by entry, `(n,) -> (n,)`, in the dtype that comes in
        x: where the slope is taken; it is not 0
    """
    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(f(at), at)
    errors = {dtype: _errors(f, x, slope, dtype) for dtype in (torch.float32, torch.float64)}
    at_default = int((_STEPS.log10() + 4).abs().argmin())  # eps = 1e-4
    found = ", ".join(f"{_name(dtype)} {of[at_default]:.0e}" for dtype, of in errors.items())
    title = f"Relative error at eps = 1e-04: {found}"

    picture = Picture(f"Error of the central difference over eps, both logarithmic. {title}.", 7.5, 4)
    axes = picture.subplots()
    looks = {torch.float32: (VERMILLION, "--", "o"), torch.float64: (BLUE, "-", "s")}
    for dtype, (color, dashes, marker) in looks.items():
        axes.loglog(
            _STEPS.tolist(),
            errors[dtype].clamp(min=_EXACT).tolist(),
            color=color,
            linestyle=dashes,
            marker=marker,
            markersize=4,
            label=_name(dtype),
        )
    axes.axvline(1e-4, color=BLACK, linestyle=":", label="eps = 1e-4")
    dress(axes, title, "eps (log scale)", "relative error of the slope (log scale)")
    axes.legend(loc="lower left", fontsize=9)
    return picture


def plot_fitted_line(x: torch.Tensor, y: torch.Tensor, stages: Mapping[str, Sequence[float]]) -> Picture:
    """Draw points, and a line at several stages of its way to them.

    Args:
        x, y: `(n,)`, the points
        stages: what a stage is called -> slope and intercept of the line; the last is where it ends, at most four
    """
    losses = {name: float(((w * x + b - y) ** 2).mean()) for name, (w, b) in stages.items()}
    (first, start), *_, (last, end) = losses.items()
    title = f"Mean squared distance from the points: {start:.2f} at {first}, {end:.2f} {last}"
    lines = ", ".join(f"{name} {_formula(*line)}" for name, line in stages.items())
    picture = Picture(f"{len(x)} points and a line at {len(stages)} stages: {lines}. {title}.", 7.5, 4.2)
    axes = picture.subplots()
    axes.plot(x.tolist(), y.tolist(), "o", color=INK, markersize=4, label="the points")
    ends = torch.stack([x.min(), x.max()])  # (2,)
    for (name, (w, b)), (color, dashes) in zip(reversed(stages.items()), LINES, strict=False):
        label = f"{name}: {_formula(w, b)}"
        axes.plot(ends.tolist(), (ends * w + b).tolist(), color=color, linestyle=dashes, linewidth=2.2, label=label)
    dress(axes, title, "input x", "output y")
    axes.legend(loc="upper left", fontsize=9)
    return picture


def _formula(w: float, b: float) -> str:
    sign = "\N{MINUS SIGN}" if b < 0 else "+"
    return f"{w:.2f}x {sign} {abs(b):.2f}"


def _errors(f: Function, x: float, slope: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The relative error (steps,) of central differences that are computed in `dtype`."""
    at, eps = torch.tensor(x, dtype=dtype), _STEPS.to(dtype)
    return (((f(at + eps) - f(at - eps)) / (2 * eps)).double() / slope - 1).abs()


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
