"""Notebooks as they come from people: read with care, matched to their release, rebuilt on it."""
