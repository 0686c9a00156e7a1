"""backward: the chain rule over a graph of scalars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import LESSON
from course_utils.probes.scalars import Value, run_backward

DIAMONDS, CHAIN = 40, 200  # twice as many paths with each diamond; a chain that plain recursion can still follow


def _cases(draw: Draw) -> Iterator[dict]:
    two = ["a = Value(2.0)", "b = Value(3.0)"]
    yield {"value": [*two, "h = a * b", "z = h + a"]}
    yield {"value": ["z = Value(5.0)"]}
    yield {"value": ["a = Value(3.0)", "z = a * a"]}  # one parent twice
    yield {"value": ["a = Value(3.0)", "z = a - a"]}
    yield {"value": ["a = Value(0.5)", "h = a.exp()", "z = h * h"]}  # a shared node in between
    yield {"value": ["a = Value(2.0)", "b = Value(2.0)", "h = a * b", "z = h - b"]}  # equal numbers, different Values
    # reached over a short and a long way, in either order
    yield {"value": [*two, "h = a * b", "i = h + b", "z = h * i"]}
    yield {"value": [*two, "h = a * b", "i = h + b", "j = i * a", "z = j * h"]}
    yield {"value": [*two, "h = a * b", "i = h * h", "j = i + h", "k = i * j", "z = h * k"]}
    yield {"value": [*two, "u = a * b", "z = a + b"]}  # u is made, and z does not hang on it
    yield {
        "value": ["a = Value(0.0)", "b = Value(10000.0)", "c = Value(-0.0001)", "h = a * b", "i = h - c", "z = i * a"]
    }
    for n in (5, 8, 12, 16):
        yield {"value": _drawn(draw, n)}
    yield {"value": ["x0 = Value(0.5)", *(f"x{i + 1} = x{i} + x{i}" for i in range(DIAMONDS))]}
    steps = [f"x{i + 1} = x{i} {'+-'[int(draw.integers(2, 1))]} a" for i in range(CHAIN)]
    yield {"value": ["a = Value(-1.5)", "x0 = Value(0.25)", *steps]}


def _drawn(draw: Draw, n: int) -> list[str]:
    """A computation of n lines, each of which uses the line before it, and one that came earlier."""
    lines = [f"{name} = Value({draw.uniform(-2, 2)})" for name in "abc"]
    known, last = ["a", "b", "c"], "a"
    for i in range(n):
        name = f"h{i}" if i < n - 1 else "z"
        other = known[int(draw.integers(len(known), 1))]
        sign = "+-*"[int(draw.integers(3, 1))]
        pair = (last, other) if int(draw.integers(2, 1)) else (other, last)
        lines.append(f"{name} = {other}.exp()" if i == 1 and other in "abc" else f"{name} = {pair[0]} {sign} {pair[1]}")
        known.append(name)
        last = name
    return lines


def _by_torch(value: Value) -> None:
    """The gradients that `torch.autograd` finds for the same graph."""
    nodes = _in_order(value)
    made: dict[int, torch.Tensor] = {}
    for node in nodes:
        made[id(node)] = torch.zeros((), dtype=torch.float64, requires_grad=True)
        for parent, slope in zip(node.parents, node.local_grads, strict=True):
            made[id(node)] = made[id(node)] + slope * made[id(parent)]
    for node, grad in zip(nodes, torch.autograd.grad(made[id(value)], list(made.values())), strict=True):
        node.grad = grad.item()


def _in_order(value: Value, first: int = 1) -> list[Value]:
    """Every Value behind the given one, parents first, the given one last.

    Args:
        first: 1 to go to a first parent before the second, -1 the other way round.
    """
    order, seen, waiting = [], set(), [(value, False)]
    while waiting:
        node, is_done = waiting.pop()
        if is_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting += [(node, True), *((parent, False) for parent in node.parents[::-first])]
    return order


def _down(value: Value) -> list[Value]:
    return _in_order(value)[::-1]


def _down_from_the_right(value: Value) -> list[Value]:
    return _in_order(value, -1)[::-1]


def _up(value: Value) -> list[Value]:
    return _in_order(value)


def _breadth_first(value: Value) -> list[Value]:
    """Each Value once, in the order in which a queue meets it."""
    found = [value]
    for node in found:
        found += [p for p in dict.fromkeys(node.parents) if p not in found]
    return found


def _depth_first(take: int) -> Callable[[Value], list[Value]]:
    """Each Value once, in the order in which it is first met, one branch to its end before the next."""

    def order(value: Value) -> list[Value]:
        found: dict[Value, None] = {}
        waiting = [value]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found[node] = None
                waiting += node.parents[::take]
        return list(found)

    return order


def _again_and_again(take: int) -> Callable[[Value], list[Value]]:
    """Along all paths: a Value as often as a path leads to it."""

    def order(value: Value) -> list[Value]:
        found, waiting = [], [value]
        while waiting:
            node = waiting.pop(take)
            found.append(node)
            waiting += node.parents
        return found

    return order


def _add(parent: Value, amount: float) -> None:
    parent.grad += amount


def _replace(parent: Value, amount: float) -> None:
    parent.grad = amount


def _pairs(node: Value) -> list[tuple[Value, float]]:
    return list(zip(node.parents, node.local_grads, strict=True))


def _walk(
    order: Callable[[Value], list[Value]] = _down,
    put: Callable[[Value, float], None] = _add,
    slope: Callable[[Value, Value, float], float] = lambda node, parent, local: local * node.grad,
    pairs: Callable[[Value], list] = _pairs,
    seed: float = 1.0,
    at_end: Callable[[list[Value]], Any] = lambda nodes: None,
) -> Callable:
    """An answer: the nodes in an order, and for each of them what its parents are given."""

    def backward(value: Value) -> Any:
        value.grad = seed
        nodes = order(value)
        for node in nodes:
            for parent, local in pairs(node):
                put(parent, slope(node, parent, local))
        return at_end(nodes)

    return backward


def _each_path(value: Value) -> None:
    """Right sums, path by path: as many visits as there are paths."""

    def visit(node: Value, grad: float) -> None:
        node.grad += grad
        for parent, local in _pairs(node):
            visit(parent, local * grad)

    visit(value, 1.0)


def _path_sums(value: Value) -> None:
    """The same with a list in place of recursion."""
    waiting = [(value, 1.0)]
    while waiting:
        node, grad = waiting.pop()
        node.grad += grad
        waiting += [(parent, local * grad) for parent, local in _pairs(node)]


def _visits_again(put: Callable[[Value, float], None]) -> Callable:
    """Recursion that hands on what has arrived so far, on every visit."""

    def backward(value: Value) -> None:
        value.grad = 1.0

        def visit(node: Value) -> None:
            for parent, local in _pairs(node):
                put(parent, local * node.grad)
            for parent in node.parents:
                visit(parent)

        visit(value)

    return backward


def _visits_between(value: Value) -> None:
    """Recursion that goes on from each parent as soon as it has added to it."""
    value.grad = 1.0

    def visit(node: Value) -> None:
        for parent, local in _pairs(node):
            parent.grad += local * node.grad
            visit(parent)

    visit(value)


def _clear_between(nodes: list[Value]) -> None:
    for node in nodes:
        if node.parents:
            node.grad = 0.0


def _clear_first(nodes: list[Value]) -> None:
    nodes[0].grad = 0.0


def _by_number(value: Value) -> None:
    """Keeps the gradients under the Values' numbers, where equal numbers meet."""
    grads = {value.data: 1.0}
    for node in _down(value):
        for parent, local in _pairs(node):
            grads[parent.data] = grads.get(parent.data, 0.0) + local * grads[node.data]
    for node in _down(value):
        node.grad = grads[node.data]


def _keeps_no_grad(value: Value) -> dict[Value, float]:
    """Right gradients, in a dict of its own."""
    grads = {value: 1.0}
    for node in _down(value):
        for parent, local in _pairs(node):
            grads[parent] = grads.get(parent, 0.0) + local * grads[node]
    return grads


def _cuts(nodes: list[Value]) -> None:
    for node in nodes:
        node.parents = node.local_grads = ()


BACKWARD = Exercise(
    name="backward",
    lesson=LESSON,
    reference=_by_torch,
    cases=_cases,
    probe=run_backward,
    contracts=(),
    rtol=1e-6,
    atol=1e-7,
    mistakes=(
        Mistake(
            "nothing arrives",
            "Every .grad is still 0. All of them are multiplied by what the walk starts with: how fast does value "
            "change with itself? And .grad is where the results belong; whatever backward returns is not looked at.",
            (_walk(seed=0.0), lambda value: None, _keeps_no_grad),
        ),
        Mistake(
            "no accumulation",
            "Where two ways lead to the same Value, the second overwrites what the first had brought. What does the "
            "chain rule do with several ways?",
            (
                _walk(put=_replace),
                _walk(_down_from_the_right, _replace),
                _walk(_breadth_first, _replace),
                _walk(_depth_first(1), _replace),
                _walk(_depth_first(-1), _replace),
            ),
        ),
        Mistake(
            "visits paths instead of nodes",
            "Your walk goes along every path anew: a Value with two ways to it is visited twice, the one below it four "
            "times, and after 40 such steps there is no end to it. Which Values has it met before?",
            (_each_path, _path_sums),
        ),
        Mistake(
            "a node visited twice adds too often",
            "A Value that is reached twice hands on what it has each time, the first part twice. How often should it "
            "hand on, and when does it have all of its gradient?",
            (
                _visits_again(_add),
                _visits_again(_replace),
                _visits_between,
                _walk(_again_and_again(0)),
                _walk(_again_and_again(-1)),
            ),
        ),
        Mistake(
            "order not topological",
            "A Value handed its gradient on before all of it had arrived. Who has to come before a Value, so that "
            "nothing is missing?",
            (_walk(_breadth_first), _walk(_depth_first(1)), _walk(_depth_first(-1))),
        ),
        Mistake(
            "nothing behind the parents",
            "The parents of value have what value handed on, and behind them nothing arrives. Do they hand on too, and "
            "does your walk begin with value, or with the leaves, when there is nothing yet to hand on?",
            (_walk(lambda value: [value]), _walk(_up)),
        ),
        Mistake(
            "the first parent only",
            "A Value can have two parents, and each gets its share. What becomes of the second?",
            (_walk(pairs=lambda node: _pairs(node)[:1]), _walk(pairs=lambda node: _pairs(node)[-1:])),
        ),
        Mistake(
            "a parent that stands twice counts once",
            "In a * a the Value a is a parent twice, once for each factor, and both count. Does a dict or a set lose "
            "one of them?",
            (
                _walk(pairs=lambda node: list(dict(_pairs(node)).items())),
                _walk(pairs=lambda node: list(dict(reversed(_pairs(node))).items())),
            ),
        ),
        Mistake(
            "no local gradient",
            "What a parent gets is the gradient of the Value times the slope of that one step. Where do local_grads "
            "come in?",
            _walk(slope=lambda node, parent, local: node.grad),
        ),
        Mistake(
            "no chain",
            "The slopes of the single steps are not multiplied along the way. What does a Value know about the end "
            "result, and how does its parent profit?",
            (
                _walk(slope=lambda node, parent, local: local),
                _walk(slope=lambda node, parent, local: local + node.grad),
            ),
        ),
        Mistake(
            "data for slope",
            "The chain rule multiplies slopes. The numbers themselves, data, have gone into local_grads already.",
            (
                _walk(slope=lambda node, parent, local: parent.data * node.grad),
                _walk(slope=lambda node, parent, local: node.data * node.grad),
                _walk(slope=lambda node, parent, local: local * node.data),
            ),
        ),
        Mistake(
            "only the leaves",
            "Leaves have their gradients. So should every Value in between, and value itself.",
            _walk(at_end=_clear_between),
        ),
        Mistake(
            "value itself has none",
            "All are right but value's own. How fast does value change with itself?",
            _walk(at_end=_clear_first),
        ),
        Mistake(
            "Values with equal numbers taken for one",
            "Two Values may hold the same number and are two all the same. By what does your dict, or your `in`, know "
            "them?",
            _by_number,
        ),
        Mistake(
            "takes the graph apart",
            "The gradients are right, but parents and local_grads belong to the graph and should be there afterwards.",
            _walk(at_end=_cuts),
        ),
        Mistake(
            "gradients as tensors",
            "These Values are plain Python numbers, and so are their gradients: no tensor is needed.",
            _walk(seed=torch.tensor(1.0)),
        ),
    ),
)
