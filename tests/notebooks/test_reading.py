"""Reading what somebody handed in: a notebook comes out, or `Unreadable`, and nothing else happens."""

import contextlib
import copy
import json
import os
import random
import socket
from pathlib import Path

import nbformat
import pytest

from autograder.notebooks import reading, skimming
from autograder.notebooks.reading import Unreadable, read_bytes, read_file, read_notebook
from autograder.notebooks.skimming import without_outputs
from tests.support import ROOT

LESSON = ROOT / "lessons" / "07_layers" / "07_layers.ipynb"
MARKS = {"grade_id": "softmax", "grade": False, "solution": True, "locked": False, "schema_version": 3}


def as_bytes(*cells, **top):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **top}).encode()


def code(source="x = 1", **more):
    return {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], **more}


def refusal(data):
    with pytest.raises(Unreadable) as caught:
        read_notebook(data)
    return caught.value.came


# --- what is read ------------------------------------------------------------------------------------------


def test_a_lesson_is_read_as_nbformat_reads_it():
    ours, theirs = read_notebook(LESSON.read_bytes()), nbformat.read(LESSON, as_version=4)

    assert [(cell.id, cell.cell_type, cell.source) for cell in ours.cells] == [
        (cell.id, cell.cell_type, cell.source) for cell in theirs.cells
    ]
    assert [cell.metadata.get("nbgrader") for cell in ours.cells] == [
        cell.metadata.get("nbgrader") for cell in theirs.cells
    ]


TEXT = as_bytes(code("print('ü')\nx = 1")).decode()


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.replace("\\u00fc", "ü").encode("cp1252"),
        TEXT.replace("{", "\r\n{").encode(),
        as_bytes(code("print('ü')\r\nx = 1")),
        as_bytes(code(["print('ü')\n", "x = 1"])),
    ],
    ids=["UTF-8", "BOM", "UTF-16", "UTF-16 BE", "UTF-32", "Windows-1252", "Windows lines", "Windows source", "lines"],
)
def test_encodings_and_line_ends_do_not_matter(data):
    assert read_notebook(data).cells[0].source == "print('ü')\nx = 1"


def test_a_byte_that_is_not_utf_8_spoils_no_other():
    data = TEXT.replace("\\u00fc", "ü – 中").encode()

    assert data != TEXT.encode()
    assert read_notebook(data.replace("–".encode(), b"\x96")).cells[0].source == "print('ü – 中')\nx = 1"
    with pytest.raises(Unreadable, match="UnicodeDecodeError"):
        read_notebook(data.replace("–".encode(), b"\x81"))


def test_outputs_attachments_and_foreign_metadata_are_dropped():
    cell = code(outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}], execution_count=7)
    cell["metadata"] = {"tags": ["demo"], "nbgrader": MARKS, "id": "colab", "collapsed": "no bool", "scrolled": 3}
    note = {"cell_type": "markdown", "source": "a", "metadata": {}, "attachments": {"a": {"text/plain": "a"}}}
    read = read_notebook(as_bytes(cell, note, metadata={"kernelspec": 3})).cells

    assert (read[0].outputs, read[0].execution_count) == ([], None)
    assert read[0].metadata == {"tags": ["demo"], "nbgrader": MARKS, "id": "colab"}
    assert "attachments" not in read[1]


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        (None, {}),
        ([], {}),
        ({"tags": "demo", "nbgrader": "solution"}, {}),
        ({"tags": ["a,b", 3, "demo", "demo"]}, {"tags": ["demo"]}),
        ({"nbgrader": {"grade_id": ["a"], "solution": True}}, {}),
        ({"nbgrader": {"grade_id": "a", "solution": 1, "points": True, "deep": {}}}, {"nbgrader": {"grade_id": "a"}}),
        ({"nbgrader": {"grade_id": "a", "points": float("nan")}}, {"nbgrader": {"grade_id": "a"}}),
        ({"nbgrader": {"grade_id": "a", "points": float("inf")}}, {"nbgrader": {"grade_id": "a"}}),
        ({"nbgrader": {"grade_id": "a", "points": 2.5}}, {"nbgrader": {"grade_id": "a", "points": 2.5}}),
        ({"nbgrader": {"grade_id": "\ud800"}}, {"nbgrader": {"grade_id": "\ufffd"}}),
    ],
)
def test_metadata_of_a_wrong_type_is_dropped(metadata, kept):
    assert read_notebook(as_bytes(code(metadata=metadata))).cells[0].metadata == kept


def test_huge_numbers_do_no_harm():
    data = as_bytes(code(execution_count="HUGE", metadata={"nbgrader": {"grade_id": "a", "points": "HUGE"}}))
    read = read_notebook(data.replace(b'"HUGE"', b"9" * 100_000))

    assert read.cells[0].metadata == {"nbgrader": {"grade_id": "a"}}


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_joined():
    data = as_bytes(code("X")).replace(b"X", rb"\ud800 \ud83d\ude00")

    assert read_notebook(data).cells[0].source == "\ufffd \U0001f600"


def test_ids_are_mended_always_in_the_same_way():
    data = as_bytes(*(code(id=id) for id in ("a", "a", "b c", None, 3, "x" * 65, "mended-1", "ok")))
    ids = [cell.id for cell in read_notebook(data).cells]

    assert ids == ["a", "mended-1-", "mended-2", "mended-3", "mended-4", "mended-5", "mended-1", "ok"]
    assert ids == [cell.id for cell in read_notebook(data).cells]


def test_a_notebook_without_ids_or_metadata_is_read():
    cell = {"cell_type": "code", "source": "x"}

    assert [cell.source for cell in read_notebook(as_bytes(cell, nbformat_minor=0)).cells] == ["x"]


def test_nbformat_3_is_upgraded_always_in_the_same_way():
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {"cell_type": "heading", "level": 2, "source": "A title", "metadata": {}},
                    {"cell_type": "code", "language": "python", "input": "x = 1", "outputs": [], "metadata": {}},
                ],
            }
        ],
    }
    data = json.dumps(old).encode()

    assert [(cell.cell_type, cell.source) for cell in read_notebook(data).cells] == [
        ("markdown", "## A title"),
        ("code", "x = 1"),
    ]
    assert nbformat.writes(read_notebook(data)) == nbformat.writes(read_notebook(data))


# --- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "came"),
    [
        (b"", "a file that is no notebook (JSONDecodeError: "),
        (b"{", "a file that is no notebook (JSONDecodeError: "),
        (b"\xff\xff{}", "a file that is no notebook (JSONDecodeError: "),
        (b'{"a": "\x81"}', "a file that is no notebook (UnicodeDecodeError: "),
        (b"[1]", "a file that is no notebook (its JSON is no object)"),
        (b"{}", "a file that is no notebook (it does not say which nbformat it has)"),
        (as_bytes(nbformat="4"), "a file that is no notebook (it does not say which nbformat it has)"),
        (as_bytes(nbformat=5), "a notebook in nbformat 5"),
        (as_bytes(nbformat=3), "a file that is no notebook (malformed nbformat 3)"),
        (as_bytes(cells={}), "a file that is no notebook (it has no list of cells)"),
        (as_bytes(1), "a file that is no notebook (cell 1 is no object)"),
        (as_bytes(code(), []), "a file that is no notebook (cell 2 is no object)"),
        (as_bytes(code(cell_type="shell")), "a file that is no notebook (cell 1 is neither code nor text)"),
        (as_bytes(code(cell_type=[])), "a file that is no notebook (cell 1 is neither code nor text)"),
        (as_bytes(code(3)), "a file that is no notebook (cell 1 has a source that is no text)"),
        (as_bytes(code(["a", 3])), "a file that is no notebook (cell 1 has a source that is no text)"),
        (b"[" * 10_000 + b"]" * 10_000, "a file that is no notebook (lists inside lists, too deep)"),
        (
            as_bytes(code(metadata="DEEP")).replace(b'"DEEP"', b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
            "a file that is no notebook (lists inside lists, too deep)",
        ),
        (b"[" + b"[]," * 1_000_000 + b"1]", "a file that is no notebook (it has more than 1,000,000 brackets)"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:60],
)
def test_what_is_no_notebook_is_refused_with_the_reason(data, came):
    assert refusal(data).startswith(came)


def test_a_notebook_that_is_too_large_is_refused_unread():
    assert refusal(bytes(reading.MAX_BYTES + 1)) == "a file of 20.0 MB"


def mutated(chance, value):
    """The JSON value with something wrong in it."""
    junk = [None, True, -1, 10**30, 1e308, float("nan"), "", "\ud800", [], {}, [[]], {"a": {}}, "nbgrader", ["a", 1]]
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.2:
            del value[key]
        else:
            value[key] = mutated(chance, value[key])
        return value
    if isinstance(value, list) and value and chance.random() < 0.9:
        i = chance.randrange(len(value))
        value[i] = mutated(chance, value[i])
        return value
    return copy.deepcopy(chance.choice(junk))


@pytest.mark.parametrize("version", [2, 3, 4])
def test_no_mutation_of_a_notebook_raises_anything_else(version):
    chance = random.Random(version)
    cells = [code(["x"], metadata={"tags": ["demo"], "nbgrader": dict(MARKS)}), code("y", cell_type="markdown", id="b")]
    sheet = {"cells": [{**cell, "input": "x", "language": "python", "prompt_number": 1} for cell in cells]}
    whole = {"nbformat": version, "nbformat_minor": 0, "metadata": {"name": "x"}, "cells": cells, "worksheets": [sheet]}
    read = 0
    for _ in range(150):
        broken = copy.deepcopy(whole)
        for _ in range(chance.randint(1, 3)):
            broken = mutated(chance, broken)
        try:
            notebook = read_notebook(json.dumps(broken).encode())
        except Unreadable:
            continue
        nbformat.validate(notebook)
        nbformat.writes(notebook).encode()
        read += 1

    assert read > 5


def test_no_damage_to_the_bytes_raises_anything_else():
    chance = random.Random(0)
    whole, read = as_bytes(code(metadata={"nbgrader": MARKS, "tags": ["demo"]}), code("y")), 0
    for _ in range(500):
        data = bytearray(whole if chance.random() < 0.9 else chance.randbytes(60))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.choice(b'"{}[]:,0az \\\xff\x00')
        with contextlib.suppress(Unreadable):
            nbformat.validate(read_notebook(bytes(data[: chance.choice([None, chance.randrange(len(data))])])))
            read += 1

    assert read > 10


# --- files -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["posix", "windows"])
def file(request, tmp_path, monkeypatch):
    """Where a submitted file may lie; also on a system that cannot open below an open folder."""
    if request.param == "windows":
        for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"):
            monkeypatch.delattr(os, name)
    path = tmp_path / "student" / "lesson" / "lesson.ipynb"
    path.parent.mkdir(parents=True)
    return path


def refused(path, root=None):
    with pytest.raises(Unreadable) as caught:
        read_file(path, root)
    return caught.value.came


def test_an_ordinary_file_is_read(file, tmp_path):
    file.write_bytes(b"bytes")

    assert read_file(file) == read_file(file, tmp_path) == read_bytes(file) == b"bytes"


def test_a_link_is_not_followed(file, tmp_path):
    (tmp_path / "secret").write_text("secret")
    file.symlink_to(tmp_path / "secret")

    assert refused(file) == "a link"


@pytest.mark.parametrize("depth", [0, 1])
def test_a_folder_that_is_a_link_is_not_followed(file, tmp_path, depth):
    file.write_bytes(b"bytes")
    folder = file.parents[depth]
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    assert refused(file, tmp_path) == "a file whose folder is a link or no folder"


def test_what_is_no_ordinary_file_is_refused_at_once(file):
    os.mkfifo(file.with_name("pipe"))
    file.with_name("folder").mkdir()
    kinds = {name: refused(file.with_name(name)) for name in ("pipe", "folder", "nothing")}

    assert kinds == {"pipe": "a pipe", "folder": "a folder", "nothing": "no such file"}
    assert refused(Path("/dev/zero")) == "a device"


def test_a_socket_is_refused(file, monkeypatch):
    monkeypatch.chdir(file.parent)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

        assert refused(file.with_name("socket")) == "a socket"


@pytest.mark.parametrize("read", [read_file, read_bytes])
def test_no_more_is_read_than_a_notebook_may_have(file, read):
    with file.open("wb") as sparse:
        sparse.truncate(500 * 1024**2)
    with pytest.raises(Unreadable) as caught:
        read(file)

    assert str(caught.value) == (
        "a file of 500.0 MB; expected a notebook of at most 20 MB. Clear its outputs, save it, and try again."
    )


# --- what is read past --------------------------------------------------------------------------------------

OUTPUTS = [
    {"output_type": "display_data", "data": {"image/png": "iVBO" * 1000, "text/plain": ['a "quoted" \\', "[{", "}\n"]}},
    {"output_type": "stream", "name": "stdout", "text": '"outputs": [ "widgets": {'},
    {"outputs": [[{}]], "widgets": {"a": []}},
]
TRICKY = ['"outputs": [', "outputs", '\\"outputs": [1]', "x = {'outputs': []}", "]}"]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10**6])
@pytest.mark.parametrize("indent", [None, 1])
def test_outputs_and_widgets_are_left_out_however_they_are_cut_and_nothing_else(size, indent):
    cells = [code(TRICKY, outputs=OUTPUTS), code("y = 2", attachments={"a": 1}), code("z", outputs=[])]
    whole = json.loads(as_bytes(*cells, metadata={"widgets": {"state": [OUTPUTS]}}))
    data = json.dumps(whole, indent=indent).encode()
    kept = b"".join(without_outputs(data[i : i + size] for i in range(0, len(data), size)))
    whole["metadata"]["widgets"], whole["cells"][0]["outputs"] = {}, []

    assert json.loads(kept) == whole


@pytest.mark.parametrize(
    "outputs", [b"[" * 10_000 + b"]" * 10_000, b"[" + b"[]," * 1_000_000 + b"1]", b"[NaN, 9" + b"9" * 9_000 + b"]"]
)
def test_outputs_of_any_kind_cost_nobody_the_notebook(outputs):
    data = as_bytes(code("x = 1", outputs="HERE")).replace(b'"HERE"', outputs)

    assert [cell.source for cell in read_notebook(data).cells] == ["x = 1"]


def test_a_file_with_large_outputs_is_read_without_them_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 2_000)
    path, notes = tmp_path / "a.ipynb", []
    path.write_bytes(as_bytes(code("x = 1", outputs=["y" * 2**21]), code("z = 1")))
    data = read_file(path, notes=notes)

    assert [cell.source for cell in read_notebook(data).cells] == ["x = 1", "z = 1"]
    assert notes == ["The notebook has 2.0 MB. Its outputs were left out; they are not graded."]
    assert read_bytes(path) == data


def test_a_file_that_is_large_without_its_outputs_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 2_000)
    path = tmp_path / "a.ipynb"
    path.write_bytes(as_bytes(code("x" * 3_000)))
    with pytest.raises(Unreadable, match="take out what was pasted into cells"):
        read_bytes(path)


def test_so_many_outputs_that_to_skip_them_takes_long_are_refused(monkeypatch):
    monkeypatch.setattr(skimming, "MAX_SKIPPED", 100)

    assert refusal(as_bytes(code(outputs=[[]] * 200))).startswith("a file that is no notebook (its outputs have more")


def test_more_text_in_cells_than_any_lesson_needs_is_refused_with_the_limit(monkeypatch):
    with pytest.raises(Unreadable) as caught:
        read_notebook(as_bytes(code("a1 = a0\n" * 40_000), code("a1 = a0\n" * 40_000)))

    assert str(caught.value).startswith(
        "a notebook with 640,000 characters in its cells; expected at most 500,000, not counting outputs and pictures"
    )


def test_pictures_in_texts_do_not_count():
    picture = f"![a](data:image/png;base64,{'iVBO' * 200_000})"
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": picture}

    assert read_notebook(as_bytes(cell)).cells[0].source == picture
    assert refusal(as_bytes({**cell, "cell_type": "code"})).startswith("a notebook with 800,")
