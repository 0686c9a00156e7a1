"""Files that are written whole or not at all; and what is personal, for nobody else to read."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path

_OF_ONE_PATH = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)

TIMESTAMP = "timestamp.txt"  # nbgrader's: when a submission was handed in
PRIVATE = 0o600  # whatever has grades or people in it
SECRET = "submission_secret.txt"  # nbgrader's exchange's: by it a student finds the feedback on a submission


def with_zone(time: str) -> str:
    """A time as an exchange writes it, with its zone: ngshare leaves out that it is UTC."""
    return f"{time} UTC" if re.fullmatch(r"[\d-]+[ T][\d:.]+", time) else time


def lies_in_the_path(error: BaseException) -> bool:
    """Whether a file could not be read or written because of its own path, so that others can: no disk is at fault."""
    return isinstance(error, OSError) and error.errno in _OF_ONE_PATH


def write_whole(path: Path, content: str | bytes, mode: int, aside: Path) -> None:
    """Write ``content``, text as UTF-8, to ``path`` with the permissions ``mode``; a file that is the same stays.

    Args:
        aside: a folder on the same disk for what is not whole yet.

    Raises:
        OSError: the disk refuses; what was at ``path`` is still there.
    """
    content = content.encode("utf-8") if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == content:
        if path.stat().st_mode & 0o777 != mode:
            with contextlib.suppress(PermissionError):  # a colleague's, in a shared course
                path.chmod(mode)
        return
    temporary = aside / f".writing-{os.getpid()}"
    try:
        temporary.touch(PRIVATE)  # until it is whole it is its owner's
        temporary.write_bytes(content)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_private(path: Path, content: str | bytes) -> None:
    """Write what has grades or people in it: whole or not at all, and for its owner alone (mode 0600).

    Raises:
        OSError: the disk refuses; what was at ``path`` is still there.
    """
    if path.exists() and not path.is_file():  # such as /dev/stdout, a link to a pipe, which has no path of its own
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    else:
        path = path.resolve()  # where a link leads
        write_whole(path, content, PRIVATE, path.parent)


def make_private(*paths: Path) -> None:
    """Shut files, and folders with all that is in them, to everybody but their owner, as far as they are ours."""
    for path in paths:
        with contextlib.suppress(OSError):  # is not there, or somebody else's
            mode = path.stat().st_mode & 0o777
            if mode & 0o077:
                path.chmod(mode & 0o700)
