"""Run a learner's notebook behind walls, and reach its functions from outside."""
