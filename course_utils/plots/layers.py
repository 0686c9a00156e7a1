"""The pictures of lesson 7."""

from collections.abc import Callable, Mapping, Sequence

import torch
from matplotlib.axes import Axes

from course_utils.plots.style import BAND, BLUE, INK, PAPER, VERMILLION, Picture, draw_curves, dress


def plot_activations(activations: Mapping[str, Callable[[torch.Tensor], torch.Tensor]]) -> Picture:
    """Draw activation functions beside their slopes, which autograd computes.

    Args:
        activations: a name -> a function that works entry by entry, `(n,) -> (n,)`; up to four of them
    """
    x = torch.linspace(-6, 6, 601, requires_grad=True)
    outputs = {name: function(x) for name, function in activations.items()}
    slopes = {name: torch.autograd.grad(y.sum(), x)[0] for name, y in outputs.items()}
    at_six = "At x = 6: " + ", ".join(f"{name} {y[-1]:.2f}" for name, y in outputs.items())
    steepest = "Steepest slope: " + ", ".join(f"{name} {slope.max():.2f}" for name, slope in slopes.items())

    picture = Picture(f"Activations and their slopes, for x from -6 to 6. {at_six}. {steepest}.", 10.5, 4)
    left, right = picture.subplots(1, 2)
    draw_curves(left, x, outputs)
    dress(left, at_six, "input x", "output f(x)")
    left.legend(loc="upper left", frameon=False, handlelength=3)
    draw_curves(right, x, slopes)
    dress(right, steepest, "input x", "slope f′(x): output per unit of input")
    return picture


def plot_layer_norm(before: torch.Tensor, after: torch.Tensor) -> Picture:
    """Draw every sample's features as dots on a line of its own, before and after normalisation.

    Args:
        before, after: `(samples, features)`, up to about eight samples
    """
    before, after = before.detach().cpu(), after.detach().cpu()
    findings = f"Before: {_summary(before)}", f"After: {_summary(after)}"
    picture = Picture(f"The features of {len(before)} samples as dots. {'. '.join(findings)}.", 10.5, 4)
    left, right = picture.subplots(1, 2)
    for axes, finding, x in ((left, findings[0], before), (right, findings[1], after)):
        _draw_samples(axes, x)
        dress(axes, finding, "value of a feature", "sample")
    keys, names = left.get_legend_handles_labels()
    once = dict(zip(names, keys, strict=True))  # every row has the same three
    picture.legend(once.values(), once.keys(), loc="outside lower center", ncols=3, frameon=False)
    return picture


def plot_dropout_masks(outputs: Mapping[float, torch.Tensor]) -> Picture:
    """Draw what dropout made of ones: a filled square for a number that was kept, a cross for a dropped one.

    Args:
        outputs: p -> the `(samples, features)` result of dropout on ones
    """
    outputs = {p: y.detach().cpu() for p, y in outputs.items()}
    shares = {p: (y == 0).float().mean() for p, y in outputs.items()}
    findings = {p: f"p = {p}: {shares[p]:.0%} dropped, mean {y.mean():.2f}" for p, y in outputs.items()}
    alt = f"Grids of kept and dropped numbers. {'. '.join(findings.values())}."
    picture = Picture(alt, 3.5 * len(outputs), 3.6)
    all_axes = picture.subplots(1, len(outputs), squeeze=False)[0]
    for axes, (p, y) in zip(all_axes, outputs.items(), strict=True):
        kept, dropped = torch.nonzero(y).T.tolist(), torch.nonzero(y == 0).T.tolist()  # rows, columns of each
        axes.scatter(kept[1], kept[0], marker="s", s=95, color=BLUE, label=f"kept, now {1 / (1 - p):.2f}")
        axes.scatter(dropped[1], dropped[0], marker="x", s=30, color=VERMILLION, label="dropped, now 0")
        axes.set_aspect("equal")
        dress(axes, findings[p], "feature", "sample")
        axes.invert_yaxis()
        axes.grid(False)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False, handletextpad=0)
    return picture


def plot_softmax(logits: torch.Tensor, labels: Sequence[str], temperature: float) -> Picture:
    """Draw `softmax(logits / temperature)` as bars, and `softmax(logits)` as outlines.

    Args:
        logits: `(classes,)`
        labels: a name for each class
        temperature: above 0; below 1 sharpens, above 1 flattens
    """
    probabilities = (logits / temperature).softmax(dim=0).tolist()
    reference = logits.softmax(dim=0).tolist()
    top = max(range(len(labels)), key=probabilities.__getitem__)
    finding = f"Temperature {temperature:.2f}: “{labels[top]}” takes {probabilities[top]:.1%}"

    listed = ", ".join(f"{label} {p:.1%}" for label, p in zip(labels, probabilities, strict=True))
    picture = Picture(f"Bar chart. {finding}. All bars: {listed}.", 7, 3.6)
    axes = picture.subplots()
    ticks = [f"{label}\n{logit:g}" for label, logit in zip(labels, logits.tolist(), strict=True)]
    bars = axes.bar(ticks, probabilities, width=0.6, color=BLUE, label=f"temperature {temperature:.2f}")
    axes.bar(ticks, reference, width=0.6, fill=False, edgecolor=INK, linestyle="--", label="the same at 1.00")
    # A ground of its own keeps a number readable where an outline crosses it.
    ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
    axes.bar_label(bars, [f"{p:.1%}" for p in probabilities], padding=4, color=INK, bbox=ground)
    dress(axes, finding, "next word, and its logit", "probability, from 0 to 1")
    axes.set_ylim(0, 1.12)
    axes.legend(loc="upper right", frameon=False)
    return picture


def _draw_samples(axes: Axes, x: torch.Tensor) -> None:
    """Draw each row of `x` `(samples, features)` as dots, with its mean and one deviation to each side."""
    for row, values in enumerate(x):
        mean, spread = values.mean().item(), values.std(correction=0).item()
        axes.plot(values.tolist(), [row] * len(values), "o", color=BLUE, alpha=0.7, label="one feature")
        axes.plot([mean, mean], [row - 0.3, row + 0.3], color=INK, linewidth=2, label="mean of the sample")
        axes.barh(row, 2 * spread, 0.5, mean - spread, color=BAND, label="mean ± 1 standard deviation")
    axes.set_yticks(range(len(x)))
    axes.invert_yaxis()


def _summary(x: torch.Tensor) -> str:
    """Say in which range the rows' means and deviations lie, e.g. `means 0.0, deviations 0.5 to 6.0`."""
    means, spreads = x.mean(dim=1), x.std(dim=1, correction=0)
    return f"means {_span(means)}, deviations {_span(spreads)}"


def _span(values: torch.Tensor) -> str:
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    low, high = (f"{round(float(value), 1) + 0.0:.1f}" for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
