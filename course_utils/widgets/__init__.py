"""Pictures with controls, for exploring. Nothing graded depends on one.

Drawing is left to the pure functions of `course_utils.plots`; what is here joins one of them to its controls.
"""

from course_utils.widgets.autograd import slope_explorer
from course_utils.widgets.explorer import Explorer
from course_utils.widgets.forward_and_backward import guess_explorer
from course_utils.widgets.gradient_descent import learning_rate
from course_utils.widgets.indexing import gather_explorer
from course_utils.widgets.layers import softmax_temperature
from course_utils.widgets.library import library, library_choices
from course_utils.widgets.math_and_reductions import reduction_explorer
from course_utils.widgets.modules_and_optimizers import optimizer_paths
from course_utils.widgets.progress import Progress
from course_utils.widgets.start import InventedWords, word_inventor
from course_utils.widgets.tensors import shape_explorer
from course_utils.widgets.training import early_stopping
from course_utils.widgets.transformer_ffn import attention_scale

__all__ = [
    "Explorer",
    "InventedWords",
    "Progress",
    "attention_scale",
    "early_stopping",
    "gather_explorer",
    "guess_explorer",
    "learning_rate",
    "library",
    "library_choices",
    "optimizer_paths",
    "reduction_explorer",
    "shape_explorer",
    "slope_explorer",
    "softmax_temperature",
    "word_inventor",
]
