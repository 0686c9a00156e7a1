"""Grades as a plain CSV, for a spreadsheet: who, and the points of each lesson."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from autograder.grading.export.grades import as_number
from autograder.grading.gradebook.deadlines import EXCUSED
from autograder.grading.outcome import Standing
from autograder.grading.people.book import Book
from autograder.grading.people.table import everybody
from autograder.notebooks.files import write_private

_ACTS = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet's formula begins


def write_table(root: Path, into: Path, grades: Mapping[str, Mapping[str, Standing]]) -> int:
    """Write everybody who is known, with first and last name, e-mail and points; the number of people.

    Names are what students call themselves: one that a spreadsheet would calculate has ``'`` in front.
    """
    lessons = list(grades)
    most = {lesson: next(iter(standings.values())).max_score for lesson, standings in grades.items()}
    people = {person.student: person for person in everybody(root, Book(root))}
    rows = [["id", "first name", "last name", "email", *(f"{lesson} (of {most[lesson]:g})" for lesson in lessons)]]
    for student in sorted(people):
        person = people[student]
        about = (student, person.first_name, person.last_name, person.email)
        rows.append([*map(_inert, about), *(_points(grades[lesson].get(student)) for lesson in lessons)])
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    write_private(into, text.getvalue().encode("utf-8-sig"))
    return len(rows) - 1


def _points(standing: Standing | None) -> str:
    if standing is None:
        return ""
    return EXCUSED if standing.excused else as_number(standing.score)


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_ACTS) else text
