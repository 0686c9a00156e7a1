"""The exercises of the course: one module a lesson, each with its right answers, inputs and known mistakes."""

from autograder.exercise import Exercise
from autograder.exercises import (
    autograd,
    forward_and_backward,
    gradient_descent,
    indexing,
    layers,
    math_and_reductions,
    modules_and_optimizers,
    tensors,
    training,
    transformer_ffn,
)
from autograder.exercises.start import DOUBLE

_LESSONS = (
    tensors,
    autograd,
    math_and_reductions,
    indexing,
    forward_and_backward,
    gradient_descent,
    layers,
    modules_and_optimizers,
    training,
    transformer_ffn,
)

EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in _LESSONS for exercise in lesson.EXERCISES}
# Judged like the others, and counted nowhere: the start notebook is no lesson.
WARM_UP: dict[str, Exercise] = {DOUBLE.name: DOUBLE}
