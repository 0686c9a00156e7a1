"""The mistakes that a class made: how many made each, what it is, and the code of one of them, without names."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.exercises import EXERCISES
from autograder.grading.alike import first_line, what_went_wrong
from autograder.grading.outcome import Graded
from autograder.grading.report.facts import Facts

FEWEST = 2  # who fail alike without a known mistake, to be one row
SHORTEST_NAME = 4  # letters of a name that is taken out of code; shorter ones are words of code, too


@dataclass(frozen=True)
class Made:
    """A mistake that was made.

    Attributes:
        name: the known mistake's; else what went wrong, as the learner was told.
        says: what its author is told, where it is a known one.
        many, tried: how many made it, of how many who tried the exercise.
        code: one example.
    """

    exercise: str
    name: str
    known: bool
    says: str
    many: int
    tried: int
    code: str


def mistakes_made(facts: Facts) -> list[Made]:
    """By exercise, hardest first, and in it the most frequent first."""
    secret = names_of(facts)
    made = []
    for exercise in facts.hardest_first():
        groups: dict[tuple[bool, str], list[Graded]] = defaultdict(list)
        tried = 0
        for row in facts.rows:
            grade = row.graded.exercises.get(exercise) if row.graded else None
            if grade is None or grade.status == "not attempted" or row.graded.outcome == "failed":
                continue
            tried += 1
            if grade.mistake:
                groups[True, grade.mistake].append(row.graded)
            elif error := what_went_wrong(grade):
                groups[False, error].append(row.graded)
        says = {mistake.name: mistake.says for mistake in EXERCISES[exercise].mistakes} if exercise in EXERCISES else {}
        for (known, name), who in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
            if known or len(who) >= FEWEST:
                code = _example(exercise, who, secret)
                if not known:  # as one of them was told, without what differs
                    told = first_line(who[0].exercises[exercise].message).removeprefix(f"{exercise}: ")
                    name = without_names(told, secret)
                made.append(Made(exercise, name, known, says.get(name, ""), len(who), tried, code))
    return made


def _example(exercise: str, graded: Iterable[Graded], secret: Sequence[str]) -> str:
    """The shortest answer, without comments, in which people may name themselves, and without the class's names."""
    answers = [code for one in graded if (code := _answer(exercise, one))]
    return without_names(min(answers, key=lambda code: (len(code), code)), secret) if answers else ""


def _answer(exercise: str, graded: Graded) -> str:
    for cell in json.loads(graded.notebook or '{"cells": []}')["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == exercise:
            return without_comments("".join(cell["source"])).strip("\n")
    return ""


def without_comments(source: str) -> str:
    """Python without comments and docstrings; what is none is returned as it is, but for lines that are comments."""
    lines = source.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return "".join(line for line in lines if not line.lstrip().startswith("#"))
    previous, cut = tokenize.NEWLINE, []
    for token in tokens:
        alone = previous in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and alone):
            cut.append(token)
        elif token.type != tokenize.NL:
            previous = token.type
    for token in reversed(cut):  # from the back: so what stands before keeps its place
        (first, start), (last, end) = token.start, token.end
        rest = lines[last - 1][end:]
        lines[first - 1] = lines[first - 1][:start] + (rest if last == first else "\n")
        for i in range(first, last):
            lines[i] = rest if i == last - 1 and rest.strip() else ""
    return "".join(line.rstrip() + "\n" for line in lines if line.strip())


def names_of(facts: Facts) -> list[str]:
    """What names somebody of the class: ids, names, and the words of them; the longest first."""
    whole = {text for row in facts.rows for text in (row.student, row.name)}
    names = whole.union(*(re.findall(r"[^\W\d_]+", text) for text in whole))
    return sorted((name for name in names if len(name) >= SHORTEST_NAME), key=len, reverse=True)


def without_names(source: str, names: Sequence[str]) -> str:
    """The same with dots in the place of names, in capitals or not, also where `_` joins them with something else."""
    if not names:
        return source
    found = rf"(?<![^\W_])(?:{'|'.join(map(re.escape, names))})(?![^\W_])"
    return re.sub(found, "...", source, flags=re.IGNORECASE)
