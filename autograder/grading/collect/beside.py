"""What platforms write beside the files that were handed in: who somebody is, and when it was."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import yaml

from autograder.grading.collect.budget import Stop
from autograder.grading.collect.members import Member
from autograder.grading.collect.platforms import BLACKBOARD
from autograder.grading.collect.students import Owner
from autograder.grading.collect.times import NoTime, read_time

METADATA = "submission_metadata.yml"  # Gradescope's
_MOST = 20 * 1024**2  # bytes of it
_RECEIPT = 4096  # bytes of Blackboard's receipts in which the name stands
_NAME = re.compile(r"^Name:.*\(([^()\s]+)\)\s*$", re.MULTILINE)
_SAKAI_TIME = re.compile(r"\d{17}")  # year to milliseconds, in UTC
_FEWEST = 3  # people who have to share the beginning of a name before it is the assignment's


def read_text(member: Member, most: int) -> str:
    """A small file's text; empty where it cannot be read, or is too large."""
    if member.why or member.size > most:
        return ""
    try:
        return member.read(most).decode("utf-8-sig", "replace")
    except Stop:
        raise
    except Exception:  # zipfile, tarfile and zlib raise a dozen kinds on malformed files
        return ""


def gradescopes_people(members: Iterable[Member]) -> dict[str, tuple[Owner, ...]]:
    """Who handed in each of Gradescope's ``submission_NUMBER`` folders: everybody in the group."""
    people: dict[str, tuple[Owner, ...]] = {}
    for member in members:
        if member.parts[-1:] == (METADATA,) and len(member.parts) <= 2:  # deeper is what a student handed in
            try:
                said = yaml.load(read_text(member, _MOST), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            except (yaml.YAMLError, ValueError, RecursionError):
                continue
            if isinstance(said, dict):
                people |= {str(folder): tuple(_submitters(one)) for folder, one in said.items()}
    return people


def _submitters(said: Any) -> Iterator[Owner]:
    if not isinstance(said, dict) or not isinstance(said.get(":submitters"), list):
        return
    time = said.get(":created_at")
    try:
        if not isinstance(time, datetime):
            time = read_time(str(time))
        elif time.tzinfo is None:
            time = time.replace(tzinfo=UTC)  # PyYAML turns a zone into UTC, and older ones drop it then
        time = time.astimezone(UTC)
    except (NoTime, OverflowError):
        time = None
    for one in said[":submitters"]:
        if isinstance(one, dict):
            name, sid, email = (str(one.get(key) or "").strip() for key in (":name", ":sid", ":email"))
            if sid or email:
                yield Owner(name or sid or email, sid or email, "Gradescope", email=email, time=time)


def blackboards_logins(members: Iterable[Member]) -> tuple[dict[str, str], str]:
    """Blackboard's users, by what stands before ``_attempt_``, as its receipts have them; and what that begins with."""
    logins: dict[str, str] = {}
    whole: set[str] = set()
    for member in members:
        found = BLACKBOARD.fullmatch(member.parts[-1]) if len(member.parts) <= 2 else None
        if not found:
            continue
        whole.add(found["who"])
        if found["file"] == ".txt":  # a student's own file has a name of its own at the end
            name = _NAME.search(read_text(member, 1024**2)[:_RECEIPT])
            if name and found["who"].endswith(f"_{name[1]}"):
                logins[found["who"]] = name[1]
    return logins, _beginning(sorted(whole)) if len(whole) >= _FEWEST else ""


def _beginning(names: list[str]) -> str:
    """What sorted names begin with, as far as whole words go."""
    first, last = names[0].split("_"), names[-1].split("_")
    same = list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last[:-1], strict=False)))
    return "".join(f"{word}_" for word, _ in same)


def sakais_times(members: Iterable[Member]) -> Mapping[tuple[str, ...], datetime]:
    """When each of Sakai's folders was handed in, by the folder's path."""
    times = {}
    for member in members:
        if member.parts[-1:] == ("timestamp.txt",) and "(" in (member.parts[-2:-1] or ("",))[0]:
            said = read_text(member, 1000).strip()
            try:
                if _SAKAI_TIME.fullmatch(said):
                    times[member.parts[:-1]] = datetime.strptime(said, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
                else:
                    times[member.parts[:-1]] = read_time(said)
            except (ValueError, NoTime):
                continue
    return times
