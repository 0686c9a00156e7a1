"""Lesson 6, gradient descent: the five-step loop from raw tensors."""
