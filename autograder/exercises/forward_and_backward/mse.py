"""Lesson 5, exercise 2: mse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from autograder.exercise import SHORT_CUT, Draw, Exercise, Mistake
from autograder.exercises.numerals import number
from course_utils.probes.forward_and_backward import call_loss

Tensor = torch.Tensor


def _cases(draw: Draw) -> Iterator[dict]:
    yield {"y_hat": torch.tensor([3.0, 5.0, 2.0]), "y": torch.tensor([1.0, 4.0, 4.0])}
    # first of all the pair that the lesson breaks: it broadcasts to (3, 3)
    yield {"y_hat": torch.tensor([[1.0], [2.0], [3.0]]), "y": torch.tensor([1.0, 2.0, 3.0])}
    a, b, c, d = draw.sizes(4, low=3, high=8)
    for shape in [(a,), (b, 1), (a, c), (c, c), (a, b, c), (1,), (1, d)]:
        yield {"y_hat": draw.normal(*shape, std=2.0), "y": draw.normal(*shape, mean=1.0)}
    for one, other in [
        ((a,), (a, 1)),
        ((a, b), (b,)),
        ((a, b), (1, b)),
        ((a, 1), (a, b)),
        ((1, b), (b,)),
        ((1,), (1, 1)),
        ((c,), (1,)),
        ((), (c,)),
        ((c, c), (c,)),
        ((a, b), (b, a)),
        ((a, b), (a * b,)),
        ((a, b, c), (b, c)),
        ((a,), (b,)),
        ((a, b), (a, c)),
        ((a, b), (c, b)),
        ((a, d), (b, c)),
    ]:
        yield {"y_hat": draw.normal(*one), "y": draw.normal(*other)}
    yield {"y_hat": draw.wide(1, 130), "y": draw.normal(1, 130)}


def _mean(y_hat: Tensor, y: Tensor) -> Tensor:
    return ((y_hat - y) ** 2).mean()


def _refuse(differ: Callable[[Tensor, Tensor], bool], error: type[Exception] = ValueError) -> Callable:
    """A first line that raises ``error`` where the two tensors ``differ`` in some respect."""

    def check(y_hat: Tensor, y: Tensor) -> None:
        if differ(y_hat, y):
            raise error

    return check


def _shapes(y_hat: Tensor, y: Tensor) -> bool:
    return y_hat.shape != y.shape


_let_pass = _refuse(lambda y_hat, y: False)
_right_check = _refuse(_shapes)


def _loss(reduce: Callable = _mean, check: Callable = _right_check) -> Callable:
    """A loss with one of its parts changed, or both."""

    def wrong(y_hat: Tensor, y: Tensor) -> Any:
        check(y_hat, y)
        return reduce(y_hat, y)

    return wrong


def _both(*reductions: Callable) -> tuple[Callable, ...]:
    """Each wrong reduction behind the right check, and without any."""
    return tuple(_loss(reduce, check) for reduce in reductions for check in (_right_check, _let_pass))


def _no_error(y_hat: Tensor, y: Tensor) -> Any:
    return None if _shapes(y_hat, y) else _mean(y_hat, y)


def _only_where_impossible(y_hat: Tensor, y: Tensor) -> Tensor:
    try:
        return _mean(y_hat, y)
    except RuntimeError as error:
        raise ValueError from error


def _how_far(args: Mapping[str, Any], got: Tensor, expected: Tensor) -> str | None:
    if args["y"].numel() > 3:
        return None
    squares = ", ".join(map(number, ((args["y_hat"] - args["y"]) ** 2).flatten().tolist()))
    return f"returned {number(got)}; expected {number(expected)}, the mean of the squares {squares}"


MSE = Exercise(
    name="mse",
    lesson="05_forward_and_backward",
    reference=_loss(),
    cases=_cases,
    probe=call_loss,
    fact=_how_far,
    forbidden=("mse_loss",),  # nn.MSELoss counts as the same name
    instead="a difference, a square and a mean",
    mistakes=(
        Mistake(
            SHORT_CUT,
            "That is the loss you are building, ready made. Which three small steps does it take?",
            _both(F.mse_loss),
        ),
        Mistake(
            "silent broadcasting",
            "The shapes differ, and PyTorch stretches one to fit the other, or fails in words of its own. What do you "
            "compare before you subtract?",
            (
                _loss(check=_let_pass),
                _loss(lambda y_hat, y: (y_hat - y).square().sum() / y.numel(), _let_pass),
                _loss(lambda y_hat, y: (y_hat - y).square().sum() / y_hat.numel(), _let_pass),
                _loss(lambda y_hat, y: F.l1_loss(y_hat, y, reduction="none").square().mean(), _let_pass),
            ),
        ),
        Mistake(
            "mends the shapes",
            "You bring the two shapes into line and go on. Which entry belongs to which is a guess: raise ValueError, "
            "and let the caller decide.",
            (
                _loss(lambda y_hat, y: _mean(y_hat, y.reshape(y_hat.shape)), _let_pass),
                _loss(lambda y_hat, y: _mean(y_hat.reshape(y.shape), y), _let_pass),
                _loss(lambda y_hat, y: _mean(y_hat.flatten(), y.flatten()), _let_pass),
                _loss(lambda y_hat, y: _mean(y_hat.squeeze(), y.squeeze()), _let_pass),
                _loss(lambda y_hat, y: _mean(y_hat.squeeze(), y), _let_pass),
                _loss(lambda y_hat, y: _mean(y_hat.squeeze(-1), y.squeeze(-1)), _let_pass),
            ),
        ),
        Mistake(
            "checks too little",
            "You compare a part of the shapes, or only whether they broadcast. Which pair of different shapes slips "
            "through?",
            (
                _loss(check=_refuse(lambda y_hat, y: y_hat.shape[:1] != y.shape[:1])),
                _loss(check=_refuse(lambda y_hat, y: len(y_hat) != len(y))),
                _loss(check=_refuse(lambda y_hat, y: y_hat.size(0) != y.size(0))),
                _loss(check=_refuse(lambda y_hat, y: y_hat.shape[-1:] != y.shape[-1:])),
                _loss(check=_refuse(lambda y_hat, y: y_hat.numel() != y.numel())),
                _loss(check=_refuse(lambda y_hat, y: y_hat.dim() != y.dim())),
                _loss(check=_refuse(lambda y_hat, y: (y_hat.dim(), y_hat.numel()) != (y.dim(), y.numel()))),
                _loss(check=_refuse(lambda y_hat, y: (y_hat.dim(), y_hat.shape[:1]) != (y.dim(), y.shape[:1]))),
                _loss(check=_refuse(lambda y_hat, y: sorted(y_hat.shape) != sorted(y.shape))),
                _only_where_impossible,
            ),
        ),
        Mistake(
            "no error is raised",
            "Where the shapes differ, your code goes on to its end. An error stops the caller only if it is raised: "
            "`raise ValueError(...)`, not `return` or `print`.",
            _no_error,
        ),
        Mistake(
            "another error",
            "You notice that the shapes differ, and raise another error. Callers look for ValueError.",
            tuple(
                _loss(check=_refuse(_shapes, error))
                for error in (AssertionError, RuntimeError, TypeError, IndexError, NameError, Exception)
            ),
        ),
        Mistake(
            "refuses equal shapes",
            "You raise the error where the shapes agree. Which way round is the comparison?",
            _loss(check=_refuse(lambda y_hat, y: y_hat.shape == y.shape)),
        ),
        Mistake(
            "sum",
            "You add the squares up. By how many entries is a sum divided to become a mean?",
            _both(lambda y_hat, y: ((y_hat - y) ** 2).sum()),
        ),
        Mistake(
            "returns a float and loses the graph",
            "The number is right, but it is cut off from the graph, so no gradient can flow back. Does a step turn the "
            "tensor into a plain number, or detach it?",
            _both(
                lambda y_hat, y: _mean(y_hat, y).item(),
                lambda y_hat, y: _mean(y_hat, y).detach(),
                lambda y_hat, y: torch.tensor(_mean(y_hat, y).item()),
                lambda y_hat, y: torch.tensor([_mean(y_hat, y).item()]),
            ),
        ),
        Mistake(
            "divides by the rows",
            "The mean is over all entries, columns too. How many entries has a tensor of shape (n, m)?",
            _both(
                lambda y_hat, y: ((y_hat - y) ** 2).sum() / len(y),
                lambda y_hat, y: ((y_hat - y) ** 2).sum() / y.shape[-1],
            ),
        ),
        Mistake(
            "halved",
            "Some books put 1/2 in front, so that it cancels the 2 of the derivative. A mean of squares has none.",
            _both(
                lambda y_hat, y: _mean(y_hat, y) / 2,
                lambda y_hat, y: ((y_hat - y) ** 2).sum() / (2 * len(y)),
            ),
        ),
        Mistake(
            "a mean along one dim",
            "A mean over all entries is one number, of shape (). Which argument of mean, or which missing one, leaves "
            "a dim?",
            _both(
                lambda y_hat, y: ((y_hat - y) ** 2).mean(0),
                lambda y_hat, y: ((y_hat - y) ** 2).mean(-1),
                lambda y_hat, y: ((y_hat - y) ** 2).mean().reshape(1),
                lambda y_hat, y: ((y_hat - y) ** 2).mean(0, keepdim=True),
                lambda y_hat, y: (y_hat - y) ** 2,
            ),
        ),
        Mistake(
            "not squared",
            "The differences have to be squared, each of them. Are yours left as they are, or made positive otherwise?",
            _both(
                lambda y_hat, y: (y_hat - y).abs().mean(),
                lambda y_hat, y: (y_hat - y).mean(),
                lambda y_hat, y: (y - y_hat).mean(),
                lambda y_hat, y: (y_hat - y).abs().sum(),
            ),
        ),
        Mistake(
            "squares too early or too late",
            "First the difference, then its square, then the mean. In which order do you take the three steps?",
            _both(
                lambda y_hat, y: (y_hat - y).mean() ** 2,
                lambda y_hat, y: (y_hat**2 - y**2).mean(),
                lambda y_hat, y: (y_hat.mean() - y.mean()) ** 2,
                lambda y_hat, y: (y_hat - y).sum() ** 2,
                lambda y_hat, y: (y_hat - y).sum() ** 2 / y.numel(),
            ),
        ),
        Mistake(
            "a root",
            "This is the root of the mean square. The loss of this lesson is the mean square itself.",
            _both(
                lambda y_hat, y: _mean(y_hat, y).sqrt(),
                lambda y_hat, y: (y_hat - y).norm(),
            ),
        ),
        Mistake(
            "the sign",
            "Squares are never negative, and their mean is not either. Where does your minus come from?",
            _both(lambda y_hat, y: -_mean(y_hat, y)),
        ),
    ),
)
