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


roster = typer.Typer(no_args_is_help=True, help="Who is in the class.")
app.add_typer(roster, name="roster")


@app.callback()
def course() -> None:
    """Learn PyTorch in notebooks whose exercises check themselves.

    A learner needs `course lab`, and perhaps `course check` before handing a notebook in; `course progress` says how
    far one is, `course review` brings back what passed a while ago; `course reset` and `course update` renew a lesson,
    and keep what was there.
    Who teaches a class needs `course collect`, `course grade` and `course export`, and perhaps `course roster`. Authors
    of lessons need `course build`.
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
    """Show how far you have come in each lesson, what you foresaw, and the mistakes you have left behind."""
    try:
        work = find_root(Path.cwd()) / "work"
    except CourseError as error:
        _fail(error)
    from autograder.desk.progress import print_progress

    print_progress(work)


@app.command()
def review(
    new: Annotated[bool, typer.Option("--new", help="Also when one isn't finished; it is kept aside.")] = False,
) -> None:
    """Make `work/review.ipynb`: five exercises that you passed a while ago, empty again.

    Each comes back later after every success, and sooner after failures and hints. A review that isn't finished stays
    as it is.
    """
    from autograder.desk.review import make_review

    try:
        print(make_review(find_root(Path.cwd()), anew=new))
    except CourseError as error:
        _fail(error)


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
    withdraw: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXERCISE",
            help="Everybody gets its points, now and later; EXERCISE=out takes it out of the maximum instead.",
        ),
    ] = None,
    extras: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="MODULE", help="Let notebooks import this as well, as pandas. Repeatable."),
    ] = None,
) -> None:
    """Grade what a class handed in: safely, in parallel, into nbgrader's gradebook.

    Reads `autograder/submitted/STUDENT/LESSON/LESSON.ipynb`; see `course collect`. What was graded before and has not
    changed is not run again.

    Exit code: 0 when all are graded, 1 when some are to be looked at (they failed, have a warning, or fall alike), 2
    when nothing could be graded or the run had to stop.
    """
    try:
        root = find_root(Path.cwd())
    except CourseError as error:
        _fail(error, 2)
    from autograder.grading.classroom import NOTHING_GRADED, Options, grade_class

    options = Options(
        lessons, students, jobs, scheduler, json, feedback, trusted, fresh, withdraw=withdraw or (), extras=extras or ()
    )
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
    student: Annotated[
        str | None, typer.Option("--as", metavar="STUDENT", help="All of it is this student's: you say so.")
    ] = None,
    zone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Of times without one, such as Europe/Berlin. [default: this machine's]"),
    ] = None,
) -> None:
    """Put what a learning platform exports where `course grade` looks for it.

    Knows how Moodle, Canvas, Blackboard, Brightspace, Sakai, OpenOLAT, Gradescope and nbgrader name what students
    hand in; `course roster import` says who they are. Nothing is run. A student's newest submission counts; older ones
    are kept beside it. What looks wrong, or is not certain to be somebody's, is named and left.

    Exit code: 0 when all was taken, 1 when something was refused, or nothing taken from somebody, 2 when nothing was.
    """
    from autograder.grading.collect.intake import collect as take
    from autograder.grading.collect.times import NoTime, named_zone, zone_name

    try:
        root = find_root(Path.cwd())
        wanted = lesson and meant_lesson(lesson, released_lessons(root))
        meant_zone = named_zone(zone) if zone else None
        taken = take(archives, root, wanted, meant_zone, student)
    except (CourseError, NoTime, OSError) as error:
        _fail(error, 2)
    for sentence in taken.sentences:
        print(sentence)
    counts = {"collected": len(taken.stored), "there already": taken.unchanged, "refused": taken.refused}
    counts["late, says the platform"] = taken.late
    counts["of no lesson, ignored"] = taken.ignored
    print(", ".join(f"{n} {what}" for what, n in counts.items() if n or what == "collected") + ".")
    if taken.stored:
        print(f"Times that came without a zone were read in {zone_name(meant_zone)}.")
    raise typer.Exit(2 if not taken.stored and not taken.unchanged else 1 if taken.refused else 0)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To write: grades.csv, or feedback.zip.")],
    platform: Annotated[str, typer.Option("--to", metavar="PLATFORM", help="canvas, moodle, ... or csv.")],
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="Such as 07_layers, or 7. [default: all with grades]")
    ] = None,
    template: Annotated[
        Path | None, typer.Option("--template", metavar="FILE", help="The platform's own export, to fill in.")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--column", metavar="LESSON=TITLE", help="Where a lesson's grades go.")
    ] = None,
    scale: Annotated[bool, typer.Option("--scale", help="Bring points to the platform's maximum.")] = False,
    id: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Of another CSV: its ids.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="COLUMN", help="The one with their names.")] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="COLUMN", help="The one with e-mails.")] = None,
) -> None:
    """Write grades, or feedback, as a learning platform imports them.

    `course export grades.csv --to canvas --template their.csv` fills the grades into the export that you made there,
    and changes nothing else. `course export feedback.zip 7 --to moodle` (or canvas) is for their upload in bulk.
    Who is who is decided by id, e-mail or exact name; who is not certain is named and left.

    Exit code: 0 when all grades went in, 1 when somebody was left or should be looked at, 2 when nothing was written.
    """
    from autograder.grading.export.command import export as write

    given = {key: column for key, column in (("id", id), ("name", name), ("email", email)) if column}
    try:
        root = find_root(Path.cwd())
        done = write(root, file, platform, lessons or (), template, columns or (), given, scale)
    except (CourseError, OSError) as error:
        _fail(error, 2)
    for sentence in done.sentences:
        print(sentence)
    raise typer.Exit(1 if done.left else 0)


@app.command()
def report(
    lesson: Annotated[str, typer.Argument(metavar="LESSON", help="Such as 07_layers, or 7.")],
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Without names, for showing in class.")] = False,
) -> None:
    """Write a page on what the class did with a graded lesson, and its pictures as PNGs.

    Who passed what, the exercises by difficulty, the mistakes that were made with an example of each, what waits to be
    read, and the submissions to look at. The page needs no server and no script; print it or open it.
    """
    from autograder.grading.report.page import write_report

    try:
        root = find_root(Path.cwd())
        print(write_report(root, meant_lesson(lesson, released_lessons(root)), anonymous))
    except (CourseError, OSError) as error:
        _fail(error, 2)


@app.command()
def forget(
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="The id: the folder's name in submitted/.")],
    nbgrader: Annotated[
        bool, typer.Option("--nbgrader", help="In nbgrader's gradebook and exchange, too: grades are lost.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a student from everything that the course keeps, and say what nbgrader still has.

    Submissions, graded notebooks, feedback, results, the roster's entry, and extensions. It is said first what that is,
    and nothing is removed before you agree.

    Exit code: 0 when all of it is gone, 1 when something is left, or you did not agree, 2 when there is nothing.
    """
    from autograder.grading.forget import find
    from autograder.grading.forget import forget as remove

    try:
        root = find_root(Path.cwd())
        kept = find(root, student)
        print("\n".join(["To be removed:", *(f"  {line}" for line in kept.ours(root) + kept.nbgraders() * nbgrader)]))
        if not yes and not typer.confirm("Remove it? It cannot be undone."):
            raise typer.Exit(1)
        left = remove(root, kept, nbgrader)
    except (CourseError, OSError) as error:
        _fail(error, 2)
    if kept.nbgraders() and not nbgrader:
        left += [*kept.nbgraders(), f"To remove that as well: course forget {student} --nbgrader"]
    if kept.log:
        left.append(f"{kept.log} names {student}; it is a log, and may be deleted.")
    print("Removed." + " What you exported or copied yourself is where you put it.")
    if left:
        print("\n".join(["Still there:", *(f"  {line}" for line in left)]))
    raise typer.Exit(1 if left else 0)


@roster.command("import")
def roster_import(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A class list as CSV.")],
    id: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="The column with the students' ids.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="COLUMN", help="The column with their names.")] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="COLUMN", help="The one with e-mails.")] = None,
    lesson: Annotated[
        str | None, typer.Option(metavar="LESSON", help="Of which Moodle's grading worksheet is.")
    ] = None,
) -> None:
    """Take in who is in the class, from an export of the learning platform.

    Canvas's, Moodle's, Blackboard's and Brightspace's are known by their columns; of any other CSV say which count.
    From then on `course collect` takes what is of people on the roster, by id, e-mail or exact name, and says who is
    missing. Who is known keeps the id in nbgrader; names, e-mails and LMS ids go into nbgrader's table of students.

    Exit code: 0 when all were imported, 1 when somebody was not, 2 when the file is no class list.
    """
    from autograder.grading.people.book import Book
    from autograder.grading.people.roster import import_rows, read_roster
    from autograder.grading.people.table import write_students

    given = {key: column for key, column in (("id", id), ("name", name), ("email", email)) if column}
    try:
        root = find_root(Path.cwd())
        of = meant_lesson(lesson, released_lessons(root)) if lesson else ""
        platform, rows = read_roster(path, given)
        book = Book(root)
        done = import_rows(book, platform, rows, of)
        book.save()
        write_students(root, book)
    except (CourseError, OSError) as error:
        _fail(error, 2)
    for sentence in done.sentences:
        print(sentence)
    print(f"{platform or path.name}: {done.new} new on the roster, {done.known} known.")
    raise typer.Exit(1 if done.left_out else 0)


@roster.command("list")
def roster_list() -> None:
    """Print who is on the roster: id, name, e-mail."""
    from autograder.grading.people.book import Book

    try:
        people = [person for person in Book(find_root(Path.cwd())) if person.on_roster]
    except CourseError as error:
        _fail(error, 2)
    for person in sorted(people, key=lambda one: one.student):
        print("\t".join((person.student, person.name, person.email)))


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
