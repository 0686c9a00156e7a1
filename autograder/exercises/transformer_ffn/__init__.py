"""Lesson 10, the Transformer's feed-forward network: from two linear layers to a model that writes."""
