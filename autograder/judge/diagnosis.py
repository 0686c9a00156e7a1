"""Say what is wrong with an answer: the first difference, the call that showed it, and the mistake behind it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch

from autograder.exercise import SCORE, Exercise, Mistake
from autograder.judge.calls import describe_call
from autograder.judge.compare import Tolerance, difference
from autograder.judge.errors import explain
from autograder.judge.leniency import TIGHT, difference_that_counts
from autograder.judge.slips import find_slip
from autograder.judge.trial import Trial
from course_utils.probes import Case, Observation

# What is asked where no known mistake explains the difference: by its kind, or by the part that differs.
ADVICE = {
    "type": "What does the last line of your function return?",
    "arguments": "The tensors that come in should stay as they were: work on new ones.",
    "gradients": "The result is right, its gradient is not. Which step does not follow from the arguments alone?",
    "graph": "Does every step from the arguments to the result stay in PyTorch, inside the graph?",
    "parameters": "Print the model: a module sees the layers that are attributes of self, set in __init__.",
    "groups": "Print optimizer.param_groups: which parameters and settings does each group have?",
    "shape": "Print the shape after each step: where does it stop being what you expect?",
    "dtype": "Which step changes the dtype? Print it after each one.",
    "device": "Does a step of yours create a tensor without device=...?",
    "nan": "nan and inf come from exp of a large number, log of 0, 0 / 0 and the like: in which step?",
}
_SAME_TWICE = r"(\[.*\]|\S+); expected \1(?!\S)"  # rounded, two numbers may look the same
MAX_LINES_PRINTED = 4
KEPT = 5_000  # observations of mistakes


def describe(exercise: Exercise, trials: list[Trial], mistake: Mistake | None) -> str:
    """About the first trial that differs, without the exercise's name: a fact, the call, and what to look at.

    Of a hidden case neither inputs nor values are told.
    """
    first = next(trial for trial in trials if trial.difference)
    if first.hidden:
        lines = [_hidden_fact(exercise, first)]
    else:
        lines = [_fact(exercise, first), f"  called with {describe_call(exercise, first.case)}"]
    advice = mistake.says if mistake else _advice(exercise, first)
    if advice:
        lines.append(f"  {advice}")
    printed = first.got.printed.strip().splitlines()
    if printed and not first.hidden:
        shown = [*printed[:MAX_LINES_PRINTED], *(["..."] if len(printed) > MAX_LINES_PRINTED else [])]
        lines.append("  Your code printed: " + "\n    ".join(shown))
    return "\n".join(lines)


def diagnose(
    exercise: Exercise, mistakes: Iterable[Mistake], trials: list[Trial], tolerance: Tolerance
) -> Mistake | None:
    """The one of ``mistakes`` that does what the learner's code did; the first, where several do."""
    for evidence in _evidence(trials):
        for mistake in mistakes:
            if any(_explains(exercise, wrong, evidence, tolerance) for wrong in mistake.variants):
                return mistake
    return None


def describe_slip(
    exercise: Exercise, mistakes: Iterable[Mistake], trials: list[Trial], tolerance: Tolerance
) -> tuple[str, str] | None:
    """Where one of ``mistakes`` explains a part: its name, and what `describe` says, followed by what is left."""
    public = [trial for trial in trials if not trial.hidden]
    slip = find_slip(mistakes, public, tolerance, partial(_observed, exercise))
    if slip is None:
        return None
    left, difference_left = slip.left
    lines = [
        slip.difference.fact,
        f"  called with {describe_call(exercise, slip.trial.case)}",
        f"  {slip.mistake.says}",
    ]
    call = "" if left is slip.trial else f", called with {describe_call(exercise, left.case)}"
    lines.append(f"  That is not all: it {difference_left.fact}{call}")
    lines += [f"  {slip.other.says}"] if slip.other else []
    return slip.mistake.name, "\n".join(lines)


def _evidence(trials: list[Trial]) -> Iterator[list[Trial]]:
    """Sets of trials that a mistake has to explain, the most telling first.

    All of them; those of plain values, because the same results can be reached with other gradients; those that
    fail, because a second fault may show elsewhere; those that fail in the way of the first, because two faults in
    one case match no single mistake; those that fail with a result, where others end in an error. The last three
    count only where numbers came back: many mistakes end in the same error, or in nan.
    """
    failing = [trial for trial in trials if trial.difference]
    plain = [trial for trial in trials if trial.case.mode == "values"]
    yield trials
    if any(trial.difference for trial in plain):
        yield plain
    if any(_is_telling(trial) for trial in failing):
        yield failing
        like_first = [trial for trial in failing if trial.difference.kind == failing[0].difference.kind]
        if any(_is_telling(trial) for trial in like_first):
            yield like_first
        if _is_telling(failing[0]):
            yield [trial for trial in failing if _is_telling(trial)]


def _is_telling(trial: Trial) -> bool:
    return not trial.got.raised and not _has_nan(trial.got.parts.get("result"))


def _has_nan(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.device.type != "meta" and not bool(value.isfinite().all())


def _explains(exercise: Exercise, wrong: Callable, evidence: list[Trial], tolerance: Tolerance) -> bool:
    def agrees(trial: Trial) -> bool:
        """Whether the mistake does the same in this case, and is judged in the same way."""
        observed = _observed(exercise, wrong, trial.case)
        close = TIGHT if trial.case.mode == "float64" else tolerance
        # where nothing came back, what became of the arguments is all that there is
        nothing = not trial.got.raised and trial.got.parts.get("result") is None
        until = trial.difference.part if trial.difference and not nothing else None
        if difference(trial.got, observed, close, until):
            return False
        counts, _ = difference_that_counts(trial.case, observed, trial.expected, tolerance)
        return (counts is None) == (trial.difference is None)

    # failing cases first: there a mistake that is not this one shows itself soonest; and on the meta device only these,
    # because some ops import half of PyTorch's compiler there
    telling = [trial for trial in evidence if trial.difference or trial.case.mode != "meta"]
    return all(agrees(trial) for trial in sorted(telling, key=lambda trial: trial.difference is None))


_known: dict[tuple[int, int], tuple[Callable, Case, Observation]] = {}


def _observed(exercise: Exercise, wrong: Callable, case: Case) -> Observation:
    """What a mistake does in a case. Kept, because the next answer is tried in the very same cases."""
    key = id(wrong), id(case)
    if key not in _known:
        if len(_known) >= KEPT:
            _known.clear()
        _known[key] = wrong, case, exercise.observe(wrong, case)  # held on to, so that nothing else gets their ids
    return _known[key][2]


def _fact(exercise: Exercise, trial: Trial) -> str:
    found = trial.difference
    if told := _score_fact(exercise, trial):
        return told
    if exercise.fact and (found.part, found.kind) == ("result", "values"):
        own = exercise.fact(trial.case.args, trial.got.parts["result"], trial.expected.parts["result"])
        return own if own and not re.search(_SAME_TWICE, own) else found.fact
    return found.fact


def _score_fact(exercise: Exercise, trial: Trial) -> str | None:
    """What is told of an outcome that is not good enough; None where there is none, or no score of it."""
    score = trial.got.parts.get(SCORE)
    if not (exercise.steps and score) or trial.difference.part in ("arguments", "state"):
        return None  # what is wrong is something else
    least, points = exercise.steps[0]
    return f"{exercise.fact(trial.case.args, score, None)} {least:g} earns the first {points} points."


def _hidden_fact(exercise: Exercise, trial: Trial) -> str:
    if told := _score_fact(exercise, trial):
        return told
    what = f"{trial.difference.part}: {trial.difference.kind}"
    if trial.got.raised:
        kind = getattr(builtins, trial.got.raised.kind, None)
        known = isinstance(kind, type) and issubclass(kind, Exception)
        what = trial.got.raised.kind if known else "an error of its own"  # a name of its own could tell the inputs
    return f"goes wrong on inputs that only grading tries ({what})."


def _advice(exercise: Exercise, trial: Trial) -> str | None:
    found = trial.difference
    if trial.got.raised:
        return explain(trial.got.raised)
    if found.part == "arguments" and exercise.name.endswith("_"):
        return None  # it is meant to change them
    if found.kind == "values" and _has_nan(trial.got.parts.get("result")):
        return ADVICE["nan"]
    return ADVICE.get("graph" if found.kind == "graph" else found.part if found.part in ADVICE else found.kind)
