"""One call of an answer, beside what the reference did with the same inputs."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.judge.compare import Difference
from course_utils.probes import Case, Observation


@dataclass(frozen=True)
class Trial:
    """One case, what the learner's code did with it, and how that differs from the reference (None: it does not)."""

    case: Case
    expected: Observation
    got: Observation
    difference: Difference | None
    hidden: bool
