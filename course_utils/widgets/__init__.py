"""Pictures with controls, for exploring. Nothing graded depends on one.

Drawing is left to the pure functions of `course_utils.plots`; what is here joins one of them to its controls.
"""

from course_utils.widgets.explorer import Explorer
from course_utils.widgets.layers import softmax_temperature

__all__ = ["Explorer", "softmax_temperature"]
