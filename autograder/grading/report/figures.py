"""The report's pictures, drawn without a screen: PNGs, which the page has in it and which stand beside it."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from autograder.grading.report.facts import STATUSES, Facts

# Told apart by people who see few colours, and in print: light to dark as well.
COLOURS = dict(zip(STATUSES, ("#6fb98f", "#c9dfa8", "#f2b134", "#c8553d", "#e6e6e6", "#8c959f"), strict=True))
_WIDTH = 8.0  # inches


def heat_map(facts: Facts, labels: Sequence[str]) -> bytes:
    """Students by exercises, one square each.

    Args:
        labels: of the students, in the order of the rows; empty for none.
    """
    height = 1.6 + len(facts.rows) * (0.2 if labels else 0.12)
    figure = Figure(figsize=(_WIDTH, min(height, 60)), layout="constrained")
    axes = figure.add_subplot()
    numbers = [[STATUSES.index(row.status(name)) for name in facts.exercises] for row in facts.rows]
    axes.imshow(
        numbers,
        cmap=ListedColormap(list(COLOURS.values())),
        vmin=0,
        vmax=len(STATUSES) - 1,
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_xticks(range(len(facts.exercises)), facts.exercises, rotation=30, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(labels)), labels, fontsize=7, parse_math=False)  # an id may have a $ in it
    axes.tick_params(length=0)
    for x in range(len(facts.exercises) + 1):
        axes.axvline(x - 0.5, color="white", linewidth=2)
    for y in range(len(facts.rows) + 1):
        axes.axhline(y - 0.5, color="white", linewidth=0.5)
    for side in axes.spines.values():
        side.set_visible(False)
    if not labels:
        axes.set_ylabel(f"{len(facts.rows)} students, most points first")
    handles = [Patch(color=colour, label=status) for status, colour in COLOURS.items() if _occurs(facts, status)]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(STATUSES), frameon=False)
    return _png(figure)


def difficulty(facts: Facts) -> bytes:
    """Each exercise as a bar: how many passed, and what became of the others; hardest first."""
    names = facts.hardest_first()
    figure = Figure(figsize=(_WIDTH, 1.2 + 0.36 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    left = [0] * len(names)
    for status in STATUSES:
        if not _occurs(facts, status):
            continue
        widths = [facts.counts(name)[status] for name in names]
        bars = axes.barh(range(len(names)), widths, left=left, color=COLOURS[status], label=status, height=0.72)
        axes.bar_label(bars, labels=[str(n or "") for n in widths], label_type="center", fontsize=8)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("students")
    axes.set_xlim(0, max(left, default=0) or 1)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(STATUSES), frameon=False)
    return _png(figure)


def points(facts: Facts) -> bytes:
    """How many students have how many points."""
    scores = [row.standing.score for row in facts.rows]
    most = max([row.standing.max_score for row in facts.rows] + scores) or 1
    bins = [i - 0.5 for i in range(int(most) + 2)] if most <= 30 else 20
    figure = Figure(figsize=(_WIDTH, 2.4), layout="constrained")
    axes = figure.add_subplot()
    axes.hist(scores, bins=bins, color="#4c78a8", rwidth=0.9)
    axes.set_xlabel(f"points, of {facts.rows[0].standing.max_score:g}")
    axes.set_ylabel("students")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def _occurs(facts: Facts, status: str) -> bool:
    return any(row.status(name) == status for row in facts.rows for name in facts.exercises)


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=150, metadata={"Software": None})
    return data.getvalue()
