"""graph_ops: walk from a result to the leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import LESSON
from course_utils.probes.autograd import run_graph


def _cases(draw: Draw) -> Iterator[dict]:
    yield {"z": ["h = 2 * b", "i = a + h", "z = x * i"]}
    yield {"z": ["h = a * b", "i = c / a", "z = h + i"]}  # level by level is another order than branch by branch
    yield {"z": ["h = a.exp()", "z = h * h"]}  # a shared node
    yield {"z": ["z = a * a"]}  # a shared leaf
    yield {"z": ["h = a * b", "i = h + c", "z = i * h"]}  # reached over a short and a long way
    yield {"z": ["p, q = v.unbind()", "z = p * q"]}  # one node that gives two tensors
    yield {"z": ["c = a.detach()", "h = c.exp()", "i = a * h", "z = 2 - i"]}  # a branch that is not recorded
    yield {"z": ["h = a.sin()", "i = h.sin()", "z = i.sin()"]}
    for n in (4, 6, 8):
        yield {"z": _drawn(draw, n)}


def _drawn(draw: Draw, n: int) -> list[str]:
    """A computation of n lines, each of which uses the line before it."""
    lines, known = [], ["a", "b", "c"]
    last = "a"
    for i in range(n):
        name = f"h{i}" if i < n - 1 else "z"
        other = known[int(draw.integers(len(known), 1))]
        lines.append(
            [
                f"{name} = {last} + {other}",
                f"{name} = {other} * {last}",
                f"{name} = {last} - {other}",
                f"{name} = {other} / {last}",
                f"{name} = {last}.tanh()",
            ][int(draw.integers(5, 1))]
        )
        known.append(name)
        last = name
    return lines


def _children(node: Any) -> list:
    return [following for following, _ in node.next_functions if following is not None]


def _name(node: Any) -> str:
    return type(node).__name__


def _walk(
    take: int = 0,
    key: Callable = lambda node: node,
    children: Callable = _children,
    start: Callable = lambda z: [z.grad_fn],
) -> Callable:
    """An answer's walk: takes from the ``take``-th end of what is waiting, and leaves out keys that it has seen."""

    def nodes(z: torch.Tensor) -> list:
        found, seen, waiting = [], set(), list(start(z))
        while waiting:
            node = waiting.pop(take)
            if key(node) not in seen:
                seen.add(key(node))
                found.append(node)
                waiting += children(node)
        return found

    return nodes


def _listed(nodes: Callable, name: Callable = _name) -> Callable:
    return lambda z: [name(node) for node in nodes(z)]


def _depth_first(z: torch.Tensor) -> list:
    found: list = []

    def visit(node: Any) -> None:
        if node not in found:
            found.append(node)
            for following in _children(node):
                visit(following)

    visit(z.grad_fn)
    return found


def _leaves_first(z: torch.Tensor) -> list:
    found: list = []

    def visit(node: Any) -> None:
        if node not in found:
            for following in _children(node):
                visit(following)
            found.append(node)

    visit(z.grad_fn)
    return found


def _levels(n: int) -> Callable:
    """The first n levels below the root, and the root."""

    def nodes(z: torch.Tensor) -> list:
        found = level = [z.grad_fn]
        for _ in range(n):
            level = [following for node in level for following in _children(node)]
            found = found + level
        return found

    return nodes


def _chain(which: int) -> Callable:
    """Follows one child only."""

    def nodes(z: torch.Tensor) -> list:
        found, node = [], z.grad_fn
        while node is not None:
            found.append(node)
            following = _children(node)
            node = following[which] if following else None
        return found

    return nodes


def _repeating(take: int) -> Callable:
    def nodes(z: torch.Tensor) -> list:
        found, waiting = [], [z.grad_fn]
        while waiting:
            node = waiting.pop(take)
            found.append(node)
            waiting += _children(node)
        return found

    return nodes


def _repeating_branches(z: torch.Tensor) -> list:
    def visit(node: Any) -> list:
        return [node] + [found for following in _children(node) for found in visit(following)]

    return visit(z.grad_fn)


def _noted_late(z: torch.Tensor) -> list:
    """Notes a node when it is taken, and looks at the notes only when it is added: it can be waiting twice."""
    found, waiting = [], [z.grad_fn]
    while waiting:
        found.append(waiting.pop(0))
        waiting += [following for following in _children(found[-1]) if following not in found]
    return found


def _noted_early(z: torch.Tensor) -> list:
    """Takes the node found last, and notes a node when it is found."""
    found, noted, waiting = [], {z.grad_fn}, [z.grad_fn]
    while waiting:
        found.append(waiting.pop())
        for following in _children(found[-1]):
            if following not in noted:
                noted.add(following)
                waiting.append(following)
    return found


def _by_edge(z: torch.Tensor) -> list:
    """Takes two outputs of one node for two nodes."""
    found, seen, waiting = [], set(), [(z.grad_fn, 0)]
    while waiting:
        edge = waiting.pop(0)
        if edge[0] is not None and edge not in seen:
            seen.add(edge)
            found.append(edge[0])
            waiting += edge[0].next_functions
    return found


def _pairs_for_nodes(z: torch.Tensor) -> list[str]:
    found, waiting = [], [z.grad_fn]
    while waiting:
        node = waiting.pop(0)
        found.append(_name(node))
        waiting += node.next_functions
    return found


def _all_children(node: Any) -> list:
    return [following for following, _ in node.next_functions] if node is not None else []


BREADTH_FIRST = _walk()

GRAPH_OPS = Exercise(
    name="graph_ops",
    lesson=LESSON,
    reference=_listed(BREADTH_FIRST),
    cases=_cases,
    probe=run_graph,
    contracts=(),
    mistakes=(
        Mistake(
            "stops after one level",
            "Your list ends before the leaves. Every node that you find has next_functions of its own: who looks at "
            "those?",
            (
                *(_listed(_levels(n)) for n in (0, 1, 2)),
                *(_listed(lambda z, n=n: list(dict.fromkeys(_levels(n)(z)))) for n in (1, 2)),
                _listed(lambda z: _children(z.grad_fn)),
                _listed(lambda z: list(dict.fromkeys(_children(z.grad_fn)))),
                lambda z: [_name(node) for node in [z.grad_fn, *_all_children(z.grad_fn)]],
                lambda z: [_name(node) for node in _all_children(z.grad_fn)],
            ),
        ),
        Mistake(
            "follows one branch",
            "A node can have several next_functions, and you go on with one of them. What becomes of the others?",
            (_listed(_chain(0)), _listed(_chain(-1))),
        ),
        Mistake(
            "repeats shared nodes",
            "A node that is used twice is reached twice. How could your walk remember the nodes it has met?",
            (
                _listed(_repeating(0)),
                _listed(_repeating(-1)),
                _listed(_repeating_branches),
                _listed(_noted_late),
                _listed(_by_edge),
            ),
        ),
        Mistake(
            "not level by level",
            "All nodes are there, but one branch is followed to its end before the next. Which node should wait the "
            "longest: the one found first, or last?",
            (
                _listed(_depth_first),
                _listed(_walk(take=-1)),
                _listed(_noted_early),
                _listed(_walk(take=-1, children=lambda node: _children(node)[::-1])),
                _listed(_walk(children=lambda node: _children(node)[::-1])),
            ),
        ),
        Mistake(
            "from the leaves up",
            "Your list begins at the leaves. The walk starts at z.grad_fn, the operation that came last.",
            (
                _listed(_leaves_first),
                _listed(lambda z: BREADTH_FIRST(z)[::-1]),
                _listed(lambda z: _depth_first(z)[::-1]),
            ),
        ),
        Mistake(
            "each name once",
            "Two multiplications are two nodes of the same name. What do you remember of a node: itself, or its name?",
            (
                _listed(_walk(key=_name)),
                lambda z: list(dict.fromkeys(map(_name, BREADTH_FIRST(z)))),
                lambda z: sorted(set(map(_name, BREADTH_FIRST(z)))),
            ),
        ),
        Mistake(
            "leaves out AccumulateGrad",
            "AccumulateGrad is a node like the others: it adds to the .grad of a leaf. What does your walk leave out?",
            (
                _listed(lambda z: [node for node in BREADTH_FIRST(z) if _name(node) != "AccumulateGrad"]),
                _listed(lambda z: [node for node in _depth_first(z) if _name(node) != "AccumulateGrad"]),
            ),
        ),
        Mistake(
            "leaves out z.grad_fn",
            "The operation that made z itself is missing. Where does your walk begin?",
            _listed(lambda z: BREADTH_FIRST(z)[1:]),
        ),
        Mistake(
            "lists None",
            "None stands where an input asked for no gradient, such as the number 2. It is no node: leave it out.",
            (
                lambda z: [_name(node) for node in _walk(children=_all_children)(z)],
                lambda z: [node and _name(node) for node in _walk(children=_all_children)(z)],
            ),
        ),
        Mistake(
            "trips over None",
            "Where an input asks for no gradient, such as the number 2, next_functions holds None in place of a node. "
            "What should happen to it?",
            (_listed(_walk(children=lambda node: [following for following, _ in node.next_functions])),),
        ),
        Mistake(
            "takes pairs for nodes",
            "next_functions holds pairs, (node, number). Which half of a pair has next_functions?",
            (_pairs_for_nodes, _listed(_walk(children=lambda node: list(node.next_functions)))),
        ),
        Mistake(
            "node.name()",
            "node.name() is another name than that of the node's type. type(node).__name__ gives the one asked for.",
            (
                _listed(BREADTH_FIRST, lambda node: node.name()),
                _listed(BREADTH_FIRST, lambda node: node.name().removesuffix("0")),
                _listed(BREADTH_FIRST, lambda node: _name(node).removesuffix("0")),
                _listed(BREADTH_FIRST, lambda node: _name(node).removesuffix("Backward0")),
            ),
        ),
        Mistake(
            "nodes instead of names",
            "Your list holds the nodes. The exercise asks for the names of their types, as strings.",
            (
                BREADTH_FIRST,
                _listed(BREADTH_FIRST, type),
                lambda z: str([_name(node) for node in BREADTH_FIRST(z)]),
                lambda z: ", ".join(_name(node) for node in BREADTH_FIRST(z)),
            ),
        ),
        Mistake("no return", "Does your function end with a `return`?", lambda z: None),
    ),
)
