"""Archives: each kind is read the same, nothing of them is put on the disk, and nobody's uses up another's room."""

import gzip
import os
import random
import struct
import subprocess
import tarfile
import time
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.grading.collect import archives
from autograder.grading.collect.archives import Found, Ignored, Refused, entries
from autograder.grading.collect.intake import collect
from autograder.notebooks.reading import read_notebook
from tests.support.handed_in import OLD, as_folder, notebook, people, students, submitted, tarred, zipped

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


def test_the_same_bytes_again_change_nothing(course, tmp_path):
    archive = zipped(tmp_path / "x.zip", LAYOUT)
    collect([archive], course)
    before = {path: path.stat().st_mtime_ns for path in (course / "autograder").rglob("*")}
    collected = collect([archive], course)

    assert (collected.stored, collected.unchanged, collected.sentences) == ([], 3, [])
    assert {path: path.stat().st_mtime_ns for path in (course / "autograder").rglob("*")} == before


def refusals(path):
    return {entry.name: entry.why for entry in entries(path) if isinstance(entry, Refused)}


def packed(path, files):
    """The bytes of a zip whose content is compressed, as a bomb's is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path.read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: zipped(path / "x.zip", LAYOUT),
        lambda path: tarred(path / "x.tar", *LAYOUT.items()),
        lambda path: tarred(path / "x.tgz", *LAYOUT.items(), mode="w:gz"),
        lambda path: as_folder(path / "folder", LAYOUT),
    ],
    ids=["zip", "tar", "tar.gz", "folder"],
)
def test_every_kind_of_archive_gives_the_same(course, tmp_path, make):
    collected = collect([make(tmp_path)], course)

    assert submitted(course) == STORED
    assert (len(collected.stored), collected.ignored, collected.refused, collected.sentences) == (3, 3, 0, [])


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
def test_a_notebook_of_500_mb_is_refused_unread(tmp_path, make, monkeypatch):
    monkeypatch.setattr(archives, "MAX_FILE", 25 * 1024**2)
    big = tmp_path / "folder" / "x.ipynb"
    big.parent.mkdir()
    with big.open("wb") as sparse:
        sparse.truncate(30 * 1024**2)
    path = {"zip": tmp_path / "x.zip", "tar": tmp_path / "x.tgz", "folder": big.parent}[make]
    if make == "zip":
        zipped(path, {"x.ipynb": big.read_bytes()})
    if make == "tar":
        tarred(path, ("x.ipynb", big.read_bytes()), mode="w:gz")

    assert refusals(path) == {"x.ipynb": "30.0 MB; at most 25 MB are read"}


def test_a_notebook_whose_outputs_are_long_is_taken_because_grading_reads_past_them(tmp_path):
    long = new_output("stream", text="x" * 21 * 1024**2)
    large = nbformat.writes(new_notebook(cells=[new_code_cell("1 + 1", outputs=[long])])).encode()
    path = zipped(tmp_path / "x.zip", {"ada/07_layers.ipynb": large})
    (found,) = entries(path)

    assert isinstance(found, Found)
    assert [cell.source for cell in read_notebook(found.data).cells] == ["1 + 1"]


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


def test_an_archive_inside_has_limits_of_its_own_and_uses_up_no_others(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_INNER_TOTAL", 1024**2)
    bomb = packed(tmp_path / "inner.zip", {f"{i}.ipynb": bytes(1024**2) for i in range(8)})
    small = packed(tmp_path / "inner.zip", {"07_layers.ipynb": notebook("small")})
    files = {"a_mallory.zip": bomb, "bob.zip": small, "carol/hw.zip": small, "dan/07_layers.ipynb": notebook()}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["bob", "carol", "dan"]
    assert "a_mallory.zip: refused, more than 0.000976562 GB unpacked; the rest was not read." in collected.sentences


def test_what_one_hands_in_uses_up_nothing_of_others(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_TOTAL", 3 * 1024**2)
    files = {f"a_mallory/{i}.ipynb": bytes(1024**2) for i in range(8)}
    files |= {f"{name}/07_layers.ipynb": notebook(name) for name in ("bob", "carol")}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["bob", "carol"]
    assert collected.sentences[-1].endswith("GB unpacked; the rest was not read.")


def test_so_many_files_of_one_keep_nobody_from_being_read(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 20)
    inner = packed(tmp_path / "inner.zip", {f"{i}.txt": b"" for i in range(30)})
    files = {"a_mallory/hw.zip": inner, "bob/07_layers.ipynb": notebook("bob")}
    collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["bob"]


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


def test_a_concatenated_gzip_is_read_to_its_end(course, tmp_path):
    path = tarred(tmp_path / "x.tar", ("ada/07_layers.ipynb", notebook()))
    data = path.read_bytes()
    (tmp_path / "x.tgz").write_bytes(gzip.compress(data[:700]) + gzip.compress(data[700:]))
    collect([tmp_path / "x.tgz"], course)

    assert students(course) == ["ada"]


def test_backslashes_of_windows_are_read_as_slashes(course, tmp_path):
    files = {"ada\\07_layers.ipynb": notebook("ada"), "bob\\": b"", "bob\\deep\\07_layers.ipynb": notebook("bob")}
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["ada", "bob"]
    assert collected.sentences == []


def raw_name(path, ascii_name, raw):
    """Replace a name in a zip with bytes of the same length, without a word on their encoding."""
    path.write_bytes(path.read_bytes().replace(ascii_name.encode(), raw))
    return path


@pytest.mark.parametrize(
    ("raw", "encoding", "name"),
    [
        (b"J\xfcrgen W", "cp1252", "Jürgen W"),
        (b"J\x81rgen W", "cp437", "Jürgen W"),
        ("Jürgen ".encode(), None, "Jürgen"),
    ],
)
def test_names_that_are_not_said_to_be_in_utf8_are_read_and_it_is_said(course, tmp_path, raw, encoding, name):
    archive = raw_name(zipped(tmp_path / "x.zip", {"JyrgenXW/07_layers.ipynb": notebook()}), "JyrgenXW", raw)
    collected = collect([archive], course)
    (student,) = people(course).values()

    assert student["identities"][0]["name"] == name
    assert [f"read as {encoding}" in sentence for sentence in collected.sentences] == [True] * bool(encoding)


def test_a_name_in_an_encoding_that_cannot_be_told_is_refused(course, tmp_path):
    archive = raw_name(
        zipped(tmp_path / "x.zip", {"JyrgenXW/07_layers.ipynb": notebook()}), "JyrgenXW", b"J\xfcr\x81en W"
    )
    collected = collect([archive], course)

    assert submitted(course) == {}
    assert collected.refused == 1
    assert "encoding that cannot be told" in collected.sentences[0]


@pytest.mark.parametrize(
    "name", ["07_layers.ipynb.json", "07_layers.ipynb.txt", "07_layers.IPYNB", "answers.json", "answers"]
)
def test_a_notebook_is_taken_under_any_ending(course, tmp_path, name):
    collected = collect([zipped(tmp_path / "x.zip", {f"ada/{name}": notebook()})], course)

    assert submitted(course) == {"ada/07_layers/07_layers.ipynb": notebook()}
    assert collected.refused == 0


@pytest.mark.parametrize("name", ["hw.pdf", "hw.py", "hw.html", "hw.rar", "hw.7z", "data.json", "hw.docx"])
def test_who_handed_in_no_notebook_is_named_with_what_came(course, tmp_path, name):
    files = {
        f"ada/{name}": b'{"some": "JSON"}',
        "ada/07.txt": b"x",
        "bob/07_layers.ipynb": notebook(),
        "bob/x.pdf": b"",
    }
    collected = collect([zipped(tmp_path / "x.zip", files)], course)

    assert students(course) == ["bob"]
    assert collected.refused == 1
    assert collected.sentences == [f"ada: nothing taken, no notebook among what came: {name}, 07.txt."]


def test_a_path_longer_than_the_system_allows_is_refused_and_the_rest_goes_on(course, tmp_path):
    deep = as_folder(tmp_path / "folder", {"ada/07_layers.ipynb": notebook()}) / "bob"
    deep.mkdir()
    here = os.open(deep, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        here, before = os.open("d" * 250, os.O_RDONLY, dir_fd=here), here
        os.close(before)
    os.close(here)
    try:
        collected = collect([tmp_path / "folder"], course)
    finally:
        subprocess.run(["rm", "-rf", str(deep)], check=True)

    assert students(course) == ["ada"]
    assert collected.refused == 1
