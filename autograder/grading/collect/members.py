"""A file in an archive, as it is listed before anything is read; and its name, however that was encoded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

NOT_ORDINARY = "a link or a device"

_DOS = re.compile(rb"[\x80-\xa7]*")  # where DOS code pages 437 and 850 have their letters
_WINDOWS = re.compile(rb"[\xc0-\xff]*")  # where cp1252 has them


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        name: its path, with slashes, as far as that could be read.
        time: when it was last changed, in UTC.
        size: in bytes, as the archive has it.
        read: returns its first so many bytes.
        why: what is wrong with it; None where nothing is.
        encoding: what its name was taken to be written in, where the archive doesn't say and it isn't UTF-8.
    """

    name: str
    time: datetime
    size: int
    read: Callable[[int], bytes]
    why: str | None = None
    encoding: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Its path, part by part, its own name last."""
        return tuple(part for part in self.name.split("/") if part not in ("", "."))


def decoded(name: bytes) -> tuple[str, str | None, str | None]:
    """A name of which nobody says how it is encoded: UTF-8, else the code page that has letters where it has bytes.

    Returns:
        The name, the encoding where that is not UTF-8, and what is wrong where none is certain.
    """
    try:
        return name.decode(), None, None
    except UnicodeDecodeError:
        high = bytes(byte for byte in name if byte > 0x7F)
    if _WINDOWS.fullmatch(high):
        return name.decode("cp1252"), "cp1252", None
    if _DOS.fullmatch(high):
        return name.decode("cp437"), "cp437", None
    return name.decode("cp437"), None, "a name in an encoding that cannot be told; rename it"
