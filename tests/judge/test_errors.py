"""Errors that a beginner meets first: each is raised for real, so that new words of PyTorch's are noticed."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from autograder.judge import judge
from autograder.judge.errors import EXPLAINED, explain
from course_utils.probes import Raised

X = torch.arange(6.0).reshape(2, 3)


def _with_a_class():
    with torch.no_grad:
        pass


def _changes_a_leaf():
    w = torch.ones(2, requires_grad=True)
    w += 1


def _twice():
    loss = (torch.ones(2, requires_grad=True) ** 2).sum()
    loss.backward()
    loss.backward()


def _without_else():
    if X[0, 0] > 0:
        y = 1
    return y


ERRORS = {
    "After `with` stands a class": _with_a_class,
    "neither true nor false": lambda: bool(X),
    "A layer is made first": lambda: nn.ReLU(X).sum(),
    "A class is given": lambda: nn.Sequential(nn.Linear(3, 2), nn.ReLU),
    "Something is None": lambda: X.grad.zero_(),
    "nothing that was recorded": lambda: X.sum().backward(),
    "may not change while autograd": _changes_a_leaf,
    "has gone through this graph before": _twice,
    "starts from a single number": lambda: (torch.ones(2, requires_grad=True) * 2).backward(),
    "A matrix product takes": lambda: X @ X,
    "lined up from the last dim": lambda: X - X.mean(1),
    "gather wants an index": lambda: X.gather(1, torch.tensor([0, 1])),
    "looks for the classes in dim 1": lambda: F.cross_entropy(torch.ones(2, 3, 4), torch.ones(2, 3, dtype=torch.int64)),
    "can choose entries": lambda: X[torch.tensor([0.0, 1.0])],
    "different devices": lambda: X + torch.ones(2, 3, device="meta"),
    "Two dtypes meet": lambda: X @ torch.ones(3, 2, dtype=torch.float64),
    "it has no entries to go through": lambda: X[0, 0][:],
    "take the number out": lambda: X.item(),
    "view needs numbers": lambda: X.T.view(6),
    "there is Python's math": lambda: torch.cos(1.0),
    "never gets a value": _without_else,
    "no function": lambda: X(1),
}


@pytest.mark.parametrize("words", ERRORS)
def test_an_error_that_torch_raises_is_explained(words):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (of any kind)
        ERRORS[words]()

    assert words in explain(Raised(caught.type.__name__, str(caught.value)))


def test_each_explanation_has_an_error_that_it_is_for():
    assert {says for _, says in EXPLAINED} == {next(says for _, says in EXPLAINED if words in says) for words in ERRORS}


def test_where_no_mistake_is_known_the_message_explains_the_error():
    def softmax(x, dim):
        with torch.no_grad:
            return x.exp() / x.exp().sum(dim, keepdim=True)

    assert judge("softmax", softmax).message.splitlines()[-1] == (
        "  After `with` stands a class. `torch.no_grad` only names it; `torch.no_grad()` makes what `with` needs."
    )


def test_an_error_of_the_answers_own_is_left_alone():
    assert explain(Raised("ValueError", "Expected target size", by_learner=True)) is None
