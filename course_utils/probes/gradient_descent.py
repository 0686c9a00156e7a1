"""Probes for the pieces of a training loop: updates, resets, whole steps, and the batches that feed them.

What an update does shows only over several calls, and on more than one parameter: so each probe keeps the same
parameters alive between calls and writes down what is left after every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import torch

from course_utils.probes.core import Case, Observation, Seed, observe, prepare, snapshot, with_flags

LEAVES = "parameters stay leaves that require grad"
SAME_LIST = "the list still holds the parameters themselves"
ENOUGH_ROWS = 20  # so many rows fall into the same order twice by chance less than once in 10^18 times


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

    Parts: ``steps``, for each call: ``grads`` (zeros where there is none), ``params``, and two rules.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    params = [p.requires_grad_() for p in args["params"]]

    def body() -> dict[str, Any]:
        steps = []
        for p, grad in zip(params, args["gradients"], strict=True):
            p.grad = grad
        for _ in range(2):
            given = list(params)
            candidate(given)
            left = [torch.zeros_like(p) if p.grad is None else p.grad for p in params]
            step = {"grads": left, "params": params}
            steps.append(snapshot(step | {LEAVES: _are_parameters(params), SAME_LIST: _same(given, params)}))
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
    """Go through the batches of two epochs in a row, and again with other generators, and see which rules hold.

    Any order of the rows may be right, so what is recorded are properties. Rows of X and of y must differ, so that
    each can be recognised. The case's arguments: ``X``, ``y``, ``batch_size``, ``generator``, a `Seed`.

    Parts: ``batches`` (each a list of its tensors, without values), rules about the order of the rows, ``arguments``.
    """
    args = {name: prepare(value, case.mode) for name, value in case.args.items()}
    X, y, seed = args["X"], args["y"], case.args["generator"]

    def body() -> dict[str, Any]:
        def epoch(generator: torch.Generator) -> Any:
            made = candidate(X, y, args["batch_size"], generator)
            return list(islice(made, len(X) + 2)) if _is_iterable(made) else made

        generator = args["generator"]
        first, second = epoch(generator), epoch(generator)
        again, other = epoch(prepare(seed)), epoch(prepare(Seed(seed.value + 1)))
        parts = {"batches": _without_values(first)}
        if all(_is_paired(batches) for batches in (first, second, again, other)):
            parts |= _order_rules(first, second, again, other, case.args["X"], case.args["y"])
        return parts | {"arguments": {"X": with_flags(X), "y": with_flags(y)}}

    return observe(body, case)


def _order_rules(first: list, second: list, again: list, other: list, X: torch.Tensor, y: torch.Tensor) -> dict:
    """Which rules about the order of the rows hold. About chance only where there are `ENOUGH_ROWS`."""
    rows = [_rows(batches, 0, X) for batches in (first, second, again, other)]
    flat = [[row for batch in epoch for row in batch] for epoch in rows]
    every = list(range(len(X)))
    many = len(X) >= ENOUGH_ROWS
    neighbours = sum(abs(a - b) == 1 for a, b in zip(flat[0], flat[0][1:], strict=False))
    together = [set(map(frozenset, epoch)) for epoch in rows]
    mixed = len(rows[0]) in (1, len(X)) or together[0] != together[1]
    return {
        "every row comes exactly once": all(sorted(order) == every for order in flat),
        "a row of X comes with its own y": all(
            _rows(batches, 0, X) == _rows(batches, 1, y) for batches in (first, second, again, other)
        ),
        "the same generator gives the same order": flat[0] == flat[2],
        "the next epoch has another order": not many or flat[0] != flat[1],
        "another generator gives another order": not many or flat[0] != flat[3],
        "any rows can share a batch": not many or (mixed and neighbours < len(X) / 2),
    }


def _rows(batches: list, part: int, whole: torch.Tensor) -> list[list[int]]:
    """For each batch, where its rows stand in ``whole`` (n, ...); -1 for a row that is not there."""
    known = {tuple(row.flatten().tolist()): i for i, row in enumerate(whole)}
    return [[known.get(tuple(row.flatten().tolist()), -1) for row in batch[part]] for batch in batches]


def _without_values(batches: Any) -> Any:
    """Batches as lists of tensors that keep shape and dtype alone."""
    if not isinstance(batches, list):
        return batches
    return [[_shape(t) for t in batch] if isinstance(batch, (tuple, list)) else batch for batch in batches]


def _shape(value: Any) -> Any:
    return torch.empty(value.shape, dtype=value.dtype, device="meta") if isinstance(value, torch.Tensor) else value


def _is_paired(batches: Any) -> bool:
    """Whether every batch is a pair of tensors with at least one dim."""
    return isinstance(batches, list) and all(
        isinstance(batch, (tuple, list))
        and len(batch) == 2
        and all(isinstance(t, torch.Tensor) and t.dim() > 0 for t in batch)
        for batch in batches
    )


def _is_iterable(value: Any) -> bool:
    return isinstance(value, Iterable) or hasattr(type(value), "__getitem__")


def _are_parameters(tensors: list[torch.Tensor]) -> bool:
    return all(t.is_leaf and t.requires_grad for t in tensors)


def _same(given: list, params: list) -> bool:
    return len(given) == len(params) and all(a is b for a, b in zip(given, params, strict=True))
