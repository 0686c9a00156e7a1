"""`course export`: grades as gradebooks import them, in their own exports, and never in a row that is not certain.

The exports are built to the formats whose sources `autograder/grading/export/layouts.py` names.
"""

import csv
import io
import re
import stat

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading.export.command import export
from autograder.grading.export.layouts import is_called
from autograder.grading.feedback.notebook import feedback_notebook
from autograder.grading.gradebook.record import Record
from autograder.grading.outcome import Points, Standing
from autograder.grading.people.book import ANYWHERE, Book, Identity
from autograder.grading.people.roster import import_rows, read_roster
from autograder.grading.report.facts import read_facts
from autograder.notebooks.course import CourseError
from tests.support.classroom import LESSON, graded, make_course

# student in nbgrader -> points of 14; nobody else has handed in
POINTS = {"zobrien": 14, "mueller": 11, "wang": 13, "wz1": 11, "wz2": 10}
WRONG = {"zobrien": [], "mueller": ["softmax"], "wang": ["gelu"], "wz1": ["layer_norm"], "wz2": ["softmax", "linear"]}

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Warm-up (7),Lesson 7 (123),Current Score\n"
    ",,,,,,Manual Posting,\n"
    "    Points Possible,,,,,5,14,(read only)\n"
    '"O\'Brien, Zoë",13,S1,zobrien,CS 101,3,,60.0\n'
    '"Müller, Jörg",16,S2,mueller,"CS 101, evening",,,\n'
    '"王, 小明",17,S3,wang,CS 101,1.5,2,30\n'
    '"Zhang, Wei",14,S4,wz1,Section A,,,\n'
    '"Zhang, Wei",15,S5,wz2,Section B,4,,\n'
    "=\"=cmd|' /C calc'!A0\",18,S6,idle,CS 101,,7,\n"
    '"Student, Test",99,,,CS 101,,,\n'
)
WORKSHEET = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\r\n"
    'Participant 501,Zoë O\'Brien,S1,zoe@example.org,Submitted for grading,,"14,00",Yes,-,-,\r\n'
    'Participant 502,Jörg Müller,S2,joerg@example.org,Submitted for grading,"7,00","14,00",Yes,-,-,"see, ""there"""\r\n'
    'Participant 503,王 小明,S3,wang@example.org,Submitted for grading,,"14,00",Yes,-,-,\r\n'
    'Participant 504,Wei Zhang,S4,wei@example.org,Submitted for grading,,"14,00",Yes,-,-,\r\n'
    'Participant 505,Wei Zhang,S5,wei2@example.org,Submitted for grading,,"14,00",Yes,-,-,\r\n'
    'Participant 506,=cmd,S6,idle@example.org,No submission,,"14,00",Yes,-,-,\r\n'
)
MOODLE = (
    "First name,Last name,ID number,Email address,Assignment: Lesson 7 (Real),Assignment: Lesson 7 (Percentage),"
    "Course total (Real),Last downloaded from this course\n"
    "Zoë,O'Brien,S1,zoe@example.org,-,-,-,1767225600\n"
    "Jörg,Müller,S2,joerg@example.org,-,-,-,1767225600\n"
    "小明,王,S3,wang@example.org,-,-,-,1767225600\n"
    "Wei,Zhang,S4,wei@example.org,-,-,-,1767225600\n"
    "Wei,Zhang,S5,wei2@example.org,-,-,-,1767225600\n"
    "+49,=cmd,S6,idle@example.org,-,-,-,1767225600\n"
)
BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"'
    '\t"Weighted Total [Total Pts: up to 0 Percentage] |55"\t"Lesson 7 [Total Pts: 14 Score] |98765"\n'
    '"O\'Brien"\t"Zoë"\t"zobrien"\t"S1"\t"2026-01-30 10:00:00"\t"Yes"\t""\t""\n'
    '"Müller"\t"Jörg"\t"mueller"\t"S2"\t""\t"Yes"\t""\t"Needs Grading"\n'
    '"王"\t"小明"\t"wang"\t"S3"\t""\t"Yes"\t""\t""\n'
    '"Zhang"\t"Wei"\t"wz1"\t"S4"\t""\t"Yes"\t""\t"3.50"\n'
    '"Zhang"\t"Wei"\t"wz2"\t"S5"\t""\t"No"\t""\t""\n'
    '"=cmd"\t"-"\t"idle"\t"S6"\t""\t"Yes"\t""\t""\n'
)
BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,First Name,Email,Lesson 7 Points Grade "
    "<Numeric MaxPoints:14 Weight:10 Category:Homework CategoryWeight:50>,"
    "Calculated Final Grade Numerator,Calculated Final Grade Denominator,End-of-Line Indicator\r\n"
    "#S1,#zobrien,O'Brien,Zoë,zoe@example.org,,,,#\r\n"
    "#S2,#mueller,Müller,Jörg,joerg@example.org,,,,#\r\n"
    "#S3,#wang,王,小明,wang@example.org,,,,#\r\n"
    "#S4,#wz1,Zhang,Wei,wei@example.org,,,,#\r\n"
    "#S5,#wz2,Zhang,Wei,wei2@example.org,,,,#\r\n"
    "#S6,#idle,=cmd,-,idle@example.org,,,,#\r\n"
)
ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section
"O'Brien, Zoë",13,S1,zobrien,
"Müller, Jörg",16,S2,mueller,
"王, 小明",17,S3,wang,
"Zhang, Wei",14,S4,wz1,
"Zhang, Wei",15,S5,wz2,
"Idle, Ida",18,S6,idle,
"""
# what the platform's import goes by, and the column with the points
PLATFORMS = {
    "canvas": (CANVAS, "utf-8-sig", ",", "SIS User ID", "Lesson 7 (123)"),
    "canvas-semicolons": (CANVAS.replace(",", ";"), "utf-8", ";", "SIS User ID", "Lesson 7 (123)"),
    "moodle-worksheet": (WORKSHEET, "utf-8", ",", "ID number", "Grade"),
    "moodle": (MOODLE, "utf-8", ",", "ID number", "Assignment: Lesson 7 (Real)"),
    "blackboard": (BLACKBOARD, "utf-16", "\t", "Student ID", "Lesson 7 [Total Pts: 14 Score] |98765"),
    "brightspace": (BRIGHTSPACE, "utf-8-sig", ",", "OrgDefinedId", "Lesson 7 Points Grade <Numeric"),
}
OF_ID = {"S1": "zobrien", "S2": "mueller", "S3": "wang", "S4": "wz1", "S5": "wz2"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A course with a roster and grades."""
    course = make_course(tmp_path_factory.mktemp("export") / "course")
    (course / "course_utils").mkdir()
    (course / "roster.csv").write_text(ROSTER, encoding="utf-8")
    book = Book(course)
    import_rows(book, *read_roster(course / "roster.csv", {}))
    book.save()
    with Record(course) as record:
        record.prepare(LESSON)
        for student, wrong in WRONG.items():
            record.save(graded(student, wrong=wrong))
    return course


@pytest.fixture
def course(made):
    """The same, with the people that it was made with."""
    before = (made / "autograder" / "people.json").read_bytes()
    yield made
    (made / "autograder" / "people.json").write_bytes(before)
    (made / "autograder" / "deadlines.toml").unlink(missing_ok=True)


def exported(course, platform, text, encoding="utf-8", lessons=(), columns=(), scale=False, **people):
    """The bytes before and after, and what was said."""
    template, file = course / "their.csv", course / "grades.csv"
    template.write_bytes(text.encode(encoding))
    done = export(course, file, platform.partition("-")[0], lessons, template, columns, people, scale)
    return template.read_bytes(), file.read_bytes(), done


def rows(data, encoding, separator):
    reader = csv.reader(io.StringIO(data.decode(encoding), newline=""), delimiter=separator)
    return list(reader)


def imported(data, encoding, separator, id, column):
    """What a platform reads: points by its id."""
    titles, *people = rows(data, encoding, separator)
    at = titles.index(id), next(i for i, title in enumerate(titles) if title.startswith(column))
    return {row[at[0]].removeprefix("#"): row[at[1]] for row in people if row[at[0]]}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_grades_come_back_to_those_who_earned_them(course, platform):
    text, encoding, separator, id, column = PLATFORMS[platform]

    _, after, done = exported(course, platform, text, encoding)

    found = {OF_ID[key]: said for key, said in imported(after, encoding, separator, id, column).items() if key in OF_ID}
    assert {student: float(said) for student, said in found.items()} == POINTS
    assert done.left == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_else_in_the_file_changes_not_by_a_byte(course, platform):
    text, encoding, separator, _, column = PLATFORMS[platform]

    before, after, _ = exported(course, platform, text, encoding)

    old, new = rows(before, encoding, separator), rows(after, encoding, separator)
    at = next(i for i, title in enumerate(old[0]) if title.startswith(column))
    theirs = [[cell for i, cell in enumerate(row) if i != at] for row in old]
    assert [[cell for i, cell in enumerate(row) if i != at] for row in new] == theirs
    untouched = [line for line in text.splitlines(keepends=True) if not any(f"{id}" in line for id in OF_ID)]
    lines = after.decode(encoding).splitlines(keepends=True)
    assert [line for line in lines if line in untouched] == untouched
    quotes = {line.count('"') for line in lines if "zobrien" in line}, {line.count('"') for line in text.splitlines()}
    assert platform != "blackboard" or quotes[0] <= quotes[1]
    assert after[:3] == before[:3]


def test_a_file_with_nothing_new_is_the_same_file(course):
    _, once, _ = exported(course, "canvas", CANVAS, "utf-8-sig")

    _, twice, done = exported(course, "canvas", once.decode("utf-8-sig"), "utf-8-sig")

    assert twice == once
    assert done.sentences == ["07_layers: 5 grades in Lesson 7 (123)."]


def test_a_grade_that_was_another_is_named_and_so_is_the_column(course):
    _, _, done = exported(course, "canvas", CANVAS)

    assert done.sentences == [
        "07_layers: 5 grades in Lesson 7 (123).",
        "07_layers: 1 had another grade there: wang 2 -> 13.",
    ]


def test_numbers_are_written_as_the_file_has_them(course):
    half = WORKSHEET.replace("14,00", "7,00")

    _, after, _ = exported(course, "moodle", half, scale=True)

    assert imported(after, "utf-8", ",", "ID number", "Grade")["S3"] == "6,5"
    assert b'"6,5"' in after


@pytest.mark.parametrize("platform", ["canvas", "moodle-worksheet", "blackboard", "brightspace"])
def test_another_maximum_is_refused_unless_points_are_to_be_scaled(course, platform):
    text, encoding, separator, id, column = PLATFORMS[platform]
    text = text.replace("MaxPoints:14", "MaxPoints:28").replace("Pts: 14", "Pts: 28").replace("14,00", "28,00")
    text = text.replace(",5,14,(read", ",5,28,(read")
    column = column.replace("Pts: 14", "Pts: 28")
    with pytest.raises(CourseError, match=r"07_layers is out of 14, and .* out of 28.*--scale"):
        exported(course, platform, text, encoding)

    _, after, _ = exported(course, platform, text, encoding, scale=True)

    assert float(imported(after, encoding, separator, id, column)["S1"]) == 28


def test_two_of_one_name_without_an_id_are_left_and_listed(course):
    book = Book(course)
    for student in ("wz1", "wz2"):
        book.people[student].identities = [Identity("Brightspace", f"9{student[-1]}", "Wei Zhang")]
    book.save()

    _, after, done = exported(course, "moodle", MOODLE)

    found = imported(after, "utf-8", ",", "ID number", "Assignment: Lesson 7 (Real)")
    assert (found["S4"], found["S5"], found["S1"]) == ("-", "-", "14")
    assert done.left == 2
    assert done.sentences[-2:] == [
        f"07_layers: left out, Wei Zhang ({one}): more than one has that name, and no id tells them apart."
        for one in ("wz1", "wz2")
    ]


@pytest.mark.parametrize("name", ["Mueller", "Joerg Müller", "Jörg M.", "Muller"])
def test_nobody_is_found_by_likeness(course, name):
    book = Book(course)
    book.people["mueller"].identities = [Identity(ANYWHERE, "", name)]
    book.people["mueller"].first_name = book.people["mueller"].last_name = ""
    book.save()

    _, after, done = exported(course, "moodle", MOODLE)

    assert imported(after, "utf-8", ",", "ID number", "Assignment: Lesson 7 (Real)")["S2"] == "-"
    assert done.left == 1


def test_a_name_that_only_one_has_is_enough_and_is_said(course):
    book = Book(course)
    for student, name in (("zobrien", "Zoë OBrien"), ("wang", "王小明")):  # Moodle leaves ' out of the names of files
        person = book.people[student]
        person.first_name = person.last_name = ""
        person.identities = [Identity("Moodle", "77", name, "01_tensors")]
    book.save()

    _, _, done = exported(course, "moodle", MOODLE)

    assert done.left == 0
    assert "07_layers: 2 found by the name alone, which nobody else has: zobrien, wang." in done.sentences


def test_the_same_name_with_another_id_is_somebody_else(course):
    book = Book(course)
    book.people["mueller"].identities = [Identity(ANYWHERE, "S9", "Jörg Müller")]
    book.save()

    _, after, done = exported(course, "moodle", MOODLE)

    assert imported(after, "utf-8", ",", "ID number", "Assignment: Lesson 7 (Real)")["S2"] == "-"
    assert "left out, Jörg Müller (mueller): the name is the same, and the id is another." in done.sentences[-1]


def test_a_worksheet_of_another_assignment_gives_nobody_anothers_grade(course):
    book = Book(course)
    for student, number in (("zobrien", "504"), ("mueller", "501")):
        person = book.people[student]
        person.identities = [Identity("Moodle", number, person.name, LESSON)]
    book.save()
    blind = WORKSHEET.replace(",S1,", ",,").replace(",S2,", ",,").replace(",S4,", ",,")

    _, after, done = exported(course, "moodle", blind)

    assert {row[0]: row[5] for row in rows(after, "utf-8", ",")}["Participant 501"] == ""
    assert any("mueller): the number is one person's, and the name another's" in said for said in done.sentences)


def test_moodles_numbers_are_enough_where_names_are_hidden(course):
    book = Book(course)
    book.people["mueller"].identities = [Identity("Moodle", "502", "Participant_502", LESSON)]
    book.save()
    blind = "Identifier,Status,Grade,Maximum Grade,Last modified (grade)\nParticipant 502,Submitted,,14.00,-\n"

    with pytest.raises(CourseError, match="no export"):
        exported(course, "moodle", blind)
    named = blind.replace("Identifier,Status", "Identifier,Full name,Status").replace("502,S", "502,,S")
    _, after, _ = exported(course, "moodle", named)

    assert rows(after, "utf-8", ",")[1][3] == "11"


def test_who_is_excused_is_so_where_the_file_can_say_it(course):
    (course / "autograder" / "deadlines.toml").write_text(
        f'[{LESSON}.students]\nmueller = {{ status = "excused" }}\n', encoding="utf-8"
    )

    _, canvas, _ = exported(course, "canvas", CANVAS)
    _, moodle, done = exported(course, "moodle", MOODLE)

    assert imported(canvas, "utf-8", ",", "SIS User ID", "Lesson 7 (123)")["S2"] == "EX"
    assert imported(moodle, "utf-8", ",", "ID number", "Assignment: Lesson 7 (Real)")["S2"] == "-"
    assert "07_layers: 1 excused, which this file cannot say: left as they were: mueller." in done.sentences


@pytest.mark.parametrize("said", ["EX", "N/A"])
def test_what_canvas_says_of_a_cell_is_not_ours_to_change(course, said):
    _, after, done = exported(course, "canvas", CANVAS.replace('CS 101, evening",,', f'CS 101, evening",,{said}'))

    assert imported(after, "utf-8", ",", "SIS User ID", "Lesson 7 (123)")["S2"] == said
    assert done.left == 1


def test_who_has_a_grade_and_no_row_is_named(course):
    without = "".join(line for line in CANVAS.splitlines(keepends=True) if "S3" not in line)

    _, _, done = exported(course, "canvas", without)

    assert done.left == 1
    assert done.sentences[-1] == (
        "07_layers: left out, 小明 王 (wang): no row of the file has the person's id, e-mail or exact name."
    )


@pytest.mark.parametrize(
    ("change", "columns", "message"),
    [
        (("Lesson 7 (123)", "Quiz (123)"), (), r"No column is a lesson's. Columns for grades are: Warm-up \(7\), Quiz"),
        (("Warm-up (7)", "Lesson 07 (7)"), (), r"07_layers could be Lesson 07 \(7\) and Lesson 7 \(123\). Say which"),
        (
            ("", ""),
            ("7=Test",),
            r"No column for grades is called Test. Columns for grades are: Warm-up \(7\), Lesson 7",
        ),
        (("", ""), ("Test",), "--column Test: expected LESSON=TITLE"),
    ],
)
def test_a_column_that_is_not_certain_is_asked_for(course, change, columns, message):
    with pytest.raises(CourseError, match=message):
        exported(course, "canvas", CANVAS.replace(*change), columns=columns)


@pytest.mark.parametrize("title", ["Quiz (123)", "Quiz"])
def test_a_column_can_be_named(course, title):
    _, after, _ = exported(course, "canvas", CANVAS.replace("Lesson 7 (", "Quiz ("), columns=[f"7={title}"])

    assert imported(after, "utf-8", ",", "SIS User ID", "Quiz (123)")["S1"] == "14"


def test_any_other_list_is_filled_in_by_the_columns_that_are_named(course):
    text = "Matrikel;Name;07_layers;Note\nS2;Müller;;\nS1;O'Brien;;\n"

    _, after, done = exported(course, "csv", text, "cp1252", id="Matrikel")

    assert after.decode("cp1252") == "Matrikel;Name;07_layers;Note\nS2;Müller;11;\nS1;O'Brien;14;\n"
    assert done.left == 3


@pytest.mark.parametrize("above", ["sep=;\r\n", "\n", "\nsep=;\n"])
def test_what_stands_above_the_titles_stays_as_it_is(course, above):
    _, after, _ = exported(course, "csv", above + "Matrikel;Name;07_layers\nS2;Müller;\n", id="Matrikel")

    assert after.decode() == above + "Matrikel;Name;07_layers\nS2;Müller;11\n"


def test_another_platforms_export_is_refused(course):
    with pytest.raises(CourseError, match=r"their\.csv is Moodle's export; expected one of Canvas's"):
        exported(course, "canvas", MOODLE)


def test_without_a_template_a_table_is_written_in_which_no_name_is_a_formula(course):
    book = Book(course)
    book.people["idle"].first_name, book.people["idle"].last_name = "=cmd|' /C calc'!A0", "@x"
    book.save()

    export(course, course / "grades.csv", "csv", ["7"], None, (), {}, False)

    titles, *people = rows((course / "grades.csv").read_bytes(), "utf-8-sig", ",")
    assert titles == ["id", "first name", "last name", "email", "07_layers (of 14)"]
    assert ["mueller", "Jörg", "Müller", "", "11"] in people
    assert ["idle", "'=cmd|' /C calc'!A0", "'@x", "", ""] in people


def test_a_file_with_grades_is_for_nobody_else(course):
    (course / "grades.csv").unlink(missing_ok=True)
    exported(course, "canvas", CANVAS)
    private = [course / "grades.csv", course / "autograder" / "gradebook.db", course / "autograder" / "autograded"]

    assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in private] == [0, 0, 0]


def test_the_command_says_what_it_did_and_its_code_whether_somebody_was_left(course, monkeypatch):
    monkeypatch.chdir(course)
    (course / "their.csv").write_text(
        CANVAS.replace("17,S3,wang", "27,S8,other").replace("王", "Wang"), encoding="utf-8"
    )
    command = ["export", "new.csv", "--to", "canvas", "--template", "their.csv"]

    left = CliRunner().invoke(app, command)
    refused = CliRunner().invoke(app, [*command[:3], "canvsa"])
    same = CliRunner().invoke(app, ["export", "their.csv", *command[2:]])

    assert (left.exit_code, refused.exit_code, same.exit_code) == (1, 2, 2)
    assert "07_layers: 4 grades in Lesson 7 (123)." in left.output
    assert "expected canvas, moodle, blackboard, brightspace, csv" in refused.output
    assert "their.csv is the template itself" in same.output


@pytest.mark.parametrize(
    ("lesson", "title", "is_its"),
    [
        ("clinic", "Clinic", True),
        ("clinic", "Lesson: Clinic", True),
        ("clinic", "Clinical trials", False),
        ("01clinic", "01clinic", True),
        ("code_clinic", "Code Clinic", True),
        ("07_layers", "Clinic", False),
        ("07_layers", "Homework 07_layers", True),
        ("07_layers", "Lesson: Layers", False),
    ],
)
def test_a_lesson_without_a_number_has_a_column_by_its_name(lesson, title, is_its):
    assert is_called(lesson, title) is is_its


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "\r\n"])
@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@x", ' "=1+1"'])
def test_no_formula_begins_behind_what_elsewhere_separates_cells(course, separator, formula):
    book = Book(course)
    book.people["idle"].first_name = f"Ada{separator}{formula}"
    book.save()

    export(course, course / "grades.csv", "csv", ["7"], None, (), {}, False)

    (name,) = [row[1] for row in rows((course / "grades.csv").read_bytes(), "utf-8-sig", ",") if row[0] == "idle"]
    cells = re.split(r"[;\t\r\n]+", name)
    assert cells == ["Ada", f"'{formula}"]


def test_who_has_no_grade_is_looked_for_where_the_course_keeps_what_was_handed_in(course):
    config = course / "nbgrader_config.py"
    before = config.read_text()
    config.write_text(f'{before}\nc.CourseDirectory.submitted_directory = "handed_in"\n')
    (course / "handed_in" / "late" / LESSON).mkdir(parents=True)
    try:
        _, _, done = exported(course, "canvas", CANVAS)
        found = read_facts(course, LESSON).ungraded
    finally:
        config.write_text(before)

    assert "07_layers: 1 handed in, and have no grade yet (`course grade` says why): late." in done.sentences
    assert found == ["late"]


def test_a_feedback_notebook_says_all_places_of_the_points(tmp_path):
    graded = tmp_path / "graded.ipynb"
    graded.write_text('{"cells": []}')
    standing = Standing({"gelu": Points(112.25, 120, False)}, 120, 0.0, None, None, 0.0, False, {})

    said = feedback_notebook(graded, LESSON, standing, [], {}).decode()

    assert "112.25 of 120 points" in said
    assert "| gelu | 112.25 / 120 |" in said
