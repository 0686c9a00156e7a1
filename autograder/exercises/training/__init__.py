"""Lesson 9, training: loaders, epochs, evaluation, stopping, initialisation, freezing, checkpoints, search."""

from autograder.exercises.training.can_overfit import CAN_OVERFIT
from autograder.exercises.training.checkpoint import SAVE_CHECKPOINT
from autograder.exercises.training.epochs_run import EPOCHS_RUN
from autograder.exercises.training.evaluate import EVALUATE
from autograder.exercises.training.fit import FIT
from autograder.exercises.training.freeze import FREEZE_
from autograder.exercises.training.init_weights import INIT_WEIGHTS_
from autograder.exercises.training.make_loaders import MAKE_LOADERS
from autograder.exercises.training.sample_log_uniform import SAMPLE_LOG_UNIFORM
from autograder.exercises.training.train_epoch import TRAIN_EPOCH

EXERCISES = (
    MAKE_LOADERS,
    TRAIN_EPOCH,
    EVALUATE,
    EPOCHS_RUN,
    FIT,
    INIT_WEIGHTS_,
    FREEZE_,
    SAVE_CHECKPOINT,
    SAMPLE_LOG_UNIFORM,
    CAN_OVERFIT,
)
