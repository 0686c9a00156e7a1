"""``course review``: exercises that were passed a while ago, empty again, in ``work/review.ipynb``.

Each comes as its lesson asks it, with what it uses from there: imports, helpers, and other exercises' solutions.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.desk.copies import kept_path, reason, write_notebook
from autograder.desk.renewing import RELOAD
from autograder.desk.spacing import due
from autograder.notebooks.course import REVIEW, WORK, CourseError, work_of
from autograder.notebooks.matching import checked, grade_id, is_answer
from autograder.notebooks.reading import Unreadable, read_bytes, read_notebook
from course_utils import record
from course_utils.outline import START, Outline, read_outlines
from course_utils.record import History

MOST = 5  # exercises in a review

_BEGIN = (
    "from course_utils import check, start_review\n\nstart_review()  # what you check from here on is noted as a review"
)
_TITLE = """# Review

{how_many} that you passed a while ago, empty again. Write each anew, without a look at what you wrote then: to recall
is what makes it stay. The checks are those of the lessons, on inputs drawn anew, too, and hints wait below. What passes
comes back later each time, what fails sooner. Run the cells from the top: the first one says that this is a review."""
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_MARKER = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
_HINTS = re.compile(r"<details>.*?</details>", re.DOTALL)
_LIBRARY = "course_utils"  # of what a lesson imports from there, only what an exercise needs
_REMEDY = "`course review --new` keeps it aside, in work/kept/, and makes a new one."


def make_review(root: Path, *, anew: bool = False, now: datetime | None = None) -> str:
    """Make ``work/review.ipynb``, unless there is one that is not finished.

    Args:
        anew: move an unfinished one to ``work/kept/``, as a finished one always is.
        now: the time; by default it is asked.

    Returns:
        What was done, for the learner.

    Raises:
        CourseError: the review cannot be written; what was there is still there.
    """
    now = now or datetime.now().astimezone()
    work = work_of(root)
    path, seen = work / f"{REVIEW}.ipynb", record.read(work)
    lessons = [found for found in read_outlines(root) if found.name != START]
    if path.exists() and not anew and (left := _unfinished(path, seen)):
        return f"{left}. It stays as it is.\n{_REMEDY}"
    chosen = [rest.exercise for rest in due(seen, [name for lesson in lessons for name in lesson.hints], now, MOST)]
    if not chosen:
        return "Nothing to review yet: a review is made of exercises that you passed a day or more ago."
    notebook = _review(root, lessons, chosen)
    try:
        kept = _replace(path, notebook)
    except OSError as error:
        raise CourseError(f"Cannot make work/{path.name}: {reason(error)}") from None
    names = exercises_of(path)
    record.append(work, [(name, record.ASKED, None) for name in names], record.REVIEW)
    aside = f"\nThe one before is in {WORK}/{kept.relative_to(work).as_posix()}. {RELOAD}" if kept else ""
    return f"work/{path.name} asks for {', '.join(names)}.{aside}"


def exercises_of(path: Path) -> list[str]:
    """The exercises of a review notebook, in its order.

    Raises:
        Unreadable: the file is no notebook.
    """
    cells = read_notebook(read_bytes(path)).cells
    names = [checked(cell.source) for cell in cells if cell.cell_type == "code"]
    return list(dict.fromkeys(name for name in names if name))


def _replace(path: Path, notebook: NotebookNode) -> Path | None:
    """Write the review; gives where the one before is kept. Where that fails, the one before is in its place again."""
    kept = kept_path(path) if path.exists() else None
    if kept:
        path.rename(kept)
    try:
        write_notebook(notebook, path)
    except BaseException:
        if kept:
            kept.rename(path)
        raise
    return kept


def _unfinished(path: Path, seen: History) -> str:
    """What is left to do in the review at ``path``; empty where nothing is."""
    try:
        names = exercises_of(path)
    except Unreadable as error:
        return f"work/{path.name} is {error.came}"
    if not names:
        return f"work/{path.name} has no exercises in it"
    left = [name for name in names if not seen.reviewed(name)]
    return f"work/{path.name} is not finished: {', '.join(left)} not passed yet" if left else ""


def _review(root: Path, lessons: Sequence[Outline], chosen: Sequence[str]) -> NotebookNode:
    """The review notebook: the exercises in the lessons' order."""
    cells = [new_code_cell(_BEGIN)]
    for lesson in lessons:
        wanted = [name for name in lesson.hints if name in chosen]
        if wanted:
            cells += _lesson_cells(root, lesson, wanted)
    count = sum(is_answer(cell) for cell in cells)
    title = _TITLE.format(how_many="One exercise" if count == 1 else f"{count} exercises")
    ends = new_markdown_cell("When all have passed, `course review` makes a new one, in its time.")
    return new_notebook(cells=[new_markdown_cell(title), *cells, ends], metadata=_METADATA)


def _lesson_cells(root: Path, lesson: Outline, wanted: Sequence[str]) -> Iterator[NotebookNode]:
    """The cells of a lesson's exercises: what is asked, what it uses, the stub, the check, the hints."""
    released = nbformat.read(root / "lessons" / lesson.path, as_version=4).cells
    solved = _solved(root, lesson) or released
    for name in wanted:
        i = next(i for i, cell in enumerate(released) if is_answer(cell) and grade_id(cell) == name)
        text = "".join(cell.source for cell in released[i - 1 : i] if cell.cell_type == "markdown")
        heading = re.search(r"^#+ Exercise \d+\.\d+ · .*", text, re.MULTILINE)
        asked = text[heading.start() :] if heading else f"### {name}"
        yield new_markdown_cell(f"{asked.strip()}\n\n*From [{lesson.title}]({lesson.path}).*")
        if uses := _uses(solved, name, wanted):
            yield new_code_cell(f"# What it uses from its lesson.\n{uses}")
        yield released[i]
        yield from (cell for cell in released[i + 1 : i + 2] if checked(cell.source) == name)
        if hints := [block for cell in released[i + 1 : i + 3] for block in _HINTS.findall(cell.source)]:
            yield new_markdown_cell("\n".join(hints))


def _solved(root: Path, lesson: Outline) -> Sequence[NotebookNode]:
    """The lesson's cells with answers in them: the course's, or where these are not given out, the learner's own."""
    for path in (root / "solutions" / lesson.path, work_of(root) / lesson.path):
        with suppress(Unreadable):
            return read_notebook(read_bytes(path)).cells
    return []


@dataclass(frozen=True)
class _Statement:
    """A statement at the top of a lesson's cell: its text, the names it gives values to, and those it uses."""

    text: str
    gives: frozenset[str]
    uses: frozenset[str]
    is_import: bool


def _uses(cells: Sequence[NotebookNode], name: str, wanted: Sequence[str]) -> str:
    """The code that the exercise ``name`` needs from the cells above it: all imports, and what defines its names.

    Other exercises are taken along where it uses them, but for those that are to be written in the same review.
    """
    statements: list[_Statement] = []
    needed: set[str] = set()
    for cell in cells:
        if cell.cell_type != "code" or checked(cell.source):
            continue
        try:
            its_own = list(_statements(_MARKER.sub("", cell.source)))
        except (SyntaxError, ValueError):  # a magic, or unfinished, in a learner's own copy
            continue
        if grade_id(cell) == name:
            needed = {used for each in its_own for used in each.uses} - {
                given for each in its_own for given in each.gives
            }
            break
        if grade_id(cell) not in wanted:
            statements += its_own
    kept = []
    for each in reversed(statements):
        if each.is_import or needed & each.gives:
            kept.append(each.text)
            needed = needed - each.gives | each.uses
    return "\n".join(reversed(kept))


def _statements(source: str) -> Iterator[_Statement]:
    """The statements of a cell; of what it imports from the course's own library nothing, unless it is asked for."""
    for node in ast.parse(source).body:
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        for part in _apart(node) if is_import else [node]:
            text = ast.unparse(part) if is_import else ast.get_source_segment(source, part)
            ours = isinstance(part, ast.ImportFrom) and part.module == _LIBRARY
            yield _Statement(text, *_names(text), is_import and not ours)


def _apart(node: ast.Import | ast.ImportFrom) -> Iterator[ast.stmt]:
    """The names that one statement imports, each in a statement of its own where they come from the library."""
    if not isinstance(node, ast.ImportFrom) or node.module != _LIBRARY:
        yield node
        return
    for alias in node.names:
        yield ast.ImportFrom(node.module, [alias], node.level)


def _names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that code gives values to at its top, and the global ones that it uses, functions' bodies included."""
    top = symtable.symtable(source, "cell", "exec")
    gives = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    uses, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        uses |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (table is top or symbol.is_global())
        }
    return frozenset(gives), frozenset(uses)
