"""A course directory for tests, and graded submissions to record in it."""

import shutil
from dataclasses import replace

import nbformat
from nbgrader.api import Gradebook
from nbgrader.utils import compute_checksum

from autograder.grading.outcome import GRADED, ExerciseGrade, Graded
from autograder.grading.outputs import check_output
from tests.support import ROOT

LESSON = "07_layers"
FILE = f"{LESSON}.ipynb"


def make_course(folder):
    """A course directory with the configuration and the released lesson."""
    (folder / "autograder").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for kind in ("lessons", "solutions"):
        (folder / kind / LESSON).mkdir(parents=True)
        shutil.copy(ROOT / kind / LESSON / FILE, folder / kind / LESSON)
    return folder


def release():
    return nbformat.read(ROOT / "lessons" / LESSON / FILE, as_version=4)


def checks(notebook):
    return {cell.id.removeprefix("check_"): cell for cell in notebook.cells if cell.id.startswith("check_")}


def set_points(course, **points):
    """Change in the course's release what exercises and questions are worth; None takes an exercise out of it."""
    path = course / "lessons" / LESSON / FILE
    notebook = nbformat.read(path, as_version=4)
    for name, worth in points.items():
        mine = [cell for cell in notebook.cells if cell.id in (name, f"check_{name}")]
        if worth is None:
            notebook.cells = [cell for cell in notebook.cells if cell not in mine]
        for cell in mine:
            if cell.metadata.nbgrader.grade and worth is not None:
                cell.metadata.nbgrader.points = worth
                cell.metadata.nbgrader.checksum = compute_checksum(cell)
    nbformat.write(notebook, path)


def graded(student, wrong=(), answer="Because the mean stays as it was.", stubs=()):
    """A submission in which all exercises passed but ``wrong`` and ``stubs``, whose cells are the release's."""
    notebook = release()
    exercises = {}
    for name, cell in checks(notebook).items():
        points = cell.metadata.nbgrader.points
        passed = ExerciseGrade(points, points, "passed", f"{name}: passed 96 calls.")
        exercises[name] = passed
        if name in (*wrong, *stubs):
            status = "wrong" if name in wrong else "not attempted"
            exercises[name] = replace(passed, points=0, status=status, message=f"{name}: {status}.\n  Which dim?")
        cell.outputs = check_output(exercises[name])
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.id not in stubs:
            cell.source = answer if cell.cell_type == "markdown" else f"def {cell.id}(*args): ...  # {student}"
    return Graded(student, LESSON, GRADED, exercises, notebook=nbformat.writes(notebook) + "\n")


def gradebook_rows(db_url, lesson=LESSON):
    """All grades and comments in a gradebook, by names instead of ids, and who submitted when."""
    rows = []
    with Gradebook(db_url) as gradebook:
        for submission in gradebook.assignment_submissions(lesson):
            student = submission.student.id
            rows.append((student, "submitted", submission.timestamp))
            for notebook in submission.notebooks:
                rows.append((student, notebook.name, notebook.flagged, notebook.late_submission_penalty))
                rows += [
                    (student, each.name, each.auto_score, each.manual_score, each.extra_credit, each.needs_manual_grade)
                    for each in notebook.grades
                ]
                rows += [(student, each.name, "score", each.score, each.max_score) for each in notebook.grades]
                rows += [
                    (student, comment.name, comment.auto_comment, comment.manual_comment)
                    for comment in notebook.comments
                ]
    return sorted(rows, key=repr)


def release_rows(db_url):
    """The lesson's cells as they are in a gradebook."""
    with Gradebook(db_url) as gradebook:
        notebook = gradebook.find_notebook(LESSON, LESSON)
        cells = (*notebook.grade_cells, *notebook.solution_cells, *notebook.source_cells)
        dicts = [{**cell.to_dict(), "id": None, "kind": type(cell).__name__} for cell in cells]
        return [notebook.kernelspec, *sorted(dicts, key=repr)]


def sqlite(course):
    return f"sqlite:///{course / 'autograder' / 'gradebook.db'}"
