"""Whose a notebook is, and of which lesson, by its path in what a learning platform exports."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

LONGEST = 64  # characters of a student's id
_SHOWN = 120  # characters

_MOODLE = re.compile(r"(?P<who>.+?)_(?P<number>\d+)_assignsubmission_\w+")
_CANVAS = re.compile(r"(?P<who>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)", re.IGNORECASE)
_ATTEMPT = re.compile(r"(?P<who>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})_(?P<file>.+)")
_AGAIN = re.compile(r"(?:-(?P<canvas>\d{1,4})|\s*\(\d{1,4}\)|[-_ ]copy\d*)$", re.IGNORECASE)
_NOBODYS = {  # names of folders and archives that name no student
    *("submitted", "submissions", "submission", "downloaded", "archive", "extracted", "collected", "assignments"),
    *("work", "lessons", "home", "tmp", "export", "notebooks", "homework", "assignment", "files", "download"),
}


def shown(name: str) -> str:
    """A name that others chose, as it can be printed: without control characters, and not without an end."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


@dataclass(frozen=True)
class Owner:
    """Whose a notebook is.

    Attributes:
        who: a name as the platform has it; empty where the path names nobody.
        number: what tells two of the same name apart, where the platform says it.
        time: when it was handed in, where the path says it.
        attempt: a higher one is newer, where the path says it.
    """

    who: str
    number: str = ""
    time: datetime | None = None
    attempt: int = 0

    @property
    def person(self) -> tuple[str, str]:
        """What two notebooks of one student have in common."""
        return self.who, self.number


def owner(parts: tuple[str, ...], outer: tuple[str, ...], archive: str, lessons: Collection[str]) -> Owner:
    """Whose the notebook at ``parts`` is.

    Args:
        parts: its path in the innermost archive, its own name last.
        outer: the path of that archive in the outermost one, its own name last, or nothing.
        archive: the outermost archive's name.
        lessons: the lessons' names, which are nobody's.
    """
    for part in (archive, *outer, *parts):
        if found := _from_platform(part, lessons):
            return found
    nobodys = _NOBODYS | {name.lower() for name in lessons}
    *folders, file = outer or parts
    rest = _without_lesson(_stem(file), lessons)
    for name in (*reversed(folders), rest, _stem(archive)):
        if name and name.lower() not in nobodys:
            return Owner(name, attempt=_attempt(parts[-1]))
    return Owner("")


def lesson_in(name: str, lessons: Iterable[str]) -> str | None:
    """The lesson that a file's name has in it: ``"doe_1_2_07_layers-1.ipynb"`` -> ``"07_layers"``."""
    return next((lesson for lesson in lessons if lesson in name), None)


def safe_ids(pairs: Iterable[tuple[Owner, str]]) -> dict[tuple[str, str], str]:
    """A student's id for each `Owner.person`: only letters, digits and ``_.@-``; none twice, in whatever case.

    A student has the same id in every archive, unless two have the same name in one: Moodle's numbers, which
    tell these apart, are other ones for each assignment.

    Args:
        pairs: each owner, with the lesson of a notebook of theirs.
    """
    sharing: dict[str, set[str]] = {}  # a name -> the different names that come to it
    in_one_lesson: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one, lesson in pairs:
        name = safe_id(one.who).lower()
        sharing.setdefault(name, set()).add(one.who)
        in_one_lesson.setdefault((name, lesson), set()).add(one.person)
    ids: dict[tuple[str, str], str] = {}
    doubled = {name for (name, _), people in in_one_lesson.items() if len(people) > 1}
    doubled |= {name for name, whos in sharing.items() if len(whos) > 1}
    people = sorted(set().union(*in_one_lesson.values()))
    for alone in (True, False):  # those who keep their names first
        for who, number in people:
            name = safe_id(who)
            if (name.lower() not in doubled) == alone:
                digest = hashlib.sha256(f"{who}\n{number}".encode("utf-8", "replace")).hexdigest()[:8]
                tries = [name, *(f"{name[: LONGEST - len(end) - 1]}_{end}" for end in (number, digest) if end)]
                used = {taken.lower() for taken in ids.values()}
                ids[who, number] = next(id for id in tries[not alone :] if id.lower() not in used)
    return ids


def safe_id(who: str) -> str:
    """A student's id that is ``who`` as nearly as it can be."""
    letters = unicodedata.normalize("NFKD", who).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.@-]+", "_", letters).lstrip(".-_").rstrip("._ ")[:LONGEST]
    return name or f"student_{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _from_platform(part: str, lessons: Collection[str]) -> Owner | None:
    if found := _MOODLE.match(part):
        return Owner(found["who"], found["number"][-20:])
    if found := _ATTEMPT.match(part):
        try:
            time = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
        except ValueError:
            return None
        return Owner(_without_lesson(found["who"], lessons), time=time)
    if found := _CANVAS.fullmatch(part):
        number = found["number"][-20:]
        return Owner(f"{found['who']}_{number}", number, attempt=_attempt(part))
    return None


def _stem(name: str) -> str:
    return re.sub(r"\.(ipynb|zip|tar|tgz|tar\.gz)$", "", name, flags=re.IGNORECASE)


def _attempt(name: str) -> int:
    found = _AGAIN.search(_stem(name))
    return int(found["canvas"] or 0) if found else 0


def _without_lesson(name: str, lessons: Iterable[str]) -> str:
    lesson = lesson_in(name, lessons)
    return _AGAIN.sub("", name.replace(lesson, "", 1) if lesson else name).strip("_- .")
