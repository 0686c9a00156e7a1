"""A lesson begun anew, or brought up to date, without losing what the learner wrote: the old copy is kept, dated."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.desk import KEPT, START, DeskError, copy_whole, reason
from autograder.grading.reading import Unreadable, read_bytes, read_notebook
from autograder.grading.rebuild import Rebuilt, rebuild

RELOAD = "If it is open in JupyterLab: File > Reload Notebook from Disk, then Kernel > Restart Kernel."


@dataclass(frozen=True)
class Copy:
    """A lesson, or the start notebook, and the learner's copy of it.

    Attributes:
        name: such as ``"07_layers"``, or ``"start"``.
        release: what it is copied from: the lesson's folder in ``lessons/``, or ``lessons/start.ipynb``.
        mine: the copy in ``work/``: a folder, or ``work/start.ipynb``.
    """

    name: str
    release: Path
    mine: Path

    @property
    def released_notebook(self) -> Path:
        """The notebook as it was released."""
        return self.release if self.name == START else self.release / f"{self.name}.ipynb"

    @property
    def notebook(self) -> Path:
        """The learner's notebook."""
        return self.mine if self.name == START else self.mine / f"{self.name}.ipynb"

    def ailment(self) -> str:
        """What is wrong with the learner's copy; empty where nothing is, or there is none."""
        where = f"work/{self.mine.name}"
        if not os.path.lexists(self.mine):
            return ""
        if self.name != START and not self.mine.is_dir():
            return f"{where} is not a folder"
        if not self.notebook.is_file():
            return f"{where} has no {self.notebook.name}"
        try:
            read_notebook(read_bytes(self.notebook))
        except Unreadable as error:
            return f"work/{self.notebook.relative_to(self.mine.parent).as_posix()} is {error.came}"
        return ""


def find_copies(root: Path, wanted: Iterable[str] = ()) -> list[Copy]:
    """The lessons that are meant, the start notebook among them; all of them where none is named.

    Args:
        wanted: names, or enough of one: ``07_layers``, ``7``, ``layers``, ``work/07_layers/``.

    Raises:
        DeskError: there is no such lesson; the text names the nearest.
    """
    releases = [path for path in [root / "lessons" / f"{START}.ipynb"] if path.is_file()]
    releases += sorted(path for path in root.glob("lessons/[0-9][0-9]_*") if path.is_dir())
    known = {path.stem: Copy(path.stem, path, root / "work" / path.name) for path in releases}
    if not known:
        raise DeskError(f"{root / 'lessons'} holds no lessons. Write them from source/ with:\n  course build")
    return [known[_meant(name, list(known))] for name in wanted] or list(known.values())


def _meant(name: str, known: list[str]) -> str:
    short = Path(name.rstrip("/\\")).name.removesuffix(".ipynb").lower()
    number = re.fullmatch(r"0*(\d+)", short)
    for fits in (
        lambda lesson: lesson == short,
        lambda lesson: bool(number) and lesson.startswith(f"{int(number[1]):02}_"),
        lambda lesson: bool(short) and lesson.partition("_")[2].startswith(short),
    ):
        found = [lesson for lesson in known if fits(lesson)]
        if len(found) == 1:
            return found[0]
    titles = {lesson.partition("_")[2] or lesson: lesson for lesson in known}
    near = [titles.get(match, match) for match in difflib.get_close_matches(short, [*known, *titles], n=3)]
    raise DeskError(f"There is no lesson {name}. Did you mean: {', '.join(dict.fromkeys(near)) or ', '.join(known)}?")


def ailing(root: Path) -> Iterator[str]:
    """A sentence for each copy that JupyterLab could not open, and what to do about it."""
    for copy in find_copies(root):
        if ailment := copy.ailment():
            yield f"{ailment}. This keeps it aside and gives you a fresh one:\n  course reset {copy.name}"


def reset(root: Path, name: str) -> str:
    """Put the learner's copy of a lesson aside, and a fresh one in its place.

    Returns:
        What was done, for the learner.

    Raises:
        DeskError: there is no such lesson, nothing to reset, or no room; nothing has changed then.
    """
    (copy,) = find_copies(root, [name])
    if not os.path.lexists(copy.mine):
        raise DeskError(f"Nothing to reset: work/ has no {copy.mine.name}. `course lab` copies it there.")
    if _is_fresh(copy):
        raise DeskError(f"Nothing to reset: work/{copy.mine.name} is as it came.")
    kept = _renew(copy)
    _note_reset(root, copy)
    return f"{copy.name} is as it came. What was there is in {kept.relative_to(root).as_posix()}.\n{RELOAD}"


def update(root: Path, names: Iterable[str] = ()) -> Iterator[str]:
    """Bring the learner's copies up to date with the lessons, with their answers and their own cells in them.

    Yields:
        What was done with each lesson, for the learner. Copies that are up to date stay as they are.

    Raises:
        DeskError: there is no such lesson, no copy of one that was named, or no room.
    """
    names = list(names)
    for copy in find_copies(root, names):
        if not os.path.lexists(copy.mine):
            if names:
                raise DeskError(f"Nothing to update: work/ has no {copy.mine.name}. `course lab` copies it there.")
            continue
        if ailment := copy.ailment():
            kept = _renew(copy)
            yield f"{ailment}. It is kept in {kept.relative_to(root).as_posix()}, and a fresh one is in its place."
            continue
        release = nbformat.read(copy.released_notebook, as_version=4)
        mine = read_notebook(read_bytes(copy.notebook))
        rebuilt = rebuild(release, mine, copy.name)
        if _says(rebuilt.notebook) == _says(mine):
            yield f"{copy.name} is up to date."
            continue
        try:
            kept = _kept(copy)
            copy_whole(copy.mine, kept)
            _write(rebuilt.notebook, copy.notebook)
        except OSError as error:
            raise DeskError(f"Cannot update work/{copy.mine.name}: {reason(error)}") from None
        yield "\n".join(_told(copy, rebuilt, kept.relative_to(root).as_posix()))


def _is_fresh(copy: Copy) -> bool:
    with contextlib.suppress(OSError):
        if copy.notebook.read_bytes() != copy.released_notebook.read_bytes():
            return False
        return copy.name == START or {entry.name for entry in copy.mine.iterdir()} <= {
            ".ipynb_checkpoints",
            *(entry.name for entry in copy.release.iterdir()),
        }
    return False


def _kept(copy: Copy) -> Path:
    """A new name in work/kept/ for what is there, with the date and the time."""
    now = f"{datetime.now():%Y-%m-%d-%H%M%S}"
    folder = copy.mine.parent / KEPT
    folder.mkdir(exist_ok=True)
    names = (f"{copy.mine.stem}-{now}{again}{copy.mine.suffix}" for again in ("", *(f"-{n}" for n in range(2, 100))))
    return next(folder / name for name in names if not os.path.lexists(folder / name))


def _renew(copy: Copy) -> Path:
    """Move the learner's copy to work/kept/ and put a fresh one in its place; where that fails, move it back."""
    try:
        kept = _kept(copy)
        copy.mine.rename(kept)
        try:
            copy_whole(copy.release, copy.mine)
        except BaseException:
            kept.rename(copy.mine)
            raise
    except OSError as error:
        raise DeskError(f"Cannot renew work/{copy.mine.name}: {reason(error)}") from None
    return kept


def _note_reset(root: Path, copy: Copy) -> None:
    """Let the lesson's exercises count as open again, and their failed checks from 0."""
    from course_utils import outline, record  # here, because it imports torch

    for found in outline.read_outlines(root):
        if found.name == copy.name:
            checked = {entry.exercise for entry in record.read(root / "work").entries}
            record.append(root / "work", [(name, record.RESET, None) for name in found.hints if name in checked])


def _says(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


def _write(notebook: NotebookNode, path: Path) -> None:
    """Replace the notebook at ``path`` at once, so that an interruption leaves the old one whole."""
    half = path.with_name(f".{path.name}.new")
    half.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    os.replace(half, path)


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
