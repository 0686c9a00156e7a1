"""Probes for what feeds a training: a data set, and a function that gives loaders."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import torch
from torch.utils.data import Dataset

from course_utils.probes.core import FURTHER, Case, Observation, Seed, observe, prepare, snapshot, with_flags
from course_utils.probes.world import reseed

# What is done to the features of one sample; the name is the body.
TRANSFORMS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "x * 2": lambda x: x * 2,
    "x - x.mean()": lambda x: x - x.mean(),
    "x + torch.rand(x.shape)": lambda x: x + torch.rand(x.shape),
}


def run_dataset(candidate: type[Dataset], case: Case) -> Observation:
    """Make a data set, and look at some of its samples.

    The case's arguments: ``features``, ``labels``; ``transform``, a name in `TRANSFORMS` or None; ``looks``: indices,
    one after the other. What a transform draws depends on the look alone.

    Parts: a rule; ``length``; ``samples``, one for each look; ``arguments``.
    """
    args = {name: prepare(case.args[name]) for name in ("features", "labels")}
    transform = TRANSFORMS.get(case.args["transform"])

    def body() -> dict[str, Any]:
        data = candidate(*args.values(), *([transform] if transform else []))
        samples = []
        for look, i in enumerate(case.args["looks"]):
            reseed(look)
            samples.append(snapshot(data[i]))
        return {
            "it is a torch.utils.data.Dataset": isinstance(data, Dataset),
            "length": len(data),
            "samples": samples,
            "arguments": {name: with_flags(value) for name, value in args.items()},
        }

    return observe(body, case)


def run_make_loaders(candidate: Callable, case: Case) -> Observation:
    """Ask for loaders with one generator twice, with another one, and with the first one after many draws from it; and
    go through two epochs of each.

    Any random split is right, so what the judge looks at are rules. The case's arguments, those of the candidate:
    ``X``, whose rows all differ, so that each can be recognised; ``y``; ``batch_size``; ``val_fraction``;
    ``generator``, a `Seed`.

    Parts: ``made``: for each generator, both loaders, each as a list of two epochs, each a list of batches; and
    ``arguments``. Or ``result``, what is no pair; or ``no loaders``, what is in a pair that cannot be gone through.
    """
    args = {name: prepare(value) for name, value in case.args.items()}
    X, y, seed = args["X"], args["y"], case.args["generator"]

    def body() -> dict[str, Any]:
        made = []
        for i, seed_now in enumerate((seed, seed, Seed(seed.value + 1), Seed(seed.value, drawn=FURTHER))):
            reseed(i)  # the split is the other generator's alone
            rows = (X, y) if i == 0 else (prepare(case.args["X"]), prepare(case.args["y"]))
            loaders = candidate(*rows, args["batch_size"], args["val_fraction"], prepare(seed_now))
            if not (isinstance(loaders, (tuple, list)) and len(loaders) == 2):
                return {"result": loaders}
            if not all(isinstance(loader, Iterable) for loader in loaders):
                return {"no loaders": loaders}
            made.append([[list(islice(loader, len(X) + 2)) for _ in range(2)] for loader in loaders])
        return {"made": made, "arguments": {"X": with_flags(X), "y": with_flags(y)}}

    return observe(body, case)
