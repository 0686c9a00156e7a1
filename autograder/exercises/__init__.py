"""The exercises of the course: one package a lesson, one module an exercise (or a few of a kind).

Each `Exercise` in a module of these packages is one of the course's; there is no list to keep.
"""

import importlib
import pkgutil

from autograder.exercise import Exercise


def _found(package_path: list[str], package: str) -> dict[str, Exercise]:
    """Every exercise by its name, lesson by lesson."""
    modules = [importlib.import_module(info.name) for info in pkgutil.walk_packages(package_path, f"{package}.")]
    placed = [(value, module) for module in modules for value in vars(module).values() if isinstance(value, Exercise)]
    found: dict[str, Exercise] = {}
    for exercise, module in sorted(placed, key=lambda pair: (pair[0].lesson, pair[0].name)):
        if found.setdefault(exercise.name, exercise) is not exercise:
            raise ValueError(
                f'Two exercises are named "{exercise.name}"; {module.__file__} has one of them. Rename it.'
            )
    return found


_ALL = _found(__path__, __name__)
# The start notebook is no lesson: its exercise is judged like the others, and counted nowhere.
EXERCISES: dict[str, Exercise] = {name: exercise for name, exercise in _ALL.items() if exercise.lesson != "start"}
WARM_UP: dict[str, Exercise] = {name: exercise for name, exercise in _ALL.items() if exercise.lesson == "start"}
