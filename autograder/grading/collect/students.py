"""Who handed something in, and under which id nbgrader has them."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

LONGEST = 64  # characters of a student's id
_SHOWN = 120  # characters


def shown(name: str) -> str:
    """A name that others chose, as it can be printed: without control characters, and not without an end."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


@dataclass(frozen=True)
class Owner:
    """Whose a file is, by what the platform wrote.

    Attributes:
        who: a name, or a login, as the platform has it.
        id: the platform's own id; empty where the path has none.
        platform: which platform wrote it; empty for folders that somebody named.
        of_one_box: the id is another one in each assignment of the platform's.
        anonymous: ``who`` is not a name, so it says nothing of who it is elsewhere.
        email: where the platform says it.
        time: when it was handed in, where the platform says it.
        attempt: of two, the newer has the higher one, where the platform says it.
        late: whether the platform says so.
    """

    who: str
    id: str = ""
    platform: str = ""
    of_one_box: bool = False
    anonymous: bool = False
    email: str = ""
    time: datetime | None = None
    attempt: int = 0
    late: bool = False

    @property
    def person(self) -> tuple[str, str, str]:
        """What all files of one person in one box have in common, and no other's."""
        return self.platform, self.id, "" if self.id else self.who

    def __str__(self) -> str:
        return shown(f"{self.who} ({self.platform} {self.id})" if self.id not in ("", self.who) else self.who)


def lesson_in(name: str, lessons: Iterable[str]) -> str | None:
    """The lesson that a file's name has in it: ``"doe_1_2_07_layers-1.ipynb"`` -> ``"07_layers"``."""
    return next((lesson for lesson in lessons if lesson in name), None)


@functools.lru_cache(maxsize=100_000)
def plain(name: str) -> str:
    """A name as two that say the same have it alike: macOS writes an umlaut as two characters, Windows as one."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def safe_id(who: str) -> str:
    """A student's id that is ``who`` as nearly as it can be: only letters, digits and ``_.@-``, all of ASCII.

    Where nothing of the name is left it is a number made of the name; `people` has the name beside it.
    """
    letters = unicodedata.normalize("NFKD", who).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.@-]+", "_", letters).lstrip(".-_").rstrip("._ ")[:LONGEST]
    return name or f"student_{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()[:8]}"
