"""Compare a shape with a spec such as ``("batch", 3, ...)``, and say where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from types import EllipsisType
from typing import Any

Spec = Sequence[str | int | EllipsisType]
Sizes = dict[str, tuple[int, int, int]]  # name -> its size, and where it was met first: dim, position of the tensor


def need_spec(spec: Any) -> None:
    """Raise TypeError if ``spec`` is no tuple or list, ValueError if an entry of it means nothing."""
    if not isinstance(spec, (tuple, list)):
        words = spec.split() if isinstance(spec, str) else [spec]
        words = [int(word) if isinstance(word, str) and word.isdecimal() else word for word in words]
        example = spec_text(words) if isinstance(spec, (str, int)) else '("batch", 3)'
        raise TypeError(
            f"check_shape: the spec is {_short(spec)}; expected a tuple with one entry a dim, such as {example}."
        )
    ellipses = 0
    for entry in spec:
        if isinstance(entry, str) and entry.isidentifier():
            continue
        if entry is ...:
            ellipses += 1
        elif not isinstance(entry, Integral) or isinstance(entry, bool) or entry < 0:
            raise ValueError(
                f"check_shape: the spec has the entry {_short(entry)}; expected a size (0 or more), a name (one "
                'word), "_" for any size, or ... for any number of dims.'
            )
    if ellipses > 1:
        raise ValueError(f"check_shape: the spec {spec_text(spec)} has ... {ellipses} times; expected it once at most.")


def misfits(
    shape: tuple[int, ...], spec: Spec, sizes: Sizes, position: int, name_of: Callable[[int], str]
) -> list[str]:
    """A line for each way in which ``shape`` does not fit ``spec``; none if it fits.

    Args:
        shape: of the tensor.
        spec: as `need_spec` accepts it.
        sizes: the names that are bound already; new ones are added.
        position: stands for the tensor in ``sizes``.
        name_of: the text for a position; called for a message only.

    >>> misfits((4, 4, 5), ("n", "n", "n"), {}, 0, str)
    ['dim 2 is 5, but "n" is 4 (dim 0).']
    >>> misfits((4,), ("n", 1), {}, 0, str)
    ['It has 1 dim, expected 2.', '.unsqueeze(1) would make it (4, 1).']
    """
    head = spec.index(...) if ... in spec else len(spec)
    tail = max(len(spec) - head - 1, 0)
    if len(shape) != len(spec) and (head == len(spec) or len(shape) < head + tail):
        least = "at least " if head < len(spec) else ""
        dims = f"{len(shape)} dim{'' if len(shape) == 1 else 's'}"
        return [f"It has {dims}, expected {least}{head + tail}.", *_remedies(shape, spec, sizes, position)]
    found = []
    for i, entry in enumerate(spec):
        if entry is ... or entry == "_":
            continue
        dim = i if i < head else len(shape) - len(spec) + i  # behind ... it counts from the end
        if isinstance(entry, str):
            size, met, owner = sizes.setdefault(entry, (shape[dim], dim, position))
            if shape[dim] != size:
                where = f"dim {met}" if owner == position else f"dim {met} of {name_of(owner)}"
                found.append(f'dim {dim} is {shape[dim]}, but "{entry}" is {size} ({where}).')
        elif shape[dim] != entry:
            found.append(f"dim {dim} is {shape[dim]}, expected {entry}.")
    return found


def spec_text(spec: Sequence[Any]) -> str:
    """The spec as one writes it.

    >>> spec_text(["batch", ..., 3])
    '("batch", ..., 3)'
    """
    entries = ["..." if entry is ... else f'"{entry}"' if isinstance(entry, str) else str(entry) for entry in spec]
    return f"({', '.join(entries)}{',' if len(entries) == 1 else ''})"


def _remedies(shape: tuple[int, ...], spec: Spec, sizes: Sizes, position: int) -> list[str]:
    """Each single dim of size 1, put in or taken out, that makes the shape fit."""
    shape = tuple(shape)
    if ... in spec or abs(len(shape) - len(spec)) != 1:
        return []
    if len(shape) < len(spec):
        tries = {f".unsqueeze({i})": (*shape[:i], 1, *shape[i:]) for i in range(len(spec))}
    else:
        tries = {f".squeeze({i})": shape[:i] + shape[i + 1 :] for i, size in enumerate(shape) if size == 1}
    return [
        f"{call} would make it {new}."
        for call, new in tries.items()
        if not misfits(new, spec, dict(sizes), position, str)
    ]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
