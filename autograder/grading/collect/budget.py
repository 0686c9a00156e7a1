"""What an archive that nobody has vouched for may come to."""

from __future__ import annotations

from dataclasses import dataclass


class Stop(Exception):
    """An archive that is not to be read any further; says why."""


@dataclass
class Budget:
    """So many files and so many unpacked bytes are left; each archive has a budget of its own."""

    entries: int
    total: int

    def __post_init__(self) -> None:
        self._entries, self._total = self.entries, self.total

    def count(self) -> None:
        """Count a file.

        Raises:
            Stop: it is one too many.
        """
        self.entries -= 1
        if self.entries < 0:
            raise Stop(f"more than {self._entries:,} files; the rest was not read")

    def spend(self, size: int) -> None:
        """Count ``size`` unpacked bytes.

        Raises:
            Stop: they are too many.
        """
        self.total -= size
        if self.total < 0:
            raise Stop(f"more than {self._total / 1024**3:g} GB unpacked; the rest was not read")
