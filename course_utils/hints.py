"""Help that grows: after some failed checks of an exercise, a message points at the next hint, then at the solution."""

from __future__ import annotations

from pathlib import Path

from course_utils.outline import read_outlines
from course_utils.record import course_of

FIRST_HINT, SOLUTION = 3, 6  # after so many failed checks in a row


def next_help(desk: Path, exercise: str, failures: int) -> str:
    """One line of help after so many failed checks; empty where there is none to point at.

    Args:
        desk: the learner's ``work/``.
    """
    if failures < FIRST_HINT:
        return ""
    course = course_of(desk)
    outline = next((found for found in read_outlines(course, desk) if exercise in found.hints), None)
    if outline is None:
        return ""
    if failures >= SOLUTION and (course / "solutions" / outline.path).is_file():
        return (
            f"One way to write it is in `solutions/{outline.path}`, in the course's folder. "
            "Read it, close it, and write your own."
        )
    hint = min(failures - FIRST_HINT + 1, outline.hints[exercise])
    return f"Hint {hint} waits below the exercise, folded: click it to open it." if hint else ""
