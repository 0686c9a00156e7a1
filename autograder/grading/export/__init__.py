"""The way back: grades and feedback as the gradebooks of learning platforms import them."""
