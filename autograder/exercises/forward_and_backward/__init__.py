"""Lesson 5, forward and backward: a guess, its loss, and the gradients that say how to better it."""
