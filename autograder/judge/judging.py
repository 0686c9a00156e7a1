"""Judge an answer: compare it with the reference, and where they differ say which known mistake explains it."""

from __future__ import annotations

import contextlib
import difflib
import functools
import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import torch

from autograder.exercise import Exercise
from autograder.exercises import EXERCISES, WARM_UP
from autograder.judge.compare import Tolerance
from autograder.judge.diagnosis import Trial, describe, diagnose
from autograder.judge.leniency import difference_that_counts
from autograder.judge.verdict import Gone, Verdict, verdict_on
from autograder.judge.wording import name_kind
from autograder.syntax import shortcuts
from course_utils.probes import Case, Observation, run_all, snapshot

PUBLIC_SEED = 0
SHORT_CUT, LOOP = "short cut", "a Python loop"  # the mistakes that show in how a result is made
LOOP_SIZES = (4, 16)
# inputs in grading: what shows there shows with most inputs, and all that runs is counted in the other modes too
FEW = {"meta": 4, "float64": 6, "strided": 6, "watched": 2}
COUNTED = {"operations": "aten.", "lines of Python": "python."}  # neither may grow with the size of the input
_HIDDEN = 1_000_003  # keeps the secret draw apart from the public one, also for seed 0

CHECKED = {
    "gradients": "gradients",
    "float64": "float64",
    "strided": "non-contiguous tensors",
    "leaf": "tensors that require grad",
    "plain": "a w that does not require grad",
}
START = "Write your code in place of `raise NotImplementedError`, run that cell, then this one again."
ENDED = "its process ended before all of its calls were done."

Observe = Callable[[Sequence[Case]], Sequence[Observation]]
Judging = Generator[Sequence[Case], Sequence[Observation], Verdict]  # asks for cases until it comes to a verdict


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
        draws = [(*_with_expected(exercise, PUBLIC_SEED), False)]
        draws += [(*_with_expected(exercise, _HIDDEN + seed), True)] if hidden else []
        judging = _judging(exercise, draws, in_source)
        return _converse(exercise, judging, lambda cases: run_all(exercise.probe, candidate, cases))


def find_exercise(name: str) -> Exercise:
    """The exercise of that name; KeyError with the nearest names where there is none."""
    if exercise := EXERCISES.get(name) or WARM_UP.get(name):
        return exercise
    near = difflib.get_close_matches(str(name), EXERCISES, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The exercises are: {', '.join(EXERCISES)}."
    raise KeyError(f"{name} is not an exercise of this course. {hint}")


def judge_observed(
    exercise: Exercise, observe: Observe, in_source: Sequence[str], *, seed: int | None = None
) -> Verdict:
    """Judge an answer that is reached only through ``observe``, which may run it in another process.

    Nothing that ``observe`` returns is trusted: observations that no probe would write end in a verdict ``"error"``,
    and where it has been asked for hidden cases, messages hold nothing that it could have put there.

    Args:
        observe: runs the exercise's probe on the learner's code for each of a list of cases, as `run_all` does. It is
            asked for a draw, and then for two cases of other sizes, if the exercise has them. Cases are the very same
            objects whenever exercise and seed are the same. It may raise `Gone`, which ends in a verdict ``"error"``;
            other exceptions are passed on.
        in_source: the short cuts that the answer's source shows.
        seed: judge the hidden cases that are drawn from it, without a diagnosis; None: the public ones, about which
            messages tell all.
    """
    hidden = seed is not None
    draw = (*_with_expected(exercise, _HIDDEN + seed if hidden else PUBLIC_SEED), hidden)  # errors of our own: here
    return _converse(exercise, _guarded(exercise, _judging(exercise, [draw], in_source)), observe)


# cases, what the reference does with them, and whether they are hidden
Draw = tuple[tuple[Case, ...], tuple[Observation, ...], bool]


@functools.lru_cache(maxsize=512)
def _with_expected(exercise: Exercise, seed: int) -> tuple[tuple[Case, ...], tuple[Observation, ...]]:
    """The same for every answer, so worked out once."""
    hidden = seed != PUBLIC_SEED
    # everything that runs is counted; of public cases a message tells which mistake a short cut hides, so there it runs
    barred = (exercise.forbidden if hidden else ()) if exercise.forbidden else None
    cases = tuple(exercise.expand(seed, FEW if hidden else {}, barred))
    return cases, tuple(exercise.observe(exercise.reference, case) for case in cases)


@functools.lru_cache(maxsize=256)
def _sized(exercise: Exercise) -> tuple[tuple[Case, ...], tuple[Observation, ...]]:
    cases = tuple(Case(exercise.sized(n), "watched") for n in LOOP_SIZES)
    return cases, tuple(exercise.observe(exercise.reference, case) for case in cases)


def _converse(exercise: Exercise, judging: Judging, observe: Observe) -> Verdict:
    """Give ``observe`` the cases that ``judging`` asks for, until that comes to a verdict."""
    cases = next(judging)
    while True:
        try:
            observations = observe(cases)
        except Gone as gone:
            return verdict_on(exercise, "error", str(gone))
        try:
            cases = judging.send(observations)
        except StopIteration as end:
            return end.value


def _guarded(exercise: Exercise, judging: Judging) -> Judging:
    """``judging``, with a verdict in place of any exception that an observation causes in it."""
    try:
        return (yield from judging)
    except Exception:
        logging.getLogger(__name__).exception("%s: an observation cannot be judged", exercise.name)
        return verdict_on(exercise, "error", "what came back from its calls cannot be judged.")


def _judging(exercise: Exercise, draws: Sequence[Draw], in_source: Sequence[str]) -> Judging:
    tolerance = Tolerance(exercise.rtol, exercise.atol)
    trials: list[Trial] = []
    calls: set[str] = set()
    notes: list[str] = []
    for cases, expected, hidden in draws:
        seen = yield cases
        if not trials and seen and seen[0].is_stub:
            return verdict_on(exercise, "not attempted", f"not attempted yet. {START}")
        if len(seen) != len(cases) and not (len(seen) == 1 and seen[0].is_stub):
            return verdict_on(exercise, "error", ENDED)
        for case, want, raw in zip(cases, expected, seen, strict=False):
            got = exercise.measured(case, raw)
            found, note = difference_that_counts(case, got, want, tolerance)
            calls |= set(got.parts.get("calls", ()))
            if note is None:
                trials.append(Trial(case, want, got, found, hidden))
            elif not hidden:
                notes.append(note)
        used = sorted({*shortcuts.in_calls(calls, exercise.forbidden), *in_source})
        if verdict := _fault(exercise, trials, used, tolerance, hidden):
            return verdict
    if exercise.sized:
        cases, expected = _sized(exercise)
        seen = yield cases
        if len(seen) != len(cases):
            return verdict_on(exercise, "error", ENDED)
        if fact := _loop_fact(seen):
            return _rule_broken(exercise, LOOP, "does more steps for larger inputs: it loops." if hidden else fact)
        pairs = [(exercise.measured(case, got), want) for case, got, want in zip(cases, seen, expected, strict=True)]
        last = [
            Trial(case, want, got, difference_that_counts(case, got, want, tolerance)[0], hidden)
            for case, (got, want) in zip(cases, pairs, strict=True)
        ]
        if verdict := _fault(exercise, last, [], tolerance, hidden):
            return verdict
        if not all(any(got.parts.get("calls", {}).values()) for got in seen):
            return verdict_on(exercise, "error", "nothing that it does can be counted.")
    return verdict_on(exercise, "passed", _praise(exercise, sum(len(cases) for cases, _, _ in draws), notes))


def _fault(
    exercise: Exercise, trials: list[Trial], used: list[str], tolerance: Tolerance, hidden: bool
) -> Verdict | None:
    """The verdict on what differs and on the short cuts ``used``; None where there are neither."""
    first = next((trial for trial in trials if trial.difference), None)
    if first:
        # without a short cut in it, an answer that does what one would do has made another mistake
        known = [mistake for mistake in exercise.mistakes if used or mistake.name != SHORT_CUT]
        mistake = None if all(trial.hidden for trial in trials) else diagnose(exercise, known, trials, tolerance)
        if not used or (mistake and mistake.name != SHORT_CUT):
            status = "error" if first.got.raised else "wrong"
            fact = describe(exercise, trials, mistake)
            verdict = verdict_on(exercise, status, fact, mistake.name if mistake else None)
            return replace(verdict, trial=first)
    if used:
        library = [name for name in used if name in exercise.forbidden]
        what = f"the library's {', '.join(library)}" if library else f"{', '.join(used)}, which hides what is computed"
        what = "a short cut on inputs that only grading tries" if hidden else what
        return _rule_broken(exercise, SHORT_CUT, f"uses {what}; build it from {exercise.instead}.")
    return None


def _loop_fact(runs: Sequence[Observation]) -> str | None:
    """How the work grows with the size of the input, where it grows too much, or what kept it from being counted."""
    if any("python.untraced" in run.parts.get("calls", {}) for run in runs):
        return "turns off what counts its lines of Python (sys.settrace), so that a loop would not show."
    for what, prefix in COUNTED.items():
        counts = (run.parts.get("calls", {}).items() for run in runs)
        few, many = (sum(n for name, n in calls if name.startswith(prefix)) for calls in counts)
        if many > few * 1.5:
            return f"runs {few} {what} for size {LOOP_SIZES[0]} and {many} for size {LOOP_SIZES[1]}: it loops."
    return None


def _rule_broken(exercise: Exercise, name: str, fact: str) -> Verdict:
    """The verdict on an answer with right results, made in a way that the exercise rules out."""
    says = next((f"\n  {mistake.says}" for mistake in exercise.mistakes if mistake.name == name), "")
    return verdict_on(exercise, "wrong", f"{fact}{says}", name)


def _praise(exercise: Exercise, n_calls: int, notes: list[str]) -> str:
    held = ["values, shapes and dtypes", *(CHECKED[name] for name in exercise.contracts if name in CHECKED)]
    lines = [f"passed {n_calls} calls ({', '.join(held)})."]
    lines += [f"  One thing to know: {note}." for note in dict.fromkeys(notes) if note]
    return "\n".join(lines)
