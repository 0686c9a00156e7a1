"""The safe way for ``nbgrader autograde`` and formgrader's button: set as its exporter in nbgrader_config.py.

nbgrader's `Autograde` reads each submission twice through its exporter: what was handed in, to sanitize it, and
what came of that, to run it. This exporter grades at the first reading, in the sandbox, and hands on the rebuilt
notebook with outputs. So nbgrader's own steps never see what was handed in, and run none of it.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode, v4
from nbgrader.utils import parse_utc
from traitlets import Float

from autograder.grading.gradebook.failed import failed_notebook
from autograder.grading.outcome import FAILED, Graded
from autograder.grading.paper import SECONDS
from autograder.notebooks.files import TIMESTAMP
from autograder.notebooks.reading import Unreadable, read_file


class NotGraded(Exception):
    """A submission has no grade because of something on our side."""


class GradingExporter(NotebookExporter):
    """Grades what was handed in while it reads it; nothing that a student handed in stops it."""

    minutes = Float(SECONDS / 60, help="For one submission, also with `course grade`.").tag(config=True)

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # Before nbgrader reads the first of them: one that it cannot read costs the student the grade.
        for folder in self.parent.assignments:
            _set_aside_bad_timestamp(Path(folder), self.log)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """Read a notebook; grade it if it is what a student handed in.

        Raises:
            NotGraded: there is no sandbox, or this machine has another fault.
        """
        student, lesson = (resources["nbgrader"][key] for key in ("student", "assignment"))
        folders = self.parent.coursedir
        submitted = Path(folders.format_path(folders.submitted_directory, student, lesson))
        if Path(filename).parent != submitted:
            _copy_timestamp(submitted, Path(filename).parent)
            return super().from_filename(filename, resources, **kwargs)
        notebook = self._grade(Path(folders.root), lesson, student, Path(filename))
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _grade(self, root: Path, lesson: str, student: str, path: Path) -> NotebookNode:
        from autograder.grading import grade  # torch, which nbgrader's other commands do without
        from autograder.sandbox.errors import SandboxError

        try:
            graded = grade.grade_notebook(root, lesson, student, read_file(path))
        except Unreadable as error:
            graded = Graded(student, lesson, FAILED, {}, (str(error),))
        except (SandboxError, OSError) as error:
            self.log.error("%s's %s was not graded: %s", student, lesson, error)
            raise NotGraded(f"{student}'s {lesson}: {error}") from None
        for warning in graded.warnings:
            self.log.warning("%s's %s: %s", student, lesson, warning)
        if graded.outcome != FAILED:
            return v4.reads(graded.notebook)
        folders = self.parent.coursedir
        release = Path(folders.format_path(folders.release_directory, ".", lesson), f"{lesson}.ipynb")
        return failed_notebook(release.read_text(encoding="utf-8"), graded.warnings)


def _set_aside_bad_timestamp(folder: Path, log: Any) -> None:
    path = folder / TIMESTAMP
    if os.path.lexists(path) and not _is_timestamp(path):
        names = (path.with_name(f"{TIMESTAMP}.unreadable{n or ''}") for n in itertools.count())
        aside = next(name for name in names if not os.path.lexists(name))
        try:
            path.rename(aside)
        except OSError as error:
            log.error("%s holds no time that nbgrader can read, and cannot be moved aside: %s", path, error)
            return
        log.warning("%s holds no time that nbgrader can read, or is no ordinary file; it is now %s", path, aside.name)


def _is_timestamp(path: Path) -> bool:
    try:
        parse_utc(read_file(path).decode().strip())
    except Exception:  # dateutil raises many kinds
        return False
    return True


def _copy_timestamp(submitted: Path, autograded: Path) -> None:
    """nbgrader tells by it, at the next run, whether there is a newer submission."""
    if (submitted / TIMESTAMP).exists():
        (autograded / TIMESTAMP).write_bytes(read_file(submitted / TIMESTAMP))
