"""A table in a CSV, as spreadsheets and learning platforms write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from autograder.notebooks.course import CourseError

_MOST = 20 * 1024**2  # bytes


def read_table(path: Path) -> list[list[str]]:
    """The cells of a CSV, whatever separates them, in UTF-8, UTF-16 or, as Excel writes it, in cp1252.

    Raises:
        CourseError: it cannot be read, or is no table with titles and something below them.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}).") from error
    if len(data) > _MOST:
        raise CourseError(f"{path.name} is larger than {_MOST // 1024**2} MB; expected a class list as CSV.")
    text = _text(data, path)
    start = text.partition("\n")[0]
    separator = max(",;\t", key=start.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise CourseError(f"{path.name} is no CSV ({error}); export the class list as CSV.") from error
    if len(rows) < 2 or len(rows[0]) < 2:
        raise CourseError(f"{path.name} is no table with titles and people; export the class list as CSV.")
    return rows


def _text(data: bytes, path: Path) -> str:
    decoders: tuple[Callable[[], str], ...] = (
        lambda: data.decode("utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data.decode("utf-8-sig"),
        lambda: data.decode("cp1252"),
    )
    for decode in decoders:
        try:
            text = decode()
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise CourseError(f"{path.name} is no text; export the class list as CSV, not as a workbook.")
