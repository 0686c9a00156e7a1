"""Answers that learners might write: right ones in different ways, and wrong ones beyond the known mistakes."""

from answers import layers

_LESSONS = (layers,)

# exercise -> right answers
RIGHT = {name: answers for lesson in _LESSONS for name, answers in lesson.RIGHT.items()}
# (exercise, wrong answer, words that its message must hold)
WRONG = tuple(row for lesson in _LESSONS for row in lesson.WRONG)
