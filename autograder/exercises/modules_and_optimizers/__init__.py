"""Lesson 8, modules and optimizers: from bricks to a machine. One module for each kind of exercise."""
