"""What the judge says of an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.exercise import Exercise
from autograder.judge.contrast import Contrast, contrast
from autograder.judge.diagnosis import Trial

MAX_MESSAGE = 2000  # characters


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one answer.

    Attributes:
        passed: whether the answer earns the points.
        status: ``"passed"``, ``"wrong"``, ``"not attempted"`` (still the stub) or ``"error"`` (the code raised).
        message: a few lines for the learner.
        mistake: the name of the known mistake that explains a wrong answer, or None.
        trial: the call that a wrong answer's message is about. It stays where the judge is, and tells what to draw.
    """

    passed: bool
    status: str
    message: str
    mistake: str | None = None
    trial: Trial | None = field(default=None, repr=False, compare=False)

    @property
    def contrast(self) -> Contrast | None:
        """What came beside what was expected, where a picture explains more than the message; else None."""
        return contrast(self.trial) if self.trial else None


class Gone(Exception):
    """What runs the learner's code can give no more observations; the text says why, in the words of a message.

    The text must hold nothing that the learner's code chose: it may have seen hidden inputs.
    """


def verdict_on(exercise: Exercise, status: str, text: str, mistake: str | None = None) -> Verdict:
    """A verdict whose message begins with the exercise's name, and is cut, and says so, after `MAX_MESSAGE`."""
    message = f"{exercise.name}: {text}"
    if len(message) > MAX_MESSAGE:
        message = f"{message[:MAX_MESSAGE]}\n  (cut here: {len(message)} characters in all)"
    return Verdict(status == "passed", status, message, mistake)
