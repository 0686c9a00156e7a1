"""Which of a student's notebooks of a lesson counts: the newest, but never an empty one where there are answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat

from autograder.grading.collect.archives import Found
from autograder.grading.collect.names import attempt_of
from autograder.grading.collect.students import Owner, lesson_in
from autograder.notebooks.matching import binds, grade_id, is_answer, is_untouched, same
from autograder.notebooks.plan import find_lesson
from autograder.notebooks.reading import Unreadable, read_bytes, read_notebook


@dataclass(frozen=True)
class Notebook:
    """A notebook with its owner and lesson.

    Attributes:
        sure: it has the lesson's exercises in it.
        answered: at least one of them is answered.
        digest: of its bytes, which are in ``file`` as long as archives are taken in.
        source: the archive, with the folders in it that tell two of one name apart.
        secret: nbgrader's, with which it finds the feedback to return; empty where there is none.
    """

    owner: Owner
    lesson: str
    sure: bool
    answered: bool
    time: datetime
    name: str
    digest: bytes
    file: Path
    source: str
    secret: bytes = b""

    @property
    def rank(self) -> tuple[bool, bool, int, datetime, int, bool]:
        """Of two, the one that counts has the higher one."""
        by_platform = self.owner.attempt if self.owner.platform else 0
        own = self.name.rpartition("/")[2]
        return self.sure, self.answered, by_platform, self.time, attempt_of(own), self.lesson in own


def digest(data: bytes) -> bytes:
    """What two notebooks have in common only if they are the same."""
    return hashlib.sha256(data).digest()


class Lessons:
    """The course's lessons as they were released.

    Attributes:
        names: of them all.
    """

    def __init__(self, root: Path, wanted: str | None = None):
        self._stubs: dict[str, dict[str, nbformat.NotebookNode]] = {}
        for path in sorted((root / "lessons").glob("*/*.ipynb")):
            cells = read_notebook(read_bytes(path)).cells
            self._stubs[path.stem] = {grade_id(cell): cell for cell in cells if is_answer(cell)}
        self.names = sorted({*self._stubs, *((wanted,) if wanted else ())})
        self._of = {
            name: lesson
            for lesson, stubs in self._stubs.items()
            for name, cell in stubs.items()
            if cell.cell_type == "code"
        }
        self._wanted = wanted

    def of(self, entry: Found) -> tuple[str, bool, bool]:
        """The notebook's lesson, whether it has that lesson's exercises in it, and whether one is answered.

        Raises:
            Unreadable: it is of no lesson, or of one that is not wanted.
        """
        hint = next((found for part in reversed(entry.parts) if (found := lesson_in(part, self.names))), None)
        sure, answered = True, False
        try:
            cells = read_notebook(entry.data).cells
            found = find_lesson(hint or "", [cell for cell in cells if cell.cell_type == "code"], self._of)
            answered = self._answered(found, cells)
        except Unreadable:  # also without exercises; what grading makes of it is for grading to say
            sure, found = False, hint or self._wanted
            if found is None:
                raise
        if self._wanted not in (None, found):
            raise Unreadable(f"it is of lesson {found}", f"lesson {self._wanted}", "Collect that lesson too.")
        return found, sure, answered

    def is_answered(self, lesson: str, data: bytes) -> bool:
        """Whether a notebook of the lesson has an answer to any of its exercises and questions."""
        try:
            return self._answered(lesson, read_notebook(data).cells)
        except Unreadable:
            return False

    def _answered(self, lesson: str, cells: list[nbformat.NotebookNode]) -> bool:
        stubs: Mapping[str, nbformat.NotebookNode] = self._stubs.get(lesson, {})
        names = {name for stub in stubs.values() for name in re.findall(r"^(?:def|class)\s+(\w+)", stub.source, re.M)}
        for cell in cells:
            if stub := stubs.get(grade_id(cell)):
                if not is_untouched(cell, stub):
                    return True
            elif (
                cell.cell_type == "code"
                and any(binds(cell.source, name) for name in names)
                and not any(same(cell, stub) for stub in stubs.values())
            ):
                return True
        return False
