"""Whether most of a class, or all that a student wrote, falls alike: then the fault may lie with grader or lesson.

A known mistake that many make is no such thing: it explains itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.grading.outcome import ERROR, FAILED, ExerciseGrade, Graded

FEWEST = 3  # students of a class, or exercises of a student
_TRIED = ("passed", "wrong", "error")


@dataclass(frozen=True)
class Alike:
    """Submissions that fall alike, and what to say of them.

    Attributes:
        lesson: the lesson.
        students: whose submissions they are.
        says: a sentence, with what to do.
    """

    lesson: str
    students: tuple[str, ...]
    says: str

    def concerns(self, result: Graded) -> bool:
        """Whether the submission is one of them."""
        return result.lesson == self.lesson and result.student in self.students


def find_alike(graded: Sequence[Graded]) -> list[Alike]:
    """What falls alike: first what most of a class have in common, then what one student's exercises have."""
    found = []
    for lesson in dict.fromkeys(result.lesson for result in graded):
        of_lesson = [result for result in graded if result.lesson == lesson and result.outcome != ERROR]
        found += [*_in_the_class(lesson, of_lesson), *_in_one_notebook(of_lesson)]
    return sorted(found, key=lambda alike: len(alike.students) == 1)


def _in_the_class(lesson: str, graded: Sequence[Graded]) -> Iterator[Alike]:
    failed = defaultdict(list)
    for result in graded:
        if result.outcome == FAILED:
            failed[_plain(result.warnings[-1])].append(result)
    yield from _most(lesson, failed.values(), len(graded), "could not be run at all, for the same reason", None)
    ran = [result for result in graded if result.outcome != FAILED]
    for name in dict.fromkeys(name for result in ran for name in result.exercises):
        tried = [result for result in ran if name in result.exercises and result.exercises[name].status in _TRIED]
        same = defaultdict(list)
        for result in tried:
            if error := what_went_wrong(result.exercises[name]):
                same[error].append(result)
        yield from _most(lesson, same.values(), len(tried), f"fail `{name}` with the same error", name)


def _most(lesson: str, groups: Iterable[list[Graded]], n: int, what: str, name: str | None) -> Iterator[Alike]:
    for group in groups:
        if len(group) >= FEWEST and 2 * len(group) > n:
            students = tuple(result.student for result in group)
            said = group[0].exercises[name].message if name else group[0].warnings[-1]
            says = f"{len(group)} of {n} {what}: look at one of them before you publish, such as {students[0]}'s. "
            yield Alike(lesson, students, says + first_line(said))


def _in_one_notebook(graded: Sequence[Graded]) -> Iterator[Alike]:
    for result in graded:
        grades = [grade for grade in result.exercises.values() if grade.status in _TRIED]
        errors = {what_went_wrong(grade) for grade in grades}
        if result.outcome != FAILED and len(grades) >= FEWEST and len(errors) == 1 and None not in errors:
            says = f"all {len(grades)} exercises that {result.student} tried fail with the same error: "
            says += f"look at the notebook before you publish. {first_line(grades[0].message)}"
            yield Alike(result.lesson, (result.student,), says)


def what_went_wrong(grade: ExerciseGrade) -> str | None:
    """What went wrong, without what differs from student to student; None where there is nothing to wonder about."""
    if grade.status == "error" or (grade.status == "wrong" and grade.mistake is None):
        return _plain(first_line(grade.message).partition(": ")[2])
    return None


def first_line(message: str) -> str:
    """The fact, without the call and the advice."""
    return message.partition("\n")[0]


def _plain(text: str) -> str:
    return re.sub(r"[\d.e+-]*\d", "#", text)
