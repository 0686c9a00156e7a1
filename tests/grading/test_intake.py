"""Collecting: every student's newest notebook, nothing outside its folder, and nobody's work lost."""

import gzip
import io
import os
import random
import struct
import tarfile
import time
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.grading.collect import archives
from autograder.grading.collect.archives import Found, Ignored, Refused, entries
from autograder.grading.collect.intake import collect, shown
from autograder.grading.collect.students import LONGEST, Owner, owner, safe_id, safe_ids

LESSON, OTHER = "07_layers", "01_tensors"
LESSONS = (OTHER, LESSON)
OLD, NEW = (2026, 1, 2, 3, 4, 6), (2026, 5, 6, 7, 8, 10)


def notebook(text="", exercise="softmax"):
    marks = {"grade_id": exercise, "grade": False, "solution": True, "locked": False, "schema_version": 3}
    cell = new_code_cell(f"def {exercise}(): {text!r}", id=exercise, metadata={"nbgrader": marks})
    return nbformat.writes(new_notebook(cells=[cell])).encode()


@pytest.fixture
def course(tmp_path):
    """A course with two lessons, each with one exercise."""
    root = tmp_path / "course"
    for lesson, exercise in ((LESSON, "softmax"), (OTHER, "describe")):
        (root / "lessons" / lesson).mkdir(parents=True)
        (root / "lessons" / lesson / f"{lesson}.ipynb").write_bytes(notebook("stub", exercise))
    return root


def zipped(path, files, date=OLD):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, date), data)
    return path


def tarred(path, *members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data, *changes in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_750_000_000
            for key, value in dict(*changes).items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return path


def submitted(root):
    """What is in autograder/submitted: path -> bytes, without timestamps."""
    folder = root / "autograder" / "submitted"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timestamp.txt"
    }


def students(root):
    return [path.split("/")[0] for path in submitted(root)]


def refusals(path):
    return {entry.name: entry.why for entry in entries(path) if isinstance(entry, Refused)}


# --- whose it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "archive", "student"),
    [
        ("Ada Lovelace_12345_assignsubmission_file_/07_layers.ipynb", "export.zip", "Ada_Lovelace"),
        ("Ada Lovelace_12345_assignsubmission_file/deep/er/07_layers.ipynb", "export.zip", "Ada_Lovelace"),
        ("lovelaceada_12345_67890_07_layers-1.ipynb", "submissions.zip", "lovelaceada_12345"),
        ("lovelaceada_LATE_12345_67890_07_layers.ipynb", "submissions.zip", "lovelaceada_12345"),
        ("07_layers_ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", "ada"),
        ("ada_attempt_2026-01-30-15-00-00_07_layers.ipynb", "x.zip", "ada"),
        ("ada/07_layers.ipynb", "x.zip", "ada"),
        ("submitted/ada/07_layers/07_layers.ipynb", "x.zip", "ada"),
        ("ada/work/07_layers/07_layers.ipynb", "x.zip", "ada"),
        ("ada_07_layers.ipynb", "x.zip", "ada"),
        ("07_layers - ada (2).ipynb", "x.zip", "ada"),
        ("07_layers.ipynb", "ada.tar.gz", "ada"),
        ("07_layers.ipynb", "submissions.zip", ""),
    ],
)
def test_a_student_is_told_by_the_path(path, archive, student):
    found = owner(tuple(path.split("/")), (), archive, LESSONS).who

    assert (safe_id(found) if found else "") == student


@pytest.mark.parametrize(
    ("outer", "student"),
    [
        (("Ada Lovelace_1_assignsubmission_file_", "hw.zip"), "Ada Lovelace"),
        (("ada", "hw.zip"), "ada"),
        (("ada.zip",), "ada"),
        (("lovelaceada_12_34_homework.zip",), "lovelaceada_12"),
    ],
)
def test_in_an_inner_archive_the_outer_path_counts(outer, student):
    assert owner(("bob", "07_layers.ipynb"), outer, "x.zip", LESSONS).who == student


@pytest.mark.parametrize(
    ("who", "id"),
    [
        ("Ada Lovelace", "Ada_Lovelace"),
        ("José Núñez", "Jose_Nunez"),
        ("ada@example.org", "ada@example.org"),
        ("..", f"student_{sha256(b'..').hexdigest()[:8]}"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("a/b\\c\x00d", "a_b_c_d"),
        ("王小明", f"student_{sha256('王小明'.encode()).hexdigest()[:8]}"),
        ("x" * 500, "x" * LONGEST),
    ],
)
def test_an_id_is_safe(who, id):
    assert safe_id(who) == id


def test_ids_are_never_shared():
    one, two, three = Owner("Ada", "1"), Owner("Ada", "2"), Owner("ADA", "")
    apart = safe_ids([(one, LESSON), (two, LESSON), (three, LESSON)])
    same = safe_ids([(one, LESSON), (two, OTHER)])

    assert len({id.lower() for id in apart.values()}) == 3
    assert (apart["Ada", "1"], apart["Ada", "2"]) == ("Ada_1", "Ada_2")
    assert set(safe_ids([(one, LESSON)]).values()) == {"Ada"}
    assert len(same) == 2


# --- what is taken -----------------------------------------------------------------------------------------

LAYOUT = {
    "Ada Lovelace_1_assignsubmission_file_/07_layers.ipynb": notebook("ada"),
    "Bob_2_assignsubmission_file_/my homework.ipynb": notebook("bob"),
    "Bob_2_assignsubmission_file_/01_tensors.ipynb": notebook("bob", "describe"),
    "Bob_2_assignsubmission_file_/readme.txt": b"hello",
    "__MACOSX/Bob_2_assignsubmission_file_/._07_layers.ipynb": b"\0",
    "Bob_2_assignsubmission_file_/.ipynb_checkpoints/07_layers-checkpoint.ipynb": notebook("older"),
}
STORED = {
    "Ada_Lovelace/07_layers/07_layers.ipynb": notebook("ada"),
    "Bob/01_tensors/01_tensors.ipynb": notebook("bob", "describe"),
    "Bob/07_layers/07_layers.ipynb": notebook("bob"),
}


def as_folder(path):
    for name, data in LAYOUT.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda path: zipped(path / "x.zip", LAYOUT),
        lambda path: tarred(path / "x.tar", *LAYOUT.items()),
        lambda path: tarred(path / "x.tgz", *LAYOUT.items(), mode="w:gz"),
        lambda path: as_folder(path / "folder"),
    ],
    ids=["zip", "tar", "tar.gz", "folder"],
)
def test_every_kind_of_archive_gives_the_same(course, tmp_path, make):
    collected = collect([make(tmp_path)], course)

    assert submitted(course) == STORED
    assert (len(collected.stored), collected.ignored, collected.refused, collected.sentences) == (3, 3, 0, [])


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


# --- newest wins, nothing is lost ------------------------------------------------------------------------------


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


def test_two_students_of_one_name_are_told_apart_and_it_is_said(course, tmp_path):
    files = {f"Ada_{i}_assignsubmission_file_/07_layers.ipynb": notebook(str(i)) for i in (1, 2)}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["Ada_1", "Ada_2"]
    assert collected.sentences == [f"Ada: not the only one of this name; here called Ada_{i}." for i in (1, 2)]


def test_the_same_bytes_again_change_nothing(course, tmp_path):
    archive = zipped(tmp_path / "x.zip", LAYOUT)
    collect([archive], course)
    before = {path: path.stat().st_mtime_ns for path in (course / "autograder").rglob("*")}
    collected = collect([archive], course)

    assert (collected.stored, collected.unchanged, collected.sentences) == ([], 3, [])
    assert {path: path.stat().st_mtime_ns for path in (course / "autograder").rglob("*")} == before


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


# --- what is refused -------------------------------------------------------------------------------------------

ELSEWHERE = ["../07_layers.ipynb", "a/../../x.ipynb", "/etc/x.ipynb", "C:/x.ipynb", "C:x.ipynb", "a\\..\\x.ipynb"]


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("make", ["zip", "tar"])
def test_a_path_that_leads_elsewhere_is_refused_and_the_rest_goes_on(course, tmp_path, make, name):
    files = {name: notebook("evil"), "ada/07_layers.ipynb": notebook()}
    path = tmp_path / f"x.{make}"
    archive = zipped(path, files) if make == "zip" else tarred(path, *files.items())
    before = set(tmp_path.rglob("*"))
    collected = collect([archive], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook()}
    assert collected.sentences == [f"{name}: refused, a path that leads elsewhere."]
    assert all((course / "autograder") in (new, *new.parents) for new in set(tmp_path.rglob("*")) - before)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a\nb/x.ipynb", "a name with control characters"),
        ("a/" * 30 + "x.ipynb", "a path that is too deep or too long"),
        ("a" * 1500 + ".ipynb", "a path that is too deep or too long"),
    ],
)
def test_a_name_that_is_no_proper_one_is_refused(tmp_path, name, why):
    assert list(refusals(zipped(tmp_path / "x.zip", {name: b""})).values()) == [why]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    archive = tarred(tmp_path / "x.tar", ("ada/x.ipynb", b"", {"type": kind, "linkname": "/etc/passwd"}))

    assert refusals(archive) == {"ada/x.ipynb": "a link or a device"}


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("ada/x.ipynb", OLD)
    info.external_attr = 0o120777 << 16

    assert refusals(zipped(tmp_path / "x.zip", {info: b"/etc/passwd"})) == {"ada/x.ipynb": "a link or a device"}


def test_links_and_pipes_in_a_folder_are_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.ipynb").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("/etc")
    os.mkfifo(folder / "pipe.ipynb")

    assert refusals(folder) == dict.fromkeys(("folder", "file.ipynb", "pipe.ipynb"), "a link or a device")


@pytest.mark.parametrize("make", ["zip", "tar", "folder"])
def test_a_notebook_of_500_mb_is_refused_unread(tmp_path, make):
    big = tmp_path / "folder" / "x.ipynb"
    big.parent.mkdir()
    with big.open("wb") as sparse:
        sparse.truncate(30 * 1024**2)
    path = {"zip": tmp_path / "x.zip", "tar": tmp_path / "x.tgz", "folder": big.parent}[make]
    if make == "zip":
        zipped(path, {"x.ipynb": big.read_bytes()})
    if make == "tar":
        tarred(path, ("x.ipynb", big.read_bytes()), mode="w:gz")

    assert refusals(path) == {"x.ipynb": "30.0 MB; at most 20 MB are read"}


def test_a_size_that_is_a_lie_does_not_help(tmp_path):
    path = zipped(tmp_path / "x.zip", {"ada/x.ipynb": bytes(30 * 1024**2)})
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 30 * 1024**2), struct.pack("<L", 1000)))

    assert refusals(path) == {"ada/x.ipynb": "broken"}


@pytest.mark.parametrize("make", ["zip", "tgz"])
def test_a_bomb_is_stopped_at_the_limit(tmp_path, monkeypatch, make):
    monkeypatch.setattr(archives, "MAX_TOTAL", 3 * 1024**2)
    files = {f"{i}/x.ipynb": bytes(2 * 1024**2) for i in range(4)}
    path = tmp_path / f"x.{make}"
    archive = zipped(path, files) if make == "zip" else tarred(path, *files.items(), mode="w:gz")
    (why,) = refusals(archive).values()

    assert why.endswith("GB unpacked; the rest was not read")


def test_inner_archives_draw_on_the_same_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_TOTAL", 3 * 1024**2)
    inner = zipped(tmp_path / "inner.zip", {"x.ipynb": bytes(2 * 1024**2)}).read_bytes()

    assert list(refusals(zipped(tmp_path / "x.zip", {f"{i}.zip": inner for i in range(3)}))) == ["0.zip", "x.zip"]


@pytest.mark.parametrize("make", ["zip", "tar", "folder", "inner"])
def test_too_many_entries_are_refused(tmp_path, monkeypatch, make):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    files = {f"{i}.txt": b"" for i in range(9)}
    path = tmp_path / "x"
    if make in ("zip", "inner"):
        zipped(path, files)
    if make == "inner":
        zipped(path, {"in.zip": path.read_bytes()})
    if make == "tar":
        tarred(path, *files.items())
    if make == "folder":
        path.mkdir()
        for name in files:
            (path / name).touch()
    (why,) = refusals(path).values()

    assert why.startswith("more than 5 files")


def test_an_archive_in_an_archive_in_an_archive_is_refused(tmp_path):
    data = b""
    for name in ("x.ipynb", "a.zip", "b.zip"):
        data = zipped(tmp_path / "x.zip", {name: data}).read_bytes()

    assert refusals(tmp_path / "x.zip") == {"b.zip/a.zip": "an archive inside an archive inside another"}


def test_an_encrypted_file_is_refused(tmp_path):
    path = zipped(tmp_path / "x.zip", {"ada/x.ipynb": b"secret"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)

    assert refusals(path) == {"ada/x.ipynb": "encrypted"}


def test_a_compression_that_takes_much_memory_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("ada/x.ipynb", b"x")

    assert refusals(tmp_path / "x.zip") == {"ada/x.ipynb": "compressed in a way that is not read"}


def test_a_header_of_a_gigabyte_is_not_read(tmp_path):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1024**3
    with (tmp_path / "x.tar").open("wb") as file:
        file.write(header.tobuf())
        file.truncate(1024**3 + 2048)

    assert list(refusals(tmp_path / "x.tar")) == ["x.tar"]


def test_a_header_that_is_all_digits_takes_no_time(tmp_path):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 500_000
    (tmp_path / "x.tar").write_bytes(header.tobuf() + b"1" * 500_224 + bytes(1024))
    start = time.monotonic()
    found = refusals(tmp_path / "x.tar")

    assert list(found) == ["x.tar"]
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04rubbish", b"\x1f\x8b", b"rubbish" * 200])
def test_a_broken_archive_is_refused_by_name(course, tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    collected = collect([tmp_path / "x.zip", tmp_path / "nothing.zip"], course)

    assert collected.refused == 2
    assert collected.sentences[-1] == "nothing.zip: refused, cannot be read (No such file or directory)."


@pytest.mark.parametrize("make", ["zip", "tar", "tgz"])
def test_no_damage_to_an_archive_raises(tmp_path, make):
    files = {**LAYOUT, "inner.zip": zipped(tmp_path / "inner.zip", LAYOUT).read_bytes()}
    path = tmp_path / "x"
    whole = {
        "zip": lambda: zipped(path, files),
        "tar": lambda: tarred(path, *files.items()),
        "tgz": lambda: tarred(path, *files.items(), mode="w:gz"),
    }[make]().read_bytes()
    chance, kinds = random.Random(make), set()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
        kinds |= {type(entry) for entry in entries(path)}

    assert Refused in kinds
    assert kinds <= {Found, Ignored, Refused}


def test_names_are_printed_without_what_a_terminal_would_obey():
    assert shown("\x1b[31mred\u202e") == "?[31mred?"
    assert len(shown("x" * 1000)) == 123


def test_a_concatenated_gzip_is_read_to_its_end(course, tmp_path):
    path = tarred(tmp_path / "x.tar", ("ada/07_layers.ipynb", notebook()))
    data = path.read_bytes()
    (tmp_path / "x.tgz").write_bytes(gzip.compress(data[:700]) + gzip.compress(data[700:]))
    collect([tmp_path / "x.tgz"], course)

    assert students(course) == ["ada"]


def test_a_zips_times_are_local(course, tmp_path):
    collect([zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": notebook()}, NEW)], course)
    said = Path(course, "autograder/submitted/ada/07_layers/timestamp.txt").read_text()

    assert said == f"{datetime(*NEW).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
