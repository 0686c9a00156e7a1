"""Lesson 5, forward and backward: a guess, its loss, and the gradients that say how to better it."""

from autograder.exercises.forward_and_backward.autograd_gradients import AUTOGRAD_GRADIENTS
from autograder.exercises.forward_and_backward.mlp_gradients import MLP_GRADIENTS
from autograder.exercises.forward_and_backward.mse import MSE
from autograder.exercises.forward_and_backward.mse_gradients import MSE_GRADIENTS
from autograder.exercises.forward_and_backward.predict import PREDICT

EXERCISES = (PREDICT, MSE, MSE_GRADIENTS, AUTOGRAD_GRADIENTS, MLP_GRADIENTS)
