"""The pictures of lesson 10."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes

from course_utils.plots.style import BLUE, GREEN, INK, PAPER, VERMILLION, Picture, draw_curves, dress

_KEYS, _QUERIES = 8, 500  # of the random vectors in `plot_attention_scale`
_SMOOTH = 25  # training losses that are drawn as one mean: a single batch is noise
_DARK = 0.55  # a cell with more weight than this takes light writing


def plot_attention(weights: torch.Tensor, labels: Sequence[str]) -> Picture:
    """Draw attention weights as a table of cells: the darker, the more weight.

    Args:
        weights: `(T, T)`, one row for each query, each summing to 1; up to about 16 positions
        labels: `T` names of the positions
    """
    weights = weights.detach().float().cpu()
    ahead = weights.triu(diagonal=1).sum() / weights.sum()
    strongest = weights.max(dim=1)
    listed = ", ".join(f"{label} on {labels[j]} {w:.2f}" for label, w, j in zip(labels, *strongest, strict=True))
    before = weights.diagonal(-1).mean()
    finding = f"{ahead:.0%} of the weight lies on later positions, {before:.0%} on the one before"
    picture = Picture(
        f"Attention weights of {len(labels)} positions. {finding}. Largest weight of each row: {listed}.",
        *(min(9.0, 2.2 + 0.62 * len(labels)), min(7.0, 1.6 + 0.46 * len(labels))),
    )
    axes = picture.subplots()
    axes.pcolormesh(weights, cmap="Blues", vmin=0, vmax=1, edgecolor=PAPER, linewidth=1)
    _write_weights(axes, weights)
    dress(axes, finding, "position that is looked at (key)", "position that looks (query)")
    axes.grid(False)
    places = [i + 0.5 for i in range(len(labels))]
    axes.set_xticks(places, labels)
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    return picture


def plot_heads(weights: torch.Tensor, labels: Sequence[str]) -> Picture:
    """Draw the attention weights of several heads side by side: the darker, the more weight.

    Args:
        weights: `(heads, T, T)`, rows that sum to 1; up to four heads, up to about 16 positions
        labels: `T` names of the positions
    """
    weights = weights.detach().float().cpu()
    findings = [f"head {h}: {_habit(head)}" for h, head in enumerate(weights)]
    picture = Picture(
        f"Attention weights of {len(weights)} heads over {len(labels)} positions. {'. '.join(findings)}.",
        *(2.9 * len(weights), 3.4),
    )
    places = [i + 0.5 for i in range(len(labels))]
    grid = picture.subplots(1, len(weights), sharey=True, squeeze=False)[0]
    for axes, head, finding in zip(grid, weights, findings, strict=True):
        axes.pcolormesh(head, cmap="Blues", vmin=0, vmax=1, edgecolor=PAPER, linewidth=0.5)
        dress(axes, finding, "looked at (key)", "looks (query)")
        axes.grid(False)
        axes.set_xticks(places, labels)
        axes.set_yticks(places, labels)
        axes.set_aspect("equal")
    grid[0].invert_yaxis()
    return picture


def _habit(weights: torch.Tensor) -> str:
    """How far back most of the weight `(T, T)` lies, and how much that is, of the rows from the second on."""
    total = weights[1:].sum()
    shares = [weights[1:].diagonal(1 - back).sum() / total for back in range(len(weights))]
    most = max(range(len(shares)), key=shares.__getitem__)
    return f"{shares[most]:.0%} lies {f'{most} back' if most else 'on itself'}"


def plot_attention_scale(width: int) -> Picture:
    """Draw how evenly attention falls on random keys, without and with the division by the root of their width.

    500 random queries each weigh 8 random keys. The bars give the mean weight of the key that matches best, of the
    second best, and so on.

    Args:
        width: the number of features of a query and a key
    """
    generator = torch.Generator().manual_seed(10)
    q = torch.randn(_QUERIES, 1, width, generator=generator)
    k = torch.randn(_QUERIES, _KEYS, width, generator=generator)
    scores = (q @ k.mT)[:, 0]  # (queries, keys)
    ranked = {
        "scores as they are": scores.softmax(-1).sort(descending=True).values.mean(0),
        f"divided by √{width}": (scores / width**0.5).softmax(-1).sort(descending=True).values.mean(0),
    }
    findings = [f"{name}: the best match takes {bars[0]:.0%}" for name, bars in ranked.items()]
    listed = "; ".join(f"{name} {', '.join(f'{b:.2f}' for b in bars)}" for name, bars in ranked.items())
    picture = Picture(f"Two bar charts. {'. '.join(findings)}. All bars: {listed}.", 9.5, 3.6)
    places = range(1, _KEYS + 1)
    for axes, finding, bars, color, hatch in zip(
        picture.subplots(1, 2, sharey=True), findings, ranked.values(), (VERMILLION, BLUE), ("//", ""), strict=True
    ):
        axes.bar(places, bars.tolist(), color=color, hatch=hatch, edgecolor=PAPER, width=0.75)
        dress(axes, finding, "keys, from the best match to the worst", "mean attention weight, from 0 to 1")
        axes.set_ylim(0, 1.05)
        axes.set_xticks(places)
    return picture


def plot_loss_and_baseline(train: Sequence[float], held_out: Mapping[int, float], baseline: float) -> Picture:
    """Draw a training run's losses beside a baseline.

    Args:
        train: the loss of the batch in each step
        held_out: number of steps taken -> the loss on words that are not trained on
        baseline: the loss on those words that is to be beaten
    """
    final = list(held_out.values())[-1]
    side = "below" if final < baseline else "above"
    finding = (
        f"After {len(train)} steps the held-out loss is {final:.2f}, {abs(baseline - final):.2f} {side} the bigrams"
    )
    start = f"It starts at {train[0]:.2f}; the baseline is {baseline:.2f}."
    picture = Picture(f"Loss curves. {finding}. {start}", 7.5, 3.8)
    axes = picture.subplots()
    chunks = torch.tensor(train).split(_SMOOTH)
    middles = [i * _SMOOTH + len(chunk) / 2 for i, chunk in enumerate(chunks)]
    axes.plot(
        middles, [chunk.mean().item() for chunk in chunks], color=BLUE, label=f"training, mean of {_SMOOTH} steps"
    )
    axes.plot(list(held_out), list(held_out.values()), "o--", color=VERMILLION, markersize=5, label="held-out words")
    axes.axhline(baseline, color=GREEN, linestyle=":", linewidth=2, label=f"bigrams: {baseline:.2f}")
    dress(axes, finding, "training step", "loss: nats per character")
    axes.legend(loc="upper right", frameon=False)
    return picture


def plot_schedules(rates: Mapping[str, Sequence[float]], held_out: Mapping[str, Mapping[int, float]]) -> Picture:
    """Draw the learning rate of training runs beside what came of it.

    Args:
        rates: a run's name -> the learning rate of each step; up to four runs
        held_out: the same names -> number of steps taken -> the loss on words that are not trained on
    """
    peaks = [
        f"{name}: largest {max(values):g} in step {values.index(max(values)) + 1}, last {values[-1]:.4f}"
        for name, values in rates.items()
    ]
    ends = [f"{name} ends at {list(losses.values())[-1]:.2f}" for name, losses in held_out.items()]
    picture = Picture(f"Two charts. Learning rate, {'; '.join(peaks)}. Held-out loss, {'; '.join(ends)}.", 9.5, 3.6)
    left, right = picture.subplots(1, 2)
    draw_curves(left, torch.arange(len(next(iter(rates.values())))), {n: torch.tensor(v) for n, v in rates.items()})
    steps = torch.tensor(list(next(iter(held_out.values()))))
    draw_curves(right, steps, {name: torch.tensor(list(losses.values())) for name, losses in held_out.items()})
    dress(left, "\n".join(peaks), "training step", "learning rate")
    dress(right, "\n".join(ends), "training step", "held-out loss: nats per character")
    right.legend(loc="upper right", frameon=False, handlelength=3)
    return picture


def _write_weights(axes: Axes, weights: torch.Tensor) -> None:
    """Write every weight into its cell, leaving out those that round to 0."""
    for row, values in enumerate(weights.tolist()):
        for column, weight in enumerate(values):
            if weight >= 0.005:
                color = PAPER if weight > _DARK else INK
                axes.text(column + 0.5, row + 0.5, f"{weight:.2f}", ha="center", va="center", color=color, fontsize=8)
