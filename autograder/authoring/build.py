"""Build the notebooks: source/NN_name.py -> solutions/NN_name/NN_name.ipynb -> lessons/NN_name/NN_name.ipynb.

The start notebook goes the same way, from source/start/start.py to lessons/start.ipynb.

The second step is nbgrader's own generate_assignment. It runs in a scratch course directory, because it deletes
what it finds in its way, and without a gradebook, because building must not touch a class's grades.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from itertools import count
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from traitlets.config import Config, PyFileConfigLoader

from autograder.authoring import elsewhere
from autograder.authoring.cells import PREDICTION, Cell
from autograder.authoring.source import Lesson, read_lesson, read_lessons
from autograder.exercises import EXERCISES, WARM_UP
from autograder.notebooks.course import START, lesson_folders
from autograder.notebooks.ids import cell_id

GENERATED = ("solutions", "lessons")

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_FOLDED = "# Run this: it asks what the next cell will show."  # what is seen of a folded cell is its first line
_SHORT = 12  # a solution's line of fewer characters, such as `return x`, may well stand in a lesson too


class BuildError(Exception):
    """The sources are sound and still no lessons came of them; the text says why and what to do."""


def build(root: Path, out: Path | None = None) -> list[str]:
    """Build every lesson of the course, and remove the notebooks of lessons whose source has gone.

    The same sources give the same bytes. Nothing is replaced before everything is built, and a notebook that
    is up to date is left alone.

    Args:
        root: the course: the folder with source/ and nbgrader_config.py.
        out: where solutions/ and lessons/ are written; the course itself when None.

    Returns:
        The lessons' names, in order.

    Raises:
        SourceError: a source cannot become a lesson.
        BuildError: there is no source, nbgrader refused a notebook, a lesson would give a solution away, or
            the folder of a lesson that has gone holds something that no build made.
    """
    lessons = read_lessons(root / "source", EXERCISES)
    if not lessons:
        raise BuildError(f"{root / 'source'}: no lessons; expected files such as 07_layers.py.")
    out = out or root
    names = [lesson.name for lesson in lessons]
    repository = elsewhere.repository(root)
    gone = _gone(out, names)
    start = root / "source" / START / f"{START}.py"
    notebooks = [*lessons, *([read_lesson(start, WARM_UP)] if start.is_file() else [])]
    with tempfile.TemporaryDirectory() as scratch:
        for lesson in notebooks:
            notebook = _notebook_path(Path(scratch), "solutions", lesson.name)
            notebook.parent.mkdir(parents=True)
            nbformat.write(_notebook(lesson, repository), notebook)
        _generate_assignments(root / "nbgrader_config.py", Path(scratch))
        for lesson in notebooks:
            _refuse_leaks(lesson, _notebook_path(Path(scratch), "lessons", lesson.name))
        for folder in GENERATED:
            for lesson in notebooks:
                built = _notebook_path(Path(scratch), folder, lesson.name)
                lies_alone = lesson.name == START  # its links lead to the lessons' folders beside it
                _install(built, out / folder / built.name if lies_alone else _notebook_path(out, folder, lesson.name))
    for folder in gone:
        shutil.rmtree(folder)
    return names


def _notebook_path(course: Path, folder: str, name: str) -> Path:
    return course / folder / name / f"{name}.ipynb"


def _notebook(lesson: Lesson, repository: str | None) -> nbformat.NotebookNode:
    """The complete notebook, with nbgrader's metadata; each exercise is followed by its check."""
    cells: list[nbformat.NotebookNode] = []
    for cell in lesson.cells:
        node = {"code": new_code_cell, "markdown": new_markdown_cell}[cell.kind](cell.text)
        if "tags" in cell.options:
            node.metadata["tags"] = cell.options["tags"]
        if PREDICTION in cell.options.get("tags", ()):
            node.metadata["jupyter"] = {"source_hidden": True}  # what it says of each choice tells the right one
            node.source = f"{_FOLDED}\n{cell.text}"
        if cell.role == "plain":
            taken = {other.id for other in cells}
            node.id = next(id for n in count() if (id := cell_id(lesson.name, cell.text, n)) not in taken)
        elif cell.role == "question":
            _mark(node, cell.name, solution=True, points=cell.options["points"])
        else:
            _mark(node, cell.name, solution=True)
        cells.append(node)
        if cell.role == "exercise":
            cells.append(_check_cell(cell))
    if repository:
        cells[1:1] = _elsewhere_cells(lesson.name, repository)  # below the title
    return new_notebook(cells=cells, metadata=_METADATA)


def _elsewhere_cells(name: str, repository: str) -> list[nbformat.NotebookNode]:
    links = elsewhere.links(repository, f"lessons/{name}/{name}.ipynb")
    # grading skips a demo cell
    set_up = new_code_cell(elsewhere.set_up(repository), id="set-up", metadata={"tags": ["demo"]})
    return [new_markdown_cell(links, id="elsewhere"), set_up]


def _check_cell(cell: Cell) -> nbformat.NotebookNode:
    names = ", ".join(cell.candidates)
    node = new_code_cell(f"check({names})" if len(cell.candidates) == 1 else f"check(({names}))")
    _mark(node, f"check_{cell.name}", solution=False, points=cell.options["points"])
    return node


def _mark(node: nbformat.NotebookNode, grade_id: str, *, solution: bool, points: float | None = None) -> None:
    """Make ``node`` one of nbgrader's cells; it is graded when it has points."""
    node.id = grade_id
    node.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    if points is not None:
        node.metadata["nbgrader"]["points"] = points


def _generate_assignments(config_file: Path, scratch: Path) -> None:
    """Run nbgrader generate_assignment, as ``config_file`` has it, on all of ``scratch``/solutions."""
    config = PyFileConfigLoader(config_file.name, path=str(config_file.parent)).load_config()
    config.CourseDirectory.root = str(scratch)
    config.CourseDirectory.assignment_id = "*"
    config.GenerateAssignment.no_database = True  # what `nbgrader generate_assignment --no-db` sets
    config.SaveCells.enabled = False
    log = logging.getLogger(__name__)
    log.propagate = False  # what nbgrader logs is shown when it fails, and only then
    converter = GenerateAssignment(
        coursedir=CourseDirectory(config=Config(config), log=log), config=Config(config), log=log
    )
    result = capture_log(converter)
    if not result["success"]:
        raise BuildError(
            "nbgrader generate_assignment refused a notebook. It says:\n"
            + result.get("log", result["error"]).rstrip()
            + "\nCorrect the lesson's source, then run `course build` again."
        )


def _refuse_leaks(lesson: Lesson, notebook: Path) -> None:
    """Make sure that no line of a solution has reached the released notebook."""
    secret: list[tuple[Cell, int, str]] = []
    public: list[str] = []
    for cell in lesson.cells:
        inside = {i for begin, end in cell.regions() for i in range(begin, end + 1)}
        for i, line in enumerate(cell.text.split("\n")):
            if i not in inside:
                public.append(line)
            elif len(line.strip()) >= _SHORT:
                secret.append((cell, i, line.strip()))
    written = "\n".join(public)
    released = "\n".join(cell.source for cell in nbformat.read(notebook, as_version=4).cells)
    for cell, i, line in secret:
        if line in released and line not in written:
            where = f"source/{lesson.path.name}:{cell.first + i}"
            raise BuildError(f"{where}: the solution's line `{line}` is in the released lesson.")


def _install(built: Path, target: Path) -> None:
    """Put ``built`` at ``target``, at once and only if it differs."""
    content = built.read_bytes().replace(b"\r\n", b"\n")  # Windows writes the same bytes too
    if target.is_file() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.new")
    half.write_bytes(content)
    os.replace(half, target)


def _gone(out: Path, names: list[str]) -> list[Path]:
    """The folders of lessons that have no source any more."""
    folders = [folder for kind in GENERATED for folder in lesson_folders(out / kind)]
    gone = [folder for folder in folders if folder.name not in names]
    for folder in gone:
        foreign = _foreign(folder)
        if foreign:
            raise BuildError(
                f"{folder}: its source has gone, but it holds {foreign}, which no build made.\n"
                "Move that somewhere else (a learner's own copies belong in work/), then build again."
            )
    return gone


def _foreign(folder: Path) -> str | None:
    """What in a generated folder no build can have made: another file, or a notebook that somebody ran."""
    for path in sorted(folder.rglob("*")):
        if path != folder / f"{folder.name}.ipynb":
            return path.relative_to(folder).as_posix()
        if re.search(r'"execution_count": \d', path.read_text(encoding="utf-8")):
            return f"a {path.name} that somebody ran"
    return None
