"""Find out which cell of a release each cell of a submission is, whatever became of it."""

from __future__ import annotations

import ast
import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbformat import NotebookNode

_LONGEST_PROSE = 20_000  # characters
# How a line begins that somebody meant to be run.
_CODE = re.compile(
    r"^\s*(?:(?:def|class|import|from|for|while|if|with|return|print|assert|raise)\b.*[:(=]|[%!@])", re.M
)
_WORD = re.compile(r"(?<!\S)[^\W\d_]{2,}(?=[\s,.;:!?]|\Z)")
_LONGEST_CHECK = 1000  # characters of a cell that calls `check` and does nothing else


def marks(cell: NotebookNode) -> dict[str, Any]:
    """What nbgrader says of the cell; empty where it says nothing."""
    return cell.metadata.get("nbgrader", {})


def grade_id(cell: NotebookNode) -> str:
    """The cell's ``grade_id``, or an empty string."""
    return marks(cell).get("grade_id", "")


def is_answer(cell: NotebookNode) -> bool:
    """Whether the cell, of a release, is for an answer: an exercise's code or a question's text."""
    return bool(marks(cell).get("solution"))


def is_check(cell: NotebookNode) -> bool:
    """Whether the cell, of a release, is one that a learner is not to change."""
    return bool(marks(cell)) and not is_answer(cell)


def same(one: NotebookNode, other: NotebookNode) -> bool:
    """Whether two cells say the same, but for white space at the end of lines."""
    return _trimmed(one.source) == _trimmed(other.source)


def is_untouched(cell: NotebookNode, stub: NotebookNode | None = None) -> bool:
    """Whether an answer's cell is as it was released: now, or, as nbgrader's checksum tells, at some time."""
    if not cell.source.strip() or (stub is not None and same(cell, stub)):
        return True
    said = marks(cell)
    text = cell.source + cell.cell_type + "".join(str(bool(said.get(key))) for key in ("grade", "solution", "locked"))
    text += grade_id(cell) + (str(float(said.get("points", 0))) if said.get("grade") else "")
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == said.get("checksum")


def is_prose(cell: NotebookNode) -> bool:
    """Whether a cell says something to a person: text, or what was written into a cell of code and is no code."""
    if cell.cell_type != "code":
        return bool(cell.source.strip())
    if _CODE.search(cell.source):
        return False
    try:
        body = ast.parse(cell.source[:_LONGEST_PROSE]).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two for deep nesting
        return len(_WORD.findall(cell.source[:_LONGEST_PROSE])) >= 4
    # a text in quotes, or comments
    said = all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in body)
    return said and bool(cell.source.strip())


def defines(source: str, name: str) -> bool:
    """Whether the source defines a function or class ``name`` at its top, told by its text, which may be broken."""
    return re.search(rf"^(?:async\s+def|def|class)\s+{re.escape(name)}\b", source, re.MULTILINE) is not None


def binds(source: str, name: str) -> bool:
    """Whether the source defines ``name`` at its top, or assigns to it."""
    assigned = re.search(rf"^{re.escape(name)}\s*(?::[^=\n]+)?=(?!=)", source, re.MULTILINE)
    return assigned is not None or defines(source, name)


def checked(source: str) -> str | None:
    """The exercise in a cell that says ``check(NAME)`` or ``check((NAME, PARTNER))`` and nothing else."""
    if len(source) > _LONGEST_CHECK or not source.lstrip().startswith("check"):
        return None
    try:
        call = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two for deep nesting
        return None
    match call:
        case ast.Call(func=ast.Name(id="check"), args=[ast.Name(id=name)], keywords=[]):
            return name
        case ast.Call(func=ast.Name(id="check"), args=[ast.Tuple(elts=[ast.Name(id=name), *partners])], keywords=[]):
            return name if all(isinstance(partner, ast.Name) for partner in partners) else None
    return None


def places(release: Sequence[NotebookNode], submitted: Sequence[NotebookNode]) -> list[int | None]:
    """For each submitted cell, the index of the release's cell that it is, or None.

    Told by the cell id, which nobody changes by accident and which no copy has; then by the ``grade_id``,
    which a copy in JupyterLab has too; then by what the cell says. Several may be the same release's cell.
    """
    ids = {cell.id: j for j, cell in enumerate(release)}
    grade_ids = {grade_id(cell): j for j, cell in enumerate(release) if marks(cell)}
    checks = {checked(cell.source): j for j, cell in enumerate(release) if is_check(cell)}
    found: list[int | None] = []
    for cell in submitted:
        by_mark = (ids.get(cell.id), ids.get(cell.metadata.get("id")), grade_ids.get(grade_id(cell)))
        place = next((j for j in by_mark if j is not None), None)
        if (place is None or not is_check(release[place])) and (name := checked(cell.source)):
            place = checks.get(name)  # a check is never an answer, whatever is written on it
        found.append(place)
    _find_by_text(release, submitted, found)
    return found


def _find_by_text(release: Sequence[NotebookNode], submitted: Sequence[NotebookNode], found: list[int | None]) -> None:
    """Fill in what can be told by the text alone, where the release's cell has not been found otherwise."""
    absent = sorted(set(range(len(release))) - set(found))
    by_text: dict[tuple[str, str], list[int]] = {}
    for j in absent:
        by_text.setdefault((release[j].cell_type, _trimmed(release[j].source)), []).append(j)
    for i, cell in enumerate(submitted):
        candidates = by_text.get((cell.cell_type, _trimmed(cell.source)), [])
        if found[i] is None and candidates:
            found[i] = candidates.pop(0)
    questions = [j for j in absent if is_answer(release[j]) and release[j].cell_type == "markdown" and j not in found]
    for j in questions:
        prompt = release[j].source[: len(release[j].source) // 2]
        for i, cell in enumerate(submitted):
            if found[i] is None and cell.cell_type == "markdown" and cell.source.startswith(prompt):
                found[i] = j


def gaps(
    release: Sequence[NotebookNode],
    found: Sequence[int | None],
    own: Iterable[int],
    answers: Mapping[int, int],
) -> list[int]:
    """For each own cell, the index of the release's cell before which it is to stand, or the release's length.

    An own cell comes after what was before it and before what was after it. Released cells that were deleted,
    such as imports, come back above it, but it stays on its side of a check. Above an answer that was moved it
    is a helper, and moves along.

    Args:
        found: each submitted cell's place in the release, or None.
        own: indices of submitted cells, rising.
        answers: the submitted cell that counts, by the place of what it answers.
    """
    in_order = _in_order(found)
    # for each submitted cell: the next that has a place, the next in order
    following: list[tuple[int | None, int]] = []
    anchor, bound = None, len(release)
    for i in reversed(range(len(found))):
        following.append((anchor, bound))
        anchor, bound = (i if found[i] is not None else anchor), (found[i] if i in in_order else bound)
    following.reverse()
    previous, passed, result = -1, 0, []
    for i in own:
        previous = next((found[k] for k in range(i - 1, passed - 1, -1) if k in in_order), previous)
        passed = i
        anchor, bound = following[i]
        place = found[i]
        if anchor is not None and anchor not in in_order and answers.get(found[anchor]) == anchor:
            gap = found[anchor]
        else:
            gap = previous + 1
            while gap < bound and not marks(release[gap]):
                gap += 1
        if place in answers:  # another try at an answer: on the same side of the one that counts as it was
            before = i < answers[place]
            gap = (place if i in in_order else min(gap, place)) if before else max(gap, place + 1)
        result.append(gap)
    return result


def _in_order(found: Sequence[int | None]) -> set[int]:
    """The submitted cells that stand in the release's order: a longest rising subsequence of ``found``."""
    ends: list[int] = []  # the smallest place in which a subsequence of each length can end
    last: list[int] = []  # the submitted cell that is this end
    before: dict[int, int | None] = {}
    for i, place in enumerate(found):
        if place is None:
            continue
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [i]
        before[i] = last[length - 1] if length else None
    chosen: set[int] = set()
    i = last[-1] if last else None
    while i is not None:
        chosen.add(i)
        i = before[i]
    return chosen


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").rstrip().split("\n"))
