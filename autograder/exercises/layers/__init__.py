"""Lesson 7, layers: the bricks of a network."""

from autograder.exercises.layers.cross_entropy import CROSS_ENTROPY
from autograder.exercises.layers.dropout import DROPOUT
from autograder.exercises.layers.embedding import EMBEDDING
from autograder.exercises.layers.gelu import GELU
from autograder.exercises.layers.layer_norm import LAYER_NORM
from autograder.exercises.layers.linear import LINEAR
from autograder.exercises.layers.softmax import SOFTMAX

EXERCISES = (LINEAR, GELU, SOFTMAX, CROSS_ENTROPY, EMBEDDING, LAYER_NORM, DROPOUT)
