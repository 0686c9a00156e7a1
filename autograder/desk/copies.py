"""The learner's own copies of the lessons in ``work/``: what each is a copy of, and how one is made."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.notebooks.course import KEPT, START, CourseError, meant_lesson, released_lessons, released_notebook
from autograder.notebooks.reading import Unreadable, read_bytes, read_notebook


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
        CourseError: there is no such lesson; the text names the nearest.
    """
    releases = [path for path in [released_notebook(root, START)] if path.is_file()]
    releases += [root / "lessons" / name for name in released_lessons(root)]
    known = {path.stem: Copy(path.stem, path, root / "work" / path.name) for path in releases}
    return [known[meant_lesson(name, list(known))] for name in wanted] or list(known.values())


def ailing(root: Path) -> Iterator[str]:
    """A sentence for each copy that JupyterLab could not open, and what to do about it."""
    for copy in find_copies(root):
        if ailment := copy.ailment():
            yield f"{ailment}. This keeps it aside and gives you a fresh one:\n  course reset {copy.name}"


def copy_lessons(root: Path) -> list[str]:
    """Copy the start notebook and each ``lessons/NN_name`` to ``work/``, where that has nothing of the name yet.

    A copy is renamed into its place when it is whole, so an interrupted one leaves no half lesson.

    Returns:
        The names of the lessons that were copied, in order.

    Raises:
        CourseError: there are no lessons, or ``work/`` cannot be written to.
    """
    lessons = released_lessons(root)
    work = root / "work"
    try:
        work.mkdir(exist_ok=True)
        start = released_notebook(root, START)
        if start.is_file():
            _copy(start, work / start.name)
        return [name for name in lessons if _copy(root / "lessons" / name, work / name)]
    except FileExistsError:
        raise CourseError(
            f"{work} is not a folder, and your copies of the lessons need one of that name. Rename it."
        ) from None
    except OSError as error:
        raise CourseError(f"Cannot copy the lessons to {work}: {reason(error)}") from None


def reason(error: OSError) -> str:
    """What went wrong with files; of several things, as copying a folder collects them, the first."""
    return str(error.args[0][0][-1] if isinstance(error, shutil.Error) else error)


def _copy(lesson: Path, copy: Path) -> bool:
    if os.path.lexists(copy):
        return False
    copy_whole(lesson, copy)
    return True


def copy_whole(source: Path, copy: Path) -> None:
    """Copy a folder or a file. It appears under its name when it is whole, and can be edited.

    Raises:
        OSError: there is no room, or no right to read or write; nothing of the copy is left.
    """
    with tempfile.TemporaryDirectory(prefix=".copying-", dir=copy.parent) as folder:
        whole = Path(folder) / copy.name
        # copyfile leaves permissions behind: copies of read-only lessons can be edited
        if source.is_dir():
            hidden = shutil.ignore_patterns(".ipynb_checkpoints")
            shutil.copytree(source, whole, copy_function=shutil.copyfile, ignore=hidden)
        else:
            shutil.copyfile(source, whole)
        whole.rename(copy)


def kept_path(mine: Path) -> Path:
    """A new name in work/kept/ for what is at ``mine``, with the date and the time."""
    now = f"{datetime.now():%Y-%m-%d-%H%M%S}"
    folder = mine.parent / KEPT
    folder.mkdir(exist_ok=True)
    names = (f"{mine.stem}-{now}{again}{mine.suffix}" for again in ("", *(f"-{n}" for n in range(2, 100))))
    return next(folder / name for name in names if not os.path.lexists(folder / name))


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Replace the notebook at ``path`` at once, so that an interruption leaves the old one whole."""
    half = path.with_name(f".{path.name}.new")
    half.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
    os.replace(half, path)
