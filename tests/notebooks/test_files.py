"""What is personal is written for its owner alone, whatever was there before."""

import os
import stat

import pytest

from autograder.notebooks.files import make_private, write_private


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [None, "other", "grades"])
def test_a_personal_file_is_its_owners_alone_whatever_was_there(tmp_path, before):
    path = tmp_path / "grades.json"
    if before is not None:
        path.write_text(before)
        path.chmod(0o644)

    write_private(path, "grades")

    assert (mode(path), path.read_text()) == (0o600, "grades")
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_and_what_is_no_file_stay_what_they_are(tmp_path):
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)

    write_private(link, b"grades")
    write_private(tmp_path / "null", b"x")
    (tmp_path / "null").unlink()
    os.symlink(os.devnull, tmp_path / "null")
    write_private(tmp_path / "null", "grades")

    assert link.is_symlink()
    assert target.read_bytes() == b"grades"
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_link_to_a_pipe_leads_into_the_pipe(tmp_path):
    out, into = os.pipe()
    (tmp_path / "stdout").symlink_to(f"/dev/fd/{into}")

    write_private(tmp_path / "stdout", "grades")
    os.close(into)

    with open(out, "rb") as reader:
        assert reader.read() == b"grades"


def test_a_folder_is_shut_and_what_is_not_there_is_no_error(tmp_path):
    tmp_path.chmod(0o755)

    make_private(tmp_path, tmp_path / "missing")

    assert mode(tmp_path) == 0o700
