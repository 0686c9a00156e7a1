"""Honest work through the sandbox: right answers, however they are written, earn everything; mistakes are named."""

import ast
import functools
import importlib
import inspect
import pkgutil
import sys

import nbformat
import pytest

from autograder import exercises
from autograder.exercises import EXERCISES
from autograder.judge import judge
from autograder.sandbox.client import Sandbox
from autograder.syntax import tampering
from autograder.syntax.needs import reached
from autograder.syntax.statements import read_cell
from tests.answers import RIGHT, WRONG
from tests.support import ROOT
from tests.support.attacked import SEED, graded, put_in, read_attack, release, shown, solution, unexpected
from tests.support.odd_world import ODD

FILES = sorted((ROOT / "tests" / "honest").glob("*.ipy"))
LESSONS = sorted({exercise.lesson for exercise in EXERCISES.values()})


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_honest_work_earns_what_its_file_says(path, sandbox):
    work = read_attack(path)

    result = graded(put_in(solution("07_layers"), work.cells), "07_layers", sandbox)

    assert unexpected(result, work.expected) == {}, shown(result)


def test_a_clinic_in_which_nothing_was_mended_is_not_attempted_and_earns_nothing(sandbox):
    result = graded(nbformat.reads(release("clinic").decode(), as_version=4), "clinic", sandbox)

    assert result.outcome == "graded"
    assert {(grade.status, grade.points) for grade in result.exercises.values()} == {("not attempted", 0)}


@pytest.mark.parametrize("lesson", ["07_layers", "09_training"])
def test_right_answers_earn_everything_in_a_world_as_odd_as_can_be(lesson, sandbox, monkeypatch):
    monkeypatch.setattr(tampering, "found", lambda sources: {})  # some of it is not run at all
    notebook = put_in(solution(lesson), [("last", source) for source in ODD.values()])

    result = graded(notebook, lesson, sandbox)
    odd = nbformat.reads(result.notebook, as_version=4).cells[-len(ODD) :]

    assert unexpected(result, {}) == {}
    assert [cell.outputs for cell in odd if any(output.output_type == "error" for output in cell.outputs)] == []


def test_right_answers_earn_everything_where_a_first_cell_chooses_a_device(sandbox):
    notebook = put_in(solution("07_layers"), [("first", "import torch\ntorch.set_default_device('meta')")])

    result = graded(notebook, "07_layers", sandbox)

    assert unexpected(result, {}) == {}


def _exercises(lesson):
    return [exercise for exercise in EXERCISES.values() if exercise.lesson == lesson]


def _as_cell(module, names, wanted):
    """A cell that defines ``wanted`` as what ``names`` are in ``module``: just the statements that it takes."""
    lines = [*_statements(module, names)]
    lines += [f"{want} = {name}" for want, name in zip(wanted, names, strict=True) if want != name]
    return "\n\n".join(lines)


def _statements(module, names):
    body = read_cell(inspect.getsource(module))
    found = set(reached(body, names))
    for statement in (statement.tree for statement in body if statement in found):
        if isinstance(statement, ast.ImportFrom) and statement.module.startswith(("autograder", "answers")):
            yield from _statements(sys.modules[statement.module], [alias.name for alias in statement.names])
        else:
            yield ast.unparse(statement)


def _right(lesson, n):
    """Cells with the ``n``-th right answer to each exercise of the lesson, or its last one."""
    for exercise in _exercises(lesson):
        answers = RIGHT[exercise.name]
        answer = answers[min(n, len(answers) - 1)]
        parts = answer if isinstance(answer, tuple) else (answer,)
        names = [part.__name__ for part in parts]
        yield exercise.name, _as_cell(sys.modules[parts[0].__module__], names, exercise.names)


def _most(lesson, count):
    return max(count(exercise) for exercise in _exercises(lesson))


@pytest.mark.parametrize(
    ("lesson", "n"), [(lesson, n) for lesson in LESSONS for n in range(_most(lesson, lambda e: len(RIGHT[e.name])))]
)
def test_right_answers_earn_full_marks(lesson, n, sandbox):
    notebook = put_in(nbformat.reads(release(lesson).decode(), as_version=4), [*_right(lesson, n)])

    result = graded(notebook, lesson, sandbox)

    assert unexpected(result, {}) == {}
    assert result.warnings == ()


@functools.cache
def _written_mistakes():
    """(exercise, mistake) -> the module that has it, and the expression for its first variant there."""
    found = {}
    for info in pkgutil.walk_packages(exercises.__path__, "autograder.exercises."):
        module = importlib.import_module(info.name)
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Exercise":
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                for mistake in given["mistakes"].elts:
                    parts = dict(zip(("name", "says", "wrong"), mistake.args, strict=False))
                    parts |= {keyword.arg: keyword.value for keyword in mistake.keywords}
                    name = parts["name"]
                    name = name.value if isinstance(name, ast.Constant) else getattr(module, name.id)
                    found[given["name"].value, name] = module, parts["wrong"]
    return found


def _mistakes(lesson, n):
    """Exercise, its ``n``-th known mistake, or its last one, and a cell that makes it."""
    for exercise in _exercises(lesson):
        mistake = exercise.mistakes[min(n, len(exercise.mistakes) - 1)]
        module, wrong = _written_mistakes()[exercise.name, mistake.name]
        source = ast.unparse(wrong)
        if isinstance(mistake.wrong, tuple):
            listed = isinstance(wrong, ast.Tuple) and not isinstance(wrong.elts[0], ast.Starred)
            source = ast.unparse(wrong.elts[0]) if listed else f"({source})[0]"
        (expression,) = read_cell(source)
        lines = [*_statements(module, sorted(expression.uses)), f"{', '.join(exercise.names)} = {source}"]
        yield exercise, mistake, "\n\n".join(lines)


@pytest.mark.parametrize(("lesson", "n"), [(lesson, n) for lesson in LESSONS for n in (0, 1)])
def test_mistakes_are_named_as_at_home(lesson, n, sandbox, monkeypatch):
    monkeypatch.setattr(tampering, "found", lambda sources: {})  # some are written with what the judge has at hand
    made = [*_mistakes(lesson, n)]
    at_home = {e.name: judge(e.name, m.variants[0], seed=SEED, hidden=True) for e, m, _ in made}
    notebook = put_in(nbformat.reads(release(lesson).decode(), as_version=4), [(e.name, cell) for e, _, cell in made])

    result = graded(notebook, lesson, sandbox)

    assert {name: (verdict.status, verdict.mistake) for name, verdict in at_home.items()} == {
        name: (exercise.status, exercise.mistake) for name, exercise in result.exercises.items()
    }
    assert result.score == 0


def _wrong(lesson, n):
    for exercise in _exercises(lesson):
        if answers := [answer for name, answer, _ in WRONG if name == exercise.name]:
            answer = answers[min(n, len(answers) - 1)]
            parts = answer if isinstance(answer, tuple) else (answer,)
            names = [part.__name__ for part in parts]
            yield exercise.name, answer, _as_cell(sys.modules[parts[0].__module__], names, exercise.names)


@pytest.mark.parametrize("lesson", LESSONS)
def test_other_wrong_answers_end_as_at_home(lesson, sandbox):
    made = [*_wrong(lesson, 0)]
    at_home = {name: judge(name, answer, seed=SEED, hidden=True) for name, answer, _ in made}
    notebook = put_in(nbformat.reads(release(lesson).decode(), as_version=4), [(name, cell) for name, _, cell in made])

    result = graded(notebook, lesson, sandbox)

    assert {name: (verdict.status, verdict.mistake) for name, verdict in at_home.items()} == {
        name: (result.exercises[name].status, result.exercises[name].mistake) for name in at_home
    }
    assert result.score == 0
