"""Verdicts on the exercises of a notebook that runs in another process, behind walls or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from autograder.exercise import Exercise
from autograder.judge import Verdict, find_exercise, judge_observed
from autograder.sandbox.run import Absent, Program, Run, Target
from autograder.syntax import shortcuts, tampering


def make_program(sources: Sequence[str], tasks: Mapping[str, Target]) -> Program:
    """What to run: the cells, without those that reach for what judges them. An empty source is not run."""
    refused = {i: f"not run: it reaches for what judges it ({what})." for i, what in tampering.found(sources).items()}
    return Program(tuple("" if i in refused else source for i, source in enumerate(sources)), tasks, refused)


def judge_hidden(program: Program, run: Run, seed: int) -> dict[str, Verdict]:
    """A verdict on each exercise, from hidden cases.

    Where these go wrong, the public ones may tell why. Then the cells run again first, because what has seen a hidden
    case could tell of it.
    """
    verdicts = {name: judge_one(name, program, run, seed) for name in program.tasks}
    unclear = [name for name, verdict in verdicts.items() if not verdict.passed and name in run.answering]
    if unclear:
        run.restart()
    for name in unclear:
        public = judge_one(name, program, run, None)
        if not public.passed and name in run.answering:
            verdicts[name] = public
    return verdicts


def judge_one(name: str, program: Program, run: Run, seed: int | None) -> Verdict:
    """A verdict on one exercise, from the hidden cases that are drawn from ``seed``; None: from the public ones."""
    exercise, task = find_exercise(name), program.tasks[name]
    before = [source for source in program.cells[: task.after] if source]
    later = [source for source in program.cells[task.after :] if source]
    used = shortcuts.in_notebook(before, exercise.names, exercise.forbidden, later) if exercise.forbidden else []
    try:
        return judge_observed(exercise, partial(run.observe, name, exercise.probe), used, seed=seed)
    except Absent as absent:
        if task.place in program.refused:
            return _error(exercise, f"its cell was {program.refused[task.place]}")
        if task.place in run.ended:
            return _error(exercise, f"its cell {run.ended[task.place]}.")
        if task.place in run.raised:
            return _error(exercise, f"its cell raised {run.raised[task.place]}.")
        return replace(_error(exercise, str(absent)), status="not attempted" if absent.undefined else "error")


def _error(exercise: Exercise, sentence: str) -> Verdict:
    return Verdict(False, "error", f"{exercise.name}: {sentence}")
