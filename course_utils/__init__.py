"""What the lessons import: checks of answers, checkers of tensors, plots and widgets."""

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
