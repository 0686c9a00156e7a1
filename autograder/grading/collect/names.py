"""Names that people gave: whose name is in them, if anybody's is."""

from __future__ import annotations

import re
from collections.abc import Collection

from autograder.grading.collect.students import Owner, lesson_in, plain

_NOBODYS = {  # words in the names of folders, archives and files that name no student
    *("submitted", "submission", "submissions", "download", "downloads", "downloaded", "drive", "archive", "archives"),
    *("export", "exports", "exported", "extracted", "collected", "collection", "work", "home", "tmp", "files", "all"),
    *("lesson", "lessons", "assignment", "assignments", "homework", "homeworks", "hw", "exercise", "exercises", "lab"),
    *("sheet", "week", "section", "group", "part", "unit", "class", "course", "students", "student", "notebook"),
    *("notebooks", "solution", "solutions", "answers", "final", "untitled", "readme", "index", "grades", "license"),
    *("gradebook", "inbound", "exchange", "nbgrader", "classroom", "gradescope", "moodle", "canvas", "sakai"),
    *("blackboard", "brightspace", "openolat", "manifest", "my", "the", "of"),
}
_COPY = re.compile(r"\b(?:copy of|kopie von|copie de|copia de|copia di|kopia)\b\s*", re.IGNORECASE)
_AGAIN = re.compile(r"(?:-(?P<number>\d{1,4})|\s*\(\d{1,4}\)|[-_ ]copy\d*)$", re.IGNORECASE)
_ENDING = re.compile(r"(?:\.(ipynb|json|txt|zip|tar|tgz|gz))+$", re.IGNORECASE)


def of_archive(archive: str) -> Owner | None:
    """Whose an archive is by its own name; None where that names nobody."""
    name = name_in_file(archive, ())
    return Owner(name) if name else None


def name_in_folder(name: str, lessons: Collection[str]) -> str:
    """A folder's name without its lesson."""
    lesson = lesson_in(name, lessons)
    return plain(name.replace(lesson, "", 1).strip("_- .")) if lesson else plain(name)


def name_in_file(file: str, lessons: Collection[str]) -> str:
    """What is left of a file's name without its lesson and what copying put there; empty where that names nobody."""
    name = _ENDING.sub("", file)
    name = _COPY.sub("", name if name != file else re.sub(r"\.\w{1,5}$", "", file))
    lesson = lesson_in(name, lessons)
    name = _AGAIN.sub("", name.replace(lesson, "", 1) if lesson else name).strip("_- .")
    return "" if is_nobodys(name, lessons) else plain(name)


def is_copy(file: str) -> bool:
    """Whether a file is called the copy of another, as Google Drive calls it."""
    return bool(_COPY.search(file))


def attempt_of(name: str) -> int:
    """Which of a student's own copies a file is, by what browsers and Canvas put at its end: ``x-2.ipynb`` -> 2."""
    found = _AGAIN.search(_ENDING.sub("", name))
    return int(found["number"] or 0) if found else 0


def is_nobodys(name: str, lessons: Collection[str]) -> bool:
    """Whether a name is made of words that name nobody, with numbers and single letters: "Section A", "hw7-export"."""
    name = name.lower()
    for lesson in lessons:
        name = name.replace(lesson.lower(), " submission ")
    words = re.findall(r"[^\W\d_]+|\d+", name)
    said = [word for word in words if word in _NOBODYS]
    return not words or (bool(said) and all(word in _NOBODYS or word.isdigit() or len(word) == 1 for word in words))
