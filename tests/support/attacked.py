"""Submissions of a class with some bad will: the honest solution of a lesson, with cells of an attack in it.

An attack is a file of cells. Its first comment says what it tries, and what each exercise has to come to:
``# expect: softmax = wrong error, words of the message``. ``all`` and ``others`` name the rest, ``any`` is any status,
and what is not named passes. ``# unguarded``: the cells run even if `autograder.syntax.tampering` would refuse them, to
try what stands behind it. A cell begins with ``# %%`` and where it goes: ``softmax`` takes the place of that cell;
``first``, ``last``, ``before softmax`` and ``after softmax`` are cells of its own.
"""

import copy
import re
from dataclasses import dataclass

import nbformat

from autograder.exercises import EXERCISES
from autograder.grading.grade import grade
from autograder.grading.outcome import GRADED, WARNED
from autograder.grading.paper import Paper
from tests.support import ROOT

FOLDER = ROOT / "tests" / "attacks"
SEED = 20_260


@dataclass(frozen=True)
class Attack:
    """What is tried, the cells that try it, and exercise -> the statuses that it may end with, words of the message."""

    says: str
    unguarded: bool
    expected: dict
    cells: list


def release(lesson):
    return (ROOT / "lessons" / lesson / f"{lesson}.ipynb").read_bytes()


def solution(lesson):
    return nbformat.read(ROOT / "solutions" / lesson / f"{lesson}.ipynb", as_version=4)


def read_attack(path):
    head, *cells = re.split(r"^# %%", path.read_text(encoding="utf-8"), flags=re.M)
    lines = [line.removeprefix("# ") for line in head.splitlines()]
    expected = {}
    for line in lines:
        if match := re.fullmatch(r"expect: (\w+) = ([a-z ]+?)(?:, (.+))?", line):
            name, statuses, words = match.groups()
            expected[name] = tuple(re.findall("not attempted|[a-z]+", statuses)), words or ""
    says = " ".join(line for line in lines if not line.startswith(("expect: ", "unguarded")))
    return Attack(says, "unguarded" in lines, expected, [cell.partition("\n")[::2] for cell in cells])


def put_in(notebook, cells):
    """The notebook with the cells, pairs of a place and a source, put where they belong."""
    notebook = copy.deepcopy(notebook)
    own = iter(f"attack-{i}" for i in range(len(cells)))
    at_first = 0
    for place, source in cells:
        words = place.split()
        new = nbformat.v4.new_code_cell(source.rstrip("\n"), id=next(own))
        if words == ["first"]:
            notebook.cells.insert(at_first, new)
            at_first += 1
        elif words == ["last"]:
            notebook.cells.append(new)
        else:
            at = next(i for i, cell in enumerate(notebook.cells) if cell.id == words[-1])
            if len(words) == 1:
                notebook.cells[at].source = new.source
            else:
                notebook.cells.insert(at + (words[0] == "after"), new)
    return notebook


def filled_in(source, facts):
    """The source with what only the test knows in the place of the words for it."""
    for word, value in facts.items():
        source = source.replace(word, str(value))
    return source


def graded(notebook, lesson, sandbox):
    data = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
    return grade(Paper("student", lesson, data, release(lesson), SEED), sandbox)


def shown(result):
    """Everything that a learner is shown of a graded submission, but for the sources of cells."""
    said = [*result.warnings, *(f"{grade.message} {grade.mistake}" for grade in result.exercises.values())]
    if result.notebook:
        said += [str(cell.get("outputs")) for cell in nbformat.reads(result.notebook, as_version=4).cells]
    return "\n".join(said)


def unexpected(result, expected):
    """Exercise -> what came of it, where that is not what was expected."""
    wrong = {}
    for name, exercise in result.exercises.items():
        statuses, words = expected.get(name) or expected.get("all") or expected.get("others") or (("passed",), "")
        told = exercise.status in statuses and words in exercise.message
        earned = exercise.points == exercise.max_points or (EXERCISES[name].steps and exercise.points > 0)
        honest = earned if exercise.status == "passed" else exercise.points == 0
        if not (honest and (told or statuses == ("any",))):
            wrong[name] = f"{exercise.status} ({exercise.points}): {exercise.message}"
    return wrong if result.outcome in (GRADED, WARNED) else {"outcome": result.outcome}
