"""Which columns of a platform's export take grades, and what else it says of them.

Each platform imports what it exports, with other values in the cells; from where that is known:

- Canvas: ``lib/gradebook_exporter.rb`` and ``lib/gradebook_importer.rb`` of its source. An assignment's column is
  ``TITLE (ID)``; a row ``    Points Possible`` has the maxima; ``EX`` is who is excused, and ``N/A`` whom the
  assignment is not given to. Calculated columns have ``(read only)`` in that row. It takes decimal points and commas.
- Moodle's grading worksheet (docs.moodle.org, "Assignment grading", and in its source
  ``mod/assign/feedback/offline/importgradeslib.php``): of the row of ``Participant ID`` it reads ``Grade``, and ``Last
  modified (grade)``, by which it knows whether a grade was changed since. Numbers are as in the user's language.
- Moodle's gradebook (docs.moodle.org, "Grade export" and "Grade import"): ``Assignment: TITLE (Real)``.
- Blackboard (help.blackboard.com, "Work Offline with Grade Data"): ``TITLE [Total Pts: 20 Score] |ID``, tabs in UTF-16,
  and rows by ``Username``. A title without its ID would make a new column.
- Brightspace (community.d2l.com, "Import grades"): ``TITLE Points Grade <Numeric MaxPoints:20 ...>``, ids with ``#`` in
  front, and a last column ``End-of-Line Indicator`` with ``#`` in each row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.grading.people.csvs import Sheet
from autograder.grading.people.roster import plain_titles
from autograder.notebooks.course import CourseError

_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Layout:
    """How a platform has the columns that take grades.

    Attributes:
        title: of such a column; its group ``name`` is what the teacher called it, ``most`` the maximum.
        only: the title of the one column that takes grades, in a list that is of one assignment; in lower case.
        most_row: how the row with the maxima begins, in lower case.
        most_column: the title of the column with the maxima, in lower case.
        excused: what stands in the cell of somebody who is excused; None where the import cannot say it.
        stays: what a cell says that is no grade, and not ours to change.
    """

    title: re.Pattern[str] = re.compile(r"(?P<name>.+)")
    only: str = ""
    most_row: str = ""
    most_column: str = ""
    excused: str | None = None
    stays: tuple[str, ...] = ()


LAYOUTS = {
    "canvas": Layout(
        re.compile(r"(?P<name>.+) \(\d+\)"), most_row="points possible", excused="EX", stays=("EX", "N/A")
    ),
    "moodle": Layout(re.compile(r"(?:[^:]+: )?(?P<name>.+) \(Real\)")),
    "blackboard": Layout(re.compile(r"(?P<name>.+?) \[Total Pts: (?P<most>[\d.,]+)(?: Score)?\](?: ?\|.*)?")),
    "brightspace": Layout(re.compile(r"(?P<name>.+) Points Grade(?: <(?:.*?MaxPoints:(?P<most>[\d.,]+))?.*>)?")),
    "csv": Layout(),
}
_WORKSHEET = Layout(only="grade", most_column="maximum grade")


@dataclass(frozen=True)
class Column:
    """Where a lesson's grades go.

    Attributes:
        most: the maximum there; None where the file does not say it.
        comma: whether numbers have a decimal comma.
    """

    index: int
    title: str
    most: float | None
    comma: bool


def layout_of(platform: str, titles: Sequence[str]) -> Layout:
    """How this export of a platform's, with these titles in lower case, has its grades."""
    return _WORKSHEET if platform == "moodle" and "identifier" in titles else LAYOUTS[platform]


def find_column(sheet: Sheet, top: int, layout: Layout, lesson: str, wanted: str | None) -> Column | None:
    """The column for a lesson: the one that is ``wanted``, else the one that is called as the lesson is.

    Args:
        top: the row with the titles.
        wanted: its title, whole or as the teacher wrote it.

    Raises:
        CourseError: no column is called as wanted, or more than one could be meant.
    """
    cells = sheet.row(top)
    taking = {
        index: found for index, title in enumerate(cells) if (found := layout.title.fullmatch(" ".join(title.split())))
    }
    if layout.only:
        taking = {index: taking[index] for index in taking if plain_titles(cells)[index] == layout.only}
    if wanted is None and layout.only:
        fitting = list(taking)
    elif wanted is None:
        fitting = [index for index, found in taking.items() if is_called(lesson, found["name"])]
    else:
        names = {index: plain_titles([cells[index], found["name"]]) for index, found in taking.items()}
        fitting = [index for index, said in names.items() if plain_titles([wanted])[0] in said]
        if not fitting:
            raise CourseError(f"No column for grades is called {wanted}. {_there_are(cells, taking)}")
    if len(fitting) > 1:
        which = " and ".join(cells[index] for index in fitting)
        raise CourseError(f"{lesson} could be {which}. Say which: --column '{lesson}={cells[fitting[0]]}'.")
    if not fitting:
        return None
    index = fitting[0]
    most = _most(sheet, top, layout, index, taking[index])
    return Column(index, cells[index], _number(most), _has_commas(sheet, index, most))


def columns_for_grades(sheet: Sheet, top: int, layout: Layout) -> str:
    """A sentence that names them."""
    cells = sheet.row(top)
    return _there_are(cells, [i for i, title in enumerate(cells) if layout.title.fullmatch(" ".join(title.split()))])


def is_called(lesson: str, title: str) -> bool:
    """Whether a title is the lesson's: ``Homework 07_layers``, ``Lesson 7``, ``Lesson 07: Layers``, ``Layers``.

    A lesson without a number is called by its name alone: ``Clinic``, ``Lesson: Clinic``.
    """
    number, name = re.fullmatch(r"(?:([0-9]+)_)?(.+)", lesson.casefold()).groups()
    title, name = " ".join(title.casefold().replace("_", " ").split()), re.escape(name.replace("_", " "))
    forms = [name, rf"lesson\s*[:.–—-]?\s*{name}"]
    if number:
        forms = [name, rf"(.*\W)?{number} {name}", rf"lesson 0*{int(number)}(\s*[:.–—-]\s*{name})?"]
    return any(re.fullmatch(form, title) for form in forms)


def _there_are(cells: Sequence[str], taking: Sequence[int]) -> str:
    names = ", ".join(cells[index] for index in taking)
    return (
        f"Columns for grades are: {names}."
        if names
        else "The file has no column for grades: make the assignment first."
    )


def _most(sheet: Sheet, top: int, layout: Layout, index: int, found: re.Match[str]) -> str:
    """The maximum, as the file has it."""
    if layout.most_row:
        rows = (sheet.row(i) for i in range(top + 1, len(sheet.raw)))
        row = next((row for row in rows if row and row[0].strip().casefold() == layout.most_row), [])
        return row[index] if index < len(row) else ""
    if layout.most_column:
        titles = plain_titles(sheet.row(top))
        at = titles.index(layout.most_column) if layout.most_column in titles else len(titles)
        said = {row[at] for i in range(top + 1, len(sheet.raw)) if at < len(row := sheet.row(i)) and row[at]}
        return said.pop() if len(said) == 1 else ""
    return found.groupdict().get("most") or ""


def _number(said: str) -> float | None:
    return float(said.strip().replace(",", ".")) if _NUMBER.fullmatch(said.strip()) else None


def _has_commas(sheet: Sheet, index: int, most: str) -> bool:
    """Whether numbers have a decimal comma: as the column's have, else as most of the file's."""
    rows = [sheet.row(i) for i in range(len(sheet.raw))]
    for cells in ([most, *(row[index] for row in rows if index < len(row))], [cell for row in rows for cell in row]):
        numbers = [cell for cell in map(str.strip, cells) if _NUMBER.fullmatch(cell)]
        commas, points = (sum(mark in number for number in numbers) for mark in ",.")
        if commas or points:
            return commas > points
    return False
