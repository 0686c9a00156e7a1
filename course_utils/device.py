"""Choose the device to work on."""

from __future__ import annotations

import warnings

import torch


def pick_device() -> torch.device:
    """The accelerator of this machine (CUDA, MPS, XPU, ...) if there is one and it works, else the CPU.

    An accelerator counts as working once it has multiplied two small matrices: one that is listed may still be too
    old for this PyTorch, or full. Then a warning says why, and you get the CPU.

    Returns:
        A device without an index, such as ``device(type='cuda')``: PyTorch's current device of that type.

    >>> torch.ones(2, 3, device=pick_device()).shape
    torch.Size([2, 3])
    """
    device = torch.accelerator.current_accelerator(check_available=True)
    if device is None:
        return torch.device("cpu")
    try:
        _try_out(device)
    except RuntimeError as error:  # also AcceleratorError, OutOfMemoryError and NotImplementedError
        reason = str(error).partition("\n")[0]
        warnings.warn(f'pick_device: working on the CPU, because "{device}" fails: {reason}', stacklevel=2)
        return torch.device("cpu")
    return device


def _try_out(device: torch.device) -> None:
    ones = torch.ones(2, 2, device=device)
    (ones @ ones).sum().item()  # item() waits for the result: an accelerator reports its errors late
