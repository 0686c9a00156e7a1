"""A pair of functions: save a training run, and bring it back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.training.common import (
    LESSON,
    NORMED,
)
from course_utils.probes.checkpoints import run_checkpoint


def _checkpoint_cases(draw: Draw) -> Iterator[dict]:
    yield {"model": ["Linear", 2, 1], "optimizer": ["SGD", {"lr": 0.1, "momentum": 0.9}], "epoch": 3}
    adamw = ["AdamW", {"lr": 0.03, "betas": [0.8, 0.95], "weight_decay": 0.2}]
    d_in, d_hid, d_out = draw.sizes(3)
    net = ["Sequential", ["Linear", d_in, d_hid], ["ReLU"], ["Linear", d_hid, d_out]]
    yield {"model": net, "optimizer": adamw, "epoch": draw.size(5, 40)}
    yield {"model": NORMED, "optimizer": ["Adam", {"lr": 0.02, "amsgrad": True}], "epoch": 0}
    yield {"model": net, "optimizer": ["SGD", {"lr": 0.1}], "epoch": draw.size(5, 40)}


def _save(
    content: Callable[[Any, Any, int], Any] = lambda model, optimizer, epoch: {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": epoch,
    },
) -> Callable:
    def save_checkpoint(path: str, model: Any, optimizer: Any, epoch: int) -> None:
        torch.save(content(model, optimizer, epoch), path)

    return save_checkpoint


def _load(
    weights_only: bool = True, give: str = "epoch", restore: tuple[str, ...] = ("model", "optimizer")
) -> Callable:
    def load_checkpoint(path: str, model: Any, optimizer: Any) -> Any:
        state = torch.load(path, weights_only=weights_only)
        for name, item in (("model", model), ("optimizer", optimizer)):
            if name in restore:
                kept = state[name]
                item.load_state_dict(kept.state_dict() if hasattr(kept, "state_dict") else kept)
        return {"epoch": state["epoch"], "nothing": None, "dict": state}[give]

    return load_checkpoint


def _load_rebinding(path: str, model: Any, optimizer: Any) -> int:
    state = torch.load(path, weights_only=True)
    model, optimizer = copy.deepcopy(model), copy.deepcopy(optimizer)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"]


def _load_assigning(path: str, model: Any, optimizer: Any) -> int:
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"], assign=True)
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"]


_MODEL_ONLY = _save(lambda model, _optimizer, epoch: {"model": model.state_dict(), "epoch": epoch})
_OBJECTS = _save(lambda model, optimizer, epoch: {"model": model, "optimizer": optimizer, "epoch": epoch})
_MODEL_OBJECT = _save(
    lambda model, optimizer, epoch: {"model": model, "optimizer": optimizer.state_dict(), "epoch": epoch}
)
_LATER = _save(lambda m, o, epoch: {"model": m.state_dict(), "optimizer": o.state_dict(), "epoch": epoch + 1})

SAVE_CHECKPOINT = Exercise(
    name="save_checkpoint",
    lesson=LESSON,
    reference=(_save(), _load()),
    cases=_checkpoint_cases,
    partners=("load_checkpoint",),
    contracts=(),
    probe=run_checkpoint,
    mistakes=(
        Mistake(
            "saves the object",
            "weights_only=True cannot read the file. Does it hold whole objects? Only code can bring those back, and "
            "code in a file can do anything: let torch.save write state dicts.",
            (
                (_OBJECTS, _load(weights_only=False)),
                (_OBJECTS, _load()),
                (_MODEL_OBJECT, _load(weights_only=False)),
                (_save(lambda model, _optimizer, _epoch: model), _load(weights_only=False)),
            ),
        ),
        Mistake(
            "optimizer forgotten",
            "The optimizer starts anew: its momentum (or its averages) and its settings are gone. It has a state dict "
            "too.",
            (
                (_MODEL_ONLY, _load(restore=("model",))),
                (_save(), _load(restore=("model",))),
            ),
        ),
        Mistake(
            "model forgotten",
            "The weights are not those that were saved. Does loading put them into the very model that came in?",
            ((_save(), _load(restore=("optimizer",))), (_save(), _load(restore=())), (_save(), _load_rebinding)),
        ),
        Mistake(
            "weights_only=False",
            "With weights_only=False, torch.load runs whatever code a file brings along. State dicts do not need that.",
            ((_save(), _load(weights_only=False)),),
        ),
        Mistake(
            "epoch not returned",
            "Training has to know where it was. What should load_checkpoint return?",
            tuple((_save(), _load(give=give)) for give in ("nothing", "dict")),
        ),
        Mistake(
            "another epoch",
            "Which epoch comes back, and which one was saved?",
            ((_LATER, _load()),),
        ),
        Mistake(
            "parameters replaced",
            "The model has new parameters now, and the optimizer goes on changing the old ones. What does assign=True "
            "do?",
            ((_save(), _load_assigning),),
        ),
    ),
)
