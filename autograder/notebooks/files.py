"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

_OF_ONE_PATH = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)

TIMESTAMP = "timestamp.txt"  # nbgrader's: when a submission was handed in
SECRET = "submission_secret.txt"  # nbgrader's exchange's: by it a student finds the feedback on a submission


def with_zone(time: str) -> str:
    """A time as an exchange writes it, with its zone: ngshare leaves out that it is UTC."""
    return f"{time} UTC" if re.fullmatch(r"[\d-]+[ T][\d:.]+", time) else time


def lies_in_the_path(error: BaseException) -> bool:
    """Whether a file could not be read or written because of its own path, so that others can: no disk is at fault."""
    return isinstance(error, OSError) and error.errno in _OF_ONE_PATH


def write_whole(path: Path, text: str, mode: int, aside: Path) -> None:
    """Write ``text`` to ``path`` with the permissions ``mode``; leave the file alone if it is the same.

    Args:
        aside: a folder on the same disk for what is not whole yet.

    Raises:
        OSError: the disk refuses; what was at ``path`` is still there.
    """
    content = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == content:
        return
    temporary = aside / f".writing-{os.getpid()}"
    try:
        temporary.touch(0o600)  # until it is whole it is its owner's
        temporary.write_bytes(content)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
