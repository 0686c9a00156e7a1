"""The command ``course``. Each of its commands calls one function, imported when it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from autograder.notebooks.course import CourseError, find_root, meant_lesson, released_lessons

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)


@app.callback()
def course() -> None:
    """Learn PyTorch in notebooks whose exercises check themselves.

    A learner needs `course lab`, and perhaps `course check` before handing a notebook in; `course reset` and
    `course update` renew a lesson, and keep what was there.
    Who teaches a class needs `course collect` and `course grade`. Authors of lessons need `course build`.
    """


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open no browser.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Listen on this port. [default: the first free one from 8888 up]"),
    ] = None,
) -> None:
    """Open the lessons in JupyterLab.

    Copies each lesson to `work/` where it isn't there yet, and opens the start notebook. Your copies are yours:
    nothing ever overwrites them. To begin a lesson anew: `course reset LESSON`.

    Without a screen, or with `CI` set, the address is printed and no browser opened.
    Further options go to `jupyter lab`: `course lab --ip=0.0.0.0`.
    """
    from autograder.desk.lab import open_lab

    try:
        open_lab(find_root(Path.cwd()), browser=not no_browser, port=port, options=context.args)
    except CourseError as error:
        _fail(error)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Notebooks, or folders of them. [default: work/]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again on each save, until Ctrl-C.")] = False,
) -> None:
    """Run the exercises of notebooks and print what passed.

    For each exercise: passed, wrong (and why), or not attempted. The notebook itself is not changed.

    Exit code: 0 when all passed, 1 when some did not, 2 when a notebook cannot be read, or none can be run.
    """
    if watch and json:
        raise typer.BadParameter("--watch prints for people; leave out --json.")
    try:
        paths = paths or [find_root(Path.cwd()) / "work"]
    except CourseError as error:
        _fail(error)
    if watch:
        from autograder.desk.watching import watch as watch_paths

        watch_paths(paths)
        return
    from autograder.desk.checking import check_paths
    from autograder.sandbox.errors import SandboxError

    try:
        raise typer.Exit(check_paths(paths, json))
    except SandboxError as error:
        _fail(error, code=2)


@app.command()
def progress() -> None:
    """Show how far you have come in each lesson, and the mistakes you have left behind."""
    try:
        work = find_root(Path.cwd()) / "work"
    except CourseError as error:
        _fail(error)
    from autograder.desk.progress import print_progress

    print_progress(work)


@app.command()
def reset(lesson: Annotated[str, typer.Argument(metavar="LESSON", help="Such as 07_layers, 7 or layers.")]) -> None:
    """Begin a lesson anew. What was there is kept, dated, in `work/kept/`."""
    from autograder.desk.renewing import reset as reset_lesson

    try:
        print(reset_lesson(find_root(Path.cwd()), lesson))
    except CourseError as error:
        _fail(error)


@app.command()
def update(
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="Such as 07_layers, 7 or layers. [default: all]")
    ] = None,
) -> None:
    """Carry your answers and your own cells into newer lessons. What was there is kept, dated, in `work/kept/`."""
    from autograder.desk.renewing import update as update_lessons

    try:
        for told in update_lessons(find_root(Path.cwd()), lessons or ()):
            print(told)
    except CourseError as error:
        _fail(error)


@app.command()
def build() -> None:
    """Write `solutions/` and `lessons/` from `source/`.

    `source/NN_name.py` is the only place where a lesson is edited: each build writes the notebooks anew.
    """
    from autograder.authoring.build import BuildError
    from autograder.authoring.build import build as build_course
    from autograder.authoring.cells import SourceError

    try:
        names = build_course(find_root(Path.cwd()))
    except (CourseError, SourceError, BuildError) as error:
        _fail(error)
    print(f"Built {', '.join(names)}.")


@app.command()
def grade(
    lessons: Annotated[list[str], typer.Argument(metavar="LESSON...", help="Such as 07_layers, or 7.")],
    students: Annotated[str, typer.Option(metavar="GLOB", help="Only students whose name matches.")] = "*",
    jobs: Annotated[int | None, typer.Option(min=1, help="So many at once. [default: one for each core]")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, whose cluster does the work.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the results there too.")] = None,
    feedback: Annotated[bool, typer.Option("--feedback", help="Write the students' feedback pages too.")] = False,
    trusted: Annotated[
        bool,
        typer.Option("--trusted", help="Without a sandbox: the code runs with all your rights. For your own work."),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Grade everything anew, on newly drawn inputs.")] = False,
) -> None:
    """Grade what a class handed in: safely, in parallel, into nbgrader's gradebook.

    Reads `autograder/submitted/STUDENT/LESSON/LESSON.ipynb`; see `course collect`. What was graded before and has not
    changed is not run again.

    Exit code: 0 when all are graded, 1 when some failed, 2 when nothing could be graded or the run had to stop.
    """
    try:
        root = find_root(Path.cwd())
    except CourseError as error:
        _fail(error, 2)
    from autograder.grading.classroom import NOTHING_GRADED, Options, grade_class

    options = Options(lessons, students, jobs, scheduler, json, feedback, trusted, fresh)
    if trusted:
        _warn("--trusted: no sandbox. Whatever is in these notebooks runs with all your rights.")
    try:
        code = grade_class(root, options, Console())
    except _grading_errors() as error:
        _fail(error, NOTHING_GRADED)
    raise typer.Exit(code)


@app.command()
def collect(
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE...", help="Zips, tars, folders, notebooks.")],
    lesson: Annotated[
        str | None, typer.Option(metavar="LESSON", help="Take the notebooks of this lesson alone.")
    ] = None,
) -> None:
    """Put what a learning platform exports where `course grade` looks for it.

    Knows how Moodle, Canvas and nbgrader name what students hand in. Nothing is run; what looks wrong is refused and
    named. A student's newest submission counts; older ones are kept beside it.

    Exit code: 0 when all was taken, 1 when something was refused, 2 when nothing was taken.
    """
    from autograder.grading.collect.intake import collect as take

    try:
        root = find_root(Path.cwd())
        taken = take(archives, root, lesson and meant_lesson(lesson, released_lessons(root)))
    except (CourseError, OSError) as error:
        _fail(error, 2)
    for sentence in taken.sentences:
        print(sentence)
    counts = {"collected": len(taken.stored), "there already": taken.unchanged, "refused": taken.refused}
    counts["of no lesson, ignored"] = taken.ignored
    print(", ".join(f"{n} {what}" for what, n in counts.items() if n or what == "collected") + ".")
    raise typer.Exit(2 if not taken.stored and not taken.unchanged else 1 if taken.refused else 0)


def _grading_errors() -> tuple[type[Exception], ...]:
    from autograder.grading.cluster import ClusterError
    from autograder.grading.feedback.pages import FeedbackError
    from autograder.grading.gradebook.record import RecordError
    from autograder.grading.submissions import NothingToGrade
    from autograder.sandbox.errors import SandboxError

    return CourseError, NothingToGrade, ClusterError, RecordError, SandboxError, FeedbackError, OSError


def _warn(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, style="yellow", markup=False)


def _fail(error: Exception, code: int = 1) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
    raise typer.Exit(code)
