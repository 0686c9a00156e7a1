"""How answers to lesson 2 get hold of a tensor to call `backward` on: a fresh leaf, or one of the ways to miss it."""

from __future__ import annotations

from collections.abc import Callable

import torch

LESSON = "02_autograd"

# what `watch_calls` counts where autograd runs, backward through a graph or forward beside the computation
AUTOGRAD = ("run_backward", "make_dual")

FORGOTTEN = "requires_grad is missing"
FORGOTTEN_SAYS = (
    "backward() found nothing that asked for a gradient. Which tensor should record what is done with it, and how do "
    "you say so before you compute with it?"
)
NO_GRADIENT_YET = "no return, or no backward"
NO_GRADIENT_YET_SAYS = (
    "Nothing came back. Either a `return` is missing, or .grad was read before backward() had filled it, or it was "
    "read from another tensor than the leaf that asked for gradients: a result such as y has none."
)
TUPLE = "a tuple around it"
TUPLE_SAYS = (
    "torch.autograd.grad gives a tuple, one gradient for each input, also when there is one. Which entry is yours?"
)
NO_LEAF = "the copy is no leaf"
NO_LEAF_SAYS = (
    "clone() is recorded: the copy of a tensor that requires grad is no leaf, so its .grad stays None and the gradient "
    "flows on into the original. What cuts the copy off?"
)
NOT_ONE_NUMBER = "backward on several numbers"
NOT_ONE_NUMBER_SAYS = (
    "backward() starts from a single number. Which one does the exercise ask about: how do many become one?"
)


def leaf(t: torch.Tensor) -> torch.Tensor:
    """A detached copy that requires grad, as a right answer makes it."""
    return t.detach().clone().requires_grad_()


def itself(t: torch.Tensor) -> torch.Tensor:
    """No copy at all."""
    return t


def itself_as_leaf(t: torch.Tensor) -> torch.Tensor:
    """No copy, and the flag switched on."""
    return t.requires_grad_()


def recorded_copy(t: torch.Tensor) -> torch.Tensor:
    """A copy without detach: of a tensor that requires grad it is no leaf."""
    return t.clone().requires_grad_()


def plain_copy(t: torch.Tensor) -> torch.Tensor:
    """A detached copy that nobody asked for gradients."""
    return t.detach().clone()


def by_backward(value: Callable, copy: Callable = leaf, take: Callable = itself) -> Callable:
    """An answer that calls ``backward`` on ``value(x)``, where x is a copy of its argument, and takes ``x.grad``."""

    def answer(t: torch.Tensor) -> torch.Tensor:
        x = copy(t)
        value(x).backward()
        return take(x.grad)

    return answer


def by_grad(value: Callable, copy: Callable = leaf, take: Callable = lambda grads: grads[0]) -> Callable:
    """An answer that calls ``torch.autograd.grad``."""

    def answer(t: torch.Tensor) -> torch.Tensor:
        x = copy(t)
        return take(torch.autograd.grad(value(x), x))

    return answer
