"""Judge an answer: compare it with the reference, and where they differ say which known mistake explains it."""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import torch

from autograder.exercise import AS_IT_CAME, LOOP, PUBLIC_SEED, SCORE, SHORT_CUT, Exercise
from autograder.exercises import EXERCISES, WARM_UP
from autograder.judge.compare import Tolerance
from autograder.judge.contrast import contrast
from autograder.judge.diagnosis import describe, describe_slip, diagnose
from autograder.judge.leniency import difference_that_counts
from autograder.judge.parts import parts_held
from autograder.judge.trial import Trial, is_tried
from autograder.judge.verdict import Gone, Verdict, verdict_on
from autograder.judge.wording import name_kind
from autograder.syntax import shortcuts
from course_utils.probes import Case, Observation, call, run_all, snapshot
from course_utils.probes.world import usual_world

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
STILL_ILL = "not attempted yet: the program still does what it did when it came."
COMPILED = "One thing to know: it was called without torch.compile, which makes no answer right or wrong."
ENGINE = "run_backward"  # of autograd, which runs below each call that a learner would name
ENDED = "its process ended before all of its calls were done."

Observe = Callable[[Sequence[Case]], Sequence[Observation]]


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
    with usual_world():  # whatever the learner's cells have set: cases are drawn on the CPU, in float32
        in_source = shortcuts.in_candidate(candidate, exercise.forbidden) if exercise.forbidden else []
        observe = partial(run_all, exercise.probe, candidate)
        verdict = judge_observed(exercise, observe, in_source)
        if verdict.passed and hidden:
            secret = judge_observed(exercise, observe, in_source, seed=seed)
            verdict = secret if exercise.steps or not secret.passed else verdict
    compiled = verdict.passed and any(hasattr(part, "_torchdynamo_orig_callable") for part in parts)
    return replace(verdict, message=f"{verdict.message}\n  {COMPILED}") if compiled else verdict


def find_exercise(name: str) -> Exercise:
    """The exercise of that name; KeyError with the nearest names where there is none."""
    if exercise := EXERCISES.get(name) or WARM_UP.get(name):
        return exercise
    near = difflib.get_close_matches(str(name), EXERCISES, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The exercises are: {', '.join(EXERCISES)}."
    raise KeyError(f"{name} is not an exercise of this course. {hint}")


def judge_observed(
    exercise: Exercise, observe: Observe, in_source: Sequence[str], *, seed: int | None = None, partial: bool = False
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
        partial: say of a wrong answer which parts of the exercise it has, if it breaks no rule.
    """
    drawn = _drawn(exercise, seed)  # an error in this is one of our own
    try:
        seen = observe(drawn.cases)
        compared, verdict = _guarded(exercise, _compare_all, drawn, seen, in_source)
        if verdict is None and exercise.sized:
            runs = observe(_sized(exercise)[0])
            _, verdict = _guarded(exercise, _count_steps, runs, drawn.hidden)
    except Gone as gone:
        return verdict_on(exercise, "error", str(gone))
    if verdict is None and exercise.steps:
        return _by_steps(exercise, compared)
    if verdict and partial and compared:
        return replace(verdict, parts=_parts(exercise, observe, compared, in_source, drawn.hidden))
    return verdict or verdict_on(exercise, "passed", _praise(exercise, drawn, compared))


def _parts(
    exercise: Exercise, observe: Observe, compared: _Compared, in_source: Sequence[str], hidden: bool
) -> tuple[tuple[str, bool], ...]:
    """The parts that a wrong answer has; none where it is made in a way that the exercise rules out.

    What an exercise demands has to run wherever the answer is right: where it is wrong, it may not have got so far.
    """
    calls = {name for trial in compared.trials for name in trial.got.parts.get("calls", ())}
    if in_source or shortcuts.in_calls(calls, exercise.forbidden):
        return ()
    if _done_without(exercise, [trial for trial in compared.trials if not trial.difference], hidden):
        return ()
    parts, _ = _guarded(exercise, lambda _: (parts_held(compared.trials), None))
    if parts and exercise.sized:
        try:
            _, broken = _guarded(exercise, _count_steps, observe(_sized(exercise)[0]), hidden)
        except Gone:
            return ()
        if broken:
            return ()
    return () if not parts or all(has for _, has in parts) else parts  # what has all of them broke a rule


class _Drawn(NamedTuple):
    """The cases of one draw, what the reference does with each, and whether they are hidden."""

    cases: tuple[Case, ...]
    expected: tuple[Observation, ...]
    hidden: bool


class _Compared(NamedTuple):
    """What came of the cases: those that count as a trial, and notes on those that were let pass, by mode."""

    trials: list[Trial]
    notes: list[tuple[str, str]]


def _drawn(exercise: Exercise, seed: int | None) -> _Drawn:
    hidden = seed is not None
    return _Drawn(*_with_expected(exercise, _HIDDEN + seed if hidden else PUBLIC_SEED), hidden)


@functools.lru_cache(maxsize=512)
def _with_expected(exercise: Exercise, seed: int) -> tuple[tuple[Case, ...], tuple[Observation, ...]]:
    """The same for every answer, so worked out once."""
    hidden = seed != PUBLIC_SEED
    # everything that runs is counted; of public cases a message tells which mistake a short cut hides, so there it runs
    barred = (exercise.forbidden if hidden else ()) if exercise.forbidden or exercise.demanded else None
    cases = tuple(exercise.expand(seed, FEW if hidden else {}, barred))
    return cases, tuple(expected_of(exercise, case) for case in cases)


def expected_of(exercise: Exercise, case: Case) -> Observation:
    """What the reference does with a case."""
    if case.mode == "meta" and exercise.probe is call:
        # what it does on the CPU, but for the values: some ops on the meta device import half of PyTorch's compiler
        seen = exercise.observe(exercise.reference, replace(case, mode="values"))
        return replace(seen, parts=_without_values(seen.parts))
    return exercise.observe(exercise.reference, case)


def _without_values(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return torch.empty_like(value, device="meta")
    if isinstance(value, dict):
        return {name: _without_values(item) for name, item in value.items()}
    return type(value)(map(_without_values, value)) if isinstance(value, (list, tuple)) else value


@functools.lru_cache(maxsize=256)
def _sized(exercise: Exercise) -> tuple[tuple[Case, ...], tuple[Observation, ...]]:
    cases = tuple(Case(exercise.sized(n), "watched") for n in LOOP_SIZES)
    return cases, tuple(exercise.observe(exercise.reference, case) for case in cases)


def _guarded(exercise: Exercise, step: Callable, *given: Any) -> tuple[Any, Verdict | None]:
    """``step(exercise, *given)``, with a verdict in place of any exception that an observation causes in it."""
    try:
        return step(exercise, *given)
    except Exception:
        logging.getLogger(__name__).exception("%s: an observation cannot be judged", exercise.name)
        return None, verdict_on(exercise, "error", "what came back from its calls cannot be judged.")


def _compare_all(
    exercise: Exercise, drawn: _Drawn, seen: Sequence[Observation], in_source: Sequence[str]
) -> tuple[_Compared, Verdict | None]:
    """What was observed beside what was expected; and the verdict, where it differs or shows a short cut."""
    compared = _Compared([], [])
    if seen and seen[0].is_stub:
        return compared, verdict_on(exercise, "not attempted", f"not attempted yet. {START}")
    if len(seen) != len(drawn.cases):
        return compared, verdict_on(exercise, "error", ENDED)
    tolerance = Tolerance(exercise.rtol, exercise.atol)
    calls: set[str] = set()
    for case, want, raw in zip(drawn.cases, drawn.expected, seen, strict=True):
        got = exercise.measured(case, raw)
        found, note = difference_that_counts(case, got, want, tolerance)
        calls |= set(got.parts.get("calls", ()))
        if note is None:
            compared.trials.append(Trial(case, want, got, found, drawn.hidden))
        else:
            compared.notes.append((case.mode, note))
    used = sorted({*shortcuts.in_calls(calls, exercise.forbidden), *in_source})
    fault = _fault(exercise, compared.trials, used, tolerance, drawn.hidden)
    return compared, fault or _done_without(exercise, compared.trials, drawn.hidden)


def _done_without(exercise: Exercise, trials: list[Trial], hidden: bool) -> Verdict | None:
    """The verdict on right results that were reached without what the exercise demands; None where all have it."""
    ran = [trial.got.parts.get("calls", ()) for trial in trials]
    if not exercise.demanded or all(any(name in calls for name in exercise.demanded) for calls in ran):
        return None
    where = " on inputs that only grading tries" if hidden else ""
    return _rule_broken(exercise, SHORT_CUT, f"gets there without {exercise.instead}{where}.")


def _count_steps(exercise: Exercise, runs: Sequence[Observation], hidden: bool) -> tuple[None, Verdict | None]:
    """The verdict on an answer that does more steps for larger inputs, or is wrong there; None where it is neither."""
    cases, expected = _sized(exercise)
    if len(runs) != len(cases):
        return None, verdict_on(exercise, "error", ENDED)
    if fact := _loop_fact(runs):
        return None, _rule_broken(exercise, LOOP, "does more steps for larger inputs: it loops." if hidden else fact)
    tolerance = Tolerance(exercise.rtol, exercise.atol)
    trials = []
    for case, want, raw in zip(cases, expected, runs, strict=True):
        got = exercise.measured(case, raw)
        trials.append(Trial(case, want, got, difference_that_counts(case, got, want, tolerance)[0], hidden))
    if verdict := _fault(exercise, trials, [], tolerance, hidden):
        return None, verdict
    if not all(any(got.parts.get("calls", {}).values()) for got in runs):
        return None, verdict_on(exercise, "error", "nothing that it does can be counted.")
    return None, None


def _fault(
    exercise: Exercise, trials: list[Trial], used: list[str], tolerance: Tolerance, hidden: bool
) -> Verdict | None:
    """The verdict on what differs and on the short cuts ``used``; None where there are neither."""
    first = next((trial for trial in trials if trial.difference), None)
    if first:
        # without a short cut in it, an answer that does what one would do has made another mistake
        known = [mistake for mistake in exercise.mistakes if used or mistake.name != SHORT_CUT]
        mistake = None if hidden else diagnose(exercise, known, trials, tolerance)
        if mistake and mistake.name == AS_IT_CAME:
            return verdict_on(exercise, "not attempted", f"{STILL_ILL}\n  {mistake.says}", mistake.name)
        if not used or (mistake and mistake.name != SHORT_CUT):
            status = "error" if first.got.raised else "wrong"
            slip = None if mistake or hidden else describe_slip(exercise, known, trials, tolerance)
            name = mistake.name if mistake else None
            name, text = slip or (name, describe(exercise, trials, mistake))
            return replace(verdict_on(exercise, status, text, name), contrast=contrast(first))
    if used:
        library = [name for name in used if name in exercise.forbidden]
        library = [name for name in library if name != ENGINE] or library
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


def _praise(exercise: Exercise, drawn: _Drawn, compared: _Compared) -> str:
    let_pass = {mode for mode, _ in compared.notes}
    tried = {trial.case.mode for trial in compared.trials if is_tried(trial)} - let_pass
    held = ["values, shapes and dtypes", *(words for mode, words in CHECKED.items() if mode in tried)]
    lines = [f"passed {len(drawn.cases)} calls ({', '.join(held)})."]
    notes = [] if drawn.hidden else dict.fromkeys(note for _, note in compared.notes if note)
    lines += [f"  One thing to know: {note}." for note in notes]
    return "\n".join(lines)


def _by_steps(exercise: Exercise, compared: _Compared) -> Verdict:
    """The verdict on an outcome that is good enough: the points that it earns, and what the next ones take."""
    score = min(next(iter(trial.got.parts[SCORE].values())) for trial in compared.trials)
    points, most = exercise.earned(score), exercise.steps[-1][1]
    fact = exercise.fact(compared.trials[0].case.args, compared.trials[0].got.parts[SCORE], None)
    further = next((f" {least:g} earns {more}." for least, more in exercise.steps if more > points), "")
    verdict = verdict_on(exercise, "passed", f"passed with {points} of {most} points: {fact}{further}")
    return replace(verdict, earned=(points, most))
