"""The checkers return their tensor, cost microseconds, and fail in words that help."""

import doctest
import timeit

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from torch import nn

from course_utils import (
    check_device,
    check_dtype,
    check_finite,
    check_requires_grad,
    check_shape,
    checkers,
    device,
    naming,
    shapes,
)

x = torch.zeros(4, 5)
labels = torch.zeros(7)
nan, inf = float("nan"), float("inf")
layer = nn.Linear(2, 3)


def message(error, check):
    """What ``check`` says when it raises just ``error``, no subclass of it."""
    with pytest.raises(error) as caught:
        check()
    assert caught.type is error
    return str(caught.value)


@pytest.mark.parametrize("module", [checkers, device, naming, shapes], ids=lambda module: module.__name__)
def test_the_examples_in_the_docstrings_are_true(module):
    failed, tried = doctest.testmod(module)

    assert (failed, tried > 0) == (0, True)


# --- what passes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ((), ()),
        ((), (...,)),
        ((0, 3), ("batch", 3)),
        ((0,), (0,)),
        ((4, 4), ("n", "n")),
        ((4, 5), ("_", "_")),
        ((4, 5), ["batch", 5]),
        ((4, 5), torch.Size([4, 5])),
        ((4, 5), (np.int64(4), 5)),
        ((4, 5), (..., "a", "b")),
        ((4, 5), ("a", ..., "b")),
        ((4, 5), ("a", "b", ...)),
        ((2, 3, 4, 5, 2), ("b", ..., 5, "b")),
    ],
)
def test_a_shape_that_fits_its_spec_passes(shape, spec):
    tensor = torch.zeros(shape)

    assert check_shape(tensor, spec) is tensor


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(3, 2),
        torch.zeros(3, 2, device="meta"),
        torch.zeros(3, 2).to_sparse(),
        torch.zeros(3, 2, dtype=torch.int64),
        torch.zeros(3, 2, dtype=torch.bool),
        torch.zeros(3, 2, dtype=torch.bfloat16),
        torch.zeros(3, 2, dtype=torch.complex64),
        torch.zeros(2, 3).T,
        layer.weight,
    ],
    ids=["float", "meta", "sparse", "int", "bool", "bfloat16", "complex", "strided", "parameter"],
)
def test_every_kind_of_tensor_comes_back_as_itself(tensor):
    back = check_finite(check_device(check_dtype(check_shape(tensor, (3, 2)), tensor.dtype), tensor.device))

    assert back is tensor


def test_several_tensors_come_back_as_a_tuple():
    targets = torch.zeros(4)

    assert check_shape(x, ("batch", 5), targets, ("batch",)) == (x, targets)


def test_names_are_forgotten_between_calls():
    check_shape(x, ("n", 5))

    assert check_shape(labels, ("n",)) is labels


def test_any_of_several_dtypes_passes():
    assert check_dtype(x, torch.float64, torch.float32) is x


@pytest.mark.parametrize("wanted", ["cpu", "cpu:0", torch.device("cpu"), torch.device("cpu", 0)])
def test_a_device_is_given_by_name_or_as_a_device(wanted):
    assert check_device(x, wanted) is x


def test_an_empty_tensor_is_finite():
    empty = torch.zeros(0, 3)

    assert check_finite(empty) is empty


def test_what_comes_out_of_a_layer_requires_grad():
    out = layer(torch.zeros(1, 2))

    assert check_requires_grad(out) is out


def test_a_check_stays_out_of_the_graph():
    weight = torch.ones(3, requires_grad=True)
    check_finite(weight * 2).sum().backward()

    assert weight.grad.tolist() == [2.0, 2.0, 2.0]


def test_a_shape_is_checked_without_any_op_inside_vmap_and_compile():
    def double(row):
        return check_shape(row, ("features",)) * 2

    compiled = torch.compile(lambda batch: check_shape(batch, ("n", 5)) + 1, backend="eager", fullgraph=True)

    assert torch.func.vmap(double)(x).shape == compiled(x).shape == (4, 5)


# --- what a shape that does not fit is told --------------------------------------------------------------------


def test_a_wrong_size():
    assert message(ValueError, lambda: check_shape(x, ("batch", 3))) == (
        'check_shape: x has shape (4, 5); expected ("batch", 3).\n  dim 1 is 5, expected 3.'
    )


def test_every_wrong_size_is_said():
    assert message(ValueError, lambda: check_shape(x, (3, 2))).splitlines()[1:] == [
        "  dim 0 is 4, expected 3.",
        "  dim 1 is 5, expected 2.",
    ]


def test_a_name_with_two_sizes():
    assert message(ValueError, lambda: check_shape(x, ("n", "n"))) == (
        'check_shape: x has shape (4, 5); expected ("n", "n").\n  dim 1 is 5, but "n" is 4 (dim 0).'
    )


def test_a_name_with_another_size_in_the_first_tensor():
    assert message(ValueError, lambda: check_shape(x, ("batch", "d"), labels, ("batch",))) == (
        'check_shape: labels has shape (7,); expected ("batch",).\n  dim 0 is 7, but "batch" is 4 (dim 0 of x).'
    )


def test_too_few_dims():
    assert message(ValueError, lambda: check_shape(labels, ("batch", 7))) == (
        'check_shape: labels has shape (7,); expected ("batch", 7).\n'
        "  It has 1 dim, expected 2.\n"
        "  .unsqueeze(0) would make it (1, 7)."
    )


def test_too_many_dims():
    assert message(ValueError, lambda: check_shape(labels[:, None], ("batch",))) == (
        'check_shape: labels[:, None] has shape (7, 1); expected ("batch",).\n'
        "  It has 2 dims, expected 1.\n"
        "  .squeeze(1) would make it (7,)."
    )


def test_a_remedy_that_would_break_a_name_is_not_offered():
    said = message(ValueError, lambda: check_shape(x, ("batch", "d"), torch.zeros(5), ("batch", "d")))

    assert said.splitlines()[1:] == ["  It has 1 dim, expected 2."]


def test_a_scalar_where_a_vector_is_expected():
    assert message(ValueError, lambda: check_shape(x.sum(), ("batch",))) == (
        'check_shape: x.sum() has shape (); expected ("batch",).\n'
        "  It has 0 dims, expected 1.\n"
        "  .unsqueeze(0) would make it (1,)."
    )


def test_too_few_dims_for_an_ellipsis():
    assert message(ValueError, lambda: check_shape(x, ("batch", ..., "h", "w"))) == (
        'check_shape: x has shape (4, 5); expected ("batch", ..., "h", "w").\n  It has 2 dims, expected at least 3.'
    )


def test_dims_behind_an_ellipsis_are_numbered_from_the_front():
    images = torch.zeros(8, 3, 28, 30)

    assert message(ValueError, lambda: check_shape(images, (..., "side", "side"))) == (
        'check_shape: images has shape (8, 3, 28, 30); expected (..., "side", "side").\n'
        '  dim 3 is 30, but "side" is 28 (dim 2).'
    )


# --- what a spec that means nothing is told --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (3, "the spec is 3; expected a tuple with one entry a dim, such as (3,)."),
        ("batch", "the spec is 'batch'; expected a tuple with one entry a dim, such as (\"batch\",)."),
        ("batch 3", "the spec is 'batch 3'; expected a tuple with one entry a dim, such as (\"batch\", 3)."),
        (None, 'the spec is None; expected a tuple with one entry a dim, such as ("batch", 3).'),
        (x, 'the spec is a Tensor; expected a tuple with one entry a dim, such as ("batch", 3).'),
    ],
)
def test_a_spec_that_is_no_tuple(spec, said):
    assert message(TypeError, lambda: check_shape(x, spec)) == f"check_shape: {said}"


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (-1, "-1"),
        (True, "True"),
        (5.0, "5.0"),
        (None, "None"),
        ("batch size", "'batch size'"),
        ("3", "'3'"),
        ("", "''"),
        (x, "a Tensor"),
    ],
)
def test_an_entry_that_means_nothing(entry, shown):
    assert message(ValueError, lambda: check_shape(x, (4, entry))) == (
        f"check_shape: the spec has the entry {shown}; expected a size (0 or more), a name (one word), "
        '"_" for any size, or ... for any number of dims.'
    )


def test_true_is_no_size_even_where_the_size_is_one():
    assert "entry True" in message(ValueError, lambda: check_shape(torch.zeros(1), (True,)))


def test_two_ellipses():
    assert message(ValueError, lambda: check_shape(x, (..., 5, ...))) == (
        "check_shape: the spec (..., 5, ...) has ... 2 times; expected it once at most."
    )


def test_a_second_tensor_without_its_spec():
    assert message(TypeError, lambda: check_shape(x, (4, 5), labels)) == (
        'check_shape: a spec is missing; write check_shape(x, ("batch", 3), y, ("batch",)).'
    )


def test_one_name_for_two_tensors():
    assert message(TypeError, lambda: check_shape(x, (4, 5), labels, (7,), name="x")) == (
        'check_shape: name= goes with one tensor; write check_shape(x, ("batch", 3), y, ("batch",)).'
    )


# --- what is told where there is no tensor ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros(3), "is of type numpy.ndarray; expected a tensor.\n  torch.as_tensor makes a tensor of it."),
        ([1, 2], "is of type list; expected a tensor.\n  torch.as_tensor makes a tensor of it."),
        (0.5, "is of type float; expected a tensor.\n  torch.as_tensor makes a tensor of it."),
        (
            [x, x],
            "is of type list; expected a tensor.\n  Check each tensor in it, or make one tensor with torch.stack.",
        ),
        (None, "is None; expected a tensor.\n  Does the function that made it lack a return?"),
        (
            layer,
            "is of type torch.nn.modules.linear.Linear; expected a tensor.\n"
            "  Call it first, and check what it returns.",
        ),
        ("x", "is of type str; expected a tensor."),
    ],
)
def test_what_is_no_tensor_is_named_with_its_type(value, said):
    checks = {
        "check_shape": lambda: check_shape(value, (3,)),
        "check_dtype": lambda: check_dtype(value, torch.float32),
        "check_device": lambda: check_device(value, "cpu"),
        "check_finite": lambda: check_finite(value),
        "check_requires_grad": lambda: check_requires_grad(value),
    }

    for name, check in checks.items():
        assert message(TypeError, check) == f"{name}: value {said}"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: check_shape(("n", 5), x), "check_shape: ('n', 5) is of type tuple"),
        (lambda: check_dtype(torch.float32, x), "check_dtype: torch.float32 is of type torch.dtype"),
        (lambda: check_device("cpu", x), "check_device: 'cpu' is of type str"),
    ],
)
def test_swapped_arguments(check, said):
    name = said.partition(":")[0]

    assert message(TypeError, check) == f"{said}; expected a tensor.\n  The tensor comes first: {name}(x, ...)."


# --- what the other checks say ---------------------------------------------------------------------------------


def test_another_dtype():
    assert message(TypeError, lambda: check_dtype(x, torch.int64)) == (
        "check_dtype: x has dtype torch.float32; expected torch.int64.\n  .to(torch.int64) converts it."
    )


def test_none_of_several_dtypes():
    assert message(TypeError, lambda: check_dtype(x, torch.int64, torch.int32)) == (
        "check_dtype: x has dtype torch.float32; expected torch.int64 or torch.int32.\n  .to(torch.int64) converts it."
    )


@pytest.mark.parametrize(
    ("dtypes", "came"),
    [
        ((), "none"),
        ((float,), "<class 'float'>"),
        (("float32",), "'float32'"),
        (((torch.int64, torch.int32),), "(torch.int64, torch.int32)"),
    ],
)
def test_what_is_no_dtype(dtypes, came):
    assert message(TypeError, lambda: check_dtype(x, *dtypes)) == (
        f"check_dtype: expected one or more dtypes, such as torch.float32; {came} came."
    )


def test_another_device():
    assert message(ValueError, lambda: check_device(x, "cuda")) == (
        'check_device: x is on cpu; expected cuda.\n  .to("cuda") returns a copy that is there.'
    )


class OnGpu1(torch.Tensor):
    """A tensor that says it is on the second GPU: this machine may have none."""

    device = torch.device("cuda:1")


def test_a_device_without_an_index_accepts_every_index_and_one_with_an_index_only_that():
    tensor = x.as_subclass(OnGpu1)

    assert check_device(tensor, "cuda") is tensor
    assert check_device(tensor, "cuda:1") is tensor
    assert message(ValueError, lambda: check_device(tensor, "cuda:0")) == (
        'check_device: tensor is on cuda:1; expected cuda:0.\n  .to("cuda:0") returns a copy that is there.'
    )


@pytest.mark.parametrize(("wanted", "came"), [("gpu", "gpu"), (None, "a NoneType"), (x, "a Tensor")])
def test_what_is_no_device(wanted, came):
    assert message(TypeError, lambda: check_device(x, wanted)) == (
        f'check_device: expected a device, such as "cpu", "cuda:0" or y.device; {came} came.'
    )


CAUSES = "  Was there a division by 0, a log of 0, an exp of a large number, or a learning rate that is too high?"


@pytest.mark.parametrize(
    "kind",
    [torch.Tensor.half, torch.Tensor.double, torch.Tensor.cfloat, torch.Tensor.to_sparse, nn.Parameter],
    ids=["float16", "float64", "complex64", "sparse", "parameter"],
)
@pytest.mark.parametrize(
    ("rows", "found", "first"),
    [
        ([[0, 1], [nan, 3]], "1 NaN", "(1, 0)"),
        ([[0, -inf], [inf, 3]], "2 inf", "(0, 1)"),
        ([[0, 1], [inf, nan]], "1 NaN and 1 inf", "(1, 0)"),
    ],
)
def test_what_is_not_finite_is_counted_and_found(rows, found, first, kind):
    grads = kind(torch.tensor(rows))

    assert message(ValueError, lambda: check_finite(grads)) == (
        f"check_finite: grads has {found}, of 4 in all; expected finite numbers only.\n"
        f"  The first is at index {first}.\n{CAUSES}"
    )


def test_a_loss_that_is_not_finite():
    loss = torch.tensor(nan)

    assert message(ValueError, lambda: check_finite(loss)) == (
        f"check_finite: loss is nan; expected a finite number.\n{CAUSES}"
    )


def test_a_tensor_that_autograd_does_not_follow():
    with torch.no_grad():
        logits = layer(torch.zeros(1, 2))

    assert message(ValueError, lambda: check_requires_grad(logits)) == (
        "check_requires_grad: logits has requires_grad=False; expected True.\n"
        "  If you made it: .requires_grad_() or nn.Parameter. If you computed it: under no_grad, or after detach()?"
    )


def test_a_dtype_without_gradients():
    ids = torch.tensor([1, 2])

    assert message(ValueError, lambda: check_requires_grad(ids)) == (
        "check_requires_grad: ids has requires_grad=False; expected True.\n"
        "  Its dtype, torch.int64, has no gradients: only floating-point tensors do."
    )


# --- how a tensor gets its name --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (lambda: check_requires_grad(x), "x"),
        (lambda: checkers.check_requires_grad(x), "x"),
        (lambda: check_requires_grad(x @ x.T), "x @ x.T"),
        (lambda: check_requires_grad(x, name="the images"), "the images"),
        (lambda: [check_requires_grad(each, name=f"image {i}") for i, each in enumerate(x)], "image 0"),
        (lambda: check_requires_grad(check_shape(x, (4, 5))), "check_shape(x, (4, 5))"),
        (lambda: check_requires_grad(x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x), "the tensor"),
        (lambda: check_requires_grad(*[x]), "the tensor"),
        (lambda: list(map(check_requires_grad, [x])), "the tensor"),
        (lambda: (lambda also_known_as: also_known_as(x))(check_requires_grad), "the tensor"),
        (lambda: exec("check_requires_grad(x)"), "the tensor"),
    ],
)
def test_the_name_is_the_text_of_the_call_where_that_can_be_had(check, name):
    assert message(ValueError, check).startswith(f"check_requires_grad: {name} has requires_grad=False;")


def test_a_name_in_a_call_over_several_lines():
    def check():
        return check_shape(
            x,
            ("batch", "d"),
            labels.double(),
            ("batch",),
        )

    assert message(ValueError, check).startswith("check_shape: labels.double() has shape (7,)")


def test_in_a_notebook_the_text_of_the_cell_gives_the_name(capsys):
    shell = InteractiveShell()
    shell.run_cell("import torch\nfrom course_utils import check_shape\nhidden = torch.zeros(2, 3)")
    capsys.readouterr()
    shell.run_cell('%time\nlogits = check_shape(hidden * 2, ("batch", 5))')

    assert "check_shape: hidden * 2 has shape (2, 3); expected" in capsys.readouterr().out


# --- what it costs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check",
    [
        lambda: check_shape(x, ("batch", 5)),
        lambda: check_shape(x, ("batch", ..., "d"), x, ("batch", "d")),
        lambda: check_dtype(x, torch.float32),
        lambda: check_device(x, "cpu"),
        lambda: check_finite(x),
        lambda: check_requires_grad(layer.weight),
    ],
    ids=["shape", "shapes", "dtype", "device", "finite", "requires_grad"],
)
def test_a_check_that_passes_asks_for_no_name_and_takes_microseconds(monkeypatch, check):
    monkeypatch.setattr(checkers, "argument_text", None)
    best = min(timeit.repeat(check, number=100, repeat=20)) / 100

    assert best < 50e-6
