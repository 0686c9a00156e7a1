"""Lesson 2, autograd: gradients asked for, kept apart, left out, checked, and the graph they come from."""
