"""Exercises that no longer count: autograder/withdrawn.toml, which ``course grade --withdraw`` writes.

::

    [07_layers]
    gelu = "full"       # everybody gets all of its points
    softmax = "out"     # it is taken out of the maximum, and nobody gets points for it

It holds for exercises and written questions that are in the lesson, and for those that are in it no more but were
graded before. Deleting a line takes it back: also what a person had given for the exercise is there again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import nbformat

from autograder.grading.gradebook.deadlines import by_lesson, read_toml
from autograder.notebooks.course import CourseError
from autograder.notebooks.matching import grade_id

FILE = "withdrawn.toml"
FULL, OUT = "full", "out"
_HEAD = """\
# Exercises that no longer count. "full": everybody gets all of their points; "out": they are taken out of the maximum.
# `course grade LESSON --withdraw NAME` writes here. Delete a line, and grade again, to take it back.
"""


def read_withdrawn(root: Path, lesson: str) -> dict[str, str]:
    """The withdrawn exercises and questions of ``lesson``: name -> `FULL` or `OUT`.

    Raises:
        CourseError: the file cannot be read, or says something else.
    """
    names = by_lesson(root, FILE, read_toml(root, FILE)).get(lesson, {})
    for name, counts in names.items():
        if counts not in (FULL, OUT):
            raise CourseError(f'autograder/{FILE}, [{lesson}] {name} = {counts!r}; expected "{FULL}" or "{OUT}".')
    return dict(names)


def taken_out(root: Path, lesson: str, release: bytes) -> tuple[str, ...]:
    """The withdrawn exercises and questions that the release, a notebook's bytes, has no more."""
    withdrawn = read_withdrawn(root, lesson)
    if not withdrawn:
        return ()
    released = {grade_id(cell) for cell in nbformat.reads(release.decode(), as_version=4).cells}
    return tuple(name for name in withdrawn if name not in released)


def withdraw(root: Path, wanted: Sequence[str], known: Mapping[str, Collection[str]]) -> None:
    """Write withdrawals into the file.

    Args:
        wanted: ``"gelu"`` or ``"gelu=out"``, as on the command line.
        known: the names of each lesson that is graded now.

    Raises:
        CourseError: no lesson has such an exercise, or two have; nothing was written.
    """
    settings = []
    for each in wanted:
        name, _, counts = each.partition("=")
        lessons = [lesson for lesson, names in known.items() if name in names]
        if len(lessons) != 1:
            there = "; ".join(f"{lesson}: {', '.join(sorted(names))}" for lesson, names in known.items())
            how_many = "no lesson has" if not lessons else f"{' and '.join(lessons)} each have; grade one of them alone"
            raise CourseError(f"--withdraw {name}: {how_many}. There are {there}.")
        if (counts or FULL) not in (FULL, OUT):
            raise CourseError(f"--withdraw {each}: expected {name}, {name}={FULL} or {name}={OUT}.")
        settings.append((lessons[0], name, counts or FULL))
    path = root / "autograder" / FILE
    text = path.read_text(encoding="utf-8-sig") if path.exists() else _HEAD
    for lesson, name, counts in settings:
        if read_withdrawn(root, lesson).get(name) != counts:
            text = _with_line(text, lesson, name, counts)
    if settings:
        path.write_text(text, encoding="utf-8")


def _with_line(text: str, lesson: str, name: str, counts: str) -> str:
    """The file's text with a line in the lesson's table, in the place of the one for the same name."""
    lines, line = text.splitlines(), f'{name} = "{counts}"'
    start = next((i for i, each in enumerate(lines) if each.strip().startswith(f"[{lesson}]")), None)
    if start is None:
        return "\n".join([*lines, "", f"[{lesson}]", line, ""])
    end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("[")), len(lines))
    others = [each for each in lines[start + 1 : end] if not re.match(rf"{re.escape(name)}\s*=", each.strip())]
    return "\n".join([*lines[: start + 1], line, *others, *lines[end:], ""])
