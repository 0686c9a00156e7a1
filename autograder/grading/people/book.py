"""autograder/people.json: who is who, by which platform's id, and what of theirs was collected. For people to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.grading.collect.students import plain
from autograder.notebooks.course import CourseError
from autograder.notebooks.files import write_private

BOOK = Path("autograder", "people.json")
OWN_NUMBERS = ("Moodle", "Canvas", "Brightspace")  # their ids are numbers that mean something else elsewhere
ANYWHERE = ""  # the platform of an id that the institution gave: a login, a student number


@dataclass(frozen=True)
class Identity:
    """What a platform calls a person.

    Attributes:
        platform: ``"Moodle"``; `ANYWHERE` for an id that is the same in all of them.
        id: empty where the platform only has a name.
        lesson: the one whose box the id is of, where it is another one in each; else empty.
    """

    platform: str
    id: str = ""
    name: str = ""
    lesson: str = ""


@dataclass(frozen=True)
class HandedIn:
    """One submission as it was collected: from whom by the platform's own words, when, and out of what.

    Attributes:
        submitted_at: in UTC.
        file: its path in the archive.
        archive: where that was, with the folders in it that tell two of one name apart.
    """

    platform: str
    id: str
    name: str
    attempt: int
    submitted_at: str
    late: bool
    file: str
    archive: str


@dataclass
class Person:
    """A student, under the id that nbgrader has."""

    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    on_roster: bool = False
    identities: list[Identity] = field(default_factory=list)
    submissions: dict[str, HandedIn] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The full name, as far as it is known."""
        full = f"{self.first_name} {self.last_name}".strip()
        return full or next((one.name for one in self.identities if one.name), "") or self.student

    def add(self, identity: Identity) -> None:
        """Note what a platform calls the person."""
        if identity not in self.identities:
            self.identities.append(identity)

    def is_called(self, name: str) -> bool:
        """Whether some platform knows the person by exactly this name or id."""
        return any(
            plain(name) == plain(one.name) or (name == one.id and one.platform not in OWN_NUMBERS)
            for one in self.identities
        )


class Book:
    """The people of a course. `save` writes what was changed.

    Raises:
        CourseError: the file is there and is not what this class writes.
    """

    def __init__(self, root: Path):
        self._path = root / BOOK
        self.people: dict[str, Person] = {}
        try:
            text = self._path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise CourseError(
                f"{self._path} cannot be read ({error}). Restore it from a backup, or move it away."
            ) from error
        try:
            self.people = {student: _person(student, said) for student, said in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise CourseError(
                f"{self._path} is not as it was written ({error}). Mend it, or move it away: "
                "then `course collect` and `course roster import` write it anew."
            ) from error

    def __iter__(self) -> Iterator[Person]:
        return iter(self.people.values())

    @property
    def has_roster(self) -> bool:
        """Whether anybody was imported from a roster."""
        return any(person.on_roster for person in self)

    def person(self, student: str) -> Person:
        """The person with this id in nbgrader, who is new where there is none yet."""
        return self.people.setdefault(student, Person(student))

    def give(self, student: str, identity: Identity) -> None:
        """Note that this is what a platform calls the student, and nobody else."""
        for person in self:
            if identity in person.identities:
                person.identities.remove(identity)
        self.person(student).add(identity)

    def save(self) -> None:
        """Write the file, for its owner's eyes alone."""
        written = {person.student: _written(person) for person in sorted(self, key=lambda one: one.student)}
        text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_private(self._path, text)


def _written(person: Person) -> dict[str, Any]:
    said = asdict(person)
    del said["student"]
    said["identities"] = [{key: value for key, value in one.items() if value} for one in said["identities"]]
    return {key: value for key, value in said.items() if value}


def _person(student: str, said: dict[str, Any]) -> Person:
    said = dict(said)
    identities = [Identity(**{"platform": ANYWHERE, **one}) for one in said.pop("identities", ())]
    submissions = {lesson: HandedIn(**one) for lesson, one in said.pop("submissions", {}).items()}
    return Person(student, **said, identities=identities, submissions=submissions)
