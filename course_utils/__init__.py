"""What the lessons import: checks of answers, checkers of tensors, plots and widgets.

A name is loaded where it is first asked for: who reads only the record of checks does not wait for PyTorch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.checkers import (
        check_device,
        check_dtype,
        check_finite,
        check_requires_grad,
        check_shape,
    )
    from course_utils.checking import CheckFailed, check, start_review
    from course_utils.device import pick_device
    from course_utils.predicting import predict
    from course_utils.reviewing import review
    from course_utils.standing import progress

__all__ = [
    "CheckFailed",
    "check",
    "check_device",
    "check_dtype",
    "check_finite",
    "check_requires_grad",
    "check_shape",
    "pick_device",
    "predict",
    "progress",
    "review",
    "start_review",
]

_HOMES = {
    "CheckFailed": "checking",
    "check": "checking",
    "pick_device": "device",
    "predict": "predicting",
    "progress": "standing",
    "review": "reviewing",
    "start_review": "checking",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'course_utils' has no attribute {name!r}")
    return getattr(importlib.import_module(f"course_utils.{_HOMES.get(name, 'checkers')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
