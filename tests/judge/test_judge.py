"""The judge itself: statuses, messages, and what an answer may and may not do."""

import logging
import re
import subprocess
import sys
import warnings

import pytest
import torch

from autograder.judge import judge
from autograder.syntax import shortcuts
from course_utils import CheckFailed, check
from course_utils.checking import NotAnExercise, judge_with
from tests.answers import RIGHT


def softmax(x, dim):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def test_the_message_has_a_fact_the_call_and_a_question():
    verdict = judge("softmax", lambda x, dim: torch.softmax(x, 1 - dim if x.dim() == 2 and dim in (0, 1) else dim))

    assert verdict.message == (
        "softmax: along dim=1 your values sum to [2.112, 0.8881]; expected [1, 1]\n"
        "  called with x=torch.tensor([[1., 2., 3.], [1., 1., 1.]]), dim=1\n"
        "  Your values sum to 1 along another dim. Over which dim do you sum, and is it `dim`?"
    )


def test_error_names_the_call_and_the_learners_line():
    def broken(x, dim):
        return x.exp() / undefined_name  # noqa: F821 - the error is what is judged

    verdict = judge("softmax", broken)

    assert (verdict.passed, verdict.status) == (False, "error")
    assert "raised NameError: name 'undefined_name' is not defined" in verdict.message
    assert re.search(r"line \d+: return x\.exp\(\) / undefined_name", verdict.message)
    assert "called with x=torch.tensor([[1., 2., 3.], [1., 1., 1.]]), dim=1" in verdict.message


def test_a_program_that_does_what_it_did_when_it_came_is_not_attempted_however_it_is_written():
    def rewritten(q, k, v):
        return torch.softmax(torch.einsum("btc,bsc->bts", q, k) / q.shape[-1] ** 0.5, dim=-1) @ v

    verdict = judge("attend", rewritten, hidden=True)

    assert (verdict.passed, verdict.status, verdict.mistake) == (False, "not attempted", "as it came")
    assert verdict.message == (
        "attend: not attempted yet: the program still does what it did when it came.\n"
        "  The model knows letters that nobody could guess. Which positions does a position see?"
    )


def test_a_half_mend_of_a_program_is_wrong_and_named():
    def with_zeros(q, k, v):
        scores = q @ k.mT / q.shape[-1] ** 0.5
        return (scores * torch.ones_like(scores[0]).tril()).softmax(dim=-1) @ v

    verdict = judge("attend", with_zeros)

    assert (verdict.status, verdict.mistake) == ("wrong", "scores of 0")


def test_missing_return_is_told():
    assert (
        "returned None; expected a tensor of shape (2, 3). Is a `return` missing?"
        in judge("softmax", lambda x, dim: None).message
    )


def test_shape_is_told_before_values():
    assert "returned shape (2,); expected (2, 3)" in judge("softmax", lambda x, dim: x.sum(dim)).message


def test_values_that_are_close_show_the_largest_difference_and_its_place():
    message = judge("softmax", lambda x, dim: softmax(x, dim) + 0.01 * torch.arange(x.numel()).reshape(x.shape)).message

    assert "sum to [1.03, 1.12]; expected [1, 1]" in message


def test_exit_inside_an_answer_is_an_error_of_that_answer():
    assert judge("gelu", lambda x: sys.exit(3)).status == "error"


@pytest.mark.parametrize("wrong", [3, None, "softmax", torch.ones(2)])
def test_not_a_function_is_said(wrong):
    verdict = judge("softmax", wrong)

    assert verdict.status == "error"
    assert "expected the function or class itself" in verdict.message


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("save_checkpoint", softmax, "came as one function; expected check((save_checkpoint, load_checkpoint))."),
        ("softmax", (softmax, softmax), "came as 2 functions; expected check(softmax)."),
    ],
)
def test_another_number_of_functions_than_the_exercise_asks_for_is_said(name, answer, message):
    assert judge(name, answer).message == f"{name}: {message}"


def test_unknown_exercise_names_the_nearest():
    with pytest.raises(KeyError, match=r"softmaxx is not an exercise of this course\. Did you mean softmax"):
        judge("softmaxx", softmax)


def test_state_of_torch_is_put_back():
    def careless(x, dim):
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(1)
        return softmax(x, dim)

    before = torch.random.get_rng_state()
    judge("softmax", careless)

    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.random.get_rng_state(), before)


def _seeds_first(answer):
    def seeds(*args):
        torch.manual_seed(0)
        return answer(*args)

    return seeds


@pytest.mark.parametrize("name", ["softmax", "dropout", "make_loaders", "train_step", "describe", "count_parameters"])
def test_an_answer_that_seeds_the_global_generator_is_told_so(name):
    verdict = judge(name, _seeds_first(RIGHT[name][0]))

    assert (verdict.passed, verdict.status) == (False, "wrong")
    assert "seeds torch's global generator" in verdict.message
    assert "is there a torch.manual_seed in it?" in verdict.message


def test_a_module_that_seeds_the_global_generator_when_it_is_made_is_told_so():
    class Seeding(RIGHT["FeedForward"][0]):
        def __init__(self, *args):
            torch.manual_seed(0)
            super().__init__(*args)

    assert "seeds torch's global generator" in judge("FeedForward", Seeding).message


def test_an_answer_that_draws_from_the_global_generator_or_puts_it_back_may_do_so():
    def draws(x, dim):
        torch.randn(3)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
        return softmax(x, dim)

    assert judge("softmax", draws).passed


def test_object_that_claims_to_equal_everything_is_no_tensor():
    class Yes:
        def __eq__(self, other):
            return True

        __hash__ = None

    assert "a value of type Yes" in judge("softmax", lambda x, dim: Yes()).message


def test_tensor_subclass_that_lies_is_compared_by_its_entries():
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return torch.tensor(True)

    assert not judge("softmax", lambda x, dim: torch.zeros(x.shape).as_subclass(Liar)).passed


def test_huge_expanded_result_is_not_copied():
    verdict = judge("softmax", lambda x, dim: torch.ones(1).expand(10**12))

    assert "returned shape (1000000000000,); expected (2, 3)" in verdict.message


def test_very_long_list_is_not_copied():
    verdict = judge("tensor_from_rows", lambda rows: [0] * 10**6)

    assert "returned a value of type list of 1000000 values; expected a tensor" in verdict.message


def test_what_the_code_printed_for_the_failing_call_is_shown():
    def talks(x, dim):
        print("here", x.shape)
        return x

    assert "Your code printed: here torch.Size([2, 3])" in judge("softmax", talks).message


def test_backward_that_fails_through_an_in_place_step_is_said_but_passes():
    def in_place(x, dim):
        e = (x - x.amax(dim, keepdim=True)).exp_()
        e /= e.sum(dim, keepdim=True)
        return e

    verdict = judge("softmax", in_place)

    assert verdict.passed
    assert "One thing to know: backward() through it fails" in verdict.message


def test_code_for_contiguous_float32_passes_with_a_word_about_it():
    def narrow(x, weight, bias):
        flat = x.view(-1, x.shape[-1])
        return (flat @ weight.t() + bias + torch.zeros(len(bias)).matmul(torch.zeros(len(bias), 1))).view(
            *x.shape[:-1], len(bias)
        )

    verdict = judge("linear", narrow)

    assert verdict.passed
    assert "non-contiguous tensors" in verdict.message


# --- short cuts


@pytest.mark.parametrize(
    "source",
    [
        "def softmax(x, dim): return torch.softmax(x, dim)",
        "import torch.nn.functional as G\ndef softmax(x, dim): return G.softmax(x, dim)",
        "from torch.nn.functional import softmax as s\ndef softmax(x, dim): return s(x, dim)",
        "def softmax(x, dim):\n    from torch import nn\n    return nn.Softmax(dim)(x)",
        "import torch\nf = torch.nn.functional.softmax\ndef softmax(x, dim): return f(x, dim)",
        "def softmax(x, dim): return x.softmax(dim)",
        "def softmax(x, dim): return getattr(torch, 'softmax')(x, dim)",
        "def softmax(x, dim): return torch.ops.aten._softmax(x, dim, False)",
    ],
)
def test_short_cut_is_seen_in_source(source):
    assert shortcuts.in_source(source, ("softmax",)) == ["softmax"]


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, b): return a @ b",
        "def f(a, b):\n    a @= b\n    return a",
        "def f(a, b): return a.__matmul__(b)",
        "import numpy\ndef f(a, b): return torch.from_numpy(numpy.matmul(a.numpy(), b.numpy()))",
        "from numpy import matmul as m\ndef f(a, b): return torch.from_numpy(m(a.numpy(), b.numpy()))",
    ],
)
def test_matrix_product_is_seen_in_source_in_every_spelling(source):
    assert shortcuts.in_source(source, ("matmul",)) == ["matmul"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda a, b: torch.from_numpy(a.numpy() @ b.numpy()),
        lambda a, b: torch.tensor([row.numpy().__matmul__(b.numpy()).tolist() for row in a]),
        lambda a, b: (lambda c: torch.from_numpy(c.numpy() @ b.numpy()))(a),
    ],
)
def test_matrix_product_is_seen_in_a_lambda_which_has_no_source_of_its_own(answer):
    assert shortcuts.in_candidate(answer, ("matmul",)) == ["matmul"]


@pytest.mark.parametrize(
    "source",
    [
        "def softmax(x, dim):\n    'Not torch.softmax.'\n    return x.exp() / x.exp().sum(dim, keepdim=True)",
        "def soft(x): return softmax(x, 0)",
        "class A:\n    def forward(self, x): return self.softmax(x)",
    ],
)
def test_own_code_is_no_short_cut(source):
    assert shortcuts.in_source(source, ("softmax",)) == []


library_softmax = torch.nn.functional.softmax


def _helper(x, dim):
    return library_softmax(x, dim)


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, dim: library_softmax(x, dim),
        lambda x, dim: _helper(x, dim),
        lambda x, dim: torch.nn.Softmax(dim=dim)(x),
        lambda x, dim: x.softmax(dim) if x.dim() == 4 else softmax(x, dim),
        lambda x, dim: torch.ops.aten._softmax(x, dim, False),
        lambda x, dim: torch.exp(torch.log_softmax(x, dim)),
    ],
)
def test_short_cut_earns_nothing(answer):
    verdict = judge("softmax", answer)

    assert (verdict.passed, verdict.mistake) == (False, "short cut")
    assert "build it from exp, max and sum" in verdict.message


def test_comparing_with_the_library_outside_of_the_answer_is_fine():
    x = torch.randn(3, 4)
    assert torch.allclose(softmax(x, 0), torch.softmax(x, 0))

    assert judge("softmax", softmax).passed


# --- check()


def test_check_prints_a_line_when_it_passes(capsys):
    assert check(softmax) is None

    assert capsys.readouterr().out.startswith("softmax: passed 102 calls (values, shapes and dtypes, gradients")


def test_check_raises_the_message_when_it_fails():
    def gelu(x):
        return torch.relu(x)

    with pytest.raises(CheckFailed, match="This is ReLU") as caught:
        check(gelu)

    assert isinstance(caught.value, AssertionError)
    assert caught.value.verdict.mistake == "ReLU"
    assert caught.value._render_traceback_() == [f"CheckFailed: {caught.value}"]


@pytest.mark.parametrize("thing", [3, None, softmax(torch.ones(2), 0), ()])
def test_check_says_what_it_expects(thing):
    with pytest.raises(NotAnExercise, match=r"expected the function or class of an exercise"):
        check(thing)


def test_check_of_an_unknown_name_lists_near_ones():
    def soft_max(x, dim):
        return x

    with pytest.raises(NotAnExercise, match=r"soft_max is not an exercise of this course\. Did you mean softmax"):
        check(soft_max)


def test_check_writes_nothing_to_stderr(capfd):
    def gelu(x):
        warnings.warn("careful", stacklevel=2)
        print("to stderr", file=sys.stderr)
        logging.getLogger("learner").warning("logged")
        return 0.5 * x * (1 + torch.erf(x / 2**0.5))

    check(gelu)

    assert capfd.readouterr().err == ""


def test_check_can_ask_another_judge():
    from autograder.judge import Verdict
    from course_utils import checking

    asked = []

    def elsewhere(name, answer):
        asked.append(name)
        return Verdict(True, "passed", "softmax: passed far away.")

    local = checking._judge
    try:
        judge_with(elsewhere)
        check(softmax)
    finally:
        judge_with(local)

    assert asked == ["softmax"]


def test_course_utils_does_not_import_the_judge():
    code = "import course_utils, sys; print([m for m in sys.modules if m.startswith('autograder')])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
