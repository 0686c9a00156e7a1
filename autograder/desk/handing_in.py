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
from autograder.notebooks.files import with_zone, write_whole

RECEIPTS = "receipts"  # in work/

_RECEIPT = """\
{lesson} was handed in.

course      {course}
as          {student}
when        {time}
notebook    {path}, {size:,} bytes
SHA-256     {hash}

Keep this file. The notebook that arrived has this SHA-256, which `sha256sum` shows, as long as nobody changes it.
What you write from now on is not in it: hand in again for that.
"""


class WithReceipt:
    """To be put before a class that hands in by an exchange of nbgrader's: it leaves a receipt in ``work/receipts/``.

    Attributes:
        receipt: where it is; None until something was handed in.
    """

    receipt: Path | None = None

    def start(self) -> None:
        """Hand in."""
        super().start()
        if self.timestamp:  # ngshare's has none where it failed, and says so in the log alone
            self.receipt = self._leave_receipt()

    def who(self) -> str:
        """Who hands in, where the settings do not say."""
        return get_username()

    def _leave_receipt(self) -> Path:
        lesson, folder = self.coursedir.assignment_id, Path(self.src_path)
        notebook = (folder / f"{lesson}.ipynb").read_bytes()
        student = self.coursedir.student_id
        text = _RECEIPT.format(
            lesson=lesson,
            course=self.coursedir.course_id,
            student=self.who() if student == "*" else student,
            time=with_zone(self.timestamp),
            path=f"{lesson}/{lesson}.ipynb",
            size=len(notebook),
            hash=hashlib.sha256(notebook).hexdigest(),
        )
        receipts = folder.parent / RECEIPTS
        receipts.mkdir(exist_ok=True)
        receipt = receipts / f"{lesson}-{datetime.now(UTC):%Y-%m-%d-%H%M%S}.txt"
        write_whole(receipt, text, 0o644, receipts)
        return receipt


class Submit(WithReceipt, ExchangeSubmit):
    """nbgrader's own, by a folder that all share."""


def submit(root: Path, name: str) -> str:
    """Hand in the learner's copy of a lesson, by the exchange that nbgrader's settings name.

    Returns:
        The receipt.

    Raises:
        CourseError: there is no such lesson, no exchange, or it takes nothing; nothing was handed in then.
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
    except ExchangeError as error:
        errors.said.append(str(error))
    receipt = getattr(handing_in, "receipt", None)
    if receipt is None:
        why = "\n".join(dict.fromkeys(errors.said))
        raise CourseError(f"{lesson} was not handed in. {why}\n{_WHERE.format(where=_where(config))}")
    return f"{receipt.read_text(encoding='utf-8')}\nIt is in {RECEIPTS}/{receipt.name}, beside your lessons."


class _Errors(logging.Handler):
    """Keeps the errors that an exchange writes into its log; ngshare's raises none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


_WHERE = "The exchange is {where}. Your instructor says where else to hand in, such as on your learning platform."


def _settings() -> Any:
    """nbgrader's settings, as its own commands read them."""
    app = NbGrader()
    app.load_config_file()
    return app.config


def _where(config: Any) -> str:
    return os.environ.get("COURSE_EXCHANGE") or config.Exchange.get("root") or "nbgrader's own folder"
