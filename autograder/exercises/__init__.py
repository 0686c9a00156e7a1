"""The exercises of the course: one package a lesson, each with its right answers, inputs and known mistakes."""

from autograder.exercise import Exercise
from autograder.exercises import layers

_LESSONS = (layers,)

EXERCISES: dict[str, Exercise] = {exercise.name: exercise for lesson in _LESSONS for exercise in lesson.EXERCISES}
