"""Grades in the file that a platform's gradebook imports: its own export, with our points in the cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.grading.collect.students import shown
from autograder.grading.export.layouts import LAYOUTS, Column, Layout, columns_for_grades, find_column, layout_of
from autograder.grading.gradebook.settings import read_course, submitted_folder
from autograder.grading.gradebook.standing import course_standings
from autograder.grading.outcome import Standing, as_number
from autograder.grading.people.book import Book, Person
from autograder.grading.people.csvs import Sheet, read_sheet
from autograder.grading.people.roster import format_of, plain_titles, read_row
from autograder.grading.people.rows import Match, match_rows
from autograder.grading.people.table import everybody
from autograder.notebooks.course import CourseError
from autograder.notebooks.files import write_private

SHOWN = 40  # people in one sentence


@dataclass(frozen=True)
class Wanted:
    """What to write; see ``course export --help``.

    Attributes:
        lessons: empty for all that have grades.
        columns: lesson -> the title of the column for its grades.
        people: the titles of the columns ``id``, ``name`` and ``email``, in a CSV of no platform.
        scale: bring points to the platform's maximum, where that is another.
    """

    platform: str
    lessons: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    scale: bool = False


@dataclass
class Exported:
    """What came of it: sentences, and how many people were left or need a look."""

    sentences: list[str] = field(default_factory=list)
    left: int = 0


def read_grades(root: Path, lessons: Sequence[str], known: Sequence[str]) -> dict[str, dict[str, Standing]]:
    """lesson -> student -> standing.

    Args:
        lessons: empty for all of the ``known`` that have grades.

    Raises:
        CourseError: there are no grades.
    """
    grades = course_standings(root, lessons or known)
    missing = [lesson for lesson in lessons if lesson not in grades]
    if missing or not grades:
        raise CourseError(
            f"The gradebook has no grades of {', '.join(missing) or 'any lesson'}. `course grade` puts them there."
        )
    return grades


def fill_in(root: Path, template: Path, into: Path, wanted: Wanted, known: Sequence[str]) -> Exported:
    """Write ``into`` as ``template``, a platform's export, with the grades of the course in ``root``.

    Only cells of people who have a grade, in columns of lessons, are others then; all else is as it was, to the byte.

    Raises:
        CourseError: the template is another platform's, or no column is a lesson's, or its maximum is another one.
    """
    if into.resolve() == template.resolve():
        raise CourseError(f"{into} is the template itself. Give the new file another name, and keep both.")
    sheet = read_sheet(template)
    top = sheet.top
    titles = plain_titles(sheet.row(top))
    form = format_of(sheet.row(top), wanted.people, template)
    if wanted.platform != "csv" and not wanted.people and form.platform.casefold() != wanted.platform:
        raise CourseError(f"{template.name} is {form.platform}'s export; expected one of {wanted.platform.title()}'s.")
    layout = LAYOUTS["csv"] if wanted.people else layout_of(wanted.platform, titles)
    grades = read_grades(root, wanted.lessons, known)
    if layout.only and len(grades) > 1:
        raise CourseError(f"{template.name} is of one assignment. Say of which lesson: one of {', '.join(grades)}.")
    done = Exported()
    columns = _columns(sheet, top, layout, wanted, grades, done)
    rows = {i: row for i in range(top + 1, len(sheet.raw)) if (row := read_row(form, titles, sheet.row(i)))}
    people = everybody(root, Book(root))
    for lesson, column in columns.items():
        matches = dict(zip(rows, match_rows(people, list(rows.values()), lesson), strict=True))
        _fill_column(sheet, column, layout, grades[lesson], matches, (lesson, wanted.scale), done)
        _say_who_is_left(root, lesson, people, grades[lesson], matches, done)
    write_private(into, sheet.to_bytes())
    return done


def _columns(
    sheet: Sheet, top: int, layout: Layout, wanted: Wanted, grades: Mapping[str, Mapping[str, Standing]], done: Exported
) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for lesson, standings in grades.items():
        column = find_column(sheet, top, layout, lesson, wanted.columns.get(lesson))
        if column is None:
            there_are = columns_for_grades(sheet, top, layout)
            if lesson in wanted.lessons:
                raise CourseError(
                    f"No column is called as {lesson} is. {there_are} Say which: --column '{lesson}=TITLE'."
                )
            done.sentences.append(f"{lesson}: no column is called so, left out. {there_are}")
            continue
        if other := next((name for name, each in columns.items() if each.index == column.index), None):
            raise CourseError(f"{other} and {lesson} would both be in {column.title}. Name the lesson that is meant.")
        most = next(iter(standings.values())).max_score
        if column.most is None:
            done.sentences.append(f"{lesson}: what {column.title} is out of, the file does not say; ours is {most:g}.")
        elif abs(column.most - most) > 1e-6 and not (wanted.scale and column.most and most):
            raise CourseError(
                f"{lesson} is out of {most:g}, and {column.title} out of {column.most:g}. Make it {most:g} there and "
                "export again; or --scale brings the points to its maximum."
            )
        columns[lesson] = column
    if not columns:
        raise CourseError(
            f"No column is a lesson's. {columns_for_grades(sheet, top, layout)} Say: --column LESSON=TITLE."
        )
    return columns


def _fill_column(
    sheet: Sheet,
    column: Column,
    layout: Layout,
    standings: Mapping[str, Standing],
    matches: Mapping[int, Match],
    how: tuple[str, bool],
    done: Exported,
) -> None:
    lesson, scale = how
    written, by_name, excused, stays, changed = 0, [], [], [], []
    for index, match in matches.items():
        standing = standings.get(match.person.student) if match.person else None
        if standing is None:
            continue
        row, who = sheet.row(index), match.person.student
        before = row[column.index].strip() if column.index < len(row) else ""
        if standing.excused and layout.excused is None:
            excused.append(who)
            continue
        if not standing.excused and before.upper() in layout.stays:
            stays.append(f"{who} ({before})")
            continue
        factor = column.most / standing.max_score if scale and column.most and standing.max_score else 1
        text = layout.excused if standing.excused else as_number(standing.score * factor, column.comma)
        if _differs(before, text):
            if re.search(r"\d", before):
                changed.append(f"{who} {shown(before)} -> {text}")
            sheet.set(index, column.index, text)
        written += 1
        by_name += [who] if match.by_name else []
    done.sentences.append(f"{lesson}: {written} grade{'s' * (written != 1)} in {column.title}.")
    for people, says in (
        (changed, "had another grade there"),
        (by_name, "found by the name alone, which nobody else has"),
        (excused, "excused, which this file cannot say: left as they were"),
    ):
        if people:
            done.sentences.append(f"{lesson}: {len(people)} {says}: {listed(people)}.")
    if stays:
        done.left += len(stays)
        done.sentences.append(f"{lesson}: left, the platform says that no grade goes there: {listed(stays)}.")


def _say_who_is_left(
    root: Path,
    lesson: str,
    people: Iterable[Person],
    standings: Mapping[str, Standing],
    matches: Mapping[int, Match],
    done: Exported,
) -> None:
    """Whose grades are not in the file, and why; and whose are not whole."""
    found = {match.person.student for match in matches.values() if match.person}
    why: dict[str, str] = {}
    for match in matches.values():
        for person in match.possible:
            why.setdefault(person.student, match.why)
    names = {person.student: person.name for person in people}
    missing = [student for student in standings if student not in found]
    for student in sorted(missing):
        done.left += 1
        said = why.get(student, "no row of the file has the person's id, e-mail or exact name")
        done.sentences.append(f"{lesson}: left out, {shown(names.get(student, student))} ({student}): {said}.")
    unread = [student for student, each in standings.items() if any(points.unread for points in each.points.values())]
    for students, says in (
        (unread, "have written answers that nobody has graded yet; the points are without them"),
        (ungraded(root, lesson, standings), "handed in, and have no grade yet (`course grade` says why)"),
    ):
        if students:
            done.left += len(students)
            done.sentences.append(f"{lesson}: {len(students)} {says}: {listed(sorted(students))}.")


def ungraded(root: Path, lesson: str, graded: Collection[str]) -> list[str]:
    """Who handed the lesson in and is none of the ``graded``, in order."""
    found = submitted_folder(read_course(root)).glob(f"[!.]*/{lesson}")
    return sorted({folder.parent.name for folder in found}.difference(graded))


def listed(people: Sequence[str]) -> str:
    """Some of them by name, and how many there are more."""
    more = f" and {len(people) - SHOWN} more" if len(people) > SHOWN else ""
    return ", ".join(people[:SHOWN]) + more


def _differs(before: str, after: str) -> bool:
    """Whether a cell says something else than before: 9.00 says what 9 does."""
    try:
        return float(before.replace(",", ".")) != float(after.replace(",", "."))
    except ValueError:
        return before != after
