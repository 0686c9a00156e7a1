"""Lesson 1, tensors: creating them, reading their labels, sharing and moving them."""
