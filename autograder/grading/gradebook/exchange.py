"""nbgrader's exchange: what was handed in, and on the way back, which submission a feedback page belongs to."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from nbgrader.auth import Authenticator
from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.exchange.default import ExchangeReleaseAssignment, ExchangeReleaseFeedback

from autograder.grading.collect.storing import written
from autograder.grading.collect.times import NoTime, read_time
from autograder.grading.gradebook.settings import read_course
from autograder.notebooks.course import CourseError
from autograder.notebooks.files import SECRET, TIMESTAMP, write_whole
from autograder.notebooks.reading import Unreadable, read_file


class _Warnings(logging.Handler):
    """Keeps what nbgrader warns of: that a submission may be another's. The rest is of lessons not handed in yet."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = " ".join(record.getMessage().split())
        if "cheating" in said:
            self.sentences.append(said)


class TakenOut(NamedTuple):
    """What is to be said of what an exchange gave.

    Attributes:
        warnings: nbgrader's, such as of a submission that belongs to another account than it says.
        timeless: (``student+lesson``, why) of what was left, because it does not say when it was handed in.
    """

    warnings: list[str]
    timeless: list[tuple[str, str]]


def take_out(root: Path, lessons: Sequence[str], folder: Path) -> TakenOut:
    """Copy the newest submission of each student out of the exchange that nbgrader's settings name, of any kind.

    Args:
        folder: an empty one, in a folder for what is thrown away; in it they lie as in an exchange that is a folder,
            ``jdoe+07_layers+TIME+0/``.

    Raises:
        CourseError: there is no exchange, or it cannot be reached.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as taken:
        return _take_out(root, lessons, folder, Path(taken))


def _take_out(root: Path, lessons: Sequence[str], folder: Path, taken: Path) -> TakenOut:
    course, warnings, failed = read_course(root), _Warnings(), {}
    for lesson in lessons:
        course.coursedir.assignment_id, course.coursedir.submitted_directory = lesson, str(taken)
        collect = ExchangeFactory(parent=course).Collect(
            coursedir=course.coursedir, authenticator=Authenticator(parent=course), parent=course
        )
        try:
            with patch.object(collect.log, "handlers", [warnings]):
                collect.start()
        except ExchangeError as error:  # also for a lesson that was never released
            failed[lesson] = error
    if len(failed) == len(lessons):
        raise CourseError(
            f"Nothing was collected from nbgrader's exchange. {failed[lessons[0]]}\n"
            f"It is there once a lesson is released: nbgrader release_assignment {lessons[0]}"
        )
    timeless = []
    for submission in sorted(taken.glob("*/*")):
        name = f"{submission.parent.name}+{submission.name}"
        try:
            submission.rename(folder / f"{name}+{written(_handed_in(submission))}+0")
        except NoTime as error:
            timeless.append((name, f"its {TIMESTAMP} does not say when it was handed in: {error}"))
    return TakenOut(warnings.sentences, timeless)


def _handed_in(submission: Path) -> datetime:
    """When it was handed in, by what lies in the student's own folder of the exchange; NoTime where it cannot be read.

    What says no zone is in UTC: ngshare leaves that out.
    """
    try:
        return read_time(read_file(submission / TIMESTAMP).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NoTime("it is no text in UTF-8") from None
    except Unreadable as error:
        raise NoTime(error.came) from error


def secret_in(submission: Path) -> str | None:
    """The secret by which nbgrader's exchange finds a submission's feedback; None where it came by another way."""
    try:
        secret = read_file(submission / SECRET).decode("ascii")
    except (Unreadable, ValueError):
        return None
    return secret if re.fullmatch(r"[!-~]{1,1000}", secret) else None


def carry(graded: Path, feedback: Path) -> None:
    """Lay beside a feedback page what the exchange asks for, as it lies beside the graded notebook."""
    for name in (TIMESTAMP, SECRET):
        if (graded / name).is_file():
            feedback.mkdir(parents=True, exist_ok=True)
            write_whole(feedback / name, read_file(graded / name).decode(), 0o644, feedback)


class ReleaseAssignment(ExchangeReleaseAssignment):
    """nbgrader's, which also makes the exchange's folder where there is none."""

    def ensure_root(self) -> None:
        """Make the folder, for everybody to write to, and look whether it is fit."""
        root = Path(self.root)
        if not root.exists():
            root.mkdir(parents=True)
            root.chmod(0o777)  # as nbgrader wants it: each assignment's folder in it has rights of its own
        super().ensure_root()


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's, which also works where some handed in by another way: these are named, and hold up nobody."""

    def copy_files(self) -> None:
        """Release the pages of those who handed in by the exchange."""
        path = self.coursedir.format_path(self.coursedir.feedback_directory, "*", self.coursedir.assignment_id)
        pages = Path(self.coursedir.root).glob(f"{Path(path).relative_to(self.coursedir.root)}/*.html")
        folders = {page.parent for page in pages}
        others = sorted(
            folder.parent.name
            for folder in folders
            if not all((folder / name).is_file() for name in (TIMESTAMP, SECRET))
        )
        if others:
            self.log.warning(
                "Not released, because it was not handed in by nbgrader's exchange: %s. Give these their pages, in %s, "
                "in the way that the work came.",
                ", ".join(others),
                Path(path).parents[1],
            )
        excluded = filter(None, [self.coursedir.student_id_exclude, *others])
        self.coursedir.student_id_exclude = ",".join(excluded)
        super().copy_files()
