"""When lessons are due, and for whom it is otherwise: autograder/deadlines.toml, the one place that says so.

::

    zone = "Europe/Berlin"                      # of the times that name none themselves

    [07_layers]
    due = 2026-03-01T23:59:00                   # or with its own: 2026-03-01T23:59:00+01:00

    [07_layers.students]
    ann = { due = 2026-03-08T23:59:00 }         # an extension
    "bob.b" = { status = "excused" }            # its points don't count for him, and he is never late

nbgrader's gradebook follows: the due date of a lesson, and each extension when the student's work is recorded. What
the gradebook has from elsewhere (Formgrader, nbgrader's API) stays where this file says nothing, and a line that is
deleted takes back what it gave.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from autograder.notebooks.course import CourseError, meant_lesson, released_lessons

FILE = "deadlines.toml"
EXCUSED = "excused"


@dataclass(frozen=True)
class Deadline:
    """What deadlines.toml says of one lesson.

    Attributes:
        due: in UTC, naive, as nbgrader keeps it; None where the file gives no time.
        extensions: student -> how much later it is due.
        excused: the students whose points don't count.
        zone: in which times are shown.
    """

    due: datetime | None = None
    extensions: Mapping[str, timedelta] = field(default_factory=dict)
    excused: frozenset[str] = frozenset()
    zone: tzinfo = UTC

    @property
    def students(self) -> set[str]:
        """Everybody whom the file names."""
        return {*self.extensions, *self.excused}


def read_deadline(root: Path, lesson: str) -> Deadline:
    """What the file of the course in ``root`` says of ``lesson``; where there is no file, nothing.

    Raises:
        CourseError: the file is no TOML, or something in it is not what it should be; the text says what, and where.
    """
    data = read_toml(root, FILE)
    zone = _zone(data.pop("zone", None))
    read = {}
    for name, table in by_lesson(root, FILE, data).items():
        read[name] = _deadline(name, table, zone)
    return read.get(lesson, Deadline(zone=zone or UTC))


def read_toml(root: Path, name: str) -> dict[str, Any]:
    """The settings in autograder/``name``; empty where there is no such file.

    Raises:
        CourseError: it cannot be read.
    """
    path = root / "autograder" / name
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # UnicodeDecodeError and TOMLDecodeError are ValueErrors
        raise CourseError(
            f"autograder/{name} cannot be read: {error}. Expected TOML; docs/grading.md shows it."
        ) from None


def by_lesson(root: Path, file: str, data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The file's tables by the lessons that they are about.

    Raises:
        CourseError: something that is no table, or a table of no lesson.
    """
    tables: dict[str, Mapping[str, Any]] = {}
    for name, table in data.items():
        if not isinstance(table, dict):
            raise CourseError(f"autograder/{file}: {name} = {table!r} stands outside of a lesson's table, [07_layers].")
        try:
            lesson = meant_lesson(name, released_lessons(root))
        except CourseError as error:
            raise CourseError(f"autograder/{file}: [{name}]. {error}") from None
        if lesson in tables:
            raise CourseError(f"autograder/{file}: {lesson} has two tables, one of them [{name}]. Make them one.")
        tables[lesson] = table
    return tables


def _deadline(lesson: str, table: Mapping[str, Any], zone: tzinfo | None) -> Deadline:
    where = f"autograder/{FILE}, [{lesson}]"
    _known_keys(where, table, "due", "students")
    due = _time(f"{where} due", table["due"], zone) if "due" in table else None
    students = table.get("students", {})
    if not isinstance(students, dict):
        raise CourseError(
            f"{where}: students = {students!r}; expected a table: [{lesson}.students], ann = {{ due = ... }}"
        )
    extensions: dict[str, timedelta] = {}
    excused: set[str] = set()
    for student, said in students.items():
        where_student = f"{where} students.{student}"
        if not isinstance(said, dict) or len(said) != 1:
            raise CourseError(f'{where_student} = {said!r}; expected {{ due = ... }} or {{ status = "{EXCUSED}" }}.')
        _known_keys(where_student, said, "due", "status")
        if "due" in said:
            if due is None:
                raise CourseError(
                    f"{where_student} has a due date and the lesson has none. Write the lesson's too: due = ..."
                )
            extensions[student] = _time(f"{where_student}.due", said["due"], zone) - due
            if extensions[student] < timedelta():
                raise CourseError(f"{where_student}.due = {said['due']} is before the lesson's, {table['due']}.")
        elif said["status"] != EXCUSED:
            raise CourseError(f'{where_student}.status = {said["status"]!r}; the only status there is: "{EXCUSED}".')
        else:
            excused.add(student)
    return Deadline(due, extensions, frozenset(excused), zone or UTC)


def _known_keys(where: str, table: Mapping[str, Any], *known: str) -> None:
    for key in table:
        if key not in known:
            raise CourseError(f"{where}: {key} is no setting; expected {' or '.join(known)}.")


def _zone(name: Any) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except Exception:  # of many kinds, by what is wrong with the name
        raise CourseError(
            f'autograder/{FILE}: zone = {name!r} is no time zone. Expected one such as "Europe/Berlin" or "UTC".'
        ) from None


def _time(where: str, came: Any, zone: tzinfo | None) -> datetime:
    """A moment, in UTC, naive."""
    if isinstance(came, str):
        try:
            came = datetime.fromisoformat(came)
        except ValueError:
            raise CourseError(f"{where} = {came!r}; expected a time such as 2026-03-01T23:59:00, no quotes.") from None
    if not isinstance(came, datetime):
        day = came if type(came) is date else "2026-03-01"
        raise CourseError(f"{where} = {came}; expected a day and a time, such as {day}T23:59:00.")
    if came.tzinfo is None:
        if zone is None:
            raise CourseError(
                f"{where} = {came.isoformat()} has no time zone. Write one for all times at the top of the file, as "
                f'zone = "Europe/Berlin", or one behind the time, such as {came.isoformat()}+01:00.'
            )
        readings = {came.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        if len(readings) > 1:  # the clocks are set back or forward: there are two such times, or none
            raise CourseError(
                f"{where} = {came.isoformat()}: in {zone} the clocks change then, and it's not clear which moment that "
                f"is. Say so behind the time, such as {came.replace(tzinfo=zone).isoformat()}."
            )
        (came,) = readings
    return came.astimezone(UTC).replace(tzinfo=None)
