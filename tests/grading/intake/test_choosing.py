"""Of several notebooks of one student the newest counts, an empty one never, and what was there is kept aside."""

import struct
import zipfile
from datetime import UTC, datetime, timedelta, timezone

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.grading.collect.intake import collect
from tests.support.handed_in import EMPTY, LESSON, NEW, OLD, handed_in_at, notebook, students, submitted, tarred, zipped


def test_a_single_notebook_and_an_inner_zip_are_taken(course, tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"work/07_layers.ipynb": notebook("ada")}).read_bytes()
    outer = zipped(tmp_path / "x.zip", {"Ada_1_assignsubmission_file_/hw.zip": inner})
    (tmp_path / "bob_07_layers.ipynb").write_bytes(notebook("bob"))
    collect([outer, tmp_path / "bob_07_layers.ipynb"], course)

    assert students(course) == ["Ada", "bob"]


def test_the_timestamp_is_the_archives(course, tmp_path):
    collect([tarred(tmp_path / "x.tar", ("ada/07_layers.ipynb", notebook()))], course)

    assert (course / "autograder/submitted/ada/07_layers/timestamp.txt").read_text() == "2025-06-15 15:06:40 UTC"


def test_inside_an_inner_archive_the_outer_time_counts(course, tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"07_layers.ipynb": notebook()}, date=(1999, 1, 1, 0, 0, 0))
    collect([tarred(tmp_path / "x.tar", ("ada/hw.zip", inner.read_bytes()))], course)

    assert (course / "autograder/submitted/ada/07_layers/timestamp.txt").read_text() == "2025-06-15 15:06:40 UTC"


def test_one_lesson_can_be_asked_for(course, tmp_path):
    files = {"ada/a.ipynb": notebook(), "ada/b.ipynb": notebook(exercise="describe"), "bob/x.ipynb": b"no JSON"}
    collected = collect([zipped(tmp_path / "x.zip", files)], course, LESSON)

    assert submitted(course) == {
        "ada/07_layers/07_layers.ipynb": notebook(),
        "bob/07_layers/07_layers.ipynb": b"no JSON",
    }
    assert collected.sentences == ["ada/b.ipynb: refused, it is of lesson 01_tensors."]


def test_a_broken_notebook_is_collected_for_grading_to_say_so(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": b"{"})], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": b"{"}


def test_what_has_no_lesson_or_no_student_is_refused_by_name(course, tmp_path):
    scratch = nbformat.writes(new_notebook(cells=[new_code_cell("x = 1")])).encode()
    files = {"ada/scratch.ipynb": scratch, "07_layers.ipynb": notebook()}
    collected = collect([zipped(tmp_path / "submissions.zip", files)], course)

    assert submitted(course) == {}
    assert collected.sentences == [
        "ada/scratch.ipynb: refused, a notebook without an exercise in it.",
        "07_layers.ipynb: refused, nothing in its path names a student.",
    ]


def canvas(attempt):
    return f"lovelaceada_12_{attempt}_07_layers-{attempt}.ipynb"


def test_of_two_submissions_the_newest_wins_and_it_is_said(course, tmp_path):
    files = {canvas(10): notebook("newest"), canvas(9): notebook("older")}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {"lovelaceada_12/07_layers/07_layers.ipynb": notebook("newest")}
    assert collected.sentences == [f"{canvas(9)}: not taken, {canvas(10)} of the same student is newer."]


def test_a_scratch_notebook_does_not_replace_the_lesson(course, tmp_path):
    names = {zipfile.ZipInfo("ada/scratch.ipynb", NEW): b"{}", zipfile.ZipInfo("ada/x.ipynb", OLD): notebook()}
    collected = collect([zipped(tmp_path / "x.zip", names)], course, LESSON)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook()}
    assert collected.sentences == [
        "ada/scratch.ipynb: not taken, ada/x.ipynb of the same student is a notebook of the lesson."
    ]


def test_a_newer_submission_moves_the_old_one_aside_with_all_its_files(course, tmp_path):
    for round, date in enumerate((OLD, NEW, NEW)):
        archive = zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook(str(round))}, date)
        collected = collect([archive], course)
        (course / "autograder/submitted/ada/07_layers" / f"data{round}").write_text("kept")

    assert len(submitted(course)) == 6  # each with its data
    assert submitted(course)["ada/07_layers/07_layers.ipynb"] == notebook("2")
    assert collected.replaced == 1
    assert {data for path, data in submitted(course).items() if path.endswith("ipynb")} == {
        notebook(str(round)) for round in range(3)
    }
    assert not list((course / "autograder/submitted").glob("*/07_layers?*"))


def test_two_that_were_handed_in_at_the_same_time_are_both_kept_aside(course, tmp_path):
    for round in range(4):
        collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook(str(round))})], course)

    assert set(submitted(course).values()) == {notebook(str(round)) for round in range(4)}


def test_an_older_submission_does_not_replace_a_newer(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook("new")}, NEW)], course)
    collected = collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook("old")}, OLD)], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook("new")}
    assert collected.sentences == ["ada/07_layers.ipynb: refused, older than what ada has for 07_layers, which stays."]


@pytest.mark.parametrize("planted", ["ada", "ada/07_layers"])
def test_a_link_in_the_place_of_a_folder_is_not_written_through(course, tmp_path, planted):
    link = course / "autograder/submitted" / planted
    link.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    collected = collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook()})], course)

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert collected.refused == 1


def test_what_a_killed_run_left_does_not_matter(course, tmp_path):
    half = course / "autograder/submitted/ada/.new-07_layers"
    half.mkdir(parents=True)
    (half / "rubbish").write_text("")
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook()})], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook()}


def test_a_zips_times_are_local(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook()}, NEW)], course)

    assert handed_in_at(course, "ada") == f"{datetime(*NEW).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def test_a_zips_times_are_in_the_zone_that_is_given(course, tmp_path):
    archive = zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook()}, NEW)
    collect([archive], course, zone=timezone(timedelta(hours=9)))

    assert handed_in_at(course, "ada") == "2026-05-05 22:08:10 UTC"


def test_a_zip_that_has_the_time_itself_needs_no_zone(course, tmp_path):
    info = zipfile.ZipInfo("ada/07_layers.ipynb", NEW)
    info.extra = struct.pack("<HHBl", 0x5455, 5, 1, 1_750_000_000)
    collect([zipped(tmp_path / "x.zip", {info: notebook()})], course, zone=timezone(timedelta(hours=9)))

    assert handed_in_at(course, "ada") == "2025-06-15 15:06:40 UTC"


@pytest.mark.parametrize("times", [(OLD, NEW), (NEW, OLD)])
def test_an_empty_notebook_replaces_none_with_answers_and_it_is_said(course, tmp_path, times):
    old, new = sorted(times)
    first = {zipfile.ZipInfo("ada/07_layers.ipynb", old): notebook("solved")}
    second = {zipfile.ZipInfo("ada/07_layers.ipynb", new): EMPTY}
    collect([zipped(tmp_path / "x.zip", first)], course)
    collected = collect([zipped(tmp_path / "x.zip", second)], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook("solved")}
    assert (collected.refused, len(collected.sentences)) == (1, 1)
    assert "no exercise of 07_layers is answered in it" in collected.sentences[0]


def test_an_older_one_with_answers_replaces_an_empty_one(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": EMPTY}, NEW)], course)
    collected = collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook("solved")}, OLD)], course)

    assert submitted(course)["ada/07_layers/07_layers.ipynb"] == notebook("solved")
    assert (collected.replaced, len(submitted(course))) == (1, 2)


def test_an_empty_notebook_in_the_same_archive_replaces_none_with_answers(course, tmp_path):
    names = {zipfile.ZipInfo("ada/01.ipynb", OLD): notebook("solved"), zipfile.ZipInfo("ada/02.ipynb", NEW): EMPTY}
    collected = collect([zipped(tmp_path / "x.zip", names)], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook("solved")}
    assert collected.refused == 1
    assert "has answers, and this newer one has none" in collected.sentences[0]


def test_a_file_that_cannot_be_read_replaces_none_with_answers(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook("solved")}, OLD)], course)
    collected = collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": b"{"}, NEW)], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook("solved")}
    assert collected.refused == 1


def test_an_empty_one_is_taken_where_there_is_nothing_else(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": EMPTY})], course)

    assert students(course) == ["ada"]


def test_of_two_that_could_both_count_none_is_taken_and_both_are_named(course, tmp_path):
    files = {"ada/one.ipynb": notebook("1"), "ada/two.ipynb": notebook("2"), "bob/x.ipynb": notebook("b")}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["bob"]
    assert collected.refused == 1
    assert "ada/one.ipynb, ada/two.ipynb" in collected.sentences[0]


def test_of_very_many_the_newest_counts_and_not_all_are_named(course, tmp_path):
    files = {f"ada_1_{i}_07_layers.ipynb": notebook(str(i)) for i in (*range(30, 60), *range(1, 30))}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert submitted(course) == {"ada_1/07_layers/07_layers.ipynb": notebook("59")}
    assert len(collected.sentences) == 21
