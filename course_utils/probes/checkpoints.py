"""Probe for a pair of functions that save a training run to a file, and bring it back."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_utils.probes.core import Case, Observation, Raised, observe, prepare, raised, snapshot
from course_utils.probes.training import build_model, build_optimizer, give_gradients, weights

FILE = "save_checkpoint writes one file, at path"
PLAIN = "the file opens with weights_only=True"
SAFE = "load_checkpoint refuses a file with anything but tensors and plain data in it (weights_only=True)"
UNCHANGED = "saving leaves model and optimizer as they were"
STEPS_BEFORE, STEPS_AFTER = 3, 2


def run_checkpoint(candidate: tuple[Callable, Callable], case: Case) -> Observation:
    """Train, save, begin anew with another model and optimizer, load, and train on.

    The case's arguments: ``model``, for `build`; ``optimizer``, for `build_optimizer`; ``epoch``.

    Parts: rules about the file; ``result``, the epoch that loading returns; ``weights after loading`` and ``optimizer
    after loading`` (its state dict); ``steps``: the ``weights`` after each step of training on; more rules.
    """
    save, load = candidate
    args = {name: prepare(value) for name, value in case.args.items()}

    def body() -> dict[str, Any]:
        model, optimizer = _new(args)
        for seed in range(STEPS_BEFORE):
            _step(model, optimizer, seed)
        before = snapshot([model.state_dict(), optimizer.state_dict()])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "run.pt")
            save(str(path), model, optimizer, args["epoch"])
            unchanged = _same(before, snapshot([model.state_dict(), optimizer.state_dict()]))
            _step(model, optimizer, STEPS_BEFORE)  # training goes on; what was saved stays as it was
            parts: dict[str, Any] = {FILE: path.is_file()}
            if not path.is_file():
                return parts
            content = _content(path)
            parts[PLAIN] = not isinstance(content, Raised)
            if not parts[PLAIN]:
                return parts
            model, optimizer = _new(args, other=True)
            epoch = load(str(path), model, optimizer)
            parts |= {"result": epoch, "weights after loading": weights(model)}
            parts["optimizer after loading"] = optimizer.state_dict()
            parts[SAFE] = _refuses_a_trap(load, path, content, *_new(args, other=True))
        steps = []
        for seed in range(STEPS_AFTER):
            _step(model, optimizer, 10 + seed)
            steps.append({"weights": weights(model)})
        return parts | {"steps": steps, UNCHANGED: unchanged}

    return observe(body, case)


def _new(args: dict[str, Any], other: bool = False) -> tuple[nn.Module, torch.optim.Optimizer]:
    """A model and its optimizer, as a program makes them when it starts; ``other``: with other weights and lr."""
    model = build_model(args["model"], stale=False)
    optimizer = build_optimizer(args["optimizer"], model)
    if other:
        with torch.no_grad():
            for p in model.parameters():
                p.add_(1.0)
        optimizer.param_groups[0]["lr"] *= 2
    return model, optimizer


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    """One step with seeded gradients, in which the running statistics of norms move too."""
    give_gradients(model, seed)
    optimizer.step()
    for buffer in model.buffers():
        buffer += 1


def _content(path: Path) -> Any:
    try:
        return torch.load(path, weights_only=True)
    except Exception as error:
        return raised(error)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, torch.Tensor):
        return torch.equal(before, after)
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    return before == after


_sprung: list[str] = []


def _spring(word: str) -> None:
    _sprung.append(word)


class _Trap:
    """Runs code of its own when it is unpickled, as a file from a stranger may."""

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return _spring, ("unpickled",)


def _refuses_a_trap(load: Callable, path: Path, content: Any, model: nn.Module, optimizer: Any) -> bool:
    """Whether loading leaves alone a trap that stands in the file beside what the learner saved.

    It has to come from ``torch.load`` that it is refused: who gives up before does not get as far as the trap.
    """
    _sprung.clear()
    trapped = content | {"trap": _Trap()} if isinstance(content, dict) else [content, _Trap()]
    torch.save(trapped, path)
    try:
        load(str(path), model, optimizer)
    except Exception as error:
        return not _sprung and _comes_from_reading(error)
    return False


def _comes_from_reading(error: BaseException | None) -> bool:
    """Whether ``torch.load`` raised an error, or the one that it was raised from."""
    while error is not None:
        frames = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
        if torch.load.__code__ in frames:
            return True
        error = error.__cause__ or error.__context__
    return False
