"""``course export``: what a person asks for, and which file that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.grading.export.feedback import write_feedback_zip
from autograder.grading.export.grades import Exported, Wanted, fill_in, read_grades
from autograder.grading.export.layouts import LAYOUTS
from autograder.grading.export.plain import write_table
from autograder.notebooks.course import CourseError, meant_lesson, released_lessons


def export(
    root: Path,
    file: Path,
    platform: str,
    lessons: Sequence[str],
    template: Path | None,
    columns: Sequence[str],
    people: Mapping[str, str],
    scale: bool,
) -> Exported:
    """Write ``file``: feedback if it is a zip, else grades; see ``course export --help``.

    Raises:
        CourseError: what is asked for cannot be, for the reason given; nothing was written.
        OSError: the disk refuses.
    """
    platform = platform.casefold()
    if platform not in LAYOUTS:
        raise CourseError(f"--to {platform}: expected {', '.join(LAYOUTS)}.")
    known = released_lessons(root)
    meant = list(dict.fromkeys(meant_lesson(name, known) for name in lessons))
    if file.suffix.casefold() == ".zip":
        if len(meant) != 1:
            raise CourseError(f"Feedback is of one lesson. Say of which: course export {file} LESSON --to {platform}.")
        return write_feedback_zip(root, file, platform, meant[0])
    if template is None and platform == "csv":
        n = write_table(root, file, grades := read_grades(root, meant, known))
        return Exported([f"{', '.join(grades)}: {n} people in {file}."])
    if template is None:
        raise CourseError(
            f"{platform.title()} takes back its own export, with its ids and titles. Export the grades there, and say: "
            "--template THAT_FILE."
        )
    where = {}
    for each in columns:
        lesson, is_given, title = each.partition("=")
        if not is_given:
            raise CourseError(f"--column {each}: expected LESSON=TITLE.")
        where[meant_lesson(lesson, known)] = title
    return fill_in(root, template, file, Wanted(platform, meant, where, people, scale), known)
