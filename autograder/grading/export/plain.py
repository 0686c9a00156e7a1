"""Grades as a plain CSV, for a spreadsheet: who, and the points of each lesson."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

from autograder.grading.gradebook.deadlines import EXCUSED
from autograder.grading.outcome import Standing, as_number
from autograder.grading.people.book import Book
from autograder.grading.people.table import everybody
from autograder.notebooks.files import write_private

# Where a formula may begin: in front, and behind what another spreadsheet, or another country's, takes for a new cell.
_ACTS = re.compile(r"""^(?=[\t\r])|(?:^|[;\t\r\n])(?=(?:[^\S\t\r\n]|["'])*[=+\-@])""")


def write_table(root: Path, into: Path, grades: Mapping[str, Mapping[str, Standing]]) -> int:
    """Write everybody who is known, with first and last name, e-mail and points; the number of people.

    Names are what students call themselves: what a spreadsheet would calculate of them has ``'`` in front.
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
    return _ACTS.sub(r"\g<0>'", text)
