"""Lesson 1, tensors: creating them, reading their labels, sharing and moving them."""

from autograder.exercises.tensors.batch_to import BATCH_TO
from autograder.exercises.tensors.describe import DESCRIBE
from autograder.exercises.tensors.init_weights import INIT_WEIGHTS
from autograder.exercises.tensors.noise_like import NOISE_LIKE
from autograder.exercises.tensors.share_with_numpy import SHARE_WITH_NUMPY
from autograder.exercises.tensors.tensor_from_rows import TENSOR_FROM_ROWS

EXERCISES = (TENSOR_FROM_ROWS, INIT_WEIGHTS, NOISE_LIKE, DESCRIBE, SHARE_WITH_NUMPY, BATCH_TO)
