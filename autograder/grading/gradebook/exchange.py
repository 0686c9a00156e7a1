"""nbgrader's exchange on the way back: which submission a feedback page belongs to, and who gets one."""

from __future__ import annotations

import re
from pathlib import Path

from nbgrader.exchange.default import ExchangeReleaseAssignment, ExchangeReleaseFeedback

from autograder.notebooks.files import SECRET, TIMESTAMP, write_whole
from autograder.notebooks.reading import Unreadable, read_file


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
