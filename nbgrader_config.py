"""This repository as an nbgrader course: https://nbgrader.readthedocs.io.

Run the nbgrader commands in this folder. What they make beside lessons/ is kept under autograder/, untracked.
"""

import os
from pathlib import Path

# For the kernels that nbgrader starts: threads that wait by spinning slow small models down on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

course = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.root = str(course)
c.CourseDirectory.course_id = "pytorch-course"  # without one, PostgreSQL refuses the assignments
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "lessons"
c.CourseDirectory.submitted_directory = "autograder/submitted"
c.CourseDirectory.autograded_directory = "autograder/autograded"
c.CourseDirectory.feedback_directory = "autograder/feedback"
# COURSE_DB_URL=postgresql+psycopg2://user@host/course keeps the grades in PostgreSQL instead of a file.
c.CourseDirectory.db_url = os.environ.get(
    "COURSE_DB_URL", f"sqlite:///{(course / 'autograder' / 'gradebook.db').as_posix()}"
)

# A submission is its notebook. What else is in its folder, which may be links to anything, nbgrader would copy
# along; it leaves out folders with these names.
lessons = {path.name for folder in ("solutions", "lessons") for path in (course / folder).glob("*")}
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", *sorted(lessons)]

# Students' code runs in a sandbox, also when it is `nbgrader autograde` or formgrader that grades.
c.Autograde.exporter_class = "autograder.grading.gradebook.nbgrader_step.GradingExporter"
c.GradingExporter.minutes = 3  # for one submission, all in all, also with `course grade`
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GenerateFeedback.exporter_class = "autograder.grading.feedback.pages.FeedbackExporter"

# What stands in a lesson in the place of a solution.
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your code here"}
c.ClearSolutions.text_stub = "*Your answer here.*"

# nbgrader's 30 s a cell are short where a machine imports torch for the first time, or trains.
c.Execute.timeout = 300
