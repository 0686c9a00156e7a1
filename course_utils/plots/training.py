"""The pictures of lesson 9."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.colors import LinearSegmentedColormap

from course_utils.plots.style import BLUE, GRID, INK, LINES, PAPER, VERMILLION, Picture, dress

MARKERS = ("o", "^", "s", "D")  # tell curves and samples apart together with their colours
INKS = LinearSegmentedColormap.from_list("paper to ink", [PAPER, BLUE])


def plot_digits(images: torch.Tensor, labels: torch.Tensor, guesses: torch.Tensor | None = None) -> Picture:
    """Draw up to 20 small images in rows of ten, each under its label, and under what a network takes it for.

    Args:
        images: `(n, height, width)`, larger is darker
        labels: `(n,)`, integers
        guesses: `(n,)`, integers, or None where nobody has guessed
    """
    images, labels = images.detach().cpu()[:20], labels.tolist()[:20]
    rows = -(-len(images) // 10)
    named = [str(label) for label in labels]
    if guesses is not None:
        named = [f"{label}, not {guess}" for label, guess in zip(labels, guesses.tolist(), strict=False)]
    picture = Picture(f"{len(images)} handwritten digits: {'; '.join(named)}.", 10.5, 1.45 * max(rows, 1))
    grid = picture.subplots(max(rows, 1), 10, squeeze=False)
    for axes in grid.flatten():
        axes.set_axis_off()
    for axes, image, name in zip(grid.flatten(), images, named, strict=False):
        axes.imshow(image.numpy(), cmap="gray_r", vmin=0)
        axes.set_title(name, fontsize=10, color=INK)
    return picture


def plot_history(curves: Mapping[str, Sequence[float]], loss: str = "loss") -> Picture:
    """Draw losses over epochs, with a mark where each is lowest.

    Args:
        curves: a name -> the loss of each epoch; up to four of them
        loss: what is drawn, for the vertical axis
    """
    findings = []
    for name, values in curves.items():
        best = min(range(len(values)), key=values.__getitem__)
        findings.append(f"{name}: lowest {values[best]:.2f} (epoch {best + 1}), last {values[-1]:.2f}")
    picture = Picture(f"Line chart of the {loss} over epochs. {'. '.join(findings)}.", 7.5, 3.6 + 0.2 * len(curves))
    axes = picture.subplots()
    for (name, values), (color, dashes), marker in zip(curves.items(), LINES, MARKERS, strict=False):
        epochs = range(1, len(values) + 1)
        axes.plot(epochs, values, color=color, linestyle=dashes, linewidth=2, label=name)
        best = min(range(len(values)), key=values.__getitem__)
        axes.plot(best + 1, values[best], marker, color=color, markersize=9, markeredgecolor=PAPER)
    dress(axes, "\n".join(findings), "epoch", f"{loss} (marks: the lowest)")
    axes.set_ylim(bottom=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper right", frameon=False, handlelength=3)
    return picture


def plot_confusion(confusion: torch.Tensor) -> Picture:
    """Draw how often each class is taken for each.

    Args:
        confusion: `(classes, classes)`, counts; a row for each label, a column for each guess
    """
    confusion = confusion.cpu()
    right, total = int(confusion.diagonal().sum()), int(confusion.sum())
    wrong = confusion - confusion.diagonal().diag()
    label, guess = divmod(int(wrong.argmax()), len(wrong))
    finding = f"{right} of {total} right ({right / total:.1%})"
    if wrong.any():
        finding += f"; most often, {label} is taken for {guess} ({int(wrong.max())} times)"
    picture = Picture(f"Confusion matrix, a row for each label and a column for each guess. {finding}.", 6.2, 5.4)
    axes = picture.subplots()
    axes.imshow(confusion.numpy(), cmap=INKS, vmin=0)
    dress(axes, finding, "guess of the network", "label")
    axes.grid(False)
    axes.set_xticks(range(len(confusion)))
    axes.set_yticks(range(len(confusion)))
    for row, column in torch.nonzero(confusion).tolist():
        count = int(confusion[row, column])
        color = PAPER if count > confusion.max() / 2 else INK
        axes.text(
            column, row, count, ha="center", va="center", color=color, weight="normal" if row == column else "bold"
        )
    return picture


def plot_search(trials: Mapping[str, tuple[Sequence[float], Sequence[float]]], below: float) -> Picture:
    """Draw what learning rates were tried, and how well each did, on a logarithmic axis.

    Args:
        trials: how they were drawn -> (learning rates, accuracies from 0 to 1); up to four of them
        below: the title counts the trials with a learning rate below this
    """
    findings = []
    for name, (rates, scores) in trials.items():
        best = max(range(len(rates)), key=scores.__getitem__)
        few = sum(rate < below for rate in rates)
        findings.append(f"{name}: best {scores[best]:.1%} at {rates[best]:.2g}, {few} of {len(rates)} below {below:g}")
    picture = Picture(f"Accuracy of trials over their learning rate. {'. '.join(findings)}.", 7.5, 4)
    axes = picture.subplots()
    for (name, (rates, scores)), (color, _), marker in zip(trials.items(), LINES, MARKERS, strict=False):
        axes.plot(rates, scores, marker, color=color, markersize=8, alpha=0.8, linestyle="none", label=name)
    axes.set_xscale("log")
    axes.axvline(below, color=GRID, linewidth=2)
    dress(axes, "\n".join(findings), "learning rate (logarithmic)", "validation accuracy, from 0 to 1")
    axes.set_ylim(0, 1)
    axes.legend(loc="upper left", frameon=False)
    return picture


def plot_two_settings(searches: Mapping[str, Sequence[tuple[float, float, float]]]) -> Picture:
    """Draw which pairs of learning rate and momentum were tried, and how well each did; ticks mark learning rates.

    Args:
        searches: how they were chosen -> (learning rate, momentum, accuracy from 0 to 1) of each trial
    """
    findings = []
    for name, trials in searches.items():
        rates, best = len({lr for lr, _, _ in trials}), max(accuracy for *_, accuracy in trials)
        findings.append(f"{name}: {rates} learning rates tried, best {best:.1%}")
    alt = f"Accuracy of trials over learning rate and momentum, a panel for each search. {'; '.join(findings)}."
    picture = Picture(alt, 10.5, 4.4)
    panels = picture.subplots(1, len(searches), sharex=True, sharey=True, squeeze=False)[0]
    for axes, finding, trials in zip(panels, findings, searches.values(), strict=True):
        rates, momenta, accuracies = zip(*trials, strict=True)
        drawn = axes.scatter(
            rates, [1 - m for m in momenta], 110, accuracies, cmap=INKS, vmin=0, vmax=1, edgecolors=INK, zorder=2
        )
        axes.plot(rates, [0.02] * len(rates), "|", color=VERMILLION, markersize=14, markeredgewidth=2)
        lr, momentum, accuracy = max(trials, key=lambda trial: trial[2])
        place = {"textcoords": "offset points", "ha": "center", "weight": "bold", "color": INK}
        axes.annotate(f"{accuracy:.1%}", (lr, 1 - momentum), (0, 10), **place)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(0.018, 1.6)
        dress(axes, finding, "learning rate (logarithmic)", "1 - momentum (logarithmic)")
    picture.colorbar(drawn, ax=panels, label="validation accuracy, from 0 to 1")
    return picture


def plot_stopping(val_losses: Sequence[float], patience: int, ran: int) -> Picture:
    """Draw where a patience stops training, and which epoch is kept.

    Args:
        val_losses: the validation loss of each epoch, as it would be without stopping
        patience: how many bad epochs in a row were allowed
        ran: how many epochs training ran
    """
    kept = min(range(ran), key=val_losses.__getitem__)
    finding = f"patience {patience}: stops after epoch {ran}, keeps epoch {kept + 1} with {val_losses[kept]:.3f}"
    lowest = f"the lowest of all {len(val_losses)} epochs is {min(val_losses):.3f}"
    picture = Picture(f"Line chart of the validation loss over epochs. {finding}; {lowest}.", 7.5, 3.8)
    axes = picture.subplots()
    epochs = range(1, len(val_losses) + 1)
    axes.plot(epochs[:ran], val_losses[:ran], color=BLUE, linewidth=2, label="trained")
    axes.plot(epochs[ran - 1 :], val_losses[ran - 1 :], color=INK, linestyle=":", linewidth=1.5, label="not trained")
    axes.axvline(ran, color=VERMILLION, linestyle="--", linewidth=1.5, label="stops")
    axes.plot(kept + 1, val_losses[kept], "o", color=VERMILLION, markersize=9, label="kept")
    dress(axes, f"{finding}\n{lowest}", "epoch", "validation loss")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right", frameon=False, ncols=2, handlelength=3)
    return picture
