"""What a message says is true: the named mistake, the numbers on both sides, PyTorch's own words, the praise."""

import torch
from torch import nn

from autograder.exercise import Exercise, Mistake
from autograder.exercises import EXERCISES
from autograder.judge import judge, judge_observed
from autograder.judge.compare import MAX_TEXT, Tolerance, difference
from course_utils.probes import Observation, Raised, run_all

TOLERANCE = Tolerance(1e-4, 1e-5)


def fact(got, want):
    return difference(Observation({"result": got}), Observation({"result": want}), Tolerance(0, 0)).fact


def raised(text):
    return difference(Observation(raised=Raised("RuntimeError", text)), Observation(), TOLERANCE).fact


def verdict_on(answer, **parts):
    """The verdict of an exercise made for one test."""
    exercise = Exercise(name="made", lesson="07_layers", **parts)
    return judge_observed(exercise, lambda cases: run_all(exercise.probe, answer, cases), [])


# --- a mistake is named where it goes wrong in the same calls


def test_a_mistake_that_would_pass_the_calls_that_failed_is_not_named():
    def softmax(x, dim):
        e = torch.exp(x - x.amax(dim, keepdim=True))
        return e / (e.sum(dim, keepdim=True) + 1e-5)

    verdict = judge("softmax", softmax)

    assert (verdict.passed, verdict.mistake) == (False, None)


def test_where_nothing_came_back_the_arguments_tell_mistakes_apart():
    def changes(x):
        x.mul_(2)

    def copies(x):
        x.clone().mul_(2)

    made = {
        "reference": lambda x: x * 2,
        "cases": lambda draw: [{"x": torch.tensor([1.0, 2.0])}],
        "mistakes": (Mistake("in place", "The caller's x has changed.", changes),),
        "contracts": (),
    }

    assert verdict_on(changes, **made).mistake == "in place"
    assert verdict_on(copies, **made).mistake is None


def test_of_two_slips_the_known_one_is_named_and_what_is_left_is_told():
    def both(x):
        return x * 2, x + 1

    def first(x):
        return x * 3, x + 1

    def neither(x):
        return x * 3, x - 7

    verdict = verdict_on(
        neither,
        reference=both,
        cases=lambda draw: [{"x": torch.tensor([1.0, 2.0, 4.0])}],
        mistakes=(Mistake("three", "Is it twice x?", first),),
        contracts=(),
    )

    assert verdict.mistake == "three"
    assert verdict.message == (
        "made: returned [3, 6, 12] for result[0]; expected [2, 4, 8]\n"
        "  called with x=torch.tensor([1., 2., 4.])\n"
        "  Is it twice x?\n"
        "  That is not all: it returned [-6, -5, -3] for result[1]; expected [2, 3, 5]"
    )


def test_a_mistake_that_spoils_what_is_right_explains_no_part():
    verdict = verdict_on(
        lambda x: (x * 3, x - 7, x),
        reference=lambda x: (x * 2, x + 1, x),
        cases=lambda draw: [{"x": torch.tensor([1.0, 2.0, 4.0])}],
        mistakes=(Mistake("three", "Is it twice x?", lambda x: (x * 3, x + 1, x * 5)),),
        contracts=(),
    )

    assert verdict.mistake is None


# --- numbers


def test_numbers_are_told_with_as_many_digits_as_set_them_apart():
    assert fact(torch.tensor(3.00001), torch.tensor(3.0)) == "returned 3.00001; expected 3"
    assert fact([3.00001], [3.0]) == "returned 3.00001 for result[0]; expected 3"
    assert fact(torch.tensor([1.0, 3.00001]), torch.tensor([1.0, 3.0])) == "returned [1, 3.00001]; expected [1, 3]"


def test_what_only_float64_shows_is_said():
    got, want = torch.tensor([3.0 + 1e-9], dtype=torch.float64), torch.tensor([3.0], dtype=torch.float64)

    assert fact(got, want) == "returned [3.000000001]; expected [3] (only float64 shows the difference)"


def test_a_fact_of_an_exercise_that_rounds_both_numbers_alike_gives_way():
    verdict = verdict_on(
        lambda x: x + 1e-3,
        reference=lambda x: x * 1,
        cases=lambda draw: [{"x": torch.tensor([1.0, 2.0])}],
        mistakes=(),
        contracts=(),
        fact=lambda args, got, want: f"sums to {got.sum():.0f}; expected {want.sum():.0f}",
    )

    assert "returned [1.001, 2.001]; expected [1, 2]" in verdict.message


# --- PyTorch's own words


def test_missing_keys_are_told_to_the_end():
    def gelu(x):
        nn.Linear(2, 3).load_state_dict({"weights": torch.ones(3, 2)})

    message = judge("gelu", gelu).message

    assert 'Missing key(s) in state_dict: "weight", "bias". Unexpected key(s) in state_dict: "weights".' in message


def test_what_an_op_expects_is_told():
    def gelu(x):
        return torch.add("x", x)

    assert "expected one of" in judge("gelu", gelu).message or "must be Tensor" in judge("gelu", gelu).message
    assert raised("got (int), but expected one of:\n * (Tensor input)\n * (int dim)") == (
        "raised RuntimeError: got (int), but expected one of: * (Tensor input) * (int dim)"
    )


def test_what_only_maintainers_read_is_cut():
    text = "shape '[6]' is invalid\nException raised from infer_size at ../ATen/InferSize.h:40 (most recent call first)"

    assert raised(text) == "raised RuntimeError: shape '[6]' is invalid"


def test_a_very_long_error_is_cut_and_shows_it():
    told = raised("word " * 1000)

    assert len(told) < MAX_TEXT + 60
    assert told.endswith("word ...")


# --- inputs are fresh in every call


def test_a_module_that_changes_its_input_is_told_so_and_nothing_else():
    right = EXERCISES["TransformerBlock"].reference

    class TransformerBlock(right):
        def forward(self, x):
            x += super().forward(x.clone()) - x
            return x

    message = judge("TransformerBlock", TransformerBlock).message

    assert message.startswith("TransformerBlock: left its argument x with ")
    assert "The tensors that come in should stay as they were" in message


def test_a_training_step_that_changes_its_batch_is_told_so():
    right = EXERCISES["train_step"].reference

    def train_step(model, optimizer, criterion, x, y):
        loss = right(model, optimizer, criterion, x, y)
        x.zero_()
        return loss

    assert "left its argument x[0] with " in judge("train_step", train_step).message


# --- praise


def test_only_contracts_that_were_tried_are_praised():
    def doubled(x):
        return x * 2

    made = {"reference": doubled, "mistakes": ()}
    whole = verdict_on(doubled, cases=lambda draw: [{"x": torch.tensor([1, 2])}], **made)
    real = verdict_on(doubled, cases=lambda draw: [{"x": torch.tensor([1.0, 2.0])}], **made)
    number = verdict_on(doubled, cases=lambda draw: [{"x": 2}], **made)

    assert whole.message == "made: passed 5 calls (values, shapes and dtypes, non-contiguous tensors)."
    assert real.message == (
        "made: passed 5 calls (values, shapes and dtypes, gradients, float64, non-contiguous tensors)."
    )
    assert number.message == "made: passed 5 calls (values, shapes and dtypes)."


def test_a_contract_that_was_let_pass_is_not_praised():
    def gelu(x):
        if x.dtype == torch.float64:
            raise TypeError("float32 only")
        return 0.5 * x * (1 + torch.erf(x / 2**0.5))

    first, note = judge("gelu", gelu).message.splitlines()

    assert "float64" not in first
    assert "it raises an error for float64 tensors" in note
