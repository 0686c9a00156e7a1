"""A class list, as learning platforms export it, told by its columns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.grading.collect.students import safe_id
from autograder.grading.people.book import ANYWHERE, Book, Identity, Person
from autograder.grading.people.csvs import read_table
from autograder.notebooks.course import CourseError

_NOBODY = re.compile(r"\s*(points possible|student, test|test student|manual posting|demo student.*)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """Somebody on a class list.

    Attributes:
        wish: what nbgrader is to call them.
        ids: what platforms call them: (platform, id), the platform `ANYWHERE` for what the institution gave.
    """

    wish: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    lms_user_id: str = ""


@dataclass(frozen=True)
class Format:
    """How one export has its columns, by their titles in lower case.

    Attributes:
        needs: the columns by which it is known.
        wish: of these, the first that is filled in is the student's id.
        platform_id: the column with the platform's own id, if it has one.
        anywhere: columns with ids that the institution gave.
        lms: the column with what nbgrader calls the LMS's id of a user.
    """

    platform: str
    needs: tuple[str, ...]
    wish: tuple[str, ...]
    platform_id: str = ""
    anywhere: tuple[str, ...] = ()
    lms: str = ""
    name: tuple[str, ...] = ()
    first: tuple[str, ...] = ("first name",)
    last: tuple[str, ...] = ("last name", "surname")
    email: tuple[str, ...] = ("email address", "email", "e-mail")

    @property
    def columns(self) -> set[str]:
        """The titles of all columns that are read."""
        several = self.needs, self.wish, self.anywhere, self.name, self.first, self.last, self.email
        return {self.platform_id, self.lms, *itertools.chain(*several)}


# Canvas: "Gradebook CSV", docs: guides "How do I export grades in the Gradebook?"; the column ID is Canvas's own.
# Blackboard: Grade Center, "Download Grades". Brightspace: "Export Grades"; it puts a # in front of ids, so that
# spreadsheets don't take them for numbers. Moodle: participants, grades, and the grading worksheet of an assignment,
# whose "Participant 17" is the number in the names of its submissions.
FORMATS = (
    Format(
        "Canvas",
        ("student", "id", "section"),
        ("sis login id", "sis user id", "id"),
        "id",
        ("sis login id", "sis user id", "integration id"),
        "id",
        ("student",),
    ),
    *(
        Format("Brightspace", needs, ("username", "orgdefinedid"), "", ("username", "orgdefinedid"), "orgdefinedid")
        for needs in (("orgdefinedid",), ("username", "end-of-line indicator"))
    ),
    Format(
        "Moodle",
        ("identifier", "full name"),
        ("username", "id number", "email address", "identifier"),
        "identifier",
        ("username", "id number"),
        "id number",
        ("full name",),
    ),
    Format(
        "Moodle",
        ("first name", "email address"),
        ("username", "id number", "email address"),
        "",
        ("username", "id number"),
        "id number",
    ),
    Format(
        "Blackboard",
        ("last name", "first name", "username"),
        ("username",),
        "",
        ("username", "student id"),
        "student id",
    ),
)


@dataclass
class Imported:
    """What came of a class list."""

    platform: str
    new: int = 0
    known: int = 0
    left_out: int = 0
    sentences: list[str] = field(default_factory=list)


def read_roster(path: Path, columns: Mapping[str, str]) -> tuple[str, list[Row]]:
    """The people on a class list, and the platform that exported it.

    Args:
        columns: the titles of the columns ``id``, ``name`` and ``email``, where they are given; then no export is
            recognised, and those that are not given are empty.

    Raises:
        CourseError: it is no table, no export that is known, or lacks a column.
    """
    table = read_table(path)
    titles = plain_titles(table[0])
    form = format_of(table[0], columns, path)
    rows = [row for cells in table[1:] if (row := read_row(form, titles, cells))]
    if not rows:
        raise CourseError(f"{path.name} has nobody in it: below its titles is no row with {' or '.join(form.wish)}.")
    return form.platform, rows


def plain_titles(cells: Sequence[str]) -> list[str]:
    """The titles of columns, as `Format` has them."""
    return [" ".join(title.split()).casefold() for title in cells]


def format_of(cells: Sequence[str], columns: Mapping[str, str], path: Path) -> Format:
    """How a list with these titles has its columns; see `read_roster`.

    Raises:
        CourseError: it is no export that is known, lacks a column, or has one twice that counts.
    """
    titles = plain_titles(cells)
    known = (one for one in FORMATS if set(one.needs) <= set(titles))
    form = _given(titles, columns, path) if columns else next(known, None)
    if form is None:
        raise CourseError(
            f"{path.name} has the columns {', '.join(cells[:8])}: no export of Canvas, Moodle, Blackboard or "
            "Brightspace that is known. Say which columns count: --id COLUMN --name COLUMN --email COLUMN."
        )
    for title, cell in zip(titles, cells, strict=True):
        if title in form.columns and titles.count(title) > 1:
            raise CourseError(
                f"{path.name} has {titles.count(title)} columns {cell}, and which of them counts is not certain. Give "
                "the others another title, or take them out, and try again."
            )
    return form


def read_row(form: Format, titles: Sequence[str], cells: Sequence[str]) -> Row | None:
    """Somebody on a list; None where a row is of nobody."""
    said = {title: cell.strip().removeprefix("#") for title, cell in zip(titles, cells, strict=False)}
    nobody = not any(said.values()) or any(_NOBODY.fullmatch(value) for value in said.values())
    return None if nobody else _row(form, said)


def import_rows(book: Book, platform: str, rows: Sequence[Row], lesson: str = "") -> Imported:
    """Put the people into the book: one who is known already by an id or an e-mail keeps the id in nbgrader.

    Args:
        lesson: the one whose assignment the list is of, for Moodle's numbers, which are other ones in each.
    """
    done = Imported(platform)
    for row in rows:
        known = _known(book, row)
        if len(known) > 1:
            students = ", ".join(person.student for person in known)
            done.left_out += 1
            done.sentences.append(f"{row.wish}: not imported, it fits more than one in people.json: {students}.")
            continue
        wish = safe_id(row.wish)
        if not known and wish in book.people:
            done.left_out += 1
            done.sentences.append(f"{row.wish}: not imported, {book.people[wish].name} has the id {wish} already.")
            continue
        person = known[0] if known else book.person(wish)
        done.known, done.new = done.known + bool(known), done.new + (not known)
        person.first_name = row.first_name or person.first_name
        person.last_name = row.last_name or person.last_name
        person.email = row.email or person.email
        person.lms_user_id = row.lms_user_id or person.lms_user_id
        person.on_roster = True
        name = f"{row.first_name} {row.last_name}".strip()
        for where, id in row.ids:
            of_one_box = where == "Moodle"
            if not of_one_box or lesson:
                person.add(Identity(where, id, name, lesson if of_one_box else ""))
    if any(where == "Moodle" for row in rows for where, _ in row.ids) and not lesson:
        done.sentences.append(
            "Moodle's numbers of participants were left out: they are of one assignment. --lesson LESSON says of which."
        )
    strangers = [person.student for person in book if person.submissions and not person.on_roster]
    if strangers:
        done.sentences.append(f"Not on the roster, and handed something in: {', '.join(strangers)}.")
    return done


def _known(book: Book, row: Row) -> list[Person]:
    """Who has one of these ids, else the e-mail, on whatever list or archive they were before."""
    ids = {(where, id.casefold(), "") for where, id in row.ids}
    by_id = [p for p in book if any((one.platform, one.id.casefold(), one.lesson) in ids for one in p.identities)]
    logins = {id.casefold() for where, id in row.ids if where == ANYWHERE}
    by_id = by_id or [p for p in book if not p.on_roster and p.student.casefold() in logins and p.is_called(p.student)]
    return by_id or [p for p in book if row.email and p.email.casefold() == row.email.casefold()]


def _row(form: Format, said: Mapping[str, str]) -> Row | None:
    def first_of(titles: Sequence[str]) -> str:
        return next((said[title] for title in titles if said.get(title)), "")

    wish = first_of(form.wish)
    if not wish:
        return None
    first, last = first_of(form.first), first_of(form.last)
    if not (first or last):
        first, last = _split(first_of(form.name))
    ids = [(ANYWHERE, said[title]) for title in form.anywhere if said.get(title)]
    if number := said.get(form.platform_id, ""):
        ids.append((form.platform, number.removeprefix("Participant ")))
    return Row(wish, first, last, first_of(form.email), tuple(dict.fromkeys(ids)), said.get(form.lms, ""))


def _split(name: str) -> tuple[str, str]:
    """First and last name of ``Last, First`` or ``First Last``; what has no space is a last name."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _given(titles: Sequence[str], columns: Mapping[str, str], path: Path) -> Format:
    wanted = {what: " ".join(title.split()).casefold() for what, title in columns.items() if title}
    for what, title in wanted.items():
        if title not in titles:
            raise CourseError(f"{path.name} has no column {columns[what]} for --{what}; it has {', '.join(titles)}.")
    if "id" not in wanted:
        raise CourseError("Without --id COLUMN it is not known which column has the students' ids.")
    name, email = ((wanted[what],) if what in wanted else () for what in ("name", "email"))
    has_names = not name
    return Format(
        ANYWHERE,
        (),
        (wanted["id"],),
        "",
        (wanted["id"],),
        "",
        name,
        first=("first name",) if has_names else (),
        last=("last name", "surname") if has_names else (),
        email=email,
    )
