"""Exercise ``minibatches``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake, apply
from autograder.exercises.gradient_descent.common import _generator
from autograder.exercises.measures.batches import measure_batches
from course_utils.probes import Seed
from course_utils.probes.gradient_descent import run_batches


def _batch_cases(draw: Draw) -> Iterator[dict]:
    yield {
        "X": torch.tensor([[0.0], [1.0], [2.0], [3.0], [4.0]]),
        "y": torch.tensor([[0.0], [10.0], [20.0], [30.0], [40.0]]),
        "batch_size": 2,
        "generator": Seed(6),
    }
    d, e, k = draw.sizes(3)
    n = draw.size(24, 40)
    labels = torch.randperm(n, generator=draw.generator)
    for X, y, batch_size in [
        (draw.normal(n, d), draw.normal(n, 1), k),
        (draw.normal(n, d), labels, 5),
        (draw.normal(n, d, e), draw.normal(n, e), n - 1),
        (apply(draw.normal(5 * k, 1), "double"), apply(draw.normal(5 * k, 1), "double"), 5),  # no batch is left over
        (draw.normal(n, 1), draw.normal(n), 1),
        (draw.normal(n, d), draw.normal(n, 1), n),
        (draw.normal(k + 4, d), draw.normal(k + 4, 1), 2 * k + 9),
        (draw.normal(1, d), draw.normal(1, 1), 4),
    ]:
        yield {"X": X, "y": y, "batch_size": batch_size, "generator": Seed(draw.seed())}
    yield {"X": draw.wide(30, 7), "y": draw.normal(30), "batch_size": 7, "generator": Seed(draw.seed())}


def _batches(order: Callable, order_of_y: Callable | None = None, limit: Callable = len) -> Callable:
    """Mini-batches in another order, or not all of them.

    Args:
        order: (n, generator) -> the order of the rows (n,).
        order_of_y: the same for the rows of y; default: the order of X.
        limit: (X, batch_size) -> up to which row batches begin; default: the number of rows.
    """

    def answer(X: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator) -> list[tuple]:
        rows = order(len(X), generator)
        rows_of_y = order_of_y(len(X), generator) if order_of_y else rows
        end = limit(X) if limit is len else limit(X, batch_size)
        starts = range(0, end, batch_size)
        return [(X[rows[i : i + batch_size]], y[rows_of_y[i : i + batch_size]]) for i in starts]

    return answer


def _permutation(n: int, generator: torch.Generator | None = None) -> torch.Tensor:
    return torch.randperm(n, generator=generator)


def _in_order(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.arange(n)


def _seeded(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randperm(n, generator=generator.manual_seed(0))


def _started_again(n: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randperm(n, generator=_generator(generator.initial_seed()))


def _whole_batches(X: torch.Tensor, batch_size: int) -> int:
    return len(X) // batch_size * batch_size


def _shuffled_batches(X: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator) -> list:
    batches = list(zip(X.split(batch_size), y.split(batch_size), strict=True))
    return [batches[i] for i in torch.randperm(len(batches), generator=generator)]


def _shuffled_within(X: torch.Tensor, y: torch.Tensor, batch_size: int, generator: torch.Generator) -> list:
    orders = [rows[torch.randperm(len(rows), generator=generator)] for rows in torch.arange(len(X)).split(batch_size)]
    return [(X[rows], y[rows]) for rows in orders]


def _changed(change: Callable) -> Callable:
    """What ``change`` makes of the right list of batches."""
    return lambda *args: change(_batches(_permutation)(*args))


MINIBATCHES = Exercise(
    name="minibatches",
    lesson="06_gradient_descent",
    reference=_batches(_permutation),
    cases=_batch_cases,
    probe=run_batches,
    measure=measure_batches,
    contracts=(),
    mistakes=(
        Mistake(
            "X and y shuffled apart",
            "Rows of X come with the y of other rows. How often do you draw an order: once for both, or once for each?",
            (
                _batches(_permutation, _permutation),
                _batches(_permutation, _in_order),
                _batches(_in_order, _permutation),
            ),
        ),
        Mistake(
            "last batch dropped",
            "Where the rows do not divide evenly, the last batch is smaller. Yours is missing: where is your end?",
            (
                _batches(_permutation, limit=_whole_batches),
                _batches(_permutation, limit=lambda X, batch_size: len(X) - batch_size),
                _batches(_permutation, limit=lambda X, batch_size: len(X) - 1),
                _batches(_in_order, limit=_whole_batches),
            ),
        ),
        Mistake(
            "same order each epoch",
            "Every epoch goes through the rows in the same order. What does torch.randperm(n, generator=generator) "
            "give on its second call, and does something in your code turn it back?",
            (
                _batches(_in_order),
                _batches(_seeded),
                _batches(_started_again),
                _batches(lambda n, generator: torch.randperm(n, generator=_generator(0))),
                _batches(lambda n, generator: torch.arange(n).flip(0)),
            ),
        ),
        Mistake(
            "generator ignored",
            "The same generator gave two different orders. Where does your draw take its random numbers from?",
            _batches(lambda n, generator: torch.randperm(n)),
        ),
        Mistake(
            "rows drawn with replacement",
            "Some rows come twice and others never. Which function gives every number from 0 to n - 1 once?",
            _batches(lambda n, generator: torch.randint(n, (n,), generator=generator)),
        ),
        Mistake(
            "shuffles batches, not rows",
            "The same rows share a batch in every epoch. Shuffle the rows first, then cut.",
            (_shuffled_batches, _shuffled_within),
        ),
        Mistake(
            "only one batch",
            "Your code ends after the first batch. Does a `return` stand where a `yield` or an append should?",
            (_changed(lambda batches: batches[0]), _changed(lambda batches: batches[:1])),
        ),
        Mistake(
            "y before X",
            "Each batch is a pair (X_batch, y_batch), in this order.",
            _changed(lambda batches: [(y, x) for x, y in batches]),
        ),
        Mistake(
            "X alone",
            "Each batch is a pair (X_batch, y_batch). Where is y?",
            _changed(lambda batches: [x for x, _ in batches]),
        ),
        Mistake(
            "two lists instead of pairs",
            "You return all batches of X and then all batches of y. A loop needs them pair by pair: what does zip do?",
            _changed(lambda batches: tuple(zip(*batches, strict=True))),
        ),
    ),
)
