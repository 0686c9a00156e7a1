"""Grade a class: find what was handed in, grade what is new, record it, and say what came of it."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from autograder.grading import cluster, workers
from autograder.grading.alike import Alike, find_alike
from autograder.grading.collect.students import shown
from autograder.grading.gradebook.deadlines import EXCUSED, read_deadline
from autograder.grading.gradebook.record import PaperNotRecorded, Record, RecordError
from autograder.grading.gradebook.settings import gives_partial_credit, read_course, seconds_each, submitted_folder
from autograder.grading.gradebook.withdrawn import taken_out, withdraw
from autograder.grading.lines import doubts_about_time, gradebook_lines
from autograder.grading.outcome import ERROR, GRADED, Graded, Standing
from autograder.grading.paper import Paper
from autograder.grading.results import NotKept, Results
from autograder.grading.submissions import Submission, find_submissions, read_content, unfit_name
from autograder.grading.summary import print_summary
from autograder.grading.telling import FEEDBACK, telling
from autograder.notebooks.course import meant_lesson, released_lessons, released_notebook
from autograder.notebooks.files import write_private
from autograder.sandbox.extras import extras_of, is_seen, places

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
    withdraw: Sequence[str] = ()
    extras: Sequence[str] = ()


def grade_class(root: Path, options: Options, console: Console) -> int:
    """Grade the submissions that ``options`` name, and record them in the gradebook.

    Returns:
        0 where all were graded, 1 where a person should look: some failed, have a warning, fall alike, or something
            about when they were handed in is in doubt.

    Raises:
        CourseError, NothingToGrade, ClusterError, SandboxError, RecordError, FeedbackError, OSError: it cannot begin,
            or not go on; the text says why. What was graded before is recorded, and the same command goes on from
            there.
    """
    released = released_lessons(root)
    lessons = list(dict.fromkeys(meant_lesson(name, released) for name in options.lessons))
    course = read_course(root)
    submitted = submitted_folder(course)
    found = find_submissions(submitted, lessons, options.students)
    with Record(root) as record:
        if options.withdraw:
            withdraw(root, options.withdraw, {lesson: record.names(lesson) for lesson in lessons})
        for lesson in lessons:
            record.prepare(lesson)
        before = {lesson: record.standings(lesson) for lesson in lessons}
        run = _Run(root, lessons, options, seconds_each(course), gives_partial_credit(course))
        with telling(console, len(found)) as advance:
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
                advance()
        standings = {lesson: record.standings(lesson) for lesson in lessons}
    graded = [with_standing(result, standings[result.lesson].get(result.student)) for result in run.ended]
    graded.sort(key=lambda result: (result.lesson, result.student))
    alike = find_alike(graded)
    if options.json:
        write_json(options.json, graded, alike)
    print_summary(console, graded, alike)
    doubts = []
    for lesson in lessons:
        deadline, of_lesson = read_deadline(root, lesson), [result for result in graded if result.lesson == lesson]
        for line in gradebook_lines(lesson, of_lesson, before[lesson], deadline.zone):
            console.print(Text(line))
        doubts += doubts_about_time(lesson, of_lesson, deadline, set(standings[lesson]).union(_students(submitted)))
    for doubt in doubts:
        console.print(Text(doubt, style="yellow"))
    if options.feedback:
        # here, because it imports the half of nbgrader that takes seconds
        from autograder.grading.feedback.pages import write_feedback

        for lesson in lessons:
            students = [result.student for result in graded if result.lesson == lesson and result.outcome != ERROR]
            with telling(console, len(students), FEEDBACK) as advance:
                write_feedback(root, lesson, students, options.jobs or os.cpu_count() or 1, advance)
        console.print(f"Feedback pages: {submitted.with_name('feedback')}/STUDENT/LESSON/LESSON.html")
    look = alike or doubts or any(result.outcome != GRADED for result in graded)
    return SOME_FAILED if look else ALL_GRADED


def with_standing(result: Graded, standing: Standing | None) -> Graded:
    """The result with the gradebook's points, in which is also what a person gave and what was withdrawn."""
    if standing is None or result.outcome == ERROR:
        return result
    exercises = {
        name: replace(each, points=standing.points[name].points, max_points=standing.points[name].max_points)
        for name, each in result.exercises.items()
    }
    return replace(result, exercises=exercises, standing=standing)


def write_json(path: Path, graded: Sequence[Graded], alike: Sequence[Alike] = ()) -> None:
    """Write the results as JSON: the same submissions, and the same gradebook, give the same bytes."""
    listed = [
        {
            "student": result.student,
            "lesson": result.lesson,
            "outcome": result.outcome,
            "score": result.score,
            "max_score": result.max_score,
            "exercises": {name: asdict(exercise) for name, exercise in result.exercises.items()},
            "warnings": list(result.warnings),
            **(_in_gradebook(result) if result.standing is not None else {}),
            **({"alike": said} if said else {}),
        }
        for result in graded
        for said in [[found.says for found in alike if found.concerns(result)]]
    ]
    write_private(path, json.dumps(listed, indent=1, ensure_ascii=False) + "\n")


def _in_gradebook(result: Graded) -> dict[str, object]:
    """What only some submissions have: lateness, written answers that are worth points, and what doesn't count."""
    standing = result.standing
    said: dict[str, object] = {}
    by_hand = standing.points.keys() - result.exercises.keys() - standing.withdrawn.keys()
    if written := {
        name: each._asdict()
        for name, each in standing.points.items()
        if name in by_hand and (each.points or each.max_points)
    }:
        said["written"] = written
    if standing.seconds_late > 0:
        due = standing.due.replace(tzinfo=UTC).isoformat()
        said["late"] = {"due": due, "seconds": standing.seconds_late, "penalty": standing.penalty}
    if standing.excused:
        said["status"] = EXCUSED
    if standing.withdrawn:
        said["withdrawn"] = dict(standing.withdrawn)
    return said


def _not_graded(result: Graded, why: str) -> Graded:
    return Graded(result.student, result.lesson, ERROR, {}, (why,))


class _Run:
    """One run: what is known already, what has to be graded, and what came of it.

    Attributes:
        ended: the results, as they come.
    """

    def __init__(self, root: Path, lessons: Sequence[str], options: Options, seconds: float, partial: bool):
        self.ended: list[Graded] = []
        self._how = seconds, partial
        self._options, self._results = options, Results(root)
        self._extras = tuple(sorted({*options.extras, *extras_of(root)}))
        places(self._extras)  # what is not there is said before anything is graded
        self._times: dict[tuple[str, str], datetime | None] = {}
        self._seeds = {lesson: self._results.seed(lesson, options.fresh) for lesson in lessons}
        self._releases = {name: released_notebook(root, name).read_bytes() for name in lessons}
        self._withdrawn = {name: taken_out(root, name, self._releases[name]) for name in lessons}

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
                    self._results.save(paper, result)
                except NotKept as error:
                    result = _not_graded(result, str(error))
            yield result, self._times.pop((result.lesson, result.student))

    def _known(self, submission: Submission) -> Graded | None:
        """The result of an earlier run, made in the sandbox, of this very submission."""
        if self._options.fresh or self._options.trusted:
            return None
        known = self._results.load(self._paper(submission))
        # what was missing then may be there now
        return None if known and any(name in self._extras or is_seen(name) for name in known.missing) else known

    def _paper(self, submission: Submission) -> Paper:
        content, lesson, student = read_content(submission), submission.lesson, submission.student
        self._times[lesson, student] = content.submitted_at
        release, seed = self._releases[lesson], self._seeds[lesson]
        warnings, withdrawn = content.warnings, self._withdrawn[lesson]
        return Paper(student, lesson, content.data, release, seed, warnings, withdrawn, self._extras, *self._how)

    def _grade_all(self, papers: Iterable[Paper]) -> Iterator[Graded]:
        if self._options.trusted:
            return map(workers.grade_trusted, papers)
        if self._options.scheduler:
            start, at_once = cluster.connect(self._options.scheduler)
        else:
            at_once = self._options.jobs or os.cpu_count() or 1
            start = functools.partial(workers.local, at_once)
        return workers.grade_all(papers, workers.grade_sandboxed, start, at_once)


def _students(submitted: Path) -> list[str]:
    return [entry.name for entry in os.scandir(submitted)] if submitted.is_dir() else []
