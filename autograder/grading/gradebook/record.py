"""The single writer of grades: into nbgrader's gradebook, and the graded notebook beside it.

For a submission it leaves what nbgrader's own SaveAutoGrades and AssignLatePenalties leave with their default
settings, in one transaction instead of one for each cell. The gradebook is the one that nbgrader_config.py names:
SQLite in autograder/gradebook.db, or what the environment variable COURSE_DB_URL says, such as
``postgresql+psycopg2://user@host/course``.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import nbformat
from nbgrader.api import GradeCell, InvalidEntry, Notebook, SolutionCell
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import compute_checksum, determine_grade, parse_utc
from sqlalchemy import select
from sqlalchemy.exc import DataError, SQLAlchemyError

from autograder.grading.gradebook import rows
from autograder.grading.gradebook.failed import failed_notebook
from autograder.grading.gradebook.settings import open_gradebook, read_course
from autograder.grading.outcome import ERROR, FAILED, Graded
from autograder.notebooks.files import TIMESTAMP, lies_in_the_path, write_whole

PATIENCE = 15.0  # seconds to wait for a database that another program holds; each of SQLite's own waits takes 5

_BUSY = ("database is locked", "database table is locked")
_Result = TypeVar("_Result")


class RecordError(Exception):
    """A grade could not be recorded: what, why, and what to do. What was recorded before is as it was."""

    def __init__(self, what: str, why: object, remedy: str):
        super().__init__(f"{what}: {str(why).strip() or type(why).__name__}. {remedy}")


class PaperNotRecorded(RecordError):
    """As `RecordError`, for a reason that lies in this one submission: others can be recorded."""


@dataclass(frozen=True)
class _Lesson:
    """A prepared lesson: its release as JSON text, and the ids of its notebook and cells in the gradebook."""

    release: str
    assignment: str
    notebook: str
    grade_cells: dict[str, str]
    solution_cells: dict[str, str]


class Record:
    """The gradebook and the graded notebooks of the course in ``root``. One process writes at a time.

    Raises:
        RecordError: the gradebook cannot be opened.
    """

    def __init__(self, root: Path):
        self._course = read_course(root).coursedir
        self._lessons: dict[str, _Lesson] = {}
        self._gradebook = None  # so that `_trying` finds it while it is being opened
        self._gradebook = self._trying("The gradebook could not be opened", lambda: open_gradebook(self._course))
        # While grades are written, SQLite appends to a log: no wait for the disk for each of them, and none is torn.
        # After a loss of power the last may be missing, and recording again puts them there.
        self._trying(
            "The gradebook could not be written", lambda: self._pragmas("journal_mode=WAL", "synchronous=NORMAL")
        )

    def __enter__(self) -> Record:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the gradebook; an SQLite gradebook is again one file, as nbgrader made it."""
        self._gradebook.db.remove()
        with contextlib.suppress(SQLAlchemyError):  # others have it open, and can work with the log as well
            self._pragmas("journal_mode=DELETE")
        self._gradebook.close()

    def prepare(self, lesson: str) -> None:
        """Put the release of a lesson into the gradebook, as ``nbgrader generate_assignment`` does.

        Again after a change of the release: points and texts follow it. The release itself is only read.

        Raises:
            RecordError: there is no such lesson, or its graded cells are others than those of submissions that
                were recorded before.
        """
        path = Path(self._course.format_path(self._course.release_directory, ".", lesson), f"{lesson}.ipynb")
        if not path.is_file():
            remedy = "Name a folder of lessons/, or write them with `make build`."
            raise RecordError(f"There is no lesson {lesson}", f"{path} is missing", remedy)
        release = path.read_text(encoding="utf-8")
        where = {"notebook": lesson, "assignment": lesson, "db_url": self._course.db_url}

        def save_cells() -> None:
            self._gradebook.update_or_create_assignment(lesson)
            SaveCells().preprocess(nbformat.reads(release, as_version=4), {"nbgrader": where})

        self._trying(f"Lesson {lesson} could not be put into the gradebook", save_cells)
        self._lessons[lesson] = self._trying(f"Lesson {lesson} could not be read", lambda: self._read(lesson, release))

    def save(self, graded: Graded, submitted_at: datetime | None = None) -> None:
        """Record a graded submission, in the place of an earlier one; what a person graded or wrote stays.

        First the notebook, then its grades, each whole or not at all: whatever stops this, the same call again
        completes it. Recording the same twice changes nothing.

        Args:
            graded: with an outcome that is a grade; its lesson must be prepared.
            submitted_at: the time in the submission's timestamp.txt; None where there is none.

        Raises:
            RecordError: the database or the disk refuses.
            PaperNotRecorded: this submission has no place in the gradebook, or its folder cannot be written to.
            ValueError: the outcome is no grade.
        """
        if graded.outcome == ERROR:
            raise ValueError(f"{graded.student}'s {graded.lesson} has no grade: {' '.join(graded.warnings)}")
        what = f"{graded.student}'s {graded.lesson} was not recorded"
        lesson = self._lessons[graded.lesson]
        submitted_at = parse_utc(submitted_at)
        notebook = graded.notebook
        if graded.outcome == FAILED or notebook is None:
            notebook = nbformat.v4.writes(failed_notebook(lesson.release, graded.warnings)) + "\n"
        missing = [name for name in graded.exercises if f"check_{name}" not in lesson.grade_cells]
        if missing:
            why = f"the gradebook has no cell for {', '.join(missing)}"
            raise PaperNotRecorded(what, why, "Grade it with the release that is in lessons/ now.")
        scores, comments = _scores_and_comments(notebook, graded, lesson)
        paper = rows.Paper(graded.student, lesson.assignment, lesson.notebook, submitted_at, scores, comments)

        def write() -> None:
            rows.write(self._gradebook.db, paper)
            self._gradebook.db.commit()

        self._trying(what, lambda: self._write_files(graded, notebook, submitted_at))
        self._trying(what, write)

    def _pragmas(self, *settings: str) -> None:
        if self._gradebook.engine.dialect.name == "sqlite":
            with self._gradebook.engine.connect() as connection:
                for setting in settings:
                    connection.exec_driver_sql(f"PRAGMA {setting}")

    def _read(self, lesson: str, release: str) -> _Lesson:
        db = self._gradebook.db
        notebook = self._gradebook.find_notebook(lesson, lesson)
        cells = [
            dict(db.execute(select(kind.name, kind.id).join(Notebook).where(Notebook.id == notebook.id)).all())
            for kind in (GradeCell, SolutionCell)
        ]
        read = _Lesson(release, notebook.assignment_id, notebook.id, *cells)
        db.rollback()  # ends the reading transaction, which would keep others from writing
        return read

    def _write_files(self, graded: Graded, notebook: str, submitted_at: datetime | None) -> None:
        """The notebook and its timestamp.txt, where nbgrader and its formgrader look for them."""
        student, lesson = graded.student, graded.lesson
        if student in ("", ".", "..") or "/" in student or "\\" in student:
            raise ValueError("a student's name is the name of a folder")
        folder = Path(self._course.format_path(self._course.autograded_directory, student, lesson))
        folder.mkdir(parents=True, exist_ok=True)
        mode = 0o664 if self._course.groupshared else 0o444
        # not beside the file, from where nbgrader would copy what is left after a kill into the feedback
        aside = Path(self._course.root, self._course.autograded_directory)
        if submitted_at:
            write_whole(folder / TIMESTAMP, f"{submitted_at:%Y-%m-%d %H:%M:%S.%f} UTC", mode, aside)
        else:
            (folder / TIMESTAMP).unlink(missing_ok=True)
        write_whole(folder / f"{lesson}.ipynb", notebook, mode, aside)

    def _trying(self, what: str, do: Callable[[], _Result]) -> _Result:
        """Do it; while another program holds the database, again."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return do()
            except (SQLAlchemyError, InvalidEntry, OSError, RuntimeError, ValueError) as error:
                if self._gradebook is not None:
                    with contextlib.suppress(SQLAlchemyError):  # a lost connection has nothing to roll back
                        self._gradebook.db.rollback()
                reason = getattr(error, "orig", None) or error
                if not any(busy in str(reason) for busy in _BUSY):
                    kind = PaperNotRecorded if _concerns_one(error) else RecordError
                    raise kind(what, reason, _remedy(reason)) from error
                if time.monotonic() > end:
                    remedy = "Close what holds the gradebook (formgrader, another grading run), and run this again."
                    raise RecordError(what, f"{reason}, for {PATIENCE:.0f} seconds", remedy) from error
                time.sleep(0.05)


def _concerns_one(error: BaseException) -> bool:
    """Whether what went wrong lies in one submission: something stands in the place of its folder, or of its name."""
    return isinstance(error, (ValueError, DataError)) or lies_in_the_path(error)


def _remedy(reason: BaseException) -> str:
    if isinstance(reason, (FileExistsError, NotADirectoryError, IsADirectoryError)):
        return "Move what stands there out of the way, and run this again."
    if isinstance(reason, OSError) or "disk" in str(reason):
        return "Make room on the disk, or see who may write there, and run this again."
    if "Cannot add or remove cells" in str(reason):
        return "Grade with the lesson that was handed in, or start a new gradebook."
    return "Look at the gradebook's address (db_url) in nbgrader_config.py or COURSE_DB_URL, and run this again."


def _scores_and_comments(
    notebook: str, graded: Graded, lesson: _Lesson
) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """By the cells' ids in the gradebook, what nbgrader reads in the graded notebook.

    A check's points are the judge's. A cell that is not in the notebook earned nothing.
    """
    cells = dict(_graded_cells(json.loads(notebook)))
    scores: dict[str, float | None] = {}
    for name, cell_id in lesson.grade_cells.items():
        exercise = graded.exercises.get(name.removeprefix("check_"))
        if exercise is not None:
            scores[cell_id] = float(exercise.points) if graded.outcome != FAILED else 0.0
        else:
            scores[cell_id] = determine_grade(cells[name])[0] if name in cells else 0.0
    comments = {
        cell_id: "No response." if name in cells and _untouched(cells[name]) else None
        for name, cell_id in lesson.solution_cells.items()
    }
    return scores, comments


def _graded_cells(notebook: dict[str, Any]) -> Iterator[tuple[str, nbformat.NotebookNode]]:
    """nbgrader's cells by grade_id. Not through nbformat: its validation takes longer than all the rest."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            node = nbformat.from_dict(cell)
            node.source = "".join(node.source)
            yield node.metadata.nbgrader.grade_id, node


def _untouched(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
