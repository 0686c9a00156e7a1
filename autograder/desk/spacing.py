"""Which exercises to practise again, and when: longer after each success, sooner after failures and hints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from course_utils.hints import FIRST_HINT
from course_utils.record import ATTEMPTS, RESET, Entry, History

DAY = timedelta(days=1)
FIRST = {"at once": 4 * DAY, "after failures": 2 * DAY, "after hints": DAY}  # how long an exercise rests when it passed
GROWTH = 2.5  # so many times as long after each success at once, on another day


@dataclass(frozen=True)
class Rest:
    """An exercise that was passed: when it was last tried, and how long it may rest from then on."""

    exercise: str
    since: datetime
    length: timedelta

    def urgency(self, now: datetime) -> float:
        """How much of the rest is over; 1 when it is due."""
        return (now - self.since) / self.length


def due(seen: History, exercises: Iterable[str], now: datetime, at_most: int) -> list[Rest]:
    """The exercises to practise now, the most urgent first; what was tried within a day is none of them."""
    rests = [rest for name in exercises if (rest := rest_of(name, seen.practice(name)))]
    rested = [rest for rest in rests if now - rest.since >= DAY]
    return sorted(rested, key=lambda rest: -rest.urgency(now))[:at_most]


def rest_of(exercise: str, entries: Sequence[Entry]) -> Rest | None:
    """How long an exercise rests, by what `History.practice` tells of it; None where it has never passed."""
    length: timedelta | None = None
    passed = since = None
    failures = 0
    for entry in entries:
        when = _time(entry.at)
        if entry.status == RESET:
            length = passed = since = None
            failures = 0
        elif when and entry.status in ATTEMPTS:
            failures, since = failures + 1, when
        elif when and entry.status == "passed":
            first = _first(failures)
            if length is None or failures:
                length = first
            elif when - passed >= DAY:  # a check that is run once more the same day shows nothing new
                length = max(length * GROWTH, first)
            failures, passed, since = 0, when, when
    if length is None:
        return None
    return Rest(exercise, since, min(length, _first(failures)) if failures else length)


def _first(failures: int) -> timedelta:
    return FIRST["after hints" if failures >= FIRST_HINT else "after failures" if failures else "at once"]


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):  # a line that a person has changed
        return None
