"""Grade papers in parallel: by executors as `concurrent.futures` has them, here in processes on this machine."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor

from autograder.grading.outcome import ERROR, Graded
from autograder.grading.paper import Paper
from autograder.sandbox.errors import SandboxError, SandboxLost

TRIES = 3  # of one paper, where what fails is on our side
AHEAD = 3  # papers given out for each worker, so that none waits

Grade = Callable[[Paper], Graded]


def grade_sandboxed(paper: Paper) -> Graded:
    """Grade a paper in this worker's own sandbox.

    Raises:
        SandboxError: there is no sandbox to be had.
    """
    from autograder.grading.grade import grade  # torch: not where papers are only given out
    from autograder.sandbox.proof import own_sandbox

    return grade(paper, own_sandbox(paper.extras))


def grade_all(papers: Iterable[Paper], grade: Grade, start: Callable[[], Executor], workers: int) -> Iterator[Graded]:
    """Grade papers in any order, a few at a time; each of them ends as graded, or as an error on our side.

    A worker that is killed costs nothing but time: its papers are given to others.

    Args:
        grade: what a worker does with a paper.
        start: makes an executor; called again where one breaks.
        workers: how many papers can be graded at once.

    Raises:
        SandboxError: there is no sandbox to be had, and nothing can be graded.
    """
    new = ((paper, 1) for paper in papers)
    again: deque[tuple[Paper, int]] = deque()
    running: dict[Future, tuple[Paper, int]] = {}
    executor = start()
    try:
        while True:
            whole = True
            while whole and len(running) < AHEAD * workers and (given := again.popleft() if again else next(new, None)):
                try:
                    running[executor.submit(grade, given[0])] = given
                except BrokenExecutor:
                    again.append(given)
                    whole = False
            if not running and whole:
                return
            done, _ = concurrent.futures.wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                paper, tries = running.pop(future)
                error = _error(future)
                if error is None:
                    yield future.result()
                elif isinstance(error, SandboxError) and not isinstance(error, SandboxLost):
                    raise error
                elif tries == TRIES:
                    yield _gave_up(paper, error)
                else:
                    again.append((paper, tries + 1))
                whole &= not isinstance(error, BrokenExecutor)
            if not whole:
                again.extend(running.values())
                running.clear()
                executor.shutdown(wait=False, cancel_futures=True)
                executor = start()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _error(future: Future) -> BaseException | None:
    try:
        return future.exception()
    except concurrent.futures.CancelledError as error:
        return error


def _gave_up(paper: Paper, error: BaseException, after: str = f" after {TRIES} tries") -> Graded:
    why = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return Graded(paper.student, paper.lesson, ERROR, {}, (f"Not graded{after}: {why}",))


def grade_trusted(paper: Paper) -> Graded:
    """Grade a paper without a sandbox, with all the rights of whoever runs this: for one's own work."""
    from autograder.grading.trusted import grade

    try:
        return grade(paper)
    except Exception as error:  # its process shares everything with the notebook's code, and may end in any way
        return _gave_up(paper, error, after="")


def local(jobs: int) -> ProcessPoolExecutor:
    """``jobs`` new Python processes on this machine; none inherits anything of this one."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare)


def _prepare() -> None:
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Without this a worker would wait for papers forever when the process that gives them out is killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
