"""Check a tensor's shape, dtype, device and values where you use it.

Every check returns its tensor, so it fits around an expression: ``logits = check_shape(model(x), ("batch", 10))``.
A check that fails names the tensor by the text of your call (or by ``name=``) and says what came, what was expected
and what to do. It raises ValueError where the tensor is not as expected, and TypeError where its dtype is not, where
it is no tensor, or where the check itself is called wrongly.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

import torch
from torch import Tensor

from course_utils.naming import argument_text
from course_utils.shapes import Sizes, Spec, misfits, need_spec, spec_text

__all__ = ["check_device", "check_dtype", "check_finite", "check_requires_grad", "check_shape"]

T = TypeVar("T", bound=Tensor)


@overload
def check_shape(x: T, spec: Spec, /, *, name: str | None = None) -> T: ...
@overload
def check_shape(x: Tensor, spec: Spec, /, *more: Tensor | Spec) -> tuple[Tensor, ...]: ...
def check_shape(x: Any, spec: Any, /, *more: Any, name: str | None = None) -> Any:
    """Return ``x`` if its shape fits ``spec``; more tensors and specs may follow, and names must agree across all.

    Args:
        x: a tensor on any device; a 0-d tensor fits ``()``.
        spec: a tuple with one entry a dim: an int is the exact size, a name such as ``"batch"`` is any size but the
            same wherever that name comes again, ``"_"`` is any size, and ``...`` (once) is any number of dims.
        more: ``y, spec_of_y, ...``
        name: what a message calls the tensor, where there is only one.

    Returns:
        ``x``; a tuple of the tensors where there are several.

    Raises:
        ValueError: a shape does not fit, or a spec has an entry that means nothing.
        TypeError: something is no tensor, or no spec.

    >>> images, labels = torch.zeros(8, 3, 28, 28), torch.zeros(8)
    >>> check_shape(images, ("batch", 3, "side", "side")).shape
    torch.Size([8, 3, 28, 28])
    >>> check_shape(images, (..., 28)).shape
    torch.Size([8, 3, 28, 28])
    >>> images, labels = check_shape(images, ("batch", ...), labels, ("batch",))
    >>> check_shape(images, ("batch", 1, ...))
    Traceback (most recent call last):
    ValueError: check_shape: images has shape (8, 3, 28, 28); expected ("batch", 1, ...).
      dim 1 is 3, expected 1.
    """
    if more and (name is not None or len(more) % 2):
        wrong = "a spec is missing" if len(more) % 2 else "name= goes with one tensor"
        raise TypeError(f'check_shape: {wrong}; write check_shape(x, ("batch", 3), y, ("batch",)).')
    sizes: Sizes = {}
    given = (x, spec, *more)
    for i in range(0, len(given), 2):
        _need_tensor("check_shape", given, i, name)
        need_spec(given[i + 1])
        if wrong := misfits(given[i].shape, given[i + 1], sizes, i, lambda j: _name("check_shape", j)):
            came = f"{_name('check_shape', i, name)} has shape {tuple(given[i].shape)}"
            first = f"check_shape: {came}; expected {spec_text(given[i + 1])}."
            raise ValueError("\n  ".join([first, *wrong]))
    return given[::2] if more else x


def check_dtype(x: T, /, *dtypes: torch.dtype, name: str | None = None) -> T:
    """Return ``x``, of any shape, if its dtype is one of ``dtypes``.

    Raises:
        TypeError: it has another dtype, or ``x`` is no tensor, or no dtype was given.

    >>> check_dtype(torch.tensor([2, 0, 1]), torch.int32, torch.int64).shape
    torch.Size([3])
    """
    _need_tensor("check_dtype", (x, *dtypes), 0, name)
    if x.dtype in dtypes:
        return x
    if not dtypes or not all(isinstance(dtype, torch.dtype) for dtype in dtypes):
        came = ", ".join(map(repr, dtypes)) or "none"
        raise TypeError(f"check_dtype: expected one or more dtypes, such as torch.float32; {came} came.")
    came = f"{_name('check_dtype', 0, name)} has dtype {x.dtype}"
    expected = " or ".join(map(str, dtypes))
    raise TypeError(f"check_dtype: {came}; expected {expected}.\n  .to({dtypes[0]}) converts it.")


def check_device(x: T, device: torch.device | str, /, *, name: str | None = None) -> T:
    """Return ``x``, of any shape and dtype, if it is on ``device``; ``"cuda"`` accepts ``"cuda:0"`` and every other.

    Raises:
        ValueError: it is on another device.
        TypeError: ``x`` is no tensor, or ``device`` no device.

    >>> check_device(torch.zeros(2, 3), "cpu").shape
    torch.Size([2, 3])
    """
    _need_tensor("check_device", (x, device), 0, name)
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        came = device if isinstance(device, str) else f"a {type(device).__name__}"
        raise TypeError(f'check_device: expected a device, such as "cpu", "cuda:0" or y.device; {came} came.') from None
    # The CPU's index is None, also after device="cpu:0".
    if x.device.type == wanted.type and wanted.index in (None, x.device.index or 0):
        return x
    came = f"{_name('check_device', 0, name)} is on {x.device}"
    raise ValueError(f'check_device: {came}; expected {wanted}.\n  .to("{wanted}") returns a copy that is there.')


def check_finite(x: T, /, *, name: str | None = None) -> T:
    """Return ``x``, of any shape and dtype, if it holds no NaN and no infinity.

    An accelerator has to finish its work for this. A tensor on the meta device has no values and passes.

    Raises:
        ValueError: there are some; the message counts them and gives the index of the first.
        TypeError: ``x`` is no tensor.

    >>> check_finite(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    >>> check_finite(torch.zeros(2, 3) / 0, name="mean")
    Traceback (most recent call last):
    ValueError: check_finite: mean has 6 NaN, of 6 in all; expected finite numbers only.
      The first is at index (0, 0).
      Was there a division by 0, a log of 0, an exp of a large number, or a learning rate that is too high?
    """
    _need_tensor("check_finite", (x,), 0, name)
    if x.is_meta or not (x.is_floating_point() or x.is_complex()):
        return x
    values = x.detach().to_dense()  # the same tensor, unless it is sparse
    finite = values.isfinite()
    if finite.all():
        return x
    if x.dim() == 0:
        came, where = f"is {values.item()}; expected a finite number.", ""
    else:
        counts = {"NaN": int(values.isnan().sum()), "inf": int(values.isinf().sum())}
        found = " and ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        came = f"has {found}, of {x.numel()} in all; expected finite numbers only."
        where = f"The first is at index {tuple((~finite).nonzero()[0].tolist())}.\n  "
    raise ValueError(
        f"check_finite: {_name('check_finite', 0, name)} {came}\n  {where}"
        "Was there a division by 0, a log of 0, an exp of a large number, or a learning rate that is too high?"
    )


def check_requires_grad(x: T, /, *, name: str | None = None) -> T:
    """Return ``x``, of any shape, if autograd follows it.

    Raises:
        ValueError: its ``requires_grad`` is False.
        TypeError: ``x`` is no tensor.

    >>> check_requires_grad(torch.zeros(2, 3, requires_grad=True).exp()).shape
    torch.Size([2, 3])
    """
    _need_tensor("check_requires_grad", (x,), 0, name)
    if x.requires_grad:
        return x
    advice = "If you made it: .requires_grad_() or nn.Parameter. If you computed it: under no_grad, or after detach()?"
    if not (x.is_floating_point() or x.is_complex()):
        advice = f"Its dtype, {x.dtype}, has no gradients: only floating-point tensors do."
    came = f"{_name('check_requires_grad', 0, name)} has requires_grad=False"
    raise ValueError(f"check_requires_grad: {came}; expected True.\n  {advice}")


def _need_tensor(check: str, given: tuple[Any, ...], position: int, name: str | None) -> None:
    x = given[position]
    if isinstance(x, Tensor):
        return
    advice = ""
    if any(isinstance(value, Tensor) for value in given[position + 1 : position + 2]):
        advice = f"\n  The tensor comes first: {check}(x, ...)."
    elif x is None:
        advice = "\n  Does the function that made it lack a return?"
    elif callable(x):
        advice = "\n  Call it first, and check what it returns."
    elif isinstance(x, (list, tuple)) and any(isinstance(value, Tensor) for value in x):
        advice = "\n  Check each tensor in it, or make one tensor with torch.stack."
    elif isinstance(x, (list, tuple, int, float)) or hasattr(x, "__array__"):
        advice = "\n  torch.as_tensor makes a tensor of it."
    kind = "None" if x is None else f"of type {type(x).__module__}.{type(x).__qualname__}".replace("builtins.", "")
    raise TypeError(f"{check}: {_name(check, position, name)} is {kind}; expected a tensor.{advice}")


def _name(check: str, position: int, name: str | None = None) -> str:
    return name or argument_text(check, position) or "the tensor"
