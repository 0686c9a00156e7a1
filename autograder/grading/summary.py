"""What a class did, for the person who teaches it: exercise by exercise, and whom to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import mean, median

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.grading.outcome import ERROR, FAILED, GRADED, OUTCOMES, Graded

MISTAKES_SHOWN = 3  # of each exercise
PEOPLE_SHOWN = 40


def print_summary(console: Console, graded: Sequence[Graded], moved: Sequence[str] = ()) -> None:
    """Print a table for each lesson, then the submissions that need a person, then those whose grade has ``moved``."""
    for lesson in dict.fromkeys(result.lesson for result in graded):
        of_lesson = [result for result in graded if result.lesson == lesson]
        console.print(_table(lesson, of_lesson))
        counts = Counter(result.outcome for result in of_lesson)
        console.print(Text("; ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name]) + "."))
        scores = [result.score for result in of_lesson if result.outcome != ERROR]
        if scores:
            best = max(result.max_score for result in of_lesson)
            console.print(f"Of {best:g} points, mean {mean(scores):.1f}, median {median(scores):g}.\n")
    _print_people(console, "to look at", list(_for_a_person(graded)))
    _print_people(console, "whose grade has moved, though the same was handed in", moved)


def _print_people(console: Console, what: str, lines: Sequence[str]) -> None:
    if lines:
        console.print(f"{len(lines)} {what}:", style="bold")
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
        mistakes = Counter(grade.mistake for grade in grades if grade.mistake).most_common(MISTAKES_SHOWN)
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
            more = f" (and {len(result.warnings) - 1} more)" if len(result.warnings) > 1 else ""
            yield f"{result.student}, {result.lesson}: {result.warnings[0]}{more}"
