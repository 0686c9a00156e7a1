"""Judge the answers of a notebook apart from its other cells: only what they are made of runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.judge import Verdict, find_exercise
from autograder.sandbox.client import Sandbox
from autograder.sandbox.run import Program
from autograder.sandbox.unwalled import Unwalled
from autograder.sandbox.verdicts import error, judge_hidden, refusal
from autograder.syntax import doubts, tampering
from autograder.syntax.needs import Place, needed, written
from autograder.syntax.statements import read_cell

UNREADABLE = "code that is nested too deeply, or too long, to be read"


@dataclass
class Judged:
    """What came of it.

    Attributes:
        verdicts: one for each exercise.
        notes: a cell, and what a person should know of it.
        late: exercise -> that it ran out of time, in words.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)
    late: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Answer:
    """What is known of an answer's code without running it.

    Attributes:
        places: the statements that it is made of.
        code: the cells with these statements alone.
        refused: cell -> why it isn't run, in words.
        looks: what a person has to look at.
    """

    places: frozenset[Place]
    code: tuple[str, ...]
    refused: Mapping[int, str]
    looks: tuple[doubts.Doubt, ...] = ()


def judge_apart(
    program: Program,
    missing: Mapping[str, Verdict],
    told: Mapping[int, Sequence[str]],
    sandbox: Sandbox | Unwalled,
    seed: int,
    until: float = math.inf,
) -> Judged:
    """A verdict on each exercise, from hidden cases.

    What reads as code that computes and leads nowhere else runs together, in a process of its own; each answer about
    which that is not known runs alone.

    Args:
        missing: verdicts on exercises of which it is known that there is no answer.
        told: cell -> modules that are not there, as whoever reads the notes is told in other words.
        seed: what the hidden cases are drawn from.
        until: the `time.monotonic` after which nothing runs any more.
    """
    judged = Judged(dict(missing))
    readable = {i for i, source in enumerate(program.cells) if _is_readable(source)}
    judged.notes += [(i, f"was {refusal(UNREADABLE)}") for i in range(len(program.cells)) if i not in readable]
    answers = {name: _read(name, program, readable) for name in program.tasks if name not in missing}
    for name, answer in answers.items():
        judged.notes += _notes(name, answer, told)
        own = program.tasks[name].place
        if answer.refused and (own in answer.refused or not answer.places):
            at = own if own in answer.refused else min(answer.refused)
            judged.verdicts[name] = error(name, f"its code was {answer.refused[at]}")
    running = [name for name in answers if name not in judged.verdicts]
    clear = [name for name in running if not answers[name].refused and not answers[name].looks]
    for names in [clear, *([name] for name in running if name not in clear)]:
        if names:
            wanted = frozenset().union(*(answers[name].places for name in names))
            part = Program(tuple(written(program.cells, wanted)), {name: program.tasks[name] for name in names})
            with sandbox.run(part, until) as run:
                judged.verdicts |= judge_hidden(part, {name: answers[name].code for name in names}, run, seed)
            judged.late |= run.late
    judged.verdicts = {name: judged.verdicts[name] for name in program.tasks}
    return judged


def _read(name: str, program: Program, readable: set[int]) -> _Answer:
    task = program.tasks[name]
    if task.place is not None and task.place not in readable:
        return _Answer(frozenset(), (), {task.place: refusal(UNREADABLE)})
    cells = tuple(source if i < task.after and i in readable else "" for i, source in enumerate(program.cells))
    try:
        places = frozenset(needed(cells, task.names))
        code = tuple(written(cells, places))
        looks = doubts.found(code, computing=bool(find_exercise(name).forbidden))
        refused = {i: refusal(what) for i, what in tampering.found(code).items()}
    except (RecursionError, MemoryError):
        return _Answer(frozenset(), cells, {task.after if task.place is None else task.place: refusal(UNREADABLE)})
    return _Answer(frozenset(at for at in places if at.cell not in refused), code, refused, tuple(looks))


def _notes(name: str, answer: _Answer, told: Mapping[int, Sequence[str]]) -> Iterator[tuple[int, str]]:
    for i, why in answer.refused.items():
        yield i, f"was {why}"
    for i, line, what, module in answer.looks:
        if module not in told.get(i, ()):
            yield i, f"needs a person to look at it, in its line {line}, for {name}: {what}."


def _is_readable(source: str) -> bool:
    try:
        read_cell(source)
    except (RecursionError, MemoryError):
        return False
    return True
