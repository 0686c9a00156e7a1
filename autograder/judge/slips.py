"""Two slips in one answer: which part of what is wrong a known mistake explains, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from autograder.exercise import SCORE, Mistake
from autograder.judge.compare import Difference, Tolerance, compare
from autograder.judge.trial import Trial
from course_utils.probes import Case, Observation

FEW = 4  # calls that are looked at, of those that go wrong
ENOUGH = 1 / 3  # the share of what is wrong that a mistake has to explain: less may be chance

Observe = Callable[[Callable, Case], Observation]


@dataclass(frozen=True)
class Slip:
    """A mistake that explains a part of what is wrong.

    Attributes:
        mistake: what explains it.
        trial, difference: the first call and place where it does.
        left: the first place where it does not, with its call.
        other: a mistake that explains what is left; None where none is known.
    """

    mistake: Mistake
    trial: Trial
    difference: Difference
    left: tuple[Trial, Difference]
    other: Mistake | None


@dataclass(frozen=True)
class _Place:
    """One value in what a call brought: where it stands, and how it differs (None: it does not)."""

    trial: Trial
    where: str
    got: Any
    difference: Difference | None


def find_slip(
    mistakes: Iterable[Mistake], trials: Sequence[Trial], tolerance: Tolerance, observe: Observe
) -> Slip | None:
    """The mistake that explains most of what is wrong, though not all of it; None where none explains enough.

    Args:
        observe: what an answer does in a case.
    """
    failing = [
        t for t in trials if t.difference and t.case.mode == "values" and not (t.got.raised or t.expected.raised)
    ]
    places = [place for trial in failing[:FEW] for place in _places(trial, tolerance)]
    wrong = [i for i, place in enumerate(places) if place.difference]
    if len(wrong) < 2:
        return None
    explained = {m: max((_explained(v, places, tolerance, observe) for v in m.variants), key=len) for m in mistakes}
    mistake = max(explained, key=lambda m: len(explained[m]), default=None)
    if mistake is None or not len(wrong) * ENOUGH <= len(explained[mistake]) < len(wrong):
        return None
    first = places[min(explained[mistake])]
    at = next(i for i in wrong if i not in explained[mistake])
    other = next((m for m, found in explained.items() if at in found), None)
    return Slip(mistake, first.trial, first.difference, (places[at].trial, places[at].difference), other)


def _explained(answer: Callable, places: Sequence[_Place], tolerance: Tolerance, observe: Observe) -> set[int]:
    """The places that are wrong in just the way of ``answer``, in calls where it spoils nothing that is right."""
    found: dict[int, int] = {}
    spoiled: set[int] = set()
    for i, place in enumerate(places):
        seen = observe(answer, place.trial.case)
        value = {} if seen.raised else {where: v for where, v, _ in _values(seen, place.trial.expected)}
        agrees = place.where in value and compare(place.got, value[place.where], place.where, tolerance) is None
        if not agrees and not place.difference:
            spoiled.add(id(place.trial))
        elif agrees and place.difference and _is_telling(place.got):
            found[i] = id(place.trial)
    return {i for i, trial in found.items() if trial not in spoiled}


def _places(trial: Trial, tolerance: Tolerance) -> Iterator[_Place]:
    for where, got, want in _values(trial.got, trial.expected):
        yield _Place(trial, where, got, compare(got, want, where, tolerance))


def _values(got: Observation, expected: Observation) -> Iterator[tuple[str, Any, Any]]:
    for part, want in expected.parts.items():
        if part not in ("calls", "state", SCORE):
            yield from _leaves(got.parts.get(part), want, part)


def _leaves(got: Any, want: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """The single values of ``want`` with what stands in their places in ``got``, as far as both are built alike."""
    if isinstance(want, Mapping) and isinstance(got, Mapping) and got.keys() == want.keys():
        for key in want:
            yield from _leaves(got[key], want[key], f"{where}.{key}")
    elif isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)) and len(got) == len(want):
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            yield from _leaves(g, w, f"{where}[{i}]")
    else:
        yield where, got, want


def _is_telling(value: Any) -> bool:
    """Whether different mistakes would hardly give the same: several finite numbers that are not all alike."""
    if not isinstance(value, torch.Tensor) or value.is_meta or value.numel() < 2:
        return False
    return bool(value.isfinite().all()) and bool((value != value.flatten()[0]).any())
