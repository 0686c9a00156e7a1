"""What is in an archive that nobody has vouched for: bounded in every way, and nothing of it is put on the disk."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import BinaryIO

from autograder.grading.collect.budget import Budget, Stop
from autograder.grading.collect.members import NOT_ORDINARY, Member
from autograder.grading.collect.tars import list_tar, unpack, utc
from autograder.grading.collect.zips import list_zip
from autograder.notebooks.reading import MAX_FILE

MAX_ENTRIES = 20_000  # files of one archive
MAX_TOTAL = 20 * 1024**3  # bytes that the archive of a class may come to
MAX_DEPTH = 20  # folders inside folders
MAX_INNER = 100 * 1024**2  # bytes of an archive inside an archive
MAX_INNER_TOTAL = 1024**3  # bytes that it may come to
MAX_NAME = 1000  # characters of a path
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")

_HIDDEN = re.compile(r"\.(?!\.?$)|__MACOSX$|Thumbs\.db$|desktop\.ini$")  # what computers put beside people's files
_SAYS_NOTEBOOK = re.compile(r"\.ipynb\b", re.IGNORECASE)  # browsers add endings: 07_layers.ipynb.txt
_BEGINNING = 1024  # bytes in which a notebook's JSON begins


@dataclass(frozen=True)
class Found:
    """A notebook in an archive.

    Attributes:
        parts: its path in the innermost archive.
        outer: the path of that archive in the outermost one; empty where it is that one.
        time: when it, or the inner archive, was last changed, in UTC.
    """

    parts: tuple[str, ...]
    outer: tuple[str, ...]
    time: datetime
    data: bytes


@dataclass(frozen=True)
class Refused:
    """Something in an archive, or the archive, that was not read, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Ignored:
    """Something in an archive that is no notebook; without a name where it is of no interest to anybody."""

    name: str = ""


Entry = Found | Refused | Ignored


@dataclass
class Listing:
    """What is in an archive, before anything of it is read.

    Attributes:
        refused: why the list is not complete.
    """

    budget: Budget
    members: list[Member] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@contextlib.contextmanager
def opened(path: Path, zone: tzinfo | None = None) -> Iterator[Listing]:
    """What is in a zip, a tar, a tar.gz or a folder; or a notebook itself. Its files can be read until it is closed.

    Args:
        zone: of the times that a zip has without one; None for this machine's.
    """
    listing = Listing(Budget(MAX_ENTRIES, MAX_TOTAL))
    with contextlib.ExitStack() as open_files:
        try:
            for member in _listed(path, zone, listing.budget, open_files):
                listing.members.append(member)
        except Stop as error:
            listing.refused.append(Refused(path.name, str(error)))
        except OSError as error:
            listing.refused.append(Refused(path.name, f"cannot be read ({error.strerror or error})"))
        yield listing


def entries(path: Path) -> Iterator[Entry]:
    """What is in an archive, and in the archives one level inside.

    Links, devices, encrypted files, paths that lead elsewhere, and whatever is too large, too deep or too much
    is refused by name, and the rest goes on, as far as the archive is not broken.
    """
    with opened(path) as listing:
        try:
            for member in listing.members:
                yield from contents(member)
        except Stop as error:
            yield Refused(path.name, str(error))
        yield from listing.refused


def contents(member: Member, outer: tuple[str, ...] = ()) -> Iterator[Entry]:
    """What is to be made of one file: of a notebook itself, of an archive all that is in it.

    Args:
        outer: the path of the archive that it is in, where that is inside another.

    Raises:
        Stop: what its archive may come to is used up.
    """
    name, parts = "/".join((*outer, member.name)), member.parts
    if why := member.why or wrong_name(member.name):
        yield Refused(name, why)
        return
    if not parts or is_hidden(parts):
        yield Ignored()
        return
    is_archive = parts[-1].lower().endswith(ARCHIVES)
    says_notebook = bool(_SAYS_NOTEBOOK.search(parts[-1]))
    limit = MAX_INNER if is_archive else MAX_FILE
    try:
        if not (is_archive or says_notebook or _may_be_notebook(member.read(_BEGINNING))):
            yield Ignored(name)
        elif is_archive and outer:
            yield Refused(name, "an archive inside an archive inside another")
        elif member.size > limit:
            yield Refused(name, f"{member.size / 1024**2:,.1f} MB; at most {limit // 1024**2} MB are read")
        elif is_archive:
            yield from _inner(member, parts)
        else:
            data = member.read(limit)
            is_notebook = says_notebook or (b'"cells"' in data and b'"nbformat"' in data)
            yield Found(parts, outer, member.time, data) if is_notebook else Ignored(name)
    except Stop:
        raise
    except Exception:  # zipfile, tarfile and zlib raise a dozen kinds on malformed files
        yield Refused(name, "broken")


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Whether a path is of what computers put beside people's files."""
    return any(map(_HIDDEN.match, parts))


def _inner(member: Member, parts: tuple[str, ...]) -> Iterator[Entry]:
    """What is in an archive inside an archive: what its owner put there is on the owner's own budget."""
    file = io.BytesIO(member.read(MAX_INNER))
    try:
        with contextlib.ExitStack() as open_files:
            for one in _in_archive(file, member.time, None, Budget(MAX_ENTRIES, MAX_INNER_TOTAL), open_files):
                yield from contents(one, parts)
    except Stop as error:
        yield Refused("/".join(parts), str(error))


def _may_be_notebook(beginning: bytes) -> bool:
    return beginning.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def wrong_name(name: str) -> str | None:
    """Why a path in an archive is refused; None where it isn't."""
    parts = name.split("/")
    if "\\" in name or name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        return "a path that leads elsewhere"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return "a name with control characters"
    if len(parts) > MAX_DEPTH or len(name) > MAX_NAME:
        return "a path that is too deep or too long"
    return None


def _listed(path: Path, zone: tzinfo | None, budget: Budget, open_files: contextlib.ExitStack) -> Iterator[Member]:
    if path.is_dir():
        yield from _in_folder(path, budget)
        return
    said, file = path.stat(), open_files.enter_context(path.open("rb"))
    start = file.read(_BEGINNING)
    file.seek(0)
    if _SAYS_NOTEBOOK.search(path.name) or _may_be_notebook(start):
        yield Member(path.name, utc(said.st_mtime), said.st_size, functools.partial(_start, path))
    else:
        yield from _in_archive(file, None, zone, budget, open_files)


def _in_folder(root: Path, budget: Budget) -> Iterator[Member]:
    unread: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=unread.append):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*links, *sorted(files)):
            budget.count()
            path = Path(folder, name)
            inside, read = path.relative_to(root).as_posix(), functools.partial(_start, path)
            try:
                said = path.lstat()
            except OSError as error:  # a path may be longer than the system allows
                yield Member(inside, utc(0), 0, read, f"cannot be read ({error.strerror})")
                continue
            why = None if stat.S_ISREG(said.st_mode) else NOT_ORDINARY
            yield Member(inside, utc(said.st_mtime), said.st_size, read, why)
    for error in unread:
        inside = Path(os.fsdecode(error.filename)).relative_to(root).as_posix()
        yield Member(inside, utc(0), 0, bytes, f"cannot be read ({error.strerror})")


def _start(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _in_archive(
    file: BinaryIO, time: datetime | None, zone: tzinfo | None, budget: Budget, open_files: contextlib.ExitStack
) -> Iterator[Member]:
    """What is in a zip or tar, told by its first bytes.

    Args:
        time: of an archive inside another, when that was last changed; times in it are whatever its author's
            clock said.
    """
    start = file.read(2)
    file.seek(0)
    if start == b"PK":
        yield from list_zip(file, time, zone, budget)
    elif start == b"\x1f\x8b":
        unpacked = open_files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (ruff doesn't see that it is one)
        unpack(file, unpacked, budget)
        yield from list_tar(unpacked, time, budget)
    else:
        yield from list_tar(file, time, budget)
