"""Judge an answer: compare it with the reference, and say which known mistake explains a difference."""

from autograder.judge.judging import find_exercise, judge, judge_observed
from autograder.judge.verdict import Gone, Verdict

__all__ = ["Gone", "Verdict", "find_exercise", "judge", "judge_observed"]
