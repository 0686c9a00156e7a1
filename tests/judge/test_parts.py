"""What a wrong answer does right: its parts, where that is asked for, and none where a rule is broken."""

from functools import partial

import pytest
import torch

from autograder.exercise import SHORT_CUT
from autograder.exercises import EXERCISES
from autograder.judge import judge_observed
from autograder.judge.parts import share
from autograder.sandbox.run import Program, Target
from autograder.sandbox.verdicts import judge_hidden
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


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if exercise.demanded])
def test_what_does_without_what_is_demanded_has_no_parts(name):
    exercise = EXERCISES[name]
    short_cuts = [answer for mistake in exercise.mistakes if mistake.name == SHORT_CUT for answer in mistake.variants]

    assert short_cuts
    assert [parts_of(answer, exercise) for answer in short_cuts if parts_of(answer, exercise).parts] == []


def test_what_runs_all_that_is_demanded_has_its_parts():
    exercise = EXERCISES["autograd_gradients"]
    mistake = next(mistake for mistake in exercise.mistakes if mistake.name == "the copies are still in the graph")

    assert share(parts_of(mistake.variants[0], exercise).parts) == 0.75


class Forgetful:
    """Stands for a run that has an answer in its first process, and the untouched stub in its second."""

    def __init__(self):
        self.answering, self.answer = {"softmax"}, overflows

    def restart(self):
        def stub(x, dim):
            raise NotImplementedError

        self.answer = stub

    def observe(self, name, probe, cases, seconds=None):
        return run_all(probe, self.answer, cases)


def test_what_counts_as_not_attempted_has_no_parts():
    program = Program(("",), {"softmax": Target(("softmax",), 0, 0)})

    verdict = judge_hidden(program, {"softmax": program.cells}, Forgetful(), 5, partial=True)["softmax"]

    assert (verdict.status, verdict.parts) == ("not attempted", ())
