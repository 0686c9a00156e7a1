"""Feedback as Moodle and Canvas take it in bulk: a zip whose files are named as the submissions were.

- Moodle, "Upload multiple feedback files in a zip" (``mod/assign/feedback/file/importziplib.php`` of its source): a
  part of the path is ``FULL NAME_PARTICIPANT_assignsubmission_file_``; what is behind it becomes a feedback file of
  the participant with that number.
- Canvas, "Re-Upload Submissions" (``infer_comment_context_from_filename`` in its source): the same names as in the zip
  of submissions; it goes by the numbers of user and attachment in them, and shows the file under the name of what was
  handed in. So there it is a notebook: the graded one, with the points on top.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Collection, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import NamedTuple

from autograder.grading.collect.platforms import CANVAS, CANVAS_ANONYMOUS, MOODLE
from autograder.grading.collect.students import shown
from autograder.grading.export.grades import Exported, read_grades
from autograder.grading.feedback.current import Pages
from autograder.grading.feedback.notebook import feedback_notebook
from autograder.grading.gradebook.deadlines import read_deadline
from autograder.grading.gradebook.settings import read_course
from autograder.grading.gradebook.standing import read_comments
from autograder.grading.lines import notes_on
from autograder.grading.outcome import Standing
from autograder.grading.people.book import Book, HandedIn, Person
from autograder.grading.people.rows import NOT_IN_FILES
from autograder.notebooks.course import CourseError
from autograder.notebooks.files import write_private


class _Left(Exception):
    """Somebody without a file in the zip; the text says why."""


class _Lesson(NamedTuple):
    name: str
    standings: Mapping[str, Standing]
    comments: Mapping[str, Mapping[str, str]]
    zone: tzinfo
    pages: Callable[[str], Path]
    outdated: Collection[str]
    notebooks: Callable[[str], Path]


def write_feedback_zip(root: Path, into: Path, platform: str, lesson: str) -> Exported:
    """Write a zip with the feedback of all who have a grade, for a platform's bulk upload.

    Raises:
        CourseError: there are no grades, or no such upload on this platform.
    """
    if platform not in _MAKERS:
        raise CourseError(f"{platform} takes no feedback in bulk that is known; expected --to moodle or --to canvas.")
    grades, book, done = read_grades(root, [lesson], ())[lesson], Book(root), Exported()
    course = read_course(root)
    folders = course.coursedir

    def where(directory: str, ending: str) -> Callable[[str], Path]:
        return lambda student: Path(folders.format_path(directory, student, lesson), f"{lesson}{ending}")

    pages = where(folders.feedback_directory, ".html")
    about = _Lesson(
        lesson,
        grades,
        read_comments(root, lesson),
        read_deadline(root, lesson).zone,
        pages,
        Pages(course, lesson, {student: pages(student) for student in grades}).outdated(),
        where(folders.autograded_directory, ".ipynb"),
    )
    files: dict[str, tuple[str, bytes]] = {}
    for student in sorted(grades):
        try:
            if student not in book.people:
                raise _Left(
                    "people.json does not know the person; `course collect` and `course roster import` write it"
                )
            name, content = _MAKERS[platform](about, book.people[student])
            if name in files:
                raise _Left(f"{name} is {files[name][0]}'s already")
            files[name] = student, content
        except _Left as error:
            done.left += 1
            done.sentences.append(f"left out, {shown(student)}: {error}.")
    if not files:
        raise CourseError("\n".join(["There is no feedback to export.", *done.sentences]))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (_, content) in files.items():
            member = zipfile.ZipInfo(name, time.localtime()[:6])
            member.external_attr = 0o600 << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    write_private(into, data.getvalue())
    done.sentences.insert(0, f"{lesson}: the feedback of {len(files)} in {into}.")
    return done


def _for_moodle(lesson: _Lesson, person: Person) -> tuple[str, bytes]:
    page = lesson.pages(person.student)
    if not page.is_file():
        raise _Left("there is no feedback page; `course grade LESSON --feedback` writes it")
    if person.student in lesson.outdated:
        raise _Left("the page is not what it would be now; `course grade LESSON --feedback` writes it anew")
    return _moodle_name(lesson.name, person), page.read_bytes()


def _moodle_name(lesson: str, person: Person) -> str:
    """As the submission was named; else made of the number that a grading worksheet has."""
    handed_in = person.submissions.get(lesson)
    if handed_in and handed_in.platform == "Moodle":
        parts = handed_in.file.split("/")
        for i, part in enumerate(parts):
            if found := MOODLE.fullmatch(part):
                in_folder = "/" if i + 1 < len(parts) else ""
                return f"{found['who']}_{found['id']}_assignsubmission_file_{in_folder}{lesson}.html"
    numbers = {one.id for one in person.identities if (one.platform, one.lesson) == ("Moodle", lesson) and one.id}
    if len(numbers) != 1:
        raise _Left(
            "Moodle's number of the participant in this assignment is not known; `course roster import WORKSHEET "
            f"--lesson {lesson}` says it"
        )
    name = NOT_IN_FILES.sub("", person.name).replace("_", " ")
    return f"{name}_{numbers.pop()}_assignsubmission_file_{lesson}.html"


def _for_canvas(lesson: _Lesson, person: Person) -> tuple[str, bytes]:
    name = _canvas_name(person.submissions.get(lesson.name))
    student, standing = person.student, lesson.standings[person.student]
    notes = list(notes_on(standing, lesson.zone))
    try:
        return name, feedback_notebook(
            lesson.notebooks(student), lesson.name, standing, notes, lesson.comments.get(student, {})
        )
    except (OSError, ValueError) as error:
        raise _Left(f"the graded notebook cannot be read ({error})") from error


def _canvas_name(handed_in: HandedIn | None) -> str:
    """The file's name as Canvas wrote it. What is inside of that, in an archive, has a name that a student chose."""
    if handed_in is None or handed_in.platform != "Canvas":
        raise _Left("it was not collected from Canvas's zip, whose name of the file Canvas wants back")
    parts = handed_in.file.split("/")
    for part in parts:
        found = CANVAS_ANONYMOUS.fullmatch(part) or CANVAS.fullmatch(part)
        if found and found["attempt"]:
            if part is parts[-1] and found["id"][-20:] == handed_in.id:
                return part
            break
    raise _Left("it was handed in inside an archive, so Canvas's own name of the file cannot be given back")


_MAKERS = {"moodle": _for_moodle, "canvas": _for_canvas}
