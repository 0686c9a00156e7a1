"""The gradebook: penalties, what a person gave, due dates, and what was withdrawn, in any order of commands."""

import random
import shutil
from datetime import UTC, datetime, timedelta

import nbformat
import pytest
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.plugins import CsvExportPlugin
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from autograder.grading.gradebook import nbgrader_step
from autograder.grading.gradebook.late import SharePerDay, configured_penalty, how_late
from autograder.grading.gradebook.nbgrader_step import RecordGrades
from autograder.grading.gradebook.record import PaperNotRecorded, Record, RecordError
from autograder.grading.gradebook.settings import read_course
from autograder.grading.outcome import FAILED, Graded
from autograder.notebooks.course import CourseError
from tests.support.acting import PNG
from tests.support.classroom import FILE, LESSON, gradebook_rows, graded, make_course, set_points, sqlite

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUESTION = "why_dropout_scales"
PLUGIN = """
from nbgrader.plugins import LateSubmissionPlugin


class HouseRule(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        if student_id == "fay":
            raise TypeError("no fay")
        return "a lot" if student_id == "eve" else score / 4
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A course whose question is worth 2 points, with a penalty of its own for what is late."""
    course = make_course(tmp_path_factory.mktemp("prepared") / "course")
    (course / "house_rule.py").write_text(PLUGIN)
    with (course / "nbgrader_config.py").open("a") as config:
        config.write('c.AssignLatePenalties.plugin_class = "house_rule.HouseRule"\n')
    set_points(course, **{QUESTION: 2})
    with Record(course) as record:
        record.prepare(LESSON)
    return course


@pytest.fixture
def course(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "course")


def say(course, text, file="deadlines.toml"):
    (course / "autograder" / file).write_text(text)


def record(course, *submissions, at=NOON):
    """Grade as ``course grade`` does, from the judge's results on."""
    with Record(course) as writer:
        writer.prepare(LESSON)
        for each in submissions:
            writer.save(each, at)
        return writer.standings(LESSON)


def by_hand(course, student, cell, points=None, extra=None):
    """As Formgrader does."""
    with Gradebook(sqlite(course)) as gradebook:
        grade = gradebook.find_grade(cell, LESSON, LESSON, student)
        grade.manual_score, grade.extra_credit = points, extra
        grade.needs_manual_grade = points is None and grade.auto_score is None
        gradebook.db.commit()


def found(course, student, cell):
    """(the score, whether a person has to grade it)"""
    with Gradebook(sqlite(course)) as gradebook:
        grade = gradebook.find_grade(cell, LESSON, LESSON, student)
        return grade.score, grade.needs_manual_grade


def penalty(course, student):
    with Gradebook(sqlite(course)) as gradebook:
        return gradebook.find_submission(LESSON, student).late_submission_penalty


# --- late


def test_the_penalty_is_that_of_the_plugin_in_nbgraders_configuration_and_stays(course):
    say(course, "[07_layers]\ndue = 2026-03-01T11:00:00Z\n")
    for _ in range(2):
        standing = record(course, graded("ann", wrong=["softmax"]))["ann"]

        assert penalty(course, "ann") == 11 / 4
        assert (standing.score, standing.penalty, standing.seconds_late) == (11 - 11 / 4, 11 / 4, 3600)


def test_what_is_in_time_or_extended_or_excused_costs_nothing(course):
    students = '[07_layers.students]\nbob = { due = 2026-03-02T00:00:00Z }\n"cat.c" = { status = "excused" }\n'
    say(course, f"[07_layers]\ndue = 2026-03-01T11:00:00Z\n{students}")
    standings = record(course, graded("bob"), graded("cat.c"))
    in_time = record(course, graded("ann"), at=NOON - timedelta(hours=1))["ann"]

    assert [penalty(course, name) for name in ("ann", "bob", "cat.c")] == [0, 0, 0]
    assert (in_time.seconds_late, standings["bob"].seconds_late, standings["cat.c"].seconds_late) == (0, 0, 3600)
    assert {name: standing.excused for name, standing in standings.items()} == {"bob": False, "cat.c": True}


def test_nbgraders_own_commands_and_ours_leave_the_same_penalty(course, monkeypatch):
    """Through the real converter, but for the sandbox."""
    say(course, "[07_layers]\ndue = 2026-03-01T11:00:00Z\n")
    folder = course / "autograder" / "submitted" / "ann" / LESSON
    folder.mkdir(parents=True)
    (folder / FILE).write_text(graded("ann").notebook)
    (folder / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    monkeypatch.setattr(nbgrader_step, "grade_notebook", lambda *_: graded("ann"))
    application = read_course(course)
    monkeypatch.chdir(course)
    monkeypatch.syspath_prepend(course)
    nbgraders = NbGraderAPI(application.coursedir, parent=application)
    result = nbgraders.autograde(LESSON, "ann")

    assert result["success"], result
    assert penalty(course, "ann") == 14 / 4
    assert found(course, "ann", QUESTION) == (0, True)
    by_hand(course, "ann", QUESTION, 2)
    record(course, graded("ann"))
    assert penalty(course, "ann") == 16 / 4
    rows = gradebook_rows(sqlite(course))
    assert nbgraders.autograde(LESSON, "ann")["success"]
    assert gradebook_rows(sqlite(course)) == rows


def test_a_plugin_that_fails_costs_its_student_alone_a_grade_and_is_named(course):
    say(course, "[07_layers]\ndue = 2026-03-01T11:00:00Z\n")
    with Record(course) as writer:
        writer.prepare(LESSON)
        for student, why in (("eve", "HouseRule, gave no number"), ("fay", "HouseRule, raised TypeError")):
            with pytest.raises(
                PaperNotRecorded, match=f"{student}'s .*{why}.*Look at AssignLatePenalties.plugin_class"
            ):
                writer.save(graded(student), NOON)
        writer.save(graded("ann"), NOON)

    assert penalty(course, "ann") == 14 / 4


def test_a_plugin_that_is_not_there_is_named_before_anything_is_graded(course):
    with (course / "nbgrader_config.py").open("a") as config:
        config.write('c.AssignLatePenalties.plugin_class = "nowhere.Rule"\n')
    with pytest.raises(RecordError, match=r"plugin for late submissions cannot be loaded.*plugin_class"):
        Record(course)


def test_nbgraders_own_rule_can_be_configured_as_ever(course):
    with (course / "nbgrader_config.py").open("a") as config:
        config.write('c.AssignLatePenalties.plugin_class = "nbgrader.plugins.LateSubmissionPlugin"\n')
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')

    assert configured_penalty(read_course(course))("ann", 11.0, 1.0) == 11


@pytest.mark.parametrize(
    ("seconds", "points"), [(0, None), (15 * 60, None), (15 * 60 + 1, 1), (86_400, 1), (86_401, 2), (9e9, 5)]
)
def test_the_ready_made_penalty_has_a_grace_period_a_share_for_each_day_and_a_floor(seconds, points):
    rule = SharePerDay(share=0.1, floor=0.5)

    assert rule.late_submission_penalty("ann", 10, seconds) == points


def test_how_late_is_said_in_two_units():
    assert [how_late(s) for s in (0.5, 59, 60, 3 * 3600, 90 * 60, 51 * 3600, 86_400 + 60)] == [
        "1 second",
        "59 seconds",
        "1 minute",
        "3 hours",
        "1 hour 30 minutes",
        "2 days 3 hours",
        "1 day",
    ]


# --- due


def test_due_dates_and_extensions_follow_the_file_and_a_deleted_line_takes_back_what_it_gave(course):
    def in_gradebook():
        with Gradebook(sqlite(course)) as gradebook:
            return gradebook.find_assignment(LESSON).duedate, gradebook.find_submission(LESSON, "ann").extension

    text = 'zone = "Europe/Berlin"\n[7]\ndue = 2026-03-01T12:00:00\n[7.students]\nann = { due = 2026-03-03T12:00:00 }'
    say(course, text)
    record(course, graded("ann"))
    assert in_gradebook() == (datetime(2026, 3, 1, 11), timedelta(days=2))
    say(course, text.partition("[7.students]")[0])
    record(course, graded("ann"))
    assert in_gradebook() == (datetime(2026, 3, 1, 11), None)
    say(course, "")
    record(course, graded("ann"))
    assert in_gradebook() == (None, None)


def test_what_the_gradebook_has_from_elsewhere_stays(course):
    record(course, graded("ann"))
    with Gradebook(sqlite(course)) as gradebook:
        gradebook.update_or_create_assignment(LESSON, duedate="2026-03-01 00:00:00 UTC")
        gradebook.grant_extension(LESSON, "ann", hours=10)
        gradebook.db.commit()
    standing = record(course, graded("ann"))["ann"]

    assert (standing.due, standing.seconds_late) == (datetime(2026, 3, 1, 10), 7200)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[07_layers]\ndue = 2026-03-01T12:00:00", "has no time zone"),
        ("[07_layers]\ndue = 2026-03-01", "expected a day and a time, such as 2026-03-01T23:59:00"),
        ('[07_layers]\ndue = "tomorrow"', "expected a time such as 2026-03-01T23:59:00, no quotes"),
        ("[07_layers]\ndue = 5", "expected a day and a time"),
        ("[07_layers]\ndeu = 2026-03-01T12:00:00Z", "deu is no setting; expected due or students"),
        ("[08_none]\n", r"\[08_none\]. There is no lesson 08_none. Did you mean: 07_layers"),
        ("[7]\n[07_layers]\n", "07_layers has two tables"),
        ('zone = "CEST"\n', "zone = 'CEST' is no time zone. Expected one such as"),
        ('zone = "Europe/Berlin"\n[7]\ndue = 2026-10-25T02:30:00', "the clocks change then"),
        ('zone = "Europe/Berlin"\n[7]\ndue = 2026-03-29T02:30:00', "the clocks change then"),
        (
            "[7]\ndue = 2026-03-01T12:00:00Z\n[7.students]\nann = { due = 2026-02-01T12:00:00Z }",
            "is before the lesson's",
        ),
        ("[7.students]\nann = { due = 2026-02-01T12:00:00Z }", "the lesson has none"),
        ('[7.students]\nann = { status = "ill" }', 'the only status there is: "excused"'),
        ("[7.students]\nann = 2026-02-01T12:00:00Z", "expected { due = ... } or"),
        ("due = 2026-03-01T12:00:00Z", "stands outside of a lesson's table"),
        ("[7]\ndue = soon", "cannot be read: .*line 2"),
    ],
)
def test_a_deadline_that_is_not_certain_is_refused_with_its_place(course, text, complaint):
    say(course, text)
    with Record(course) as writer, pytest.raises(CourseError, match=f"autograder/deadlines.toml.*{complaint}"):
        writer.prepare(LESSON)


# --- by hand


def test_what_was_graded_by_hand_stays_graded_as_long_as_the_answer_is_the_same(course):
    record(course, graded("ann"))
    assert found(course, "ann", QUESTION) == (0, True)
    by_hand(course, "ann", QUESTION, 1.5)
    by_hand(course, "ann", "check_softmax", 2, extra=0.5)
    standing = record(course, graded("ann"))["ann"]

    assert (found(course, "ann", QUESTION), found(course, "ann", "check_softmax")) == ((1.5, False), (2.5, False))
    assert standing.score == 11 + 1.5 + 2.5
    record(course, graded("ann", answer="Another answer."))
    assert (found(course, "ann", QUESTION), found(course, "ann", "check_softmax")) == ((1.5, True), (2.5, False))
    record(course, graded("ann", answer="Another answer."))
    assert found(course, "ann", QUESTION) == (1.5, True)
    by_hand(course, "ann", QUESTION, 2)
    record(course, graded("ann", answer="Another answer."))
    assert found(course, "ann", QUESTION) == (2, False)


@pytest.mark.parametrize("changed", ["below", "attachment"])
def test_an_answer_is_also_what_stands_below_it_and_its_pictures(course, changed):
    record(course, graded("ann"))
    by_hand(course, "ann", QUESTION, 1)
    submission = graded("ann")
    notebook = nbformat.reads(submission.notebook, as_version=4)
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == QUESTION)
    if changed == "below":
        notebook.cells.insert(place + 1, nbformat.v4.new_markdown_cell("And because of this."))
    else:
        notebook.cells[place].attachments = {"a.png": {"image/png": PNG}}
    record(course, Graded(**{**vars(submission), "notebook": nbformat.writes(notebook)}))

    assert found(course, "ann", QUESTION) == (1, True)


def test_what_is_worth_no_points_or_untouched_waits_for_nobody(course):
    record(course, graded("ann"), graded("bob", stubs=[QUESTION]))
    assert (found(course, "ann", QUESTION), found(course, "bob", QUESTION)) == ((0, True), (0, False))
    set_points(course, **{QUESTION: 0})
    record(course, graded("ann"), graded("bob", stubs=[QUESTION]))
    assert (found(course, "ann", QUESTION), found(course, "bob", QUESTION)) == ((0, False), (0, False))


def test_what_was_graded_by_hand_in_a_gradebook_of_nbgraders_own_stays_graded(course, monkeypatch):
    monkeypatch.syspath_prepend(course)
    with Gradebook(sqlite(course)) as gradebook:
        gradebook.add_student("ann")
        gradebook.update_or_create_submission(LESSON, "ann", timestamp=NOON)
    plainly(course, graded("ann"))
    by_hand(course, "ann", QUESTION, 1)
    record(course, graded("ann"))
    assert found(course, "ann", QUESTION) == (1, False)
    record(course, graded("ann", answer="Another."), at=NOON + timedelta(hours=1))
    assert found(course, "ann", QUESTION) == (1, True)


# --- in any order

EXTRA = {"check_gelu": (None, 0.5), "check_softmax": (2, None), QUESTION: (1.5, 0.25)}
RESULTS = [{}, {"wrong": ["softmax"]}, {"wrong": ["gelu", "dropout"], "answer": "Another."}, {"stubs": [QUESTION]}]


def plainly(course, submission):
    """Record as nbgrader's own steps do, with the course's configuration."""
    application = read_course(course)
    where = {"assignment": LESSON, "notebook": LESSON, "student": submission.student, "db_url": sqlite(course)}
    notebook = nbformat.reads(submission.notebook, as_version=4)
    for step in (SaveAutoGrades, AssignLatePenalties):
        step(parent=application).preprocess(notebook, {"nbgrader": where})


def by_our_step(course, submission):
    """As ``nbgrader autograde`` does, with the step in nbgrader_config.py."""
    application = read_course(course)
    converter = Autograde(coursedir=application.coursedir, parent=application)
    where = {"assignment": LESSON, "notebook": LESSON, "student": submission.student, "db_url": sqlite(course)}
    step = RecordGrades(parent=NotebookExporter(parent=converter))
    step.preprocess(nbformat.reads(submission.notebook, as_version=4), {"nbgrader": where})


def exported(course):
    with Gradebook(sqlite(course)) as gradebook:
        CsvExportPlugin(to=str(course / "grades.csv")).export(gradebook)
    return (course / "grades.csv").read_text()


def without_what_waits(course):
    """All rows, but whether a person has to grade it: there nbgrader forgets what was graded, and asks again."""
    return [row[:5] if len(row) == 6 else row for row in gradebook_rows(sqlite(course))]


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_of_commands_the_points_are_nbgraders(prepared, course, tmp_path, monkeypatch, seed):
    monkeypatch.syspath_prepend(prepared)
    draw = random.Random(seed)
    nbgraders = shutil.copytree(course, tmp_path / "nbgraders")
    with Gradebook(sqlite(nbgraders)) as gradebook:
        gradebook.update_or_create_assignment(LESSON, duedate="2026-03-01 11:00:00 UTC")
        gradebook.add_student("ann")
        gradebook.update_or_create_submission(LESSON, "ann", timestamp=NOON)
    say(course, "[07_layers]\ndue = 2026-03-01T11:00:00Z\n")
    result = draw.choice(RESULTS)
    record(course, graded("ann", **result))
    plainly(nbgraders, graded("ann", **result))
    settled, history = {}, []
    for _ in range(8):
        command = draw.choice(["grade", "autograde", "resubmit", "by hand", "extension"])
        history.append(command)
        if command in ("grade", "autograde", "resubmit"):
            if command == "resubmit":
                result, settled = draw.choice(RESULTS), {}
            (by_our_step if command == "autograde" else record)(course, graded("ann", **result))
            plainly(nbgraders, graded("ann", **result))
        elif command == "by hand":
            cell = draw.choice(list(EXTRA))
            for each in (course, nbgraders):
                by_hand(each, "ann", cell, *EXTRA[cell])
            settled[cell] = EXTRA[cell]
        else:
            hours = draw.choice([0, 1, 5])
            for each in (course, nbgraders):
                with Gradebook(sqlite(each)) as gradebook:
                    gradebook.grant_extension(LESSON, "ann", hours=hours)
                    gradebook.db.commit()

        assert without_what_waits(course) == without_what_waits(nbgraders), history
        assert exported(course) == exported(nbgraders), history
        assert [cell for cell, given in settled.items() if given[0] and found(course, "ann", cell)[1]] == [], history


# --- withdrawn


def test_a_withdrawn_exercise_gives_everybody_its_points_and_can_be_taken_back(course):
    everybody = [graded("ann"), graded("bob", wrong=["gelu"]), graded("eve", stubs=["gelu"])]
    everybody += [Graded("corrupt", LESSON, FAILED, {}, warnings=("no notebook",))]
    before = record(course, *everybody)
    by_hand(course, "bob", "check_gelu", 0.5)
    say(course, '[07_layers]\ngelu = "full"\n', "withdrawn.toml")
    after = record(course, *everybody)
    assert {name: after[name].score - before[name].score for name in after} == {
        "ann": 0,
        "bob": 1,
        "eve": 1,
        "corrupt": 1,
    }
    say(course, "", "withdrawn.toml")
    assert {name: standing.score for name, standing in record(course, *everybody).items()} == {
        "ann": 14,
        "bob": 13.5,
        "eve": 13,
        "corrupt": 0,
    }
    assert found(course, "bob", "check_gelu") == (0.5, False)


def test_what_is_taken_out_of_the_maximum_counts_for_nobody(course):
    record(course, graded("ann"), graded("bob", wrong=["gelu"]))
    by_hand(course, "bob", "check_gelu", 0.5)
    say(course, '[07_layers]\ngelu = "out"\n', "withdrawn.toml")
    after = record(course, graded("ann"), graded("bob", wrong=["gelu"]))

    assert {name: (standing.score, standing.max_score) for name, standing in after.items()} == {
        "ann": (13, 15),
        "bob": (13, 15),
    }


def test_an_exercise_that_is_in_the_lesson_no_more_is_refused_until_it_is_withdrawn_and_then_follows(course):
    record(course, graded("ann"), graded("bob", wrong=["gelu"]))
    by_hand(course, "ann", "check_softmax", 1)
    set_points(course, gelu=None)
    with Record(course) as writer:
        assert "gelu" in writer.names(LESSON)
        with pytest.raises(RecordError, match=r"no more: check_gelu.*course grade LESSON --withdraw NAME"):
            writer.prepare(LESSON)
    for counts, bobs, best in (("full", 12, 16), ("out", 11, 15), ("full", 12, 16)):
        say(course, f'[07_layers]\ngelu = "{counts}"\n', "withdrawn.toml")
        standings = record(course, without(graded("ann"), "gelu"), without(graded("bob"), "gelu"))

        assert (standings["ann"].score, standings["ann"].max_score) == (bobs, best)
        assert standings["bob"].score == bobs + 2
        assert found(course, "ann", "check_softmax") == (1, False)


def without(submission, name):
    notebook = nbformat.reads(submission.notebook, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id not in (name, f"check_{name}")]
    exercises = {each: grade for each, grade in submission.exercises.items() if each != name}
    return Graded(**{**vars(submission), "notebook": nbformat.writes(notebook), "exercises": exercises})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[07_layers]\nglue = "full"', "07_layers has no glue, .* It has cross_entropy, dropout"),
        ("[07_layers]\ngelu = 1", 'gelu = 1; expected "full" or "out"'),
        ('gelu = "full"', "stands outside of a lesson's table"),
    ],
)
def test_a_withdrawal_of_what_is_not_there_is_refused(course, text, complaint):
    say(course, text, "withdrawn.toml")
    with Record(course) as writer, pytest.raises(CourseError, match=f"autograder/withdrawn.toml.*{complaint}"):
        writer.prepare(LESSON)
