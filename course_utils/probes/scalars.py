"""Lesson 2's numbers that remember how they were computed, and the probe that hands some of them to an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from course_utils.probes.core import Case, Observation, observe

SAME_VALUES = "data, parents and local_grads of every Value stay as they were"
ENOUGH = 200_000  # looks at parents: an answer that goes along every path would never come to an end


class Value:
    """A number that remembers how it was computed. The lesson's cell has the same class, without the type hints."""

    def __init__(self, data: float, parents: tuple = (), local_grads: tuple = ()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.local_grads = local_grads

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __sub__(self, other: Value) -> Value:
        return Value(self.data - other.data, (self, other), (1.0, -1.0))

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def exp(self) -> Value:
        """e to the power of this number."""
        result = math.exp(self.data)
        return Value(result, (self,), (result,))


def run_backward(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(value)`` with the last Value of a computation.

    The case's argument ``value``: the lines of that computation, for `build_values`.

    Parts: ``grad``, name -> what every Value has there afterwards; a rule about what else belongs to it.
    """
    values = build_values(case.args["value"])
    before = {name: (v.data, v.parents, v.local_grads) for name, v in values.items()}
    _count_looks(values)

    def body() -> dict[str, Any]:
        candidate(list(values.values())[-1])
        same = all((v.data, v.__dict__["parents"], v.local_grads) == before[name] for name, v in values.items())
        return {"grad": {name: v.grad for name, v in values.items()}, SAME_VALUES: same}

    return observe(body, case)


def build_values(lines: Sequence[str]) -> dict[str, Value]:
    """Run lines such as ``a = Value(2.0)``, ``h = a * b`` and ``z = h.exp()``: each name with its Value, in order."""
    made: dict[str, Value] = {}
    for line in lines:
        name, _, expression = line.partition(" = ")
        if expression.startswith("Value("):
            made[name] = Value(float(expression[len("Value(") : -1]))
        elif expression.endswith(".exp()"):
            made[name] = made[expression.removesuffix(".exp()")].exp()
        else:
            left, sign, right = expression.split()
            method = {"+": Value.__add__, "-": Value.__sub__, "*": Value.__mul__}[sign]
            made[name] = method(made[left], made[right])
    return made


def _count_looks(values: dict[str, Value]) -> None:
    """Make the Values raise an error where their parents are looked at more than `ENOUGH` times in all."""
    looks = 0

    def look(value: Value) -> tuple:
        nonlocal looks
        looks += 1
        if looks > ENOUGH:
            raise RuntimeError(f"{len(values)} Values were asked for their parents {ENOUGH:,} times")
        return value.__dict__["parents"]

    def put(value: Value, parents: tuple) -> None:
        value.__dict__["parents"] = parents

    watched = type("Value", (Value,), {"parents": property(look, put)})
    for value in values.values():
        value.__class__ = watched
