"""Lesson 8: what is counted, and which loss belongs to which task."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.modules import run_loss, run_on_model

# --- count_parameters --------------------------------------------------------------------------------------------


def _count_cases(draw: Draw) -> Iterator[dict]:
    mlp = ["Sequential", ["Linear", 9, 4], ["ReLU"], ["Linear", 4, 2], ["ReLU"], ["Linear", 2, 1]]
    yield {"model": mlp}
    a, b, c = draw.sizes(3)
    with_norm = ["Sequential", ["Linear", a, b], ["BatchNorm1d", b], ["Linear", b, c, {"bias": False}]]
    tied = ["Sequential", ["Embedding", 3 * a, b], ["LayerNorm", b], ["Linear", b, 3 * a]]
    nested = ["Sequential", ["Sequential", ["Linear", a, b], ["Sequential", ["Linear", b, b]]], ["GRU", b, c]]
    yield {"model": with_norm, "frozen": ["0"]}  # without the argument, frozen ones count
    for trainable_only in (False, True):
        yield {"model": mlp, "trainable_only": trainable_only, "frozen": ["0", "2.bias"]}
        yield {"model": with_norm, "trainable_only": trainable_only}
        yield {"model": tied, "trainable_only": trainable_only, "tied": [["0", "2"]]}
        yield {"model": nested, "trainable_only": trainable_only, "frozen": ["0.1"]}
        yield {"model": ["Conv2d", a, b, 3], "trainable_only": trainable_only, "frozen": ["weight"]}
    yield {"model": tied, "trainable_only": True, "tied": [["0", "2"]], "frozen": ["0"]}
    twins = ["Sequential", ["Linear", a, a], ["ReLU"], ["Linear", a, a]]
    yield {"model": twins, "alike": [["0", "2"]]}
    yield {"model": with_norm, "trainable_only": True, "frozen": ["0", "1", "2"]}


def _count(
    parameters: Callable = lambda model: model.parameters(),
    size: Callable = torch.Tensor.numel,
    counts: Callable = lambda p, trainable_only: p.requires_grad or not trainable_only,
) -> Callable:
    """A count with one or more of its parts changed."""

    def count_parameters(model: nn.Module, trainable_only: bool = False) -> int:
        return sum(size(p) for p in parameters(model) if counts(p, trainable_only))

    return count_parameters


def _module_by_module(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        yield from module.parameters(recurse=False)


def _with_children(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        yield from module.parameters()


def _of_other_values(model: nn.Module) -> Iterator[nn.Parameter]:
    """The parameters, without those whose values another one has."""
    seen: list[nn.Parameter] = []
    for p in _module_by_module(model):
        if not any(p.shape == known.shape and torch.equal(p, known) for known in seen):
            seen.append(p)
            yield p


def _freezing_count(model: nn.Module, trainable_only: bool = False) -> int:
    if not trainable_only:
        model.requires_grad_(True)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


COUNT_PARAMETERS = Exercise(
    name="count_parameters",
    lesson="08_modules_and_optimizers",
    reference=_count(),
    cases=_count_cases,
    probe=run_on_model,
    contracts=(),
    mistakes=(
        Mistake(
            "counts tensors, not numbers",
            "This is how many tensors there are, or how long their first dim is. How many numbers are in one of them?",
            tuple(
                _count(size=size, **counts)
                for size in (lambda p: 1, len, torch.Tensor.dim)
                for counts in ({}, {"counts": lambda p, trainable_only: True})
            ),
        ),
        Mistake(
            "shared counted twice",
            "Two layers of this model share one weight, and you count it twice. Does model.parameters() give it twice?",
            (
                _count(_module_by_module),
                _count(_module_by_module, counts=lambda p, trainable_only: True),
                _count(lambda model: (p for _, p in model.named_parameters(remove_duplicate=False))),
            ),
        ),
        Mistake(
            "equal taken for shared",
            "Two layers hold the same values at the moment, and learn apart. Shared is what is one object (`is`).",
            _count(_of_other_values),
        ),
        Mistake(
            "by gradient, not by flag",
            "No gradient has been computed yet, so every p.grad is None. Which flag says that one will get some?",
            (
                _count(counts=lambda p, trainable_only: p.grad is not None or not trainable_only),
                _count(counts=lambda p, trainable_only: p.grad_fn is not None or not trainable_only),
            ),
        ),
        Mistake(
            "counts buffers",
            "state_dict() also holds what is saved but not learned, such as BatchNorm's running statistics (and lists "
            "a shared tensor twice). Which method gives the parameters alone?",
            (
                _count(lambda model: model.state_dict().values()),
                _count(lambda model: model.state_dict().values(), counts=lambda p, trainable_only: True),
                _count(lambda model: [*model.parameters(), *model.buffers()]),
                _count(lambda model: model.state_dict(keep_vars=True).values()),
            ),
        ),
        Mistake(
            "nested counted twice",
            "model.modules() walks through every level, and module.parameters() does too. Is one of the two enough?",
            _count(_with_children),
        ),
        Mistake(
            "ignores trainable_only",
            "With trainable_only=True a frozen parameter does not count. Which flag of a parameter says so?",
            (_count(counts=lambda p, trainable_only: True), _count(counts=lambda p, t: p.is_leaf)),
        ),
        Mistake(
            "always trainable only",
            "Without trainable_only, frozen parameters count too. Where does your code look at the argument?",
            (
                _count(counts=lambda p, trainable_only: p.requires_grad),
                _count(counts=lambda p, t: t or p.requires_grad),
            ),
        ),
        Mistake(
            "counts the frozen ones",
            "With trainable_only=True you count the parameters that do not learn. Which value of requires_grad learns?",
            _count(counts=lambda p, trainable_only: not (trainable_only and p.requires_grad)),
        ),
        Mistake(
            "weights only",
            "The biases are missing: a bias is a parameter with one dim.",
            (
                _count(counts=lambda p, t: p.dim() > 1 and (p.requires_grad or not t)),
                _count(lambda model: (p for name, p in model.named_parameters() if "bias" not in name)),
                _count(lambda model: (p for name, p in model.named_parameters() if "weight" in name)),
            ),
        ),
        Mistake(
            "changes the model",
            "Counting should leave the model as it was. Which line of yours sets a flag?",
            _freezing_count,
        ),
    ),
)

# --- loss_for ----------------------------------------------------------------------------------------------------


def _loss_cases(draw: Draw) -> Iterator[dict]:
    yield {"task": "regression", "outputs": torch.tensor([[1.0], [3.0]]), "targets": torch.tensor([[2.0], [5.0]])}
    yield {"task": "binary", "outputs": torch.tensor([2.0, -1.0]), "targets": torch.tensor([1.0, 1.0])}
    yield {"task": "multiclass", "outputs": torch.tensor([[2.0, 1.0, 0.0]]), "targets": torch.tensor([2])}
    yield {"task": "ranking"}
    n, c, m = draw.sizes(3, 3, 8)
    yield {"task": "regression", "outputs": draw.normal(n, m, std=3.0), "targets": draw.normal(n, m, std=3.0)}
    for shape, std in (((n, 1), 2.0), ((n,), 2.0), ((n, m), 150.0)):
        yield {"task": "binary", "outputs": draw.normal(*shape, std=std), "targets": draw.integers(2, *shape).float()}
    for rows, std in ((n, 2.0), (1, 1.0), (n, 150.0)):
        yield {"task": "multiclass", "outputs": draw.normal(rows, c, std=std), "targets": draw.integers(c, rows)}
    yield {"task": "clustering"}
    yield {"task": ""}
    yield {"task": "regression", "outputs": draw.wide(90, 1), "targets": draw.normal(90, 1)}


class _After(nn.Module):
    """A loss on something made of the outputs."""

    def __init__(self, first: Callable, loss: nn.Module):
        super().__init__()
        self.first, self.loss = first, loss

    def forward(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return self.loss(self.first(outputs), targets)


def _losses(
    regression: Callable = nn.MSELoss,
    binary: Callable = nn.BCEWithLogitsLoss,
    multiclass: Callable = nn.CrossEntropyLoss,
    otherwise: Callable | None = None,
) -> Callable:
    """The choice of a loss with one or more of the choices changed."""

    def loss_for(task: str) -> nn.Module:
        known = {"regression": regression, "binary": binary, "multiclass": multiclass}
        if task not in known and not otherwise:
            raise ValueError(task)
        return known.get(task, otherwise)()

    return loss_for


def _refusing_with(error: type[Exception]) -> Callable:
    def refuse() -> nn.Module:
        raise error

    return _losses(otherwise=refuse)


LOSS_FOR = Exercise(
    name="loss_for",
    lesson="08_modules_and_optimizers",
    reference=_losses(),
    cases=_loss_cases,
    probe=run_loss,
    contracts=(),
    rtol=1e-3,
    atol=1e-4,
    mistakes=(
        Mistake(
            "BCELoss on logits",
            "BCELoss wants probabilities, between 0 and 1, and raw outputs can be any number. Which loss has logits in "
            "its name?",
            (
                _losses(binary=nn.BCELoss),
                _losses(binary=nn.BCELoss, multiclass=nn.NLLLoss),
                _losses(binary=nn.BCELoss, multiclass=nn.BCELoss),
            ),
        ),
        Mistake(
            "NLLLoss on logits",
            "NLLLoss picks the label's entry and puts a minus before it: right for log-probabilities, and raw outputs "
            "are none. Which loss takes the log-softmax itself?",
            _losses(multiclass=nn.NLLLoss),
        ),
        Mistake(
            "sigmoid before BCELoss",
            "For a large logit the sigmoid rounds to 1, and the loss is lost. Which one takes raw outputs safely?",
            (
                _losses(binary=lambda: _After(torch.sigmoid, nn.BCELoss())),
                _losses(binary=lambda: _After(torch.sigmoid, nn.BCEWithLogitsLoss())),
            ),
        ),
        Mistake(
            "softmax before the loss",
            "Raw outputs go in. Is there a softmax too many before your loss, or a logarithm too few?",
            (
                _losses(multiclass=lambda: _After(lambda z: z.softmax(1), nn.CrossEntropyLoss())),
                _losses(multiclass=lambda: _After(lambda z: z.softmax(1), nn.NLLLoss())),
                _losses(multiclass=lambda: _After(lambda z: z.softmax(1).log(), nn.NLLLoss())),
            ),
        ),
        Mistake(
            "CrossEntropyLoss for one logit",
            "With one output a softmax gives 1, whatever the logit. Which loss is made for yes or no?",
            (_losses(binary=nn.CrossEntropyLoss), _losses(binary=nn.CrossEntropyLoss, multiclass=nn.BCEWithLogitsLoss)),
        ),
        Mistake(
            "the loss of another task",
            "Each task has its loss: a number, a yes or no, one class of many. Which one did you give to this task?",
            (
                _losses(multiclass=nn.BCEWithLogitsLoss),
                _losses(binary=nn.MSELoss),
                _losses(multiclass=nn.MSELoss),
                _losses(binary=nn.MSELoss, multiclass=nn.MSELoss),
                _losses(regression=nn.CrossEntropyLoss),
                _losses(regression=nn.BCEWithLogitsLoss),
            ),
        ),
        Mistake(
            "another loss for numbers",
            "Regression asks for the mean squared error here. Which one did you take?",
            (_losses(regression=nn.L1Loss), _losses(regression=nn.SmoothL1Loss), _losses(regression=nn.HuberLoss)),
        ),
        Mistake(
            "sum",
            "This is the sum over the batch. A loss that does not grow with the batch is its mean.",
            (
                _losses(
                    lambda: nn.MSELoss(reduction="sum"),
                    lambda: nn.BCEWithLogitsLoss(reduction="sum"),
                    lambda: nn.CrossEntropyLoss(reduction="sum"),
                ),
                _losses(lambda: nn.MSELoss(reduction="sum")),
                _losses(binary=lambda: nn.BCEWithLogitsLoss(reduction="sum")),
                _losses(multiclass=lambda: nn.CrossEntropyLoss(reduction="sum")),
            ),
        ),
        Mistake(
            "the class, not a module",
            "This is the class. What makes an instance of it, a module that can be called with outputs and targets?",
            _losses(lambda: nn.MSELoss, lambda: nn.BCEWithLogitsLoss, lambda: nn.CrossEntropyLoss),
        ),
        Mistake(
            "a function, not a module",
            "This is a function of F. Its module, from nn, is asked for.",
            _losses(lambda: F.mse_loss, lambda: F.binary_cross_entropy_with_logits, lambda: F.cross_entropy),
        ),
        Mistake(
            "no ValueError for an unknown task",
            "A task that is none of the three should raise ValueError. What does your code do with it?",
            (
                _losses(otherwise=nn.CrossEntropyLoss),
                _losses(otherwise=nn.MSELoss),
                _losses(otherwise=lambda: None),
                *map(_refusing_with, (KeyError, UnboundLocalError, TypeError, AssertionError, NotImplementedError)),
            ),
        ),
    ),
)
