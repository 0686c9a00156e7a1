"""The pictures of the lessons: one small function each, all in one house style."""

from course_utils.plots.autograd import plot_fitted_line, plot_rounding, plot_slope
from course_utils.plots.forward_and_backward import plot_guess, plot_loss_surface, plot_residuals
from course_utils.plots.gradient_descent import plot_descent, plot_losses, plot_walks
from course_utils.plots.graph import Graph, draw_graph
from course_utils.plots.indexing import plot_choices, plot_gather
from course_utils.plots.layers import plot_activations, plot_dropout_masks, plot_layer_norm, plot_softmax
from course_utils.plots.math_and_reductions import plot_broadcast, plot_reduction
from course_utils.plots.modules_and_optimizers import plot_optimizer_paths, plot_regions, plot_schedule
from course_utils.plots.style import Picture
from course_utils.plots.tensors import plot_place, plot_reading_orders, plot_shapes
from course_utils.plots.training import (
    plot_confusion,
    plot_digits,
    plot_history,
    plot_search,
    plot_stopping,
    plot_two_settings,
)
from course_utils.plots.transformer_ffn import (
    plot_attention,
    plot_attention_scale,
    plot_heads,
    plot_loss_and_baseline,
    plot_schedules,
)

__all__ = [
    "Graph",
    "Picture",
    "draw_graph",
    "plot_activations",
    "plot_attention",
    "plot_attention_scale",
    "plot_broadcast",
    "plot_choices",
    "plot_confusion",
    "plot_descent",
    "plot_digits",
    "plot_dropout_masks",
    "plot_fitted_line",
    "plot_gather",
    "plot_guess",
    "plot_heads",
    "plot_history",
    "plot_layer_norm",
    "plot_loss_and_baseline",
    "plot_loss_surface",
    "plot_losses",
    "plot_optimizer_paths",
    "plot_place",
    "plot_reading_orders",
    "plot_reduction",
    "plot_regions",
    "plot_residuals",
    "plot_rounding",
    "plot_schedule",
    "plot_schedules",
    "plot_search",
    "plot_shapes",
    "plot_slope",
    "plot_softmax",
    "plot_stopping",
    "plot_two_settings",
    "plot_walks",
]
