"""Probes for lesson 5: a loss that refuses some inputs, and gradients that must not be left on the arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from course_utils.probes.core import Case, Observation, call, call_refused, observe, prepare, with_flags

PARAMETERS = ("W", "b")


def call_loss(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(y_hat, y)``; where the two shapes differ, write down only which error that raised.

    Parts: those of `call`, or that of `call_refused`.
    """
    fits = case.args["y_hat"].shape == case.args["y"].shape
    return call(candidate, case) if fits else call_refused(candidate, case)


def call_with_parameters(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(X, y, W, b)``; in mode ``"gradients"`` the parameters W and b require grad, as in training.

    They then hold a gradient already, as after an earlier ``backward``, and nothing may be added to it.

    Parts: ``result`` and ``arguments``, as `call` has them.
    """
    trained = case.mode == "gradients"
    args = {name: prepare(value, "values" if trained else case.mode) for name, value in case.args.items()}
    for name in PARAMETERS if trained else ():
        args[name].requires_grad_()
        args[name].grad = torch.ones_like(args[name])

    def body() -> dict[str, Any]:
        result = candidate(*args.values())
        return {"result": result, "arguments": {name: with_flags(value) for name, value in args.items()}}

    return observe(body, case)
