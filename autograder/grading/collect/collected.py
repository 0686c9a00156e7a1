"""What came of collecting."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.grading.collect.students import shown


@dataclass
class Collected:
    """What came of some archives.

    Attributes:
        stored: (student, lesson) of each submission that was written.
        replaced: how many of these moved an older one aside.
        unchanged: how many were there already, with the same bytes.
        late: how many of all these the platform says were late.
        ignored: how many files are no notebook.
        refused: how many files, or archives, were not taken, and people of whom nothing was.
        sentences: what is to be said of those that were refused, doubled, replaced or renamed, a sentence each.
    """

    stored: list[tuple[str, str]] = field(default_factory=list)
    replaced: int = 0
    unchanged: int = 0
    late: int = 0
    ignored: int = 0
    refused: int = 0
    sentences: list[str] = field(default_factory=list)

    def refuse(self, name: str, why: str) -> None:
        """Count what was not taken, and say why."""
        self.refused += 1
        self.sentences.append(f"{shown(name)}: refused, {why}.")
