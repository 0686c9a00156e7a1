"""Pictures: told by their bytes, whatever they are called."""

import base64
import io

import pytest
from PIL import Image

from autograder.notebooks.pictures import KINDS, SIDE_LIMIT, picture, pictures


def drawn(kind, size=(2, 3), **options):
    with io.BytesIO() as file:
        Image.new("RGB", size).save(file, kind, **options)
        return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *((f"image/{kind.lower()}", drawn(kind)) for kind in ("PNG", "JPEG", "GIF", "WEBP")),
        ("image/jpeg", drawn("JPEG", progressive=True, exif=b"Exif\0\0" + b"x" * 5000)),
        ("image/webp", drawn("WEBP", lossless=True)),
        ("image/webp", drawn("WEBP", exif=b"Exif\0\0MM")),
    ],
)
def test_a_picture_is_known_by_its_bytes(kind, data):
    lines = [data[i : i + 76] + "\n" for i in range(0, len(data), 76)]

    assert picture(data) == picture(lines) == (kind, data)
    assert pictures({"a": {"image/png": data}}) == {"a": {kind: data}}


@pytest.mark.parametrize(
    "data",
    [
        "",
        7,
        None,
        {},
        "PHN2Zz4=",
        drawn("BMP"),
        drawn("TIFF"),
        drawn("PNG") + '" onerror="x',
        drawn("PNG", (SIDE_LIMIT + 1, 1)),
        drawn("GIF", (1, SIDE_LIMIT + 1)),
        drawn("JPEG", (SIDE_LIMIT + 1, 1)),
        drawn("WEBP", (SIDE_LIMIT + 1, 1)),
        *(base64.b64encode(base64.b64decode(drawn(kind))[:9]).decode() for kind in ("PNG", "JPEG", "GIF", "WEBP")),
        base64.b64encode(b"\xff\xd8\xff" + b"\xff" * 100_000).decode(),
    ],
)
def test_what_is_no_picture_or_too_large_is_none(data):
    assert picture(data) is None


@pytest.mark.parametrize("attachments", [None, 7, [], "x", {"a": 7}, {"a": {}}, {"a": {"text/html": "<b>"}}, {7: {}}])
def test_of_what_is_no_bundle_of_pictures_nothing_is_kept(attachments):
    assert pictures(attachments) == {}


def test_other_kinds_are_not_looked_at():
    svg = {"image/svg+xml": drawn("PNG"), "text/html": drawn("PNG")}

    assert pictures({"a.svg": svg}) == {}
    assert set(KINDS) == {"image/png", "image/jpeg", "image/gif", "image/webp"}
