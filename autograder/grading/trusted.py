"""Grade without a sandbox, in plain Python processes: for one's own work, and for systems that have no sandbox."""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.grading import grade as grading
from autograder.grading.outcome import Graded
from autograder.grading.paper import Paper
from autograder.sandbox.unwalled import Unwalled


def grade(paper: Paper) -> Graded:
    """Run the notebook and judge it, in processes of this user, which the notebook's code could do anything to."""
    with tempfile.TemporaryDirectory() as folder, Unwalled(Path(folder)) as wall:
        return grading.grade(paper, wall)
