"""Lesson 8, modules and optimizers: from bricks to a machine. One module for each kind of exercise."""

from autograder.exercises.modules_and_optimizers.adam import ADAM_UPDATE
from autograder.exercises.modules_and_optimizers.choices import COUNT_PARAMETERS, LOSS_FOR
from autograder.exercises.modules_and_optimizers.make_optimizer import MAKE_OPTIMIZER
from autograder.exercises.modules_and_optimizers.models import LINEAR_REGRESSION_MODEL, TABULAR_CLASSIFIER
from autograder.exercises.modules_and_optimizers.train_step import TRAIN_STEP

EXERCISES = (
    LINEAR_REGRESSION_MODEL,
    TABULAR_CLASSIFIER,
    COUNT_PARAMETERS,
    LOSS_FOR,
    MAKE_OPTIMIZER,
    TRAIN_STEP,
    ADAM_UPDATE,
)
