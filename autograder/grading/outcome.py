"""What grading says of a submission: plain data, which travels between processes and machines as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

GRADED = "graded"
WARNED = "graded, with a warning"  # something was repaired or refused
FAILED = "failed"  # nothing could be run: zero, with the cause in `warnings`
ERROR = "error on our side"  # not a grade; to be tried again
OUTCOMES = (GRADED, WARNED, FAILED, ERROR)


@dataclass(frozen=True)
class ExerciseGrade:
    """One exercise of a submission.

    Attributes:
        points: what it earned: all of ``max_points``, or 0; in between where it is judged by steps, or parts count.
        status: ``"passed"``, ``"wrong"``, ``"not attempted"`` or ``"error"``.
        message: a few lines for the learner.
        mistake: the name of the known mistake that explains a wrong answer, or None.
    """

    points: float
    max_points: float
    status: str
    message: str
    mistake: str | None = None


def as_number(points: float, comma: bool = False) -> str:
    """Points with at most two places, and no more than there are."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if comma else text


class Points(NamedTuple):
    """What the gradebook has for an exercise or a written question: also what a person gave is in it."""

    points: float
    max_points: float
    unread: bool  # a person has to grade it


@dataclass(frozen=True)
class Standing:
    """What the gradebook says of a recorded submission.

    Attributes:
        points: by exercise or written question.
        max_score: the lesson's.
        penalty: the points that are taken off for lateness.
        submitted_at, due: in UTC, naive; None where that isn't known. An extension is in ``due``.
        excused: its points don't count for this student.
        withdrawn: exercises that no longer count, and what becomes of their points.
    """

    points: Mapping[str, Points]
    max_score: float
    penalty: float
    submitted_at: datetime | None
    due: datetime | None
    seconds_late: float
    excused: bool
    withdrawn: Mapping[str, str]

    @property
    def score(self) -> float:
        """The points that count, as nbgrader exports them."""
        return max(0.0, sum(each.points for each in self.points.values()) - self.penalty)


@dataclass(frozen=True)
class Graded:
    """A submission's end: exactly one of four outcomes.

    Attributes:
        outcome: one of the four constants of this module.
        exercises: by name, in the lesson's order.
        warnings: what was repaired or refused, or why it failed, a sentence each.
        notebook: the graded notebook as JSON text, with outputs; None where there is none.
        missing: modules that it imports and that were not there.
        standing: what the gradebook says of it, once it is recorded; not kept with the result.
    """

    student: str
    lesson: str
    outcome: str
    exercises: Mapping[str, ExerciseGrade]
    warnings: tuple[str, ...] = ()
    notebook: str | None = None
    missing: tuple[str, ...] = ()
    standing: Standing | None = None

    @property
    def score(self) -> float:
        """The points that count: the gradebook's, or before it is recorded, those of the exercises."""
        if self.standing is not None:
            return self.standing.score
        return sum(exercise.points for exercise in self.exercises.values())

    @property
    def max_score(self) -> float:
        """The points that could be earned."""
        if self.standing is not None:
            return self.standing.max_score
        return sum(exercise.max_points for exercise in self.exercises.values())

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        data = asdict(replace(self, standing=None))
        del data["standing"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Graded:
        """The `Graded` that `to_json` wrote."""
        return cls(
            **{
                **data,
                "exercises": {name: ExerciseGrade(**grade) for name, grade in data["exercises"].items()},
                "warnings": tuple(data["warnings"]),
                "missing": tuple(data.get("missing", ())),
            }
        )
