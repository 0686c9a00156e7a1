"""Whose each row of a list is, for what goes back: by id, then by e-mail, then by the exact name. Never by likeness."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from autograder.grading.collect.students import plain
from autograder.grading.people.book import ANYWHERE, OWN_NUMBERS, Person
from autograder.grading.people.match import name_forms
from autograder.grading.people.roster import Row

_Key = tuple[str, str]  # the platform, and what it calls somebody, in lower case
NOT_IN_FILES = re.compile(r"[\x00-\x1f&<>\"`|':\\/]")  # Moodle's PARAM_FILE, lib/classes/param.php


class Match(NamedTuple):
    """What is certain of a row: whose it is, or why that is not known.

    Attributes:
        by_name: the name alone says so.
        possible: if it is nobody's for certain, whose it might be.
    """

    person: Person | None = None
    by_name: bool = False
    why: str = ""
    possible: tuple[Person, ...] = ()


def match_rows(people: Iterable[Person], rows: Sequence[Row], lesson: str = "") -> list[Match]:
    """Whose each row is, of these people. Two rows are never one person's.

    Args:
        lesson: whose assignment the list is of, for Moodle's numbers, which are other ones in each.
    """
    people = list(people)
    by_id = _index(people, lambda person: _ids(person, lesson))
    by_email = _index(people, lambda person: [person.email.casefold()] if person.email else [])
    by_name = _index(people, _names)
    names = [_row_names(row) for row in rows]
    bearers = defaultdict(int)
    for name in {frozenset(each) for each in names}:
        bearers[name] = sum(not name.isdisjoint(each) for each in names)
    matches = []
    for row, called in zip(rows, names, strict=True):
        ids = _row_ids(row)
        if found := _all(by_id, ids):
            matches.append(_by_id(found, row, called, ids))
        elif row.email and (found := _all(by_email, [row.email.casefold()])):
            matches.append(_one(found, f"the e-mail {row.email}"))
        elif found := _all(by_name, called):
            others = [person for person in found if _is_another(person, ids, lesson)]
            if bearers[frozenset(called)] > 1 or len(found) > 1:
                matches.append(Match(why="more than one has that name, and no id tells them apart", possible=found))
            elif others:
                matches.append(Match(why="the name is the same, and the id is another", possible=found))
            else:
                matches.append(Match(found[0], by_name=True))
        else:
            matches.append(Match())
    claims = defaultdict(int)
    for match in matches:
        if match.person:
            claims[match.person.student] += 1
    return [
        Match(why="more than one row fits", possible=(match.person,))
        if match.person and claims[match.person.student] > 1
        else match
        for match in matches
    ]


def _by_id(found: tuple[Person, ...], row: Row, called: frozenset[str], ids: Sequence[_Key]) -> Match:
    match = _one(found, f"the id {row.wish}")
    # Moodle's number is of one assignment: in a list of another one it is somebody else's
    only_number = all(platform == "Moodle" for platform, _ in ids)
    if match.person and only_number and called and (known := _names(match.person)) and known.isdisjoint(called):
        return Match(why="the number is one person's, and the name another's: is it the right list?", possible=found)
    return match


def _one(found: tuple[Person, ...], what: str) -> Match:
    return Match(found[0]) if len(found) == 1 else Match(why=f"{what} fits more than one", possible=found)


def _index(people: Iterable[Person], keys: Callable[[Person], Iterable]) -> Mapping[object, list[Person]]:
    index = defaultdict(list)
    for person in people:
        for key in set(keys(person)):
            index[key].append(person)
    return index


def _all(index: Mapping[object, list[Person]], keys: Iterable[object]) -> tuple[Person, ...]:
    found = {person.student: person for key in keys for person in index.get(key, ())}
    return tuple(found.values())


def _ids(person: Person, lesson: str) -> list[_Key]:
    """What tells the person from all others; an id of an institution is the same on every platform."""
    found = []
    for one in person.identities:
        if one.platform in OWN_NUMBERS:
            if one.id and one.lesson in ("", lesson):
                found.append((one.platform, one.id.casefold()))
        else:  # a folder's name is all that some hand in by: then it is the id
            said = one.id.rpartition("_")[2] if one.platform == "OpenOLAT" else one.id or one.name
            found.append((ANYWHERE, said.casefold()))
    return found


def _row_ids(row: Row) -> list[_Key]:
    return [(platform, id.casefold()) for platform, id in row.ids]


def _is_another(person: Person, ids: Sequence[_Key], lesson: str) -> bool:
    """Whether the person has an id where the row has another one."""
    theirs = {
        (one.platform if one.platform in OWN_NUMBERS else ANYWHERE, one.id.casefold())
        for one in person.identities
        if one.id and one.lesson in ("", lesson)
    }
    shared = {where for where, _ in theirs} & {platform for platform, _ in ids}
    return any(theirs.isdisjoint(id for id in ids if id[0] == where) for where in shared)


def _names(person: Person) -> frozenset[str]:
    names = {plain(one.name).casefold() for one in person.identities if one.platform != "Canvas"}
    if person.first_name or person.last_name:
        names |= name_forms(person.first_name, person.last_name)
    return frozenset(name for name in names if name and not re.fullmatch(r"participant[ _]?\d*", name))


def _row_names(row: Row) -> frozenset[str]:
    """The row's name, and as Moodle writes it into the names of files."""
    if not (row.first_name or row.last_name):
        return frozenset()
    names = name_forms(row.first_name, row.last_name)
    return names | {plain(NOT_IN_FILES.sub("", name.replace("_", " "))) for name in names}
