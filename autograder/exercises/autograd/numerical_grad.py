"""numerical_grad: a gradient without autograd, by nudging one entry at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from autograder.exercises.autograd.copies import LESSON, NO_GRADIENT_YET, leaf
from course_utils.probes.autograd import run_function


def _cases(draw: Draw) -> Iterator[dict]:
    yield {"f": "(x ** 3).sum()", "x": torch.tensor([1.0, 2.0]), "eps": 0.5}
    yield {"f": "x.prod()", "x": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "eps": 0.25}
    a, b, c = draw.sizes(3, high=5)
    yield {"f": "(x ** 3).sum()", "x": draw.normal(a)}
    yield {"f": "(x.sin() * x.flip(0)).sum()", "x": draw.normal(a, b), "eps": draw.uniform(0.1, 0.4)}
    yield {"f": "x.cumsum(-1).square().mean()", "x": draw.normal(b, c, 2), "eps": 0.01}
    yield {"f": "(x @ x.mT).exp().mean()", "x": draw.normal(b, c, std=0.4), "eps": draw.uniform(0.1, 0.3)}
    yield {"f": "x.softmax(0)[0].square().sum()", "x": draw.normal(c, a), "eps": draw.uniform(0.2, 0.6)}
    yield {"f": "(x ** 3).sum()", "x": draw.normal(1)}
    yield {"f": "(x ** 3).sum()", "x": draw.wide(1, 40), "eps": 0.5}


def _nudge(x: torch.Tensor, i: int, by: float) -> torch.Tensor:
    """A copy of x with its i-th entry, counted row by row, moved."""
    moved = x.detach().clone(memory_format=torch.contiguous_format)
    moved.view(-1)[i] += by
    return moved


def _entry_by_entry(slope: Callable) -> Callable:
    """An answer whose i-th entry is ``slope(f, x, i, eps)``."""

    def answer(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
        slopes = [float(slope(f, x, i, eps)) for i in range(x.numel())]
        return torch.tensor(slopes, dtype=torch.float64).reshape(x.shape)

    return answer


def _central(f: Callable, x: torch.Tensor, i: int, eps: float) -> torch.Tensor:
    return (f(_nudge(x, i, eps)) - f(_nudge(x, i, -eps))) / (2 * eps)


def _with(change: Callable) -> Callable:
    """An answer that takes the slope at ``change(x)`` in place of x."""
    return lambda f, x, eps=1e-4: _entry_by_entry(_central)(f, change(x), eps)


def _in_float32(f: Callable, x: torch.Tensor, i: int, eps: float) -> torch.Tensor:
    return _central(f, x.float(), i, eps)


def _reshaped(shape: Callable) -> Callable:
    return lambda f, x, eps=1e-4: shape(_entry_by_entry(_central)(f, x, eps))


def _drifting(*moves: float, divide: float = 2.0, restore: float = 0.0) -> Callable:
    """An answer that moves an entry of x itself: by ``moves[0] * eps``, f, ``moves[1] * eps``, f, ``restore * eps``."""

    def answer(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
        entries, slopes = x.view(-1), []
        for i in range(x.numel()):
            entries[i] += moves[0] * eps
            first = float(f(x))
            entries[i] += moves[1] * eps
            slopes.append((first - float(f(x))) / (divide * eps))
            entries[i] += restore * eps
        return torch.tensor(slopes, dtype=torch.float64).reshape(x.shape)

    return answer


def _plus_under_another_name(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
    """x_plus and x_minus are both x: what is done to one is done to the other."""
    x_plus, x_minus = x.view(-1), x.view(-1)
    slopes = []
    for i in range(x.numel()):
        x_plus[i] += eps
        x_minus[i] -= eps
        slopes.append(float(f(x_plus.view(x.shape)) - f(x_minus.view(x.shape))) / (2 * eps))
    return torch.tensor(slopes, dtype=torch.float64).reshape(x.shape)


def _one_after_the_other_in_one_copy(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
    return _drifting(1, -2)(f, x.clone(), eps)


def _only_plus_on_x(minus: Callable) -> Callable:
    """x_plus is x itself; x_minus is made by ``minus``, before x is moved or afterwards."""

    def answer(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
        entries, slopes = x.view(-1), []
        for i in range(x.numel()):
            before = _nudge(x, i, -eps)
            entries[i] += eps
            slopes.append(float(f(x) - f(minus(before, x, i, eps))) / (2 * eps))
        return torch.tensor(slopes, dtype=torch.float64).reshape(x.shape)

    return answer


def _made_before(before: torch.Tensor, *_: Any) -> torch.Tensor:
    return before


def _made_afterwards(_: torch.Tensor, x: torch.Tensor, i: int, eps: float) -> torch.Tensor:
    return _nudge(x, i, -eps)


def _all_at_once(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
    return (f(x + eps) - f(x - eps)) / (2 * eps)


def _autograd(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
    copy = leaf(x)
    return torch.autograd.grad(f(copy), copy)[0]


def _row(x: torch.Tensor, i: int, by: float) -> torch.Tensor:
    """A copy of x with a whole row moved."""
    moved = x.clone()
    moved[i] += by
    return moved


def _fill_rows(slopes: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return slopes.reshape(-1, *(1,) * (x.dim() - 1)).expand(x.shape)


def _one_per_row(slopes: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return slopes


def _by_row(shape: Callable) -> Callable:
    def answer(f: Callable, x: torch.Tensor, eps: float = 1e-4) -> torch.Tensor:
        slopes = [float(f(_row(x, i, eps)) - f(_row(x, i, -eps))) / (2 * eps) for i in range(len(x))]
        return shape(torch.tensor(slopes, dtype=torch.float64), x)

    return answer


def _flat_to_f(f: Callable, x: torch.Tensor, i: int, eps: float) -> torch.Tensor:
    return (f(_nudge(x, i, eps).flatten()) - f(_nudge(x, i, -eps).flatten())) / (2 * eps)


def _entry_to_f(f: Callable, x: torch.Tensor, i: int, eps: float) -> torch.Tensor:
    entry = x.flatten()[i]
    return (f(entry + eps) - f(entry - eps)) / (2 * eps)


NUMERICAL_GRAD = Exercise(
    name="numerical_grad",
    lesson=LESSON,
    reference=_entry_by_entry(_central),
    cases=_cases,
    probe=run_function,
    contracts=("float64",),
    rtol=1e-6,
    atol=1e-6,
    mistakes=(
        Mistake(
            "one-sided",
            "One of your two values belongs to x itself. A central difference looks to both sides: where does x - eps "
            "come in, and is each nudged tensor a copy?",
            (
                _entry_by_entry(lambda f, x, i, eps: (f(_nudge(x, i, eps)) - f(x)) / eps),
                _entry_by_entry(lambda f, x, i, eps: (f(x) - f(_nudge(x, i, -eps))) / eps),
                _entry_by_entry(lambda f, x, i, eps: (f(_nudge(x, i, eps)) - f(x)) / (2 * eps)),
                _entry_by_entry(lambda f, x, i, eps: (f(x) - f(_nudge(x, i, -eps))) / (2 * eps)),
                _entry_by_entry(lambda f, x, i, eps: (f(_nudge(x, i, 2 * eps)) - f(x)) / (2 * eps)),
                _entry_by_entry(lambda f, x, i, eps: (f(x) - f(_nudge(x, i, eps))) / eps),
            ),
        ),
        Mistake(
            "forgets the 2 in 2 * eps",
            "How far are x - eps and x + eps from each other?",
            (
                _entry_by_entry(lambda f, x, i, eps: 2 * _central(f, x, i, eps)),
                _entry_by_entry(lambda f, x, i, eps: 2 * _central(f, x, i, eps / 2)),
            ),
        ),
        Mistake(
            "divides by 2, multiplies by eps",
            "Python reads a / 2 * eps as (a / 2) * eps. Where do the brackets go?",
            _entry_by_entry(lambda f, x, i, eps: _central(f, x, i, eps) * eps**2),
        ),
        Mistake(
            "changes x",
            "x itself was nudged: what is called x_plus shares its memory, or is x. The next entry then starts from a "
            "place that has moved. What makes a copy?",
            (
                _drifting(1, -2),
                _drifting(1, -2, divide=1.0),
                _drifting(1, -2, restore=-1),
                _plus_under_another_name,
                _one_after_the_other_in_one_copy,
                _only_plus_on_x(_made_before),
                _only_plus_on_x(_made_afterwards),
                lambda f, x, eps=1e-4: _plus_under_another_name(f, x.clone(), eps),
                lambda f, x, eps=1e-4: _only_plus_on_x(_made_before)(f, x.clone(), eps),
                lambda f, x, eps=1e-4: _only_plus_on_x(_made_afterwards)(f, x.clone(), eps),
            ),
        ),
        Mistake(
            "computes in float32",
            "The differences are so small that float32 has hardly a digit of them left. Which dtype keeps 16 digits?",
            (
                _entry_by_entry(_in_float32),
                _with(torch.Tensor.float),
                _entry_by_entry(lambda f, x, i, eps: _central(lambda x: f(x).float(), x, i, eps)),
                _entry_by_entry(lambda f, x, i, eps: _central(lambda x: f(x.float()), x, i, eps)),
                _entry_by_entry(lambda f, x, i, eps: _central(lambda x: f(x.float()).item(), x, i, eps)),
                _entry_by_entry(lambda f, x, i, eps: _central(lambda x: f(x).item(), x.float(), i, eps)),
            ),
        ),
        Mistake(
            "ignores eps",
            "Your result does not depend on eps: it is the exact gradient, or uses a step of its own. Nudge by the eps "
            "that comes in.",
            (
                _autograd,
                *(lambda f, x, eps=1e-4, own=own: _entry_by_entry(_central)(f, x, own) for own in (1e-4, 1e-2, 1e-3)),
            ),
        ),
        Mistake(
            "half the step",
            "Your nudged values lie eps apart, not 2 * eps: each side should move by a whole eps.",
            _entry_by_entry(lambda f, x, i, eps: _central(f, x, i, eps / 2)),
        ),
        Mistake(
            "wrong sign",
            "Your gradient points the other way. Which value is subtracted from which?",
            _entry_by_entry(lambda f, x, i, eps: -_central(f, x, i, eps)),
        ),
        Mistake(
            "does not divide",
            "A slope is a rise divided by a run. What is the run?",
            (
                _entry_by_entry(lambda f, x, i, eps: _central(f, x, i, eps) * 2 * eps),
                _entry_by_entry(lambda f, x, i, eps: _central(f, x, i, eps) * eps),
            ),
        ),
        Mistake(
            "all entries at once",
            "x + eps moves every entry together, so their slopes cannot be told apart. Move one, and leave the others.",
            (
                _all_at_once,
                lambda f, x, eps=1e-4: _all_at_once(f, x, eps).item(),
                lambda f, x, eps=1e-4: _all_at_once(f, x, eps).expand(x.shape),
            ),
        ),
        Mistake(
            "one row at a time",
            "Your loop nudges whole rows: x[i] of a table is a row. How do you reach a single entry of any shape?",
            tuple(_by_row(fill) for fill in (_fill_rows, _one_per_row)),
        ),
        Mistake(
            "the shape is lost",
            "The numbers are right, in one long row. The gradient has the shape of x.",
            (
                _reshaped(torch.flatten),
                _reshaped(lambda g: g.flatten().tolist()),
                _reshaped(torch.Tensor.tolist),
            ),
        ),
        Mistake(
            "f sees another shape",
            "f was called with something of another shape than x. It may use that shape: nudge one entry, and give f "
            "the whole tensor.",
            (_entry_by_entry(_flat_to_f), _entry_by_entry(_entry_to_f)),
        ),
        Mistake(
            NO_GRADIENT_YET,
            "You returned nothing. Where do your slopes end up?",
            lambda f, x, eps=1e-4: None,
        ),
    ),
)
