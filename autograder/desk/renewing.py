"""A lesson begun anew, or brought up to date, without losing what the learner wrote: the old copy is kept, dated."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.desk.copies import Copy, copy_whole, find_copies, kept_path, reason, write_notebook
from autograder.notebooks.course import START, WORK, CourseError, work_of
from autograder.notebooks.reading import read_bytes, read_notebook
from autograder.notebooks.rebuild import Rebuilt, rebuild
from course_utils import outline, record

RELOAD = "If it is open in JupyterLab: File > Reload Notebook from Disk, then Kernel > Restart Kernel."


def reset(root: Path, name: str) -> str:
    """Put the learner's copy of a lesson aside, and a fresh one in its place.

    Returns:
        What was done, for the learner.

    Raises:
        CourseError: there is no such lesson, nothing to reset, or no room; nothing has changed then.
    """
    (copy,) = find_copies(root, [name])
    if not os.path.lexists(copy.mine):
        raise CourseError(f"Nothing to reset: work/ has no {copy.mine.name}. `course lab` copies it there.")
    if _is_fresh(copy):
        raise CourseError(f"Nothing to reset: work/{copy.mine.name} is as it came.")
    kept = _renew(copy)
    _note_reset(root, copy)
    return f"{copy.name} is as it came. What was there is in {_named(kept, copy)}.\n{RELOAD}"


def update(root: Path, names: Iterable[str] = ()) -> Iterator[str]:
    """Bring the learner's copies up to date with the lessons, with their answers and their own cells in them.

    Yields:
        What was done with each lesson, for the learner. Copies that are up to date stay as they are.

    Raises:
        CourseError: there is no such lesson, no copy of one that was named, or no room.
    """
    names = list(names)
    for copy in find_copies(root, names):
        if not os.path.lexists(copy.mine):
            if names:
                raise CourseError(f"Nothing to update: work/ has no {copy.mine.name}. `course lab` copies it there.")
            continue
        if ailment := copy.ailment():
            kept = _renew(copy)
            yield f"{ailment}. It is kept in {_named(kept, copy)}, and a fresh one is in its place."
            continue
        release = nbformat.read(copy.released_notebook, as_version=4)
        mine = read_notebook(read_bytes(copy.notebook))
        rebuilt = rebuild(release, mine, copy.name)
        if _says(rebuilt.notebook) == _says(mine):
            yield f"{copy.name} is up to date."
            continue
        try:
            kept = kept_path(copy.mine)
            copy_whole(copy.mine, kept)
            write_notebook(rebuilt.notebook, copy.notebook)
        except OSError as error:
            raise CourseError(f"Cannot update work/{copy.mine.name}: {reason(error)}") from None
        yield "\n".join(_told(copy, rebuilt, _named(kept, copy)))


def _is_fresh(copy: Copy) -> bool:
    with contextlib.suppress(OSError):
        if copy.notebook.read_bytes() != copy.released_notebook.read_bytes():
            return False
        return copy.name == START or {entry.name for entry in copy.mine.iterdir()} <= {
            ".ipynb_checkpoints",
            *(entry.name for entry in copy.release.iterdir()),
        }
    return False


def _named(kept: Path, copy: Copy) -> str:
    return f"{WORK}/{kept.relative_to(copy.mine.parent).as_posix()}"


def _renew(copy: Copy) -> Path:
    """Move the learner's copy to work/kept/ and put a fresh one in its place; where that fails, move it back."""
    try:
        kept = kept_path(copy.mine)
        copy.mine.rename(kept)
        try:
            copy_whole(copy.release, copy.mine)
        except BaseException:
            kept.rename(copy.mine)
            raise
    except OSError as error:
        raise CourseError(f"Cannot renew work/{copy.mine.name}: {reason(error)}") from None
    return kept


def _note_reset(root: Path, copy: Copy) -> None:
    """Let the lesson's exercises and predictions count as open again, and failed checks from 0."""
    work = work_of(root)
    for found in outline.read_outlines(root):
        if found.name == copy.name:
            seen = record.read(work)
            checked = [name for name in found.hints if seen.practice(name)]
            foretold = [name for name in seen.predictions() if name.startswith(f"{copy.name}: ")]
            for names, kind in ((checked, record.CHECK), (foretold, record.PREDICTION)):
                record.append(work, [(name, record.RESET, None) for name in names], kind)


def _says(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


def _told(copy: Copy, rebuilt: Rebuilt, kept: str) -> Iterator[str]:
    carried = {
        ("answer", "answers"): rebuilt.answered,
        ("edited cell", "edited cells"): rebuilt.edited,
        ("cell of your own", "cells of your own"): rebuilt.own,
    }
    what = ", ".join(f"{len(ids)} {nouns[len(ids) > 1]}" for nouns, ids in carried.items() if ids)
    yield f"{copy.name} is brought up to date, with {what or 'nothing of yours in it yet'}."
    yield from (f"  {warning}" for warning in rebuilt.warnings)
    yield f"  What was there is in {kept}.\n  {RELOAD}"
