"""Feedback pages: what each exercise earned and why, in HTML in which nothing that a learner wrote can act.

Three walls, each of which would do: of outputs only text and PNG images are shown; the HTML that comes of Markdown,
learners' and graders', keeps only tags and attributes that show something; and the page's own Content-Security-Policy
forbids scripts, frames, forms and the network. Formulas are shown as TeX.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from traitlets.config import Config

from autograder.grading.feedback import html
from autograder.grading.gradebook.exchange import carry
from autograder.grading.gradebook.settings import read_course, shut_grades
from autograder.grading.lines import notes_for_student


class FeedbackError(Exception):
    """Feedback for some students could not be written; the message names them."""


def write_feedback(root: Path, lesson: str, students: Iterable[str]) -> dict[str, Path]:
    """Write the feedback pages of students whose ``lesson`` was recorded, as ``nbgrader generate_feedback`` does.

    Returns:
        student -> page, under autograder/feedback.

    Raises:
        FeedbackError: some pages could not be written; the others were.
    """
    course = read_course(root)
    folders = course.coursedir
    folders.assignment_id = lesson
    students = list(students)
    converter = _Feedback(students, coursedir=folders, parent=course)
    converter.force = True
    converter.log.setLevel(logging.ERROR)  # that an older page makes way is no news
    pages = {
        student: Path(folders.format_path(folders.feedback_directory, student, lesson), f"{lesson}.html")
        for student in students
    }
    try:
        converter.start()
    except NbGraderException as error:
        missing = [student for student, page in pages.items() if not page.is_file()]
        raise FeedbackError(
            f"No feedback on {lesson} for {', '.join(missing) or 'anybody'}; expected a recorded submission of each. "
            "Grade them first; what nbgrader says is above."
        ) from error
    finally:
        shut_grades(folders)
    return pages


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
        return super().from_notebook_node(nb, resources, **kwargs)

    def _notes(self, resources: dict[str, Any]) -> list[str]:
        """What the gradebook says of the whole submission: that it was late, or that an exercise was withdrawn."""
        if "nbgrader" not in resources or self.parent is None:
            return []
        about = resources["nbgrader"]
        return notes_for_student(
            Path(self.parent.coursedir.root), about["db_url"], about["assignment"], about["student"]
        )
