"""The safe way for ``nbgrader autograde`` and formgrader's button: its exporter and a step, set in nbgrader_config.py.

nbgrader's `Autograde` reads each submission twice through its exporter: what was handed in, to sanitize it, and
what came of that, to run it. This exporter grades at the first reading, in the sandbox, and hands on the rebuilt
notebook with outputs. So nbgrader's own steps never see what was handed in, and run none of it. The step records
what came of it as ``course grade`` does, so that the order of the two commands makes no difference.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import parse_utc
from traitlets import Float

from autograder.grading.gradebook import rows
from autograder.grading.gradebook.deadlines import read_deadline
from autograder.grading.gradebook.exchange import secret_in
from autograder.grading.gradebook.failed import failed_notebook
from autograder.grading.gradebook.late import configured_penalty
from autograder.grading.gradebook.memory import make_memory
from autograder.grading.gradebook.scoring import marks_and_comments
from autograder.grading.gradebook.settings import read_course, seconds_each
from autograder.grading.gradebook.withdrawn import read_withdrawn, taken_out
from autograder.grading.harmless import harmless_text
from autograder.grading.outcome import FAILED, Graded
from autograder.grading.paper import SECONDS, Paper
from autograder.grading.results import Results
from autograder.grading.workers import grade_sandboxed
from autograder.notebooks.course import released_notebook
from autograder.notebooks.files import SECRET, TIMESTAMP
from autograder.notebooks.reading import Unreadable, read_file
from autograder.sandbox.errors import SandboxError
from autograder.sandbox.extras import extras_of


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
            _copy_what_goes_along(submitted, Path(filename).parent)
            return super().from_filename(filename, resources, **kwargs)
        notebook = self._grade(Path(folders.root), lesson, student, Path(filename))
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _grade(self, root: Path, lesson: str, student: str, path: Path) -> NotebookNode:
        try:
            graded = grade_notebook(root, lesson, student, read_file(path))
        except Unreadable as error:
            graded = Graded(student, lesson, FAILED, {}, (str(error),))
        except (SandboxError, OSError) as error:
            self.log.error("%s's %s was not graded: %s", student, lesson, error)
            raise NotGraded(f"{student}'s {lesson}: {error}") from None
        for warning in graded.warnings:
            self.log.warning("%s's %s: %s", student, lesson, warning)
        folders = self.parent.coursedir
        path = Path(folders.format_path(folders.release_directory, ".", lesson), f"{lesson}.ipynb")
        release = path.read_text(encoding="utf-8")
        if graded.outcome != FAILED:
            return v4.reads(harmless_text(graded.notebook, v4.reads(release)))
        return failed_notebook(release, graded.warnings)


def grade_notebook(root: Path, lesson: str, student: str, data: bytes) -> Graded:
    """Grade the bytes of a notebook against the release in ``root``, in the sandbox.

    Raises:
        SandboxError: there is no sandbox to be had.
        OSError: the release cannot be read.
    """
    release, extras = released_notebook(root, lesson).read_bytes(), extras_of(root)
    seed, withdrawn = Results(root).seed(lesson), taken_out(root, lesson, release)
    seconds = seconds_each(read_course(root))
    return grade_sandboxed(Paper(student, lesson, data, release, seed, (), withdrawn, extras, seconds))


class RecordGrades(NbGraderPreprocessor):
    """In the place of nbgrader's `SaveAutoGrades` and `AssignLatePenalties`: theirs, and what `Record` adds to them."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Record the points of a graded notebook; it is not changed.

        Raises:
            CourseError: something in deadlines.toml or withdrawn.toml is not what it should be.
            PenaltyError: the plugin for late submissions cannot be loaded, or fails.
        """
        student, lesson, db_url = (resources["nbgrader"][key] for key in ("student", "assignment", "db_url"))
        app = self.parent.parent  # the exporter's converter, which has the course's configuration
        root = Path(app.coursedir.root)
        deadline, penalty = read_deadline(root, lesson), configured_penalty(app)
        with Gradebook(db_url, app.coursedir.course_id) as gradebook:
            make_memory(gradebook.engine)
            rows.set_due(gradebook.db, lesson, deadline.due)
            cells = rows.read_cells(gradebook.db, lesson)
            marks = marks_and_comments(nb.cells, cells, read_withdrawn(root, lesson))
            rows.write(gradebook.db, rows.Entry(student, cells, None, *marks), deadline, penalty)
            gradebook.db.commit()
        return nb, resources


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


def _copy_what_goes_along(submitted: Path, autograded: Path) -> None:
    """nbgrader tells by the time whether a submission is newer, and its exchange by the secret whose feedback it is."""
    if (submitted / TIMESTAMP).exists():
        (autograded / TIMESTAMP).write_bytes(read_file(submitted / TIMESTAMP))
    if secret := secret_in(submitted):
        (autograded / SECRET).write_text(secret)
