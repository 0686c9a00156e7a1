"""What an answer may do otherwise than the reference and still be right, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from autograder.judge.compare import Difference, Tolerance, difference
from course_utils.probes import OVERWRITTEN, Case, Observation, Raised

TIGHT = Tolerance(rtol=1e-6, atol=1e-7)  # for float64, where rounding excuses nothing
# Under these modes code may refuse to run and still be right: the course's tensors are float32, and on a device that
# has values. What it returns there has to be right.
REFUSABLE = {
    "float64": "it raises an error for float64 tensors",
    "strided": "it raises an error for non-contiguous tensors, such as a transpose (reshape copes where view fails)",
    "meta": "",
    "leaf": "it raises an error for tensors that require grad; a detached copy works whether they do or not",
    "plain": "it raises an error where w does not require grad; a detached copy works whether it does or not",
}
OVERWRITES = "backward() through it fails: autograd had saved a tensor that is then changed in place (by `/=`, `exp_`)"


@dataclass(frozen=True)
class Excuse:
    """A kind of difference that is let pass in one mode, where nothing else differs.

    Attributes:
        any_float, any_device: what does not count, as in `Tolerance`.
        note: what the learner is told.
    """

    mode: str
    kind: str
    note: str
    any_float: bool = False
    any_device: bool = False


EXCUSES = (
    Excuse(
        "float64",
        "dtype",
        "it returns float32 for float64 tensors: a step of yours creates a tensor without dtype=x.dtype, or casts",
        any_float=True,
    ),
    # no fault by itself: some ops take a CPU and a meta tensor together and give back a CPU tensor
    Excuse(
        "meta",
        "device",
        "its result may stay on the CPU for tensors on a GPU: a step of yours makes a tensor without device=x.device",
        any_device=True,
    ),
)


def difference_that_counts(
    case: Case, got: Observation, expected: Observation, tolerance: Tolerance
) -> tuple[Difference | None, str | None]:
    """What is wrong with an observation, and what was let pass.

    Returns:
        The difference, or None; and a note, ``""`` where there is nothing to tell, or None where nothing was let pass.
    """
    if got.raised and case.mode in REFUSABLE and not _refuses_meta(case, got.raised):
        return None, REFUSABLE[case.mode]
    note = None
    if _backward_overwrites(got):
        expected = replace(expected, parts={name: part for name, part in expected.parts.items() if name != "gradients"})
        note = OVERWRITES
    found = difference(got, expected, TIGHT if case.mode == "float64" else tolerance)
    if found is None:
        return None, note
    for excuse in EXCUSES:
        if (excuse.mode, excuse.kind) == (case.mode, found.kind):
            lax = replace(tolerance, any_float=excuse.any_float, any_device=excuse.any_device)
            if difference(got, expected, lax) is None:
                return None, excuse.note
    return found, None


def _refuses_meta(case: Case, error: Raised) -> bool:
    """Whether a `raise` of the learner's own ended a call on the meta device, where nothing but a value is missing."""
    return case.mode == "meta" and error.by_learner is not False


def _backward_overwrites(got: Observation) -> bool:
    """Whether the result is there but backward cannot run, because a tensor it needs was changed in place."""
    return type(got.parts.get("gradients")) is str and got.parts["gradients"] == OVERWRITTEN
