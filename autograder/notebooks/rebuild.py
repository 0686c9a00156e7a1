"""Rebuild a submission on its release: the learner's answers and own cells, and everything else as it was released.

So it does not matter what became of the checks. `course update` carries answers into a newer lesson in the same way.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from nbformat import NotebookNode, from_dict

from autograder.notebooks import ids
from autograder.notebooks.matching import (
    binds,
    checked,
    defines,
    gaps,
    grade_id,
    is_answer,
    is_check,
    is_prose,
    is_untouched,
    marks,
    places,
    same,
)
from autograder.notebooks.pictures import pictures
from autograder.notebooks.reading import new_cell

MAX_OWN = 500

_SETTINGS = ("grade_id", "grade", "solution", "locked")


@dataclass(frozen=True)
class Rebuilt:
    """A submission on its release.

    Attributes:
        notebook: what is to be graded.
        warnings: what was repaired or refused, a sentence each.
        learners: the ids of all cells whose source is the learner's.
        answered: the ``grade_id`` of each exercise and question that has the learner's answer, in order.
        edited: the ids of the release's plain cells that say what the learner made of them.
        own: the ids of cells that the release does not have.
        homeless: the ``grade_id`` of each answer to what the release does not ask; it is among ``own``.
        python: the version of Python that the notebook says it was written with, or None.
    """

    notebook: NotebookNode
    warnings: tuple[str, ...]
    learners: frozenset[str]
    answered: tuple[str, ...]
    edited: tuple[str, ...]
    own: tuple[str, ...]
    homeless: tuple[str, ...]
    python: str | None = None


def rebuild(
    release: NotebookNode, submitted: NotebookNode, lesson: str | None = None, withdrawn: Collection[str] = ()
) -> Rebuilt:
    """Put what the learner wrote into the release.

    An answer is the last cell of its ``grade_id`` that is not as it was released; it stands where the release
    has it, before its check. Where a question was left as it was, text in new cells below it is the answer, and
    is added to its cell. A plain cell that the learner edited stands in the release's place, and runs even if it
    was a demo. Own cells, and earlier answers to the same exercise, stay where they were among their neighbours,
    without metadata. Pictures that are attached to text stay with it. The same arguments give the
    same bytes.

    Args:
        release: the lesson, or its solution, as `nbformat.read` returns it; trusted.
        submitted: as `read_notebook` returns it.
        lesson: the lesson's name, by which unchanged cells of its older releases are told from own ones.
        withdrawn: what the lesson asked for once: that somebody answered it is worth no warning.
    """
    rebuilt = _Rebuilding(release.cells, submitted.cells, lesson, withdrawn).result(release)
    return replace(rebuilt, python=submitted.metadata.get("language_info", {}).get("version"))


class _Rebuilding:
    """What became of each cell: ``answers`` and ``edits`` say which submitted cell stands in for a released one.

    ``below`` says which submitted cells are added to a released one.
    """

    def __init__(
        self,
        release: Sequence[NotebookNode],
        submitted: Sequence[NotebookNode],
        lesson: str | None,
        withdrawn: Collection[str],
    ):
        self.release, self.submitted, self.lesson, self.withdrawn = release, submitted, lesson, withdrawn
        self.warnings: list[str] = []
        self.unmarked = not any(marks(cell) for cell in submitted)
        if self.unmarked:
            self.warnings.append("nbgrader's metadata is lost: cells were found by their ids, names and texts.")
        self.places = places(release, submitted)
        self.copies: dict[int, list[int]] = {j: [] for j in range(len(release))}
        for i, place in enumerate(self.places):
            if place is not None:
                self.copies[place].append(i)
        self.answers: dict[int, int] = {}
        self.below: dict[int, list[int]] = {}
        self.edits: dict[int, int] = {}
        for j, cell in enumerate(release):
            if is_answer(cell):
                self._answer(j)
            elif is_check(cell):
                self._inspect_check(j)
            else:
                self._edit(j)
        for j, i in self.answers.items():
            if self._is_free(i):
                self.places[i] = j  # its neighbours are now those of the answer's place

    def result(self, release: NotebookNode) -> Rebuilt:
        """Everything put together."""
        own = [i for i in range(len(self.submitted)) if self._is_own(i)]
        if len(own) > MAX_OWN:
            self.warnings.append(f"{len(own)} cells of the learner's own: the first {MAX_OWN} are kept.")
        names = self._names(own[:MAX_OWN])
        before: dict[int, list[int]] = {}
        for i, gap in zip(names, gaps(self.release, self.places, names, self.answers), strict=True):
            before.setdefault(gap, []).append(i)
        cells: list[NotebookNode] = []
        for j in range(len(self.release) + 1):
            for i in before.get(j, ()):
                cells.append(
                    new_cell(self.submitted[i].cell_type, self.submitted[i].source, names[i], None, self._pictures(i))
                )
            if j < len(self.release):
                cells.append(self._released(j))
        homeless = [i for i in names if marks(self.submitted[i]).get("solution") and self.places[i] is None]
        for i in homeless:
            name = grade_id(self.submitted[i])
            name = name if re.fullmatch(r"\w{1,40}", name, re.ASCII) else "An answer"
            if name not in self.withdrawn:
                self._warn(name, "the lesson does not ask for it; kept as a cell of the learner's own")
        changed = {self.release[j].id for j in (*self.answers, *self.below, *self.edits)}
        return Rebuilt(
            notebook=NotebookNode({**copy.deepcopy({**release, "cells": None}), "cells": cells}),
            warnings=tuple(self.warnings),
            learners=frozenset(changed.union(names.values())),
            answered=tuple(grade_id(self.release[j]) for j in sorted({*self.answers, *self.below})),
            edited=tuple(self.release[j].id for j in sorted(self.edits)),
            own=tuple(cell.id for cell in cells if cell.id in set(names.values())),
            homeless=tuple(grade_id(self.submitted[i]) for i in homeless),
        )

    def _answer(self, j: int) -> None:
        """Find the submitted cell that answers the release's cell ``j``."""
        stub, name = self.release[j], grade_id(self.release[j])
        copies = [i for i in self.copies[j] if not is_untouched(self.submitted[i], stub)]
        if copies:
            self.answers[j] = max(copies, key=lambda i: self._rank(i, stub))
            self._inspect_answer(j, len(copies))
        elif definitions := [i for i in range(len(self.submitted)) if self._could_answer(i, stub)]:
            self.answers[j] = definitions[-1]
            self._warn(name, "answered in a cell of the learner's own, which was put in its place")
        elif stub.cell_type == "markdown" and (written := self._written_below(j)):
            self.below[j] = written
            self._warn(name, "answered in a new cell below it, which was put in its place")
        elif not self.copies[j]:
            self._warn(name, "its cell is missing; it stands as it was released")

    def _rank(self, i: int, stub: NotebookNode) -> tuple[bool, bool, int]:
        """Of several answers the last counts, but rather one of the right type, and one that defines something."""
        cell = self.submitted[i]
        return cell.cell_type == stub.cell_type, binds(cell.source, grade_id(stub)), i

    def _could_answer(self, i: int, stub: NotebookNode) -> bool:
        cell = self.submitted[i]
        return (
            cell.cell_type == stub.cell_type == "code"
            and self._is_free(i)
            and defines(cell.source, grade_id(stub))
            and not self._is_older(cell)
        )

    def _written_below(self, j: int) -> list[int]:
        """The learner's own cells with text that follow the question ``j``, up to the release's next cell."""
        before = [i for i, place in enumerate(self.places) if place is not None and place < j]
        start = max(self.copies[j] or before, default=-1) + 1
        written: list[int] = []
        names: set[str] = set()
        for i in itertools.takewhile(lambda i: self.places[i] is None, range(start, len(self.submitted))):
            cell = self.submitted[i]
            if is_prose(cell) and not self._is_older(cell) and names.isdisjoint(self._pictures(i)):
                written.append(i)
                names.update(self._pictures(i))
        return written

    def _pictures(self, i: int) -> dict[str, dict[str, str]]:
        cell = self.submitted[i]
        return pictures(cell.get("attachments")) if cell.cell_type == "markdown" else {}

    def _is_free(self, i: int) -> bool:
        """Whether a submitted cell is no answer's and no plain cell of the release."""
        place = self.places[i]
        return place is None or is_check(self.release[place])

    def _edit(self, j: int) -> None:
        """Find the submitted cell in which the learner changed the release's plain cell ``j``."""
        for i in self.copies[j]:
            cell = self.submitted[i]
            if cell.cell_type == self.release[j].cell_type and cell.source.strip() and not same(cell, self.release[j]):
                self.edits[j] = i

    def _is_own(self, i: int) -> bool:
        """Whether a submitted cell has a place of its own: nothing of the learner's is lost, nor doubled."""
        cell, place = self.submitted[i], self.places[i]
        if not cell.source.strip() or i in self.answers.values() or i in self.edits.values():
            return False
        if any(i in cells for cells in self.below.values()):
            return False
        if place is not None:
            counted = self.answers.get(place, self.edits.get(place))
            return not (
                is_check(self.release[place])
                or is_untouched(cell, self.release[place])
                or (counted is not None and same(cell, self.submitted[counted]))
            )
        return not self._is_older(cell)

    def _is_older(self, cell: NotebookNode) -> bool:
        """Whether a cell is what an older release had, and says what it said there."""
        if marks(cell):
            return is_untouched(cell) or (is_check(cell) and checked(cell.source) is not None)
        return self.lesson is not None and ids.is_as_released(self.lesson, cell.source, cell.id)

    def _names(self, own: Sequence[int]) -> dict[int, str]:
        """An id for each own cell: the one that it has, or where that is the release's, a new one."""
        taken = {cell.id for cell in self.release}
        names: dict[int, str] = {}
        kept = {self.submitted[i].id for i in own}
        fresh = (name for n in itertools.count() if (name := f"own-{n}") not in kept | taken)
        for i in own:
            names[i] = self.submitted[i].id if self.submitted[i].id not in taken else next(fresh)
            taken.add(names[i])
        return names

    def _released(self, j: int) -> NotebookNode:
        """The release's cell ``j``, with the learner's source and pictures if there are any."""
        cell = copy.deepcopy(self.release[j])
        taken = (
            [self.answers[j]] if j in self.answers else [self.edits[j]] if j in self.edits else self.below.get(j, [])
        )
        attached = {name: one for i in taken for name, one in self._pictures(i).items()}
        if taken:
            cell.pop("attachments", None)
        if attached and cell.cell_type == "markdown":
            cell.attachments = from_dict(attached)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if j in self.answers:
            cell.source = self.submitted[self.answers[j]].source
        elif j in self.below:
            cell.source = "\n\n".join([cell.source, *(self.submitted[i].source for i in self.below[j])])
        elif j in self.edits:
            cell.source = self.submitted[self.edits[j]].source
            tags = [tag for tag in cell.metadata.pop("tags", []) if tag != "demo"]
            cell.metadata.update({"tags": tags} if tags else {})
        return cell

    def _warn(self, name: str, what: str) -> None:
        self.warnings.append(f"{name}: {what}.")

    def _inspect_answer(self, j: int, copies: int) -> None:
        name, kind, cell = grade_id(self.release[j]), self.release[j].cell_type, self.submitted[self.answers[j]]
        if copies > 1:
            self._warn(name, f"{copies} cells answer it; one counts, the last that is no note or trial")
        if cell.cell_type != kind:
            self._warn(name, f"its cell was made a {cell.cell_type} cell; it counts as {kind}")
        self._inspect_settings(j, cell)

    def _inspect_check(self, j: int) -> None:
        name, cells = grade_id(self.release[j]), [self.submitted[i] for i in self.copies[j]]
        if not cells:
            self._warn(name, "deleted; the lesson's own stands in its place")
        elif len(marked := [cell for cell in cells if marks(cell)]) > 1:
            self._warn(name, f"{len(marked)} copies; the lesson's own stands in its place")
        if any(not same(cell, self.release[j]) or cell.cell_type != self.release[j].cell_type for cell in cells):
            self._warn(name, "edited; the lesson's own stands in its place")
        for cell in cells[:1]:
            self._inspect_settings(j, cell)

    def _inspect_settings(self, j: int, cell: NotebookNode) -> None:
        came, expected = marks(cell), marks(self.release[j])
        if not came and not self.unmarked:
            self._warn(grade_id(self.release[j]), "its cell has lost nbgrader's metadata")
        elif came and (
            any(came.get(key) != expected.get(key) for key in _SETTINGS)
            # other points are the learner's doing, unless they are an older release's, as the checksum of a check
            # tells; an answer's tells nothing once it is written
            or (came.get("points") != expected.get("points") and is_check(cell) and not is_untouched(cell))
        ):
            self._warn(grade_id(self.release[j]), "its grading settings differ from the lesson's, which count")
