"""The pictures of the lessons: one small function each, all in one house style."""

from course_utils.plots.layers import plot_activations, plot_dropout_masks, plot_layer_norm, plot_softmax
from course_utils.plots.style import Picture

__all__ = ["Picture", "plot_activations", "plot_dropout_masks", "plot_layer_norm", "plot_softmax"]
