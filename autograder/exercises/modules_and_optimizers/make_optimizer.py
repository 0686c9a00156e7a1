"""Lesson 8: an optimizer with two groups of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.training import run_make_optimizer


def _optimizer_cases(draw: Draw) -> Iterator[dict]:
    def case(network: list, head: list | None = None, stem: list | None = None) -> dict:
        first_lr, rest_lr = draw.uniform(0.01, 0.1), draw.uniform(0.2, 0.5)
        settings = {"first_lr": first_lr, "rest_lr": rest_lr, "weight_decay": draw.uniform(0.1, 0.9)}
        return {"stem": stem, "network": network, "head": head, **settings}

    yield case(["Sequential", ["Linear", 2, 2], ["ReLU"], ["Linear", 2, 1]])
    a, b, c = draw.sizes(3)
    mlp = [["Linear", a, b], ["ReLU"], ["Dropout", 0.3], ["Linear", b, c], ["ReLU"], ["Linear", c, 2]]
    yield case(["Sequential", *mlp])
    yield case(["Sequential", *mlp], ["Linear", 2, 3])
    yield case(["Sequential", ["LayerNorm", a], *mlp])  # the first module is not the first Linear
    yield case(["Sequential", ["Flatten"], ["BatchNorm1d", a], *mlp[:2], ["Linear", b, 1]])
    yield case(["Sequential", *mlp], stem=["Linear", a, a])  # the first Linear of the model is not the network's
    yield case(["Sequential", ["Linear", a, b, {"bias": False}], ["Linear", b, b]], ["BatchNorm1d", b])
    # network.1 is the first Linear, and network.10 another one
    yield case(["Sequential", ["Flatten"], ["Linear", a, b], *[["ReLU"]] * 8, ["Linear", b, c], ["Linear", c, 2]])


def _first_linear(model: nn.Module) -> nn.Linear:
    return _linears(model)[0]


def _linears(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.network.modules() if isinstance(module, nn.Linear)]


def _first_of_model(model: nn.Module) -> list[nn.Parameter]:
    return list(next(module for module in model.modules() if isinstance(module, nn.Linear)).parameters())


def _named_alike(model: nn.Module) -> list[nn.Parameter]:
    """The parameters whose names begin as that of the first Linear, and those of others with them."""
    name = next(name for name, module in model.network.named_modules() if isinstance(module, nn.Linear))
    return [p for full_name, p in model.named_parameters() if full_name.startswith(f"network.{name}")]


def _but(parameters: Iterable[nn.Parameter], module: nn.Module) -> list[nn.Parameter]:
    """The parameters that are not the module's."""
    own = {id(p) for p in module.parameters()}
    return [p for p in parameters if id(p) not in own]


def _two_groups(
    kind: Callable = torch.optim.AdamW,
    first: Callable = lambda model: list(_first_linear(model).parameters()),
    rest: Callable | None = None,
    has: tuple[dict, dict, dict] = ({"lr": "first_lr"}, {"lr": "rest_lr"}, {"weight_decay": "weight_decay"}),
    swap: bool = False,
) -> Callable:
    """The optimizer with one or more of its parts changed.

    Args:
        has: the settings of the first group, of the rest and of both, by the name of an argument or as a number.
    """

    def make_optimizer(model: nn.Module, first_lr: float, rest_lr: float, weight_decay: float) -> torch.optim.Optimizer:
        given = {"first_lr": first_lr, "rest_lr": rest_lr, "weight_decay": weight_decay}
        of_first, of_rest, of_both = ({key: given.get(value, value) for key, value in part.items()} for part in has)
        chosen = first(model)
        ids = {id(p) for p in chosen}
        others = rest(model) if rest else [p for p in model.parameters() if id(p) not in ids]
        groups = [{"params": chosen, **of_first}, {"params": others, **of_rest}]
        return kind(groups[::-1] if swap else groups, **of_both)

    return make_optimizer


def _one_group(lr: int) -> Callable:
    return lambda model, *settings: torch.optim.AdamW(model.parameters(), lr=settings[lr], weight_decay=settings[2])


FIRST, REST, DECAY = {"lr": "first_lr"}, {"lr": "rest_lr"}, {"weight_decay": "weight_decay"}
NO_DECAY = {"weight_decay": 0.0}

MAKE_OPTIMIZER = Exercise(
    name="make_optimizer",
    lesson="08_modules_and_optimizers",
    reference=_two_groups(),
    cases=_optimizer_cases,
    probe=run_make_optimizer,
    contracts=(),
    mistakes=(
        Mistake(
            "a parameter twice",
            "Every parameter belongs to exactly one group. Does your second group still hold the first layer's?",
            (
                _two_groups(rest=lambda model: list(model.parameters())),
                _two_groups(rest=lambda model: list(model.network.parameters())),
                _two_groups(first=lambda model: list(_first_linear(model).parameters()) * 2),
            ),
        ),
        Mistake(
            "a parameter missing",
            "A parameter in no group never moves. Which of model.named_parameters() does neither group hold?",
            (
                _two_groups(rest=lambda model: list(model.network[1:].parameters())),
                _two_groups(rest=lambda model: _but(model.network.parameters(), _first_linear(model))),
                _two_groups(
                    first=lambda model: [_first_linear(model).weight],
                    rest=lambda model: _but(model.parameters(), _first_linear(model)),
                ),
                _two_groups(rest=lambda model: [p for m in _linears(model)[1:] for p in m.parameters()]),
                _two_groups(rest=lambda model: list(_linears(model)[-1].parameters())),
                _two_groups(rest=lambda model: list(model.network[-1].parameters())),
                _two_groups(rest=lambda model: _but(model.parameters(), _first_linear(model))[:-2]),
                _two_groups(rest=lambda model: _but(model.parameters(), _first_linear(model))[:-1]),
                _two_groups(
                    first=lambda model: [_first_linear(model).weight],
                    rest=lambda model: [linear.weight for linear in _linears(model)[1:]],
                ),
            ),
        ),
        Mistake(
            "the generator is used up",
            "The first group is empty. parameters() gives a generator, and that is empty after one pass: what went "
            "through it before the optimizer did? A list stays.",
            _two_groups(first=lambda model: [], rest=lambda model: _but(model.parameters(), _first_linear(model))),
        ),
        Mistake(
            "names that begin alike",
            "You choose by the beginning of a name, and network.1 is also how network.10 begins. Where does the name "
            "of a module end?",
            _two_groups(first=_named_alike),
        ),
        Mistake(
            "SGD",
            "The groups count, and so does the rule of the update: AdamW is asked for.",
            (
                _two_groups(torch.optim.SGD),
                _two_groups(torch.optim.SGD, has=(FIRST, REST, {})),
                _two_groups(torch.optim.SGD, has=(FIRST, REST, DECAY | {"momentum": 0.9})),
            ),
        ),
        Mistake(
            "Adam for AdamW",
            "Adam mixes the decay into the gradient; the W stands for decay on the weights themselves.",
            _two_groups(torch.optim.Adam),
        ),
        Mistake(
            "the first module, not the first Linear",
            "The network need not begin with a Linear. How do you find the first module that is one?",
            (
                _two_groups(first=lambda model: list(model.network[0].parameters())),
                _two_groups(
                    first=lambda model: list(model.network[0].parameters()),
                    rest=lambda model: list(model.network[1:].parameters()),
                ),
                _two_groups(first=lambda model: list(model.parameters())[:2]),
                _two_groups(first=lambda model: [model.network[0].weight, model.network[0].bias]),
            ),
        ),
        Mistake(
            "the first layer's weight alone",
            "A Linear has a weight and a bias, and both belong to the first group.",
            _two_groups(first=lambda model: [_first_linear(model).weight]),
        ),
        Mistake(
            "another Linear first",
            "The first group holds the first Linear of the network. Which one does yours hold?",
            (
                _two_groups(first=lambda model: list(_linears(model)[-1].parameters())),
                _two_groups(first=lambda model: list(_linears(model)[1].parameters())),
                _two_groups(first=_first_of_model),
                _two_groups(first=lambda model: [p for m in _linears(model) for p in m.parameters()]),
            ),
        ),
        Mistake(
            "groups in the wrong order",
            "The groups are right, but the first layer's comes first.",
            _two_groups(swap=True),
        ),
        Mistake(
            "learning rates swapped",
            "first_lr belongs to the first Linear, and rest_lr to the others. Which group has which?",
            _two_groups(has=(REST, FIRST, DECAY)),
        ),
        Mistake(
            "a learning rate missing",
            'A group without an "lr" of its own takes the optimizer\'s. Where do first_lr and rest_lr go?',
            (
                _two_groups(has=({}, {}, FIRST | DECAY)),
                _two_groups(has=({}, {}, REST | DECAY)),
                _two_groups(has=({}, {}, DECAY)),
                _two_groups(has=(FIRST, {}, DECAY)),
                _two_groups(has=({}, REST, DECAY)),
            ),
        ),
        Mistake(
            "one group",
            "This optimizer has one group, so one learning rate. What does AdamW take in the place of parameters(), to "
            "have two?",
            (_one_group(0), _one_group(1)),
        ),
        Mistake(
            "decay missing",
            "weight_decay belongs to both groups. A group that names none takes the optimizer's, and AdamW's is 0.01.",
            (
                _two_groups(has=(FIRST, REST, {})),
                _two_groups(has=(FIRST | DECAY, REST, {})),
                _two_groups(has=(FIRST, REST | DECAY, {})),
                _two_groups(has=(FIRST | NO_DECAY, REST, DECAY)),
                _two_groups(has=(FIRST, REST | NO_DECAY, DECAY)),
                _two_groups(has=(FIRST, REST, NO_DECAY)),
            ),
        ),
    ),
)
