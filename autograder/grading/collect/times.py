"""When something was handed in, as others write it: with its zone, or not at all."""

from __future__ import annotations

import functools
import re
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_UTC_NAMES = ("Z", "UTC", "GMT", "UCT")
_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[ T_](?P<clock>\d\d[:_-]\d\d(?:[:_-]\d\d)?)(?:[.,](?P<fraction>\d{1,9}))?"
    r"\s*(?P<zone>[+-]\d\d:?\d\d|[A-Za-z]{1,6}|[A-Za-z_]+/[A-Za-z_/+-]+\d*)?"
)


class NoTime(Exception):
    """A text that does not say for certain when something was; the text of this error says why, without a name."""


def read_time(text: str, zone: tzinfo | None = UTC) -> datetime:
    """The time, in UTC, that a text such as ``2026-03-01 14:30:00.123456 UTC`` says.

    The date is year-month-day, in any other order it would be ambiguous. A zone is an offset, a name such as
    ``Asia/Seoul``, or an abbreviation that stands for the same offset wherever it is used; ``CST`` does not.

    Args:
        zone: where a text without a zone was written; None for this machine's.

    Raises:
        NoTime: it does not say, or not for certain.
    """
    found = _TIME.fullmatch(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").strip())
    if not found:
        raise NoTime(f"expected a time such as 2026-03-01 14:30:00 UTC, found {text.strip()[:40]!r}")
    clock = re.sub("[_-]", ":", found["clock"]) + (":00" if len(found["clock"]) == 5 else "")
    try:
        naive = datetime.strptime(f"{found['date']} {clock}", "%Y-%m-%d %H:%M:%S")
        naive = naive.replace(microsecond=int((found["fraction"] or "0").ljust(6, "0")[:6]))
        return _placed(naive, found["zone"], zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoTime(f"expected a time, found {text.strip()[:40]!r}") from error


def _placed(naive: datetime, said: str | None, zone: tzinfo | None) -> datetime:
    if said is None:
        return naive.replace(tzinfo=zone)
    if said.upper() in _UTC_NAMES:
        return naive.replace(tzinfo=UTC)
    if said[0] in "+-":
        hours, minutes = int(said[1:3]), int(said[-2:])
        offset = timedelta(hours=hours, minutes=minutes)
        return naive.replace(tzinfo=timezone(-offset if said[0] == "-" else offset))
    if "/" in said:
        return naive.replace(tzinfo=named_zone(said))
    here = naive.replace(tzinfo=zone) if zone is not None else naive.astimezone()
    if here.tzname() == said:
        return here
    offsets = {moment.utcoffset() for name in _zones() if (moment := naive.replace(tzinfo=name)).tzname() == said}
    if len(offsets) != 1:
        raise NoTime(f"{said} is {'no zone' if not offsets else 'more than one zone'}; expected UTC, or +01:00")
    return naive.replace(tzinfo=timezone(offsets.pop()))


def named_zone(name: str) -> tzinfo:
    """The zone of this name, such as ``Europe/Berlin``.

    Raises:
        NoTime: there is none.
    """
    try:
        return UTC if name.upper() in _UTC_NAMES else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NoTime(f"there is no zone {name[:40]!r}; expected one such as Europe/Berlin") from error


def zone_name(zone: tzinfo | None) -> str:
    """A zone as it is said to people: ``Europe/Berlin``, ``UTC``, or ``this machine's zone (CET)``."""
    return f"this machine's zone ({datetime.now().astimezone().tzname()})" if zone is None else str(zone)


@functools.cache
def _zones() -> tuple[tzinfo, ...]:
    names = sorted(zoneinfo.available_timezones())
    return tuple(zoneinfo.ZoneInfo(name) for name in names if "/" in name and not name.startswith(("Etc/", "System")))
