"""Take in what is in archives: whose each notebook is, which one counts, and what is not certain."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from pathlib import Path

from autograder.grading.collect.archives import ARCHIVES, Found, Ignored, Refused, contents, opened
from autograder.grading.collect.budget import Stop
from autograder.grading.collect.choosing import Lessons, Notebook, digest
from autograder.grading.collect.collected import Collected
from autograder.grading.collect.identify import Claim, NotCertain, Students, identity, is_login, key
from autograder.grading.collect.layouts import Layout, find_layout
from autograder.grading.collect.members import Member
from autograder.grading.collect.names import of_archive
from autograder.grading.collect.platforms import NotHandedIn, Said, Uncertain
from autograder.grading.collect.students import Owner, shown
from autograder.grading.people.book import Book
from autograder.notebooks.course import CourseError
from autograder.notebooks.reading import Unreadable

_MOST_NAMED = 20  # notebooks of one person and lesson
_NOT_READ = (".rar", ".7z", ".gz", ".bz2", ".xz")  # archives that are named where nobody's name is in the path


class Taking:
    """Read archives, and find whose each notebook is and which one counts.

    Attributes:
        collected: what is to be said of it.
    """

    def __init__(self, lessons: Lessons, zone: tzinfo | None, book: Book, student: str | None, spool: Path):
        self.collected = Collected()
        self.lessons = lessons
        self._spool, self._numbers = spool, itertools.count()
        self._zone, self._book, self._student = zone, book, student
        self._chosen: dict[tuple[str, ...], list[Notebook]] = {}
        self._came: dict[tuple[str, ...], tuple[Owner, list[str]]] = {}
        self._named: set[tuple[str, ...]] = set()  # of whom a notebook came

    def layout(self, archive: Path) -> Layout:
        """Whose each of the archive's files is."""
        with opened(archive, self._zone) as listing:
            return find_layout(listing.members, archive.name, self.lessons.names, self._zone)

    def read(self, archive: Path, per_student: bool) -> None:
        """Take in what is in an archive: those first of whom least came, so that nobody uses up what it may come to.

        Args:
            per_student: other archives of the same command are named after their owners.
        """
        with opened(archive, self._zone) as listing:
            try:
                layout = find_layout(listing.members, archive.name, self.lessons.names, self._zone)
                self._outermost(layout, archive.name, per_student)
                self._say_encodings(archive.name, listing.members)
                for member in _smallest_first(listing.members, layout):
                    self._take(member, layout, archive)
            except Stop as error:
                listing.refused.append(Refused(archive.name, str(error)))
            for refused in listing.refused:
                self.collected.refuse(refused.name, refused.why)

    def _outermost(self, layout: Layout, archive: str, per_student: bool) -> None:
        """Take the archive itself for the outermost level where it is named after a student, or a person says so."""
        if self._student is not None:
            if len(layout.people) > 1:
                raise CourseError(f"{archive} has files of {len(layout.people)} people; --as is for those of one.")
            for parts, said in layout.said.items():
                if not isinstance(said, NotHandedIn):
                    has_id = isinstance(said, tuple) and said[0].id
                    layout.said[parts] = said[:1] if has_id else (Owner(self._student),)
            return
        whole = of_archive(archive)
        if layout.by_archive or whole is None or len(layout.people) != 1:
            return
        inside = next(said[0] for said in layout.said.values() if isinstance(said, tuple))
        known = whole.who in self._book.people or any(person.is_called(whole.who) for person in self._book)
        if whole.who in (inside.who, inside.id) or not (per_student or known):
            return
        doubt = Uncertain("", f"it may be of {inside}, or of {whole}; say whose with --as")
        for parts, said in layout.said.items():
            if isinstance(said, tuple):
                layout.said[parts] = (whole,) if per_student and not said[0].platform else doubt

    def _say_encodings(self, archive: str, members: Sequence[Member]) -> None:
        odd = [member for member in members if member.encoding]
        if odd:
            self.collected.sentences.append(
                f"{shown(archive)}: {len(odd)} names are not in UTF-8; they were read as {odd[0].encoding}, such as "
                f"{shown(odd[0].name)}."
            )

    def _take(self, member: Member, layout: Layout, archive: Path) -> None:
        said = layout.said.get(member.parts)
        if isinstance(said, NotHandedIn):
            return
        if isinstance(said, Uncertain) and member.name.lower().endswith((*ARCHIVES, *_NOT_READ)):
            self.collected.refuse(member.name, said.why)
            return
        source = f"{archive.resolve()}/{layout.within.get(member.parts, '')}"
        for entry in contents(member):
            if isinstance(entry, Refused):
                self.collected.refuse(entry.name, entry.why)
                self._note(said, source, "")
            elif isinstance(entry, Ignored):
                self.collected.ignored += 1
                self._note(said, source, entry.name)
            elif isinstance(said, Uncertain):
                self.collected.refuse("/".join((*entry.outer, *entry.parts)), said.why)
            else:
                self._note(said, source, "")
                secret = layout.beside.get(entry.parts[:-1], b"") if not entry.outer else b""
                self._place(entry, said, source, secret)

    def _note(self, said: Said | None, source: str, came: str) -> None:
        """Note what came from somebody; an empty name for a notebook, or for what was named already."""
        for owner in said if isinstance(said, tuple) else ():
            whose = key(owner, source)
            if not came:
                self._named.add(whose)
            elif came.rpartition("/")[2]:
                self._came.setdefault(whose, (owner, []))[1].append(came)

    def _place(self, entry: Found, owners: Sequence[Owner], source: str, secret: bytes) -> None:
        name = "/".join((*entry.outer, *entry.parts))
        try:
            lesson, sure, answered = self.lessons.of(entry)
        except Unreadable as error:
            self.collected.refuse(name, error.came)
            return
        for owner in owners:
            time = owner.time or entry.time.replace(microsecond=0)
            whose = (self._student,) if self._student is not None else key(owner, source)
            rivals = self._chosen.setdefault((*whose, lesson), [])
            file = self._spool / str(next(self._numbers))
            file.write_bytes(entry.data)
            rivals.append(Notebook(owner, lesson, sure, answered, time, name, digest(entry.data), file, source, secret))
            if rivals[-1].rank > rivals[0].rank:  # the one that counts stands first
                rivals[0], rivals[-1] = rivals[-1], rivals[0]
            for one in rivals[1:][-1:]:
                one.file.unlink()  # so that the disk need not hold all that came

    def say_from_whom_nothing(self) -> None:
        """Name everybody of whom files came, and no notebook among them."""
        for whose, (owner, came) in sorted(self._came.items()):
            if whose not in self._named:
                self.collected.refused += 1
                files = ", ".join(shown(name.rpartition("/")[2]) for name in came[:5])
                more = f" and {len(came) - 5} more" if len(came) > 5 else ""
                self.collected.sentences.append(f"{owner}: nothing taken, no notebook among what came: {files}{more}.")

    def decide(self, students: Students) -> Iterator[tuple[str, Notebook]]:
        """Each notebook that counts, with its student; what is not certain is refused."""
        counting = [one for notebooks in self._chosen.values() if (one := self._counts(notebooks))]
        for lesson in sorted({notebook.lesson for notebook in counting}):
            notebooks = [notebook for notebook in counting if notebook.lesson == lesson]
            if self._student is not None:
                for notebook in notebooks:
                    self._book.give(self._student, identity(notebook.owner, lesson))
                    yield self._student, notebook
                continue
            for notebook, whose in zip(
                notebooks,
                students.decide([Claim(one.owner, lesson, one.source) for one in notebooks]),
                strict=True,
            ):
                if isinstance(whose, NotCertain):
                    self.collected.refuse(notebook.name, str(whose))
                else:
                    yield whose, notebook

    def _counts(self, notebooks: list[Notebook]) -> Notebook | None:
        """The one of a person's notebooks of a lesson that counts; None where that is not certain."""
        first = notebooks[0]
        others = [one for one in notebooks if one.digest != first.digest]
        if any(one.rank == first.rank for one in others):
            self._which_is_not_certain(first, notebooks)
            return None
        if not (first.owner.id or is_login(first.owner.who) or "/" in first.name) and others:
            self._which_is_not_certain(first, notebooks)
            return None
        if len(others) > _MOST_NAMED:
            self.collected.sentences.append(
                f"{first.owner}: {len(others)} notebooks of {first.lesson}; the last are named."
            )
        for one in others[-_MOST_NAMED:]:
            if one.sure != first.sure:
                why = "is a notebook of the lesson"
            elif one.answered != first.answered and one.rank[2:] > first.rank[2:]:
                why = "has answers, and this newer one has none"
                self.collected.refused += 1
            else:
                why = "is newer"
            self.collected.sentences.append(
                f"{shown(one.name)}: not taken, {shown(first.name)} of the same student {why}."
            )
        return first

    def _which_is_not_certain(self, first: Notebook, notebooks: Sequence[Notebook]) -> None:
        names = ", ".join(shown(one.name) for one in notebooks[:_MOST_NAMED])
        self.collected.refused += 1
        self.collected.sentences.append(
            f"{first.owner}: refused, which of these counts for {first.lesson} is not certain: {names}."
        )


def _smallest_first(members: Sequence[Member], layout: Layout) -> Iterator[Member]:
    sizes: dict[object, int] = {}
    owners: dict[tuple[str, ...], object] = {}
    for member in members:
        said = layout.said.get(member.parts)
        owners[member.parts] = said[0].person if isinstance(said, tuple) else member.parts[:1]
        sizes[owners[member.parts]] = sizes.get(owners[member.parts], 0) + member.size + 1
    return iter(sorted(members, key=lambda member: sizes[owners[member.parts]]))
