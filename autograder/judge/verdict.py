"""What the judge says of an answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from autograder.exercise import Exercise

MAX_MESSAGE = 2000  # characters


@dataclass(frozen=True)
class Contrast:
    """Two tensors to be drawn side by side.

    Attributes:
        what: what they are: ``"result[1]"``, ``"gradient with respect to x"``, ``"loss"``.
        got, want: float64, both of two dims (a matrix; the shapes may differ), or both of one (a run; the lengths may).
        each: what one entry of a run belongs to: ``"step"``, ``"epoch"`` or ``"index"``.
    """

    what: str
    got: torch.Tensor
    want: torch.Tensor
    each: str = "index"


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one answer.

    Attributes:
        passed: whether the answer earns the points.
        status: ``"passed"``, ``"wrong"``, ``"not attempted"`` (still the stub) or ``"error"`` (the code raised).
        message: a few lines for the learner.
        mistake: the name of the known mistake that explains a wrong answer, or None.
        contrast: what came beside what was expected, where a picture explains more than the message. It stays where
            the judge is.
        earned: the points that it earned, of how many, where an exercise has steps; None: it earned all, or none.
    """

    passed: bool
    status: str
    message: str
    mistake: str | None = None
    contrast: Contrast | None = field(default=None, repr=False, compare=False)
    earned: tuple[int, int] | None = None

    @property
    def share(self) -> float:
        """The share of the exercise's points that it earns, from 0 to 1."""
        if self.earned:
            return self.earned[0] / self.earned[1]
        return int(self.passed)


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
