"""Lesson 9, training: loaders, epochs, evaluation, stopping, initialisation, freezing, checkpoints, search."""
