"""Verdicts on the exercises of a notebook that runs in another process, behind walls or without."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograder.judge import Gone, Verdict, find_exercise, judge_observed
from autograder.sandbox.run import Absent, Program, Run, Target
from autograder.syntax import shortcuts, tampering


def make_program(sources: Sequence[str], tasks: Mapping[str, Target]) -> Program:
    """What to run: the cells, without those that reach for what judges them. An empty source is not run."""
    refused = {i: refusal(what) for i, what in tampering.found(sources).items()}
    return Program(tuple("" if i in refused else source for i, source in enumerate(sources)), tasks, refused)


def refusal(what: str) -> str:
    """Why code isn't run, in words."""
    return f"not run: it reaches for what judges it ({what})."


def judge_hidden(
    program: Program, code: Mapping[str, Sequence[str]], run: Run, seed: int, partial: bool = False
) -> dict[str, Verdict]:
    """A verdict on each exercise, from hidden cases.

    Where these go wrong, the public ones may tell why. Then the cells run again first, because what has seen a hidden
    case could tell of it.

    Args:
        code: exercise -> the cells with what its answer is made of.
        partial: of wrong answers, say which parts of the exercise they have.
    """
    verdicts = {name: _judge(name, program, code[name], run, seed, partial) for name in program.tasks}
    unclear = [name for name, verdict in verdicts.items() if not verdict.passed and name in run.answering]
    if unclear:
        run.restart()
    for name in unclear:
        public = _judge(name, program, code[name], run, None)
        if not public.passed and name in run.answering:
            parts = () if public.status == "not attempted" else verdicts[name].parts
            verdicts[name] = replace(public, parts=parts)
    return verdicts


def judge_public(program: Program, run: Run) -> dict[str, Verdict]:
    """A verdict on each exercise, from the cases that learners know."""
    return {name: _judge(name, program, program.cells[: at.after], run, None) for name, at in program.tasks.items()}


def judge_missing(program: Program, run: Run) -> dict[str, Verdict]:
    """Verdicts on the exercises of which there is no answer in this run."""
    missing = {}
    for name in program.tasks:
        try:
            run.observe(name, find_exercise(name).probe, ())
        except Absent as absent:
            missing[name] = _absent(name, absent, program, run)
        except Gone:  # after its cells its process is gone, or says nothing: that does not speak for any other process
            break
    return missing


def _judge(
    name: str, program: Program, code: Sequence[str], run: Run, seed: int | None, partial: bool = False
) -> Verdict:
    """A verdict on one exercise, from the hidden cases that are drawn from ``seed``; None: from the public ones."""
    exercise = find_exercise(name)
    used = shortcuts.in_notebook(code, exercise.names, exercise.forbidden) if exercise.forbidden else []
    try:
        observe = functools.partial(run.observe, name, exercise.probe, seconds=exercise.seconds)
        return judge_observed(exercise, observe, used, seed=seed, partial=partial)
    except Absent as absent:
        return _absent(name, absent, program, run)


def _absent(name: str, absent: Absent, program: Program, run: Run) -> Verdict:
    place = program.tasks[name].place
    if place in program.refused:
        return error(name, f"its cell was {program.refused[place]}")
    if place in run.ended:
        return error(name, f"its cell {run.ended[place]}.")
    if place in run.raised:
        return error(name, f"its cell raised {run.raised[place]}.")
    return replace(error(name, str(absent)), status="not attempted" if absent.undefined else "error")


def error(name: str, sentence: str) -> Verdict:
    """The verdict on an exercise of which there is nothing to judge, with the reason."""
    return Verdict(False, "error", f"{name}: {sentence}")
