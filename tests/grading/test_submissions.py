"""What was handed in: names that cannot be students', links, and notebooks under other names."""

import os
from datetime import datetime

import pytest

from autograder.grading.submissions import Submission, find_submissions, read_content, unfit_name

LESSON = "07_layers"


def handed_in(root, student, files):
    folder = root / student / LESSON
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Submission(student, LESSON, folder)


@pytest.mark.parametrize("name", ["ann", "ann.lee@example.org", "Ånn Lee", "a" * 128])
def test_name_is_a_students(name):
    assert unfit_name(name) is None


@pytest.mark.parametrize("name", ["a\\b", "a\x1b[2J", "a" * 129, "b\udcff", "a\nb"])
def test_name_is_nobodys_and_says_what_to_do(name):
    assert "Rename the folder." in unfit_name(name)


def test_a_folder_that_is_a_link_is_not_followed(tmp_path):
    other = handed_in(tmp_path / "elsewhere", "ann", {f"{LESSON}.ipynb": b"secret"})
    (tmp_path / "submitted" / "eve").mkdir(parents=True)
    (tmp_path / "submitted" / "eve" / LESSON).symlink_to(other.folder)
    (found,) = find_submissions(tmp_path / "submitted", [LESSON])

    content = read_content(found)

    assert content.data is None
    assert content.warnings == ("Its folder is a link, which was not followed.",)


@pytest.mark.parametrize("name", ["final version.ipynb", "x" * 150 + ".ipynb", "é\x1b[2J.ipynb"])
def test_the_only_notebook_counts_under_any_name(tmp_path, name):
    content = read_content(handed_in(tmp_path, "ann", {name: b"{}"}))

    assert content.data == b"{}"
    assert "expected 07_layers.ipynb" in content.warnings[0]
    assert content.warnings[0].isprintable()


def test_of_two_notebooks_of_other_names_none_counts_and_both_are_named(tmp_path):
    content = read_content(handed_in(tmp_path, "ann", {"final.ipynb": b"{}", "draft.ipynb": b"{}"}))

    assert content.data is None
    assert content.warnings == (
        "2 notebooks: draft.ipynb, final.ipynb; expected one, 07_layers.ipynb. Give the one that counts this name.",
    )


@pytest.mark.parametrize("name", ["07_layers.ipynb.txt", "07_layers.IPYNB", "07_layers.ipynb.json"])
def test_an_ending_that_a_browser_added_is_read_past(tmp_path, name):
    assert read_content(handed_in(tmp_path, "ann", {name: b"{}"})).data == b"{}"


@pytest.mark.parametrize(
    ("said", "time"),
    [
        (b"2026-03-01 14:30:00.000250 UTC\n", datetime(2026, 3, 1, 14, 30, 0, 250)),
        (b"\xef\xbb\xbf2026-03-01 14:30:00 UTC", datetime(2026, 3, 1, 14, 30)),
        (b"2026-03-01 14:30:00 KST", datetime(2026, 3, 1, 5, 30)),
        (b"2026-03-01 14:30:00 America/Los_Angeles", datetime(2026, 3, 1, 22, 30)),
        (b"2026-03-01 14:30", datetime(2026, 3, 1, 14, 30)),
    ],
)
def test_when_it_was_handed_in_is_read_in_its_zone(tmp_path, said, time):
    content = read_content(handed_in(tmp_path, "ann", {f"{LESSON}.ipynb": b"{}", "timestamp.txt": said}))

    assert (content.submitted_at, content.warnings) == (time, ())


@pytest.mark.parametrize("said", [b"01.03.2026 14:30", b"2026-03-01 14:30:00 CST", b"\xff\xfe2\x00", b""])
def test_a_time_that_is_not_certain_is_none_and_it_is_said(tmp_path, said):
    content = read_content(handed_in(tmp_path, "ann", {f"{LESSON}.ipynb": b"{}", "timestamp.txt": said}))

    assert content.submitted_at is None
    assert content.warnings[0].startswith(
        "timestamp.txt holds no time that is certain, so when it was handed in is not"
    )


def test_a_folder_with_a_path_too_long_to_be_looked_at_is_found_and_says_so(tmp_path, monkeypatch):
    submitted = tmp_path
    while len(str(submitted)) < 3_750:
        submitted = submitted / ("d" * 200)
    submitted = submitted / ("d" * (3_980 - len(str(submitted))))
    monkeypatch.chdir(tmp_path)
    for name in submitted.relative_to(tmp_path).parts:
        os.mkdir(name)
        monkeypatch.chdir(name)
    for student in ("ann", "b" * 120):
        os.makedirs(os.path.join(student, LESSON))
    found = find_submissions(submitted, [LESSON])

    assert [one.student for one in found] == ["ann", "b" * 120]
    assert read_content(found[1]).warnings == ("Its folder cannot be read: File name too long.",)


def test_folders_inside_of_a_submission_may_be_as_deep_as_they_like(tmp_path, monkeypatch):
    handed_in(tmp_path, "ann", {f"{LESSON}.ipynb": b"{}"})
    monkeypatch.chdir(tmp_path / "ann" / LESSON)
    for _ in range(25):
        os.mkdir("d" * 200)
        monkeypatch.chdir("d" * 200)

    assert read_content(find_submissions(tmp_path, [LESSON])[0]).data == b"{}"
