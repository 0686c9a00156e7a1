"""Lesson 6, gradient descent: the five-step loop from raw tensors."""

from autograder.exercises.gradient_descent.fit_line import FIT_LINE
from autograder.exercises.gradient_descent.manual_train_step import MANUAL_TRAIN_STEP
from autograder.exercises.gradient_descent.minibatches import MINIBATCHES
from autograder.exercises.gradient_descent.momentum_update import MOMENTUM_UPDATE
from autograder.exercises.gradient_descent.sgd_update import SGD_UPDATE
from autograder.exercises.gradient_descent.zero_grads import ZERO_GRADS

EXERCISES = (SGD_UPDATE, ZERO_GRADS, MANUAL_TRAIN_STEP, FIT_LINE, MOMENTUM_UPDATE, MINIBATCHES)
