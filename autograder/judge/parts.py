"""What of an exercise an answer does, though not all: its parts, by the kind of case that shows each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from autograder.exercise import RANGES
from autograder.judge.trial import Trial, is_tried, tensors_in

VALUE, GRADIENT, DTYPE, EDGE = "value", "gradient", "dtype", "edge"
_OF_MODE = {"values": VALUE, "watched": VALUE, "gradients": GRADIENT, "float64": DTYPE}  # any other mode is an edge
_EXTREME = ("large", "size 1")  # kinds of inputs on which an answer may go wrong that is right on ordinary ones


def parts_held(trials: Sequence[Trial]) -> tuple[tuple[str, bool], ...]:
    """Each part that the cases try, and whether the answer has it; nothing where not even ordinary values are right.

    Values on ordinary inputs are one part; on extreme inputs, and under other contracts than gradients and dtype,
    they are another. What goes wrong in an input's values is not held against its gradients or dtype once more.
    """
    values = [trial for trial in trials if trial.case.mode == "values"]
    extreme = {id(trial.case.args) for trial in values if _is_extreme(trial)}
    if len(extreme) == len(values):  # then that is what is ordinary here
        extreme = set()
    wrong = {id(trial.case.args) for trial in values if trial.difference}
    held: dict[str, bool] = {}
    for trial in trials:
        of_values, args = trial.case.mode == "values", id(trial.case.args)
        if not is_tried(trial) or (args in wrong and not of_values):
            continue
        part = EDGE if args in extreme and of_values else _OF_MODE.get(trial.case.mode, EDGE)
        held[part] = held.get(part, True) and trial.difference is None
    return (
        tuple((part, held[part]) for part in (VALUE, GRADIENT, DTYPE, EDGE) if part in held) if held.get(VALUE) else ()
    )


def share(parts: Iterable[tuple[str, bool]]) -> float:
    """How much of the points they are, all counting alike: 0 to 1."""
    held = [has for _, has in parts]
    return sum(held) / len(held) if held else 0.0


def _is_extreme(trial: Trial) -> bool:
    tensors = [t for t in tensors_in(trial.case.args) if t.is_floating_point() and t.numel()]
    return any(RANGES[kind](tensor) for kind in _EXTREME for tensor in tensors) or any(
        not torch.isfinite(tensor).all() for tensor in tensors
    )
