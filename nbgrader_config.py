"""This repository as an nbgrader course: https://nbgrader.readthedocs.io.

Run the nbgrader commands in this folder. What they make beside lessons/ is kept under autograder/, untracked.
"""

import os
from importlib.util import find_spec
from pathlib import Path

# For the kernels that nbgrader starts: threads that wait by spinning slow small models down on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

course = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.root = str(course)
# Without one, PostgreSQL refuses the assignments.
c.CourseDirectory.course_id = os.environ.get("COURSE_ID") or "pytorch-course"
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

# nbgrader's exchange: what COURSE_EXCHANGE names, else nbgrader's own folder where this machine has it, else one here.
# Students need the same exchange and course_id, see docs/grading.md.
exchange = os.environ.get("COURSE_EXCHANGE", "")
if "://" in exchange:  # the address of ngshare, which takes the folder's place on Kubernetes
    from ngshare_exchange import configureExchange

    configureExchange(c, exchange)
else:
    if exchange:
        c.Exchange.root = exchange
    elif not Path("/usr/local/share/nbgrader/exchange").is_dir():
        c.Exchange.root = str(course / "autograder" / "exchange")
    c.ExchangeFactory.release_assignment = "autograder.grading.gradebook.exchange.ReleaseAssignment"
    c.ExchangeFactory.collect = "autograder.grading.gradebook.exchange.Collect"
    c.ExchangeFactory.release_feedback = "autograder.grading.gradebook.exchange.ReleaseFeedback"

# Students' code runs in a sandbox, also when it is `nbgrader autograde` or formgrader that grades.
c.Autograde.exporter_class = "autograder.grading.gradebook.nbgrader_step.GradingExporter"
c.GradingExporter.minutes = 3  # for one submission, all in all, also with `course grade`
# A wrong answer gets no points. Take the mark away, and it gets those of the parts of the exercise that it has right:
# value, gradient, dtype, edge; none where ordinary values are wrong or a rule is broken. See docs/grading.md.
# c.GradingExporter.partial = True
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.grading.gradebook.nbgrader_step.RecordGrades",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GenerateFeedback.exporter_class = "autograder.grading.feedback.pages.FeedbackExporter"

# Formgrader shows what students wrote on a page in which none of it can act.
pages = Path(find_spec("autograder.grading").origin).parent / "feedback" / "templates"
nbgraders = Path(find_spec("nbgrader").origin).parent / "server_extensions" / "formgrader" / "templates"
c.HTMLExporter.template_name = "course_formgrader"
c.HTMLExporter.extra_template_basedirs = [str(pages), str(nbgraders)]
c.HTMLExporter.extra_template_paths = [str(nbgraders), str(nbgraders / "formgrade")]
c.HTMLExporter.preprocessors = ["autograder.grading.feedback.html.Harmless"]
c.HTMLExporter.filters = {
    "markdown2html": "autograder.grading.feedback.html.markdown2html",
    "nonced": "autograder.grading.feedback.html.nonced",
}

# What is handed in late loses no points, unless a plugin takes some. One is ready: a share of the points for each day,
# or begun day, after the due date in autograder/deadlines.toml. Take the marks away to use it.
# c.AssignLatePenalties.plugin_class = "autograder.grading.gradebook.late.SharePerDay"
# c.SharePerDay.share = 0.1
# c.SharePerDay.grace_minutes = 15
# c.SharePerDay.floor = 0.5  # so much of the points stays, however late it is

# What stands in a lesson in the place of a solution: this, or the faulty program that it mends.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "autograder.authoring.clearing.ClearOrSpoil",  # in the place of ClearSolutions; all others are nbgrader's own
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your code here"}
c.ClearSolutions.text_stub = "*Your answer here.*"

# nbgrader's 30 s a cell are short where a machine imports torch for the first time, or trains.
c.Execute.timeout = 300
