"""Lesson 8: gradients that are too long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.training import run_clip


def _clip_cases(draw: Draw) -> Iterator[dict]:
    def case(parameters: list, gradients: list, max_norm: float, generator: bool = False) -> dict:
        return {"parameters": parameters, "gradients": gradients, "max_norm": max_norm, "generator": generator}

    vector = torch.tensor
    yield case([vector([1.0, 2.0]), vector([[3.0]])], [vector([2.0, 4.0]), vector([[4.0]])], 3.0)
    yield case([vector([1.0, 2.0]), vector([[3.0]])], [vector([2.0, 4.0]), vector([[4.0]])], 3.0, generator=True)
    yield case([vector([1.0, 2.0]), vector([[3.0]])], [vector([0.2, 0.4]), vector([[0.4]])], 3.0)
    yield case([vector([1.0]), vector([2.0, 3.0]), vector([4.0])], [vector([6.0]), None, vector([-8.0])], 5.0)
    yield case([vector([1.0]), vector([2.0])], [None, vector([-8.0])], 0.5, generator=True)
    a, b, c = draw.sizes(3)
    shapes = [(a, b), (b,), (), (c, 1, a), (c,), (a, b)]
    for std, max_norm, left_out in [
        (3.0, draw.uniform(0.5, 2.0), (1,)),
        (3.0, 1.0, ()),
        (0.02, draw.uniform(2.0, 9.0), (0, 4)),
        (0.5, 1000.0, ()),
        (40.0, draw.uniform(20.0, 60.0), (5,)),
    ]:
        grads = [None if i in left_out else draw.normal(*shape, std=std) for i, shape in enumerate(shapes)]
        yield case([draw.normal(*shape, std=2.0) for shape in shapes], grads, max_norm)
    yield case([draw.wide(40, 1), draw.wide(20)], [draw.wide(40, 1), draw.wide(20)], draw.uniform(1.0, 9.0))
    # one is longer than max_norm, the other is not; and together they are, where neither is
    yield case([draw.normal(9), draw.normal(4)], [draw.normal(9, std=9.0), draw.normal(4, std=0.02)], 2.0)
    yield case([draw.normal(1), draw.normal(1)], [vector([3.0]), vector([-4.0])], 4.5)
    yield case([draw.normal(3), draw.normal(2)], [torch.zeros(3), torch.zeros(2)], draw.uniform(1.0, 9.0))


def _length(gradients: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack([g.norm() for g in gradients]).norm()


def _clip(
    norm: Callable = _length,
    scale: Callable = lambda norm, max_norm: (max_norm / norm).clamp(max=1.0),
    change: Callable = lambda p, factor, max_norm: p.grad.mul_(factor),
    returned: Callable = lambda before, after: before,
) -> Callable:
    """Clipping with one or more of its parts changed.

    Args:
        norm: of the list of all gradients.
        scale: (norm, max_norm) -> what every gradient is multiplied with.
        change: (p, factor, max_norm) -> what is done to each parameter that has a gradient.
        returned: from a function that measures what there was before, and one that measures what is left.
    """

    def clip_gradients_(parameters: Iterable[torch.Tensor], max_norm: float) -> Any:
        used = [p for p in parameters if p.grad is not None]
        before = norm([p.grad for p in used])
        factor = scale(before, max_norm)
        with torch.no_grad():
            for p in used:
                change(p, factor, max_norm)
        return returned(before, norm([p.grad for p in used]))

    return clip_gradients_


def _none_as_zero(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
    parameters = list(parameters)
    for p in parameters:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    return _clip()(parameters, max_norm)


def _crashing(use: Callable) -> Callable:
    def clip_gradients_(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
        parameters = list(parameters)
        for p in parameters:
            use(p.grad)
        return _clip()(parameters, max_norm)

    return clip_gradients_


def _until_none(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
    used = []
    for p in parameters:
        if p.grad is None:
            break
        used.append(p)
    return _clip()(used, max_norm) if used else torch.tensor(0.0)


def _used_up(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
    """Goes through the parameters twice, which a generator does not allow."""
    norm = _length([p.grad for p in parameters if p.grad is not None])
    for p in parameters:
        if p.grad is not None:
            p.grad *= (max_norm / norm).clamp(max=1.0)
    return norm


def _counted(parameters: Any, max_norm: float) -> torch.Tensor:
    """Asks for the number of parameters, or for one by its index: a generator has neither."""
    len(parameters)
    return _clip()(parameters, max_norm)


def _indexed(parameters: Any, max_norm: float) -> torch.Tensor:
    parameters[0]
    return _clip()(parameters, max_norm)


def _each(returned: Callable) -> Callable:
    """Every gradient is shortened to max_norm by itself."""

    def clip_gradients_(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
        used = [p for p in parameters if p.grad is not None]
        norms = [p.grad.norm() for p in used]
        for p, norm in zip(used, norms, strict=True):
            p.grad.mul_((max_norm / norm).clamp(max=1.0))
        return returned(norms)

    return clip_gradients_


def _clamp(p: torch.Tensor, factor: torch.Tensor, max_norm: float) -> None:
    p.grad.clamp_(-max_norm, max_norm)


def _always(norm: torch.Tensor, max_norm: float) -> torch.Tensor:
    return max_norm / norm


def _clamp_from_above(p: torch.Tensor, factor: torch.Tensor, max_norm: float) -> None:
    p.grad.clamp_(max=max_norm)


def _of_parameters(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
    used = [p for p in parameters if p.grad is not None]
    norm = _length([p.detach() for p in used])
    for p in used:
        p.grad.mul_((max_norm / norm).clamp(max=1.0))
    return norm


def _only_the_first(parameters: Iterable[torch.Tensor], max_norm: float) -> torch.Tensor:
    """Returns from inside the loop."""
    used = [p for p in parameters if p.grad is not None]
    norm = _length([p.grad for p in used])
    used[0].grad.mul_((max_norm / norm).clamp(max=1.0))
    return norm


def _rebind(p: torch.Tensor, factor: torch.Tensor, max_norm: float) -> None:
    """What `g = g * factor` and `p.grad * factor` come to."""


CLIP_GRADIENTS = Exercise(
    name="clip_gradients_",
    lesson="08_modules_and_optimizers",
    reference=lambda parameters, max_norm: torch.nn.utils.clip_grad_norm_(parameters, max_norm),
    cases=_clip_cases,
    probe=run_clip,
    contracts=("float64", "strided"),
    forbidden=("clip_grad_norm_", "clip_grads_with_norm_", "get_total_norm"),
    instead="the norm of each p.grad and arithmetic",
    mistakes=(
        Mistake(
            "sum of norms",
            "You add up the norms. Two gradients of lengths 3 and 4 are together 5 long, not 7: what is squared, "
            "what is added, and of what is the root taken?",
            _clip(norm=lambda gradients: torch.stack([g.norm() for g in gradients]).sum()),
        ),
        Mistake(
            "one norm for all",
            "This is the norm of one gradient, or a mean of theirs. All gradients together are one long vector: what "
            "is its length?",
            (
                _clip(norm=lambda gradients: torch.stack([g.norm() for g in gradients]).max()),
                _clip(norm=lambda gradients: torch.stack([g.norm() for g in gradients]).mean()),
                _clip(norm=lambda gradients: gradients[-1].norm()),
                _clip(norm=lambda gradients: gradients[0].norm()),
            ),
        ),
        Mistake(
            "each on its own",
            "Each gradient is shortened by itself, which turns the step into another direction. Of how many gradients "
            "is max_norm the largest length?",
            (_each(lambda norms: torch.stack(norms).norm()),),
        ),
        Mistake(
            "clamps entries",
            "Entries are cut off at max_norm. That is another kind of clipping (by value), and it changes the "
            "direction. What shortens all gradients and keeps their direction?",
            tuple(
                _clip(change=change, returned=returned)
                for change in (_clamp, _clamp_from_above)
                for returned in (lambda before, after: before, lambda before, after: after)
            ),
        ),
        Mistake(
            "the limit on the wrong side",
            "Gradients that are too long stay as they are, and short ones grow. The factor may be anything up to 1: "
            "is that a `min` or a `max`?",
            (
                _clip(scale=lambda norm, max_norm: (max_norm / norm).clamp(min=1.0)),
                _clip(scale=lambda norm, max_norm: max_norm / norm if norm < max_norm else torch.tensor(1.0)),
            ),
        ),
        Mistake(
            "also scales up",
            "Gradients that are shorter than max_norm should stay as they are, and yours grow (or become nan, where "
            "all are 0). When is there something to clip?",
            (_clip(scale=_always), _clip(scale=lambda norm, max_norm: max_norm / (norm + 1e-6))),
        ),
        Mistake(
            "no root",
            "The sum of the squares is the square of the length. Which step is missing?",
            _clip(norm=lambda gradients: sum(g.square().sum() for g in gradients)),
        ),
        Mistake(
            "another norm",
            "The length here is the root of the sum of the squares. What do you take of the entries?",
            (
                _clip(norm=lambda gradients: sum(g.abs().sum() for g in gradients)),
                _clip(norm=lambda gradients: torch.stack([g.abs().max() for g in gradients]).max()),
                _clip(norm=lambda gradients: torch.cat([g.flatten() for g in gradients]).square().mean().sqrt()),
            ),
        ),
        Mistake(
            "norm of the parameters",
            "This is how long the parameters are. What should be measured: p, or p.grad?",
            _of_parameters,
        ),
        Mistake(
            "returns too early",
            "The first gradient is shortened, and the others are not. Does a `return` stand inside your loop?",
            _only_the_first,
        ),
        Mistake(
            "no norm where nothing is clipped",
            "Where the gradients are short enough, None comes back. Does the `return` stand inside the `if`?",
            _clip(returned=lambda before, after: before if after < before else None),
        ),
        Mistake(
            "no return",
            "The gradients are right. The caller also wants to know how long they were: what should be returned?",
            _clip(returned=lambda before, after: None),
        ),
        Mistake(
            "norm after clipping",
            "This is how long the gradients are now, which the caller can guess. How long were they before?",
            (_clip(returned=lambda before, after: after),),
        ),
        Mistake(
            "a number, not a tensor",
            "The norm is right, and asked for as a 0-d tensor: on a GPU, .item() would wait for the result.",
            (
                _clip(returned=lambda before, after: before.item()),
                _clip(returned=lambda before, after: before.reshape(1)),
            ),
        ),
        Mistake(
            "the factor, not the norm",
            "The gradients are right, and what you return is what they were multiplied with. How long were they?",
            _clip(returned=lambda before, after: after / before),
        ),
        Mistake(
            "crashes on None",
            "A parameter that was not used has None as its gradient. What does your code do with it?",
            tuple(map(_crashing, (lambda g: g.norm(), lambda g: g.square(), lambda g: g**2, lambda g: g.pow(2)))),
        ),
        Mistake(
            "None becomes zeros",
            "A parameter that had no gradient has one now, of zeros: an optimizer will take a step with it, decay and "
            "momentum included. What should become of None?",
            _none_as_zero,
        ),
        Mistake(
            "stops at the first None",
            "Gradients behind a parameter that has none count too. Should None end the loop, or be passed over?",
            _until_none,
        ),
        Mistake(
            "the generator is used up",
            "model.parameters() is a generator: after one pass it is empty, and it has no length. You need the "
            "parameters twice, for the norm and for the scaling. What keeps them?",
            (_used_up, _counted, _indexed),
        ),
        Mistake(
            "never clips",
            "The norm is right, and the gradients are as they were. (g = g * factor gives a new tensor an old name.) "
            "What writes into p.grad?",
            (_clip(change=_rebind), _clip(change=_rebind, returned=lambda *_: None)),
        ),
        Mistake(
            "scales the parameters",
            "Now the parameters are smaller. Which of p and p.grad should be shortened?",
            (_clip(change=lambda p, factor, max_norm: p.mul_(factor)),),
        ),
        Mistake(
            "the wrong way round",
            "Gradients of length `norm` should get the length max_norm. What are they multiplied with, and what "
            "divided by?",
            (
                _clip(scale=lambda norm, max_norm: (norm / max_norm).clamp(max=1.0)),
                _clip(scale=lambda norm, max_norm: norm / max_norm if norm > max_norm else torch.tensor(1.0)),
                _clip(scale=lambda norm, max_norm: 1 / norm if norm > max_norm else torch.tensor(1.0)),
                _clip(scale=lambda norm, max_norm: torch.tensor(max_norm) if norm > max_norm else torch.tensor(1.0)),
            ),
        ),
        Mistake(
            "zeros instead of shorter ones",
            "Gradients that are too long are thrown away, and this step learns nothing. What makes them shorter?",
            (_clip(scale=lambda norm, max_norm: (norm <= max_norm).to(norm.dtype)),),
        ),
    ),
)
