"""Grade papers in parallel: by executors as `concurrent.futures` has them, here on this machine."""

from __future__ import annotations

import concurrent.futures
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor

from autograder.grading.examiner import Examiner, Overdue
from autograder.grading.outcome import ERROR, Graded
from autograder.grading.paper import Paper
from autograder.sandbox.errors import SandboxError, SandboxLost

TRIES = 3  # of one paper, where what fails is on our side
AHEAD = 3  # papers given out for each worker, so that none waits

Grade = Callable[[Paper], Graded]

_own = threading.local()


def grade_sandboxed(paper: Paper) -> Graded:
    """Grade a paper by this thread's own process, which has its own sandbox.

    Raises:
        SandboxError: there is no sandbox to be had.
        SandboxLost, Overdue: this paper was not graded; others can be.
    """
    if not hasattr(_own, "examiner"):
        _own.examiner = Examiner()
    return _own.examiner.grade(paper)


def grade_all(papers: Iterable[Paper], grade: Grade, start: Callable[[], Executor], workers: int) -> Iterator[Graded]:
    """Grade papers in any order, a few at a time; each of them ends as graded, or as an error on our side.

    A worker that is killed costs nothing but time. The paper that it was at is tried again when all others are done,
    and alone: so it cannot take from others what they need.

    Args:
        grade: what a worker does with a paper.
        start: makes an executor.
        workers: how many papers can be graded at once.

    Raises:
        SandboxError: there is no sandbox to be had, and nothing can be graded.
    """
    new, suspects = iter(papers), deque[tuple[Paper, int]]()
    running: dict[Future, tuple[Paper, int]] = {}
    executor = start()
    try:
        while True:
            while len(running) < AHEAD * workers and (paper := next(new, None)):
                running[executor.submit(grade, paper)] = paper, 1
            if not running and suspects:
                paper, tries = suspects.popleft()
                running[executor.submit(grade, paper)] = paper, tries
            if not running:
                return
            done, _ = concurrent.futures.wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                paper, tries = running.pop(future)
                error = _error(future)
                if error is None:
                    yield future.result()
                elif isinstance(error, SandboxError) and not isinstance(error, SandboxLost):
                    raise error
                elif tries == TRIES or isinstance(error, Overdue):
                    yield _gave_up(paper, error, tries)
                else:
                    suspects.append((paper, tries + 1))
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _error(future: Future) -> BaseException | None:
    try:
        return future.exception()
    except concurrent.futures.CancelledError as error:
        return error


def _gave_up(paper: Paper, error: BaseException, tries: int = 1) -> Graded:
    after = f" after {tries} tries" if tries > 1 else ""
    said = f"{error}" if isinstance(error, SandboxError) else f"{type(error).__name__}: {error}"
    why = f"Not graded{after}: {said}".splitlines()[0][:300]
    return Graded(paper.student, paper.lesson, ERROR, {}, (*paper.warnings, why))


def grade_trusted(paper: Paper) -> Graded:
    """Grade a paper without a sandbox, with all the rights of whoever runs this: for one's own work."""
    from autograder.grading.trusted import grade

    try:
        return grade(paper)
    except Exception as error:  # its process shares everything with the notebook's code, and may end in any way
        return _gave_up(paper, error)


def local(jobs: int) -> Executor:
    """``jobs`` threads, each of which waits for a grading process of its own."""
    return _Local(jobs)


class _Local(ThreadPoolExecutor):
    def __init__(self, jobs: int):
        self._examiners: list[Examiner] = []
        super().__init__(jobs, initializer=self._hire)

    def _hire(self) -> None:
        _own.examiner = Examiner()
        self._examiners.append(_own.examiner)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads' processes, also those that are in the middle of something."""
        for examiner in self._examiners:
            examiner.close()
        super().shutdown(wait, cancel_futures=cancel_futures)
