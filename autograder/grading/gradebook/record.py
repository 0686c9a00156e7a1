"""The single writer of grades: into nbgrader's gradebook, and the graded notebook beside it.

For a submission it leaves what nbgrader's own SaveAutoGrades and AssignLatePenalties leave, with the plugin for late
submissions that nbgrader_config.py names, in one transaction instead of one for each cell. But nobody is asked to grade
again what a person graded, as long as the answer is the same, or what is worth no points.

The gradebook is the one that nbgrader_config.py names: SQLite in autograder/gradebook.db, or what the environment
variable COURSE_DB_URL says, such as ``postgresql+psycopg2://user@host/course``.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import nbformat
from nbgrader.api import InvalidEntry
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import is_grade, parse_utc
from sqlalchemy.exc import DataError, SQLAlchemyError

from autograder.grading.gradebook import rows
from autograder.grading.gradebook.deadlines import Deadline, read_deadline
from autograder.grading.gradebook.exchange import secret_in
from autograder.grading.gradebook.failed import failed_notebook
from autograder.grading.gradebook.late import PenaltyError, configured_penalty
from autograder.grading.gradebook.release import with_withdrawn
from autograder.grading.gradebook.scoring import CHECK, exercise_of, marks_and_comments
from autograder.grading.gradebook.settings import open_gradebook, read_course, shut_grades
from autograder.grading.gradebook.standing import read_standings
from autograder.grading.gradebook.withdrawn import FILE as withdrawn_toml
from autograder.grading.gradebook.withdrawn import read_withdrawn
from autograder.grading.harmless import harmless_text
from autograder.grading.outcome import ERROR, FAILED, Graded, Standing
from autograder.notebooks.course import CourseError
from autograder.notebooks.files import SECRET, TIMESTAMP, lies_in_the_path, write_whole

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
    """A prepared lesson: its release as text and read, its cells in the gradebook, what is settled of its points."""

    release: str
    read: nbformat.NotebookNode
    cells: rows.Cells
    deadline: Deadline
    withdrawn: Mapping[str, str]


class Record:
    """The gradebook and the graded notebooks of the course in ``root``. One process writes at a time.

    Raises:
        RecordError: the gradebook cannot be opened.
    """

    def __init__(self, root: Path):
        app = read_course(root)
        self._course = app.coursedir
        self._lessons: dict[str, _Lesson] = {}
        try:
            self._penalty = configured_penalty(app)
        except PenaltyError as error:
            raise RecordError("Grades could not be recorded", error, _remedy(error)) from error
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
        shut_grades(self._course)

    def names(self, lesson: str) -> set[str]:
        """The exercises and questions that have points in a lesson, as it is released and as it was graded before.

        Raises:
            RecordError: there is no such lesson.
        """
        release = nbformat.reads(self._release(lesson), as_version=4)
        graded = {cell.metadata.nbgrader.grade_id for cell in release.cells if is_grade(cell)}
        cells = self._trying(f"Lesson {lesson} could not be read", lambda: self._read(lesson))
        return {exercise_of(name) for name in graded.union(cells.grades if cells else ())}

    def prepare(self, lesson: str) -> None:
        """Put the release of a lesson into the gradebook, as ``nbgrader generate_assignment`` does; and its due date.

        Again after a change of the release: points and texts follow it. The release itself is only read. Exercises
        that were withdrawn keep their place in the gradebook, also when they are in the release no more.

        Raises:
            RecordError: there is no such lesson, or its graded cells are others than those of submissions that
                were recorded before.
            CourseError: something in deadlines.toml or withdrawn.toml is not what it should be.
        """
        release, root = self._release(lesson), Path(self._course.root)
        deadline, withdrawn = read_deadline(root, lesson), read_withdrawn(root, lesson)
        if unknown := [name for name in withdrawn if name not in self.names(lesson)]:
            known = ", ".join(sorted(self.names(lesson)))
            raise CourseError(
                f"autograder/{withdrawn_toml}: {lesson} has no {', '.join(unknown)}, neither as it is released nor in "
                f"the gradebook. It has {known}. Correct the name, or delete the line."
            )
        where = {"notebook": lesson, "assignment": lesson, "db_url": self._course.db_url}

        def save_cells() -> None:
            self._gradebook.update_or_create_assignment(lesson)
            db, notebook = self._gradebook.db, nbformat.reads(release, as_version=4)
            cells = rows.read_cells(db, lesson)
            with_withdrawn(db, cells, notebook, withdrawn)
            db.commit()  # what follows has a connection of its own
            try:
                SaveCells().preprocess(notebook, {"nbgrader": where})
            except RuntimeError as error:  # cells were added or removed
                gone = set(cells.grades) - {
                    cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells
                }
                raise RuntimeError(f"{error} (in the lesson no more: {', '.join(sorted(gone)) or 'none'})") from error
            rows.set_due(db, lesson, deadline.due)
            db.commit()

        self._trying(f"Lesson {lesson} could not be put into the gradebook", save_cells)
        cells = self._trying(f"Lesson {lesson} could not be read", lambda: self._read(lesson))
        self._lessons[lesson] = _Lesson(release, nbformat.reads(release, as_version=4), cells, deadline, withdrawn)

    def save(self, graded: Graded, submitted_at: datetime | None = None) -> None:
        """Record a graded submission, in the place of an earlier one; what a person graded or wrote stays.

        First the notebook, then its grades, each whole or not at all: whatever stops this, the same call again
        completes it. Recording the same twice changes nothing.

        Args:
            graded: with an outcome that is a grade; its lesson must be prepared.
            submitted_at: the time in the submission's timestamp.txt; None where there is none.

        Raises:
            RecordError: the database or the disk refuses.
            PaperNotRecorded: this submission has no place in the gradebook, its folder cannot be written to, or the
                plugin for late submissions fails with it.
            ValueError: the outcome is no grade.
        """
        if graded.outcome == ERROR:
            raise ValueError(f"{graded.student}'s {graded.lesson} has no grade: {' '.join(graded.warnings)}")
        what = f"{graded.student}'s {graded.lesson} was not recorded"
        lesson = self._lessons[graded.lesson]
        submitted_at = parse_utc(submitted_at)
        if graded.outcome == FAILED or graded.notebook is None:
            notebook = nbformat.v4.writes(failed_notebook(lesson.release, graded.warnings)) + "\n"
        else:
            notebook = harmless_text(graded.notebook, lesson.read)
        missing = [name for name in graded.exercises if f"{CHECK}{name}" not in lesson.cells.grades]
        if missing:
            why = f"the gradebook has no cell for {', '.join(missing)}"
            raise PaperNotRecorded(what, why, "Grade it with the release that is in lessons/ now.")
        points = {name: 0 if graded.outcome == FAILED else each.points for name, each in graded.exercises.items()}
        earned = marks_and_comments(json.loads(notebook)["cells"], lesson.cells, lesson.withdrawn, points)
        entry = rows.Entry(graded.student, lesson.cells, submitted_at, *earned)

        def write() -> None:
            rows.write(self._gradebook.db, entry, lesson.deadline, self._penalty)
            self._gradebook.db.commit()

        self._trying(what, lambda: self._write_files(graded, notebook, submitted_at))
        self._trying(what, write)

    def standings(self, lesson: str) -> dict[str, Standing]:
        """What the gradebook says of everybody's ``lesson``, which must be prepared: student -> standing."""
        prepared = self._lessons[lesson]

        def read() -> dict[str, Standing]:
            found = read_standings(self._gradebook.db, prepared.cells, prepared.deadline, prepared.withdrawn)
            self._gradebook.db.rollback()
            return found

        return self._trying(f"The grades of {lesson} could not be read", read)

    def _pragmas(self, *settings: str) -> None:
        if self._gradebook.engine.dialect.name == "sqlite":
            with self._gradebook.engine.connect() as connection:
                for setting in settings:
                    connection.exec_driver_sql(f"PRAGMA {setting}")

    def _release(self, lesson: str) -> str:
        path = Path(self._course.format_path(self._course.release_directory, ".", lesson), f"{lesson}.ipynb")
        if not path.is_file():
            remedy = "Name a folder of lessons/, or write them with `make build`."
            raise RecordError(f"There is no lesson {lesson}", f"{path} is missing", remedy)
        return path.read_text(encoding="utf-8")

    def _read(self, lesson: str) -> rows.Cells | None:
        cells = rows.read_cells(self._gradebook.db, lesson)
        self._gradebook.db.rollback()  # ends the reading transaction, which would keep others from writing
        return cells

    def _write_files(self, graded: Graded, notebook: str, submitted_at: datetime | None) -> None:
        """The notebook, and what goes with a submission, where nbgrader, its formgrader and exchange look for them."""
        student, lesson = graded.student, graded.lesson
        if student in ("", ".", "..") or "/" in student or "\\" in student:
            raise ValueError("a student's name is the name of a folder")
        folder = Path(self._course.format_path(self._course.autograded_directory, student, lesson))
        folder.mkdir(parents=True, exist_ok=True)
        mode = 0o664 if self._course.groupshared else 0o444
        # not beside the file, from where nbgrader would copy what is left after a kill into the feedback
        aside = Path(self._course.root, self._course.autograded_directory)
        beside = {
            TIMESTAMP: f"{submitted_at:%Y-%m-%d %H:%M:%S.%f} UTC" if submitted_at else None,
            SECRET: secret_in(Path(self._course.format_path(self._course.submitted_directory, student, lesson))),
        }
        for name, text in beside.items():
            if text:
                write_whole(folder / name, text, mode, aside)
            else:
                (folder / name).unlink(missing_ok=True)
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
    if isinstance(reason, PenaltyError):
        return "Look at AssignLatePenalties.plugin_class in nbgrader_config.py."
    if isinstance(reason, (FileExistsError, NotADirectoryError, IsADirectoryError)):
        return "Move what stands there out of the way, and run this again."
    if isinstance(reason, OSError) or "disk" in str(reason):
        return "Make room on the disk, or see who may write there, and run this again."
    if "Cannot add or remove cells" in str(reason):
        return (
            "Grade with the lesson that was handed in; or, where an exercise was taken out of it, say so once with "
            "`course grade LESSON --withdraw NAME`; or start a new gradebook."
        )
    return "Look at the gradebook's address (db_url) in nbgrader_config.py or COURSE_DB_URL, and run this again."
