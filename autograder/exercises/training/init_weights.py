"""Kaiming's first weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.measures.weights import measure_init
from autograder.exercises.training.common import (
    LESSON,
)
from course_utils.probes.preparing import run_init


def _init_cases(draw: Draw) -> Iterator[dict]:
    yield {"model": [["hidden", ["Linear", 64, 256]], ["relu", ["ReLU"]], ["out", ["Linear", 256, 100]]]}
    a, b, c = draw.size(90, 110), draw.size(190, 230), draw.size(140, 170)
    body = ["Sequential", ["Linear", a, b], ["LayerNorm", b], ["ReLU"], ["Linear", b, c, {"bias": False}], ["ReLU"]]
    yield {"model": [["body", body], ["norm", ["BatchNorm1d", c]], ["head", ["Linear", c, a]]]}
    yield {
        "model": [
            ["image", ["Conv2d", 3, 8, 3]],
            ["words", ["Embedding", 20, 6]],
            ["deep", ["Sequential", ["Sequential", ["Linear", b, a]], ["PReLU"], ["Linear", a, c]]],
        ]
    }


def _linears(model: nn.Module, which: str) -> list[nn.Linear]:
    modules = {"all": model.modules(), "children": model.children()}.get(which, model.modules())
    found = [module for module in modules if isinstance(module, nn.Linear)]
    return {"first": found[:1], "last": found[-1:], "all but the last": found[:-1]}.get(which, found)


def _init(
    weight: Callable[[torch.Tensor], Any] = lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
    which: str = "all",
    bias: Callable[[torch.Tensor], Any] = nn.init.zeros_,
    beyond: Callable[[nn.Module], Any] = lambda model: None,
) -> Callable:
    """A right `init_weights_`, or one with some of its parts changed."""

    def init_weights_(model: nn.Module) -> None:
        for module in _linears(model, which):
            weight(module.weight)
            if module.bias is not None:
                bias(module.bias)
        beyond(model)

    return init_weights_


def _zero_all_biases(model: nn.Module) -> None:
    for name, p in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(p)


def _init_every_matrix(model: nn.Module) -> None:
    for p in model.parameters():
        nn.init.kaiming_normal_(p) if p.dim() > 1 else nn.init.zeros_(p)


def _scaled(std: Callable[[float, float], float]) -> Callable[[torch.Tensor], Any]:
    """Normal weights with a deviation that depends on (fan in, fan out)."""
    return lambda w: nn.init.normal_(w, std=std(w.shape[1], w.shape[0]))


def _with_new_parameters(model: nn.Module) -> None:
    for module in _linears(model, "all"):
        module.weight = nn.Parameter(torch.randn_like(module.weight) * math.sqrt(2 / module.in_features))
        if module.bias is not None:
            module.bias = nn.Parameter(torch.zeros_like(module.bias))


INIT_WEIGHTS_ = Exercise(
    name="init_weights_",
    lesson=LESSON,
    reference=_init(),
    cases=_init_cases,
    contracts=(),
    probe=run_init,
    measure=measure_init,
    rtol=0.06,  # of a standard deviation, measured on 10,000 draws and more
    mistakes=(
        Mistake(
            "only the first layer",
            "Some Linear layers keep their old weights. Which method of a model walks through all its modules, also "
            "those inside others?",
            tuple(_init(which=which) for which in ("first", "children", "last", "all but the last")),
        ),
        Mistake(
            "Xavier",
            "This is Xavier's rule, made for tanh: it looks at fan in and fan out. ReLU throws half of its input away; "
            "whose rule makes up for that?",
            (_init(nn.init.xavier_normal_), _init(nn.init.xavier_uniform_)),
        ),
        Mistake(
            "uniform instead of normal",
            "These are no draws from a normal distribution around 0. Are they drawn evenly between two bounds? Which "
            "of the two Kaiming functions is the normal one?",
            (
                _init(lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu")),
                _init(lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5))),
                _init(nn.init.uniform_),
            ),
        ),
        Mistake(
            "fan out",
            "The deviation goes by the number of outputs. Which number keeps the sizes on the way forward?",
            _init(lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")),
        ),
        Mistake(
            "no ReLU gain",
            "Your weights are too small: ReLU sets about half of the entries to 0. Which factor under the root makes "
            "up for it?",
            (_init(_scaled(lambda fan_in, _: fan_in**-0.5)), _init(_scaled(lambda fan_in, _: (2 * fan_in) ** -0.5))),
        ),
        Mistake(
            "variance for deviation",
            "2 / fan in is a variance. What does a normal distribution take as its std?",
            _init(_scaled(lambda fan_in, _: 2 / fan_in)),
        ),
        Mistake(
            "one size for all layers",
            "Every layer gets the same deviation. It should depend on the layer's number of inputs.",
            tuple(_init(_scaled(lambda _in, _out, std=std: std)) for std in (1.0, 0.1, 0.02, 0.01)),
        ),
        Mistake("biases not zero", "The weights fit. What should the biases be?", _init(bias=lambda b: None)),
        Mistake(
            "biases drawn too",
            "The biases are random (or 1). They should start at 0.",
            (_init(bias=nn.init.normal_), _init(bias=nn.init.ones_), _init(bias=nn.init.uniform_)),
        ),
        Mistake(
            "changes other layers",
            "A layer that is not a Linear was changed, such as a norm's weight. Which modules may you touch?",
            (_init(beyond=_zero_all_biases), _init_every_matrix),
        ),
        Mistake(
            "new parameters",
            "The model has new parameters now. An optimizer made before goes on holding the old ones: change the "
            "values of the tensors in place.",
            _with_new_parameters,
        ),
    ),
)
