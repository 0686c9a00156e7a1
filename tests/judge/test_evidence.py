"""What an answer does to the evidence: refusing to be watched, lying tensors, words in the place of facts."""

import sys
from contextlib import suppress

import pytest
import torch
from torch import nn

from autograder.exercises import EXERCISES
from autograder.judge import judge
from course_utils.probes import OVERWRITTEN, Case, call, facts, snapshot
from course_utils.probes.watch import Barred, watch_calls


class Liar(torch.Tensor):
    """Says of itself what it likes."""

    requires_grad = property(lambda self: False)
    is_leaf = property(lambda self: True)
    shape = property(lambda self: torch.Size([9]))
    numel = detach = clone = lambda self: torch.zeros(9)


class Lazy(torch.Tensor):
    """Computes with Python what its entries are, when somebody looks."""

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return torch.softmax(torch.ones(3), 0)


class Untrue(torch.autograd.Function):
    """A backward pass that raises autograd's own words."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        raise RuntimeError("one of the variables needed has been modified by an inplace operation")


def stable(x, dim):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def refuses_to_be_traced(x, dim):
    assert sys.gettrace() is None
    return stable(x, dim)


def short_where_nobody_traces(x, dim):
    return torch.softmax(x, dim) if sys.gettrace() is None else stable(x, dim)


def _counting():
    calls = []

    def softmax(x, dim):
        calls.append(1)
        return torch.softmax(x, dim) if len(calls) < 80 else stable(x, dim)  # 80 calls are not the watched ones

    return softmax


def words_for_gradients(x, dim):
    return Untrue.apply(stable(x, dim))


def refuses_meta(x, dim):
    if x.is_meta:
        raise ValueError("no values")
    return stable(x, dim)


def lazy(x, dim):
    return torch.Tensor._make_subclass(Lazy, stable(x, dim).detach())


def hides_its_graph(x, w):
    return (x @ w).as_subclass(Liar)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("softmax", refuses_to_be_traced),
        ("softmax", short_where_nobody_traces),
        ("softmax", _counting()),
        ("softmax", words_for_gradients),
        ("softmax", refuses_meta),
        ("softmax", lazy),
        ("predict_without_graph", hides_its_graph),
    ],
)
def test_evidence_that_is_withheld_earns_nothing(name, answer):
    assert not judge(name, answer, hidden=True).passed


def loops(a, b):
    rows = [[(row * b[:, j]).sum() for j in range(b.shape[1])] for row in a]
    return torch.stack([torch.stack(row) for row in rows])


def raises_before_it_loops(a, b):
    assert sys.gettrace() is None or len(a) < 16
    return loops(a, b)


def loops_untraced(a, b):
    if sys.gettrace():
        sys.settrace(None)
    x, y = a.tolist(), b.T.tolist()
    return a.new_tensor([[sum(p * q for p, q in zip(row, col, strict=True)) for col in y] for row in x])


def gives_up_when_it_is_counted(a, b):
    return a if a.shape[0] in (4, 16) and bool((a == 1).all()) else (a[:, :, None] * b[None]).sum(1)


@pytest.mark.parametrize("answer", [loops, raises_before_it_loops, loops_untraced, gives_up_when_it_is_counted])
def test_what_is_not_counted_is_no_constant_number_of_operations(answer):
    assert not judge("matmul_by_hand", answer).passed


def test_a_tensor_that_was_really_overwritten_is_told_and_let_pass():
    def softmax(x, dim):
        e = torch.exp(x - x.amax(dim, keepdim=True))
        e /= e.sum(dim, keepdim=True)
        return e

    verdict = judge("softmax", softmax, hidden=True)

    assert verdict.passed
    assert "is then changed in place" in verdict.message


@pytest.mark.parametrize("freed", [False, True])
def test_overwritten_is_what_the_versions_say(freed):
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    z = y.sum()
    if freed:
        torch.autograd.grad(z, x)

    assert not facts.overwritten([z])
    y.detach().mul_(2)
    assert facts.overwritten([z]) is not freed


def test_overwritten_is_found_below_operations_written_in_python():
    def answer(x):
        y = x.exp()
        result = torch.utils.checkpoint.checkpoint(lambda t: t * 1, y * 1, use_reentrant=True)
        y.detach().mul_(2)
        return result

    assert call(answer, Case({"x": torch.ones(2)}, "gradients")).parts["gradients"] == OVERWRITTEN


def test_a_tensor_is_copied_as_it_is_whatever_its_class_says():
    x = torch.ones(3, requires_grad=True) * 2

    copy = snapshot(x.as_subclass(Liar))

    assert type(copy) is torch.Tensor
    assert copy.tolist() == [2, 2, 2]
    assert facts.requires_grad(x.as_subclass(Liar))
    assert snapshot(torch.Tensor._make_subclass(Lazy, torch.ones(3))).kind == "Lazy"


@pytest.mark.parametrize(
    ("barred", "run"),
    [
        ("softmax", lambda x: torch.softmax(x, 0)),
        ("softmax", lambda x: torch.ops.aten._softmax(x, 0, False)),
        ("gelu", nn.GELU()),
        ("run_backward", lambda x: torch.autograd.grad((x * x).sum(), x)),
        ("run_backward", lambda x: torch.func.grad(lambda t: (t * t).sum())(x.detach())),
        ("make_dual", lambda x: torch.func.jvp(lambda t: t * t, (x.detach(),), (x.detach(),))),
        ("optim", lambda x: torch.optim.SGD([nn.Parameter(x.detach())], lr=1.0).step()),
    ],
)
def test_what_is_barred_does_not_run_however_it_is_reached(barred, run):
    x = torch.ones(3, requires_grad=True)

    with pytest.raises(Barred), watch_calls(lines=False, barred=[barred]):
        run(x)


def test_what_was_barred_is_known_where_the_answer_goes_on():
    def softmax(x, dim):
        with suppress(Exception):
            return torch.softmax(x, dim)
        return stable(x, dim)

    case = Case({"x": torch.ones(2, 3), "dim": 1}, barred=("softmax",))

    assert call(softmax, case).parts["calls"]["softmax"] == 1


class ClearsHooks:
    """An `evaluate` with a graph, which takes off what might see that."""

    def __call__(self, model, loader, criterion, device):
        model._forward_hooks.clear()
        model.eval()
        total = right = n = 0
        for x, y in loader:
            output = model(x.to(device))
            total += criterion(output, y.to(device)).item() * len(x)
            right += (output.argmax(1) == y.to(device)).sum().item()
            n += len(x)
        return total / n, right / n


def generate_with_an_unrelated_detach(model, tokens, steps, temperature, generator):
    for _ in range(steps):
        tokens.detach()
        logits = model(tokens)[:, -1]
        logits.detach()
        following = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)
        tokens = torch.cat([tokens, following], dim=1)
    return tokens


def generate_on_detached_ones(model, tokens, steps, temperature, generator):
    for _ in range(steps):
        scores = (model(tokens)[:, -1] / temperature).detach()
        tokens = torch.cat([tokens, torch.multinomial(scores.softmax(-1), 1, generator=generator)], dim=1)
    return tokens


def test_a_graph_is_seen_past_cleared_hooks_and_unrelated_detaching():
    evaluated = judge("evaluate", ClearsHooks())

    assert "graph" in evaluated.message
    assert not judge("generate", generate_with_an_unrelated_detach).passed
    assert judge("generate", generate_on_detached_ones).passed


def save(path, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path)


def _loading(weights_only, refuse_again):
    seen = []

    def load(path, model, optimizer):
        seen.append(path)
        if refuse_again and len(seen) % 2 == 0:
            raise ValueError("not a second time")
        found = torch.load(path, weights_only=weights_only)
        model.load_state_dict(found["model"])
        optimizer.load_state_dict(found["optimizer"])
        return found["epoch"]

    return load


def test_refusing_a_second_file_unread_is_no_refusal_of_what_is_in_it():
    assert judge("save_checkpoint", (save, _loading(True, False))).passed
    assert not judge("save_checkpoint", (save, _loading(False, True))).passed


@pytest.mark.parametrize("name", ["train_epoch", "evaluate", "fit"])
def test_what_never_gets_to_a_model_has_moved_nothing(name):
    exercise = EXERCISES[name]
    case = next(case for case in exercise.expand(0) if case.mode == "meta")

    def gives_up(*args):
        raise ValueError

    assert not any(value for part, value in exercise.probe(gives_up, case).parts.items() if part != "state")
