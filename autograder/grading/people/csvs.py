"""A table in a CSV, as spreadsheets and learning platforms write them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.notebooks.course import CourseError

_MOST = 20 * 1024**2  # bytes
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LINE_END = re.compile(r"\r\n|\r|\n|")
_SAYS_ITS_SEPARATOR = re.compile(r'\s*"?sep=([^\w\s"]|\t)"?\s*', re.IGNORECASE)  # a line for Excel, before the titles


@dataclass
class Sheet:
    """A table as it stands in a file, so that what is not changed is written back byte for byte.

    Attributes:
        mark: the byte order mark in front, where there is one.
        raw: by row, the cells as they are written, quotes included.
        ends: by row, what ends the line.
        top: the row with the titles; in those above it there is nothing, or what separates the cells.
    """

    encoding: str
    mark: bytes
    separator: str
    raw: list[list[str]]
    ends: list[str]
    top: int

    def row(self, index: int) -> list[str]:
        """What the cells of a row say."""
        return [_said(cell) for cell in self.raw[index]]

    def set(self, row: int, column: int, text: str) -> None:
        """Change a cell; it is quoted if it was, or has to be. A row that is too short gets empty cells."""
        cells = self.raw[row]
        cells += [""] * (column + 1 - len(cells))
        if cells[column].startswith('"') or re.search(rf'["\r\n{re.escape(self.separator)}]', text):
            text = '"' + text.replace('"', '""') + '"'
        cells[column] = text

    def to_bytes(self) -> bytes:
        """The file."""
        lines = (self.separator.join(cells) + end for cells, end in zip(self.raw, self.ends, strict=True))
        return self.mark + "".join(lines).encode(self.encoding)


def read_sheet(path: Path) -> Sheet:
    """A CSV, whatever separates its cells, in UTF-8, UTF-16 or, as Excel writes it, in cp1252.

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
    mark, encoding, text = _decoded(data, path)
    first = next((line for line in re.split(r"[\r\n]", text) if line.strip(' \t,;"')), "")
    said = _SAYS_ITS_SEPARATOR.fullmatch(first)
    titles = re.sub(r'"[^"]*"', "", first)  # what separates is not in quotes
    separator = said[1] if said else max(",;\t", key=titles.count)
    raw, ends = _split(text, separator)
    filled = [i for i, cells in enumerate(raw) if any(_said(cell).strip() for cell in cells)][said is not None :]
    if len(filled) < 2 or len(raw[filled[0]]) < 2:
        raise CourseError(f"{path.name} is no table with titles and people; export the class list as CSV.")
    return Sheet(encoding, mark, separator, raw, ends, filled[0])


def read_table(path: Path) -> list[list[str]]:
    """What the cells of a CSV say, from its titles on, without empty rows.

    Raises:
        CourseError: as of `read_sheet`.
    """
    sheet = read_sheet(path)
    return [row for index in range(sheet.top, len(sheet.raw)) if any(row := sheet.row(index))]


def _decoded(data: bytes, path: Path) -> tuple[bytes, str, str]:
    """The byte order mark, the encoding, and the text."""
    for mark, encoding in (*_MARKS, (b"", "utf-8"), (b"", "cp1252")):
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in text:
                return mark, encoding, text
    raise CourseError(f"{path.name} is no text; export the class list as CSV, not as a workbook.")


def _split(text: str, separator: str) -> tuple[list[list[str]], list[str]]:
    """The cells as they are written, by row, and what ends each row."""
    ending = re.escape(separator) + r"\r\n"
    cell = re.compile(rf'"[^"]*(?:""[^"]*)*"(?=[{ending}]|\Z)|[^{ending}]*')
    rows: list[list[str]] = [[]]
    ends: list[str] = []
    at = 0
    while at <= len(text):
        found = cell.match(text, at)
        rows[-1].append(found[0])
        at = found.end()
        if text.startswith(separator, at):
            at += 1
            continue
        ends.append(_LINE_END.match(text, at)[0])
        at += len(ends[-1])
        if at == len(text):
            break
        rows.append([])
    return rows, ends


def _said(cell: str) -> str:
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell
