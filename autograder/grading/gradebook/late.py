"""Penalties for lateness: those of the plugin that nbgrader_config.py names, and a ready-made one to name there."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Float
from traitlets.config import LoggingConfigurable

_DAY = 24 * 60 * 60  # seconds

Penalty = Callable[[str, float, float], float | None]


class PenaltyError(ValueError):
    """The configured plugin cannot be loaded, or fails; the text says how."""


class SharePerDay(LateSubmissionPlugin):
    """A share of what was earned for each day, or begun day, after the due date.

    In nbgrader_config.py::

        c.AssignLatePenalties.plugin_class = "autograder.grading.gradebook.late.SharePerDay"
        c.SharePerDay.share = 0.1
    """

    share = Float(0.1, min=0, max=1, help="The share of the points that a day costs: 0.1 is a tenth.").tag(config=True)
    grace_minutes = Float(
        15, min=0, help="Up to so late it costs nothing. Later than that, days are counted from the due date."
    ).tag(config=True)
    floor = Float(0, min=0, max=1, help="The share of the points that stays, however late it is.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The points to take off ``score``; None where it is not late, or within the grace period."""
        if total_seconds_late <= self.grace_minutes * 60:
            return None
        return round(score * min(self.share * math.ceil(total_seconds_late / _DAY), 1 - self.floor), 6)


def configured_penalty(app: LoggingConfigurable) -> Penalty:
    """The penalty (student, score, seconds late -> points or None) of the plugin that the course's configuration names.

    Adjusted as nbgrader's own `AssignLatePenalties` does: at least 0, at most the score.

    Args:
        app: nbgrader's application or converter, with the course's configuration and its ``coursedir``.

    Raises:
        PenaltyError: the plugin cannot be loaded; when the penalty is called: it failed, or gave no number.
    """
    # nbgrader's commands find plugins beside nbgrader_config.py, because they are started there
    with patch.object(sys, "path", [*sys.path, str(Path(app.coursedir.root))]):
        try:
            step = AssignLatePenalties(parent=app)
            step.init_plugin()
        except Exception as error:  # whatever importing it raises
            raise PenaltyError(f"the plugin for late submissions cannot be loaded: {error}") from error
    plugin = step.plugin_inst
    name = type(plugin).__name__

    def penalty(student: str, score: float, seconds_late: float) -> float | None:
        try:
            points = plugin.late_submission_penalty(student, score, seconds_late)
        except Exception as error:
            raise PenaltyError(
                f"the plugin for late submissions, {name}, raised {type(error).__name__}: {error}"
            ) from error
        if points is None:
            return None
        try:
            points = float(points)
        except (TypeError, ValueError):
            points = math.nan
        if math.isnan(points):
            raise PenaltyError(f"the plugin for late submissions, {name}, gave no number of points")
        return min(max(points, 0.0), score)

    return penalty


def how_late(seconds: float) -> str:
    """``"2 days 3 hours"``: the two largest units, rounded down; less than a minute is given in seconds."""
    units = (("day", _DAY), ("hour", 3600), ("minute", 60))
    parts = []
    for name, length in units:
        count, seconds = divmod(seconds, length)
        parts.append((int(count), name))
    said = [f"{count} {name}{'s' * (count != 1)}" for count, name in parts]
    first = next((i for i, (count, _) in enumerate(parts) if count), None)
    if first is None:
        seconds = max(1, int(seconds))
        return f"{seconds} second{'s' * (seconds != 1)}"
    return " ".join(said[i] for i in (first, first + 1) if i < len(parts) and parts[i][0])
