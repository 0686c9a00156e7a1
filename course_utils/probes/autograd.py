"""Probes for lesson 2: what they call an answer with is built here, from names and short lines of plain text."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, observe, prepare, with_flags

NO_HISTORY = "the result has no history"

# Loss functions of a tensor w of any shape; the name is the body.
LOSSES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "w.sum()": lambda w: w.sum(),
    "(w ** 2).sum()": lambda w: (w**2).sum(),
    "(w ** 2).mean()": lambda w: (w**2).mean(),
    "w.exp().mean()": lambda w: w.exp().mean(),
    "(3 * w - 1).abs().sum()": lambda w: (3 * w - 1).abs().sum(),
    "(w * w.sin()).sum()": lambda w: (w * w.sin()).sum(),
}

# Functions of a tensor x that give one number; the last ones need at least two dims.
FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "(x ** 3).sum()": lambda x: (x**3).sum(),
    "x.prod()": lambda x: x.prod(),
    "(x.sin() * x.flip(0)).sum()": lambda x: (x.sin() * x.flip(0)).sum(),
    "x.cumsum(-1).square().mean()": lambda x: x.cumsum(-1).square().mean(),
    "(x @ x.mT).exp().mean()": lambda x: (x @ x.mT).exp().mean(),
    "x.softmax(0)[0].square().sum()": lambda x: x.softmax(0)[0].square().sum(),
}

_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


SAME_LOSSES = "loss_fns holds the same losses afterwards"


def run_losses(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(loss_fns, w)``.

    The case's arguments: ``loss_fns``, names in `LOSSES`; ``w``, a tensor that becomes a leaf that requires grad,
    except in mode ``"plain"``; ``w.grad``, the gradient that it has already, or None.

    Parts: ``result``; ``arguments``: what became of w; a rule.
    """
    loss_fns = [LOSSES[name] for name in case.args["loss_fns"]]
    w = _parameter(case) if case.mode != "plain" else prepare(case.args["w"])

    def body() -> dict[str, Any]:
        given = list(loss_fns)
        result = candidate(given, w)
        return {"result": result, "arguments": {"w": with_flags(w)}, SAME_LOSSES: given == loss_fns}

    return observe(body, case)


def run_prediction(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(x, w)`` with data x and a leaf w that requires grad.

    The case's arguments: ``x``; ``w`` and ``w.grad`` as for `run_losses`.

    Parts: ``result``; a rule about its history; ``arguments``.
    """
    args = {"x": prepare(case.args["x"], case.mode), "w": _parameter(case)}

    def body() -> dict[str, Any]:
        result = candidate(*args.values())
        free = not (isinstance(result, torch.Tensor) and facts.requires_grad(result))
        return {"result": result, NO_HISTORY: free, "arguments": {name: with_flags(v) for name, v in args.items()}}

    return observe(body, case)


def run_function(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(f, x)`` or ``candidate(f, x, eps)`` with float64 x.

    The case's arguments: ``f``, a name in `FUNCTIONS`; ``x``; ``eps`` where it is not to be left at its default.

    Parts: ``result``, as float64 whatever floating-point dtype it came in, except in mode ``"float64"``; ``arguments``.
    """
    args = {name: prepare(value, "float64") for name, value in case.args.items()}
    args["f"] = FUNCTIONS[args["f"]]

    def body() -> dict[str, Any]:
        result = candidate(*args.values())
        if isinstance(result, torch.Tensor) and result.is_floating_point() and case.mode != "float64":
            result = result.double()
        return {"result": result, "arguments": {"x": with_flags(args["x"])}}

    return observe(body, case)


def run_graph(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(z)`` with the last tensor of a computation.

    The case's argument ``z``: the lines of that computation, for `build_graph`.

    Parts: ``result``.
    """
    z = build_graph(case.args["z"])
    kept_alive = _nodes(z)  # else Python may give a node a new identity each time that somebody looks at it
    got = observe(lambda: {"result": candidate(z)}, case)
    kept_alive.clear()
    return got


def build_graph(lines: Sequence[str]) -> torch.Tensor:
    """Run lines such as ``h = 2 * b``, ``i = h.exp()`` and ``p, q = v.unbind()``, and return the last tensor made.

    A name that no earlier line has made is a leaf of shape (2,) that requires grad.
    """
    known: dict[str, torch.Tensor] = {}

    def value(name: str) -> torch.Tensor | float:
        return float(name) if name.isdigit() else known.setdefault(name, torch.ones(2, requires_grad=True))

    made = None
    for line in lines:
        targets, _, expression = line.partition(" = ")
        if expression.endswith("()"):
            name, _, method = expression.removesuffix("()").partition(".")
            made = getattr(value(name), method)()
        else:
            left, sign, right = expression.split()
            made = _OPERATORS[sign](value(left), value(right))
        several = made if isinstance(made, tuple) else (made,)
        known |= zip(targets.split(", "), several, strict=True)
        made = several[-1]
    return made


def _parameter(case: Case) -> torch.Tensor:
    w = prepare(case.args["w"], case.mode).requires_grad_()
    w.grad = prepare(case.args["w.grad"], case.mode)
    return w


def _nodes(z: torch.Tensor) -> set:
    """The backward nodes of z's graph, in no particular order."""
    found, waiting = set(), [z.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [following for following, _ in node.next_functions]
    return found
