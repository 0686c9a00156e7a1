"""Collect what a learning platform exports into nbgrader's folder of submissions, and lose nobody's work."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path

from autograder.grading.collect.archives import ARCHIVES, Found, Ignored, Refused, contents, opened
from autograder.grading.collect.budget import Stop
from autograder.grading.collect.choosing import Lessons, Notebook
from autograder.grading.collect.identify import Claim, NotCertain, Students, identity, key
from autograder.grading.collect.layouts import Layout, find_layout, of_archive
from autograder.grading.collect.members import Member
from autograder.grading.collect.platforms import NotHandedIn, Said, Uncertain
from autograder.grading.collect.storing import ASIDE, SUBMITTED, NotStored, Unchanged, store, written
from autograder.grading.collect.students import Owner, safe_id, shown
from autograder.grading.people.book import Book, HandedIn
from autograder.notebooks.course import CourseError
from autograder.notebooks.reading import Unreadable

_NOT_READ = (".rar", ".7z", ".gz", ".bz2", ".xz")  # archives that are named where nobody's name is in the path


@dataclass
class Collected:
    """What came of some archives.

    Attributes:
        stored: (student, lesson) of each submission that was written.
        replaced: how many of these moved an older one aside.
        unchanged: how many were there already, with the same bytes.
        ignored: how many files are no notebook.
        refused: how many files, or archives, were not taken, and people of whom nothing was.
        sentences: what is to be said of those that were refused, doubled, replaced or renamed, a sentence each.
    """

    stored: list[tuple[str, str]] = field(default_factory=list)
    replaced: int = 0
    unchanged: int = 0
    ignored: int = 0
    refused: int = 0
    sentences: list[str] = field(default_factory=list)

    def refuse(self, name: str, why: str) -> None:
        """Count what was not taken, and say why."""
        self.refused += 1
        self.sentences.append(f"{shown(name)}: refused, {why}.")


def collect(
    archives: Sequence[Path],
    root: Path,
    lesson: str | None = None,
    zone: tzinfo | None = None,
    student: str | None = None,
) -> Collected:
    """Put each student's newest notebook of each lesson at ``autograder/submitted/STUDENT/LESSON/LESSON.ipynb``.

    A submission that is there already is moved to ``STUDENT/.replaced/LESSON/``, unless it is the same, or newer, or
    has answers where the new one has none: then it stays. Each is written whole or not at all. No notebook is run.
    What is not certain, whose it is or which one counts, is named and left. Who is who is kept in
    ``autograder/people.json``.

    Args:
        archives: zips, tars, folders, notebooks, as `platforms` has their names.
        root: the course, in which ``lessons/`` has the lessons.
        lesson: collect this one alone; a student's notebook that is no lesson's is taken for it too.
        zone: of times that a zip or a platform has without one; None for this machine's.
        student: whose all of it is, because a person says so.

    Raises:
        CourseError: people.json cannot be read; or ``student`` is no student's id, or there are several people's files.
    """
    book = Book(root)
    if student is not None:
        _check_student(student, book)
    intake = _Intake(Lessons(root, lesson), zone, book, student)
    per_student = len(archives) > 1 and any(intake.layout(archive).by_archive for archive in archives)
    for archive in archives:
        intake.read(archive, per_student)
    intake.say_from_whom_nothing()
    students = Students(book, root / SUBMITTED)
    decided = list(intake.decide(students))
    intake.collected.sentences += students.sentences
    book.save()  # before anything is stored under a name that only the book explains
    for whose, notebook in sorted(decided, key=lambda one: (one[0], one[1].lesson)):
        _store(whose, notebook, root, intake, book)
    book.save()
    _say_who_is_missing(root, book, intake.collected, {notebook.lesson for _, notebook in decided})
    return intake.collected


def _check_student(student: str, book: Book) -> None:
    if safe_id(student) != student:
        raise CourseError(f"{shown(student)} is no student's id; expected letters, digits and _.@- as in jdoe.")
    if book.has_roster and not (student in book.people and book.people[student].on_roster):
        raise CourseError(f"{student} is not on the roster. `course roster list` prints who is.")


class _Intake:
    """What was read so far.

    Attributes:
        collected: what is to be said of it.
    """

    def __init__(self, lessons: Lessons, zone: tzinfo | None, book: Book, student: str | None):
        self.collected = Collected()
        self.lessons = lessons
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
            given = Owner(self._student)
            for parts, said in layout.said.items():
                if isinstance(said, tuple):
                    given = replace(said[0], who=self._student)
                layout.said[parts] = said if isinstance(said, NotHandedIn) else (given,)
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
            self.collected.ignored += 1
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
            notebook = Notebook(owner, lesson, sure, answered, time, name, entry.data, source, secret)
            self._chosen.setdefault((*key(owner, source), lesson), []).append(notebook)

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
        first = max(notebooks, key=lambda one: one.rank)
        others = [one for one in notebooks if one.data != first.data]
        if any(one.rank == first.rank for one in others):
            names = ", ".join(shown(one.name) for one in notebooks)
            self.collected.refused += 1
            self.collected.sentences.append(
                f"{first.owner}: refused, which of these counts for {first.lesson} is not certain: {names}."
            )
            return None
        for one in others:
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


def _smallest_first(members: Sequence[Member], layout: Layout) -> Iterator[Member]:
    sizes: dict[object, int] = {}
    owners: dict[tuple[str, ...], object] = {}
    for member in members:
        said = layout.said.get(member.parts)
        owners[member.parts] = said[0].person if isinstance(said, tuple) else member.parts[:1]
        sizes[owners[member.parts]] = sizes.get(owners[member.parts], 0) + member.size + 1
    return iter(sorted(members, key=lambda member: sizes[owners[member.parts]]))


def _store(student: str, notebook: Notebook, root: Path, intake: _Intake, book: Book) -> None:
    collected, owner, lesson = intake.collected, notebook.owner, notebook.lesson
    try:
        aside = store(notebook, root / SUBMITTED / student, intake.lessons)
        collected.stored.append((student, lesson))
        if aside:
            collected.replaced += 1
            collected.sentences.append(f"{student}, {lesson}: what was there is now in {ASIDE}/{lesson}/{aside.name}.")
    except Unchanged:
        collected.unchanged += 1
    except NotStored as error:
        collected.refuse(notebook.name, str(error))
        return
    except OSError as error:
        collected.refuse(notebook.name, f"it cannot be written ({error.strerror or error})")
        return
    attempt = owner.attempt
    book.person(student).submissions[lesson] = HandedIn(
        owner.platform, owner.id, owner.who, attempt, written(notebook.time), owner.late, notebook.name, notebook.source
    )


def _say_who_is_missing(root: Path, book: Book, collected: Collected, lessons: Collection[str]) -> None:
    """With a roster, name who handed nothing in, for each lesson that something was collected of."""
    for name in sorted(lessons):
        missing = [
            f"{shown(person.name)} ({person.student})"
            for person in sorted(book, key=lambda one: (one.last_name, one.first_name, one.student))
            if person.on_roster and not (root / SUBMITTED / person.student / name).exists()
        ]
        if missing:
            collected.sentences.append(f"{name}: nothing from {len(missing)} on the roster: {', '.join(missing)}.")
