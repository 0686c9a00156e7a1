"""What is true of a tensor whatever its class says: asked of PyTorch's C code, past what a subclass may override."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch

# bound once, before any code of a notebook runs
_BASE = torch._C.TensorBase
_FLAG, _LEAF, _GRAD, _NODE = (_BASE.__dict__[name].__get__ for name in ("requires_grad", "is_leaf", "grad", "grad_fn"))
_SHAPE, _DTYPE, _LAYOUT, _DEVICE = (_BASE.__dict__[n].__get__ for n in ("shape", "dtype", "layout", "device"))
_numel, _detach, _clone, _as_subclass = _BASE.numel, _BASE.detach, _BASE.clone, _BASE.as_subclass
_dispatch_keys, _PYTHON, _Plainly = torch._C._dispatch_keys, torch._C.DispatchKey.Python, torch._C.DisableTorchFunction


def requires_grad(tensor: torch.Tensor) -> bool:
    """Whether autograd follows it."""
    with _Plainly():
        return _FLAG(tensor)


def is_leaf(tensor: torch.Tensor) -> bool:
    """Whether no operation that autograd follows made it."""
    with _Plainly():
        return _LEAF(tensor)


def grad(tensor: torch.Tensor) -> torch.Tensor | None:
    """The gradient that a leaf holds; None for what is no leaf."""
    with _Plainly():
        return _GRAD(tensor) if _LEAF(tensor) else None


def device(tensor: torch.Tensor) -> torch.device:
    """Where its entries are."""
    with _Plainly():
        return _DEVICE(tensor)


def described(tensor: torch.Tensor) -> tuple[torch.Size, torch.dtype, torch.layout, int]:
    """Its shape, dtype, layout and number of entries."""
    with _Plainly():
        return _SHAPE(tensor), _DTYPE(tensor), _LAYOUT(tensor), _numel(tensor)


def runs_code(tensor: torch.Tensor) -> bool:
    """Whether its class computes in Python (``__torch_dispatch__``): its entries are what that says."""
    return _dispatch_keys(tensor).has(_PYTHON)


def copied(tensor: torch.Tensor) -> torch.Tensor:
    """Its entries in a plain tensor of its own, which autograd does not follow."""
    with _Plainly():
        return _as_subclass(_clone(_detach(tensor)), torch.Tensor)


def overwritten(tensors: list[torch.Tensor]) -> bool:
    """Whether a tensor that autograd had saved for the backward pass of ``tensors`` was changed in place since.

    Autograd keeps the version of what it saves, and gives nothing back whose version is another one; what a backward
    pass has freed already it does not hold any more.
    """
    with _Plainly():
        waiting, seen = [_NODE(tensor) for tensor in tensors], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if any(_holds(raw) and not _gives_back(saved) for raw, saved in _saved(node)):
            return True
        waiting += [before for before, _ in node.next_functions]
    return False


def _saved(node: torch.autograd.graph.Node) -> Iterator[tuple[Callable, Callable]]:
    """For all that a node saved: how to get what it holds as it is, and how to get it back."""
    if isinstance(node, torch._C._FunctionBase):  # an operation written in Python
        own = torch._C._FunctionBase.__dict__
        yield partial(own["_raw_saved_tensors"].__get__, node), partial(own["saved_tensors"].__get__, node)
    else:
        for name in dir(type(node)):
            if name.startswith("_raw_saved_"):
                yield partial(getattr, node, name), partial(getattr, node, name.removeprefix("_raw"))


def _holds(raw: Callable) -> bool:
    try:
        saved = raw()
    except RuntimeError:
        return False
    return any(item.data is not None for item in (saved if isinstance(saved, tuple) else (saved,)))


def _gives_back(saved: Callable) -> bool:
    try:
        saved()
    except RuntimeError:
        return False
    return True
