"""Numbers that lie: modes, statistics of the wrong rows, a future that shows; and a sum that keeps every graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import AS_IT_CAME, Draw, Exercise, Mistake
from autograder.exercises.clinic.losses import LESSON, NO_RANGES, TRAINS
from autograder.exercises.transformer_ffn.causal_attention import CAUSAL_ATTENTION, attention, causal
from course_utils.probes import Seed
from course_utils.probes.clinic import run_epoch, run_program

NORMED = ["Sequential", ["Linear", 3, 6], ["BatchNorm1d", 6], ["ReLU"], ["Linear", 6, 3]]
DROPPED = ["Sequential", ["Linear", 3, 12], ["Tanh"], ["Dropout", 0.6], ["Linear", 12, 3]]

# --- train_and_watch


def _watch_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "model": ["Sequential", ["Linear", 1, 4], ["Dropout", 0.5], ["Linear", 4, 2]],
        "train": (torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 0])),
        "validation": (torch.tensor([[2.0]]), torch.tensor([1])),
        "lr": 0.25,
        "epochs": 3,
    }
    for model, n, epochs in ((DROPPED, 9, 5), (NORMED, 12, 5), (DROPPED, 20, 4), (NORMED, 5, 6)):
        train, validation = ((draw.normal(rows, 3), draw.integers(3, rows)) for rows in (n, 7))
        case = {"model": model, "train": train, "validation": validation}
        yield case | {"lr": draw.uniform(0.1, 0.3), "epochs": epochs}


def _watched(
    train_mode: str = "each", eval_mode: bool = True, at_end: bool = False, p: float | None = None, again: bool = False
) -> Callable:
    def train_and_watch(model: nn.Module, train: tuple, validation: tuple, lr: float, epochs: int) -> list:
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        if p is not None:
            for module in model.modules():
                module.p = p
        model.train()
        curve = []
        for epoch in range(epochs):
            if train_mode == "each" or (train_mode == "second" and epoch):
                model.train()
            optimizer.zero_grad()
            loss = F.cross_entropy(model(train[0]), train[1])
            loss.backward()
            optimizer.step()
            if eval_mode:
                model.eval()
            if train_mode == "early":
                model.train()
            with torch.no_grad():
                if again:
                    loss = F.cross_entropy(model(train[0]), train[1])
                curve.append((loss.item(), F.cross_entropy(model(validation[0]), validation[1]).item()))
        return curve

    return train_and_watch


TRAIN_AND_WATCH = Exercise(
    name="train_and_watch",
    lesson=LESSON,
    reference=_watched(),
    cases=_watch_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "Whatever the dropout, after the first epoch the training goes on as if there were none. In which mode is "
            "the model then?",
            _watched("once"),
        ),
        Mistake(
            "no evaluation mode",
            "Dropout is there in every epoch now, and while the validation loss is measured too. That is taken in "
            "evaluation mode.",
            (_watched(eval_mode=False), _watched("once", eval_mode=False), _watched("early")),
        ),
        Mistake(
            "more dropout",
            "More dropout is none at all, as long as it is switched off. What switches it off?",
            tuple(_watched("once", p=p) for p in (0.9, 0.99, 0.8)),
        ),
        Mistake(
            "the training loss measured anew",
            "The first loss of each pair was to be the one that was trained on, dropout and all.",
            (_watched(again=True), _watched("once", again=True)),
        ),
    ),
)

# --- measure_accuracy


def _accuracy_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "model": ["Sequential", ["BatchNorm1d", 1], ["Linear", 1, 2]],
        "x": torch.tensor([[1.0], [2.0], [3.0], [4.0]]),
        "y": torch.tensor([0, 1, 1, 0]),
        "batch_size": 2,
        "generator": Seed(1),
    }
    for model, n, batch_size in ((NORMED, 61, 5), (DROPPED, 80, 16), (NORMED, 90, 90), (DROPPED, 33, 4)):
        case = {"model": model, "x": draw.normal(n, 3), "y": draw.integers(3, n), "batch_size": batch_size}
        yield case | {"generator": Seed(draw.seed())}
    normed = ["Sequential", ["Linear", 1, 6], ["BatchNorm1d", 6], ["Linear", 6, 3]]
    wide = {"model": normed, "x": draw.wide(50, 1), "y": draw.integers(3, 50)}
    yield wide | {"batch_size": 7, "generator": Seed(draw.seed())}


def _accuracy(
    evaluating: bool = True,
    seeded: bool = False,
    shuffled: bool = True,
    size: Callable = lambda n, k: k,
    norms: str = "",
) -> Callable:
    @torch.no_grad()
    def measure_accuracy(
        model: nn.Module, x: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator
    ) -> float:
        model.train(not evaluating)
        for module in model.modules():
            if norms == "dropout off" and isinstance(module, nn.Dropout):
                module.eval()
            if norms == "norms off" and isinstance(module, nn.BatchNorm1d):
                module.eval()
            if norms == "norms kept" and isinstance(module, nn.BatchNorm1d):
                module.track_running_stats, module.running_mean, module.running_var = False, None, None
        if seeded:
            torch.manual_seed(0)
            generator = torch.Generator().manual_seed(0)
        order = torch.randperm(len(x), generator=generator) if shuffled else torch.arange(len(x))
        right = 0
        for rows in order.split(size(len(x), batch_size)):
            right += (model(x[rows]).argmax(dim=1) == y[rows]).sum().item()
        return right / len(x)

    return measure_accuracy


MEASURE_ACCURACY = Exercise(
    name="measure_accuracy",
    lesson=LESSON,
    reference=_accuracy(),
    cases=_accuracy_cases,
    contracts=(),
    probe=run_program,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The same model has another accuracy each time. What does a row's result depend on, beside the row?",
            _accuracy(evaluating=False),
        ),
        Mistake(
            "a fixed seed",
            "With a fixed seed the number is always the same, and always that of this one order. Why does the order "
            "matter at all?",
            (_accuracy(evaluating=False, seeded=True),),
        ),
        Mistake(
            "no shuffling",
            "Without shuffling the number is the same each time, and still that of these batches. Why do the batches "
            "matter at all?",
            (_accuracy(evaluating=False, shuffled=False),),
        ),
        Mistake(
            "all rows at once",
            "With all rows in one batch a row still depends on the other rows, and the model still stores what comes.",
            (
                _accuracy(evaluating=False, size=lambda n, k: n),
                _accuracy(evaluating=False, size=lambda n, k: n, shuffled=False),
            ),
        ),
        Mistake(
            "one kind of layer only",
            "One kind of layer is in evaluation mode, the other is not. The mode is the whole model's.",
            (_accuracy(evaluating=False, norms="dropout off"), _accuracy(evaluating=False, norms="norms off")),
        ),
        Mistake(
            "statistics thrown away",
            "What the norms had stored in training is gone. It was to be used here, and to stay.",
            (_accuracy(norms="norms kept"), _accuracy(evaluating=False, norms="norms kept")),
        ),
    ),
)

# --- prepare_readings


def _readings_cases(draw: Draw) -> Iterator[dict]:
    packets = [torch.tensor([[3.0], [5.0]]), torch.tensor([[4.0]])]
    yield {"train": torch.tensor([[1.0], [2.0], [3.0]]), "packets": packets}
    n, d = draw.sizes(2, 4, 9)
    for rows, features in ((n, d), (30, d), (n, 1)):
        train = 3 * draw.spread(features, rows).T + torch.arange(features)
        packets = [draw.normal(m, features, mean=5.0) for m in (rows, 1, 3)]
        yield {"train": train, "packets": packets}
    yield {"train": draw.wide(40, 3), "packets": [draw.wide(20, 3), draw.normal(1, 3)]}


def _scaled(mean: Callable, deviation: Callable, of: str = "train", first: Callable = lambda t: t) -> Callable:
    """Readings minus a mean, divided by a deviation, of the training set, of each packet, or of all."""

    def prepare_readings(train: torch.Tensor, packets: list) -> tuple:
        everything = torch.cat([train, *packets])

        def scaled(t: torch.Tensor) -> torch.Tensor:
            source = {"train": train, "own": t, "all": everything, "packets": torch.cat(packets)}[
                of if t is not train or of == "all" else "train"
            ]
            return first((t - mean(source)) / deviation(source))

        return scaled(train), [scaled(packet) for packet in packets]

    return prepare_readings


def _mean(t: torch.Tensor) -> torch.Tensor:
    return t.mean(dim=0)


def _deviation(t: torch.Tensor) -> torch.Tensor:
    return t.std(dim=0)


PREPARE_READINGS = Exercise(
    name="prepare_readings",
    lesson=LESSON,
    reference=_scaled(_mean, _deviation),
    cases=_readings_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "However warm a packet is, its mean comes out as 0, and a packet of one reading comes out as nan. Whose "
            "mean and deviation are these?",
            _scaled(_mean, _deviation, "own"),
        ),
        Mistake(
            "no more nan",
            "The nan is gone and its cause is not: a warm packet still comes out like a cold one.",
            (
                _scaled(_mean, lambda t: t.std(dim=0, correction=0), "own"),
                _scaled(_mean, lambda t: t.std(dim=0, correction=0) + 1e-8, "own"),
                _scaled(_mean, lambda t: t.std(dim=0, correction=0) + 1e-5, "own"),
                _scaled(_mean, lambda t: t.std(dim=0, correction=0).clamp(min=1e-6), "own"),
                *(_scaled(_mean, lambda t, x=x: t.std(dim=0).nan_to_num(x) + 1e-8, "own") for x in (0.0, 1.0)),
                _scaled(_mean, lambda t: t.std(dim=0).nan_to_num(1.0), "own"),
                _scaled(_mean, _deviation, "own", lambda t: t.nan_to_num(0.0)),
            ),
        ),
        Mistake(
            "all readings together",
            "Equal readings are equal again. But the scale depends on packets that came after the training: the model "
            "was trained on another.",
            (_scaled(_mean, _deviation, "all"),),
        ),
        Mistake(
            "all packets together",
            "All packets have one scale, and the training set another: equal readings still come out as different.",
            (_scaled(_mean, _deviation, "packets"),),
        ),
        Mistake(
            "the mean alone",
            "The training set's mean is subtracted, and each packet is still divided by a deviation of its own.",
            (
                lambda train, packets: (
                    _standard(train),
                    [(packet - _mean(train)) / _deviation(packet) for packet in packets],
                ),
                lambda train, packets: (
                    _standard(train),
                    [(packet - _mean(packet)) / _deviation(train) for packet in packets],
                ),
            ),
        ),
        Mistake(
            "training set left as it was",
            "The packets are on the scale of the training set, and the training set itself is not.",
            (lambda train, packets: (train, [(packet - _mean(train)) / _deviation(train) for packet in packets]),),
        ),
        Mistake(
            "packets left as they were",
            "The packets come out as they came. The model was trained on another scale.",
            (lambda train, packets: (_standard(train), packets),),
        ),
    ),
)


def _standard(t: torch.Tensor) -> torch.Tensor:
    return (t - _mean(t)) / _deviation(t)


# --- attend

SEES_ALL: Any = {"mask": lambda s: s}

ATTEND = Exercise(
    name="attend",
    lesson=LESSON,
    reference=CAUSAL_ATTENTION.reference,
    cases=CAUSAL_ATTENTION.cases,
    fact=CAUSAL_ATTENTION.fact,
    rtol=1e-3,
    atol=1e-4,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The model knows letters that nobody could guess. Which positions does a position see?",
            attention(**SEES_ALL),
        ),
        Mistake(
            "mask after softmax",
            "The future is hidden, after its scores have taken their share: the weights of a position no longer sum to "
            "1.",
            (
                attention(mask=lambda s: s, weigh=lambda s: s.softmax(-1) * causal(s)),
                attention(mask=lambda s: s, weigh=lambda s: s.softmax(-1).masked_fill(~causal(s), -torch.inf)),
            ),
        ),
        Mistake(
            "scores of 0",
            "A score of 0 is a score like any other: after the softmax it has a weight. Which score has none?",
            (
                attention(mask=lambda s: s * causal(s)),
                *(attention(mask=lambda s, x=x: s.masked_fill(~causal(s), x)) for x in (-1.0, -10.0)),
            ),
        ),
        Mistake(
            "the past hidden",
            "Now a position sees itself and what comes after it. The mask was right as it stood.",
            (
                attention(mask=lambda s: s.masked_fill(causal(s, -1), -torch.inf)),
                attention(mask=lambda s: s.masked_fill(causal(s), -torch.inf)),
            ),
        ),
        Mistake(
            "itself hidden",
            "A position is to see itself too; the first has nothing else to see. The mask was right as it stood.",
            attention(mask=lambda s: s.masked_fill(~causal(s, -1), -torch.inf)),
        ),
    ),
)

# --- mean_loss


def _mean_loss_cases(draw: Draw) -> Iterator[dict]:
    tiny = [(torch.tensor([[float(i)]]), torch.tensor([[1.0]])) for i in range(-2, 4)]
    yield {"model": ["Linear", 1, 1], "batches": tiny, "lr": 0.0625}
    n, d = draw.sizes(2, 3, 8)
    mlp = ["Sequential", ["Linear", d, 5], ["Tanh"], ["Linear", 5, 1]]
    for model, rows, count in ((mlp, n, 8), (["Linear", d, 1], 20, 6), (mlp, 1, 7)):
        batches = [(draw.normal(rows, d), draw.normal(rows, 1)) for _ in range(count)]
        yield {"model": model, "batches": batches, "lr": draw.uniform(0.02, 0.08)}


def _mean_loss(
    kept: Callable = lambda loss: loss.item(),
    at_end: Callable = lambda total: total,
    share: bool = True,
    every: int = 1,
) -> Callable:
    def mean_loss(model: nn.Module, batches: list, lr: float) -> Any:
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        total: Any = 0.0
        for i, (x, y) in enumerate(batches):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            total = kept(loss) if share is None else total + (kept(loss) if i % every == 0 else 0.0)
        return at_end(total / len(batches) if share else total)

    return mean_loss


MEAN_LOSS = Exercise(
    name="mean_loss",
    lesson=LESSON,
    reference=_mean_loss(),
    cases=_mean_loss_cases,
    contracts=(),
    probe=run_epoch,
    rtol=1e-3,
    left_out={"large": TRAINS},
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "With every batch, autograd remembers more. What holds on to the graphs of batches that are long done?",
            (
                _mean_loss(kept=lambda loss: loss),
                _mean_loss(kept=lambda loss: loss, at_end=lambda total: total.detach()),
                _mean_loss(kept=lambda loss: loss, at_end=lambda total: total.item()),
                _mean_loss(kept=lambda loss: loss.clone()),
            ),
        ),
        Mistake(
            "the last loss alone",
            "Memory stays small, and so does what you know: this is one batch's loss. The mean is over all of them.",
            (
                _mean_loss(share=None),
                _mean_loss(kept=lambda loss: loss, share=None, at_end=lambda loss: loss.item()),
            ),
        ),
        Mistake(
            "a sum",
            "Memory stays small. This is the sum of the losses; by what is it divided?",
            _mean_loss(share=False),
        ),
        Mistake(
            "every second batch",
            "Half the graphs are gone with half of the losses. The mean is over all batches.",
            _mean_loss(every=2),
        ),
    ),
)
