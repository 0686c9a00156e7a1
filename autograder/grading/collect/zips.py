"""What is in a zip, listed without unpacking anything."""

from __future__ import annotations

import functools
import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import BinaryIO

from autograder.grading.collect.budget import Budget, Stop
from autograder.grading.collect.members import NOT_ORDINARY, Member, decoded

_ENTRY = b"PK\x01\x02"
_UTF8, _ENCRYPTED = 0x800, 0x1
_UNIX_TIME, _UNICODE_PATH = 0x5455, 0x7075  # extra fields: Info-ZIP's appnote, "extra.fld"


def list_zip(file: BinaryIO, time: datetime | None, zone: tzinfo | None, budget: Budget) -> Iterator[Member]:
    """Each file of a zip. Backslashes, as some Windows programs write them, are read as slashes.

    Args:
        time: of all its files; when None, each file's own.
        zone: of the times that a zip has without one; None for this machine's.

    Raises:
        Stop: it is broken, or too much.
    """
    if isinstance(file, io.BytesIO) and file.getvalue().count(_ENTRY) > budget.entries:
        raise Stop(f"more than {budget.entries:,} files")  # zipfile would read the whole list of them first
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # zipfile raises a dozen kinds on malformed files
        raise Stop("a broken archive") from error
    for info in archive.infolist():
        budget.count()
        name, encoding, why = _name(info)
        slashed = name.replace("\\", "/")
        if slashed.endswith("/"):
            continue
        name = name if ".." in slashed.split("/") else slashed
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            why = NOT_ORDINARY
        elif info.flag_bits & _ENCRYPTED:
            why = "encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            why = "compressed in a way that is not read"  # some take gigabytes of memory
        read = functools.partial(_read, archive, info, budget)
        yield Member(name, time or _time(info, zone), info.file_size, read, why, encoding)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget, limit: int) -> bytes:
    budget.spend(min(info.file_size, limit))
    with archive.open(info) as member:
        data = member.read(limit)
        if limit >= info.file_size:
            member.read(1)  # so that the checksum is looked at
        return data


def _name(info: zipfile.ZipInfo) -> tuple[str, str | None, str | None]:
    if info.flag_bits & _UTF8:
        return info.orig_filename, None, None
    if len(said := _extra(info, _UNICODE_PATH)) > 5:  # a version and a checksum, then the name in UTF-8
        return said[5:].decode("utf-8", "replace"), None, None
    return decoded(info.orig_filename.encode("cp437", "replace"))


def _time(info: zipfile.ZipInfo, zone: tzinfo | None) -> datetime:
    try:
        if len(said := _extra(info, _UNIX_TIME)) >= 5 and said[0] & 1:
            return datetime.fromtimestamp(struct.unpack("<l", said[1:5])[0], UTC)
        return datetime(*info.date_time, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _extra(info: zipfile.ZipInfo, wanted: int) -> bytes:
    """The extra field of this kind, or nothing."""
    rest = info.extra
    while len(rest) >= 4:
        kind, size = struct.unpack("<HH", rest[:4])
        if kind == wanted:
            return rest[4 : 4 + size]
        rest = rest[4 + size :]
    return b""
