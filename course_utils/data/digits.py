"""The handwritten digits of lesson 9. `DIGITS.md` beside this file says where they are from."""

from pathlib import Path

import numpy as np
import torch

_FILE = Path(__file__).with_name("digits.npz")


def load_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """1,797 handwritten digits as small grey images, each with the digit that it shows.

    Returns:
        images: uint8 `(1797, 8, 8)`, from 0 (paper) to 16 (ink everywhere)
        labels: int64 `(1797,)`, from 0 to 9

    >>> images, labels = load_digits()
    >>> images.shape, labels[:5]
    (torch.Size([1797, 8, 8]), tensor([0, 1, 2, 3, 4]))
    """
    with np.load(_FILE) as arrays:
        return torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"]).long()
