"""`make mutants`: change each solution in every small way, and ask the judge. What it takes is a hole, or the same.

A mutant that is right after all, such as `x + y` for `y + x` with other words, is listed in mutants.toml with a reason.
Run one exercise or lesson alone with `make mutants ONLY=softmax` or `ONLY=07_layers`.
"""

from __future__ import annotations

import argparse
import ast
import collections
import copy
import multiprocessing
import os
import resource
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch

from autograder.authoring.source import Lesson, read_lessons
from autograder.exercise import Exercise
from autograder.exercises import EXERCISES
from autograder.judge import judge
from autograder.syntax.needs import reached
from autograder.syntax.statements import read_cell

ROOT = Path(__file__).resolve().parents[1]
LISTED = Path(__file__).with_suffix(".toml")
SEED = 20261129  # of the hidden cases
CPU_SECONDS, BYTES = 60, 6 * 2**30  # a mutant that takes more is rejected in grading, too

_OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
_OTHER = {
    "amax": "amin", "argmax": "argmin", "max": "min", "min": "max", "mean": "sum", "sum": "mean", "exp": "expm1",
    "train": "eval", "eval": "train", "float32": "float64", "int64": "int32", "zeros": "ones", "ones": "zeros",
    "zeros_like": "ones_like", "ones_like": "zeros_like", "rand": "randn", "randn": "rand", "uniform_": "normal_",
}  # fmt: skip
_IN_PLACE = ("add", "sub", "mul", "div", "clamp", "exp", "copy", "fill", "zero", "masked_fill", "requires_grad")


@dataclass(frozen=True)
class Mutant:
    """One small change of a solution: the line as it was, as it is now, and the whole program."""

    exercise: Exercise
    before: str
    after: str
    program: str

    @property
    def change(self) -> str:
        """The change in one line, as mutants.toml lists it."""
        return f"{self.before}  ->  {self.after}"


def mutants(exercise: Exercise, lesson: Lesson) -> Iterator[Mutant]:
    """Every small change of the exercise's solution, each once."""
    (cell,) = [cell for cell in lesson.cells if cell.name == exercise.name]
    body = [s for other in lesson.cells if other.kind == "code" for s in read_cell(other.text)]
    needed = set(reached(body, exercise.names))
    own = {ast.unparse(statement.tree) for statement in read_cell(cell.text)}
    trees = [statement.tree for statement in body if statement in needed]
    seen = {ast.unparse(ast.Module(trees, []))}
    for i, tree in enumerate(trees):
        if ast.unparse(tree) not in own or isinstance(tree, (ast.Import, ast.ImportFrom)):
            continue
        for changed, before, after in _changes(tree):
            program = ast.unparse(ast.Module([*trees[:i], changed, *trees[i + 1 :]], []))
            if program not in seen:
                seen.add(program)
                yield Mutant(exercise, before, after, program)


def _changes(tree: ast.stmt) -> Iterator[tuple[ast.stmt, str, str]]:
    """Copies of the statement with one thing changed, and the innermost line before and after."""
    count = sum(1 for _ in ast.walk(tree))
    for position in range(count):
        for n in range(_MOST):
            changed = copy.deepcopy(tree)
            nodes = list(ast.walk(changed))
            line = _line_of(nodes, nodes[position])
            before = _head(line)
            if not _apply(changed, nodes[position], n):
                break
            yield changed, before, _head(line) if before != _head(line) else "(left out)"


def _line_of(nodes: list[ast.AST], wanted: ast.AST) -> ast.stmt:
    """The innermost statement around a node."""
    around = [node for node in nodes if isinstance(node, ast.stmt) and wanted in ast.walk(node)]
    return min(around, key=lambda node: sum(1 for _ in ast.walk(node)))


def _head(statement: ast.stmt) -> str:
    return ast.unparse(statement).split("\n")[0]


_MOST = 6  # changes of one node


def _apply(tree: ast.stmt, node: ast.AST, n: int) -> bool:
    """Make the ``n``-th change of a node, if there is one."""
    changes = list(_of(tree, node))
    if n >= len(changes):
        return False
    changes[n]()
    return True


def _of(tree: ast.stmt, node: ast.AST) -> Iterator:
    """The changes of a node, each a call that makes it."""
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
        for other in _OPERATORS.get(type(node.op), ()):
            yield lambda other=other: setattr(node, "op", other())
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.Pow, ast.MatMult)):
        yield lambda: (lambda a, b: (setattr(node, "left", b), setattr(node, "right", a)))(node.left, node.right)
    if isinstance(node, ast.Compare):
        for other in _OPERATORS.get(type(node.ops[0]), ()):
            yield lambda other=other: node.ops.__setitem__(0, other())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield lambda: _put(tree, node, node.operand)
    if isinstance(node, ast.Constant):
        yield from (lambda v=v: setattr(node, "value", v) for v in _constants(node.value))
    if isinstance(node, ast.Attribute) and node.attr in _OTHER:
        yield lambda: setattr(node, "attr", _OTHER[node.attr])
    if isinstance(node, ast.Call):
        yield from _of_call(tree, node)
    for block in ("body", "orelse"):
        statements = getattr(node, block, None)
        if isinstance(statements, list):
            for i, statement in enumerate(statements):
                if not isinstance(statement, (ast.Pass, ast.FunctionDef, ast.ClassDef)) and not _is_docstring(
                    statement
                ):
                    yield lambda s=statements, i=i: s.__setitem__(i, ast.Pass())


def _of_call(tree: ast.stmt, node: ast.Call) -> Iterator:
    if len(node.args) >= 2 and not any(isinstance(arg, ast.Starred) for arg in node.args[:2]):
        yield lambda: node.args.__setitem__(slice(0, 2), node.args[1::-1])
    if isinstance(node.func, ast.Attribute):
        if not isinstance(node.func.value, ast.Call) or node.func.attr != "__init__":
            yield lambda: _put(tree, node, node.func.value)
        name = node.func.attr
        if name.rstrip("_") in _IN_PLACE:
            yield lambda: setattr(node.func, "attr", name[:-1] if name.endswith("_") else f"{name}_")
    for i in range(len(node.keywords)):
        yield lambda i=i: node.keywords.pop(i)


def _constants(value: object) -> tuple:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1, -value) if value else (1, -1)
    if isinstance(value, float):
        return (value * 2, value * 1.01, 0.0)
    return ()


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """``new`` in the place of ``old``."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def is_taken(mutant: Mutant) -> bool:
    """Whether the judge takes it for a right answer, in a process of its own; one that dies or hangs is not taken."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_judge, args=(mutant, sending))
    process.start()
    sending.close()
    taken = receiving.poll(20 * CPU_SECONDS) and _received(receiving)
    process.kill()
    process.join()
    receiving.close()
    return taken


def _received(connection: multiprocessing.connection.Connection) -> bool:
    try:
        return connection.recv()
    except EOFError:
        return False


def _judge(mutant: Mutant, sending: multiprocessing.connection.Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        space: dict = {"__name__": "mutant"}
        try:
            exec(compile(mutant.program, "<mutant>", "exec"), space)
            parts = tuple(space[name] for name in mutant.exercise.names)
            verdict = judge(mutant.exercise.name, parts if len(parts) > 1 else parts[0], seed=SEED, hidden=True)
            sending.send(verdict.passed)
        except BaseException:  # it doesn't even come to be
            sending.send(False)
    os._exit(0)


def main() -> int:
    """Print each mutant that is taken and not listed, and the score; 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="an exercise or a lesson")
    only = parser.parse_args().only
    # where an outcome is judged, most changes of a solution are right answers too
    chosen = [e for e in EXERCISES.values() if only in (None, e.name, e.lesson) and not e.steps]
    if not chosen:
        parser.error(f'"{only}" is no exercise and no lesson; exercises are {", ".join(EXERCISES)}.')
    torch.set_num_threads(1)
    judge("softmax", EXERCISES["softmax"].reference)  # what the first judgement imports is there in every fork
    equal = tomllib.loads(LISTED.read_text(encoding="utf-8"))
    lessons = {lesson.name: lesson for lesson in read_lessons(ROOT / "source", EXERCISES)}
    score: collections.Counter[str] = collections.Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for exercise in chosen:
            made = list(mutants(exercise, lessons[exercise.lesson]))
            taken = [mutant for mutant, yes in zip(made, pool.map(is_taken, made), strict=True) if yes]
            listed = equal.get(exercise.name, {})
            score.update(made=len(made), equal=sum(mutant.change in listed for mutant in taken))
            score["taken"] += sum(mutant.change not in listed for mutant in taken)
            print(f"{exercise.lesson} {exercise.name}: {len(made)} mutants, {len(taken)} taken", flush=True)
            for mutant in taken:
                print(f"    {'equal: ' if mutant.change in listed else 'TAKEN: '}{mutant.change}", flush=True)
            for change in listed.keys() - {mutant.change for mutant in taken}:
                print(f"    listed as equal in {LISTED.name}, and rejected or gone: {change}")
    real = score["made"] - score["equal"]
    print(f"{score['made']} mutants: {real - score['taken']} of {real} wrong ones rejected", end=" ")
    print(f"({(real - score['taken']) / real:.1%}); {score['equal']} are equal to the solution, with reasons.")
    return int(bool(score["taken"]))


if __name__ == "__main__":
    sys.exit(main())
