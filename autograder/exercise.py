"""What an exercise is: a right answer, inputs to try, and the wrong answers that people give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from course_utils.probes import Case, Observation, call

PUBLIC_SEED = 0  # what the cases that everybody gets are drawn from
# Mistakes that show in how a result is made: the judge itself finds them, and looks for what to say under these names.
SHORT_CUT, LOOP = "short cut", "a Python loop"
# The program that an exercise of the clinic comes with: who hands it in, or does the same, has not attempted anything.
AS_IT_CAME = "as it came"
# What every exercise with floating-point inputs is tried on, unless it says why not: many a wrong answer is right as
# long as inputs are small, positive and short. `Draw.wide` has all of it but a dim of size 1, where it is long enough.
RANGES: Mapping[str, Callable[[torch.Tensor], bool]] = {
    "large": lambda t: bool((t.abs() > 100).any()),
    "tiny": lambda t: bool(((t != 0) & (t.abs() < 1e-3)).any()),
    "zero": lambda t: bool((t == 0).any()),
    "negative": lambda t: bool((t < 0).any()),
    "size 1": lambda t: 1 in t.shape,
    "long": lambda t: max(t.shape, default=0) > 16,
}
SCORE = "score"  # the part of an observation that says how good an outcome is; it is not compared with the reference's
_SEEDS = 10**6  # of a tensor: short enough to stand in a message


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer that runs.

    Attributes:
        name: what the mistake is, in a few words.
        says: what a learner who made it is told: a question or a fact that points at the cause.
        wrong: the answer itself, or a tuple of variants of the same mistake. Where an exercise asks for two functions
            an answer is a tuple of both, and `wrong` a tuple of such answers.
    """

    name: str
    says: str
    wrong: Callable | tuple[Callable | tuple[Callable, ...], ...]

    @property
    def variants(self) -> tuple[Callable | tuple[Callable, ...], ...]:
        """The runnable wrong answers, always as a tuple."""
        return self.wrong if isinstance(self.wrong, tuple) else (self.wrong,)


class Draw:
    """Seeded random inputs: the same seed gives the same cases, on every machine.

    A message shows inputs so that they can be pasted into a cell. So every tensor comes from a generator of its own:
    `expression_of` it draws it again.
    """

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)
        self.is_public = seed == PUBLIC_SEED

    def size(self, low: int = 2, high: int = 7) -> int:
        """An int in [low, high]."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def sizes(self, n: int, low: int = 2, high: int = 7) -> list[int]:
        """``n`` different ints in [low, high], so that no two dims can be mistaken for each other."""
        return (torch.randperm(high - low + 1, generator=self.generator)[:n] + low).tolist()

    def normal(self, *shape: int, mean: float = 0.0, std: float = 1.0) -> torch.Tensor:
        """float32 ``shape``, normally distributed."""
        values, drawn = self._drawn("randn", shape)
        drawn += f" * {std}" if std != 1 else ""
        drawn += f" {'-' if mean < 0 else '+'} {abs(mean)}" if mean else ""
        return _with_expression(values * std + mean, drawn)

    def wide(self, *shape: int) -> torch.Tensor:
        """float32 ``shape``: of either sign and of every size, from 1e-4 to 1e4, and every sixth of them 0."""
        values, drawn = self._drawn("randn", shape)
        return _with_expression(torch.hardshrink(values, 0.2) ** 7 * 10, f"torch.hardshrink({drawn}, 0.2) ** 7 * 10")

    def spread(self, *shape: int) -> torch.Tensor:
        """float32 ``shape``: every slice along the last dim is spread over about [-1.5, 1.5], in another order.

        Where a variance divides, normal draws would now and then give a slice whose entries are nearly equal, and
        rounding decides the result.
        """
        steps = torch.linspace(-1.5, 1.5, shape[-1]).expand(shape)
        order = torch.rand(shape, generator=self.generator).argsort(-1)
        return steps.gather(-1, order) + torch.rand(shape, generator=self.generator) * (0.8 / shape[-1])

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A float in [low, high), rounded to three places so that messages can show it."""
        return round(low + (high - low) * float(torch.rand((), generator=self.generator)), 3)

    def integers(self, high: int, *shape: int) -> torch.Tensor:
        """int64 ``shape``, values in [0, high)."""
        return _with_expression(*self._drawn("randint", shape, high))

    def seed(self) -> int:
        """A seed for a generator that the learner's code draws from."""
        return int(torch.randint(2**31, (), generator=self.generator))

    def _drawn(self, function: str, shape: tuple[int, ...], *before: int) -> tuple[torch.Tensor, str]:
        """A tensor from one of torch's functions, and the expression that gives it again."""
        seed = int(torch.randint(_SEEDS, (), generator=self.generator))
        values = getattr(torch, function)(*before, shape, generator=torch.Generator().manual_seed(seed))
        given = ", ".join(map(str, (*before, shape)))
        return values, f"torch.{function}({given}, generator=torch.Generator().manual_seed({seed}))"


def expression_of(tensor: torch.Tensor) -> str | None:
    """The expression that draws a tensor of `Draw`'s again; None for others, and where it was changed in place."""
    expression, version = getattr(tensor, "_drawn_by", (None, None))
    return expression if tensor._version == version else None


def apply(tensor: torch.Tensor, method: str, *args: Any) -> torch.Tensor:
    """``tensor.method(*args)``, which knows its expression where the tensor does."""
    result, expression = getattr(tensor, method)(*args), expression_of(tensor)
    if expression is None:
        return result
    return _with_expression(result, f"{closed(expression)}.{method}({', '.join(map(repr, args))})")


def closed(expression: str) -> str:
    """An expression to which a method can be appended."""
    return f"({expression})" if re.search(r"\) [*+-]", expression) else expression


def _with_expression(values: torch.Tensor, expression: str) -> torch.Tensor:
    values._drawn_by = expression, values._version
    return values


@dataclass(frozen=True)
class Exercise:
    """One exercise, as the judge needs it.

    Attributes:
        name: the function's or class's name; the same word in the lesson, here, and as nbgrader's ``grade_id``.
        lesson: the lesson it belongs to, such as ``"07_layers"``.
        reference: a right answer; a tuple of functions where the exercise asks for more than one.
        cases: draws the inputs, each a mapping argument name -> value in the order of the signature. Called once
            with a fixed seed for everybody, and once more with a secret one when a class is graded. The first
            case is small enough to be shown whole in a message.
        mistakes: the known wrong answers, the most telling first.
        partners: names of the functions that are judged together with it, as ``(save_checkpoint, load_checkpoint)``.
        contracts: what must hold beside the values: modes of `Case`, tried on every input.
        probe: calls what the learner wrote and writes down what it did, beside the learner's code.
        measure: (case, observation) -> the observation that is compared, worked out by the judge from what the probe
            brought; None where that is compared as it is. It is right for any plain data, and raises nothing.
        forbidden: names of functions and ops that would be a short cut.
        instead: what to build it from, for the message about a short cut.
        demanded: names of what has to run, one of them in every call, as `watch_calls` counts them; an answer without
            it is a short cut too.
        fact: an exercise's own way to say what is wrong: (arguments, result, expected result) -> a sentence
            without the exercise's name, or None where it has nothing to say.
        left_out: kind of input in `RANGES` -> why no case has one.
        sized: n -> inputs of size n. Neither operations nor lines of Python may grow in number: no loop over entries.
        rtol, atol: how far floating-point results may be from the reference's, for every dtype.
        steps: for an exercise judged by outcome alone, pairs of a score and the points that it earns, rising; the last
            earns all. `measure` gives the score as the part `SCORE`, a dict of numbers by name, with the one that
            counts first. What reaches the first step passes.
        seconds: how long one call may take in a graded run, by the clock; None: as long as any.
    """

    name: str
    lesson: str
    reference: Callable | tuple[Callable, ...]
    cases: Callable[[Draw], Iterable[Mapping[str, Any]]]
    mistakes: tuple[Mistake, ...]
    partners: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ("gradients", "float64", "strided", "meta")
    probe: Callable[[Any, Case], Observation] = call
    measure: Callable[[Case, Observation], Observation] | None = None
    forbidden: tuple[str, ...] = ()
    instead: str = ""
    demanded: tuple[str, ...] = ()
    fact: Callable[[Mapping[str, Any], Any, Any], str | None] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)
    sized: Callable[[int], Mapping[str, Any]] | None = None
    rtol: float = 1e-4
    atol: float = 1e-5
    steps: tuple[tuple[float, int], ...] = ()
    seconds: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The functions or classes that an answer consists of: its own name, then its partners'."""
        return (self.name, *self.partners)

    def earned(self, score: float) -> int:
        """The points that a score earns, where there are `steps`."""
        return max((points for least, points in self.steps if score >= least), default=0)

    def measured(self, case: Case, got: Observation) -> Observation:
        """What is compared, for what the probe brought."""
        return self.measure(case, got) if self.measure and not got.raised else got

    def observe(self, answer: Any, case: Case) -> Observation:
        """Probe an answer of our own, such as the reference or a mistake, and measure what that brings."""
        return self.measured(case, self.probe(answer, replace(case, barred=None)))

    def expand(
        self, seed: int, at_most: Mapping[str, int] | None = None, barred: tuple[str, ...] | None = None
    ) -> list[Case]:
        """All cases of one draw: the plain inputs first, then the same inputs under each contract.

        Args:
            at_most: mode -> how many of the inputs are tried under it, of first to last; all where it says nothing.
            barred: for every case, as `Case` has it.
        """
        inputs = list(self.cases(Draw(seed)))
        modes = ["values", *self.contracts, *(["watched"] if self.forbidden else [])]
        limits = {mode: (at_most or {}).get(mode, len(inputs)) for mode in modes}
        return [Case(args, mode, barred) for mode in modes for args in inputs[:: -(-len(inputs) // limits[mode])]]
