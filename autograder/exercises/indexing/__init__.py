"""Lesson 4, indexing: choosing entries of a tensor."""

from autograder.exercises.indexing.best_and_top import BEST_AND_TOP
from autograder.exercises.indexing.gather import GATHER
from autograder.exercises.indexing.label_log_probs import LABEL_LOG_PROBS
from autograder.exercises.indexing.pick_three import PICK_THREE
from autograder.exercises.indexing.replace_above import REPLACE_ABOVE
from autograder.exercises.indexing.values_above import VALUES_ABOVE

EXERCISES = (PICK_THREE, VALUES_ABOVE, REPLACE_ABOVE, BEST_AND_TOP, GATHER, LABEL_LOG_PROBS)
