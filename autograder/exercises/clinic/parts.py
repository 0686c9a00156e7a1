"""Parts that do not learn: layers in a list, an optimizer made too early, a schedule in a hurry."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR, StepLR

from autograder.exercise import AS_IT_CAME, Draw, Exercise, Mistake
from autograder.exercises.clinic.losses import LESSON, NO_RANGES
from course_utils.probes.clinic import run_net, run_program

# --- DeepNet


def _net_cases(draw: Draw) -> Iterator[dict]:
    yield {"init": [2, 1], "x": torch.tensor([[1.0, 2.0], [0.0, -1.0]])}
    n, width = draw.sizes(2, 3, 8)
    for depth in (2, 4):
        yield {"init": [width, depth], "x": draw.normal(n, width)}
    yield {"init": [width, 1], "x": draw.wide(40, width)}
    yield {"init": [1, 3], "x": draw.normal(n, 1)}


def _net(hold: Callable = nn.ModuleList, bend: Callable = torch.relu, one: bool = False) -> type[nn.Module]:
    """The network with its layers held, or used, in another way."""

    class DeepNet(nn.Module):
        def __init__(self, width: int, depth: int):
            super().__init__()
            layers = [nn.Linear(width, width) for _ in range(depth)]
            self.hidden = hold(layers[:1] * depth if one else layers)
            self.head = nn.Linear(width, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.hidden:
                x = bend(layer(x))
            return self.head(x)

    return DeepNet


DEEP_NET = Exercise(
    name="DeepNet",
    lesson=LESSON,
    reference=_net(),
    cases=_net_cases,
    contracts=(),
    probe=run_net,
    rtol=1e-3,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "However deep the network, it has the parameters of its head and no others. Which layers does it know of?",
            (_net(list), _net(tuple)),
        ),
        Mistake(
            "one layer, many times",
            "Whatever the depth, there is one hidden layer, which is used again and again. Each is to have weights of "
            "its own.",
            _net(one=True),
        ),
        Mistake(
            "no bend",
            "All parameters are there. Between two linear layers stood a ReLU; where has it gone?",
            (_net(bend=lambda x: x),),
        ),
    ),
)

# --- give_new_head


def _head_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "body": ["Sequential", ["Linear", 2, 2], ["ReLU"], ["Linear", 2, 3]],
        "head": ["Linear", 2, 2],
        "x": torch.tensor([[1.0, 2.0], [-1.0, 1.0]]),
        "y": torch.tensor([0, 1]),
        "lr": 0.5,
        "steps": 2,
    }
    n, d, hidden, classes = draw.sizes(4, 3, 8)
    for rows, steps in ((n, 5), (20, 4), (1, 3)):
        yield {
            "body": ["Sequential", ["Linear", d, hidden], ["Tanh"], ["Linear", hidden, 2]],
            "head": ["Sequential", ["Linear", hidden, 4], ["Tanh"], ["Linear", 4, classes]],
            "x": draw.normal(rows, d),
            "y": draw.integers(classes, rows),
            "lr": draw.uniform(0.1, 0.5),
            "steps": steps,
        }


def _transfer(
    trained: str = "head", frozen: bool = True, replaced: bool = True, kind: type = torch.optim.SGD
) -> Callable:
    def give_new_head(
        body: nn.Sequential, head: nn.Module, x: torch.Tensor, y: torch.Tensor, lr: float, steps: int
    ) -> list:
        for p in body.parameters():
            p.requires_grad_(not frozen)
        old = list(body.parameters())
        if replaced:
            body[-1] = head
        params = {"head": head.parameters(), "old": old, "all": body.parameters(), "old last": old[-2:]}[trained]
        optimizer = kind(params, lr=lr)
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(body(x) if replaced else head(body[:-1](x)), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    return give_new_head


GIVE_NEW_HEAD = Exercise(
    name="give_new_head",
    lesson=LESSON,
    reference=_transfer(),
    cases=_head_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The loss is the same at every step, and so is the head. Which parameters is the optimizer there to move?",
            _transfer("old"),
        ),
        Mistake(
            "everything thawed",
            "The loss falls now, because the old layers learn as well. They were to stay as they are: it is the head "
            "that should learn.",
            (_transfer("all", frozen=False),),
        ),
        Mistake(
            "the body thawed, the head not reached",
            "The loss falls now, because the old layers learn, and the new head still does not. It should be the other "
            "way round.",
            (_transfer("old", frozen=False),),
        ),
        Mistake(
            "nothing frozen",
            "The head alone moves, because the optimizer holds nothing else. The old layers were to be frozen as well: "
            "whoever trains on should not thaw them by accident.",
            _transfer(frozen=False),
        ),
        Mistake(
            "head not put in",
            "The head learns, but the network that you were given still ends in its old layer.",
            _transfer(replaced=False),
        ),
        Mistake(
            "another optimizer",
            "The head learns. The program trains with SGD, though.",
            tuple(_transfer(kind=kind) for kind in (torch.optim.Adam, torch.optim.AdamW)),
        ),
    ),
)

# --- train_with_schedule


def _schedule_cases(draw: Draw) -> Iterator[dict]:
    tiny = [(torch.tensor([[1.0]]), torch.tensor([[2.0]])), (torch.tensor([[-1.0]]), torch.tensor([[1.0]]))]
    yield {"model": ["Linear", 1, 1], "batches": tiny, "lr": 0.125, "epochs": 4}
    n, m, d = draw.sizes(3, 3, 8)
    for sizes, epochs in (((n, n, m), 7), ((20, 1), 5), ((n, m, m, n), 8)):
        batches = [(draw.normal(rows, d), draw.normal(rows, 1)) for rows in sizes]
        yield {"model": ["Linear", d, 1], "batches": batches, "lr": draw.uniform(0.05, 0.1), "epochs": epochs}


def _scheduled(
    when: str = "epoch", after: Callable = lambda batches: 3, gamma: float = 0.1, lr_times: float = 1.0
) -> Callable:
    def train_with_schedule(model: nn.Module, batches: list, lr: float, epochs: int) -> list:
        optimizer = torch.optim.SGD(model.parameters(), lr=lr * lr_times)
        size = after(len(batches))
        smooth = ExponentialLR(optimizer, 0.1 ** (1 / 3)) if when == "smooth" else None
        schedule = smooth or StepLR(optimizer, step_size=size, gamma=gamma)
        means = []
        for _ in range(epochs):
            total = 0.0
            if when == "before":
                schedule.step()
            for x, y in batches:
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                optimizer.step()
                if when == "batch":
                    schedule.step()
                total += loss.item()
            if when in ("epoch", "smooth"):
                schedule.step()
            means.append(total / len(batches))
        return means

    return train_with_schedule


TRAIN_WITH_SCHEDULE = Exercise(
    name="train_with_schedule",
    lesson=LESSON,
    reference=_scheduled(),
    cases=_schedule_cases,
    contracts=(),
    probe=run_program,
    rtol=1e-3,
    left_out=NO_RANGES,
    mistakes=(
        Mistake(
            AS_IT_CAME,
            "The loss falls in the first epoch and then hardly at all. What is the learning rate by then, and what "
            "should it be?",
            _scheduled("batch"),
        ),
        Mistake(
            "no schedule",
            "The loss falls on, and the learning rate never does. It was to fall to a tenth after every third epoch.",
            (_scheduled("never"), _scheduled("never", lr_times=0.1)),
        ),
        Mistake(
            "a larger learning rate",
            "A larger learning rate only falls from higher up, and just as fast.",
            tuple(_scheduled("batch", lr_times=times) for times in (10.0, 2.0, 5.0, 100.0)),
        ),
        Mistake(
            "before the epoch",
            "The schedule is stepped once an epoch, and before its first: so the rate falls an epoch too early.",
            _scheduled("before"),
        ),
        Mistake(
            "another number of epochs",
            "The rate falls once in a while, but not after every third epoch.",
            (
                *(_scheduled(after=lambda batches, n=n: n) for n in (1, 2, 4)),
                *(_scheduled("batch", after=lambda batches, n=n: n) for n in (30, 10)),
                _scheduled("batch", after=lambda batches: batches),
            ),
        ),
        Mistake(
            "a little each epoch",
            "The rate falls a little after every epoch; it was to fall all at once after every third.",
            _scheduled("smooth"),
        ),
        Mistake(
            "another factor",
            "The rate falls at the right time, and not to a tenth.",
            tuple(_scheduled(gamma=gamma) for gamma in (0.5, 0.9, 0.01)),
        ),
    ),
)
