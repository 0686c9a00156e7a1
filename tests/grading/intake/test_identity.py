"""Who is who: two ids are never one student, one id never two, and what is not certain is left and named."""

from hashlib import sha256

import pytest

from autograder.grading.collect.intake import collect
from autograder.grading.collect.students import LONGEST, safe_id, shown
from autograder.notebooks.course import CourseError
from tests.support.handed_in import LESSON, NEW, OLD, notebook, people, students, submitted, zipped


def test_two_students_of_one_name_are_told_apart_and_it_is_said(course, tmp_path):
    files = {f"Ada_{i}_assignsubmission_file_/07_layers.ipynb": notebook(str(i)) for i in (1, 2)}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["Ada_1", "Ada_2"]
    assert collected.sentences == [f"Ada: not the only one of this name; here called Ada_{i}." for i in (1, 2)]


def test_a_second_download_knows_who_is_who(course, tmp_path):
    both = {f"Jane Doe_{i}_assignsubmission_file_/07_layers.ipynb": notebook(str(i)) for i in (17, 18)}
    for i, path in enumerate(both):
        collected = collect([zipped(tmp_path / f"{i}.zip", {path: both[path]}, (OLD, NEW)[i])], course)
    assert collected.sentences == ["Jane Doe: not the only one of this name; here called Jane_Doe_18."]
    again = collect([zipped(tmp_path / "again.zip", both, NEW)], course)

    assert students(course) == ["Jane_Doe", "Jane_Doe_18"]
    assert (again.unchanged, again.sentences) == (2, [])


def test_moodles_numbers_are_others_in_each_assignment(course, tmp_path):
    files = {"Ada_1_assignsubmission_file_/07_layers.ipynb": notebook("ada")}
    collect([zipped(tmp_path / "7.zip", files)], course)
    files = {"Ada_99_assignsubmission_file_/01_tensors.ipynb": notebook("ada", "describe")}
    collect([zipped(tmp_path / "1.zip", files)], course)

    assert sorted(submitted(course)) == ["Ada/01_tensors/01_tensors.ipynb", "Ada/07_layers/07_layers.ipynb"]


def test_two_of_one_name_are_not_guessed_at_in_the_next_assignment(course, tmp_path):
    files = {f"Ada_{i}_assignsubmission_file_/07_layers.ipynb": notebook(str(i)) for i in (1, 2)}
    collect([zipped(tmp_path / "7.zip", files)], course)
    files = {f"Ada_{i}_assignsubmission_file_/01_tensors.ipynb": notebook(str(i), "describe") for i in (8, 9)}
    collected = collect([zipped(tmp_path / "1.zip", files)], course)

    assert students(course) == ["Ada_1", "Ada_2"]
    assert collected.refused == 2
    assert "Moodle's numbers are other ones in each assignment" in collected.sentences[0]


@pytest.mark.parametrize("times", [(OLD, NEW), (NEW, OLD)])
def test_a_name_alone_is_not_one_person_in_two_sections(course, tmp_path, times):
    for section, time in zip("AB", times, strict=True):
        archive = zipped(tmp_path / f"{section}.zip", {"Wei Zhang/07_layers.ipynb": notebook(section)}, time)
        collected = collect([archive], course)

    assert submitted(course) == {"Wei_Zhang/07_layers/07_layers.ipynb": notebook("A")}
    assert collected.refused == 1
    assert collected.sentences == [
        "Wei Zhang/07_layers.ipynb: refused, Wei_Zhang has the same name, out of A.zip; if this is the same person, "
        "say so with --as Wei_Zhang, else with another name."
    ]


def test_a_name_alone_is_not_one_person_in_two_sections_that_come_together(course, tmp_path):
    files = {f"Section {i}/Wei Zhang/07_layers.ipynb": notebook(i) for i in "12"}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {}
    assert collected.refused == 2


def test_two_files_that_have_only_a_persons_name_may_be_of_two(course, tmp_path):
    files = {f"Jane Doe - 07_layers{end}.ipynb": notebook(end) for end in ("", "(1)")}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {}
    assert collected.refused == 1


def test_names_that_differ_in_an_accent_are_two_people(course, tmp_path):
    for i, name in enumerate(("Jürgen", "Jurgen")):
        collected = collect([zipped(tmp_path / f"{i}.zip", {f"{name}/07_layers.ipynb": notebook(name)}, NEW)], course)
    one, other = students(course)

    assert one == "Jurgen"
    assert other.startswith("Jurgen_")
    assert collected.sentences == [f"Jurgen: not the only one of this name; here called {other}."]


def test_a_name_is_the_same_however_its_accent_is_written(course, tmp_path):
    for i, name in enumerate(("Ju\u0308rgen W", "J\u00fcrgen W")):
        files = {f"{name}_{i}_assignsubmission_file_/x.ipynb": notebook(name, ("softmax", "describe")[i])}
        collect([zipped(tmp_path / f"{i}.zip", files)], course)

    assert set(students(course)) == {"Jurgen_W"}


def test_a_name_without_latin_letters_can_be_read_beside_its_id(course, tmp_path):
    files = {"王小明_17_assignsubmission_file_/07_layers.ipynb": notebook()}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)
    (student,) = students(course)

    assert people(course)[student]["identities"] == [
        {"platform": "Moodle", "id": "17", "name": "王小明", "lesson": LESSON}
    ]
    assert collected.sentences == [f"王小明 (Moodle 17): here called {student}."]


def test_what_the_platform_says_is_kept_beside_the_name(course, tmp_path):
    archive = zipped(tmp_path / "x.zip", {"lovelaceada_LATE_12_345_07_layers.ipynb": notebook()})
    collect([archive], course)
    said = people(course)["lovelaceada_12"]["submissions"][LESSON]

    assert {key: said[key] for key in ("platform", "id", "attempt", "late")} == {
        "platform": "Canvas",
        "id": "12",
        "attempt": 345,
        "late": True,
    }
    assert said["submitted_at"].endswith(" UTC")
    assert (course / "autograder" / "people.json").stat().st_mode & 0o777 == 0o600


def test_a_person_can_say_whose_a_file_is(course, tmp_path):
    (tmp_path / "Copy of 07_layers.ipynb").write_bytes(notebook())
    collected = collect([tmp_path / "Copy of 07_layers.ipynb"], course, student="jdoe")

    assert submitted(course) == {"jdoe/07_layers/07_layers.ipynb": notebook()}
    assert collected.refused == 0


def test_what_a_person_said_of_an_id_counts_the_next_time(course, tmp_path):
    name = "doej_12_{}_07_layers.ipynb"
    collect([zipped(tmp_path / "x.zip", {name.format(3): notebook("old")}, OLD)], course, student="jdoe")
    collect([zipped(tmp_path / "x.zip", {name.format(4): notebook("new")}, NEW)], course)

    assert submitted(course)["jdoe/07_layers/07_layers.ipynb"] == notebook("new")


def test_several_peoples_files_are_not_said_to_be_of_one(course, tmp_path):
    files = {f"{name}/07_layers.ipynb": notebook(name) for name in ("ada", "bob")}
    with pytest.raises(CourseError, match="files of 2 people"):
        collect([zipped(tmp_path / "x.zip", files)], course, student="jdoe")


def test_a_file_of_people_that_was_damaged_stops_everything(course, tmp_path):
    (course / "autograder").mkdir()
    (course / "autograder" / "people.json").write_text("[1, 2")
    with pytest.raises(CourseError, match=r"people\.json is not as it was written"):
        collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook()})], course)

    assert not (course / "autograder" / "submitted").exists()


@pytest.mark.parametrize(
    ("who", "id"),
    [
        ("Ada Lovelace", "Ada_Lovelace"),
        ("José Núñez", "Jose_Nunez"),
        ("ada@example.org", "ada@example.org"),
        ("..", "student_5ec1f7e7"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("a/b\\c\x00d", "a_b_c_d"),
        ("王小明", f"student_{sha256('王小明'.encode()).hexdigest()[:8]}"),
        ("x" * 500, "x" * LONGEST),
    ],
)
def test_an_id_is_safe(who, id):
    assert safe_id(who) == id


def test_names_are_printed_without_what_a_terminal_would_obey():
    assert shown("\x1b[31mred\u202e") == "?[31mred?"
    assert len(shown("x" * 1000)) == 123


def test_what_a_person_says_of_one_file_says_nothing_of_its_name(course, tmp_path):
    (tmp_path / "final version.ipynb").write_bytes(notebook("ann"))
    collect([tmp_path / "final version.ipynb"], course, student="ann")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "final version.ipynb").write_bytes(notebook("bob"))
    collect([tmp_path / "other" / "final version.ipynb"], course)

    assert submitted(course)["ann/07_layers/07_layers.ipynb"] == notebook("ann")
