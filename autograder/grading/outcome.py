"""What grading says of a submission: plain data, which travels between processes and machines as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

GRADED = "graded"
WARNED = "graded, with a warning"  # something was repaired or refused
FAILED = "failed"  # nothing could be run: zero, with the cause in `warnings`
ERROR = "error on our side"  # not a grade; to be tried again
OUTCOMES = (GRADED, WARNED, FAILED, ERROR)


@dataclass(frozen=True)
class ExerciseGrade:
    """One exercise of a submission.

    Attributes:
        points: what it earned: all of ``max_points``, or 0.
        status: ``"passed"``, ``"wrong"``, ``"not attempted"`` or ``"error"``.
        message: a few lines for the learner.
        mistake: the name of the known mistake that explains a wrong answer, or None.
    """

    points: float
    max_points: float
    status: str
    message: str
    mistake: str | None = None


@dataclass(frozen=True)
class Graded:
    """A submission's end: exactly one of four outcomes.

    Attributes:
        outcome: one of the four constants of this module.
        exercises: by name, in the lesson's order.
        warnings: what was repaired or refused, or why it failed, a sentence each.
        notebook: the graded notebook as JSON text, with outputs; None where there is none.
    """

    student: str
    lesson: str
    outcome: str
    exercises: Mapping[str, ExerciseGrade]
    warnings: tuple[str, ...] = ()
    notebook: str | None = None

    @property
    def score(self) -> float:
        """The points earned."""
        return sum(exercise.points for exercise in self.exercises.values())

    @property
    def max_score(self) -> float:
        """The points that could be earned."""
        return sum(exercise.max_points for exercise in self.exercises.values())

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Graded:
        """The `Graded` that `to_json` wrote."""
        return cls(
            **{
                **data,
                "exercises": {name: ExerciseGrade(**grade) for name, grade in data["exercises"].items()},
                "warnings": tuple(data["warnings"]),
            }
        )
