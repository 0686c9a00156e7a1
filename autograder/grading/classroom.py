"""Grade a class: find what was handed in, grade what is new, record it, and say what came of it."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from autograder.grading import cluster, workers
from autograder.grading.collect.students import shown
from autograder.grading.gradebook.record import PaperNotRecorded, Record, RecordError
from autograder.grading.gradebook.settings import read_course, seconds_each
from autograder.grading.outcome import ERROR, FAILED, Graded
from autograder.grading.paper import Paper
from autograder.grading.results import NotKept, Results
from autograder.grading.submissions import Submission, find_submissions, read_content, unfit_name
from autograder.grading.summary import print_summary
from autograder.notebooks.course import meant_lesson, released_lessons, released_notebook

ALL_GRADED, SOME_FAILED, NOTHING_GRADED = 0, 1, 2


@dataclass(frozen=True)
class Options:
    """What to grade and how; see ``course grade --help``."""

    lessons: Sequence[str]
    students: str = "*"
    jobs: int | None = None
    scheduler: str | None = None
    json: Path | None = None
    feedback: bool = False
    trusted: bool = False
    fresh: bool = False


def grade_class(root: Path, options: Options, console: Console) -> int:
    """Grade the submissions that ``options`` name, and record them in the gradebook.

    Returns:
        0 where all were graded, 1 where some failed.

    Raises:
        CourseError, NothingToGrade, ClusterError, SandboxError, RecordError, FeedbackError, OSError: it cannot begin,
            or not go on; the text says why. What was graded before is recorded, and the same command goes on from
            there.
    """
    released = released_lessons(root)
    lessons = list(dict.fromkeys(meant_lesson(name, released) for name in options.lessons))
    course = read_course(root)
    submitted = Path(course.coursedir.root, course.coursedir.submitted_directory)
    found = find_submissions(submitted, lessons, options.students)
    run = _Run(root, lessons, options, seconds_each(course))
    with Record(root) as record, _progress(console) as progress:
        for lesson in lessons:
            record.prepare(lesson)
        task = progress.add_task("grading", total=len(found))
        for result, submitted_at in run.grade(found):
            if result.outcome != ERROR:
                try:
                    record.save(result, submitted_at)
                except PaperNotRecorded as error:  # the others can be
                    result = _not_graded(result, str(error))
                except (RecordError, OSError):
                    raise
                except Exception as error:  # a fault of ours, which concerns this one
                    result = _not_graded(result, f"It was not recorded: {type(error).__name__}: {error}")
            run.ended.append(replace(result, notebook=None))  # the notebook is recorded, and large
            progress.advance(task)
    graded = sorted(run.ended, key=lambda result: (result.lesson, result.student))
    if options.json:
        write_json(options.json, graded)
    print_summary(console, graded, sorted(run.moved))
    if options.feedback:
        # here, because it imports the half of nbgrader that takes seconds
        from autograder.grading.feedback.pages import write_feedback

        for lesson in lessons:
            students = [result.student for result in graded if result.lesson == lesson and result.outcome != ERROR]
            write_feedback(root, lesson, students)
        console.print(f"Feedback pages: {submitted.with_name('feedback')}/STUDENT/LESSON/LESSON.html")
    return SOME_FAILED if any(result.outcome in (FAILED, ERROR) for result in graded) else ALL_GRADED


def write_json(path: Path, graded: Sequence[Graded]) -> None:
    """Write the results as JSON: the same submissions give the same bytes."""
    listed = [
        {
            "student": result.student,
            "lesson": result.lesson,
            "outcome": result.outcome,
            "score": result.score,
            "max_score": result.max_score,
            "exercises": {name: asdict(exercise) for name, exercise in result.exercises.items()},
            "warnings": list(result.warnings),
        }
        for result in graded
    ]
    path.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _not_graded(result: Graded, why: str) -> Graded:
    return Graded(result.student, result.lesson, ERROR, {}, (why,))


class _Run:
    """One run: what is known already, what has to be graded, and what came of it.

    Attributes:
        ended: the results, as they come.
        moved: whose grade is another one though the same was handed in: by a changed judge, or on other inputs.
    """

    def __init__(self, root: Path, lessons: Sequence[str], options: Options, seconds: float):
        self.ended: list[Graded] = []
        self.moved: list[str] = []
        self._seconds = seconds
        self._options, self._results = options, Results(root)
        self._times: dict[tuple[str, str], datetime | None] = {}
        self._seeds = {lesson: self._results.seed(lesson, options.fresh) for lesson in lessons}
        self._releases = {name: released_notebook(root, name).read_bytes() for name in lessons}

    def grade(self, found: Sequence[Submission]) -> Iterator[tuple[Graded, datetime | None]]:
        """Each submission's result, in no particular order, and when it was handed in."""
        new = []
        for submission in found:
            if unfit := unfit_name(submission.student):
                yield Graded(shown(submission.student), submission.lesson, ERROR, {}, (unfit,)), None
                continue
            known = self._known(submission)
            if known:
                yield known, self._times.pop((known.lesson, known.student))
            else:
                new.append(submission)
        if not new:  # no worker is started for nothing
            return
        given: dict[tuple[str, str], Paper] = {}

        def papers() -> Iterator[Paper]:
            for submission in new:
                paper = given[submission.lesson, submission.student] = self._paper(submission)
                yield paper

        for result in self._grade_all(papers()):
            paper = given.pop((result.lesson, result.student))
            if result.outcome != ERROR and not self._options.trusted:
                try:
                    self._note_move(self._results.load_earlier(paper), result)
                    self._results.save(paper, result)
                except NotKept as error:
                    result = _not_graded(result, str(error))
            yield result, self._times.pop((result.lesson, result.student))

    def _note_move(self, before: Graded | None, now: Graded) -> None:
        points = [{name: each.points for name, each in one.exercises.items()} for one in (before or now, now)]
        if different := [name for name in points[0] | points[1] if points[0].get(name) != points[1].get(name)]:
            scores = f"{before.score:g} -> {now.score:g} points ({', '.join(different)})"
            self.moved.append(f"{now.student}, {now.lesson}: {scores}")

    def _known(self, submission: Submission) -> Graded | None:
        """The result of an earlier run, made in the sandbox, of this very submission."""
        if self._options.fresh or self._options.trusted:
            return None
        return self._results.load(self._paper(submission))

    def _paper(self, submission: Submission) -> Paper:
        content, lesson, student = read_content(submission), submission.lesson, submission.student
        self._times[lesson, student] = content.submitted_at
        release, seed = self._releases[lesson], self._seeds[lesson]
        return Paper(student, lesson, content.data, release, seed, content.warnings, self._seconds)

    def _grade_all(self, papers: Iterable[Paper]) -> Iterator[Graded]:
        if self._options.trusted:
            return map(workers.grade_trusted, papers)
        if self._options.scheduler:
            start, at_once = cluster.connect(self._options.scheduler)
        else:
            at_once = self._options.jobs or os.cpu_count() or 1
            start = functools.partial(workers.local, at_once)
        return workers.grade_all(papers, workers.grade_sandboxed, start, at_once)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=not console.is_terminal,
    )


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Submissions per second, as far as that is known."""
        return Text(f"{task.finished_speed or task.speed or 0:.1f}/s")
