"""What there is to say of a class and a lesson: from the results, the gradebook, and what was handed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from autograder.grading.alike import find_alike
from autograder.grading.export.grades import read_grades, ungraded
from autograder.grading.gradebook.scoring import exercise_of
from autograder.grading.gradebook.settings import read_course, submitted_folder
from autograder.grading.outcome import FAILED, WARNED, Graded, Points, Standing
from autograder.grading.people.book import Book
from autograder.grading.results import Before, Results
from autograder.notebooks.reading import Unreadable, read_file
from course_utils.record import FILE as PROGRESS
from course_utils.record import Entry, entries_in

PASSED, PART, WRONG, ERROR, UNTRIED = "passed", "in part", "wrong", "error", "not attempted"
NOT_RUN = "could not be run"  # the whole submission, so it says nothing of an exercise
STATUSES = (PASSED, PART, WRONG, ERROR, UNTRIED, NOT_RUN)


@dataclass(frozen=True)
class Row:
    """One student.

    Attributes:
        graded: the result in detail; None where only the gradebook has it.
        before: exercise -> what an earlier grading gave; empty where there was none, or the same.
        checks: exercise -> the checks at the learner's desk, where that record was handed in too.
    """

    student: str
    name: str
    standing: Standing
    graded: Graded | None
    before: Mapping[str, Before]
    checks: Mapping[str, Sequence[Entry]]

    def status(self, exercise: str) -> str:
        """One of `STATUSES`: what a person decided, where the gradebook has other points than the judge gave."""
        points = self.standing.points.get(exercise)
        result = self.graded.exercises.get(exercise) if self.graded else None
        judged = NOT_RUN if self.graded and self.graded.outcome == FAILED else result and result.status
        if result and (points is None or not points.max_points or exercise in self.standing.withdrawn):
            points = Points(result.points, result.max_points, False)  # the gradebook's say nothing of this answer
        if points and 0 < points.points < points.max_points:
            return PART
        if judged and (points is None or points.points == (result.points if result else 0)):
            return judged
        return PASSED if points and points.points > 0 else WRONG

    def points_before(self) -> float:
        """What the exercises earned then."""
        return sum(each.points for each in self.before.values())

    def points_now(self) -> float:
        """What they earn now, as the judge has it."""
        return sum(each.points for each in self.graded.exercises.values()) if self.graded else 0.0


@dataclass(frozen=True)
class Facts:
    """A class and a lesson: the students by points, most first, and the exercises in the lesson's order."""

    lesson: str
    rows: Sequence[Row]
    exercises: Sequence[str]
    ungraded: Sequence[str]

    def counts(self, exercise: str) -> Counter[str]:
        """Status -> how many."""
        return Counter(row.status(exercise) for row in self.rows)

    def share_passed(self, exercise: str) -> float:
        """Of all submissions that could be run, between 0 and 1."""
        counts = self.counts(exercise)
        return counts[PASSED] / max(1, len(self.rows) - counts[NOT_RUN])

    def hardest_first(self) -> list[str]:
        """The exercises, by how few of those that could be run passed."""
        return sorted(self.exercises, key=self.share_passed)

    def median_checks(self, exercise: str) -> float | None:
        """How many checks it took until it passed, for half of those whose record was handed in; None without any."""
        took = [n for row in self.rows for n in [_until_passed(row.checks.get(exercise, ()))] if n is not None]
        return median(took) if took else None

    def unread(self) -> dict[str, list[str]]:
        """Written question -> the students whose answer waits for a person."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for question, points in row.standing.points.items():
                if points.unread:
                    found.setdefault(question, []).append(row.name)
        return found

    def to_look_at(self) -> list[tuple[str, str]]:
        """(student, why): what could not be run, what was graded with a warning, and what falls alike."""
        results = [row.graded for row in self.rows if row.graded]
        names = {row.student: row.name for row in self.rows}
        found = [
            (", ".join(names[one] for one in alike.students[:5]) + " ..." * (len(alike.students) > 5), alike.says)
            for alike in find_alike(results)
        ]
        for outcome in (FAILED, WARNED):
            of_outcome = [row for row in self.rows if row.graded and row.graded.outcome == outcome]
            found += [(row.name, " ".join(row.graded.warnings)) for row in of_outcome]
        return found + [(student, "handed in, and has no grade yet.") for student in self.ungraded]

    def twice(self) -> list[Row]:
        """Those who were graded twice, with other points or statuses."""
        return [row for row in self.rows if row.before]

    def before_and_now(self) -> list[tuple[str, int, int]]:
        """Of those graded twice, by exercise: how many passed then, and how many do now."""
        return [
            (
                name,
                sum(name in row.before and row.before[name].status == PASSED for row in self.twice()),
                sum(row.status(name) == PASSED for row in self.twice()),
            )
            for name in self.exercises
        ]


def read_facts(root: Path, lesson: str) -> Facts:
    """The facts of a graded lesson.

    Raises:
        CourseError: it has no grades.
    """
    standings = read_grades(root, [lesson], ())[lesson]
    results, book = Results(root).of_lesson(lesson), Book(root)
    rows, submitted = [], submitted_folder(read_course(root))
    for student, standing in standings.items():
        graded, before = results.get(student, (None, {}))
        name = book.people[student].name if student in book.people else student
        checks = _checks(submitted / student, lesson)
        rows.append(Row(student, name, standing, graded, before, checks))
    rows.sort(key=lambda row: (-row.standing.score, row.name.casefold(), row.student))
    names = dict.fromkeys(name for row in rows if row.graded for name in row.graded.exercises)
    if not names:
        names = dict.fromkeys(
            exercise_of(name) for row in rows for name, points in row.standing.points.items() if points.max_points
        )
    return Facts(lesson, rows, list(names), ungraded(root, lesson, standings))


def _checks(folder: Path, lesson: str) -> dict[str, list[Entry]]:
    """The learner's record of checks, where it was handed in; what is no record is passed over."""
    found: dict[str, list[Entry]] = {}
    for path in (folder / lesson / PROGRESS, folder / PROGRESS):
        try:
            entries, _ = entries_in(read_file(path))
        except Unreadable:
            continue
        for entry in entries:
            found.setdefault(entry.exercise, []).append(entry)
        break
    return found


def _until_passed(entries: Sequence[Entry]) -> int | None:
    """How many checks that found an answer there were up to the first that passed; None where none did."""
    statuses = [entry.status for entry in entries if entry.status in (PASSED, WRONG, ERROR)]
    return statuses.index(PASSED) + 1 if PASSED in statuses else None
