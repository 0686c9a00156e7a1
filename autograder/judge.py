"""Judge an answer: compare it with the reference, and where they differ say which known mistake explains it."""

from __future__ import annotations

import contextlib
import difflib
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from autograder import shortcuts
from autograder.compare import Difference, Tolerance, difference
from autograder.contrast import Contrast, contrast
from autograder.diagnosis import Trial, describe, diagnose
from autograder.exercise import Exercise
from autograder.exercises import EXERCISES, WARM_UP
from autograder.wording import name_kind
from course_utils.probes import Case, Observation, snapshot

PUBLIC_SEED = 0
SHORT_CUT, LOOP = "short cut", "a Python loop"  # the mistakes that show in how a result is made
LOOP_SIZES = (4, 16)
COUNTED = {"operations": "aten.", "lines of Python": "python."}  # neither may grow with the size of the input
TIGHT = Tolerance(rtol=1e-6, atol=1e-7)  # for float64, where rounding excuses nothing
_HIDDEN = 1_000_003  # keeps the secret draw apart from the public one, also for seed 0

CHECKED = {
    "gradients": "gradients",
    "float64": "float64",
    "strided": "non-contiguous tensors",
    "leaf": "tensors that require grad",
    "plain": "a w that does not require grad",
}
# Under these modes code may refuse to run and still be right: the course's tensors are float32, and on a device that
# has values. What it returns there has to be right.
REFUSABLE = {
    "float64": "it raises an error for float64 tensors",
    "strided": "it raises an error for non-contiguous tensors, such as a transpose (reshape copes where view fails)",
    "meta": "",
    "leaf": "it raises an error for tensors that require grad; a detached copy works whether they do or not",
    "plain": "it raises an error where w does not require grad; a detached copy works whether it does or not",
    "watched": "",
}
NARROW = "it returns float32 for float64 tensors: a step of yours creates a tensor without dtype=x.dtype, or casts"
START = "Write your code in place of `raise NotImplementedError`, run that cell, then this one again."
ELSEWHERE = (
    "its result may stay on the CPU for tensors on a GPU: a step of yours makes a tensor without device=x.device"
)
OVERWRITES = "backward() through it fails: autograd had saved a tensor that is then changed in place (by `/=`, `exp_`)"


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


def judge(name: str, candidate: Any, *, seed: int = 0, hidden: bool = False) -> Verdict:
    """Judge ``candidate``, an answer to the exercise ``name``.

    Args:
        name: an exercise's name, such as ``"softmax"``.
        candidate: the learner's function or class; a tuple of them where an exercise asks for two.
        seed: what the cases of grading are drawn from.
        hidden: judge the cases of grading too. Messages never tell their inputs or expected values.

    Raises:
        KeyError: there is no such exercise; the message names the nearest.
    """
    exercise = find_exercise(name)
    parts = candidate if isinstance(candidate, tuple) else (candidate,)
    if not all(callable(part) for part in parts):
        came = name_kind(snapshot(candidate))
        return Verdict(False, "error", f"{name}: came as {came}; expected the function or class itself.")
    if len(parts) != len(exercise.names):
        together = f"({', '.join(exercise.names)})" if exercise.partners else name
        came = "one function" if len(parts) == 1 else f"{len(parts)} functions"
        return Verdict(False, "error", f"{name}: came as {came}; expected check({together}).")
    in_source = shortcuts.in_candidate(candidate, exercise.forbidden) if exercise.forbidden else []
    away = torch.get_default_device().type != "cpu"  # the cases are drawn on the CPU, whatever a learner's default is
    with torch.device("cpu") if away else contextlib.nullcontext():
        return judge_observed(
            exercise, lambda case: exercise.probe(candidate, case), in_source, seed=seed, hidden=hidden
        )


def find_exercise(name: str) -> Exercise:
    """The exercise of that name; KeyError with the nearest names where there is none."""
    if exercise := EXERCISES.get(name) or WARM_UP.get(name):
        return exercise
    near = difflib.get_close_matches(str(name), EXERCISES, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The exercises are: {', '.join(EXERCISES)}."
    raise KeyError(f"{name} is not an exercise of this course. {hint}")


def judge_observed(
    exercise: Exercise,
    observe: Callable[[Case], Observation],
    in_source: list[str],
    *,
    seed: int = 0,
    hidden: bool = False,
) -> Verdict:
    """Judge an answer that is reached only through ``observe``, which may run it in another process.

    Args:
        observe: runs the exercise's probe on the learner's code.
        in_source: the short cuts that the answer's source shows.
    """
    cases = [(*pair, False) for pair in _with_expected(exercise, PUBLIC_SEED)]
    if hidden:
        cases += [(*pair, True) for pair in _with_expected(exercise, _HIDDEN + seed)]
    tolerance = Tolerance(exercise.rtol, exercise.atol)
    trials: list[Trial] = []
    calls: set[str] = set()
    notes: list[str] = []
    for case, expected, is_hidden in cases:
        got = observe(case)
        if not trials and got.raised and got.raised.kind == "NotImplementedError" and got.raised.by_learner:
            return Verdict(False, "not attempted", f"{exercise.name}: not attempted yet. {START}")
        if got.raised and case.mode in REFUSABLE:
            notes.append(REFUSABLE[case.mode])
            continue
        if _backward_overwrites(got):
            notes.append(OVERWRITES)
            continue
        calls |= set(got.parts.get("calls", ()))
        found = difference(got, expected, TIGHT if case.mode == "float64" else tolerance)
        if case.mode == "float64" and _only_narrower(found, got, expected, tolerance):
            notes.append(NARROW)
            found = None
        if case.mode == "meta" and found and found.kind == "device":
            # no fault by itself: some ops take a CPU and a meta tensor together and give back a CPU tensor
            notes.append(ELSEWHERE)
            found = None
        trials.append(Trial(case, expected, got, found, is_hidden))
    used = sorted({*shortcuts.in_calls(calls, exercise.forbidden), *in_source})
    if first := next((trial for trial in trials if trial.difference), None):
        # without a short cut in it, an answer that does what one would do has made another mistake
        known = [mistake for mistake in exercise.mistakes if used or mistake.name != SHORT_CUT]
        mistake = diagnose(exercise, known, trials, tolerance)
        if not used or (mistake and mistake.name != SHORT_CUT):
            status = "error" if first.got.raised else "wrong"
            return Verdict(False, status, describe(exercise, trials, mistake), mistake.name if mistake else None, first)
    if used:
        return _rule_broken(
            exercise, SHORT_CUT, f"uses the library's {', '.join(used)}; build it from {exercise.instead}."
        )
    if exercise.sized:
        runs = [observe(Case(exercise.sized(n), "watched")).parts.get("calls", {}) for n in LOOP_SIZES]
        for what, prefix in COUNTED.items():
            few, many = (sum(n for name, n in calls.items() if name.startswith(prefix)) for calls in runs)
            if many > few * 1.5:
                fact = f"runs {few} {what} for size {LOOP_SIZES[0]} and {many} for size {LOOP_SIZES[1]}: it loops."
                return _rule_broken(exercise, LOOP, fact)
    return Verdict(True, "passed", _praise(exercise, len(cases), notes))


@functools.lru_cache(maxsize=256)
def _with_expected(exercise: Exercise, seed: int) -> list[tuple[Case, Observation]]:
    """The cases of one draw with what the reference does: the same for every answer, so worked out once."""
    return [(case, exercise.probe(exercise.reference, case)) for case in exercise.expand(seed)]


def _only_narrower(found: Difference | None, got: Observation, expected: Observation, tolerance: Tolerance) -> bool:
    """Whether all that is wrong with a result for float64 tensors is that it is float32."""
    any_float = Tolerance(tolerance.rtol, tolerance.atol, any_float=True)
    return found is not None and found.kind == "dtype" and difference(got, expected, any_float) is None


def _backward_overwrites(got: Observation) -> bool:
    """Whether the result is there but backward cannot run, because a tensor it needs was changed in place."""
    error = got.parts.get("gradients")
    return "modified by an inplace operation" in getattr(error, "text", "")


def _rule_broken(exercise: Exercise, name: str, fact: str) -> Verdict:
    """The verdict on an answer with right results, made in a way that the exercise rules out."""
    says = next((f"\n  {mistake.says}" for mistake in exercise.mistakes if mistake.name == name), "")
    return Verdict(False, "wrong", f"{exercise.name}: {fact}{says}", name)


def _praise(exercise: Exercise, n_calls: int, notes: list[str]) -> str:
    held = ["values, shapes and dtypes", *(CHECKED[name] for name in exercise.contracts if name in CHECKED)]
    lines = [f"{exercise.name}: passed {n_calls} calls ({', '.join(held)})."]
    lines += [f"  One thing to know: {note}." for note in dict.fromkeys(notes) if note]
    return "\n".join(lines)
