"""Answers that learners might write: right ones in different ways, and wrong ones beyond the known mistakes.

One module a lesson, with `RIGHT`, exercise -> right answers, and `WRONG`, rows of (exercise, wrong answer, words that
its message must hold).
"""

import importlib
import pkgutil

_LESSONS = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]

RIGHT = {name: answers for lesson in _LESSONS for name, answers in lesson.RIGHT.items()}
WRONG = tuple(row for lesson in _LESSONS for row in lesson.WRONG)
