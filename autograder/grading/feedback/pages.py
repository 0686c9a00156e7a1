"""Feedback pages: what each exercise earned and why, in HTML in which nothing that a learner wrote can act.

Three walls, each of which would do: of outputs only text and PNG images are shown; the HTML that comes of Markdown,
learners' and graders', keeps only tags and attributes that show something; and the page's own Content-Security-Policy
forbids scripts, frames, forms and the network. Formulas are shown as TeX.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config

from autograder.grading.feedback import html
from autograder.grading.feedback.current import Pages
from autograder.grading.gradebook.exchange import carry
from autograder.grading.gradebook.settings import read_course, shut_grades
from autograder.grading.lines import notes_for_student

TOGETHER = 20  # pages that one process writes at a time


class FeedbackError(Exception):
    """Feedback for some students could not be written; the message names them."""


def write_feedback(
    root: Path,
    lesson: str,
    students: Iterable[str],
    jobs: int = 1,
    told: Callable[[int], object] = lambda more: None,
) -> dict[str, Path]:
    """Write the feedback pages of students whose ``lesson`` was recorded, as ``nbgrader generate_feedback`` does.

    A page that would be the same as it is stays.

    Args:
        jobs: so many processes at most write them.
        told: called with how many more are as they should be.

    Returns:
        student -> page, under autograder/feedback.

    Raises:
        FeedbackError: some pages could not be written; the others were.
    """
    course = read_course(root)
    folders = course.coursedir
    pages = {
        student: Path(folders.format_path(folders.feedback_directory, student, lesson), f"{lesson}.html")
        for student in students
    }
    current = Pages(course, lesson, pages)
    new = current.outdated()
    told(len(pages) - len(new))
    failed = []
    try:
        for some, missing in _write_all(root, lesson, new, jobs):
            failed += missing
            current.keep(set(some).difference(missing))
            told(len(some))
    finally:
        shut_grades(folders)
    if failed:
        raise FeedbackError(
            f"No feedback on {lesson} for {', '.join(sorted(failed))}; expected a recorded submission of each. "
            "Grade them first; what nbgrader says is above."
        )
    return pages


def _write_all(root: Path, lesson: str, students: Sequence[str], jobs: int) -> Iterator[tuple[list[str], list[str]]]:
    """Write pages, some at a time: whose they are, and whose could not be written."""
    parts = [list(students[i : i + TOGETHER]) for i in range(0, len(students), TOGETHER)]
    if min(jobs, len(parts)) < 2:  # another process has to import all of nbgrader first
        yield from ((part, _write(root, lesson, part)) for part in parts)
        return
    with ProcessPoolExecutor(min(jobs, len(parts)), multiprocessing.get_context("spawn")) as executor:
        writing = {executor.submit(_write, root, lesson, part): part for part in parts}
        for future in as_completed(writing):
            yield writing[future], future.result()


def _write(root: Path, lesson: str, students: Sequence[str]) -> list[str]:
    """Write these students' pages; those whose page could not be written."""
    course = read_course(root)
    folders = course.coursedir
    folders.assignment_id = lesson
    converter = _Feedback(students, coursedir=folders, parent=course)
    converter.force = True
    converter.log.setLevel(logging.ERROR)  # that an older page makes way is no news
    try:
        converter.start()
    except NbGraderException:
        missing = [
            student
            for student in students
            if not Path(folders.format_path(folders.feedback_directory, student, lesson), f"{lesson}.html").is_file()
        ]
        return missing or list(students)
    return []


class _Feedback(GenerateFeedback):
    """nbgrader's converter, for a list of students in the place of a pattern that a student's name might match."""

    def __init__(self, students: Iterable[str], **kwargs: Any):
        super().__init__(**kwargs)
        self._students = students

    def init_notebooks(self) -> None:
        lesson = self.coursedir.assignment_id
        folders = [self._format_source(lesson, student) for student in self._students]
        self.assignments = {folder: [str(Path(folder, f"{lesson}.ipynb"))] for folder in folders}


class FeedbackExporter(HTMLExporter):
    """nbgrader's feedback page, harmless whatever is in the notebook; set in nbgrader_config.py."""

    @property
    def default_config(self) -> Config:
        """nbconvert's, with this page's template; nbgrader sets another one, but for all exporters alike."""
        config = super().default_config.copy()
        config.merge(
            {
                "FeedbackExporter": {
                    "template_name": "course_feedback",
                    "extra_template_basedirs": [str(html.TEMPLATES), str(html.NBGRADERS)],
                    "extra_template_paths": [str(html.NBGRADERS)],  # from where the template extends nbgrader's
                    "filters": {"markdown2html": html.markdown2html, "highlight_code": html.highlight_code},
                    "preprocessors": [html.Harmless],
                },
                "NbConvertBase": {"display_data_priority": ["image/png", "text/plain"]},
            }
        )
        return config

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of a graded notebook; what nbgrader's exchange wants beside it is laid there."""
        where, folders = (resources or {}).get("nbgrader"), getattr(self.parent, "coursedir", None)
        if where and folders:
            page = folders.format_path(folders.feedback_directory, where["student"], where["assignment"])
            carry(Path(filename).parent, Path(page))
        return super().from_filename(filename, resources, **kwargs)

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of a graded notebook."""
        resources = {**(resources or {}), "content_security_policy": html.POLICY, "notes": self._notes(resources or {})}
        # not nbconvert's own, which reads the whole page once more, to change what is not in it: half of the time
        return TemplateExporter.from_notebook_node(self, nb, self._init_resources(resources), **kwargs)

    def _notes(self, resources: dict[str, Any]) -> list[str]:
        """What the gradebook says of the whole submission: that it was late, or that an exercise was withdrawn."""
        if "nbgrader" not in resources or self.parent is None:
            return []
        about = resources["nbgrader"]
        return notes_for_student(
            Path(self.parent.coursedir.root), about["db_url"], about["assignment"], about["student"]
        )
