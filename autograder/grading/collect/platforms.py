"""How learning platforms name what they export: whose a file is, by the outermost level of its path alone.

What is below that level, or behind the name that a platform put in front, a student chose. Where the names are from:

- nbgrader: ``nbgrader/exchange/default/submit.py`` writes ``USER+LESSON+TIME+RANDOM``, and ``collect.py`` splits it
  from the right, because a user's name may have a ``+`` in it.
- Moodle: ``mod/assign``, ``download_submissions``: ``FULL NAME_PARTICIPANT_assignsubmission_file_``, a folder, or in
  front of each file. The participant's number is another one in each assignment.
- Canvas: ``lib/content_zipper.rb``: ``sortablename_LATE_USER_ATTACHMENT_FILE``; in anonymous assignments
  ``LATE_anon_CODE_ATTACHMENT_FILE``. A text entry is ``sortablename_USER_text.html``.
- Blackboard: ``ASSIGNMENT_USERNAME_attempt_YYYY-MM-DD-HH-MM-SS_FILE``, and a receipt without ``_FILE`` that ends in
  ``.txt`` and whose first line is ``Name: FULL NAME (USERNAME)``.
- Brightspace: ``USER-FOLDER - FULL NAME - Jan 30, 2026 312 PM``, a folder for each attempt, or in front of each file.
- Sakai: ``ASSIGNMENT/LAST, FIRST(LOGIN)/Submission attachment(s)/``.
- OpenOLAT: ``GTACourseNode.archiveNodeData``: ``LAST_FIRST_USERNAME/2_submissions/``, and ``N_revisions_M``.
- Gradescope: ``submission_NUMBER/``; who that is says ``submission_metadata.yml`` beside it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from autograder.grading.collect.students import Owner, lesson_in
from autograder.grading.collect.times import NoTime, read_time


@dataclass(frozen=True)
class Hints:
    """What a platform says beside the files, where it does.

    Attributes:
        zone: of times that it writes without one; None for this machine's.
        people: Gradescope's, by the name of a submission's folder.
        logins: Blackboard's users, by what comes before ``_attempt_``.
        prefix: what all names before ``_attempt_`` begin with.
        lessons: names that are no user's.
    """

    zone: tzinfo | None = None
    people: Mapping[str, tuple[Owner, ...]] | None = None
    logins: Mapping[str, str] | None = None
    prefix: str = ""
    lessons: Collection[str] = ()


@dataclass(frozen=True)
class Uncertain:
    """A path that a platform wrote, and still does not say for certain whose it is; ``why`` says what is missing."""

    platform: str
    why: str


@dataclass(frozen=True)
class NotHandedIn:
    """A file that the platform puts beside what was handed in: a task, a correction, a receipt."""

    platform: str


Said = tuple[Owner, ...] | Uncertain | NotHandedIn
_Written = tuple[int, Said] | None  # with how many letters the platform wrote before the name that a student chose

_NBGRADER = re.compile(
    r"(?P<id>.+)\+(?P<lesson>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d[ T_]\d\d[:_-]\d\d[:_-]\d\d[^+]*)(?:\+[^+]*)?"
)
MOODLE = re.compile(r"(?P<who>.+?)_(?P<id>\d+)_assignsubmission_\w+?(?:_.*)?")
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<id>[0-9A-Za-z]+)_(?P<attempt>\d+)_.+", re.IGNORECASE)
CANVAS = re.compile(r"(?P<who>[^\W_]\w*?)_(?P<late>LATE_)?(?P<id>\d+)_(?:(?P<attempt>\d+)_.+|text\.html|link\.html)")
BLACKBOARD = re.compile(r"(?P<who>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?P<file>_.+|\.txt)")
_BRIGHTSPACE = re.compile(r"(?P<id>\d+)-\d+ ?- ?(?P<rest>\S.*)")
_BRIGHTSPACE_TIME = re.compile(
    r" ?- ?(?:(?P<m1>[^\W\d]{3,12})\.? (?P<d1>\d{1,2})|(?P<d2>\d{1,2}) (?P<m2>[^\W\d]{3,12})\.?),? (?P<year>\d{4}),? "
    r"(?P<hour>\d{1,2}?)[:._-]?(?P<minute>\d\d)(?: ?(?P<half>[AP]M))?(?![^\W_])",
    re.IGNORECASE,
)
_SAKAI = re.compile(r"(?P<who>.+)\((?P<id>[^()]+)\)")
_SAKAI_FLAT = re.compile(r"(?P<who>.+?)\((?P<id>[^()]+)\)_Submission attachment\(s\)_.+")
_SAKAI_FOLDER = "Submission attachment(s)"
_SAKAI_BESIDE = ("Feedback Attachment(s)", "timestamp.txt", "comments.txt", "feedbackText.html")
_OPENOLAT = re.compile(r"\d+_(?P<kind>task|submissions?|corrections?|revisions?|solutions?|assessment)(?:_(?P<n>\d+))?")
_TITLE = re.compile(r"lesson|assignment|homework|hw|week|lab|exercises?|sheet|unit|part|notebook|ps", re.IGNORECASE)
_GRADESCOPE = re.compile(r"submission_\d+")


def _nbgrader(parts: tuple[str, ...], hints: Hints) -> _Written:
    found = _NBGRADER.fullmatch(parts[0]) if len(parts) > 1 else None
    if not found:
        return None
    try:
        time = read_time(found["time"])
    except NoTime as error:
        return len(parts[0]), Uncertain("nbgrader", str(error))
    return len(parts[0]), (Owner(found["id"], found["id"], "nbgrader", time=time),)


def _moodle(parts: tuple[str, ...], hints: Hints) -> _Written:
    found = MOODLE.fullmatch(parts[0])
    if not found:
        return None
    blind = re.fullmatch(r"Participant[ _]?\d*", found["who"]) is not None
    who = f"Participant_{found['id']}" if blind else found["who"]
    return found.end("id"), (Owner(who, found["id"][-20:], "Moodle", of_one_box=True, anonymous=blind),)


def _canvas(parts: tuple[str, ...], hints: Hints) -> _Written:
    if len(parts) > 1:
        return None
    if found := CANVAS_ANONYMOUS.fullmatch(parts[0]):
        who, box = f"anon_{found['id']}", True
    elif (found := CANVAS.fullmatch(parts[0])) and not lesson_in(found["who"], hints.lessons):
        who, box = f"{found['who']}_{found['id'][-20:]}", False
    else:
        return None
    attempt = int((found["attempt"] or "0")[-20:])
    late = bool(found["late"])
    owner = Owner(who, found["id"][-20:], "Canvas", box, anonymous=box, attempt=attempt, late=late)
    return found.end("id"), (owner,)


def _blackboard(parts: tuple[str, ...], hints: Hints) -> _Written:
    found = BLACKBOARD.fullmatch(parts[0])
    if not found or (len(parts) > 1 and found["file"] == ".txt"):
        return None
    try:
        time = datetime.strptime(found["time"], "%Y-%m-%d-%H-%M-%S")
        time = read_time(f"{time:%Y-%m-%d %H:%M:%S}", hints.zone)
    except (ValueError, NoTime):
        return found.end("time"), Uncertain("Blackboard", f"{found['time']} is no time")
    login = (hints.logins or {}).get(found["who"]) or _login(found["who"], hints)
    if login is None:
        why = "where the user's name begins is not certain; keep Blackboard's .txt files with it"
        return found.end("time"), Uncertain("Blackboard", why)
    return found.end("time"), (Owner(login, login, "Blackboard", time=time),)


def _login(said: str, hints: Hints) -> str | None:
    """The user's name at the end of ``ASSIGNMENT_USERNAME``; None where it is not certain.

    A user's name has no space in it, so what does belongs to the assignment; and so does what all have in common.
    """
    for start in (hints.prefix, *(f"{lesson}_" for lesson in hints.lessons)):
        said = said.removeprefix(start)
    words = said.split("_")
    while len(words) > 1 and (" " in "_".join(words[:-1]) or words[-2].isdigit()):
        words = words[1:]
    return words[0] if len(words) == 1 and words[0] and " " not in words[0] else None


def _brightspace(parts: tuple[str, ...], hints: Hints) -> _Written:
    found = _BRIGHTSPACE.fullmatch(parts[0])
    if not found:
        return None
    said = _BRIGHTSPACE_TIME.search(found["rest"])
    time = said and _brightspace_time(said, hints.zone)
    if not time:
        return found.end("id"), Uncertain("Brightspace", "the name has no time that is read, as Jan 30, 2026 312 PM")
    who = found["rest"][: said.start()].strip(" -")
    return found.start("rest") + said.end(), (Owner(who, found["id"][-20:], "Brightspace", time=time),)


def _brightspace_time(said: re.Match[str], zone: tzinfo | None) -> datetime | None:
    """The time in ``Jan 30, 2026 312 PM``, whose colon no file's name could have; None where it is none."""
    month, day, half = (said["m1"] or said["m2"])[:3], said["d1"] or said["d2"], said["half"] or ""
    text = f"{day} {month} {said['year']} {said['hour']}:{said['minute']} {half}".strip()
    try:
        naive = datetime.strptime(text, "%d %b %Y " + ("%I:%M %p" if half else "%H:%M"))
        return read_time(f"{naive:%Y-%m-%d %H:%M:%S}", zone)
    except (ValueError, NoTime):
        return None


def _sakai(parts: tuple[str, ...], hints: Hints) -> _Written:
    if found := _SAKAI_FLAT.fullmatch(parts[0]):
        return found.end("id"), (Owner(found["who"].strip(), found["id"], "Sakai"),)
    found = _SAKAI.fullmatch(parts[0])
    if not found or len(parts) < 2:
        return None
    owner = Owner(found["who"].strip(), found["id"], "Sakai")
    if parts[1] == _SAKAI_FOLDER and len(parts) > 2:
        return len(parts[0]), (owner,)
    return (len(parts[0]), NotHandedIn("Sakai")) if parts[1] in _SAKAI_BESIDE else None


def _openolat(parts: tuple[str, ...], hints: Hints) -> _Written:
    found = _OPENOLAT.fullmatch(parts[1]) if len(parts) > 2 else None
    if not found:
        return None
    if not found["kind"].startswith(("submission", "revision")):
        return len(parts[0]), NotHandedIn("OpenOLAT")
    round = int((found["n"] or "1")[-9:]) if found["kind"].startswith("revision") else 0
    return len(parts[0]), (Owner(parts[0], parts[0], "OpenOLAT", attempt=round),)


def _gradescope(parts: tuple[str, ...], hints: Hints) -> _Written:
    if len(parts) < 2 or not _GRADESCOPE.fullmatch(parts[0]):
        return None
    owners = (hints.people or {}).get(parts[0])
    why = "submission_metadata.yml does not say whose it is; collect the whole export"
    return len(parts[0]), owners or Uncertain("Gradescope", why)


PLATFORMS: tuple[Callable[[tuple[str, ...], Hints], _Written], ...] = (
    _nbgrader,
    _brightspace,
    _sakai,
    _openolat,
    _gradescope,
    _canvas,
    _moodle,
    _blackboard,
)


def said_by_platform(paths: Collection[tuple[str, ...]], hints: Hints) -> dict[tuple[str, ...], Said | None]:
    """Whose the file at each path is, where a platform wrote the first part of it; None where none did.

    An archive comes from one platform, so where more than one could have written a name, it was the one that could
    have written most of them, else the one that wrote least: what is behind that is a name that a student chose.
    """
    found: dict[tuple[str, ...], dict[int, tuple[int, Said]]] = {}
    for parts in paths:
        written = {i: platform(parts, hints) for i, platform in enumerate(PLATFORMS)}
        found[parts] = {i: one for i, one in written.items() if one is not None}
    most = Counter(i for written in found.values() for i in written)
    chosen: dict[tuple[str, ...], Said | None] = {}
    for parts, written in found.items():
        ranks = {i: (-most[i], _is_unlike_canvas(said), front, i) for i, (front, said) in written.items()}
        chosen[parts] = written[min(ranks, key=ranks.__getitem__)][1] if ranks else None
    return chosen


def _is_unlike_canvas(said: Said) -> bool:
    """Whether a name is of Canvas's form, but hardly its: an assignment's name with numbers in it has that form too."""
    if not isinstance(said, tuple) or said[0].platform != "Canvas" or said[0].anonymous:
        return False
    name = said[0].who.rpartition("_")[0]
    return "_" in name or bool(_TITLE.fullmatch(name))
