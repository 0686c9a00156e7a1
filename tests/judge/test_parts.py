"""What a wrong answer does right: its parts, where that is asked for, and none where a rule is broken."""

from functools import partial

import pytest
import torch

from autograder.exercises import EXERCISES
from autograder.judge import judge_observed
from autograder.judge.parts import share
from course_utils.probes import run_all

SOFTMAX, LAYER_NORM = EXERCISES["softmax"], EXERCISES["layer_norm"]


def shifted(x, dim):
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def overflows(x, dim):
    e = x.exp()
    return e / e.sum(dim, keepdim=True)


def without_gradient(x, dim):
    return shifted(x, dim).detach()


def twice_in_float64(x, dim):
    return shifted(x, dim) * (2 if x.dtype == torch.float64 else 1)


def last_dim(x, dim):
    return shifted(x, -1)


def twice_where_strided(a, b):
    return (a[:, :, None] * b[None]).sum(1) * (1 if a.is_contiguous() else 2)


def looping(a, b):
    return torch.stack([(row[:, None] * b).sum(0) for row in a]) * (1 if a.is_contiguous() else 2)


def parts_of(answer, exercise=SOFTMAX, in_source=(), **options):
    observe = partial(run_all, exercise.probe, answer)
    return judge_observed(exercise, observe, in_source, seed=5, **{"partial": True, **options})


@pytest.mark.parametrize(
    ("answer", "wrong"), [(overflows, "edge"), (without_gradient, "gradient"), (twice_in_float64, "dtype")]
)
def test_what_is_right_beside_one_mistake_is_told_part_by_part(answer, wrong):
    verdict = parts_of(answer)

    assert not verdict.passed
    assert dict(verdict.parts) == {part: part != wrong for part in ("value", "gradient", "dtype", "edge")}
    assert share(verdict.parts) == 0.75


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        (last_dim, {}),
        (without_gradient, {"in_source": ["torch.softmax"]}),
        (lambda x, dim: torch.softmax(x, dim).detach(), {}),
        (lambda x, dim: None, {}),
        (shifted, {}),
        (without_gradient, {"partial": False}),
    ],
    ids=["wrong values", "short cut in the source", "short cut", "nothing", "all right", "not asked for"],
)
def test_there_are_no_parts(answer, options):
    verdict = parts_of(answer, **options)

    assert verdict.parts == ()
    assert share(verdict.parts) == 0


def test_a_loop_where_none_is_allowed_costs_the_parts_too():
    matmul = EXERCISES["matmul_by_hand"]

    assert parts_of(twice_where_strided, matmul).parts == (("value", True), ("edge", False))
    assert parts_of(looping, matmul).parts == ()


def test_a_known_mistake_in_ordinary_values_has_no_parts():
    mistake = next(mistake for mistake in LAYER_NORM.mistakes if mistake.name == "sample variance")

    assert parts_of(mistake.variants[0], LAYER_NORM).parts == ()
