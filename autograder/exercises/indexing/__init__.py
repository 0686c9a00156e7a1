"""Lesson 4, indexing: choosing entries of a tensor."""
