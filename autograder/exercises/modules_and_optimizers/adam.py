"""Lesson 8: one step of AdamW by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from autograder.exercise import Draw, Exercise, Mistake
from course_utils.probes.training import run_update


def _adam_cases(draw: Draw) -> Iterator[dict]:
    vector = torch.tensor
    yield {
        "params": [vector([1.0, -2.0])],
        "grads": [[vector([0.5, -1.0])], [vector([0.5, 3.0])], [vector([-1.0, 1.0])]],
        **{"lr": 0.25, "betas": (0.5, 0.75), "eps": 0.125, "weight_decay": 0.5},
    }
    yield {
        "params": [vector([1.0]), vector([4.0, 2.0])],
        "grads": [[vector([2.0]), None], [vector([1.0]), vector([0.5, 1.0])], [None, vector([1.0, -1.0])]],
        **{"lr": 0.5, "betas": (0.75, 0.5), "eps": 0.25, "weight_decay": 0.25},
    }
    shapes = [tuple(draw.sizes(2)), (draw.size(),), (), (2, 1, draw.size()), (draw.size(), 1)]
    for betas, eps, decay in [
        ((0.8, 0.95), 0.03, draw.uniform(0.2, 0.8)),
        ((0.6, 0.7), 0.2, 0.0),
        ((draw.uniform(0.3, 0.9), draw.uniform(0.3, 0.9)), draw.uniform(0.05, 0.5), draw.uniform(0.2, 0.8)),
        ((0.0, 0.9), 0.1, draw.uniform(0.2, 0.8)),
    ]:
        grads: list[list[torch.Tensor | None]] = [[draw.normal(*shape, std=2.0) for shape in shapes] for _ in range(6)]
        grads[0][1] = grads[2][1] = grads[3][4] = grads[0][2] = None  # what was not used has no gradient
        for step in grads:
            step[3] = None if eps == 0.2 else step[3]
        params = [draw.normal(*shape, std=2.0) for shape in shapes]
        yield {"params": params, "grads": grads, "lr": draw.uniform(0.1, 0.5)} | {
            **{"betas": betas, "eps": eps, "weight_decay": decay}
        }
    yield {
        "params": [draw.wide(40, 1)],
        "grads": [[draw.wide(40, 1)] for _ in range(3)],
        **{"lr": 0.1, "betas": (0.8, 0.9), "eps": 0.01, "weight_decay": 0.1},
    }


def _adamw(params: list, states: list, lr: float, betas: tuple, eps: float, weight_decay: float) -> None:
    """PyTorch's own, kept in the first dict."""
    if "optimizer" not in states[0]:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        states[0]["optimizer"] = torch.optim.AdamW(params, **settings)
    states[0]["optimizer"].step()


def _adam(
    *,
    betas: Callable = lambda betas: betas,
    correct: tuple[bool, bool] = (True, True),
    counter: str = "own",
    missing: str = "skip",
    gradient: Callable = lambda g, p, decay: g,
    square: Callable = torch.square,
    fresh: tuple[float, float] | None = None,
    kept: bool | str = True,
    one_state: bool = False,
    ahead: int = 0,
    shrink: Callable = lambda lr, decay: lr * decay,
    shrink_after: bool = False,
    divisor: Callable = lambda v, correction, eps: (v / correction).sqrt() + eps,
    sign: int = 1,
    write: Callable = lambda params, i, new: params[i].copy_(new),
) -> Callable:
    """AdamW by hand with one or more of its parts changed.

    Args:
        betas: from the argument to what is used.
        correct: whether the bias of the two moments is corrected.
        counter: whose step number corrects it: a parameter's ``"own"``, one of ``"calls"``, or one that goes up with
            ``"every parameter"``.
        ahead: how far that number is ahead of the true one.
        missing: what a gradient of None does: ``"skip"``, or count as ``"zero"``, or only let the weights ``"decay"``.
        gradient: from the gradient to what the moments see.
        square: what the second moment averages.
        fresh: weights of the new value in the two moments, in the place of 1 - beta.
        kept: whether the moments are remembered, or ``"corrected"`` ones in their place.
        one_state: whether all parameters share the first dict.
        shrink: how much of a parameter the decay takes away; after the update where ``shrink_after``.
        divisor: what the first moment is divided by.
        write: how a new value is stored.
    """

    @torch.no_grad()
    def adam_update_(
        params: list, states: list, lr: float, betas_given: tuple, eps: float, weight_decay: float
    ) -> None:
        beta1, beta2 = betas(betas_given)
        new1, new2 = fresh or (1 - beta1, 1 - beta2)
        shared = states[0]
        shared["calls"] = shared.get("calls", 0) + 1
        for i, (p, state) in enumerate(zip(params, states, strict=True)):
            if p.grad is None and missing != "zero":
                if missing == "decay":
                    p.mul_(1 - lr * weight_decay)
                continue
            state["own"] = state.get("own", 0) + 1
            shared["all"] = shared.get("all", 0) + 1
            steps = {"own": state["own"], "calls": shared["calls"], "every parameter": shared["all"]}
            t = steps[counter] + ahead
            memory = shared if one_state else state
            g = gradient(torch.zeros_like(p) if p.grad is None else p.grad, p, weight_decay)
            m = beta1 * memory.get("m", torch.zeros_like(p)) + new1 * g
            v = beta2 * memory.get("v", torch.zeros_like(p)) + new2 * square(g)
            correction1, correction2 = (1 - b**t if on else 1.0 for b, on in zip((beta1, beta2), correct, strict=True))
            if kept:
                memory["m"], memory["v"] = (m / correction1, v / correction2) if kept == "corrected" else (m, v)
            change = sign * lr * (m / correction1) / divisor(v, correction2, eps)
            keep = 1 - shrink(lr, weight_decay)
            write(params, i, (p - change) * keep if shrink_after else p * keep - change)

    return adam_update_


def _rebind(params: list, i: int, new: torch.Tensor) -> None:
    params[i] = new


def _drop(params: list, i: int, new: torch.Tensor) -> None:
    """What `p = ...` in a loop over the parameters comes to."""


def _tracked(params: list, states: list, lr: float, betas: tuple, eps: float, weight_decay: float) -> None:
    for p in params:
        p.mul_(1 - lr * weight_decay)


def _tracked_difference(params: list, states: list, lr: float, betas: tuple, eps: float, weight_decay: float) -> None:
    for p in params:
        p -= lr * weight_decay * p


def _crashing(use: Callable) -> Callable:
    """AdamW that does something with a gradient of None which ends in an error."""

    def adam_update_(params: list, states: list, *settings: Any) -> None:
        for p in params:
            use(p.grad)
        _adam()(params, states, *settings)

    return adam_update_


def _until_none(params: list, states: list, *settings: Any) -> None:
    """AdamW that ends at the first parameter without a gradient."""
    for p, state in zip(params, states, strict=True):
        if p.grad is None:
            return
        _adam()([p], [state], *settings)


def _rooted(root_of: str) -> Callable:
    """Where eps stands beside the root of the second moment."""
    return {
        "inside": lambda v, correction, eps: (v / correction + eps).sqrt(),
        "inside, before the correction": lambda v, correction, eps: ((v + eps) / correction).sqrt(),
        "inside, squared": lambda v, correction, eps: (v / correction + eps**2).sqrt(),
        "before the correction": lambda v, correction, eps: (v.sqrt() + eps) / correction**0.5,
        "nowhere": lambda v, correction, eps: (v / correction).sqrt(),
        "always 1e-8": lambda v, correction, eps: (v / correction).sqrt() + 1e-8,
        "no root": lambda v, correction, eps: v / correction + eps,
        "correction outside": lambda v, correction, eps: v.sqrt() / correction + eps,
    }[root_of]


def _with_decay(g: torch.Tensor, p: torch.Tensor, decay: float) -> torch.Tensor:
    return g + decay * p


def _no_shrink(lr: float, decay: float) -> float:
    return 0.0


ADAM_UPDATE = Exercise(
    name="adam_update_",
    lesson="08_modules_and_optimizers",
    reference=_adamw,
    cases=_adam_cases,
    probe=run_update,
    contracts=(),
    forbidden=(
        *(
            "optim",
            "adam",
            "adamw",
            "adamax",
            "nadam",
            "radam",
            "sgd",
            "rmsprop",
            "adagrad",
            "adadelta",
            "asgd",
            "rprop",
        ),
        *("fused_adam", "fused_adamw", "single_tensor_adamw", "multi_tensor_adamw", "single_tensor_adam"),
    ),
    instead="arithmetic on p, p.grad and what you keep in the states",
    mistakes=(
        Mistake(
            "no bias correction",
            "The moments start at 0, so at first they are too small. What are they divided by in step t?",
            (
                _adam(correct=(False, False)),
                _adam(correct=(False, True)),
                _adam(correct=(True, False)),
                _adam(correct=(False, False), divisor=_rooted("inside")),
            ),
        ),
        Mistake(
            "decay in the gradient",
            "This is Adam with the decay added to the gradient, where the moments average it away. AdamW takes it off "
            "the weights themselves. Where does weight_decay stand in your code?",
            (
                _adam(gradient=_with_decay, shrink=_no_shrink),
                _adam(gradient=_with_decay),
                _adam(gradient=lambda g, p, decay: g - decay * p, shrink=_no_shrink),
            ),
        ),
        Mistake(
            "eps inside the root",
            "Where does eps stand: under the root, next to the second moment, or next to the root?",
            tuple(_adam(divisor=_rooted(f"inside{how}")) for how in ("", ", before the correction", ", squared")),
        ),
        Mistake(
            "step shared",
            "Every parameter counts its own steps, those with a gradient: one that was skipped is behind. Who counts "
            "in your code, and when?",
            (_adam(counter="calls"), _adam(counter="every parameter")),
        ),
        Mistake(
            "eps before the correction",
            "eps is added after the second moment is corrected, not before. In which order do you divide and add?",
            _adam(divisor=_rooted("before the correction")),
        ),
        Mistake(
            "corrections in the rate, and the decay last",
            "Two things are not as in PyTorch's AdamW. With the corrections folded into the learning rate, eps is "
            "added to a second moment that is not corrected yet; and the decay acts on the weight after the step.",
            _adam(divisor=_rooted("before the correction"), shrink_after=True),
        ),
        Mistake(
            "correction outside the root",
            "The second moment is corrected first, then the root is taken. What do you divide by 1 - beta2**t?",
            _adam(divisor=_rooted("correction outside")),
        ),
        Mistake(
            "eps not used",
            "eps is an argument, and here it is larger than usual. Where does your code use it?",
            (_adam(divisor=_rooted("nowhere")), _adam(divisor=_rooted("always 1e-8"))),
        ),
        Mistake(
            "betas not used",
            "betas is an argument: (0.9, 0.999) is the default alone. Where does your code look at it?",
            (
                _adam(betas=lambda betas: (0.9, 0.999)),
                _adam(betas=lambda betas: (0.9, betas[1])),
                _adam(betas=lambda betas: (betas[0], 0.999)),
                _adam(betas=lambda betas: (betas[0], betas[0])),
                _adam(betas=lambda betas: (betas[1], betas[1])),
            ),
        ),
        Mistake(
            "betas swapped",
            "The first beta is for the mean of the gradients, the second for the mean of their squares.",
            _adam(betas=lambda betas: betas[::-1]),
        ),
        Mistake(
            "moments mix the wrong way",
            "m = beta * m + (1 - beta) * g: which of the two weighs the old value in yours?",
            (
                _adam(betas=lambda betas: (1 - betas[0], 1 - betas[1])),
                _adam(betas=lambda betas: (1 - betas[0], betas[1])),
                _adam(betas=lambda betas: (betas[0], 1 - betas[1])),
                _adam(fresh=(1.0, 1.0)),
                _adam(fresh=(1.0, 1.0), correct=(False, False)),
            ),
        ),
        Mistake(
            "no decay",
            "weight_decay does nothing in your code. What does it take off a weight in every step?",
            _adam(shrink=_no_shrink),
        ),
        Mistake(
            "decay without the learning rate",
            "In PyTorch's AdamW a weight loses lr * weight_decay of itself in a step. What does it lose in yours?",
            (_adam(shrink=lambda lr, decay: decay), _adam(shrink=lambda lr, decay: lr * lr * decay)),
        ),
        Mistake(
            "decay with the wrong sign",
            "Decay pulls a weight towards 0. Does p grow or shrink in yours?",
            _adam(shrink=lambda lr, decay: -lr * decay),
        ),
        Mistake(
            "decay after the update",
            "The decay acts on the weight as it was before the step, not on the one that the step made.",
            _adam(shrink_after=True),
        ),
        Mistake(
            "uphill",
            "The loss falls against the gradient. Which sign has your update?",
            _adam(sign=-1),
        ),
        Mistake(
            "no root",
            "v has the units of a squared gradient. What brings it back to those of a gradient?",
            _adam(divisor=_rooted("no root")),
        ),
        Mistake(
            "no square",
            "The second moment is the mean of the squared gradients. What do you average?",
            (_adam(square=torch.abs), _adam(square=lambda g: g)),
        ),
        Mistake(
            "state not kept",
            "Every call starts from moments of 0. What do you have to store in states, for the next call?",
            (_adam(kept=False), _adam(kept=False, correct=(False, False))),
        ),
        Mistake(
            "corrected moments kept",
            "The correction is for this step's division alone. Which m and v does the next step go on from?",
            _adam(kept="corrected"),
        ),
        Mistake(
            "state shared",
            "Every parameter has a dict of its own, states[i] for params[i]. Whose moments does yours use?",
            (_adam(one_state=True), _adam(one_state=True, counter="every parameter")),
        ),
        Mistake(
            "step counted wrongly",
            "In the first step t is 1. When does your counter go up, and where does it begin?",
            (_adam(ahead=-1), _adam(ahead=1)),
        ),
        Mistake(
            "crashes on None",
            "A parameter that was not used has p.grad None. What should happen to it?",
            tuple(map(_crashing, (lambda g: g * 0.5, lambda g: 0.5 * g, lambda g: g**2, torch.square))),
        ),
        Mistake(
            "None as zero",
            "A parameter without a gradient is left as it is: no decay, no moments, no step counted. What do you do "
            "with it?",
            (_adam(missing="zero"), _adam(missing="decay")),
        ),
        Mistake(
            "stops at the first None",
            "Parameters behind one without a gradient did not move. Should it end the loop (return, break), or be "
            "passed over (continue)?",
            _until_none,
        ),
        Mistake(
            "rebinds instead of updating",
            "The parameters did not change: `p = ...` gives a new tensor an old name. What writes into the old one?",
            (_adam(write=_rebind), _adam(write=_drop)),
        ),
        Mistake(
            "update outside no_grad",
            "A parameter that requires grad can't be changed in place while autograd records. What switches that off?",
            (_tracked, _tracked_difference),
        ),
    ),
)
