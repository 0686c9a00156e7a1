"""Probe for an exercise that is judged by outcome alone: a function that trains a module in any way it likes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.probes.core import Case, Observation, observe, prepare, with_flags
from course_utils.probes.modules import what_it_is

AT_ONCE = 97  # images that are asked about together, when they are asked about again: others beside each of them


def run_design(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(train_images, train_labels, generator)`` train a module, and show that other images.

    The module is put into evaluation mode first, as whoever uses a trained one does. It never sees a label: the judge
    has them.

    The case's arguments: those of the candidate; ``unseen``: images like the ones for training.

    Parts: ``module`` (whether it is one); ``cpu_seconds`` that training took, in all threads and processes; the
    module's outputs: ``unseen``, ``again`` (for the same images in another order, a few at a time, put back in order),
    and ``given``, for those of the training; ``arguments``.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    unseen = args.pop("unseen")
    given = prepare(case.args["train_images"])

    def body() -> dict[str, Any]:
        started = _cpu_seconds()
        model = candidate(*args.values())
        parts: dict[str, Any] = {"module": what_it_is(model), "cpu_seconds": _cpu_seconds() - started}
        if isinstance(model, nn.Module):
            model.eval()
            with torch.no_grad():
                parts["unseen"] = model(unseen.clone())
                if isinstance(parts["unseen"], torch.Tensor):
                    again = [model(images.clone()) for images in unseen.flip(0).split(AT_ONCE)]
                    parts["again"] = torch.cat(again).flip(0)
                    parts["given"] = model(given)
        return parts | {"arguments": {name: with_flags(value) for name, value in args.items()}}

    return observe(body, case)


def _cpu_seconds() -> float:
    """The processor's time that this process and the ended ones that it started have had."""
    return sum(os.times()[:4])
