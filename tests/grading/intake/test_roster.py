"""A class list: recognised by its columns, into nbgrader's table, and what is collected is matched against it."""

import shutil

import pytest
from nbgrader.api import Gradebook

from autograder.grading.collect.intake import collect
from autograder.grading.people.book import Book
from autograder.grading.people.roster import import_rows, read_roster
from autograder.grading.people.table import write_students
from autograder.notebooks.course import CourseError
from tests.support import ROOT
from tests.support.handed_in import LESSON, NEW, OLD, notebook, people, students, submitted, zipped

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lesson 7 (123)
,,,,,Manual Posting
    Points Possible,,,,,14
"Lovelace, Ada",12,S100,ada1@example.org,CS 101,
"O'Brien, Zoë",13,S101,zobrien,CS 101,9
"Zhang, Wei",14,S102,wzhang1,Section A,
"Zhang, Wei",15,S103,wzhang2,Section B,
"Student, Test",99,,,CS 101,
"""
MOODLE = """First name,Last name,ID number,Email address,Groups
Ada,Lovelace,S100,ada@example.org,
Zoë,O'Brien,S101,zoe@example.org,
小明,王,S102,wang@example.org,
"""
WORKSHEET = """Identifier,Full name,ID number,Email address,Status,Grade
Participant 501,Ada Lovelace,S100,ada@example.org,Submitted,-
Participant 502,Ada Lovelace,S105,ada2@example.org,Submitted,-
"""
BLACKBOARD = """"Last Name","First Name","Username","Student ID","Lesson 7 [Total Pts: 14] |1"
"Lovelace","Ada","ada1","S100",""
"O'Brien","Zoë","zobrien","S101",""
"""
BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,Lesson 7 Points Grade,End-of-Line Indicator
#S100,#ada1,Lovelace,Ada,ada@example.org,,#
#S101,#zobrien,O'Brien,Zoë,zoe@example.org,,#
"""


def imported(course, text, encoding="utf-8-sig", lesson="", **columns):
    path = course / "list.csv"
    path.write_bytes(text.encode(encoding))
    book = Book(course)
    done = import_rows(book, *read_roster(path, columns), lesson)
    book.save()
    return done


@pytest.mark.parametrize(
    ("text", "platform", "ids"),
    [
        (CANVAS, "Canvas", ["ada1@example.org", "wzhang1", "wzhang2", "zobrien"]),
        (MOODLE, "Moodle", ["S100", "S101", "S102"]),
        (WORKSHEET, "Moodle", ["S100", "S105"]),
        (BLACKBOARD, "Blackboard", ["ada1", "zobrien"]),
        (BRIGHTSPACE, "Brightspace", ["ada1", "zobrien"]),
        (BLACKBOARD.replace(",", "\t"), "Blackboard", ["ada1", "zobrien"]),
        (MOODLE.replace(",", ";"), "Moodle", ["S100", "S101", "S102"]),
    ],
    ids=["canvas", "moodle", "worksheet", "blackboard", "brightspace", "tabs", "semicolons"],
)
def test_an_export_is_recognised_by_its_columns(course, text, platform, ids):
    done = imported(course, text)

    assert (done.platform, done.new, done.left_out) == (platform, len(ids), 0)
    assert list(people(course)) == ids
    assert people(course)[ids[0]]["first_name"] == "Ada"
    assert people(course)[ids[0]]["last_name"] == "Lovelace"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_is_read_in_whatever_encoding_it_has(course, encoding):
    imported(course, BLACKBOARD, encoding)

    assert people(course)["zobrien"]["first_name"] == "Zoë"


@pytest.mark.parametrize(
    ("above", "separator"),
    [("\n", ";"), (";;;\r\n", ";"), ("sep=;\n", ";"), ("\n\nsep=\t\n", "\t"), ("sep=|\n\n", "|"), ('"sep=,"\n', ",")],
    ids=["an empty line", "an empty row", "sep", "sep with a tab", "sep with a bar", "sep in quotes"],
)
def test_what_stands_above_the_titles_is_no_title(course, above, separator):
    imported(course, above + MOODLE.replace(",", separator))

    assert list(people(course)) == ["S100", "S101", "S102"]


def test_any_other_list_is_read_by_the_columns_that_are_named(course):
    imported(course, "Matrikel;Wer;Post\n007;Bond, James;jb@example.org\n", id="matrikel", name="Wer", email="Post")

    assert people(course) == {
        "007": {
            "first_name": "James",
            "last_name": "Bond",
            "email": "jb@example.org",
            "on_roster": True,
            "identities": [{"id": "007", "name": "James Bond"}],
        }
    }


@pytest.mark.parametrize("name", ["王小明", "小明 王", "王, 小明"])
def test_a_name_that_is_written_without_a_space_is_matched(course, tmp_path, name):
    imported(course, MOODLE)
    collect([zipped(tmp_path / "x.zip", {f"{name}_17_assignsubmission_file_/07_layers.ipynb": notebook()})], course)

    assert students(course) == ["S102"]


def test_a_column_that_is_there_twice_and_does_not_count_is_no_fault(course):
    assert imported(course, MOODLE.replace("Groups", "Groups,Groups")).new == 3


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\n1,2\n", {}, "has the columns a, b: no export .* that is known. Say which columns count: --id COLUMN"),
        ("a,b\n1,2\n", {"id": "c"}, "has no column c for --id; it has a, b"),
        ("a,b\n1,2\n", {"name": "a"}, "Without --id COLUMN"),
        ("a\n1\n", {}, "no table"),
        ("sep=;\na;b\n", {}, "no table"),
        ("ID,Name,ID\n1,Ada,2\n", {"id": "id", "name": "name"}, "has 2 columns ID, and which of them counts"),
        (MOODLE.replace("Groups", "id  Number"), {}, "has 2 columns ID number, and which of them counts"),
        (CANVAS[: CANVAS.index('"Lovelace')], {}, "has nobody in it"),
        ("PK\0\1,\0", {}, "is no text; export the class list as CSV, not as a workbook"),
    ],
)
def test_what_is_no_class_list_says_what_to_do(course, text, columns, message):
    with pytest.raises(CourseError, match=message):
        imported(course, text, **columns)


def test_a_second_import_changes_people_and_makes_none(course):
    imported(course, CANVAS)
    done = imported(course, CANVAS.replace("Lovelace, Ada", "King, Ada"))

    assert (done.new, done.known) == (0, 4)
    assert people(course)["ada1@example.org"]["last_name"] == "King"


def test_who_was_collected_before_keeps_the_id(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"lovelaceada_12_3_07_layers.ipynb": notebook()})], course)
    done = imported(course, CANVAS)

    assert (done.new, done.known) == (3, 1)
    assert people(course)["lovelaceada_12"]["first_name"] == "Ada"


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("lovelaceada_12_3_07_layers.ipynb", "ada1@example.org"),  # Canvas's id
        ("obrienzo_13_3_07_layers.ipynb", "zobrien"),
        ("zhangwei_15_3_07_layers.ipynb", "wzhang2"),
        ("HW 7/x(zobrien)/Submission attachment(s)/07_layers.ipynb", "zobrien"),  # the institution's
        ("S103/07_layers.ipynb", "wzhang2"),
        ("Lesson 7_wzhang1_attempt_2026-01-30-15-00-00_07_layers.ipynb", "wzhang1"),
        ("Zoë O'Brien_77_assignsubmission_file_/07_layers.ipynb", "zobrien"),  # the name
        ("O'Brien, Zoë/07_layers.ipynb", "zobrien"),
        ("Zoe OBrien_77_assignsubmission_file_/07_layers.ipynb", None),
        ("Wei Zhang_77_assignsubmission_file_/07_layers.ipynb", None),
        ("lovelaceada_77_3_07_layers.ipynb", None),  # another id on the same platform
        ("stranger/07_layers.ipynb", None),
    ],
)
def test_what_is_collected_is_matched_with_the_roster_and_never_by_likeness(course, tmp_path, path, student):
    imported(course, CANVAS)
    collected = collect([zipped(tmp_path / "x.zip", {path: notebook()})], course)

    assert students(course) == ([student] if student else [])
    assert collected.refused == (student is None)


def test_an_e_mail_counts_before_the_name(course, tmp_path):
    imported(course, MOODLE + "Ada,Lovelace,S200,other@example.org,\n")
    files = {f"{name}/07_layers.ipynb": notebook(name) for name in ("Other@example.org", "ada@example.org")}
    collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["S100", "S200"]


def test_moodles_worksheet_tells_two_of_one_name_apart(course, tmp_path):
    imported(course, WORKSHEET, lesson=LESSON)
    files = {f"Ada Lovelace_{i}_assignsubmission_file_/07_layers.ipynb": notebook(str(i)) for i in (501, 502)}
    collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {
        "S100/07_layers/07_layers.ipynb": notebook("501"),
        "S105/07_layers/07_layers.ipynb": notebook("502"),
    }


def test_who_handed_nothing_in_and_what_is_nobodys_is_listed(course, tmp_path):
    imported(course, BLACKBOARD)
    files = {"ada1/07_layers.ipynb": notebook(), "stranger/07_layers.ipynb": notebook()}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert collected.sentences == [
        "stranger/07_layers.ipynb: refused, nobody on the roster has this id, e-mail or name; say whose with --as.",
        "07_layers: nothing from 1 on the roster: Zoë O'Brien (zobrien).",
    ]


def test_a_person_says_whose_it_is_and_it_counts_from_then_on(course, tmp_path):
    imported(course, BLACKBOARD)
    name = "1-2 - Ada King - Jan {}, 2026 312 PM/07_layers.ipynb"
    collect([zipped(tmp_path / "1.zip", {name.format(1): notebook("old")}, OLD)], course, student="ada1")
    collect([zipped(tmp_path / "2.zip", {name.format(2): notebook("new")}, NEW)], course)

    assert submitted(course)["ada1/07_layers/07_layers.ipynb"] == notebook("new")
    with pytest.raises(CourseError, match="adal is not on the roster"):
        collect([tmp_path / "1.zip"], course, student="adal")


def test_nbgraders_table_has_the_names(course):
    shutil.copy(ROOT / "nbgrader_config.py", course)
    imported(course, CANVAS)
    write_students(course, Book(course))
    with Gradebook(f"sqlite:///{course / 'autograder' / 'gradebook.db'}") as gradebook:
        ada = gradebook.find_student("ada1@example.org")

        assert (ada.first_name, ada.last_name, ada.lms_user_id) == ("Ada", "Lovelace", "12")
        assert len(gradebook.students) == 4
