"""Collect what a learning platform exports into nbgrader's folder of submissions, and lose nobody's work."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.grading.collect.archives import Found, Ignored, Refused, entries
from autograder.grading.collect.students import Owner, lesson_in, owner, safe_id, safe_ids, shown
from autograder.notebooks.files import TIMESTAMP
from autograder.notebooks.plan import find_lesson
from autograder.notebooks.reading import Unreadable, read_bytes, read_notebook

SUBMITTED = Path("autograder", "submitted")
ASIDE = ".replaced"  # in a student's folder; nbgrader's globs pass over hidden names


@dataclass
class Collected:
    """What came of some archives.

    Attributes:
        stored: (student, lesson) of each submission that was written.
        replaced: how many of these moved an older one aside.
        unchanged: how many were there already, with the same bytes.
        ignored: how many files are no notebook.
        refused: how many files, or archives, were not taken.
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


@dataclass(frozen=True)
class _Notebook:
    """A notebook with its owner and lesson; ``sure`` when it has the lesson's exercises in it."""

    owner: Owner
    lesson: str
    sure: bool
    time: datetime
    name: str
    data: bytes

    @property
    def rank(self) -> tuple[bool, datetime, int, str]:
        """Of two, the one that counts has the higher one: newer, but rather a lesson's than any other notebook."""
        return self.sure, self.time, self.owner.attempt, self.name


def collect(archives: Iterable[Path], root: Path, lesson: str | None = None) -> Collected:
    """Put each student's newest notebook of each lesson at ``autograder/submitted/STUDENT/LESSON/LESSON.ipynb``.

    A submission that is there already is moved to ``STUDENT/.replaced/LESSON/``, unless it is the same, or newer,
    which it stays. Each is written whole or not at all. No notebook is run.

    Args:
        archives: zips, tars, folders, notebooks, as Moodle, Canvas or nbgrader name what is in them.
        root: the course, in which ``lessons/`` has the lessons.
        lesson: collect this one alone; a student's notebook that is no lesson's is taken for it too.
    """
    collected = Collected()
    lessons = _lessons(root)
    known = sorted({*lessons.values(), *((lesson,) if lesson else ())})
    chosen: dict[tuple[str, str, str], _Notebook] = {}
    for archive in archives:
        for entry in entries(archive):
            if isinstance(entry, Ignored):
                collected.ignored += 1
            elif isinstance(entry, Refused):
                collected.refuse(entry.name, entry.why)
            else:
                try:
                    _choose(chosen, _placed(entry, archive.name, lessons, known, lesson), collected)
                except Unreadable as error:
                    collected.refuse("/".join((*entry.outer, *entry.parts)), error.came)
    students = safe_ids((notebook.owner, notebook.lesson) for notebook in chosen.values())
    for who, number in sorted(students):
        student = students[who, number]
        if student != safe_id(who):
            collected.sentences.append(f"{shown(who)}: not the only one of this name; here called {student}.")
    for notebook in sorted(chosen.values(), key=lambda one: (students[one.owner.person], one.lesson)):
        try:
            _store(notebook, root / SUBMITTED / students[notebook.owner.person], collected)
        except OSError as error:
            collected.refuse(notebook.name, f"it cannot be written ({error.strerror or error})")
    return collected


def _lessons(root: Path) -> dict[str, str]:
    """Each exercise's lesson, by the exercise's name, as the released notebooks have them."""
    return {
        cell.metadata.nbgrader.grade_id: path.stem
        for path in sorted((root / "lessons").glob("*/*.ipynb"))
        for cell in read_notebook(read_bytes(path)).cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    }


def _placed(
    entry: Found, archive: str, lessons: Mapping[str, str], known: Collection[str], wanted: str | None
) -> _Notebook:
    """The notebook with its owner and its lesson.

    Raises:
        Unreadable: it has no owner, no lesson, or one that is not wanted.
    """
    whose = owner(entry.parts, entry.outer, archive, known)
    name = "/".join((*entry.outer, *entry.parts))
    if not whose.who:
        raise Unreadable("nothing in its path names a student", "STUDENT/LESSON.ipynb", "Put it in a folder.")
    hint = next((found for part in reversed(entry.parts) if (found := lesson_in(part, known))), None)
    sure = True
    try:
        cells = [cell for cell in read_notebook(entry.data).cells if cell.cell_type == "code"]
        found = find_lesson(hint or "", cells, lessons)
    except Unreadable:  # also without exercises; what grading makes of it is for grading to say
        sure, found = False, hint or wanted
        if found is None:
            raise
    if wanted not in (None, found):
        raise Unreadable(f"it is of lesson {found}", f"lesson {wanted}", "Collect that lesson too.")
    time = (whose.time or entry.time).replace(microsecond=0)
    return _Notebook(whose, found, sure, time, name, entry.data)


def _choose(chosen: dict[tuple[str, str, str], _Notebook], notebook: _Notebook, collected: Collected) -> None:
    """Keep the notebook, unless the student has one that counts more."""
    key = (*notebook.owner.person, notebook.lesson)
    rival = chosen.setdefault(key, notebook)
    less, more = sorted((rival, notebook), key=lambda one: one.rank)
    chosen[key] = more
    if less.data != more.data:
        collected.sentences.append(
            f"{shown(less.name)}: not taken, {shown(more.name)} of the same student "
            f"{'is newer' if less.sure == more.sure else 'is a notebook of the lesson'}."
        )


def _store(notebook: _Notebook, folder: Path, collected: Collected) -> None:
    """Write a submission, and move aside what stands in its place."""
    lesson, student = notebook.lesson, folder.name
    target = folder / lesson
    if folder.is_symlink() or target.is_symlink():
        collected.refuse(notebook.name, f"the folder {SUBMITTED.as_posix()}/{student} is a link, or has one")
        return
    aside = None
    if target.exists():
        old, old_time = target / f"{lesson}.ipynb", _time_of(target)
        if old.is_file() and not old.is_symlink() and old.read_bytes() == notebook.data:
            collected.unchanged += 1
            return
        if old_time > notebook.time:
            collected.refuse(notebook.name, f"older than what {student} has for {lesson}, which stays")
            return
        names = (
            f"{old_time:%Y-%m-%dT%H-%M-%S}{end}" for end in itertools.chain([""], map("-{}".format, itertools.count(2)))
        )
        aside = next(path for name in names if not (path := folder / ASIDE / lesson / name).exists())
    new = folder / f".new-{lesson}"
    shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
    new.mkdir(parents=True)
    (new / f"{lesson}.ipynb").write_bytes(notebook.data)
    (new / TIMESTAMP).write_text(f"{notebook.time:%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")
    if aside:
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.rename(target, aside)
        collected.replaced += 1
        collected.sentences.append(f"{student}, {lesson}: what was there is now in {ASIDE}/{lesson}/{aside.name}.")
    os.rename(new, target)
    collected.stored.append((student, lesson))


def _time_of(submission: Path) -> datetime:
    """When a submission was handed in: what its timestamp says, or when the folder was last changed."""
    try:
        said = (submission / TIMESTAMP).read_text(encoding="utf-8").strip().split(".")[0].removesuffix(" UTC")
        return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except (OSError, ValueError):
        return datetime.fromtimestamp(int(submission.stat().st_mtime), UTC)
