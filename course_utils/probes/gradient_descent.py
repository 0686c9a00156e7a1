"""Probes for the pieces of a training loop: updates, resets, whole steps, and the batches that feed them.

What an update does shows only over several calls, and on more than one parameter: so each probe keeps the same
parameters alive between calls and writes down what is left after every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import torch

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, Seed, observe, prepare, snapshot, with_flags

LEAVES = "parameters stay leaves that require grad"
SAME_LIST = "the list still holds the parameters themselves"


def run_update(candidate: Callable, case: Case) -> Observation:
    """Update the same parameters once for each set of gradients, as an optimizer would be called in a loop.

    The case's arguments, in the order of the signature, with one key of the probe's own:
        params: list of tensors, the parameters' first values.
        velocities: list of tensors, where the exercise has them. Kept in one list from call to call.
        lr, momentum: floats.
        gradients: list of lists of tensors, not passed on: what ``.grad`` holds before each call.

    Parts: ``steps``, for each call: ``params`` (values under another name), ``the memory of params`` (what a view made
    before the first call sees), ``velocities``, and two rules.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    gradients = args.pop("gradients")
    params = [p.requires_grad_() for p in args.pop("params")]

    def body() -> dict[str, Any]:
        views, steps = [p.detach() for p in params], []
        for grads in gradients:
            for p, grad in zip(params, grads, strict=True):
                p.grad = grad
            given = list(params)
            candidate(given, *args.values())
            step = {"params": params, "the memory of params": views}
            step |= {"velocities": args["velocities"]} if "velocities" in args else {}
            steps.append(snapshot(step | {LEAVES: _are_parameters(params), SAME_LIST: _same(given, params)}))
        return {"steps": steps}

    return observe(body, case)


def run_reset(candidate: Callable, case: Case) -> Observation:
    """Call a function that clears gradients, twice: the second time it finds what it left.

    The case's arguments:
        params: list of tensors.
        gradients: list of tensors or None, what ``.grad`` holds before the first call. Not passed on.
        frozen: list of numbers of parameters that do not require grad, where there are any. Not passed on.

    Parts: ``steps``, for each call: ``grads`` (zeros where there is none), ``params``, and two rules.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    params = [p.requires_grad_() for p in args["params"]]

    def body() -> dict[str, Any]:
        steps = []
        for p, grad in zip(params, args["gradients"], strict=True):
            p.grad = grad
        frozen = [params[i] for i in args.get("frozen", ())]
        for p in frozen:
            p.requires_grad_(False)
        learning = [p for p in params if p.requires_grad]
        for _ in range(2):
            given = list(params)
            candidate(given)
            left = [torch.zeros_like(p) if p.grad is None else p.grad for p in params]
            kept = _are_parameters(learning) and not any(p.requires_grad for p in frozen)
            step = {"grads": left, "params": params}
            steps.append(snapshot(step | {LEAVES: kept, SAME_LIST: _same(given, params)}))
        return {"steps": steps}

    return observe(body, case)


def run_steps(candidate: Callable, case: Case) -> Observation:
    """Train with the same weight and bias for several calls.

    The case's arguments: ``W``, ``b``, ``X``, ``y``, ``lr`` as the exercise has them, and ``calls``: how many.

    Parts: ``steps``, for each call: the ``loss`` returned, ``W``, ``b``, ``still`` (where neither moved: whether each
    has a gradient other than 0; else None), and a rule; then ``arguments``: what became of X and y.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    calls = args.pop("calls")
    W, b = args["W"].requires_grad_(), args["b"].requires_grad_()

    def body() -> dict[str, Any]:
        steps = []
        for _ in range(calls):
            before = snapshot([W, b])
            loss = candidate(*args.values())
            moved = not all(torch.equal(old, new) for old, new in zip(before, (W, b), strict=True))
            still = None if moved else [p.grad is not None and bool(p.grad.any()) for p in (W, b)]
            steps.append(snapshot({"loss": loss, "W": W, "b": b, "still": still, LEAVES: _are_parameters([W, b])}))
        return {"steps": steps, "arguments": {name: with_flags(args[name]) for name in ("X", "y")}}

    return observe(body, case)


def run_batches(candidate: Callable, case: Case) -> Observation:
    """Go through the batches of two epochs in a row, and again with other generators.

    Any order of the rows may be right, so what the judge looks at are rules. Rows of X and of y must differ, so that
    each can be recognised. The case's arguments: ``X``, ``y``, ``batch_size``, ``generator``, a `Seed`.

    Parts: ``epochs``: two in a row, one with a generator of the same seed, one of another; ``arguments``.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    X, y, seed = args["X"], args["y"], case.args["generator"]

    def body() -> dict[str, Any]:
        def epoch(generator: torch.Generator, X: torch.Tensor, y: torch.Tensor) -> Any:
            made = candidate(X, y, args["batch_size"], generator)
            return list(islice(made, len(X) + 2)) if _is_iterable(made) else made

        generator = args["generator"]
        generators = [generator, prepare(seed), prepare(Seed(seed.value + 1))]
        later = [(prepare(case.args["X"], case.mode), prepare(case.args["y"], case.mode)) for _ in generators]
        epochs = [epoch(generator, X, y), *(epoch(g, *rows) for g, rows in zip(generators, later, strict=True))]
        return {"epochs": epochs, "arguments": {"X": with_flags(X), "y": with_flags(y)}}

    return observe(body, case)


def _is_iterable(value: Any) -> bool:
    return isinstance(value, Iterable) or hasattr(type(value), "__getitem__")


def _are_parameters(tensors: list[torch.Tensor]) -> bool:
    return all(facts.is_leaf(t) and facts.requires_grad(t) for t in tensors)


def _same(given: list, params: list) -> bool:
    return len(given) == len(params) and all(a is b for a, b in zip(given, params, strict=True))
