"""Pictures in a notebook that nobody has vouched for: kept is what is one, by its bytes, and of a fit size."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")  # such as only show something; an SVG can act
TEXT_LIMIT = 7_000_000  # characters of base64: a photograph of 5 MB
SIDE_LIMIT = 10_000  # pixels: a tiny file can unpack to gigabytes in the browser that shows it
MOST = 50  # of one cell


def picture(data: Any, limit: int = TEXT_LIMIT) -> tuple[str, str] | None:
    """The kind of a picture, told by its bytes, and its base64 in one line; None where ``data`` is none of `KINDS`.

    Args:
        data: base64 as nbformat holds it, a string or a list of them.
        limit: characters that it may have.
    """
    text = "".join(map(str, data)) if isinstance(data, list) else str(data)
    if len(text) > limit:
        return None
    text = re.sub(r"[\r\n]", "", text)
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    for kind, start, sides in _FORMATS:
        if start.match(content):
            return (kind, text) if all(0 < side <= SIDE_LIMIT for side in sides(content)) else None
    return None


def pictures(attachments: Any) -> dict[str, dict[str, str]]:
    """Of a cell's attachments those that are pictures, by name, each as its kind and its base64."""
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in attachments.items() if isinstance(attachments, Mapping) else ():
        found = (picture(bundle[kind]) for kind in KINDS if kind in bundle) if isinstance(bundle, Mapping) else ()
        best = next((one for one in found if one), None)
        if best and isinstance(name, str) and len(kept) < MOST:
            kept[name] = dict([best])
    return kept


def _png(content: bytes) -> tuple[int, ...]:
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _gif(content: bytes) -> tuple[int, ...]:
    return int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little")


def _jpeg(content: bytes) -> tuple[int, ...]:
    for marker, at in _segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame's header, of whatever coding
            return int.from_bytes(content[at + 3 : at + 5]), int.from_bytes(content[at + 5 : at + 7])
    return (0,)


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        if content[at + 1] == 0xFF:  # a byte that fills up
            at += 1
            continue
        yield content[at + 1], at + 2
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))


def _webp(content: bytes) -> tuple[int, ...]:
    def number(at: int, length: int) -> int:
        return int.from_bytes(content[at : at + length], "little")

    match content[12:16]:
        case b"VP8 ":
            return number(26, 2) & 0x3FFF, number(28, 2) & 0x3FFF
        case b"VP8L":
            return (number(21, 4) & 0x3FFF) + 1, (number(21, 4) >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return number(24, 3) + 1, number(27, 3) + 1
    return (0,)


# kind, how such a file begins (as far as its size), and where it says how wide and how high it is
_FORMATS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n.{16}", re.DOTALL), _png),
    ("image/gif", re.compile(rb"GIF8[79]a.{4}", re.DOTALL), _gif),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff"), _jpeg),
    ("image/webp", re.compile(rb"RIFF.{4}WEBP.{18}", re.DOTALL), _webp),
)
