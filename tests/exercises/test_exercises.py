"""Every exercise, proved: right answers pass, known mistakes are named, contracts hold."""

import dataclasses
import zlib

import pytest
import torch

from autograder.exercise import RANGES, SHORT_CUT, Draw
from autograder.exercises import EXERCISES
from autograder.judge import judge, judge_observed
from autograder.judge.judging import tensors_in
from autograder.syntax import shortcuts
from course_utils.probes import Case, Seed, run_all
from tests.answers import RIGHT, WRONG

SEEDS = (0, 20261121)
MISTAKES = [
    pytest.param(exercise.name, mistake, variant, id=f"{exercise.name}-{mistake.name}-{i}")
    for exercise in EXERCISES.values()
    for mistake in exercise.mistakes
    for i, variant in enumerate(mistake.variants)
]


def _secret(exercise, mistake, i):
    """A seed of grading, another for each variant but the same in every run."""
    return zlib.crc32(f"{exercise.name} {mistake.name} {i}".encode())


IN_GRADING = [
    pytest.param(exercise.name, variant, seed, id=f"{exercise.name}-{mistake.name}-{i}-{seed}")
    for exercise in EXERCISES.values()
    for mistake in exercise.mistakes
    for i, variant in enumerate(mistake.variants)
    for seed in ([_secret(exercise, mistake, i), *SEEDS[1:]] if i == 0 else [_secret(exercise, mistake, i)])
]


def _graded(name, answer, seed):
    """The verdict on the hidden cases alone, which grading asks for before any others."""
    exercise = EXERCISES[name]
    used = shortcuts.in_candidate(answer, exercise.forbidden) if exercise.forbidden else []
    return judge_observed(exercise, lambda cases: run_all(exercise.probe, answer, cases), used, seed=seed)


def _named(answer):
    """The name of an answer, which may be a tuple of functions."""
    return "-".join(part.__name__ for part in answer) if isinstance(answer, tuple) else answer.__name__


@pytest.mark.parametrize("name", EXERCISES)
def test_reference_passes_but_for_being_the_short_cut(name):
    verdict = judge(name, EXERCISES[name].reference, hidden=True)

    assert verdict.passed or verdict.mistake == SHORT_CUT, verdict.message


@pytest.mark.parametrize(
    ("name", "answer"), [pytest.param(n, a, id=f"{n}-{_named(a)}") for n, answers in RIGHT.items() for a in answers]
)
def test_right_answer_passes(name, answer):
    verdicts = [judge(name, answer), *(_graded(name, answer, seed) for seed in SEEDS)]

    assert [verdict.message for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize("name", EXERCISES)
def test_exercise_has_at_least_three_right_answers(name):
    file = f"tests/answers/{EXERCISES[name].lesson.split('_', 1)[-1]}.py"

    assert len(RIGHT.get(name, ())) >= 3, f"RIGHT in {file} has too few answers to {name}"


@pytest.mark.parametrize(("name", "mistake", "variant"), MISTAKES)
def test_known_mistake_is_rejected_and_named_in_a_short_message(name, mistake, variant):
    verdict = judge(name, variant)

    assert not verdict.passed
    assert verdict.mistake == mistake.name, verdict.message
    assert mistake.says in verdict.message
    assert len(verdict.message.splitlines()) <= 5, verdict.message
    assert len(verdict.message) < 800, verdict.message


@pytest.mark.parametrize(("name", "variant", "seed"), IN_GRADING)
def test_known_mistake_is_rejected_by_the_hidden_cases_alone(name, variant, seed):
    verdict = _graded(name, variant, seed)

    assert not verdict.passed
    assert "cannot be judged" not in verdict.message  # a fault of the judge's is no rejection


@pytest.mark.parametrize(("name", "answer", "words"), [pytest.param(*row, id=_named(row[1])) for row in WRONG])
def test_other_wrong_answer_is_rejected_with_its_fact(name, answer, words):
    verdict = judge(name, answer)

    assert not verdict.passed
    assert words in verdict.message


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_is_not_attempted(name):
    def stub(*args, **kwargs):
        raise NotImplementedError

    verdict = judge(name, (stub, stub) if EXERCISES[name].partners else stub, hidden=True)

    assert (verdict.passed, verdict.status) == (False, "not attempted")


@pytest.mark.parametrize("name", EXERCISES)
def test_cases_are_plain_data_and_follow_from_the_seed(name):
    exercise = EXERCISES[name]
    first, again, other = (list(exercise.cases(Draw(seed))) for seed in (1, 1, 2))

    assert [_fingerprint(c) for c in first] == [_fingerprint(c) for c in again]
    assert [_fingerprint(c) for c in first] != [_fingerprint(c) for c in other]
    assert all(_is_plain(value) for args in first for value in args.values())


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if "gradients" in exercise.contracts])
def test_reference_gradients_agree_with_finite_differences(name):
    exercise = EXERCISES[name]
    for args in exercise.cases(Draw(3)):
        tensors = {k: v for k, v in args.items() if isinstance(v, torch.Tensor) and v.is_floating_point()}
        refused = "raises" in exercise.observe(exercise.reference, Case(args)).parts
        if refused or not 0 < sum(t.numel() for t in tensors.values()) <= 120:
            continue

        def f(*inputs, args=args, names=tuple(tensors)):
            values = {**args, **dict(zip(names, inputs, strict=True))}
            return exercise.reference(
                *(torch.Generator().manual_seed(v.value) if isinstance(v, Seed) else v for v in values.values())
            )

        inputs = [t.double().requires_grad_() for t in tensors.values()]
        assert torch.autograd.gradcheck(f, inputs, atol=1e-4)


@pytest.mark.parametrize(("warmup", "total"), [(1, 4), (5, 9), (7, 40)])
def test_the_reference_of_the_schedule_is_pytorchs_own(warmup, total):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total - warmup)
    scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[warmup])
    rates = []
    for _ in range(total + 1):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()

    reference = EXERCISES["warmup_cosine"].reference
    assert [reference(step, warmup, total, 0.5) for step in range(total + 1)] == pytest.approx(rates, abs=1e-12)


@pytest.mark.parametrize("name", EXERCISES)
def test_hidden_cases_are_not_told(name):
    """An answer that is right on the public cases alone: what is said of the others holds none of their numbers."""
    exercise = EXERCISES[name]
    public = [_fingerprint(case.args) for case in exercise.expand(0)]

    def wrong_in_secret(case):
        seen = exercise.probe(exercise.reference, dataclasses.replace(case, barred=None))  # it is a short cut itself
        parts = {name: part for name, part in seen.parts.items() if name != "calls"}
        if _fingerprint(case.args) not in public:
            parts[next(iter(parts))] = torch.tensor(12345.678)
        return dataclasses.replace(seen, parts=parts)

    verdict = judge_observed(exercise, lambda cases: [*map(wrong_in_secret, cases)], [], seed=5)

    assert verdict.message.startswith(f"{name}: goes wrong on inputs that only grading tries (")
    assert "called with" not in verdict.message
    assert not any(character.isdigit() for character in verdict.message.splitlines()[0].removeprefix(name))


@pytest.mark.parametrize("name", EXERCISES)
def test_float_inputs_are_also_large_tiny_zero_negative_size_1_and_long(name):
    exercise = EXERCISES[name]
    given = [t for args in exercise.cases(Draw(0)) for t in tensors_in(args) if t.is_floating_point()]
    missing = {kind for kind, holds in RANGES.items() if given and not any(map(holds, given))}

    assert missing == set(exercise.left_out), "draw one with Draw.wide, or say in left_out why none is"


def _fingerprint(args):
    return repr({k: (v.shape, v.flatten().tolist()) if isinstance(v, torch.Tensor) else v for k, v in args.items()})


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return value is None or isinstance(value, (torch.Tensor, Seed, bool, int, float, str))
