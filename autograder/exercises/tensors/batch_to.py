"""A batch of features and labels, moved to a device."""

from __future__ import annotations

import operator
from collections.abc import Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake, apply
from course_utils.probes.tensors import run_batch

Batch = tuple[torch.Tensor, torch.Tensor]


def _batch_cases(draw: Draw) -> Iterator[dict]:
    yield {"batch": [torch.tensor([[0.5, 1.5], [2.5, 3.5]]), torch.tensor([1, 0])], "device": "meta"}
    yield {"batch": [torch.tensor([[0.5, 1.5], [2.5, 3.5]]), torch.tensor([1, 0])], "device": "cpu"}
    n, d, k = draw.sizes(3)
    for features, labels in [
        (draw.normal(n, d), draw.integers(k, n)),
        (apply(draw.normal(n, d, k), "double"), draw.integers(k, n)),
        (draw.integers(256, n, k, k).to(torch.uint8), draw.integers(2, n).bool()),
        (draw.normal(1, d), draw.integers(k, 1)),
        (draw.integers(100, n, d), draw.normal(n)),
    ]:
        for device in ("meta", "cpu"):
            yield {"batch": [features, labels], "device": device}
    yield {"batch": [draw.wide(90, 1), draw.integers(k, 90)], "device": "cpu"}


def _moved(batch: Batch, device: torch.device) -> Batch:
    return batch[0].to(device), batch[1].to(device)


def _result_dropped(batch: Batch, device: torch.device) -> Batch:
    for tensor in batch:
        tensor.to(device)
    return batch


def _put_back(batch: Batch, device: torch.device) -> Batch:
    batch[0] = batch[0].to(device)
    return batch


BATCH_TO = Exercise(
    name="batch_to",
    lesson="01_tensors",
    reference=_moved,
    cases=_batch_cases,
    probe=run_batch,
    contracts=(),
    mistakes=(
        Mistake(
            "drops the result of .to",
            "A tensor stays where it is: .to(device) returns another one, and yours is lost. What do you return?",
            _result_dropped,
        ),
        Mistake(
            "forgets the labels",
            "The features moved, the labels did not come along. The loss will need both in the same place.",
            (
                lambda batch, device: (batch[0].to(device), batch[1]),
                lambda batch, device: batch[0].to(device),
                lambda batch, device: (batch[0].to(device),),
            ),
        ),
        Mistake(
            "forgets the features",
            "The labels moved, the features did not come along. The network will need both in the same place.",
            (lambda batch, device: (batch[0], batch[1].to(device)), lambda batch, device: batch[1].to(device)),
        ),
        Mistake(
            "casts labels to float",
            "The labels changed their dtype on the way. Moving keeps it: labels are class numbers, and a class 1.0 "
            "is no place in a list.",
            (
                lambda batch, device: (batch[0].to(device), batch[1].float().to(device)),
                lambda batch, device: (batch[0].to(device), batch[1].to(device, batch[0].dtype)),
                lambda batch, device: (batch[0].to(device), batch[1].double().to(device)),
                lambda batch, device: (batch[0].float().to(device), batch[1].float().to(device)),
                lambda batch, device: (batch[0].to(device), batch[1].float()),
                lambda batch, device: (batch[0].to(device), batch[1].to(batch[0])),
                lambda batch, device: (batch[0], batch[1].float()),
            ),
        ),
        Mistake(
            "casts the features",
            "The features changed their dtype on the way. Moving keeps it, whatever it is.",
            (
                lambda batch, device: (batch[0].float().to(device), batch[1].to(device)),
                lambda batch, device: (batch[0].float().to(device), batch[1].long().to(device)),
                lambda batch, device: (batch[0].long().to(device), batch[1].long().to(device)),
                lambda batch, device: (batch[0].to(device, batch[1].dtype), batch[1].to(device)),
            ),
        ),
        Mistake(
            "casts labels to int64",
            "The labels changed their dtype on the way. Moving keeps it, whatever it is.",
            lambda batch, device: (batch[0].to(device), batch[1].long().to(device)),
        ),
        Mistake(
            "asks the tuple to move",
            "A tuple cannot move: only the tensors in it have .to. How do you reach each of them?",
            lambda batch, device: batch.to(device),
        ),
        Mistake(
            "writes into the tuple",
            "A tuple cannot be changed. Build a new one from the two tensors that moved.",
            _put_back,
        ),
        Mistake(
            "a generator, not a tuple",
            "(... for ... in batch) is a generator, which has moved nothing yet. What does tuple(...) make of it?",
            (
                lambda batch, device: (tensor.to(device) for tensor in batch),
                lambda batch, device: map(operator.methodcaller("to", device), batch),
            ),
        ),
        Mistake(
            "exchanged",
            "Features come first, labels second, as in the batch.",
            lambda batch, device: (batch[1].to(device), batch[0].to(device)),
        ),
        Mistake(
            "always to one device",
            "The batch should go to the device that the call names. Which one does your code name?",
            (
                lambda batch, device: (batch[0].to("cuda"), batch[1].to("cuda")),
                lambda batch, device: (batch[0].cuda(), batch[1].cuda()),
            ),
        ),
    ),
)
