"""Answers that learners might write: right ones in different ways, and wrong ones beyond the known mistakes."""

from tests.answers import (
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

# exercise -> right answers
RIGHT = {name: answers for lesson in _LESSONS for name, answers in lesson.RIGHT.items()}
# (exercise, wrong answer, words that its message must hold)
WRONG = tuple(row for lesson in _LESSONS for row in lesson.WRONG)
