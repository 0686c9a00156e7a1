"""The course as nbgrader_config.py describes it, read the way nbgrader reads it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from unittest.mock import patch

from nbgrader.api import Gradebook, get_alembic_version
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import inspect, text

from autograder.grading.gradebook.memory import make_memory
from autograder.grading.paper import SECONDS
from autograder.notebooks.files import make_private

_SQLITE = "sqlite:///"


class _Course(NbGrader):
    """nbgrader's application without a command: it only reads the configuration."""

    name = "course"
    load_cwd_config = False  # the course is where it is told to be, and not where the command was started

    def init_syspath(self) -> None:
        """Leave the path alone; nbgrader's commands put the current folder there."""

    @property
    def config_file_paths(self) -> list[str]:
        return [self.coursedir.root, *super().config_file_paths]


def read_course(root: Path) -> NbGrader:
    """The nbgrader application of the course in ``root``; its ``coursedir`` knows folders and the gradebook's address.

    Raises:
        Exception: whatever an error in nbgrader_config.py raises.
    """
    course = _Course(log_level=logging.WARNING)
    course.raise_config_file_errors = True  # nbgrader would go on with its defaults, in another gradebook
    course.initialize([], root=str(root.resolve()))
    return course


def submitted_folder(course: NbGrader) -> Path:
    """Where what was handed in is: STUDENT/LESSON/."""
    return Path(course.coursedir.root, course.coursedir.submitted_directory)


def seconds_each(course: NbGrader) -> float:
    """How long a worker may be at one submission, as nbgrader_config.py says: ``c.GradingExporter.minutes``."""
    return 60 * course.config.GradingExporter.get("minutes", SECONDS / 60)


def gives_partial_credit(course: NbGrader) -> bool:
    """Whether wrong answers earn the points of the parts they have: ``c.GradingExporter.partial``; off by default."""
    return bool(course.config.GradingExporter.get("partial", False))


def open_gradebook(course: CourseDirectory) -> Gradebook:
    """The course's gradebook, made where there is none yet; shut to others, as all that has grades in it is."""
    # nbgrader asks the program alembic for the version of a new gradebook: it is beside this Python
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with patch.dict(os.environ, PATH=programs):
        gradebook = Gradebook(course.db_url, course.course_id)
        if not inspect(gradebook.engine).has_table("alembic_version"):  # killed while it was made
            gradebook.db.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            gradebook.db.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": get_alembic_version()})
            gradebook.db.commit()
    make_memory(gradebook.engine)
    shut_grades(course)
    return gradebook


def shut_grades(course: CourseDirectory) -> None:
    """Shut the gradebook's file and the folders with what was handed in, graded and said of it to all but their owner.

    The files in these folders keep the modes that nbgrader gives them, with which it copies some to its exchange.
    Where the course is shared by a group (``CourseDirectory.groupshared``) nothing is changed.
    """
    if course.groupshared:
        return
    folders = course.submitted_directory, course.autograded_directory, course.feedback_directory
    make_private(*(Path(course.root, folder) for folder in folders))
    if course.db_url.startswith(_SQLITE):
        make_private(Path(course.db_url.removeprefix(_SQLITE)))
