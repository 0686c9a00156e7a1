"""The call in a message: what is shown, pasted into a cell, gives the very inputs that the check used."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from autograder.exercise import Draw, apply, expression_of
from autograder.exercises import EXERCISES
from autograder.judge import judge
from autograder.judge.calls import ROOM, SPECIAL, TOO_LONG, describe_call
from autograder.judge.literals import TooLong, code
from course_utils.data import load_digits
from course_utils.probes import Case, Seed, prepare
from course_utils.probes.modules import build
from course_utils.probes.scalars import Value

CELL = {  # what the lessons have
    "torch": torch, "np": np, "nn": nn, "OrderedDict": OrderedDict, "Value": Value, "load_digits": load_digits,
}  # fmt: skip


def pasted(text, mode="values"):
    """The arguments that the shown call gives, by name."""
    text = text.removeprefix(f"{SPECIAL.get(mode)}: ")
    names = dict(CELL)
    try:
        return eval(f"dict({text})", names)
    except SyntaxError:  # statements, where one argument follows from another
        exec(text, names)
        return {name: value for name, value in names.items() if name not in CELL}


def same(got, want):
    """Whether a pasted value is what a probe gives: in dtype, device, shape, layout, values, and requires_grad."""
    if isinstance(want, torch.Tensor):
        kind = [(t.shape, t.dtype, t.device, t.requires_grad, t.is_meta or t.is_contiguous()) for t in (got, want)]
        return kind[0] == kind[1] and (want.is_meta or torch.equal(got.nan_to_num(7), want.nan_to_num(7)))
    if isinstance(want, list) and want and isinstance(want[0], str) and hasattr(nn, want[0]):
        return str(got) == str(build(want))
    if isinstance(want, (list, tuple)):
        return len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, Seed):
        return torch.equal(got.get_state(), prepare(want).get_state())
    return got == want


# what these exercises are given is no case's argument as it is, but made from words of it; shown is what is made
MADE_BY_THE_PROBE = {
    "noise_like", "describe", "share_with_numpy", "batch_to", "fresh_grads", "predict_without_graph", "numerical_grad",
    "graph_ops", "sgd_update_", "zero_grads_", "manual_train_step", "momentum_update_", "adam_update_", "loss_for",
    "init_weights_", "freeze_", "autograd_gradients", "clip_gradients_", "TableDataset", "backward",
    "design_classifier",
}  # fmt: skip
PLAIN = {"train_step", "train_epoch", "evaluate", "fit", "can_overfit", "save_checkpoint"}  # whatever the mode


@pytest.mark.parametrize("name", EXERCISES)
def test_what_is_shown_gives_the_same_inputs(name):
    exercise = EXERCISES[name]
    for case in exercise.expand(0):
        shown = describe_call(exercise, case)

        assert len(shown) < ROOM + 100
        if TOO_LONG in shown or "cuda" in shown:
            continue
        got = pasted(shown, case.mode)
        assert got, shown
        if name in MADE_BY_THE_PROBE:
            continue
        for argument, value in case.args.items():
            if not (isinstance(value, list) and value and str(value[0]) in vars(torch.optim)):
                want = value if isinstance(value, Seed) else prepare(value, "values" if name in PLAIN else case.mode)
                assert same(got[argument], want), shown


@pytest.mark.parametrize("name", EXERCISES)
def test_the_first_case_is_shown_whole(name):
    exercise = EXERCISES[name]

    assert TOO_LONG not in describe_call(exercise, exercise.expand(0)[0])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("softmax", "x=torch.tensor([[1., 2., 3.], [1., 1., 1.]]), dim=1"),
        ("share_with_numpy", "array=np.array([1., 2., 3.])"),
        ("noise_like", "template=torch.arange(6).reshape(2, 3)"),
        ("batch_to", "batch=(torch.tensor([[0.5, 1.5], [2.5, 3.5]]), torch.tensor([1, 0])), "
                     "device=torch.device('meta')"),
        ("init_weights", "d_in=2, d_out=3, generator=torch.Generator().manual_seed(1)"),
        ("fresh_grads", "loss_fns=[lambda w: w.sum(), lambda w: (w ** 2).sum()], "
                        "w=torch.tensor([1., 2.], requires_grad=True)"),
        ("numerical_grad", "f=lambda x: (x ** 3).sum(), x=torch.tensor([1., 2.], dtype=torch.float64), eps=0.5"),
        ("graph_ops", "a = torch.ones(2, requires_grad=True); b = torch.ones(2, requires_grad=True); "
                      "x = torch.ones(2, requires_grad=True); h = 2 * b; i = a + h; z = x * i"),
        ("backward", "a = Value(2.0); b = Value(3.0); h = a * b; z = h + a"),
        ("evaluate", "model=nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)), "
                     "x=torch.tensor([[1., 0.], [0., 1.], [1., 1.]]), y=torch.tensor([0, 1, 1]), batch_size=2, "
                     "criterion=nn.CrossEntropyLoss(), training=True"),
        ("save_checkpoint", "model = nn.Linear(2, 1); "
                            "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9); epoch = 3"),
        ("FeedForward", "init=[2, 3], inputs=[torch.tensor([[1., -1.]])]"),
    ],
)  # fmt: skip
def test_a_call_is_code(name, shown):
    exercise = EXERCISES[name]

    assert describe_call(exercise, exercise.expand(0)[0]) == shown


def test_arrays_of_two_dtypes_are_told_apart():
    exercise = EXERCISES["share_with_numpy"]
    double, single, *others = [describe_call(exercise, case) for case in exercise.expand(0)]

    assert (double, single) == ("array=np.array([1., 2., 3.])", "array=np.array([1., 2., 3.], dtype=np.float32)")
    for case, text in zip(exercise.expand(0)[2:], others, strict=True):
        if TOO_LONG not in text:
            array, want = pasted(text, case.mode)["array"], prepare(case.args["array"], case.mode).numpy()
            assert (array.dtype, array.shape, array.flags.c_contiguous) == (
                want.dtype,
                want.shape,
                want.flags.c_contiguous,
            )
            assert (array == want).all()


@pytest.mark.parametrize(
    "value",
    [
        torch.tensor(2.0),
        torch.tensor([1.0, -0.1, 1e-30, 1e30, torch.inf, -torch.inf, torch.nan]),
        torch.tensor([0.1], dtype=torch.float64),
        torch.tensor([0.1, 1e4], dtype=torch.float16),
        torch.tensor([0.1, 1e4], dtype=torch.bfloat16),
        torch.zeros(2, 3, dtype=torch.int64),
        torch.ones(7),
        torch.ones(7, dtype=torch.uint8),
        torch.ones(3, 3, dtype=torch.bool),
        torch.full((2, 4), -3.5),
        torch.full((9,), 7),
        torch.arange(12.0).reshape(3, 4),
        torch.arange(12, dtype=torch.int32),
        torch.zeros(0, 3),
        torch.empty(2, 3, device="meta"),
        torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).T,
        torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]] * 2).permute(2, 0, 1),
        torch.tensor([[1.0, 2.0]]).requires_grad_(),
        torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]).T.detach().requires_grad_(),
        torch.ones(3, 3).requires_grad_(),
        torch.full((3, 3), 2.0).requires_grad_(),
        Draw(1).normal(30, 4, mean=-1.0, std=2.0),
        Draw(1).wide(30, 4),
        Draw(1).integers(1000, 30, 4),
        apply(apply(Draw(1).normal(30, 4, std=3.0), "log_softmax", 1), "double"),
        [1, (2.5,), {"a": None}, "text", True, float("inf")],
    ],
    ids=str,
)  # fmt: skip
def test_any_value_comes_back_from_its_code(value):
    assert same(eval(code(value, value), dict(CELL)), value), code(value, value)


@pytest.mark.parametrize("mode", ["strided", "float64", "gradients"])
@pytest.mark.parametrize("shape", [(40,), (30, 4), (5, 6, 7)])
def test_what_was_drawn_is_drawn_again_in_every_mode(shape, mode):
    drawn = Draw(2).normal(*shape, mean=0.5)
    value = prepare(drawn, mode)

    assert "torch.randn" in code(value, drawn)
    assert same(eval(code(value, drawn), dict(CELL)), value)


def test_what_was_changed_in_place_is_not_drawn_again():
    drawn = Draw(2).normal(3, 4)
    drawn[0] = 0

    assert expression_of(drawn) is None


def test_what_is_too_long_is_said_to_be():
    with pytest.raises(TooLong, match=r"of shape \(100, 4\)"):
        code(torch.randn(100, 4))


def test_the_shown_call_makes_the_very_failure():
    def softmax(x, dim):
        return torch.softmax(x, -1)

    message = judge("softmax", softmax).message
    arguments = pasted(message.splitlines()[1].removeprefix("  called with "))

    assert not torch.allclose(softmax(**arguments), torch.softmax(**arguments))


def test_what_is_special_stands_before_the_call():
    exercise = EXERCISES["softmax"]
    case = Case({"x": torch.tensor([[1.0, 2.0]]), "dim": 1}, "float64")

    assert describe_call(exercise, case) == "float64 tensors: x=torch.tensor([[1., 2.]], dtype=torch.float64), dim=1"
