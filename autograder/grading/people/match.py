"""Who on the roster a file is of: by id, then by e-mail, then by the exact name. Never by likeness."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

from autograder.grading.collect.students import Owner, plain
from autograder.grading.people.book import ANYWHERE, OWN_NUMBERS, Book, Person


def on_roster(book: Book, owner: Owner, lesson: str) -> list[Person]:
    """The people on the roster of whom the first of these is true of anybody: the id fits, the e-mail, the name.

    More than one is nobody for certain. A person whom this platform knows under another id is none of them.
    """
    possible = [person for person in book if person.on_roster and not _is_another(person, owner, lesson)]
    for fits in (_by_id, _by_email, _by_name):
        if found := _all(possible, owner, fits):
            return found
    return []


def _all(people: Iterable[Person], owner: Owner, fits: Callable[[Person, Owner], bool]) -> list[Person]:
    return [person for person in people if fits(person, owner)]


def _is_another(person: Person, owner: Owner, lesson: str) -> bool:
    lesson = lesson if owner.of_one_box else ""
    return bool(owner.id) and any(
        (one.platform, one.lesson) == (owner.platform, lesson) and one.id not in ("", owner.id)
        for one in person.identities
    )


def _by_id(person: Person, owner: Owner) -> bool:
    if owner.platform in OWN_NUMBERS:
        return False  # the book has been asked for these already
    said = owner.id.rpartition("_")[2] if owner.platform == "OpenOLAT" else owner.id or owner.who
    ids = {one.id for one in person.identities if one.platform == ANYWHERE} | {person.student, person.lms_user_id}
    return said.casefold() in {id.casefold() for id in ids if id}


def _by_email(person: Person, owner: Owner) -> bool:
    said = {text.casefold() for text in (owner.email, owner.id, owner.who) if "@" in text}
    return person.email.casefold() in said


def _by_name(person: Person, owner: Owner) -> bool:
    first, last = person.first_name, person.last_name
    if owner.anonymous or not (first or last):
        return False
    if owner.platform == "Canvas":  # "Lovelace, Ada" is lovelaceada there
        return owner.who.rpartition("_")[0].casefold() == re.sub(r"\W", "", f"{last}{first}").casefold()
    return plain(owner.who).casefold() in name_forms(first, last)


@functools.lru_cache(maxsize=100_000)
def name_forms(first: str, last: str) -> frozenset[str]:
    """The ways in which platforms write a name."""
    forms = [f"{first} {last}", f"{last} {first}", f"{last}, {first}"]
    if first + last > "\u2e7f":  # 王 and 小明 are 王小明 together
        forms.append(last + first)
    return frozenset(plain(form).casefold() for form in forms)
