"""What is in an archive that nobody has vouched for: bounded in every way, and nothing of it is put on the disk."""

from __future__ import annotations

import functools
import gzip
import io
import os
import re
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from autograder.notebooks.reading import MAX_BYTES

MAX_ENTRIES = 20_000  # of one archive, with those of the archives in it
MAX_DEPTH = 20  # folders inside folders
MAX_TOTAL = 2 * 1024**3  # bytes that one archive may come to
MAX_INNER = 100 * 1024**2  # bytes of an archive inside an archive
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")

MAX_NAME = 1000  # characters of a path

_STEP = 1024**2
_HEADER = 1024**2
_ZIP_ENTRY = b"PK\x01\x02"
_NOT_ORDINARY = "a link or a device"
_HIDDEN = re.compile(r"\.|__MACOSX$|Thumbs\.db$")  # what computers put beside people's files


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
    """Something in an archive that is no notebook."""


Entry = Found | Refused | Ignored


class _Stop(Exception):
    """An archive that is not to be read any further; says why."""


@dataclass
class _Budget:
    """What an archive may still come to."""

    entries: int
    total: int

    def count(self) -> None:
        self.entries -= 1
        if self.entries < 0:
            raise _Stop(f"more than {MAX_ENTRIES:,} files; the rest was not read")

    def spend(self, size: int) -> None:
        self.total -= size
        if self.total < 0:
            raise _Stop(f"more than {MAX_TOTAL / 1024**3:g} GB unpacked; the rest was not read")


def entries(path: Path) -> Iterator[Entry]:
    """What is in a zip, a tar, a tar.gz or a folder, and in the archives one level inside; or a notebook itself.

    Links, devices, encrypted files, paths that lead elsewhere, and whatever is too large, too deep or too much
    is refused by name, and the rest goes on, as far as the archive is not broken.
    """
    budget = _Budget(MAX_ENTRIES, MAX_TOTAL)
    try:
        time = _utc(path.stat().st_mtime)
        if path.is_dir():
            yield from _in_folder(path, budget)
        elif path.suffix == ".ipynb":
            member = _Member(path.name, time, path.stat().st_size, lambda limit: _start(path, limit))
            yield from _entry(member, (), budget)
        else:
            with path.open("rb") as file:
                yield from _in_archive(file, (), time, budget)
    except _Stop as error:
        yield Refused(path.name, str(error))
    except OSError as error:
        yield Refused(path.name, f"cannot be read ({error.strerror or error})")


@dataclass(frozen=True)
class _Member:
    """A file in an archive; ``read`` returns its first so many bytes, and ``why`` says what is wrong with it."""

    name: str
    time: datetime
    size: int
    read: Callable[[int], bytes]
    why: str | None = None


def _entry(member: _Member, outer: tuple[str, ...], budget: _Budget) -> Iterator[Entry]:
    """What is to be made of one file."""
    name = "/".join((*outer, member.name))
    why = member.why or _wrong_name(member.name)
    if why:
        yield Refused(name, why)
        return
    parts = tuple(part for part in member.name.split("/") if part not in ("", "."))
    is_archive = member.name.lower().endswith(ARCHIVES)
    limit = MAX_INNER if is_archive else MAX_BYTES
    if not parts or any(map(_HIDDEN.match, parts)) or not (is_archive or member.name.endswith(".ipynb")):
        yield Ignored()
    elif is_archive and outer:
        yield Refused(name, "an archive inside an archive inside another")
    elif member.size > limit:
        yield Refused(name, f"{member.size / 1024**2:,.1f} MB; at most {limit // 1024**2} MB are read")
    else:
        try:
            data = member.read(limit)
        except _Stop:
            raise
        except Exception:  # zipfile, tarfile and zlib raise a dozen kinds on malformed files
            yield Refused(name, "broken")
            return
        if not is_archive:
            yield Found(parts, outer, member.time, data)
            return
        try:
            yield from _in_archive(io.BytesIO(data), parts, member.time, budget)
        except _Stop as error:
            yield Refused(name, str(error))


def _wrong_name(name: str) -> str | None:
    parts = name.split("/")
    if "\\" in name or name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts:
        return "a path that leads elsewhere"
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        return "a name with control characters"
    if len(parts) > MAX_DEPTH or len(name) > MAX_NAME:
        return "a path that is too deep or too long"
    return None


def _in_folder(root: Path, budget: _Budget) -> Iterator[Entry]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*links, *sorted(files)):
            budget.count()
            path = Path(folder, name)
            said = path.lstat()
            why = None if stat.S_ISREG(said.st_mode) else _NOT_ORDINARY
            read = functools.partial(_start, path)
            member = _Member(path.relative_to(root).as_posix(), _utc(said.st_mtime), said.st_size, read, why)
            yield from _entry(member, (), budget)


def _start(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _in_archive(file: BinaryIO, outer: tuple[str, ...], time: datetime, budget: _Budget) -> Iterator[Entry]:
    """What is in a zip or tar, told by its first bytes.

    Args:
        outer: the path of this archive in the one that it is in; empty for the outermost.
        time: when it was last changed; times inside an inner archive are whatever its author's clock said.
    """
    start = file.read(2)
    file.seek(0)
    if start == b"PK":
        yield from _in_zip(file, outer, time, budget)
    elif start == b"\x1f\x8b":
        with tempfile.TemporaryFile() as unpacked:  # seeking in a compressed file would unpack it again and again
            _unpack(file, unpacked, budget)
            yield from _in_tar(unpacked, outer, time, budget)
    else:
        yield from _in_tar(file, outer, time, budget)


def _in_zip(file: BinaryIO, outer: tuple[str, ...], time: datetime, budget: _Budget) -> Iterator[Entry]:
    if isinstance(file, io.BytesIO) and file.getvalue().count(_ZIP_ENTRY) > MAX_ENTRIES:
        raise _Stop(f"more than {MAX_ENTRIES:,} files")  # zipfile would read the whole list of them first
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # zipfile raises a dozen kinds on malformed files
        raise _Stop("a broken archive") from error
    for info in archive.infolist():
        budget.count()
        if info.is_dir():
            continue

        def read(limit: int, info: zipfile.ZipInfo = info) -> bytes:
            budget.spend(info.file_size)
            with archive.open(info) as member:
                data = member.read(limit)
                member.read(1)  # so that the checksum is looked at
                return data

        why = None
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            why = _NOT_ORDINARY
        elif info.flag_bits & 1:
            why = "encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            why = "compressed in a way that is not read"  # some take gigabytes of memory
        when = time if outer else _zip_time(info, time)
        yield from _entry(_Member(info.orig_filename, when, info.file_size, read, why), outer, budget)


def _zip_time(info: zipfile.ZipInfo, otherwise: datetime) -> datetime:
    try:
        return datetime(*info.date_time).astimezone(UTC)  # a zip has local times
    except (ValueError, OverflowError, OSError):
        return otherwise


def _unpack(file: BinaryIO, unpacked: BinaryIO, budget: _Budget) -> None:
    with gzip.GzipFile(fileobj=file) as packed:
        while True:
            try:
                data = packed.read(_STEP)
            except (OSError, EOFError, zlib.error) as error:
                raise _Stop("a broken archive") from error
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


def _in_tar(file: BinaryIO, outer: tuple[str, ...], time: datetime, budget: _Budget) -> Iterator[Entry]:
    careful = _Careful(file)
    try:
        archive = tarfile.open(fileobj=careful, mode="r:")  # noqa: SIM115 (there is nothing to close but the file)
    except Exception as error:  # tarfile raises a dozen kinds on malformed files
        raise _Stop("a broken archive, or none; expected a zip, tar, tar.gz, folder or notebook") from error
    while True:
        try:
            info = archive.next()
        except Exception as error:
            raise _Stop("a broken archive; the rest was not read") from error
        if info is None:
            return
        budget.count()
        archive.members.clear()  # tarfile would keep them all
        if info.isdir():
            continue

        def read(limit: int, info: tarfile.TarInfo = info) -> bytes:
            careful.limit = limit
            try:
                data = archive.extractfile(info).read(limit)
            finally:
                careful.limit = _HEADER
            if len(data) < info.size:
                raise tarfile.ReadError("cut off")
            return data

        why = None if info.isreg() and not info.issparse() else _NOT_ORDINARY
        when = time if outer else _utc(info.mtime)
        yield from _entry(_Member(info.name, when, info.size, read, why), outer, budget)


def _utc(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
