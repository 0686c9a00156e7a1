"""What the gradebook adds to a run's summary: lateness, who is excused, what was withdrawn, what waits to be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.grading.gradebook.deadlines import FILE, Deadline, read_deadline
from autograder.grading.gradebook.late import how_late
from autograder.grading.gradebook.rows import read_cells
from autograder.grading.gradebook.standing import read_standings
from autograder.grading.gradebook.withdrawn import FULL, read_withdrawn
from autograder.grading.outcome import Graded, Standing, as_number
from autograder.notebooks.files import TIMESTAMP


def gradebook_lines(
    lesson: str, graded: Sequence[Graded], before: Mapping[str, Standing], zone: tzinfo
) -> Iterator[str]:
    """Lines on the recorded submissions of a lesson.

    Args:
        before: student -> the standing before they were recorded.
        zone: in which times are shown.
    """
    recorded = [(result.student, result.standing) for result in graded if result.standing is not None]
    late = [(student, standing) for student, standing in recorded if standing.seconds_late > 0]
    if late:
        yield f"{lesson}: {len(late)} late."
    for student, standing in late:
        yield f"  {student}: {lateness(standing, zone)}"
    excused = [student for student, standing in recorded if standing.excused]
    if excused:
        yield f"{lesson}: excused, so their points don't count: {', '.join(excused)}."
    for name, counts in (recorded[0][1].withdrawn if recorded else {}).items():
        yield f"{lesson}: {withdrawal(name, counts)}"
    moved = [
        f"  {student}: {as_number(before[student].score)} -> {as_number(standing.score)} ({', '.join(what)})"
        for student, standing in recorded
        if student in before and (what := _moved(before[student], standing))
    ]
    if moved:
        yield f"{lesson}: {len(moved)} graded otherwise than before."
        yield from moved
    unread = [sum(points.unread for points in standing.points.values()) for _, standing in recorded]
    if any(unread):
        answers = f"{sum(unread)} answer{'s' * (sum(unread) != 1)} of {sum(map(bool, unread))}"
        yield f"{lesson}: {answers} to be graded by hand, in nbgrader's Formgrader."


def _moved(before: Standing, now: Standing) -> list[str]:
    """The exercises and questions whose points are others now, and whether the penalty is."""
    names = [name for name, each in now.points.items() if each.points != before.points.get(name, each).points]
    return names + ["lateness"] * (before.penalty != now.penalty)


def doubts_about_time(
    lesson: str, graded: Sequence[Graded], deadline: Deadline, students: Collection[str]
) -> Iterator[str]:
    """What keeps a due date from being applied: submissions without a time, and names that nobody has.

    Args:
        students: everybody who is known: in the gradebook, or by what was handed in.
    """
    recorded = [(result.student, result.standing) for result in graded if result.standing is not None]
    timeless = [
        student
        for student, standing in recorded
        if standing.due is not None and standing.submitted_at is None and not standing.excused
    ]
    if timeless:
        yield (
            f"{lesson}: when these were handed in is not known, so whether they are late isn't either: "
            f"{', '.join(timeless)}. Write the time into their {TIMESTAMP}, and grade again."
        )
    if strangers := sorted(deadline.students.difference(students)):
        yield (
            f"{lesson}: autograder/{FILE} names {', '.join(strangers)}, of whom nothing was handed in. Are the names "
            "those of their folders in autograder/submitted?"
        )


def notes_for_student(root: Path, db_url: str, lesson: str, student: str) -> list[str]:
    """Sentences for the top of a student's feedback page: what the gradebook says of the whole submission,
    and nothing where that is not in it.

    Raises:
        CourseError: something in deadlines.toml or withdrawn.toml is not what it should be.
    """
    deadline, withdrawn = read_deadline(root, lesson), read_withdrawn(root, lesson)
    with Gradebook(db_url) as gradebook:
        cells = read_cells(gradebook.db, lesson)
        found = read_standings(gradebook.db, cells, deadline, withdrawn, student) if cells else {}
    return list(notes_on(found[student], deadline.zone)) if student in found else []


def notes_on(standing: Standing, zone: tzinfo) -> Iterator[str]:
    """Sentences on a whole submission, for whoever handed it in."""
    if standing.excused:
        yield "You are excused from this lesson: its points don't count for you."
    if standing.seconds_late > 0:
        yield f"It was handed in {lateness(standing, zone)}"
    for name, counts in standing.withdrawn.items():
        yield withdrawal(name, counts, standing.points[name].max_points if name in standing.points else None)


def lateness(standing: Standing, zone: tzinfo) -> str:
    """``"2 days 3 hours late (due ...): 2.2 points less."``: how late a submission is, and what that costs."""
    due = standing.due.replace(tzinfo=UTC).astimezone(zone)
    cost = (
        f"{as_number(standing.penalty)} point{'s' * (standing.penalty != 1)} less."
        if standing.penalty
        else "no points less."
    )
    return f"{how_late(standing.seconds_late)} late (due {_shown(due)}): {cost}"


def withdrawal(name: str, counts: str, points: float | None = None) -> str:
    """A sentence on an exercise that no longer counts."""
    if counts != FULL:
        return f"{name} was withdrawn: it counts for nobody."
    how_many = "its full points" if points is None else f"its {points:g} point{'s' * (points != 1)}"
    return f"{name} was withdrawn: everybody gets {how_many}."


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"
