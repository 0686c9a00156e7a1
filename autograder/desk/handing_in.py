"""Handing a lesson in by nbgrader's exchange, with a receipt: by ``course submit``, and by JupyterLab's Assignments."""

from __future__ import annotations

import hashlib
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from nbgrader.apps import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.exchange.default import ExchangeSubmit
from nbgrader.utils import get_username

from autograder.desk.settings import use_settings
from autograder.notebooks.course import CourseError, lesson_folders, meant_lesson, work_of
from autograder.notebooks.files import SECRET, with_zone, write_whole

RECEIPTS = "receipts"  # in work/

_RECEIPT = """\
{lesson} was handed in.

course      {course}
as          {student}
when        {time}
{notebooks}

Keep this file. What arrived has this SHA-256, which `sha256sum` shows, as long as nobody changes it.
What you write from now on is not in it: hand in again for that.
"""
_NOTEBOOK = """\
notebook    {path}, {size:,} bytes
SHA-256     {hash}"""


class WithReceipt:
    """To be put before a class that hands in by an exchange of nbgrader's: it leaves a receipt in ``work/receipts/``.

    Attributes:
        receipt: what it says; None until something was handed in.
        kept: where it is; None also where it could not be written, which takes nothing back.
    """

    receipt: str | None = None
    kept: Path | None = None

    def start(self) -> None:
        """Hand in."""
        super().start()
        if self.timestamp:  # ngshare's has none where it failed, and says so in the log alone
            self.receipt = self._say()
            self.kept = self._keep(self.receipt)

    def who(self) -> str:
        """Who hands in, where the settings do not say."""
        return get_username()

    def arrived(self) -> Path:
        """A folder with what arrived."""
        raise NotImplementedError

    def _say(self) -> str:
        lesson, student, folder = self.coursedir.assignment_id, self.coursedir.student_id, self.arrived()
        return _RECEIPT.format(
            lesson=lesson,
            course=self.coursedir.course_id,
            student=self.who() if student == "*" else student,
            time=with_zone(self.timestamp),
            notebooks="\n".join(
                _told(f"{lesson}/{path.relative_to(folder).as_posix()}", path)
                for path in sorted(folder.rglob("*.ipynb"))
                if path.is_file()
            ),
        )

    def _keep(self, receipt: str) -> Path | None:
        folder = Path(self.src_path).parent / RECEIPTS
        path = folder / f"{self.coursedir.assignment_id}-{datetime.now(UTC):%Y-%m-%d-%H%M%S}.txt"
        try:
            folder.mkdir(exist_ok=True)
            write_whole(path, receipt, 0o644, folder)
        except OSError as error:
            self.log.warning("Handed in, but the receipt could not be kept: %s", error)
            return None
        return path


def _told(name: str, path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        return f"notebook    {name}, which cannot be read any more ({error.strerror})"
    return _NOTEBOOK.format(path=name, size=len(data), hash=hashlib.sha256(data).hexdigest())


class Submit(WithReceipt, ExchangeSubmit):
    """nbgrader's own, by a folder that all share."""

    def arrived(self) -> Path:
        """The folder in the exchange."""
        return Path(self.inbound_path, self.assignment_filename)

    def copy_files(self) -> None:
        """Copy the lesson into the exchange, and nbgrader's own copy of it into the home."""
        try:
            super().copy_files()
        except OSError as error:
            if not (self.arrived() / SECRET).is_file():
                raise
            self.log.warning("Handed in, but feedback will not be found, as a copy at home is missing: %s", error)


def submit(root: Path, name: str) -> str:
    """Hand in the learner's copy of a lesson, by the exchange that nbgrader's settings name.

    Returns:
        The receipt, and where it is.

    Raises:
        CourseError: there is no such lesson, no exchange, or it takes nothing, such as too large a folder; nothing
            was handed in then.
    """
    work = work_of(root)
    mine = [folder.name for folder in lesson_folders(work) if (folder / f"{folder.name}.ipynb").is_file()]
    if not mine:
        raise CourseError(f"{work} has no lesson to hand in. `course lab` copies them there.")
    lesson = meant_lesson(name, mine)
    use_settings("student")
    config = _settings()
    config.CourseDirectory.assignment_id = lesson
    config.Exchange.assignment_dir = str(work)
    handing_in = ExchangeFactory(config=config).Submit(
        coursedir=CourseDirectory(config=config), authenticator=Authenticator(config=config), config=config
    )
    errors = _Errors()
    try:
        with patch.object(handing_in.log, "handlers", [errors]):
            handing_in.start()
    except (ExchangeError, OSError, RuntimeError) as error:  # the last is nbgrader's word for a folder too large
        errors.said.append(str(error))
    receipt = getattr(handing_in, "receipt", None)
    if receipt is None:
        why = "\n".join(dict.fromkeys(errors.said))
        raise CourseError(f"{lesson} was not handed in. {why}\n{_WHERE.format(where=_where(config))}")
    kept = handing_in.kept
    where = f"It is in {RECEIPTS}/{kept.name}, beside your lessons." if kept else _NOT_KEPT
    return f"{receipt}\n{where}"


class _Errors(logging.Handler):
    """Keeps the errors that an exchange writes into its log; ngshare's raises none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


_NOT_KEPT = f"It could not be written into {RECEIPTS}/, beside your lessons: copy it from here."
_WHERE = "The exchange is {where}. Your instructor says where else to hand in, such as on your learning platform."


def _settings() -> Any:
    """nbgrader's settings, as its own commands read them."""
    app = NbGrader()
    app.load_config_file()
    return app.config


def _where(config: Any) -> str:
    return os.environ.get("COURSE_EXCHANGE") or config.Exchange.get("root") or "nbgrader's own folder"
