"""Lesson 2, autograd: gradients asked for, kept apart, left out, checked, and the graph they come from."""

from autograder.exercises.autograd.fresh_grads import FRESH_GRADS
from autograder.exercises.autograd.graph_ops import GRAPH_OPS
from autograder.exercises.autograd.mean_square_grad import MEAN_SQUARE_GRAD
from autograder.exercises.autograd.numerical_grad import NUMERICAL_GRAD
from autograder.exercises.autograd.predict_without_graph import PREDICT_WITHOUT_GRAPH
from autograder.exercises.autograd.product_grads import PRODUCT_GRADS
from autograder.exercises.autograd.slope_at import SLOPE_AT

EXERCISES = (
    SLOPE_AT,
    MEAN_SQUARE_GRAD,
    PRODUCT_GRADS,
    FRESH_GRADS,
    PREDICT_WITHOUT_GRAPH,
    NUMERICAL_GRAD,
    GRAPH_OPS,
)
