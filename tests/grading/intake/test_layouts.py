"""Whose a file is: what the platform wrote, at the outermost level alone; and each platform's names and times."""

import random
import zipfile
from datetime import UTC, datetime, timedelta, timezone

import pytest

from autograder.grading.collect.intake import collect
from autograder.grading.collect.layouts import find_layout
from autograder.grading.collect.members import Member
from autograder.grading.collect.students import safe_id
from autograder.grading.collect.times import NoTime, read_time
from tests.support.handed_in import (
    LESSON,
    LESSONS,
    NEW,
    OLD,
    handed_in_at,
    notebook,
    people,
    students,
    submitted,
    zipped,
)


def owners(*paths, archive="x.zip"):
    """Whose each path is, as a student's id, or an empty string where that is not certain."""
    members = [Member(path, datetime(2026, 1, 1, tzinfo=UTC), 0, lambda limit: b"") for path in paths]
    said = find_layout(members, archive, LESSONS, UTC).said
    found = [said.get(member.parts) for member in members]
    return [safe_id(one[0].who) if isinstance(one, tuple) else "" for one in found]


@pytest.mark.parametrize(
    ("path", "archive", "student"),
    [
        ("Ada Lovelace_12345_assignsubmission_file_/07_layers.ipynb", "export.zip", "Ada_Lovelace"),
        ("Ada Lovelace_12345_assignsubmission_file/deep/er/07_layers.ipynb", "export.zip", "Ada_Lovelace"),
        ("Ada Lovelace_12345_assignsubmission_file_07_layers.ipynb", "export.zip", "Ada_Lovelace"),
        ("lovelaceada_12345_67890_07_layers-1.ipynb", "submissions.zip", "lovelaceada_12345"),
        ("lovelaceada_LATE_12345_67890_07_layers.ipynb", "submissions.zip", "lovelaceada_12345"),
        ("anon_Xy12a_67890_07_layers.ipynb", "submissions.zip", "anon_Xy12a"),
        ("LATE_anon_Xy12a_67890_07_layers.ipynb", "submissions.zip", "anon_Xy12a"),
        ("Section 1/lovelaceada_12345_67890_07_layers.ipynb", "submissions.zip", "lovelaceada_12345"),
        ("07_layers_ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", "ada"),
        ("ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", "ada"),
        ("Lesson 7_ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", "ada"),
        ("Lesson_7_ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", "ada"),
        ("Layers_ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", ""),
        ("123-456 - Ada Lovelace - Jan 30, 2026 312 PM/07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("123-456 - Ada Lovelace - 30 January, 2026 1512/07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("123-456 - Ada Lovelace - Jan 30, 2026 312 PM - 07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("123-456 - Ada Lovelace - 30 Jan, 2026 3-12 PM/07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("123-456- Ada-Lee Lovelace - Jan 30, 2026 15_12/07_layers.ipynb", "x.zip", "Ada-Lee_Lovelace"),
        ("123-456 - Ada Lovelace - 30 janv. 2026 1512/07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("123-456 - Ada Lovelace - 30 Floréal, 2026 1512/07_layers.ipynb", "x.zip", ""),
        ("123-456 - Ada Lovelace - yesterday/07_layers.ipynb", "x.zip", ""),
        ("Participant 88_88_assignsubmission_file_/07_layers.ipynb", "x.zip", "Participant_88"),
        ("Lovelace, Ada(ada1)/Submission attachment(s)/07_layers.ipynb", "x.zip", "Lovelace_Ada"),
        ("Assignment 7/Lovelace, Ada(ada1)/Submission attachment(s)/07_layers.ipynb", "x.zip", "Lovelace_Ada"),
        ("Lovelace_Ada_ada1/2_submissions/07_layers.ipynb", "x.zip", "Lovelace_Ada_ada1"),
        ("ada+07_layers+2026-01-30 15:00:00.123456 UTC+cm5kMQ==/07_layers.ipynb", "x.zip", "ada"),
        ("inbound/a+b+07_layers+2026-01-30 15:00:00 UTC+cm5kMQ==/07_layers.ipynb", "x.zip", "a_b"),
        ("submission_123/07_layers.ipynb", "x.zip", ""),
        ("Ada Lovelace - 07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("Ada Lovelace - Copy of 07_layers.ipynb", "x.zip", "Ada_Lovelace"),
        ("Copy of 07_layers.ipynb", "x.zip", ""),
        ("Copy of Copy of 07_layers (3).ipynb", "drive-download-20260130T1500Z-001.zip", ""),
        ("ada/07_layers.ipynb", "x.zip", "ada"),
        ("ada-07_layers/07_layers.ipynb", "x.zip", "ada"),
        ("submitted/ada/07_layers/07_layers.ipynb", "x.zip", "ada"),
        ("ada/work/07_layers/07_layers.ipynb", "x.zip", "ada"),
        ("ada_07_layers.ipynb", "x.zip", "ada"),
        ("07_layers - ada (2).ipynb", "x.zip", "ada"),
        ("07_layers.ipynb", "ada.tar.gz", "ada"),
        ("07_layers.ipynb", "submissions.zip", ""),
        ("07_layers.ipynb", "Lesson 7.zip", ""),
        ("Ada Lovelace_1_assignsubmission_file_/hw.zip", "x.zip", "Ada_Lovelace"),
        ("ada/hw.zip", "x.zip", "ada"),
        ("ada.zip", "x.zip", "ada"),
        ("lovelaceada_12_34_homework.zip", "x.zip", "lovelaceada_12"),
    ],
)
def test_a_student_is_told_by_the_path(path, archive, student):
    assert owners(path, archive=archive) == [student]


UNDER = [
    "07_layers/alice/x.ipynb",
    "alice/07_layers.ipynb",
    "Alice Liddell_1_assignsubmission_file_/07_layers.ipynb",
    "Alice Liddell_1_assignsubmission_file_x.ipynb",
    "liddellalice_1_2_07_layers.ipynb",
    "Lesson 7_alice_attempt_2030-01-30-15-00-00_07_layers.ipynb",
    "1-2 - Alice Liddell - Jan 30, 2030 312 PM/07_layers.ipynb",
    "Liddell, Alice(alice)/Submission attachment(s)/07_layers.ipynb",
    "Liddell_Alice_alice/2_submissions/07_layers.ipynb",
    "alice+07_layers+2030-01-30 15:00:00 UTC+x/07_layers.ipynb",
    "submission_1/07_layers.ipynb",
    "Alice Liddell - 07_layers.ipynb",
    "submitted/alice/07_layers/07_layers.ipynb",
]
OWN = {  # a path that is mallory's, and one that is alice's, by each kind of layout
    "mallory": ("mallory/{}", "alice/07_layers.ipynb"),
    "mallory's lesson": ("mallory/07_layers/{}", "alice/07_layers/07_layers.ipynb"),
    "Mallory_M": ("Mallory M_9_assignsubmission_file_/{}", "Alice Liddell_1_assignsubmission_file_/07_layers.ipynb"),
    "Mallory_M's": ("9-2 - Mallory M - Jan 3, 2026 312 PM/{}", "1-2 - Alice Liddell - Jan 3, 2026 312 PM/x.ipynb"),
    "M_Mallory": ("M, Mallory(m1)/Submission attachment(s)/{}", "Liddell, Alice(a1)/Submission attachment(s)/x.ipynb"),
    "M_Mallory_m1": ("M_Mallory_m1/2_submissions/{}", "Liddell_Alice_a1/2_submissions/x.ipynb"),
    "mallory's exchange": (
        "mallory+07_layers+2026-01-30 15:00:00 UTC+x/{}",
        "alice+07_layers+2026-01-30 15:00:00 UTC+y/x",
    ),
}


@pytest.mark.parametrize("under", UNDER)
@pytest.mark.parametrize("own", OWN)
def test_what_is_below_the_outermost_level_is_its_owners(own, under):
    mallorys, alices = OWN[own]
    student = own.partition("'")[0]

    assert owners(mallorys.format(under), alices)[0] == student
    assert owners(alices, mallorys.format(under))[0] != student


@pytest.mark.parametrize("under", UNDER)
def test_what_is_in_ones_own_zip_is_ones_own(course, tmp_path, under):
    inner = zipped(tmp_path / "inner.zip", {under: notebook("mallory")}).read_bytes()
    files = {
        zipfile.ZipInfo("alice/07_layers.ipynb", OLD): notebook("alice"),
        zipfile.ZipInfo("mallory.zip", NEW): inner,
    }
    collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {
        "alice/07_layers/07_layers.ipynb": notebook("alice"),
        "mallory/07_layers/07_layers.ipynb": notebook("mallory"),
    }


def test_what_is_in_ones_own_zip_is_ones_own_when_each_is_named(course, tmp_path):
    archives = [
        zipped(tmp_path / "alice.zip", {"07_layers.ipynb": notebook("alice")}, OLD),
        zipped(tmp_path / "mallory.zip", {"alice/07_layers.ipynb": notebook("mallory")}, NEW),
    ]
    collect(archives, course)

    assert submitted(course)["alice/07_layers/07_layers.ipynb"] == notebook("alice")
    assert submitted(course)["mallory/07_layers/07_layers.ipynb"] == notebook("mallory")


def test_what_may_be_of_two_is_left(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"mallory/07_layers.ipynb": notebook("mallory")}, OLD)], course)
    name = "Alice_1_assignsubmission_file_/07_layers.ipynb"
    in_zip = collect([zipped(tmp_path / "mallory.zip", {name: notebook("evil")}, NEW)], course)
    in_folder = collect([zipped(tmp_path / "y.zip", {f"mallory/{name}": notebook("evil")}, NEW)], course)

    assert submitted(course) == {"mallory/07_layers/07_layers.ipynb": notebook("mallory")}
    assert (in_zip.refused, in_folder.refused) == (1, 1)


UPLOADS = [
    "ada_attempt_2020-01-30-15-00-00_x.ipynb",
    "bob_12_1_07_layers.ipynb",
    "99_88_x.ipynb",
    "07_layers-99.ipynb",
    "bob_1_assignsubmission_file_x.ipynb",
    "1-2 - Bob - Jan 30, 2030 312 PM - x.ipynb",
    "Doe, Jane(jdoe)_Submission attachment(s)_x.ipynb",
]


@pytest.mark.parametrize("upload", UPLOADS)
def test_an_upload_to_canvas_says_nothing_by_its_own_name(course, tmp_path, upload):
    files = {f"doejane_12_341_{upload}": notebook("first"), "doejane_12_342_07_layers.ipynb": notebook("second")}
    collect([zipped(tmp_path / "x.zip", files, NEW)], course, zone=UTC)

    assert submitted(course) == {"doejane_12/07_layers/07_layers.ipynb": notebook("second")}
    assert handed_in_at(course, "doejane_12") == "2026-05-06 07:08:10 UTC"


@pytest.mark.parametrize("upload", UPLOADS)
@pytest.mark.parametrize(
    ("front", "student"),
    [
        ("doejane_12_341_", "doejane_12"),
        ("Jane Doe_12_assignsubmission_file_", "Jane_Doe"),
        ("Jane_12_assignsubmission_file_", "Jane"),
        ("Lesson 7_jane_attempt_2026-01-30-15-00-00_", "jane"),
        ("Lesson_1_2_jane_attempt_2026-01-30-15-00-00_", "jane"),
        ("12-3 - Jane Doe - Jan 30, 2026 312 PM - ", "Jane_Doe"),
        ("Roe, Jane(jane)_Submission attachment(s)_", "Roe_Jane"),
    ],
)
def test_what_a_platform_put_in_front_counts(front, student, upload):
    assert owners(front + upload) == [student]


def test_a_resubmission_in_an_anonymous_assignment_is_the_same_persons(course, tmp_path):
    for i, name in enumerate(("anon_Xy1_10_07_layers.ipynb", "LATE_anon_Xy1_11_07_layers-1.ipynb")):
        collect([zipped(tmp_path / f"{i}.zip", {name: notebook(name)}, (OLD, NEW)[i])], course)

    assert submitted(course)["anon_Xy1/07_layers/07_layers.ipynb"] == notebook("LATE_anon_Xy1_11_07_layers-1.ipynb")
    assert list(people(course)) == ["anon_Xy1"]


def test_a_wrapping_folder_is_nobodys():
    sakai = "The seventh lesson/{}/Submission attachment(s)/07_layers.ipynb"
    moodle = "CS101 exported by me/{}_assignsubmission_file_/07_layers.ipynb"

    assert owners(sakai.format("Doe, Jane(jdoe)"), sakai.format("Roe, Richard(rroe)")) == ["Doe_Jane", "Roe_Richard"]
    assert owners(moodle.format("Jane Doe_1"), moodle.format("Richard Roe_2")) == ["Jane_Doe", "Richard_Roe"]
    assert owners(sakai.format("Doe, Jane(jdoe)")) == [""]


def test_sections_of_one_platform_are_nobodys():
    paths = [f"CS{s}/{name}_07_layers.ipynb" for s in "AB" for name in (f"doejane_{s and 12}_3", "roe_13_4")]

    assert owners(*(paths[:2] + [path.replace("_1", "_2") for path in paths[2:]])) == [
        "doejane_12",
        "roe_13",
        "doejane_22",
        "roe_23",
    ]


@pytest.mark.parametrize(
    "paths",
    [
        ("CS-A/ada/07_layers.ipynb", "CS-A/bob/07_layers.ipynb"),
        ("CS-A/ada/07_layers.ipynb", "CS-A/bob/07_layers.ipynb", "CS-B/dan/x.ipynb", "CS-B/eve/x.ipynb"),
        ("CS-A/doejane_12_3_x.ipynb", "CS-A/roe_13_4_x.ipynb", "ada/x.ipynb"),
    ],
)
def test_a_folder_that_may_hold_several_students_is_not_one(paths):
    said = owners(*paths)

    assert [name for name in said if name.startswith("CS")] == []
    assert said[0] == ""


@pytest.mark.parametrize("wrapper", ["HW7-export", "submissions_hw7", "Section A", "all students", "Assignment 07 (2)"])
def test_words_that_name_nobody_are_no_student(wrapper):
    assert owners(f"{wrapper}/ada/07_layers.ipynb", f"{wrapper}/bob/07_layers.ipynb") == ["ada", "bob"]


def test_names_with_dots_are_not_cut():
    assert owners("j.doe.ipynb", "j.roe.ipynb", "j.doe_07_layers.ipynb") == ["j.doe", "j.roe", "j.doe"]


def test_a_students_two_folders_of_different_lessons_are_the_students():
    assert owners("ada/one/01_tensors.ipynb", "ada/seven/07_layers.ipynb", "bob/x.ipynb") == ["ada", "ada", "bob"]


def test_among_a_platforms_names_another_is_not_certain(course, tmp_path):
    files = {f"{name}_assignsubmission_file_/07_layers.ipynb": notebook(name) for name in ("Ada_1", "Bob_2")}
    collected = collect([zipped(tmp_path / "x.zip", {**files, "carol/07_layers.ipynb": notebook()})], course)

    assert students(course) == ["Ada", "Bob"]
    assert collected.sentences == [
        "carol/07_layers.ipynb: refused, nothing in its path names a student as the other paths do."
    ]


def test_sakais_corrections_are_not_handed_in(course, tmp_path):
    files = {
        "HW/Doe, Jane(jdoe)/Submission attachment(s)/07_layers.ipynb": notebook("jane"),
        "HW/Doe, Jane(jdoe)/Feedback Attachment(s)/07_layers.ipynb": notebook("corrected"),
        "HW/Doe, Jane(jdoe)/timestamp.txt": b"20260130150000000",
        "HW/Roe, Richard(rroe)/Submission attachment(s)/07_layers.ipynb": notebook("richard"),
        "HW/grades.csv": b"",
    }
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {
        "jdoe/07_layers/07_layers.ipynb": notebook("jane"),
        "rroe/07_layers/07_layers.ipynb": notebook("richard"),
    }
    assert handed_in_at(course, "jdoe") == "2026-01-30 15:00:00 UTC"
    assert collected.refused == 0


def test_openolats_task_and_correction_are_not_handed_in_and_a_revision_is_newer(course, tmp_path):
    files = {
        "Doe_Jane_jdoe/1_task/07_layers.ipynb": notebook("task"),
        "Doe_Jane_jdoe/2_submissions/07_layers.ipynb": notebook("first"),
        "Doe_Jane_jdoe/3_corrections/07_layers.ipynb": notebook("corrected"),
        "Doe_Jane_jdoe/4_revisions_1/07_layers.ipynb": notebook("second"),
        "Roe_Richard_rroe/2_submissions/07_layers.ipynb": notebook("richard"),
    }
    collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {
        "Doe_Jane_jdoe/07_layers/07_layers.ipynb": notebook("second"),
        "Roe_Richard_rroe/07_layers/07_layers.ipynb": notebook("richard"),
    }


def test_brightspaces_attempts_are_of_one_student_and_the_last_counts(course, tmp_path):
    name = "123-456 - Jane Doe - Jan {}, 2026 {} PM/07_layers.ipynb"
    files = {name.format(9, 312): notebook("first"), name.format(10, 1201): notebook("last"), "index.html": b""}
    files["124-456 - Jane Doe - Jan 9, 2026 100 PM/07_layers.ipynb"] = notebook("another")
    collected = collect([zipped(tmp_path / "x.zip", files)], course, zone=timezone(timedelta(hours=-5)))

    assert submitted(course) == {
        "Jane_Doe_123/07_layers/07_layers.ipynb": notebook("last"),
        "Jane_Doe_124/07_layers/07_layers.ipynb": notebook("another"),
    }
    assert handed_in_at(course, "Jane_Doe_123") == "2026-01-10 17:01:00 UTC"
    assert collected.refused == 0


def test_one_user_of_blackboards_is_one_in_each_assignment(course, tmp_path):
    name = "{}_j_doe_attempt_2026-01-30-15-00-00{}"
    for title, lesson, exercise in (("Layers", LESSON, "softmax"), ("Lesson 1", "01_tensors", "describe")):
        receipt = f"Name: Jane (JJ) Doe (j_doe)\nAssignment: {title}\nDate Submitted: Friday\n\nFilename: x\n".encode()
        files = {name.format(title, f"_{lesson}.ipynb"): notebook("x", exercise), name.format(title, ".txt"): receipt}
        collected = collect([zipped(tmp_path / f"{title}.zip", files)], course, zone=UTC)

    assert set(students(course)) == {"j_doe"}
    assert (len(submitted(course)), collected.refused) == (2, 0)
    assert handed_in_at(course, "j_doe") == "2026-01-30 15:00:00 UTC"


def test_a_students_own_text_is_no_receipt_of_blackboards(course, tmp_path):
    name = "Layers_mallory_attempt_2026-01-30-15-00-00_{}"
    files = {name.format("x.txt"): b"Name: Alice (alice)\n", name.format("07_layers.ipynb"): notebook()}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {}
    assert "where the user's name begins is not certain" in collected.sentences[-1]


METADATA = b"""
submission_1:
  :submitters:
  - :name: Jane Doe
    :sid: '100'
    :email: jane@example.org
  :created_at: 2026-01-30 15:00:00.123456789 -08:00
submission_2:
  :submitters:
  - :name: Jane Doe
    :sid: '200'
    :email: jd@example.org
  - :name: Wei Zhang
    :sid: ''
    :email: wei@example.org
  :created_at: 2026-01-30 15:00:00.000000000 Z
"""


def test_gradescopes_metadata_says_whose_it_is(course, tmp_path):
    files = {f"assignment_9_export/submission_{i}/07_layers.ipynb": notebook(str(i)) for i in (1, 2, 3)}
    files["assignment_9_export/submission_metadata.yml"] = METADATA
    files["assignment_9_export/submission_1/submission_metadata.yml"] = METADATA.replace(b"Jane", b"Mallory")
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["Jane_Doe_100", "Jane_Doe_200", "Wei_Zhang"]
    assert submitted(course)["Wei_Zhang/07_layers/07_layers.ipynb"] == notebook("2")
    assert handed_in_at(course, "Jane_Doe_100") == "2026-01-30 23:00:00.123456 UTC"
    assert collected.refused == 1
    assert "submission_3" in collected.sentences[0]


def test_nbgraders_exchange_says_who_and_when_and_its_secret_is_kept(course, tmp_path):
    name = "ada+07_layers+2026-01-{} 15:00:00.123456 UTC+cm5kMQ=="
    files = {}
    for day in (30, 29):
        files[f"{name.format(day)}/07_layers.ipynb"] = notebook(str(day))
        files[f"{name.format(day)}/submission_secret.txt"] = f"secret {day}".encode()
        files[f"{name.format(day)}/timestamp.txt"] = b"2026-01-01 15:00:00 UTC"
    collected = collect([zipped(tmp_path / "inbound.zip", files)], course)

    assert submitted(course) == {
        "ada/07_layers/07_layers.ipynb": notebook("30"),
        "ada/07_layers/submission_secret.txt": b"secret 30",
    }
    assert handed_in_at(course, "ada") == "2026-01-30 15:00:00.123456 UTC"
    assert collected.refused == 0


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b"2026-03-01 14:30:00.123456 UTC", "2026-03-01 14:30:00.123456 UTC"),
        (b"2026-03-01 14:30:00 UTC\n", "2026-03-01 14:30:00 UTC"),
        (b"\xef\xbb\xbf2026-03-01 14:30:00 UTC", "2026-03-01 14:30:00 UTC"),
        (b"2026-03-01 14:30:00 KST", "2026-03-01 05:30:00 UTC"),
        (b"2026-03-01T14:30:00+01:00", "2026-03-01 13:30:00 UTC"),
    ],
)
def test_the_time_in_nbgraders_tree_is_kept(course, tmp_path, said, kept):
    files = {"submitted/ada/07_layers/07_layers.ipynb": notebook(), "submitted/ada/07_layers/timestamp.txt": said}
    collect([zipped(tmp_path / "x.zip", files)], course)

    assert handed_in_at(course, "ada") == kept


@pytest.mark.parametrize("said", [b"01.03.2026 14:30", b"03/01/2026 14:30:00 UTC", b"2026-03-01 14:30:00 CST", b"soon"])
def test_a_time_that_could_be_two_is_refused(course, tmp_path, said):
    files = {"ada/07_layers/07_layers.ipynb": notebook(), "ada/07_layers/timestamp.txt": said}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {}
    assert "its timestamp.txt does not say when it was handed in" in collected.sentences[0]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-07-01 12:00:00 CEST", "2026-07-01 10:00:00"),
        ("2026-01-01 00:30:00 +05:30", "2025-12-31 19:00:00"),
        ("2026-03-01 14:30:00 Asia/Seoul", "2026-03-01 05:30:00"),
        ("2026-03-01 14:30:00", "2026-03-01 14:30:00"),
    ],
)
def test_a_time_is_read_in_its_zone(text, time):
    assert f"{read_time(text):%Y-%m-%d %H:%M:%S}" == time


@pytest.mark.parametrize(
    "text", ["2026-03-01 14:30:00 XYZ", "2026-02-30 14:30:00 UTC", "2026-03-01", "", "1.3.26 12:00"]
)
def test_what_is_no_certain_time_is_none(text):
    with pytest.raises(NoTime):
        read_time(text)


def test_no_name_takes_long_and_none_raises():
    chance = random.Random(7)
    pieces = ["_", "1", "22_", "a", "A ", " - ", "(", ")", "+", "LATE_", "anon_", "_attempt_", "2026-01-30-15-00-00"]
    pieces += ["assignsubmission_file_", "2_submissions", "/", "/", "Submission attachment(s)", "Jan 3, 2026 ", "."]
    pieces += ["07_layers", ".ipynb", ".zip", "submission_", "timestamp.txt", "submission_metadata.yml", "王", "\n"]
    paths = ["".join(chance.choices(pieces, k=chance.randint(1, 30))) for _ in range(2000)]
    paths += ["1_" * 500, "a_1_" * 250, "(" * 1000, "_attempt_" * 100, "1-2 - " * 150, "x" * 100_000, "1_" * 50_000]
    for i in range(0, len(paths), 7):
        owners(*dict.fromkeys(path for path in paths[i : i + 7] if path.strip("/.")))
