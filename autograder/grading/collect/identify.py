"""Which student of nbgrader's a platform's person is. What is not certain is not decided here."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.collect.students import LONGEST, Owner, plain, safe_id, shown
from autograder.grading.people.book import Book, Identity, Person
from autograder.grading.people.match import on_roster

_LOGIN = re.compile(r"[a-z0-9.@+-]+")  # what an institution gives once; a name of somebody's, it may give twice
_WITH_LOGINS = ("nbgrader", "Blackboard", "Sakai")  # whose ids are the institution's


@dataclass(frozen=True)
class Claim:
    """A person's submission of a lesson, whoever that is.

    Attributes:
        source: the archive, which tells two people of one name apart.
    """

    owner: Owner
    lesson: str
    source: str


class NotCertain(Exception):
    """Nobody can say whose it is; the text says why, and what to do."""


class Students:
    """The students of a course, old and new ones.

    Attributes:
        sentences: what is to be said of names that were not free, or cannot be read from the id.
    """

    def __init__(self, book: Book, submitted: Path):
        self._book = book
        self._folders = {path.name for path in submitted.iterdir()} if submitted.is_dir() else set()
        self._by_id: dict[tuple[str, str, str], dict[str, Person]] = {}
        for person in book:
            for one in person.identities:
                self._note(person, one)
        self.sentences: list[str] = []

    def decide(self, claims: Sequence[Claim]) -> list[str | NotCertain]:
        """The student of each claim on one and the same lesson, and in the book what the platform calls them."""
        names = Counter(plain(claim.owner.who) for claim in claims)
        decided: dict[int, str | NotCertain] = {}
        new: list[int] = []
        for i, claim in enumerate(claims):
            try:
                known = self._known(claim, names[plain(claim.owner.who)])
            except NotCertain as error:
                decided[i] = error
                continue
            if known is None:
                new.append(i)
            else:
                decided[i] = known
        wanted = Counter(_wish(claims[i].owner).lower() for i in new)
        for i in sorted(new, key=lambda i: (wanted[_wish(claims[i].owner).lower()] > 1, claims[i].owner.person)):
            decided[i] = self._new(claims[i].owner, wanted[_wish(claims[i].owner).lower()] > 1)
        for i, claim in enumerate(claims):
            if isinstance(student := decided[i], str):
                person, called = self._book.person(student), identity(claim.owner, claim.lesson)
                person.add(called)
                self._note(person, called)
        return [decided[i] for i in range(len(claims))]

    def _note(self, person: Person, called: Identity) -> None:
        if called.id:
            self._by_id.setdefault((called.platform, called.id, called.lesson), {})[person.student] = person

    def _known(self, claim: Claim, of_this_name: int) -> str | None:
        """The student, if it is one who is known; None if it is a new one.

        Raises:
            NotCertain: it may be one who is known, or another.
        """
        owner, lesson = claim.owner, claim.lesson
        called = identity(owner, lesson)
        if found := list(self._by_id.get((called.platform, called.id, called.lesson), {}).values()):
            student = _only(found, "more than one student has this id in people.json")
            if self._book.has_roster and not (found[0].on_roster or owner.anonymous):
                raise NotCertain(f"{student} has this id, and is not on the roster; say whose with --as")
            return student
        if owner.anonymous:
            return None
        if self._book.has_roster:
            found = on_roster(self._book, owner, lesson)
            if not found:
                raise NotCertain("nobody on the roster has this id, e-mail or name; say whose with --as")
            return _only(found, "more than one on the roster fits; say whose with --as")
        if owner.platform in _WITH_LOGINS and self._is_student(owner.id):
            return owner.id
        if owner.of_one_box:
            return self._by_name_in_another_box(claim, of_this_name)
        return None if owner.id else self._by_name(claim, of_this_name)

    def _is_student(self, login: str) -> bool:
        """Whether somebody has this login as id in nbgrader, and none of another name has."""
        person = self._book.people.get(login)
        return person.is_called(login) if person else login in self._folders and safe_id(login) == login

    def _by_name_in_another_box(self, claim: Claim, of_this_name: int) -> str | None:
        """Who has this name, where ids are other ones in each box."""
        called = [person for person in self._book if person.is_called(claim.owner.who)]
        free = [person for person in called if not any(one.lesson == claim.lesson for one in person.identities)]
        if not free:
            return None
        if len(called) > 1 or of_this_name > 1:
            raise NotCertain(
                f"{len(called) if len(called) > 1 else of_this_name} students have this name, and "
                f"{claim.owner.platform}'s numbers are other ones in each assignment; say whose with --as"
            )
        if claim.lesson in free[0].submissions:
            raise NotCertain(
                f"{free[0].student} has the same name, and handed this lesson in elsewhere; say whose with --as"
            )
        return free[0].student

    def _by_name(self, claim: Claim, of_this_name: int) -> str | None:
        """Who has this name, where there is nothing but a name."""
        who = claim.owner.who
        if of_this_name > 1:
            raise NotCertain("two that were collected together have this name and no id; say whose with --as")
        called = [person for person in self._book if person.is_called(who)]
        if not called:
            return who if who not in self._book.people and self._is_student(who) else None
        student = _only(called, "more than one student has this name; say whose with --as")
        before = self._book.people[student].submissions.get(claim.lesson)
        if before is not None and before.archive != claim.source and not is_login(who):
            raise NotCertain(
                f"{student} has the same name, out of {Path(before.archive).name}; if this is the same person, say so "
                f"with --as {student}, else with another name"
            )
        return student

    def _new(self, owner: Owner, doubled: bool) -> str:
        name = _wish(owner)
        digest = hashlib.sha256(f"{owner.who}\n{owner.id}".encode("utf-8", "replace")).hexdigest()[:8]
        ends = [*([safe_id(owner.id)] if owner.id else []), digest]
        tries = [name, *(f"{name[: LONGEST - len(end) - 1]}_{end}" for end in ends)]
        used = {student.lower() for student in (*self._book.people, *self._folders)}
        student = next(id for id in tries[doubled:] if id.lower() not in used)
        self._book.person(student)
        if student != name:
            self.sentences.append(f"{shown(owner.who)}: not the only one of this name; here called {student}.")
        elif name.startswith("student_") and not owner.who.startswith("student_"):
            self.sentences.append(f"{owner}: here called {student}.")
        return student


def is_login(who: str) -> bool:
    """Whether this looks like what an institution gives once, and not like a person's name, which several may have."""
    return bool(_LOGIN.fullmatch(who))


def key(owner: Owner, source: str) -> tuple[str, ...]:
    """What the files of one person have in common; of one who has only a name, that they are of one archive."""
    alone = owner.id or is_login(owner.who)
    return (*owner.person, "" if alone else source)


def _wish(owner: Owner) -> str:
    return safe_id(owner.id if owner.platform in _WITH_LOGINS else owner.who)


def identity(owner: Owner, lesson: str) -> Identity:
    """What the platform calls the owner, as the book keeps it."""
    return Identity(owner.platform, owner.id, plain(owner.who), lesson if owner.of_one_box else "")


def _only(found: Sequence[Person], why: str) -> str:
    if len(found) > 1:
        raise NotCertain(why)
    return found[0].student
