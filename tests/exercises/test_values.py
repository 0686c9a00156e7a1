"""The Values that `backward` is judged with: the lesson's own class, and the slopes that PyTorch finds."""

import ast
from pathlib import Path

import pytest
import torch

from autograder.exercise import Draw
from autograder.exercises import EXERCISES
from autograder.judge import judge
from course_utils.probes import scalars

ROOT = Path(__file__).resolve().parents[2]
MEANT = {"Value": lambda number: torch.tensor(number, dtype=torch.float64, requires_grad=True)}


def class_without_hints(text):
    """The class Value in a text, without comments, docstrings and type hints."""
    found = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "Value")
    for node in ast.walk(found):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            del node.body[0]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(found)


def test_the_lesson_shows_the_class_that_the_judge_uses():
    lesson = (ROOT / "source" / "02_autograd.py").read_text()

    assert class_without_hints(lesson) == class_without_hints(Path(scalars.__file__).read_text())


@pytest.mark.parametrize("seed", range(3))
def test_values_and_the_reference_agree_with_autograd(seed):
    exercise = EXERCISES["backward"]
    for case in exercise.cases(Draw(seed)):
        tensors = {}
        for line in case["value"]:  # the very same lines, in PyTorch
            name, _, expression = line.partition(" = ")
            tensors[name] = eval(expression, MEANT | tensors)
            tensors[name].retain_grad()
        tensors[name].backward()
        values = scalars.build_values(case["value"])
        exercise.reference(values[name])

        for name, value in values.items():
            grad = tensors[name].grad
            assert value.data == pytest.approx(tensors[name].item(), rel=1e-9)
            assert value.grad == pytest.approx(0.0 if grad is None else grad.item(), rel=1e-9)


def test_an_answer_that_goes_along_every_path_ends_and_is_told_so():
    def backward(value, grad=1.0):
        value.grad += grad
        for parent, local in zip(value.parents, value.local_grads, strict=True):
            backward(parent, local * grad)

    verdict = judge("backward", backward)

    assert verdict.mistake == "visits paths instead of nodes"
    assert "41 Values were asked for their parents 200,000 times" in verdict.message
