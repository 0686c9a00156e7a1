"""Whose each file of an archive is. All of its paths are looked at together: only so it shows who wrote which level."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from autograder.grading.collect.archives import is_hidden, wrong_name
from autograder.grading.collect.beside import blackboards_logins, gradescopes_people, read_text, sakais_times
from autograder.grading.collect.members import Member
from autograder.grading.collect.names import attempt_of, is_copy, is_nobodys, name_in_file, name_in_folder, of_archive
from autograder.grading.collect.platforms import Hints, NotHandedIn, Said, Uncertain, said_by_platform
from autograder.grading.collect.students import Owner, lesson_in
from autograder.grading.collect.times import NoTime, read_time
from autograder.notebooks.files import SECRET, TIMESTAMP

Path = tuple[str, ...]  # a path in an archive, part by part
_LONGEST_TIME = 1000  # bytes


@dataclass
class Layout:
    """Whose each path of an archive is.

    Attributes:
        said: what the outermost level of each path says.
        within: the folders above that level, which tell two of one name apart: two sections in one archive.
        by_archive: whether only the archive's own name says whose it is.
        beside: nbgrader's secret of a submission, by its folder.
    """

    said: dict[Path, Said] = field(default_factory=dict)
    within: dict[Path, str] = field(default_factory=dict)
    by_archive: bool = False
    beside: dict[Path, bytes] = field(default_factory=dict)

    @property
    def people(self) -> set[tuple[str, str, str]]:
        """Everybody who has a file in it."""
        return {owner.person for said in self.said.values() if isinstance(said, tuple) for owner in said}


def find_layout(members: Sequence[Member], archive: str, lessons: Collection[str], zone: tzinfo | None) -> Layout:
    """Whose each file is.

    Args:
        archive: the archive's name.
        lessons: the lessons' names, which are nobody's.
        zone: of times that a platform writes without one; None for this machine's.
    """
    members = [
        member for member in members if member.parts and not is_hidden(member.parts) and not wrong_name(member.name)
    ]
    logins, prefix = blackboards_logins(members)
    hints = Hints(zone, gradescopes_people(members), logins, prefix, lessons)
    rests = {member.parts: _inside(member.parts, hints) for member in members}
    said = _said(rests, hints)
    layout = Layout()
    if not any(said.values()):
        rests, said = _without_sections(rests, said, hints)
    written = sum(one is not None and bool(_platform(one)) for one in said.values())
    for parts, rest in rests.items():
        layout.within[parts] = "/".join(parts[: len(parts) - len(rest)])
        layout.said[parts] = said[parts] or _by_hand(parts, rest, written * 2 >= len(said), archive, hints, layout)
    times = {**sakais_times(members), **_read_nbgraders(layout, members, rests, hints)}
    for parts, one in layout.said.items():
        time = next((times[parts[:i]] for i in range(len(parts) - 1, 0, -1) if parts[:i] in times), None)
        if time is not None and isinstance(one, tuple):
            layout.said[parts] = (
                time if isinstance(time, Uncertain) else tuple(replace(owner, time=time) for owner in one)
            )
    return layout


def _said(rests: dict[Path, Path], hints: Hints) -> dict[Path, Said | None]:
    said = said_by_platform(rests.values(), hints)
    return {parts: said[rest] for parts, rest in rests.items()}


def _platform(said: Said) -> str:
    return said[0].platform if isinstance(said, tuple) else said.platform


def _inside(parts: Path, hints: Hints) -> Path:
    """The path without the folders in front that name nobody."""
    while len(parts) > 1 and is_nobodys(parts[0], hints.lessons) and not said_by_platform([parts], hints)[parts]:
        parts = parts[1:]
    return parts


def _without_sections(
    rests: dict[Path, Path], said: dict[Path, Said | None], hints: Hints
) -> tuple[dict[Path, Path], dict[Path, Said | None]]:
    """The same, with one folder less where each of the outermost has what a platform wrote for several people.

    Where only some have, or what they have is of one person, it could also be a student's own folder, with names in
    it that look like a platform's: then it is nobody's for certain. So it is where one folder has a lesson in several.
    """
    folders: dict[str, list[Path]] = {}
    for parts, rest in rests.items():
        folders.setdefault(rest[0] if len(rest) > 1 else "", []).append(parts)
    inner = {parts: _inside(rest[1:], hints) for parts, rest in rests.items() if len(rest) > 1}
    inner_said = _said(inner, hints)
    people = {name: _people({one: inner_said[one] for one in paths}, inner) for name, paths in folders.items() if name}
    if people and "" not in folders and all(found > 1 for found in people.values()):
        return inner, inner_said
    said = dict(said)
    for name, paths in folders.items():
        why = ""
        if people.get(name, 0) > 1 or (people.get(name) == 1 and len(folders) == 1):
            why = f"it may be of {name}, or {name} may hold what others handed in; collect what is in it by itself"
        elif name and (several := _several([rests[one] for one in paths], hints)):
            why = f"{name} has it in {len(several)} folders: {', '.join(several)}; if these are students, collect them"
        if why:
            said |= {one: Uncertain("", why) for one in paths}
    return rests, said


def _people(said: Mapping[Path, Said | None], inner: Mapping[Path, Path]) -> int:
    """Of how many people a platform wrote what is in a folder; none where it is not the platform's alone."""
    deep = [one for path, one in said.items() if len(inner[path]) > 1 or one is not None]
    return len({owner.person for one in deep if isinstance(one, tuple) for owner in one}) if all(deep) else 0


def _several(rests: Sequence[Path], hints: Hints) -> list[str]:
    """The folders, side by side in one outermost folder, in which one and the same lesson is."""
    where: dict[str, set[str]] = {}
    for rest in rests:
        if len(rest) > 2 and ".ipynb" in rest[-1].lower() and not is_nobodys(rest[1], hints.lessons):
            where.setdefault(lesson_in(rest[-1], hints.lessons) or rest[-1].lower(), set()).add(rest[1])
    return sorted(max(where.values(), key=len)) if where and max(map(len, where.values())) > 1 else []


def _by_hand(parts: Path, rest: Path, mostly_platform: bool, archive: str, hints: Hints, layout: Layout) -> Said:
    """Whose a file is where no platform says it: the outermost folder's, or the one whose name is in the file's."""
    if mostly_platform:
        return Uncertain("", "nothing in its path names a student as the other paths do")
    name = name_in_folder(rest[0], hints.lessons) if len(rest) > 1 else name_in_file(rest[0], hints.lessons)
    if name:
        return (Owner(name, attempt=attempt_of(parts[-1])),)
    whole = None if is_copy(rest[0]) else of_archive(archive)
    if whole is None:
        return Uncertain("", "nothing in its path names a student")
    layout.by_archive = True
    return (replace(whole, attempt=attempt_of(parts[-1])),)


def _read_nbgraders(
    layout: Layout, members: Sequence[Member], rests: dict[Path, Path], hints: Hints
) -> dict[Path, datetime | Uncertain]:
    """Take in what nbgrader writes beside a submission: its secret, and, which is returned, when it was handed in."""
    times: dict[Path, datetime | Uncertain] = {}
    for member in members:
        rest, said = rests[member.parts], layout.said[member.parts]
        if rest[-1] not in (TIMESTAMP, SECRET):
            continue
        platform = _platform(said)
        in_exchange = platform == "nbgrader" and len(rest) == 2
        in_tree = not platform and len(rest) == 3 and rest[1] in hints.lessons
        if not (in_exchange or in_tree):
            continue
        layout.said[member.parts] = NotHandedIn("nbgrader")
        text = read_text(member, _LONGEST_TIME)
        if rest[-1] == SECRET:
            layout.beside[member.parts[:-1]] = text.encode()
        elif in_tree:  # an exchange's folder has the time in its name
            try:
                times[member.parts[:-1]] = read_time(text)
            except NoTime as error:
                why = f"its {TIMESTAMP} does not say when it was handed in: {error}"
                times[member.parts[:-1]] = Uncertain("", why)
    return times
