"""What a class did, for the person who teaches it: exercise by exercise, and whom to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import mean, median

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.grading.alike import Alike
from autograder.grading.outcome import ERROR, FAILED, GRADED, OUTCOMES, Graded

MISTAKES_SHOWN = 3  # of each exercise
PEOPLE_SHOWN = 40
WARNINGS_SHOWN = 3  # of each person
WHAT_TO_DO = (
    "  What was repaired is graded as repaired. Where points are in doubt, look at "
    "autograder/autograded/STUDENT/LESSON/, and correct them in Formgrader; what you enter there stays. After an "
    "error on our side the same command tries again."
)


def print_summary(console: Console, graded: Sequence[Graded], alike: Sequence[Alike]) -> None:
    """Print what falls alike, a table for each lesson, and then the submissions that need a person."""
    for found in alike:
        console.print(Text(f"{found.lesson}: {found.says}", style="bold red"))
    for lesson in dict.fromkeys(result.lesson for result in graded):
        of_lesson = [result for result in graded if result.lesson == lesson]
        console.print(_table(lesson, of_lesson))
        counts = Counter(result.outcome for result in of_lesson)
        console.print(Text("; ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name]) + "."))
        scores = [result.score for result in of_lesson if result.outcome != ERROR]
        if scores:
            best = max(result.max_score for result in of_lesson)
            console.print(f"Of {best:g} points, mean {mean(scores):.1f}, median {median(scores):g}.\n")
    lines = list(_for_a_person(graded))
    if lines:
        console.print(f"{len(lines)} to look at:", style="bold")
        console.print(Text(WHAT_TO_DO))
    for line in lines[:PEOPLE_SHOWN]:
        console.print(Text(f"  {line}"))
    if len(lines) > PEOPLE_SHOWN:
        console.print(f"  ... and {len(lines) - PEOPLE_SHOWN} more; --json FILE lists all.")


def _table(lesson: str, graded: Sequence[Graded]) -> Table:
    table = Table(title=lesson, title_justify="left", title_style="bold")
    table.add_column("exercise", no_wrap=True)
    for column in ("passed", "wrong", "error", "not attempted"):
        table.add_column(column, justify="right")
    table.add_column("mistakes seen, most frequent first")
    names = dict.fromkeys(name for result in graded for name in result.exercises)
    for name in names:
        grades = [result.exercises[name] for result in graded if name in result.exercises]
        counts = Counter(grade.status for grade in grades)
        tried = [grade for grade in grades if grade.status != "not attempted"]
        mistakes = Counter(grade.mistake for grade in tried if grade.mistake).most_common(MISTAKES_SHOWN)
        table.add_row(
            name,
            *(str(counts[status] or "") for status in ("passed", "wrong", "error", "not attempted")),
            Text(", ".join(f"{mistake} ({n})" for mistake, n in mistakes)),
        )
    return table


def _for_a_person(graded: Sequence[Graded]) -> Iterator[str]:
    """First what could not be graded, then what was graded with a warning: a line each."""
    for outcome in (ERROR, FAILED):
        for result in graded:
            if result.outcome == outcome:
                yield f"{result.student}, {result.lesson}: {outcome}. {result.warnings[-1]}"
    for result in graded:
        if result.outcome not in (ERROR, FAILED, GRADED):
            hidden = len(result.warnings) - WARNINGS_SHOWN
            more = f" (and {hidden} more)" if hidden > 0 else ""
            yield f"{result.student}, {result.lesson}: {' '.join(result.warnings[:WARNINGS_SHOWN])}{more}"
