"""An answer judged from afar: how its cases are asked for, and that nothing it sends back upsets the judge."""

import dataclasses
import random

import pytest
import torch

from autograder.exercises import EXERCISES
from autograder.judge import Gone, judge_observed
from autograder.judge.compare import Tolerance, difference
from autograder.judge.judging import expected_of
from autograder.judge.verdict import MAX_MESSAGE
from course_utils.probes import OVERWRITTEN, Observation, Opaque, Raised, Seed, run_all
from tests.support.steps import steps

SOFTMAX, MATMUL = EXERCISES["softmax"], EXERCISES["matmul_by_hand"]


def softmax(x, dim):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def matmul(a, b):
    return (a[:, :, None] * b[None]).sum(1)


def observing(exercise, candidate, asked=None):
    """Probes ``candidate``, and adds the cases of each call to ``asked``."""

    def observe(cases):
        if asked is not None:
            asked.append(cases)
        return run_all(exercise.probe, candidate, cases)

    return observe


def replying(change):
    """Probes softmax, and changes the observations."""
    return lambda cases: change(run_all(SOFTMAX.probe, softmax, cases))


# --- what is asked for


@pytest.mark.parametrize("seed", [None, 5])
def test_a_draw_is_asked_for_and_then_two_sizes(seed):
    asked = []

    verdict = judge_observed(MATMUL, observing(MATMUL, matmul, asked), [], seed=seed)

    assert verdict.passed, verdict.message
    assert [case.mode for case in asked[1]] == ["watched", "watched"]
    assert len(asked) == 2


def test_hidden_cases_are_others_than_the_public_ones_under_the_same_contracts():
    public, hidden = [], []
    judge_observed(SOFTMAX, observing(SOFTMAX, softmax, public), [])
    judge_observed(SOFTMAX, observing(SOFTMAX, softmax, hidden), [], seed=5)

    random = [[case.args["x"] for case in cases if case.mode == "values"][4] for cases in (public[0], hidden[0])]

    assert {case.mode for case in public[0]} == {case.mode for case in hidden[0]}
    assert random[0].shape != random[1].shape or not torch.equal(*random)


def test_cases_are_the_same_objects_every_time():
    first, second, other = [], [], []
    for asked, seed in ((first, 1), (second, 1), (other, 2)):
        judge_observed(MATMUL, observing(MATMUL, matmul, asked), [], seed=seed)

    assert all(a is b for one, two in zip(first, second, strict=True) for a, b in zip(one, two, strict=True))
    assert [one is two for one, two in zip(first, other, strict=True)] == [False, True]


def test_sizes_are_not_asked_for_where_something_differs():
    asked = []

    verdict = judge_observed(MATMUL, observing(MATMUL, lambda a, b: a, asked), [])

    assert not verdict.passed
    assert len(asked) == 1


def test_a_short_cut_in_the_source_is_named():
    verdict = judge_observed(SOFTMAX, observing(SOFTMAX, softmax), ["softmax"])

    assert verdict.mistake == "short cut"
    assert "uses the library's softmax" in verdict.message


def test_stub_is_called_once():
    def stub(x, dim):
        raise NotImplementedError

    assert len(run_all(SOFTMAX.probe, stub, SOFTMAX.expand(0))) == 1
    assert judge_observed(SOFTMAX, observing(SOFTMAX, stub), []).status == "not attempted"


# --- an early end


def test_gone_ends_in_an_error_in_its_words():
    def gone(cases):
        raise Gone("its process ran out of memory.")

    verdict = judge_observed(SOFTMAX, gone, [], seed=0)

    assert (verdict.status, verdict.message) == ("error", "softmax: its process ran out of memory.")


def test_an_error_of_the_one_who_observes_is_passed_on():
    def broken(cases):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        judge_observed(SOFTMAX, broken, [])


@pytest.mark.parametrize("change", [lambda seen: seen[:3], lambda seen: [], lambda seen: [*seen, seen[0]]])
@pytest.mark.parametrize("seed", [None, 0])
def test_another_number_of_observations_is_an_error(change, seed):
    verdict = judge_observed(SOFTMAX, replying(change), [], seed=seed)

    assert (verdict.status, verdict.message) == (
        "error",
        "softmax: its process ended before all of its calls were done.",
    )


# --- what the learner's code chose stays out of messages about hidden cases


@pytest.mark.parametrize(
    ("kind", "told"), [("ValueError", "(ValueError)"), ("X1_5_2_25", "(an error of its own)"), ("dict", "of its own)")]
)
def test_of_an_error_on_hidden_cases_only_the_name_of_a_builtin_is_told(kind, told):
    raises = replying(lambda seen: [Observation(raised=Raised(kind, "x = 1.5, 2.25"), printed="1.5")] * len(seen))

    message = judge_observed(SOFTMAX, raises, [], seed=0).message

    assert message.startswith("softmax: goes wrong on inputs that only grading tries (")
    assert told in message
    assert "2" not in message


def test_of_a_short_cut_on_hidden_cases_no_name_is_told():
    def watched(seen):
        return [dataclasses.replace(got, parts=got.parts | {"calls": {"log_softmax": 1}}) for got in seen]

    verdict = judge_observed(SOFTMAX, replying(watched), [], seed=0)

    assert verdict.mistake == "short cut"
    assert "uses a short cut on inputs that only grading tries; build it from exp, max and sum" in verdict.message


@pytest.mark.parametrize(("hidden", "told"), [(False, "runs 14 operations for size 4 and 98"), (True, "it loops.")])
def test_how_often_it_loops_is_told_at_home_alone(hidden, told):
    def observe(cases):
        if len(cases) != 2:
            return run_all(MATMUL.probe, matmul, cases)
        return [Observation({"calls": {"aten.mul": 14}}), Observation({"calls": {"aten.mul": 98}})]

    verdict = judge_observed(MATMUL, observe, [], seed=0 if hidden else None)

    assert verdict.mistake == "a Python loop"
    assert told in verdict.message
    assert ("14" in verdict.message) is not hidden


def test_what_is_let_pass_on_hidden_cases_is_not_told():
    def refused(cases):
        error = Observation(raised=Raised("ValueError", ""))
        seen = run_all(SOFTMAX.probe, softmax, cases)
        return [error if case.mode == "strided" else got for case, got in zip(cases, seen, strict=True)]

    at_home = judge_observed(SOFTMAX, replying(list), [])
    verdict = judge_observed(SOFTMAX, refused, [], seed=0)

    assert verdict.passed, verdict.message
    assert verdict.message.splitlines()[1:] == at_home.message.splitlines()[1:]


def test_message_is_cut_and_says_so():
    long = replying(lambda seen: [Observation(raised=Raised("ValueError", "", "k" * 9000))] * len(seen))

    message = judge_observed(SOFTMAX, long, []).message

    assert len(message) < MAX_MESSAGE + 100
    assert message.startswith("softmax: ")
    assert "characters in all)" in message


# --- forged observations

DEEP = None
for _ in range(200):
    DEEP = [DEEP]
JUNK = (
    None, True, 0, -1, 10**400, 1.5, float("nan"), float("inf"), "", "1" * 100_000, [0] * 100_000, [float("nan")] * 3,
    DEEP, (), {}, {1: 2, None: "x", "y": [1]}, {"result": {"result": {"result": torch.ones(2)}}}, Opaque("Liar"),
    Raised("E" * 9000, "", ""), Raised("ValueError", "modified by an inplace operation"), Seed(3), torch.float64,
    torch.tensor(torch.nan), torch.full((2, 3), torch.nan), torch.ones(2, 3), torch.ones(0, 3), torch.ones(2, 3) > 0,
    torch.ones(2, 3, dtype=torch.complex64), torch.ones(2, 3, dtype=torch.float16), torch.ones((2, 3), device="meta"),
    torch.ones(2, 3, dtype=torch.uint8), torch.ones(2, 3).double(), torch.zeros(200_000), b"bytes", object(),
)  # fmt: skip


def forge(value, dice):
    """``value``, a part or a piece of one, with junk in one place."""
    if isinstance(value, dict) and value and dice.random() < 0.75:
        key = dice.choice(list(value))
        return {**value, key: forge(value[key], dice)}
    if isinstance(value, (list, tuple)) and value and dice.random() < 0.75:
        i = dice.randrange(len(value))
        return type(value)([*value[:i], forge(value[i], dice), *value[i + 1 :]])
    return dice.choice(JUNK)


@pytest.mark.parametrize("name", EXERCISES)
def test_forged_part_differs_and_upsets_nothing(name):
    exercise, dice = EXERCISES[name], random.Random(name)
    cases = [case for case in exercise.expand(0) if case.mode == "values"][:3]
    for case in cases:
        raw = exercise.probe(exercise.reference, case)
        expected = exercise.measured(case, raw)
        for _ in range(25):
            part = dice.choice(list(raw.parts))
            value = forge(raw.parts[part], dice)
            got = exercise.measured(case, dataclasses.replace(raw, parts={**raw.parts, part: value}))
            found = difference(got, expected, Tolerance(exercise.rtol, exercise.atol))

            # among what is measured, some may be anything: an order of rows, a draw with another generator
            assert found or exercise.measure or repr(value) == repr(raw.parts[part]), (part, value)


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if exercise.measure])
def test_what_is_measured_cannot_be_claimed(name):
    exercise = EXERCISES[name]
    for case in exercise.expand(0):
        raw = exercise.probe(exercise.reference, case)
        expected = exercise.measured(case, raw)
        got = exercise.measured(case, expected)  # the rules that should be found, without what shows them

        as_it_is = raw.parts.keys() == expected.parts.keys()  # nothing is measured of this one
        assert as_it_is or difference(got, expected, Tolerance(exercise.rtol, exercise.atol)), got


@pytest.mark.parametrize("name", ["init_weights", "score_summary", "dropout", "standardize", "mse", "causal_attention"])
def test_forged_observation_earns_nothing(name):
    exercise, dice = EXERCISES[name], random.Random(name)
    for _ in range(3):
        forged = []

        def observe(cases, forged=forged):
            seen = run_all(exercise.probe, exercise.reference, cases)
            part = dice.choice([part for part in seen[0].parts if part not in ("calls", "state")])
            value = dice.choice([junk for junk in JUNK if repr(junk) != repr(seen[0].parts[part])])
            forged.append((part, value))
            seen[0] = dataclasses.replace(seen[0], parts={**seen[0].parts, part: value})
            return seen

        verdict = judge_observed(exercise, observe, [])

        assert not verdict.passed, forged
        assert verdict.message.startswith(f"{name}: ")
        assert len(verdict.message) < MAX_MESSAGE + 100


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: f"{type(junk).__name__}")
@pytest.mark.parametrize("part", ["result", "arguments", "gradients", "state"])
def test_any_value_in_any_part_is_wrong_and_upsets_nothing(part, junk):
    def forged(seen):
        return [dataclasses.replace(got, parts={**got.parts, part: junk}) for got in seen]

    verdict = judge_observed(SOFTMAX, replying(forged), [])

    assert not verdict.passed, verdict.message


@pytest.mark.parametrize(
    "forged",
    [
        Observation({"calls": 3}),
        Observation({"calls": {1: "x", None: None}}),
        Observation(None),
        Observation([1, 2]),
        Observation(raised=Raised(None, None)),
        Observation(raised="ValueError"),
        Observation(printed=3),
        Observation(raised=Raised("NotImplementedError", "", by_learner="yes")),
        3,
        None,
    ],
    ids=repr,
)
@pytest.mark.parametrize("seed", [None, 0])
def test_what_is_no_observation_ends_in_a_verdict(forged, seed):
    verdict = judge_observed(SOFTMAX, replying(lambda seen: [*seen[:-1], forged]), [], seed=seed)
    first = judge_observed(SOFTMAX, replying(lambda seen: [forged, *seen[1:]]), [], seed=seed)

    assert not first.passed
    assert not verdict.passed


@pytest.mark.parametrize("calls", [None, 3, {"aten.mul": "many"}, {3: 3}, {"aten.mul": None}])
def test_counts_that_are_none_end_in_an_error(calls):
    def observe(cases):
        return run_all(MATMUL.probe, matmul, cases) if len(cases) != 2 else [Observation({"calls": calls})] * 2

    assert judge_observed(MATMUL, observe, [], seed=0).status == "error"


def test_overwritten_gradient_excuses_nothing_else():
    """The note about autograd's saved tensors may not hide a wrong result."""

    def forged(seen):
        return [dataclasses.replace(got, parts={**got.parts, "result": DEEP, "gradients": OVERWRITTEN}) for got in seen]

    assert not judge_observed(SOFTMAX, replying(forged), []).passed


def test_comparing_ends_with_the_part_that_is_asked_for_also_where_that_is_equal():
    got, expected = Observation({"result": 1, "arguments": 2}), Observation({"result": 1, "arguments": 3})

    assert difference(got, expected, Tolerance(0, 0), until="result") is None
    assert difference(got, expected, Tolerance(0, 0)).part == "arguments"


def _many_rows(name, case):
    """What an answer brings that gives each row of X ten thousand times."""
    epoch = [[case.args["X"].repeat_interleave(10_000, 0), case.args["y"].repeat_interleave(10_000, 0)]]
    return {"epochs": [epoch] * 4} if name == "minibatches" else {"made": [[[epoch] * 2] * 2] * 4}


@pytest.mark.parametrize("name", ["minibatches", "make_loaders"])
def test_more_rows_than_any_mistake_brings_are_wrong_and_not_looked_at_one_by_one(name):
    exercise = EXERCISES[name]
    case = max(exercise.expand(0), key=lambda case: len(case.args["X"]))
    forged = Observation(_many_rows(name, case))
    expected = exercise.observe(exercise.reference, case)

    assert steps(exercise.measured, case, forged) < 1_000
    assert difference(exercise.measured(case, forged), expected, Tolerance(0, 0)) is not None


def test_a_row_twice_is_a_row_too_often_in_loaders_too():
    exercise = EXERCISES["make_loaders"]
    case = exercise.expand(0)[0]
    forged = exercise.measured(case, Observation(_many_rows("make_loaders", case)))

    assert difference(forged, exercise.observe(exercise.reference, case), Tolerance(0, 0)).part.startswith("no row")


def test_what_is_expected_on_the_meta_device_is_what_the_reference_does_there():
    """It is worked out on the CPU."""
    tried = 0
    for exercise in EXERCISES.values():
        for case in (case for case in exercise.expand(0, {"meta": 2}) if case.mode == "meta"):
            there = exercise.observe(exercise.reference, case)
            assert difference(expected_of(exercise, case), there, Tolerance(0, 0)) is None, exercise.name
            tried += 1
    assert tried
