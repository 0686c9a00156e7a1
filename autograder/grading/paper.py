"""A submission on its way to be graded."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = 180.0


@dataclass(frozen=True)
class Paper:
    """A submission with all that grading it needs, so that it can be graded on any machine.

    Attributes:
        student, lesson: whose, and of which lesson.
        data: the notebook as it was handed in; None where there is none to be read.
        release: the lesson as learners got it.
        seed: what the hidden cases are drawn from; a secret of those who grade.
        warnings: what was noticed before, a sentence each.
        withdrawn: exercises and questions that were withdrawn, and are in the release no more.
        extras: modules that it may import beside the course's own.
        seconds: how long a worker may be at it, all in all.
        partial: whether a wrong answer earns the points of the exercise's parts that it has.
    """

    student: str
    lesson: str
    data: bytes | None
    release: bytes
    seed: int
    warnings: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    seconds: float = SECONDS
    partial: bool = False
