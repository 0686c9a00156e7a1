"""Lesson 7, layers: the bricks of a network."""
