"""Whose each file of an archive is. All of its paths are looked at together: only so it shows who wrote which level."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from autograder.grading.collect.archives import ARCHIVES, is_hidden
from autograder.grading.collect.beside import blackboards_logins, gradescopes_people, read_text, sakais_times
from autograder.grading.collect.members import Member
from autograder.grading.collect.platforms import NUMBERED_WORD, Hints, NotHandedIn, Said, Uncertain, said_by_platform
from autograder.grading.collect.students import Owner, lesson_in, plain
from autograder.grading.collect.times import NoTime, read_time
from autograder.notebooks.files import SECRET, TIMESTAMP

_NOBODYS = {  # names of folders, archives and files that name no student
    *("submitted", "submissions", "submission", "downloaded", "archive", "extracted", "collected", "assignments"),
    *("work", "lessons", "home", "tmp", "export", "notebooks", "homework", "assignment", "files", "download"),
    *("downloads", "inbound", "exchange", "nbgrader", "classroom", "gradescope", "moodle", "canvas", "sakai"),
    *("blackboard", "brightspace", "openolat", "final", "solution", "solutions", "notebook", "answers", "untitled"),
    *("readme", "index", "grades", "license", "manifest"),
}
_NUMBERED = re.compile(  # "Section A", "hw7", "Assignment 07", "drive-download-20260130T1200Z-001"
    rf"(?:(?:{NUMBERED_WORD.pattern})(?:[\W_]*\d{{1,6}}|[\W_]+[a-z]?)|drive-download-.*|gradebook_.*|assignment_\d+_export)",
    re.IGNORECASE,
)
_COPY = re.compile(r"\b(?:copy of|kopie von|copie de|copia de|copia di|kopia)\b\s*", re.IGNORECASE)
_AGAIN = re.compile(r"(?:-(?P<number>\d{1,4})|\s*\(\d{1,4}\)|[-_ ]copy\d*)$", re.IGNORECASE)
_ENDING = re.compile(r"(?:\.(ipynb|json|txt|zip|tar|tgz|gz))+$", re.IGNORECASE)
_LONGEST_TIME = 1000  # bytes


@dataclass
class Layout:
    """Whose each path of an archive is.

    Attributes:
        said: what the outermost level of each path says.
        within: the folders above that level, which tell two of one name apart: two sections in one archive.
        by_archive: whether only the archive's own name says whose it is.
        beside: nbgrader's secret of a submission, by its folder.
    """

    said: dict[tuple[str, ...], Said] = field(default_factory=dict)
    within: dict[tuple[str, ...], str] = field(default_factory=dict)
    by_archive: bool = False
    beside: dict[tuple[str, ...], bytes] = field(default_factory=dict)

    @property
    def people(self) -> set[tuple[str, str, str]]:
        """Everybody who has a file in it."""
        return {owner.person for said in self.said.values() if isinstance(said, tuple) for owner in said}


def find_layout(members: Sequence[Member], archive: str, lessons: Collection[str], zone: tzinfo | None) -> Layout:
    """Whose each file is.

    Args:
        archive: the archive's name.
        lessons: the lessons' names, which are nobody's.
        zone: of times that a platform writes without one; None for this machine's.
    """
    members = [member for member in members if member.parts and not is_hidden(member.parts)]
    logins, prefix = blackboards_logins(members)
    hints = Hints(zone, gradescopes_people(members), logins, prefix, lessons)
    rests = {member.parts: _inside(member.parts, hints) for member in members}
    said = _said(rests, hints)
    layout = Layout()
    if not any(said.values()):
        rests, said = _unwrapped(rests, said, hints)
    written = sum(one is not None for one in said.values())
    for parts, rest in rests.items():
        layout.within[parts] = "/".join(parts[: len(parts) - len(rest)])
        layout.said[parts] = said[parts] or _by_hand(parts, rest, written * 2 >= len(said), archive, hints, layout)
    times = {**sakais_times(members), **_read_nbgraders(layout, members, rests, hints)}
    for parts, one in layout.said.items():
        time = next((times[parts[:i]] for i in range(len(parts) - 1, 0, -1) if parts[:i] in times), None)
        if time is not None and isinstance(one, tuple):
            layout.said[parts] = (
                time if isinstance(time, Uncertain) else tuple(replace(owner, time=time) for owner in one)
            )
    return layout


def of_archive(archive: str) -> Owner | None:
    """Whose an archive is by its own name; None where that names nobody."""
    name = _named(archive, ())
    return Owner(name) if name else None


def attempt_of(name: str) -> int:
    """Which of a student's own copies a file is, by what browsers and Canvas put at its end: ``x-2.ipynb`` -> 2."""
    found = _AGAIN.search(_ENDING.sub("", name))
    return int(found["number"] or 0) if found else 0


def _said(rests: dict[tuple[str, ...], tuple[str, ...]], hints: Hints) -> dict[tuple[str, ...], Said | None]:
    said = said_by_platform(rests.values(), hints)
    return {parts: said[rest] for parts, rest in rests.items()}


def _inside(parts: tuple[str, ...], hints: Hints) -> tuple[str, ...]:
    """The path without the folders in front that name nobody."""
    while (
        len(parts) > 1 and not any(said_by_platform([parts], hints).values()) and _is_nobodys(parts[0], hints.lessons)
    ):
        parts = parts[1:]
    return parts


def _unwrapped(
    rests: dict[tuple[str, ...], tuple[str, ...]], said: dict[tuple[str, ...], Said | None], hints: Hints
) -> tuple[dict[tuple[str, ...], tuple[str, ...]], dict[tuple[str, ...], Said | None]]:
    """The same, with one folder less, where all is in one and what is in that was written by a platform.

    A single person's could also be that person's own folder, with names in it that look like a platform's.
    """
    if len({rest[0] for rest in rests.values()}) != 1 or any(len(rest) == 1 for rest in rests.values()):
        return rests, said
    inner = {parts: _inside(rest[1:], hints) for parts, rest in rests.items()}
    inner_said = _said(inner, hints)
    deeper = [one for parts, one in inner_said.items() if len(inner[parts]) > 1 or one is not None]
    if not any(deeper) or not all(deeper):
        return rests, said
    people = {owner.person for one in deeper if isinstance(one, tuple) for owner in one}
    if len(people) > 1:
        return inner, inner_said
    (outermost,) = {rest[0] for rest in rests.values()}
    doubt = Uncertain(
        "", f"it may belong to {outermost}, or be in a folder of that name; collect what is in the folder"
    )
    return rests, dict.fromkeys(rests, doubt)


def _by_hand(
    parts: tuple[str, ...], rest: tuple[str, ...], mostly_platform: bool, archive: str, hints: Hints, layout: Layout
) -> Said:
    """Whose a file is where no platform says it: the outermost folder's, or the one whose name is in the file's."""
    if mostly_platform:
        return Uncertain("", "nothing in its path names a student as the other paths do")
    name = plain(rest[0]) if len(rest) > 1 else _named(rest[0], hints.lessons)
    if name:
        return (Owner(name, attempt=attempt_of(parts[-1])),)
    whole = None if _COPY.search(rest[0]) else of_archive(archive)
    if whole is None:
        return Uncertain("", "nothing in its path names a student")
    layout.by_archive = True
    return (replace(whole, attempt=attempt_of(parts[-1])),)


def _named(file: str, lessons: Collection[str]) -> str:
    """What is left of a file's name without its lesson and what copying put there; empty where that names nobody."""
    name = _COPY.sub("", re.sub(r"\.\w{1,5}$", "", _ENDING.sub("", file)))
    lesson = lesson_in(name, lessons)
    name = _AGAIN.sub("", name.replace(lesson, "", 1) if lesson else name).strip("_- .")
    return "" if _is_nobodys(name, lessons) else plain(name)


def _is_nobodys(name: str, lessons: Collection[str]) -> bool:
    name = _AGAIN.sub("", name) if not name.lower().endswith(ARCHIVES) else name
    name = name.strip("_- .").lower()
    return (
        not name
        or name in _NOBODYS
        or name in {lesson.lower() for lesson in lessons}
        or bool(_NUMBERED.fullmatch(name))
    )


def _read_nbgraders(
    layout: Layout, members: Sequence[Member], rests: dict[tuple[str, ...], tuple[str, ...]], hints: Hints
) -> dict[tuple[str, ...], datetime | Uncertain]:
    """Take in what nbgrader writes beside a submission: its secret, and, which is returned, when it was handed in."""
    times: dict[tuple[str, ...], datetime | Uncertain] = {}
    for member in members:
        rest, said = rests[member.parts], layout.said[member.parts]
        if rest[-1] not in (TIMESTAMP, SECRET):
            continue
        platform = said[0].platform if isinstance(said, tuple) else said.platform
        in_exchange = platform == "nbgrader" and len(rest) == 2
        in_tree = not platform and len(rest) == 3 and rest[1] in hints.lessons
        if not (in_exchange or in_tree):
            continue
        layout.said[member.parts] = NotHandedIn("nbgrader")
        text = read_text(member, _LONGEST_TIME)
        if rest[-1] == SECRET:
            layout.beside[member.parts[:-1]] = text.encode()
        elif in_tree:  # an exchange's folder has the time in its name
            try:
                times[member.parts[:-1]] = read_time(text)
            except NoTime as error:
                why = f"its {TIMESTAMP} does not say when it was handed in: {error}"
                times[member.parts[:-1]] = Uncertain("", why)
    return times
