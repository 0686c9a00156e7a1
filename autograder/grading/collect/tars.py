"""What is in a tar or tar.gz, listed without writing anything of it to the disk under a name of its own."""

from __future__ import annotations

import functools
import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from autograder.grading.collect.budget import Budget, Stop
from autograder.grading.collect.members import NOT_ORDINARY, Member, decoded

_STEP = 1024**2
_HEADER = 1024**2


def unpack(file: BinaryIO, unpacked: BinaryIO, budget: Budget) -> None:
    """Write a gzip's content to ``unpacked``: seeking in a compressed file would unpack it again and again.

    Raises:
        Stop: it is broken, or too much.
    """
    with gzip.GzipFile(fileobj=file) as packed:
        while True:
            try:
                data = packed.read(_STEP)
            except (OSError, EOFError, zlib.error) as error:
                raise Stop("a broken archive") from error
            if not data:
                break
            budget.spend(len(data))
            unpacked.write(data)
    unpacked.seek(0)


class _Careful:
    """A tar's file, from which no header of an absurd size is read, as tarfile would."""

    def __init__(self, file: BinaryIO):
        self._file, self.limit = file, _HEADER
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.limit:
            raise tarfile.ReadError(f"a header of {size} bytes")
        data = self._file.read(size)
        if self.limit == _HEADER and re.search(rb"\d{200}", data):  # on which older tarfiles spend hours
            raise tarfile.ReadError("a header that is all digits")
        return data


def list_tar(file: BinaryIO, time: datetime | None, budget: Budget) -> Iterator[Member]:
    """Each file of a tar.

    Args:
        time: of all its files; when None, each file's own.

    Raises:
        Stop: it is broken, or too much.
    """
    careful = _Careful(file)
    try:
        archive = tarfile.open(fileobj=careful, mode="r:")  # noqa: SIM115 (there is nothing to close but the file)
    except Exception as error:  # tarfile raises a dozen kinds on malformed files
        raise Stop("a broken archive, or none; expected a zip, tar, tar.gz, folder or notebook") from error
    while True:
        try:
            info = archive.next()
        except Exception as error:
            raise Stop("a broken archive; the rest was not read") from error
        if info is None:
            return
        budget.count()
        archive.members.clear()  # tarfile would keep them all
        if info.isdir():
            continue
        name, encoding, why = decoded(info.name.encode("utf-8", "surrogateescape"))
        if "\\" in name:
            why = "a path that leads elsewhere"
        if not info.isreg() or info.issparse():
            why = NOT_ORDINARY
        read = functools.partial(_read, archive, info, careful)
        yield Member(name, time or utc(info.mtime), info.size, read, why, encoding)


def _read(archive: tarfile.TarFile, info: tarfile.TarInfo, careful: _Careful, limit: int) -> bytes:
    careful.limit = limit
    try:
        data = archive.extractfile(info).read(limit)
    finally:
        careful.limit = _HEADER
    if len(data) < min(info.size, limit):
        raise tarfile.ReadError("cut off")
    return data


def utc(seconds: float) -> datetime:
    """A time in UTC; the beginning of time where ``seconds`` are none."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
