"""Lesson 8: the two models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.modules import run_module, run_network

# --- LinearRegressionModel ---------------------------------------------------------------------------------------


def _linear_model_cases(draw: Draw) -> Iterator[dict]:
    yield {"init": [2, 1], "inputs": [torch.tensor([[1.0, 2.0], [3.0, 4.0]])]}
    n, d_in, d_out, time = draw.sizes(4)
    square = draw.size()
    for init, shape in [
        ([d_in, d_out], (n, d_in)),
        ([square, square], (n, square)),  # sizes that are swapped run here
        ([d_in, 1], (1, d_in)),
        ([1, d_out], (n, 1)),
        ([d_in, d_out], (n, time, d_in)),
    ]:
        yield {"init": init, "inputs": [draw.normal(*shape)], "training": bool(draw.size(0, 1))}
    yield {"init": [d_in, 1], "inputs": [draw.wide(40, d_in)]}


def _linear_model(
    make: Callable = nn.Linear, after: Callable = lambda y: y, returned: Callable = lambda layer, x: layer(x)
) -> type[nn.Module]:
    """The model with its layer made in another way, or something done to its output, or something else returned."""

    class LinearRegressionModel(nn.Module):
        def __init__(self, in_features: int, out_features: int):
            super().__init__()
            self.linear = make(in_features, out_features)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return after(returned(self.linear, x))

    return LinearRegressionModel


class _LayerInForward(nn.Module):
    def __init__(self, in_features: int, out_features: int):
        super().__init__()
        self.sizes = in_features, out_features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.Linear(*self.sizes)(x)


class _LayerKeptInForward(_LayerInForward):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.linear = nn.Linear(*self.sizes)
        return self.linear(x)


class _LayerInList(nn.Module):
    def __init__(self, in_features: int, out_features: int):
        super().__init__()
        self.linear = [nn.Linear(in_features, out_features)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear[0](x)


class _NoSuper(nn.Module):
    def __init__(self, in_features: int, out_features: int):
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


class _NoSuperWithParameters(nn.Module):
    def __init__(self, in_features: int, out_features: int):
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))


LINEAR_REGRESSION_MODEL = Exercise(
    name="LinearRegressionModel",
    lesson="08_modules_and_optimizers",
    reference=_linear_model(),
    cases=_linear_model_cases,
    probe=run_module,
    contracts=("gradients",),
    mistakes=(
        Mistake(
            "layer made in forward",
            "A layer made in forward has new random weights in every call, and no optimizer ever sees them. "
            "In which method is it made once, as an attribute of self?",
            (_LayerInForward, _LayerKeptInForward),
        ),
        Mistake(
            "layer in a list",
            "A module sees the layers that are attributes of self; into a plain list or dict it does not look.",
            _LayerInList,
        ),
        Mistake(
            "no super().__init__()",
            "nn.Module sets up its registers of layers and parameters in its own __init__. What has to come first in "
            "yours?",
            (_NoSuper, _NoSuperWithParameters),
        ),
        Mistake(
            "sizes swapped",
            "The layer takes out_features numbers and gives in_features. Which comes first in nn.Linear(...)?",
            _linear_model(lambda i, o: nn.Linear(o, i)),
        ),
        Mistake(
            "the layer, not its output",
            "This is the layer itself. What do you give to it, to get its output?",
            _linear_model(returned=lambda layer, x: layer),
        ),
        Mistake(
            "no bias",
            "The line has a slope and no intercept. What does bias=False leave out?",
            _linear_model(lambda i, o: nn.Linear(i, o, bias=False)),
        ),
        Mistake(
            "an activation at the end",
            "Regression may need any number as its answer. What does your last step do to some of them?",
            (
                _linear_model(after=torch.relu),
                _linear_model(after=torch.sigmoid),
                _linear_model(after=torch.tanh),
                _linear_model(after=F.gelu),
                _linear_model(after=lambda y: y.softmax(-1)),
            ),
        ),
        Mistake(
            "drops the last dim",
            "The values are there, but the output should keep its last dim: (batch, out_features).",
            (
                _linear_model(after=lambda y: y.squeeze()),
                _linear_model(after=lambda y: y.squeeze(-1)),
                _linear_model(after=lambda y: y.flatten()),
            ),
        ),
    ),
)

# --- TabularClassifier -------------------------------------------------------------------------------------------


def _classifier_cases(draw: Draw) -> Iterator[dict]:
    def case(init: list[int], x: torch.Tensor, training: bool) -> dict:
        return {"init": init, "inputs": [x], "training": training}

    yield case([2, 3], torch.tensor([[1.0, 2.0], [3.0, -4.0]]), training=False)
    n, d_in, classes = draw.sizes(3, 3, 9)
    yield case([d_in, classes], draw.normal(n, d_in), training=False)
    yield case([d_in, classes], draw.normal(n, d_in), training=True)
    yield case([d_in, 2], draw.normal(1, d_in), training=True)
    yield case([1, classes], draw.normal(n, 1), training=False)
    yield case([d_in, classes], draw.wide(40, d_in), training=False)


def _layers(input_dim: int, num_classes: int) -> list[nn.Module]:
    return [
        *(nn.Linear(input_dim, 128), nn.ReLU(), nn.Dropout(0.2)),
        *(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, num_classes)),
    ]


def _classifier(
    change: Callable = lambda layers: layers, hold: Callable = lambda layers: nn.Sequential(*layers)
) -> Any:
    """The classifier with its layers changed, or held in another way."""

    class TabularClassifier(nn.Module):
        def __init__(self, input_dim: int, num_classes: int):
            super().__init__()
            self.network = hold(change(_layers(input_dim, num_classes)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if isinstance(self.network, nn.Sequential):
                return self.network(x)
            for layer in self.network:
                x = layer(x)
            return x

    return TabularClassifier


def _with(place: int, layer: Callable[[], nn.Module]) -> Callable:
    return lambda layers: [*layers[:place], layer(), *layers[place + 1 :]]


def _without(*places: int) -> Callable:
    return lambda layers: [layer for i, layer in enumerate(layers) if i not in places]


def _ending_in(layer: Callable[[], nn.Module]) -> Any:
    return _classifier(lambda layers: [*layers, layer()])


class _Squeezed(nn.Module):
    """All activations the same: what comes of `activation` in the place of ReLU."""

    def __init__(self, input_dim: int, num_classes: int, activation: type[nn.Module]):
        super().__init__()
        layers = _layers(input_dim, num_classes)
        layers[1], layers[4] = activation(), activation()
        self.network = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)


def _activated(activation: type[nn.Module]) -> Callable:
    return lambda input_dim, num_classes: _Squeezed(input_dim, num_classes, activation)


class _SeparateLayers(nn.Module):
    def __init__(self, input_dim: int, num_classes: int):
        super().__init__()
        self.first, self.second, self.third = nn.Linear(input_dim, 128), nn.Linear(128, 64), nn.Linear(64, num_classes)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.third(torch.relu(self.second(self.dropout(torch.relu(self.first(x))))))


class _DropoutAlways(nn.Module):
    def __init__(self, input_dim: int, num_classes: int):
        super().__init__()
        self.network = nn.Sequential(*_layers(input_dim, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network[3:](F.dropout(self.network[:2](x), 0.2))


class _LayersInForward(nn.Module):
    def __init__(self, input_dim: int, num_classes: int):
        super().__init__()
        self.sizes = input_dim, num_classes

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.Sequential(*_layers(*self.sizes))(x)


class _ClassifierWithoutSuper(nn.Module):
    def __init__(self, input_dim: int, num_classes: int):
        self.network = nn.Sequential(*_layers(input_dim, num_classes))


TABULAR_CLASSIFIER = Exercise(
    name="TabularClassifier",
    lesson="08_modules_and_optimizers",
    reference=_classifier(),
    cases=_classifier_cases,
    probe=run_network,
    contracts=("gradients",),
    rtol=1e-3,
    atol=1e-3,  # outputs are sums of 64 products and in the tens
    mistakes=(
        Mistake(
            "list of layers",
            "A plain Python list hides its layers from the module: no parameters, nothing to train. What takes layers "
            "in order and registers them?",
            (_classifier(hold=list), _classifier(hold=tuple)),
        ),
        Mistake(
            "ends in softmax",
            "The outputs are probabilities. CrossEntropyLoss takes the log-softmax itself: what should the last layer "
            "give?",
            (_ending_in(lambda: nn.Softmax(dim=1)), _ending_in(lambda: nn.Softmax(dim=0))),
        ),
        Mistake(
            "ends in log-softmax",
            "The outputs are log-probabilities, and raw logits are asked for. Which step is one too many?",
            _ending_in(lambda: nn.LogSoftmax(dim=1)),
        ),
        Mistake(
            "ends in an activation",
            "A logit may be any number. What does the activation after your last layer do to some of them?",
            (_ending_in(nn.ReLU), _ending_in(nn.Sigmoid), _ending_in(nn.Tanh), _ending_in(lambda: nn.Dropout(0.2))),
        ),
        Mistake(
            "no activation between",
            "Two linear layers without a bend between them are one. Is there a ReLU after each hidden layer?",
            (_classifier(_without(1, 4)), _classifier(_without(1)), _classifier(_without(4))),
        ),
        Mistake(
            "another activation",
            "ReLU is asked for, after the first and after the second layer. Which activation do you use?",
            tuple(map(_activated, (nn.GELU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.ELU, nn.SiLU))),
        ),
        Mistake(
            "dropout active in evaluation",
            "Something is dropped in evaluation mode too. F.dropout(x, 0.2) does not know the mode; what does, if it "
            "is part of the model?",
            _DropoutAlways,
        ),
        Mistake(
            "no dropout",
            "In training mode, dropout with p = 0.2 should follow the first ReLU. Where is it?",
            _classifier(_without(2)),
        ),
        Mistake(
            "another p",
            "p is the probability of dropping a number, and should be 0.2. Which p does nn.Dropout() take without one?",
            tuple(_classifier(_with(2, lambda p=p: nn.Dropout(p))) for p in (0.5, 0.8, 0.1, 0.02)),
        ),
        Mistake(
            "dropout in another place",
            "Dropout belongs after the first ReLU, and nowhere else. Where is it in your network?",
            (
                _classifier(lambda layers: [layers[i] for i in (0, 1, 3, 4, 2, 5)]),
                _classifier(lambda layers: [layers[i] for i in (2, 0, 1, 3, 4, 5)]),
                _classifier(lambda layers: [*layers[:5], nn.Dropout(0.2), layers[5]]),
            ),
        ),
        Mistake(
            "sizes that do not follow",
            "A layer gets another number of features than it takes. How many does the layer before it give?",
            (
                _classifier(_with(3, lambda: nn.Linear(64, 128))),
                _classifier(_with(3, lambda: nn.Linear(64, 64))),
                _classifier(lambda layers: [*layers[:5], nn.Linear(128, layers[5].out_features)]),
                _classifier(lambda layers: [nn.Linear(128, layers[0].in_features), *layers[1:]]),
            ),
        ),
        Mistake(
            "not in self.network",
            "The numbers are right, but the layers should all be inside self.network, in order. What holds several "
            "layers as one?",
            _SeparateLayers,
        ),
        Mistake(
            "layers made in forward",
            "Layers made in forward have new random weights in every call, and no optimizer ever sees them. In which "
            "method are they made once?",
            _LayersInForward,
        ),
        Mistake(
            "no super().__init__()",
            "nn.Module sets up its registers of layers and parameters in its own __init__. What has to come first in "
            "yours?",
            _ClassifierWithoutSuper,
        ),
    ),
)
