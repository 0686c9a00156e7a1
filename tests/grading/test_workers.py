"""Who grades: a paper that ends its worker, or needs too much, costs nobody else anything."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest

from autograder.grading import examiner
from autograder.grading.examiner import Examiner, Overdue
from autograder.grading.outcome import ERROR, FAILED, GRADED, Graded
from autograder.grading.paper import Paper
from autograder.grading.workers import TRIES, grade_all
from autograder.sandbox.errors import SandboxError, SandboxLost
from tests.support.attacked import SEED, release, solution

LESSON = "07_layers"


def paper(student, data=b"", **more):
    return Paper(student, LESSON, data, release(LESSON), SEED, **more)


def solved(student, **more):
    return paper(student, nbformat.writes(solution(LESSON)).encode(), **more)


class Watched:
    """Grades by the paper's name, and remembers who was at it together."""

    def __init__(self, **raises):
        self.raises, self.now, self.given, self.lock = raises, set(), [], threading.Lock()

    def __call__(self, paper):
        with self.lock:
            self.now.add(paper.student)
            self.given.append((paper.student, set(self.now)))
        time.sleep(0.002)
        with self.lock:
            self.now.discard(paper.student)
        if paper.student in self.raises:
            raise self.raises[paper.student]
        return Graded(paper.student, paper.lesson, GRADED, {})


def outcomes(grade, students):
    results = grade_all(map(paper, students), grade, lambda: ThreadPoolExecutor(2), 2)
    return {result.student: result for result in results}


CLASS = [f"honest {n}" for n in range(12)]


def test_a_paper_that_ends_its_worker_is_tried_again_after_all_others_and_alone():
    grade = Watched(killer=SandboxLost("The process ended."), other=SandboxLost("It ended too."))
    results = outcomes(grade, ["killer", *CLASS, "other"])
    again = grade.given[len(CLASS) + 2 :]

    assert {name: results[name].outcome for name in CLASS} == dict.fromkeys(CLASS, GRADED)
    assert sorted(name for name, _ in again) == ["killer"] * (TRIES - 1) + ["other"] * (TRIES - 1)
    assert [together for name, together in again] == [{name} for name, _ in again]
    assert results["killer"].outcome == ERROR
    assert results["killer"].warnings == ("Not graded after 3 tries: The process ended.",)


def test_a_paper_that_was_not_done_in_its_time_is_not_tried_again_in_this_run():
    grade = Watched(late=Overdue("It was not done after 180 s."))
    results = outcomes(grade, ["late", *CLASS])

    assert len(grade.given) == 1 + len(CLASS)
    assert (results["late"].outcome, results["late"].warnings) == (
        ERROR,
        ("Not graded: It was not done after 180 s.",),
    )


def test_without_a_sandbox_nothing_is_graded():
    with pytest.raises(SandboxError, match="none here"):
        outcomes(Watched(killer=SandboxError("none here")), ["killer", *CLASS])


@pytest.fixture(scope="module")
def process():
    """One grading process for all tests, as long as none of them ends it."""
    started = Examiner()
    yield started
    started.close()


def test_a_paper_that_takes_too_much_computing_fails_and_the_next_one_is_graded(process, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(examiner, "COMPUTING", 1e-4)
        result = process.grade(solved("costly"))

    assert (result.outcome, result.score, result.max_score) == (FAILED, 0, 14)
    assert result.warnings == ("Reading and judging it took more than the 0.018 s of computing that it may take.",)
    assert process.grade(solved("next")).score == 14


def test_a_paper_that_takes_too_much_memory_fails_and_says_so(process, monkeypatch):
    monkeypatch.setattr(examiner, "MEMORY", 2**20)
    result = process.grade(paper("costly", b'{"cells": ["' + b"x" * 15_000_000 + b'"]}'))

    assert (result.outcome, result.max_score) == (FAILED, 14)
    assert result.warnings == ("Reading and judging it took more than 0.000977 GiB of memory.",)


def test_what_is_not_done_in_time_is_overdue(process, monkeypatch):
    monkeypatch.setattr(examiner, "COMPUTING", 1e6)
    with pytest.raises(Overdue, match=r"It was not done after 0\.001 s"):
        process.grade(solved("late", seconds=0.001))
