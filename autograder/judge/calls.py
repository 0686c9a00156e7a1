"""The call that showed a mistake, as code that gives the same inputs in a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import torch

from autograder.exercise import Exercise
from autograder.judge.literals import Code, TooLong, array_code, code, summary
from course_utils.probes import (
    Case,
    Seed,
    autograd,
    checkpoints,
    designs,
    fitting,
    forward_and_backward,
    gradient_descent,
    loaders,
    modules,
    prepare,
    preparing,
    scalars,
    tensors,
    training,
)

SPECIAL = {
    "gradients": "tensors that require grad",
    "float64": "float64 tensors",
    "strided": "tensors that are not contiguous",
    "meta": 'tensors on the "meta" device',
    "leaf": "tensors that require grad, and hold a gradient from before",
    "plain": "tensors that do not require grad",
}
ROOM = 500  # characters for all arguments
LINES = 24  # of a computation
TOO_LONG = "(too long to show)"

Arguments = Mapping[str, Any]


def describe_call(exercise: Exercise, case: Case) -> str:
    """The arguments of a case as code, after a word on what is special about them.

    Written as between the parentheses of a call, ``name=value, ...``; where one follows from another, as statements,
    ``name = value; ...``. What no short code gives is told by its shape, as ``x of shape (40, 7) (too long to show)``.
    """
    arguments = _ARGUMENTS.get(exercise.probe, _prepared)(case)
    texts = {name: _shown(name, value, case.args.get(name)) for name, value in arguments.items()}
    while sum(map(len, texts.values())) > ROOM:
        whole = {name: summary(arguments[name]) for name, text in texts.items() if not text.endswith(TOO_LONG)}
        if not any(whole.values()):
            break
        longest = max((name for name in whole if whole[name]), key=lambda name: len(texts[name]))
        texts[longest] = f"{longest} {whole[longest]} {TOO_LONG}"
    one_by_one = any(not name.isidentifier() or "model.parameters()" in text for name, text in texts.items())
    if one_by_one or exercise.probe in (autograd.run_graph, scalars.run_backward):
        shown = "; ".join(text.replace("=", " = ", 1) for text in texts.values())
    else:
        shown = ", ".join(texts.values())
    special = SPECIAL.get(case.mode)
    return f"{special}: {shown}" if special else shown


def _shown(name: str, value: Any, drawn: Any) -> str:
    try:
        return f"{name}={code(value, drawn)}"
    except TooLong as what:
        return f"{name} {what} {TOO_LONG}"


def _prepared(case: Case) -> Arguments:
    """As most probes give them: every tensor as the mode wants it."""
    return {name: value if isinstance(value, Seed) else _as(value, case.mode) for name, value in case.args.items()}


def _as(value: Any, mode: str) -> Any:
    """`prepare`, but for generators, which stay seeds."""
    if isinstance(value, (list, tuple)):
        return type(value)(_as(item, mode) for item in value)
    return prepare(value, mode) if isinstance(value, torch.Tensor) else value


def _plain(case: Case) -> Arguments:
    return case.args


def _learning(*names: str) -> Callable[[Case], Arguments]:
    """Those ``names`` require grad, whatever the mode."""

    def arguments(case: Case) -> Arguments:
        return {name: _with_grad(value) if name in names else value for name, value in _prepared(case).items()}

    return arguments


def _with_grad(value: Any) -> Any:
    return [_with_grad(item) for item in value] if isinstance(value, list) else value.detach().requires_grad_()


def _with_parameters(case: Case) -> Arguments:
    names = forward_and_backward.PARAMETERS if case.mode == "gradients" else ()
    return _learning(*names)(Case(case.args) if names else case)


def _losses(case: Case) -> Arguments:
    functions = Code("[" + ", ".join(f"lambda w: {name}" for name in case.args["loss_fns"]) + "]")
    return _data_and_leaf(case) | {"loss_fns": functions} if case.mode != "plain" else _without_grad(case, functions)


def _without_grad(case: Case, functions: Code) -> Arguments:
    return {"loss_fns": functions, "w": prepare(case.args["w"])}


def _data_and_leaf(case: Case) -> Arguments:
    args = dict(_learning("w")(case))
    return args if args["w.grad"] is not None else {name: value for name, value in args.items() if name != "w.grad"}


def _function(case: Case) -> Arguments:
    name, *rest = case.args
    function = Code(f"lambda x: {case.args[name]}")
    return {name: function} | {key: _as(case.args[key], "float64") for key in rest}


def _graph(case: Case) -> Arguments:
    lines = [line.partition(" = ") for line in case.args["z"]]
    made = {name for targets, _, _ in lines for name in targets.split(", ")}
    used = re.findall(r"\b(?<!\.)[a-z]\w*", " ".join(expression for _, _, expression in lines))
    leaves = {name: Code("torch.ones(2, requires_grad=True)") for name in sorted({*used} - made)}
    return leaves | {targets: Code(expression) for targets, _, expression in lines}


def _values(case: Case) -> Arguments:
    """The lines that make the Values; of many only the last, with how many there are."""
    lines = [line.partition(" = ") for line in case.args["value"]]
    if len(lines) > LINES:
        name, _, expression = lines[-1]
        return {name: Code(f"{expression}, the last of {len(lines)} Values {TOO_LONG}")}
    return {name: Code(expression) for name, _, expression in lines}


def _spec_tensor(case: Case) -> Arguments:
    """A tensor that `tensors.build_tensor` makes."""
    ((name, (_, shape, options)),) = case.args.items()
    dtype, device = options["dtype"], options["device"]
    n = torch.Size(shape).numel()
    if device == "meta":
        return {name: torch.empty(shape, dtype=getattr(torch, dtype), device="meta")}
    moved = f"'{device}', " if device != "cpu" else ""
    cast = f".to({moved}torch.{dtype})" if moved or dtype != "int64" else ""
    sizes = ", ".join(map(str, shape)) or "()"
    return {name: Code(f"torch.arange({n}).reshape({sizes}){cast}")}


def _array(case: Case) -> Arguments:
    return {name: Code(array_code(prepare(value, case.mode), value)) for name, value in case.args.items()}


def _batch(case: Case) -> Arguments:
    batch = tuple(_as(case.args["batch"], case.mode))
    return {"batch": batch, "device": Code(f"torch.device({case.args['device']!r})")}


def _named_model(case: Case) -> Arguments:
    """A model of parts with names."""
    parts = ", ".join(f"({name!r}, {code(spec)})" for name, spec in case.args["model"])
    return case.args | {"model": Code(f"nn.Sequential(OrderedDict([{parts}]))")}


def _clip(case: Case) -> Arguments:
    """Parameters in a list, or as a generator gives them."""
    args = dict(_learning("parameters")(case))
    if args.pop("generator"):
        args["parameters"] = Code(f"iter({code(args['parameters'])})")
    return args


def _dataset(case: Case) -> Arguments:
    transform = case.args["transform"]
    return case.args | {"transform": transform and Code(f"lambda x: {transform}")}


def _design(case: Case) -> Arguments:
    """The lesson's own digits, as the lesson loads them."""
    images, labels = (Code(f"load_digits()[{i}]{scaled}") for i, scaled in enumerate((" / 16", "")))
    return {"train_images": images, "train_labels": labels, "generator": case.args["generator"]}


_ARGUMENTS: dict[Callable, Callable[[Case], Arguments]] = {
    autograd.run_losses: _losses,
    autograd.run_prediction: _data_and_leaf,
    autograd.run_function: _function,
    autograd.run_graph: _graph,
    scalars.run_backward: _values,
    tensors.run_describe: _spec_tensor,
    tensors.run_noise: _spec_tensor,
    tensors.run_share: _array,
    tensors.run_batch: _batch,
    forward_and_backward.call_with_parameters: _with_parameters,
    gradient_descent.run_update: _learning("params"),
    gradient_descent.run_reset: _learning("params"),
    gradient_descent.run_steps: _learning("W", "b"),
    training.run_update: _learning("params"),
    training.run_clip: _clip,
    training.run_train_step: _plain,
    fitting.run_train_epoch: _plain,
    fitting.run_evaluate: _plain,
    fitting.run_fit: _plain,
    fitting.run_one_batch: _plain,
    checkpoints.run_checkpoint: _plain,
    loaders.run_dataset: _dataset,
    designs.run_design: _design,
    preparing.run_init: _named_model,
    preparing.run_freeze: _named_model,
    modules.run_loss: lambda case: {
        name: _as(value, "gradients" if name == "outputs" else "values") for name, value in case.args.items()
    },
}
