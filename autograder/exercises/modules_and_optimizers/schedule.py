"""Lesson 8: the learning rate of each step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch

from autograder.exercise import Draw, Exercise, Mistake


def _schedule_cases(draw: Draw) -> Iterator[dict]:
    schedules = [
        (4, 12, 0.5),
        (draw.size(6, 30), 0, draw.uniform(0.5, 3.0)),
        (draw.size(3, 8), 0, 3e-4),
        (0, draw.size(9, 40), draw.uniform(0.5, 3.0)),
        (1, draw.size(9, 40), draw.uniform(0.5, 3.0)),
        (draw.size(20, 40), 0, 1e4),
        (draw.size(100, 200), draw.size(900, 1500), 1e-3),
    ]
    for warmup, total, peak in schedules:
        total = total or warmup + draw.size(7, 30)
        between = [warmup + draw.size(2, total - warmup - 2) for _ in range(2)]
        steps = [0, 1, warmup // 2, warmup - 1, warmup, warmup + 1, *between, total - 1, total, total + draw.size(2, 9)]
        for step in dict.fromkeys(step for step in steps if step >= 0):
            yield {"step": step, "warmup": warmup, "total": total, "peak": peak}
    yield {"step": 2, "warmup": 2, "total": 3, "peak": 1.0}


def _rising(step: int, warmup: int, peak: float) -> float:
    return peak * (step + 1) / warmup


def _share(step: int, warmup: int, total: int) -> float:
    """How much of the way from the end of the warm-up to the end is done."""
    return (step - warmup) / (total - warmup)


def _half_cosine(share: float, peak: float) -> float:
    return peak * (1 + math.cos(math.pi * share)) / 2


def _nothing(step: int, total: int, peak: float) -> float | None:
    """From the end on: 0."""
    return 0.0 if step >= total else None


def _schedule(
    rising: Callable = _rising,
    is_rising: Callable = lambda step, warmup: step < warmup,
    share: Callable = _share,
    falling: Callable = _half_cosine,
    at_end: Callable = _nothing,
    made: Callable = float,
) -> Callable:
    """The schedule with one or more of its parts changed."""

    def warmup_cosine(step: int, warmup: int, total: int, peak: float) -> float:
        last = at_end(step, total, peak)
        if last is not None:
            return made(last)
        if is_rising(step, warmup):
            return made(rising(step, warmup, peak))
        return made(falling(share(step, warmup, total), peak))

    return warmup_cosine


def _from_warmup(step: int, warmup: int, peak: float) -> float:
    """A warm-up whose formula is worked out whether it is needed or not."""
    return peak * (step + 1) / warmup


def _by_minimum(step: int, warmup: int, total: int, peak: float) -> float:
    if step >= total:
        return 0.0
    return min(_from_warmup(step, warmup, peak), _half_cosine(max(0.0, _share(step, warmup, total)), peak))


def _never(*_: object) -> None:
    """No look at the end."""


WARMUP_COSINE = Exercise(
    name="warmup_cosine",
    lesson="08_modules_and_optimizers",
    reference=_schedule(),
    cases=_schedule_cases,
    contracts=(),
    atol=1e-6,
    mistakes=(
        Mistake(
            "starts at peak",
            "The first steps already have the full rate, or nearly. Which share of the peak belongs to step 0, the "
            "first of `warmup` steps?",
            (
                _schedule(rising=lambda step, warmup, peak: peak),
                _schedule(is_rising=lambda step, warmup: False, share=lambda s, w, t: s / t),
                _schedule(is_rising=lambda step, warmup: False),
                _schedule(is_rising=lambda step, warmup: False, share=lambda s, w, t: max(0, s - w) / (t - w)),
            ),
        ),
        Mistake(
            "starts at 0",
            "Step 0 has a rate of 0 and moves nothing. The warm-up has steps 0 to warmup - 1: which of them is the "
            "first to have a share, and which one reaches the peak?",
            (
                _schedule(rising=lambda step, warmup, peak: peak * step / warmup),
                _schedule(rising=lambda step, warmup, peak: peak * step / max(1, warmup - 1)),
            ),
        ),
        Mistake(
            "the warm-up stops short of the peak",
            "The last step of the warm-up, warmup - 1, has the whole peak. Through what do you divide?",
            _schedule(rising=lambda step, warmup, peak: peak * (step + 1) / (warmup + 1)),
        ),
        Mistake(
            "the warm-up is one step too long",
            "In step `warmup` the rate is above the peak. The warm-up has `warmup` steps and begins with step 0: "
            "which is its last?",
            tuple(
                _schedule(is_rising=is_rising, at_end=at_end)
                for is_rising in (lambda step, warmup: 0 < warmup >= step, lambda step, warmup: step <= warmup)
                for at_end in (_nothing, _never)
            ),
        ),
        Mistake(
            "divides by a warm-up of 0",
            "Without a warm-up there is nothing to divide by 0: step 0 already has the peak. Is the formula of the "
            "warm-up used after its end?",
            (
                _by_minimum,
                _schedule(is_rising=lambda step, warmup: step / warmup < 1),
                _schedule(is_rising=lambda step, warmup: (step + 1) / warmup <= 1),
            ),
        ),
        Mistake(
            "whole numbers only",
            "The warm-up stays at 0 and then jumps. What does // do to a share below 1?",
            (
                _schedule(rising=lambda step, warmup, peak: (step + 1) // warmup * peak),
                _schedule(rising=lambda step, warmup, peak: peak * ((step + 1) // warmup)),
            ),
        ),
        Mistake(
            "cosine over all steps",
            "After the warm-up the rate jumps down: the cosine has begun while the rate was still rising. From which "
            "step to which does it fall, and how many steps are that?",
            tuple(
                _schedule(share=share, at_end=at_end)
                for share in (lambda s, w, t: s / t, lambda s, w, t: s / (t - w), lambda s, w, t: (s + 1) / t)
                for at_end in (_nothing, _never)
            ),
        ),
        Mistake(
            "falls too slowly",
            "The cosine begins after the warm-up, so it has total - warmup steps, not total. What do you divide by?",
            _schedule(share=lambda step, warmup, total: (step - warmup) / total),
        ),
        Mistake(
            "off by one in the cosine",
            "The cosine begins with the peak in step `warmup`, and is at 0 in step `total`. Which share of the way is "
            "done in these two steps, in yours?",
            (
                _schedule(share=lambda step, warmup, total: (step - warmup + 1) / (total - warmup)),
                _schedule(share=lambda step, warmup, total: (step - warmup) / max(1, total - warmup - 1)),
                _schedule(share=lambda step, warmup, total: (step - warmup + 1) / (total - warmup + 1)),
                _schedule(share=lambda step, warmup, total: (step - warmup) / (total - warmup + 1)),
                _schedule(share=lambda step, warmup, total: (step - warmup - 1) / (total - warmup)),
            ),
        ),
        Mistake(
            "not 0 after the end",
            "From step `total` on the rate is 0. What does the cosine do if nobody stops it there?",
            (
                _schedule(at_end=_never),
                _schedule(at_end=lambda step, total, peak: peak if step > total else None),
                _schedule(at_end=lambda step, total, peak: peak if step >= total else None),
            ),
        ),
        Mistake(
            "a quarter of a cosine",
            "From the peak to 0 by cos(pi / 2 * share) is a quarter of a wave, steepest at its end (and negative "
            "after it). Half a wave goes from 1 to -1: how do you bring that to between 1 and 0?",
            tuple(
                _schedule(falling=lambda share, peak: peak * math.cos(math.pi / 2 * share), at_end=at_end)
                for at_end in (_nothing, _never)
            ),
        ),
        Mistake(
            "a whole cosine",
            "The rate becomes negative: the cosine goes from 1 to -1, and should go from 1 to 0. What is added, and "
            "what divided by?",
            tuple(
                _schedule(falling=lambda share, peak: peak * math.cos(math.pi * share), at_end=at_end)
                for at_end in (_nothing, _never)
            ),
        ),
        Mistake(
            "not halved",
            "1 + cos goes from 2 to 0, so your rate falls from twice the peak. What brings 2 to 1?",
            _schedule(falling=lambda share, peak: peak * (1 + math.cos(math.pi * share))),
        ),
        Mistake(
            "rises where it should fall",
            "After the warm-up the rate rises from 0. Which sign stands before the cosine?",
            _schedule(falling=lambda share, peak: peak * (1 - math.cos(math.pi * share)) / 2),
        ),
        Mistake(
            "no pi",
            "The cosine is 0.54 at 1, and -1 at pi: math.cos takes radians. Which angle belongs to a share of 1?",
            (
                _schedule(falling=lambda share, peak: peak * (1 + math.cos(share)) / 2),
                _schedule(falling=lambda share, peak: peak * (1 + math.cos(180 * share)) / 2),
                _schedule(falling=lambda share, peak: peak * (1 + math.cos(2 * math.pi * share)) / 2),
                _schedule(falling=lambda share, peak: peak * (1 + math.cos(math.pi / 2 * share)) / 2),
            ),
        ),
        Mistake(
            "falls along another curve",
            "After the warm-up your rate does not follow a cosine, which is flat at both ends and half-way down in the "
            "middle. What stands in its place?",
            (
                _schedule(falling=lambda share, peak: peak * (1 - share)),
                _schedule(falling=lambda share, peak: peak * math.exp(-share)),
                _schedule(falling=lambda share, peak: peak * (1 - share) ** 2),
            ),
        ),
        Mistake(
            "rises along another curve",
            "In the warm-up the rate rises by the same amount in every step: a straight line. What does yours do?",
            (
                _schedule(rising=lambda step, warmup, peak: peak * (1 - math.cos(math.pi * (step + 1) / warmup)) / 2),
                _schedule(rising=lambda step, warmup, peak: peak * math.sin(math.pi / 2 * (step + 1) / warmup)),
                _schedule(rising=lambda step, warmup, peak: peak * ((step + 1) / warmup) ** 2),
            ),
        ),
        Mistake(
            "never falls",
            "After the warm-up your rate stays at the peak. Where is the cosine?",
            (
                _schedule(falling=lambda share, peak: peak),
                _schedule(falling=lambda share, peak: peak, at_end=_never),
            ),
        ),
        Mistake(
            "a share, not a rate",
            "These are shares of the peak, from 0 to 1. What are they multiplied with?",
            (
                _schedule(
                    rising=lambda step, warmup, peak: (step + 1) / warmup,
                    falling=lambda share, peak: _half_cosine(share, 1.0),
                ),
                _schedule(rising=lambda step, warmup, peak: (step + 1) / warmup),
                _schedule(falling=lambda share, peak: _half_cosine(share, 1.0)),
            ),
        ),
        Mistake(
            "a tensor",
            "A learning rate is a plain number here. math.cos gives a float; from a tensor, .item() takes it.",
            _schedule(made=torch.tensor),
        ),
    ),
)
