"""Lesson 3, math and reductions: what happens entry by entry, what collapses, and what lines up."""

from autograder.exercises.math_and_reductions.log_sum_exp import LOG_SUM_EXP
from autograder.exercises.math_and_reductions.matmul_by_hand import MATMUL_BY_HAND
from autograder.exercises.math_and_reductions.pairwise_sq_distances import PAIRWISE_SQ_DISTANCES
from autograder.exercises.math_and_reductions.score_summary import SCORE_SUMMARY
from autograder.exercises.math_and_reductions.standardize import STANDARDIZE
from autograder.exercises.math_and_reductions.two_products import TWO_PRODUCTS

EXERCISES = (TWO_PRODUCTS, SCORE_SUMMARY, MATMUL_BY_HAND, STANDARDIZE, PAIRWISE_SQ_DISTANCES, LOG_SUM_EXP)
