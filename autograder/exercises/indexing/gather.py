"""Lesson 4's challenge, gather: a right answer has many forms, and so has a wrong one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch

from autograder.exercise import LOOP, SHORT_CUT, Draw, Exercise, Mistake
from course_utils.probes.indexing import call_gather


def _gather_cases(draw: Draw) -> Iterator[dict]:
    x = torch.tensor([[10.0, 11.0, 12.0], [20.0, 21.0, 22.0], [30.0, 31.0, 32.0]])
    yield {"input": x, "dim": 1, "index": torch.tensor([[2, 0], [1, 1], [0, 2]])}
    yield {"input": x, "dim": 0, "index": torch.tensor([[2, 0, 1], [1, 1, 0], [0, 2, 2]])}
    yield {"input": x, "dim": -1, "index": torch.tensor([[1, 2, 0], [2, 2, 1], [0, 0, 1]])}
    yield {"input": x, "dim": 1, "index": torch.tensor([[2, 0]])}  # only the first row
    yield {"input": x.T, "dim": 0, "index": torch.tensor([[1, 2, 0], [0, 2, 1]])}
    a, b, c, d = draw.sizes(4)
    cube = draw.size(3, 4)
    for dim in (0, 1, 2, -2, -3):
        yield _drawn(draw, (cube,) * 3, dim, (cube,) * 3)  # whatever is mixed up among the dims runs here
    for shape, dim, picked in [
        ((a,), 0, (b + c,)),
        ((b,), -1, (1,)),
        ((a, b), 1, (a - 1, c + d)),  # fewer rows than input has, more columns
        ((a, b), -2, (c + 9, b)),
        ((a, b, c), 1, (a, d, c)),
        ((a, b, c), 2, (1, b - 1, d + c)),
        ((a, b, c), 0, (d, b, c - 1)),
        ((a, b, c), -3, (d, 1, 1)),
        ((a, b, c, d), -2, (a - 1, b, 4, d)),
        ((2, 3, 1, 2, 3), 1, (2, 5, 1, 1, 2)),
        ((1, a), 1, (1, 1)),
        ((a, 1), 1, (a, b)),  # a single choice, taken again and again
    ]:
        yield _drawn(draw, shape, dim, picked)
    stored = _drawn(draw, (c, b, a), 2, (c, b, d))
    yield stored | {"input": draw.normal(a, b, c).transpose(0, 2), "index": stored["index"].mT.contiguous().mT}
    yield stored | {"input": draw.normal(2 * c, 2 * b, 2 * a)[::2, 1::2, ::2]}
    yield {"input": draw.integers(1000, a, b), "dim": 1, "index": draw.integers(b, a, c)}
    yield {"input": draw.integers(100, a, b), "dim": 0, "index": draw.integers(a, c, b)}
    yield {"input": torch.tensor([[2**24 + 1, 2**24 + 2]]), "dim": 1, "index": torch.tensor([[0, 1, 0]])}
    for far, dim in [([[3], [0]], 1), ([[0], [3]], 1), ([[2, 0]], 0), ([[999], [1]], -1), ([[3, 0], [1, 2]], 1)]:
        yield {"input": torch.tensor([[1, 2, 3], [4, 5, 6]]), "dim": dim, "index": torch.tensor(far)}
    too_far = draw.integers(b, a, b, c)
    too_far[0, 0, 0] = b
    yield {"input": draw.integers(100, a, b, c), "dim": 1, "index": too_far}
    yield {"input": draw.wide(5, 40), "dim": 1, "index": draw.integers(40, 5, 3)}


def _drawn(draw: Draw, shape: tuple[int, ...], dim: int, picked: tuple[int, ...]) -> dict:
    """Random data; entries of the index repeat, and reach the last place along dim."""
    picked = [min(n, m) if d != dim % len(shape) else n for d, (n, m) in enumerate(zip(picked, shape, strict=True))]
    index = draw.integers(shape[dim], *(max(n, 1) for n in picked))
    index.flatten()[0] = shape[dim] - 1
    return {"input": draw.normal(*shape), "dim": dim, "index": index}


# Wrong answers are built like right ones, with a part changed: by indexing, since an error's text tells how an answer
# was built, and the judge compares it.


def _places(sizes: Sequence[int]) -> list[torch.Tensor]:
    """For each dim a tensor of the shape ``sizes`` that says for every place how far along that dim it lies."""
    return list(torch.meshgrid(*map(torch.arange, sizes), indexing="ij"))


def _gather(
    along: Callable = lambda dims, dim: dim,
    sizes: Callable = lambda input, dim, index: index.shape,
    entries: Callable = lambda index, size: index,
) -> Callable:
    """A gather by indexing.

    Args:
        along: (number of dims, dim) -> the dim in which the index says where to look; None for nowhere.
        sizes: of how many places the other dims are made up.
        entries: what is done with the index first, given the input's size along dim.
    """

    def answer(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
        places = _places(sizes(input, dim, index))
        at = along(input.dim(), dim)
        if at is not None:
            places[at] = entries(index, input.shape[dim])
        return input[tuple(places)]

    return answer


def _along(to: Callable) -> tuple[Callable, Callable]:
    """A gather along another dim, by indexing and by the library."""
    return _gather(to), lambda input, dim, index: torch.gather(input, to(input.dim(), dim), index)


def _open_grid(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    """Counts through all of input: one tensor a dim, of size 1 in every dim but its own."""
    shapes = [[-1 if e == d else 1 for e in range(input.dim())] for d in range(input.dim())]
    places = [torch.arange(n).reshape(shape) for n, shape in zip(input.shape, shapes, strict=True)]
    places[dim] = index
    return input[tuple(places)]


def _two_dims(is_second: Callable, sizes: Callable) -> Callable:
    """A gather for tables: ``is_second`` says of a dim whether it is the second one."""

    def wrong(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
        rows, columns = (torch.arange(n) for n in (*sizes(input, index), 1)[:2])
        return input[rows[:, None], index] if is_second(dim) else input[index, columns[None, :]]

    return wrong


def _table_in_a_loop(is_second: Callable) -> Callable:
    """Fills the result of a table place by place."""

    def wrong(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
        result = torch.zeros(index.shape, dtype=input.dtype)
        for i in range(index.shape[0]):
            for j in range(index.shape[1]):
                result[i, j] = input[i, index[i, j]] if is_second(dim) else input[index[i, j], j]
        return result

    return wrong


def _as_a_table(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    """Makes rows of all dims but one, of input and of index apart: they fit only where the sizes are the same."""
    chosen = index.movedim(dim, -1)
    rows, columns = input.movedim(dim, -1).reshape(-1, input.shape[dim]), chosen.reshape(-1, chosen.shape[-1])
    return rows[torch.arange(len(columns))[:, None], columns].reshape(chosen.shape).movedim(-1, dim)


def _dim_left_last(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    places = _places(index.movedim(dim, -1).shape)
    places[-1] = index.movedim(dim, -1)
    return input.movedim(dim, -1)[tuple(places)]


def _counters_in_a_row(size_of: Callable) -> Callable:
    """Leaves every counter with one dim."""

    def wrong(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
        places = [torch.arange(n) for n in size_of(input, index)]
        places[dim] = index
        return input[tuple(places)]

    return wrong


def _from_flat(strides: Callable, checked: bool) -> Callable:
    """Works out each entry's place in the flattened input."""

    def wrong(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
        if checked and index.max() >= input.shape[dim]:
            raise IndexError("index too large")
        places = _places(index.shape)
        places[dim] = index
        return input.flatten()[sum(place * stride for place, stride in zip(places, strides(input), strict=True))]

    return wrong


def _masked_sum(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    """Compares the index with every place along dim, and sums what is left."""
    places = _places((*index.movedim(dim, -1).shape, input.shape[dim]))
    del places[-2]
    chosen = index.movedim(dim, -1)[..., None] == places[-1]
    return torch.where(chosen, input.movedim(dim, -1)[tuple(places)], 0).sum(-1).movedim(-1, dim)


def _first_choice_for_all(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    return input.index_select(dim, index.movedim(dim, 0).flatten(1)[:, 0] if index.dim() > 1 else index)


def _without_graph(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return torch.gather(input, dim, index)


def _through_numpy(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    places = [place.numpy() for place in _places(index.shape)]
    places[dim] = index.numpy()
    return torch.from_numpy(input.numpy()[tuple(places)])


def _filled_one_by_one(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    result = torch.empty(index.shape, dtype=input.dtype)
    for place in itertools.product(*map(range, index.shape)):
        source = list(place)
        source[dim] = int(index[place])
        result[place] = input[tuple(source)]
    return result


def _stacked_one_by_one(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    sources = [list(place) for place in itertools.product(*map(range, index.shape))]
    for source in sources:
        source[dim] = index[tuple(source)]
    return torch.stack([input[tuple(source)] for source in sources]).reshape(index.shape)


def _slice_by_slice(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    dim %= input.dim()
    if input.dim() == 1:
        return input[index]
    other = 1 if dim == 0 else 0
    slices = zip(input.unbind(other), index.unbind(other), strict=False)
    return torch.stack([_slice_by_slice(i, dim - (other < dim), x) for i, x in slices], other)


def _places_in_lists(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    places = [list(counts) for counts in zip(*itertools.product(*map(range, index.shape)), strict=True)]
    places[dim] = [int(i) for i in index.flatten().tolist()]
    return input[tuple(places)].reshape(index.shape)


_SECOND = (lambda dim: dim in (1, -1), lambda dim: dim not in (0, -2))


GATHER = Exercise(
    name="gather",
    lesson="04_indexing",
    reference=torch.gather,
    cases=_gather_cases,
    probe=call_gather,
    sized=lambda n: {
        "input": torch.arange(n**3 / 4).reshape(n, n // 2, n // 2),
        "dim": 1,
        "index": torch.arange(n**3 // 4).reshape(n, n // 2, n // 2) % (n // 2),
    },
    forbidden=("gather", "take_along_dim"),
    instead="arange and input[...], with one index tensor for each dim",
    mistakes=(
        Mistake(
            SHORT_CUT,
            "That is the function you are building, or its twin. Which entry of input belongs at each place of the "
            "result?",
            (
                torch.gather,
                lambda input, dim, index: input.gather(dim, index),
                lambda input, dim, index: torch.take_along_dim(input, index, dim),
            ),
        ),
        Mistake(
            "ignores dim",
            "Your code looks along the same dim whatever `dim` says. In which dim does the index take the place of the "
            "counter?",
            (
                *_along(lambda dims, dim: min(1, dims - 1)),
                *_along(lambda dims, dim: 0),
                *_along(lambda dims, dim: -1),
                _two_dims(lambda dim: True, lambda input, index: index.shape),
                _two_dims(lambda dim: True, lambda input, index: input.shape),
                _two_dims(lambda dim: False, lambda input, index: index.shape),
                _two_dims(lambda dim: False, lambda input, index: input.shape),
            ),
        ),
        Mistake(
            "wrong dim",
            "You look along another dim than `dim`. With dim=1 the row stays, and the index names the column. Which "
            "one "
            "stays in your code?",
            (
                *_along(lambda dims, dim: 1 - dim if dims > 1 else 0),
                *_along(lambda dims, dim: (dim + 1) % dims),
                *_along(lambda dims, dim: (dim - 1) % dims),
                *_along(lambda dims, dim: dims - 1 - dim % dims),
            ),
        ),
        Mistake(
            "same columns for all rows",
            "input[:, index] and index_select take whole columns, the same ones for every row. Each place of index "
            "chooses "
            "for itself: which row does it stand in?",
            (
                lambda input, dim, index: input[:, index],
                lambda input, dim, index: input[..., index],
                lambda input, dim, index: input[(slice(None),) * (dim % input.dim()) + (index,)],
                lambda input, dim, index: input.index_select(dim, index.flatten()),
                lambda input, dim, index: input.index_select(dim, index[0]),
                lambda input, dim, index: input.index_select(dim, index),
                lambda input, dim, index: input.index_select(dim, index.flatten()).reshape(index.shape),
                lambda input, dim, index: input[:, index[0]],
                lambda input, dim, index: torch.stack([input[:, row] for row in index]),
                _first_choice_for_all,
            ),
        ),
        Mistake(
            "whole rows",
            "input[index] takes a whole row for each entry of index. A single entry needs one number for each dim.",
            (
                lambda input, dim, index: input[index],
                lambda input, dim, index: input.index_select(0, index.flatten()),
            ),
        ),
        Mistake(
            "counts through the flat input",
            "Your index counts through all of input, row after row. It should count along dim, in the row where it "
            "stands.",
            (
                lambda input, dim, index: input.flatten()[index],
                lambda input, dim, index: torch.take(input, index),
            ),
        ),
        Mistake(
            "scatters",
            "You write to the places that the index names. gather reads there: the index stands on the right of the =.",
            lambda input, dim, index: torch.zeros_like(input).scatter(dim, index, input),
        ),
        Mistake(
            "dim counted from the end",
            "dim=-1 is the last dim. What does your code compare it with? dim % input.dim() is never negative.",
            (
                _gather(lambda dims, dim: dim if dim >= 0 else None),
                _gather(lambda dims, dim: dim if dim >= 0 else 0),
                _gather(lambda dims, dim: abs(dim)),
            ),
        ),
        Mistake(
            "as many places as input",
            "The index may be smaller than input in the other dims, and the result has the shape of index. Whose "
            "sizes do "
            "you count up to?",
            (
                _open_grid,
                _as_a_table,
                _gather(sizes=lambda input, dim, index: input.shape),
                _gather(
                    sizes=lambda input, dim, index: [
                        n if d != dim % input.dim() else index.shape[d] for d, n in enumerate(input.shape)
                    ]
                ),
            ),
        ),
        Mistake(
            "only for two dims",
            "This works for tables. With more dims, every dim but one counts its own places: how do you make a list of "
            "index tensors, one for each dim?",
            (
                *(
                    _two_dims(is_second, sizes)
                    for is_second in _SECOND
                    for sizes in (lambda input, index: index.shape, lambda input, index: input.shape)
                ),
                *map(_table_in_a_loop, _SECOND),
            ),
        ),
        Mistake(
            "counters in a row",
            "torch.arange(n) has one dim, and broadcasting lines it up with the last one. How do you turn it so that "
            "it "
            "counts along the dim that it is meant for?",
            (
                _counters_in_a_row(lambda input, index: index.shape),
                _counters_in_a_row(lambda input, index: input.shape),
            ),
        ),
        Mistake(
            "dim left at the end",
            "The entries are right, but in another order: you moved dim to the end. Which step moves it back?",
            _dim_left_last,
        ),
        Mistake(
            "strides of a view",
            "A transpose lies in memory in another order, which input.stride() tells, but flatten() reads row by row. "
            "Indexing with one tensor for each dim needs neither.",
            tuple(_from_flat(torch.Tensor.stride, checked) for checked in (True, False)),
        ),
        Mistake(
            "no error for an index too large",
            "An index past the end got a number from elsewhere, and nobody noticed. input[...] with one index tensor "
            "for "
            "each dim checks every entry; otherwise your code has to.",
            (
                _from_flat(lambda input: torch.empty(input.shape).stride(), checked=False),
                _masked_sum,
                _gather(entries=lambda index, size: index.clamp(max=size - 1)),
                _gather(entries=lambda index, size: index % size),
            ),
        ),
        Mistake(
            "through float32",
            "A whole number above 2**24 does not fit float32. Does a step of yours turn input into floats?",
            lambda input, dim, index: torch.gather(input.float(), dim, index).to(input.dtype),
        ),
        Mistake(
            "breaks the gradient",
            "The values are right, but no gradient reaches input. Which step leaves the graph: detach(), item(), "
            "tolist(), "
            "numpy() or torch.tensor(...)?",
            (
                lambda input, dim, index: torch.gather(input.detach(), dim, index),
                lambda input, dim, index: torch.gather(input.detach(), dim, index).requires_grad_(input.requires_grad),
                lambda input, dim, index: torch.tensor(torch.gather(input, dim, index).tolist()),
                lambda input, dim, index: torch.tensor(torch.gather(input, dim, index).tolist(), dtype=input.dtype),
                _without_graph,
                _through_numpy,
            ),
        ),
        Mistake(
            LOOP,
            "Each turn of a loop costs microseconds, on a GPU too, where one indexing call chooses a million entries "
            "at "
            "once. A loop over the dims is fine; one over places is not.",
            (_filled_one_by_one, _stacked_one_by_one, _slice_by_slice, _places_in_lists),
        ),
    ),
)
