"""nbgrader's own table of students: filled from the book, and read for who is in no book."""

from __future__ import annotations

from pathlib import Path

from autograder.grading.gradebook.settings import open_gradebook, read_course
from autograder.grading.people.book import ANYWHERE, Book, Identity, Person


def write_students(root: Path, book: Book) -> None:
    """Write the names, e-mails and LMS ids of all who are on the roster into the gradebook; nobody is removed."""
    with open_gradebook(read_course(root).coursedir) as gradebook:
        for person in book:
            if person.on_roster:
                gradebook.update_or_create_student(
                    person.student,
                    first_name=person.first_name or None,
                    last_name=person.last_name or None,
                    email=person.email or None,
                    lms_user_id=person.lms_user_id or None,
                )


def everybody(root: Path, book: Book) -> list[Person]:
    """The people of the book, and those whom only nbgrader knows: by the id that it has."""
    with open_gradebook(read_course(root).coursedir) as gradebook:
        others = [
            Person(
                student.id,
                student.first_name or "",
                student.last_name or "",
                student.email or "",
                identities=[Identity(ANYWHERE, student.id)],
            )
            for student in gradebook.students
            if student.id not in book.people
        ]
    return [*book, *others]
