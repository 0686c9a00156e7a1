"""Freeze parameters by the beginnings of their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.training.common import (
    LESSON,
)
from course_utils.probes.preparing import run_freeze

_NAMED = [
    ["body", ["Sequential", ["Linear", 3, 4], ["ReLU"], ["Linear", 4, 4]]],
    ["head", ["Linear", 4, 2]],
]
_NESTED = [
    ["stem", ["Linear", 3, 4]],
    ["blocks", ["Sequential", ["Sequential", ["Linear", 4, 4], ["LayerNorm", 4]], ["Sequential", ["Linear", 4, 4]]]],
    ["stem_head", ["Linear", 4, 2]],
    ["old_stem", ["Linear", 4, 2]],
]


def _freeze_cases(draw: Draw) -> Iterator[dict]:
    yield {"model": _NAMED, "prefixes": ["body"], "frozen": []}
    yield {"model": _NAMED, "prefixes": ["body.2", "head.bias"], "frozen": []}
    yield {"model": _NAMED, "prefixes": ["head"], "frozen": ["body.0"]}
    yield {"model": _NAMED, "prefixes": [], "frozen": ["head"]}
    yield {"model": _NESTED, "prefixes": ["0", "stem."], "frozen": []}
    yield {"model": _NESTED, "prefixes": ["blocks.1.", "old_stem"], "frozen": ["stem_head.bias"]}
    yield {"model": _NESTED, "prefixes": ["weight", "blocks.0.0"], "frozen": ["blocks.0.0.bias"]}
    d_in, d_hid, d_out = draw.sizes(3)
    drawn = [["body", ["Sequential", ["Linear", d_in, d_hid], ["Tanh"]]], ["head", ["Linear", d_hid, d_out]]]
    yield {"model": drawn, "prefixes": ["body.0.weight"], "frozen": []}


def _freeze(hit: Callable[[str, list], bool], others: str = "kept") -> Callable:
    def freeze_(model: nn.Module, prefixes: list[str]) -> None:
        for name, p in model.named_parameters():
            if hit(name, prefixes):
                p.requires_grad_(False)
            elif others == "learn":
                p.requires_grad_(True)

    return freeze_


def _starts(name: str, prefixes: list[str]) -> bool:
    return name.startswith(tuple(prefixes))


FREEZE_ = Exercise(
    name="freeze_",
    lesson=LESSON,
    reference=_freeze(_starts),
    cases=_freeze_cases,
    contracts=(),
    probe=run_freeze,
    mistakes=(
        Mistake(
            "freezes all",
            "All parameters are frozen, whatever they are called. Which ones are meant?",
            _freeze(lambda name, prefixes: True),
        ),
        Mistake(
            "substring match",
            "A name that has the prefix in its middle was frozen. Which string method looks at the beginning alone?",
            (
                _freeze(lambda name, prefixes: any(prefix in name for prefix in prefixes)),
                _freeze(lambda name, prefixes: any(prefix in name.split(".") for prefix in prefixes)),
            ),
        ),
        Mistake(
            "others set to learn",
            "A parameter that was frozen before, and is not meant, learns again. The others keep their flag.",
            (
                _freeze(_starts, others="learn"),
                _freeze(lambda name, prefixes: any(prefix in name for prefix in prefixes), others="learn"),
            ),
        ),
        Mistake(
            "freezes the others",
            "Those that are named learn on, and the others are frozen. Which way round is it?",
            (
                _freeze(lambda name, prefixes: not _starts(name, prefixes)),
                _freeze(lambda name, prefixes: not _starts(name, prefixes), others="learn"),
            ),
        ),
        Mistake(
            "whole first name only",
            "You compare whole parts of the name. A prefix may end anywhere in it: `body.2`, or `head.bias`.",
            (
                _freeze(lambda name, prefixes: name.split(".")[0] in prefixes),
                _freeze(lambda name, prefixes: name in prefixes),
            ),
        ),
        Mistake(
            "one prefix only",
            "There may be several prefixes, or none. Does every one of them count?",
            (
                _freeze(lambda name, prefixes: name.startswith(tuple(prefixes[:1]))),
                _freeze(lambda name, prefixes: name.startswith(tuple(prefixes[-1:]))),
                _freeze(lambda name, prefixes: all(name.startswith(prefix) for prefix in prefixes)),
            ),
        ),
        Mistake(
            "weights only",
            "The weights are frozen, but the biases go on learning. They are parameters too.",
            _freeze(lambda name, prefixes: _starts(name, prefixes) and name.endswith("weight")),
        ),
        Mistake(
            "nothing frozen",
            "Nothing is frozen. It is the flag requires_grad of each parameter that decides (a module has no such "
            "flag).",
            lambda model, prefixes: None,
        ),
    ),
)
