"""Read a notebook that nobody has vouched for: bounded, mended where that is harmless, refused where it isn't."""

from __future__ import annotations

import codecs
import errno
import itertools
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import nbformat
from nbformat import NotebookNode

from autograder.notebooks.pictures import pictures
from autograder.notebooks.skimming import MAX_SKIPPED, TooManyBrackets, without_outputs

MAX_FILE = 200 * 1024**2  # bytes, with outputs
MAX_BYTES = 20 * 1024**2  # without
MAX_SOURCE = 500_000  # characters of all cells together: no lesson has a tenth of it
MAX_BRACKETS = 1_000_000  # each list or object takes some 60 bytes of memory, however short its text
MAX_DIGITS = 18  # longer whole numbers have no use in a notebook, and Python refuses to read very long ones

_KINDS_OF_CELLS = ("code", "markdown", "raw")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PICTURE = re.compile(r"data:image/[a-z.+-]{1,20};base64,[A-Za-z0-9+/=]*+")
_MARKS = {  # what nbgrader says of a cell, and what each must be
    "grade_id": str,
    "grade": bool,
    "solution": bool,
    "locked": bool,
    "task": bool,
    "points": (int, float),
    "schema_version": int,
    "cell_type": str,
    "checksum": str,
}


class Unreadable(Exception):
    """Something that cannot be checked: what came, what was expected, and what to do."""

    def __init__(self, came: str, expected: str, remedy: str):
        super().__init__(f"{came}; expected {expected}. {remedy}")
        self.came, self.expected, self.remedy = came, expected, remedy


def read_notebook(data: bytes) -> NotebookNode:
    """The notebook in ``data``, as nbformat 4.5, with what grading looks at and nothing else.

    Kept are the cells, with their kinds, sources and ids, nbgrader's marks (without those of a wrong type), tags,
    Colab's ids, and the pictures attached to text, and the version of Python; outputs, other attachments and other
    metadata are not. Ids that are missing, doubled or invalid are replaced, always by the same ones.

    Raises:
        Unreadable: ``data`` is too large, or no notebook; no other exception leaves this function.
    """
    notebook = _current(_parsed(_small([data])))
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise _no_notebook("it has no list of cells")
    cells = _with_ids([(_cell(i, cell), cell) for i, cell in enumerate(cells)])
    if (length := sum(map(_length, cells))) > MAX_SOURCE:
        raise Unreadable(
            f"a notebook with {length:,} characters in its cells",
            f"at most {MAX_SOURCE:,}, not counting outputs and pictures in texts",
            "Take out what is no part of your work, such as data that was pasted in, and try again.",
        )
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=_language(notebook.get("metadata")), cells=cells)


def _language(metadata: Any) -> NotebookNode:
    """Of a notebook's metadata the version of Python alone."""
    info = metadata.get("language_info") if isinstance(metadata, Mapping) else None
    version = info.get("version") if isinstance(info, Mapping) else None
    known = isinstance(version, str) and re.fullmatch(r"\d{1,3}\.\d{1,3}[.\w+]{0,20}", version, re.ASCII)
    return NotebookNode({"language_info": NotebookNode(version=version)} if known else {})


def new_cell(
    kind: str,
    source: str,
    id: str,
    metadata: Mapping[str, Any] | None = None,
    attachments: Mapping[str, Any] | None = None,
) -> NotebookNode:
    """A cell as nbformat makes it, without the check of its schema, which takes far longer than the rest."""
    cell = NotebookNode(id=id, cell_type=kind, metadata=nbformat.from_dict(metadata or {}), source=source)
    if attachments:
        cell.attachments = nbformat.from_dict(attachments)
    if kind == "code":
        cell.update(execution_count=None, outputs=[])
    return cell


def text_length(source: str) -> int:
    """Characters of a Markdown text, not counting pictures that are written into it."""
    return len(source) - sum(picture.end() - picture.start() for picture in _PICTURE.finditer(source))


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of one's own, as far as a notebook may be long; links are followed.

    Raises:
        Unreadable: it is too large, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _bounded(file)
    except OSError as error:
        raise _cannot_open(error) from error


def read_file(path: Path, root: Path | None = None, notes: list[str] | None = None) -> bytes:
    """The bytes of a submitted file, which may be anything: no link is followed, and no pipe waited for.

    A notebook that is too large comes without its outputs.

    Args:
        notes: to this a sentence is added where that was done.
        root: the last folder on the way to ``path`` that is trusted not to be a link; when None, the one above
            the file's own.

    Raises:
        Unreadable: it, or a folder on the way, is a link; it is no ordinary file; it is too large; or it
            cannot be read.
    """
    root = path.parent.parent if root is None else root
    try:
        opened = _open_below(root, path) if hasattr(os, "O_NOFOLLOW") else _open_looking(root, path)
        with os.fdopen(opened, "rb") as file:
            _check_ordinary(os.fstat(file.fileno()).st_mode)
            return _bounded(file, notes)
    except OSError as error:
        raise _cannot_open(error) from error


def _open_below(root: Path, path: Path) -> int:
    """Open a file from folder to folder, so that none of them can be exchanged for a link meanwhile."""
    *folders, name = path.relative_to(root).parts
    opened: list[int] = []
    try:
        opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY))
        for folder in folders:
            opened.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened[-1]))
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=opened[-1])
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _open_looking(root: Path, path: Path) -> int:
    """Open a file where a system has none of these calls, as Windows: look at each folder first, then at the file."""
    for folder in [folder for folder in path.parents if folder != root and folder.is_relative_to(root)]:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    _check_ordinary(os.lstat(path).st_mode)
    return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))


def _check_ordinary(kind: int) -> None:
    if not stat.S_ISREG(kind):
        raise Unreadable(_KINDS.get(stat.S_IFMT(kind), "a special file"), *_ORDINARY)


def _bounded(file: BinaryIO, notes: list[str] | None = None) -> bytes:
    size = os.fstat(file.fileno()).st_size
    data = file.read(MAX_BYTES + 1)
    if len(data) <= MAX_BYTES:
        return data
    if size > MAX_FILE:
        raise _too_large(size)
    data = _small(itertools.chain([data], iter(lambda: file.read(1024**2), b"")))
    if notes is not None:
        notes.append(f"The notebook has {size / 1024**2:.1f} MB. Its outputs were left out; they are not graded.")
    return data


def _small(chunks: Iterable[bytes]) -> bytes:
    """The notebook without its outputs. Raises Unreadable where it is too large all the same."""
    kept, size = [], 0
    try:
        for piece in without_outputs(chunks):
            size += len(piece)
            if size > MAX_BYTES:
                raise _too_large(size, "Outputs do not count; take out what was pasted into cells, and try again.")
            kept.append(piece)
    except TooManyBrackets:
        raise _no_notebook(f"its outputs have more than {MAX_SKIPPED:,} brackets") from None
    return b"".join(kept)


_ORDINARY = ("an ordinary file in an ordinary folder", "Put the notebook itself there.")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _cannot_open(error: OSError) -> Unreadable:
    came = {
        errno.ELOOP: "a link",
        errno.ENOTDIR: "a file whose folder is a link or no folder",
        errno.ENXIO: "a socket",
        errno.EISDIR: "a folder",
        errno.ENOENT: "no such file",
    }.get(error.errno, f"a file that cannot be opened ({error.strerror})")
    return Unreadable(came, *_ORDINARY)


def _too_large(size: int, remedy: str = "Clear its outputs, save it, and try again.") -> Unreadable:
    return Unreadable(
        f"a file of {size / 1024**2:.1f} MB",
        f"a notebook of at most {MAX_BYTES // 1024**2} MB",
        remedy,
    )


def _no_notebook(why: str) -> Unreadable:
    return Unreadable(
        f"a file that is no notebook ({why})", "a Jupyter notebook (.ipynb, JSON)", "Take a fresh copy of the lesson."
    )


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        text = _decoded(data)
        if text.count("[") + text.count("{") > MAX_BRACKETS:
            raise _no_notebook(f"it has more than {MAX_BRACKETS:,} brackets")
        parsed = json.loads(text.removeprefix("\ufeff"), parse_int=_integer, parse_constant=lambda name: None)
    except RecursionError as error:
        raise _no_notebook("lists inside lists, too deep") from error
    except ValueError as error:  # of JSON, or of the encoding
        raise _no_notebook(f"{type(error).__name__}: {str(error)[:80]}") from error
    if not isinstance(parsed, dict):
        raise _no_notebook("its JSON is no object")
    return parsed


def _decoded(data: bytes) -> str:
    """The text of a notebook, which is UTF-8 as the format says, or what an editor on Windows has made of it.

    Of UTF-8, bytes that are none are read as cp1252, and they alone.
    """
    encoding = json.detect_encoding(data)
    return data.decode(encoding, _IN_CP1252 if encoding.startswith("utf-8") else "strict")


def _in_cp1252(error: UnicodeDecodeError) -> tuple[str, int]:
    end = _TO_NEXT_UTF_8.match(error.object, error.end).end()  # at once: a call for each byte is slow
    return error.object[error.start : end].decode("cp1252"), end  # a byte that stands for nothing there is an error


_TO_NEXT_UTF_8 = re.compile(
    rb"(?:[\x00-\x7f]|(?![\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})[\x80-\xff])*+"
)
_IN_CP1252 = "pytorch-course.cp1252"
codecs.register_error(_IN_CP1252, _in_cp1252)


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _current(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook in the form of nbformat 4."""
    version = notebook.get("nbformat")
    if type(version) is not int or version < 1:
        raise _no_notebook("it does not say which nbformat it has")
    if version > 4:
        raise Unreadable(
            f"a notebook in nbformat {version}",
            "nbformat 4 or older",
            "Save it with the JupyterLab that the course installs.",
        )
    if version == 4:
        return notebook
    try:
        upgraded = nbformat.convert(nbformat.from_dict(notebook), 4)
        for cell in upgraded.cells:
            cell.pop("id", None)  # nbformat draws a new one each time
        return upgraded
    except Exception as error:  # nbformat raises a dozen kinds on malformed notebooks
        raise _no_notebook(f"malformed nbformat {version}") from error


def _cell(i: int, cell: Any) -> NotebookNode:
    if not isinstance(cell, Mapping):
        raise _no_notebook(f"cell {i + 1} is no object")
    kind, source, metadata = cell.get("cell_type"), cell.get("source", ""), cell.get("metadata")
    if not isinstance(kind, str) or kind not in _KINDS_OF_CELLS:
        raise _no_notebook(f"cell {i + 1} is neither code nor text")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise _no_notebook(f"cell {i + 1} has a source that is no text")
    metadata = _metadata(metadata) if isinstance(metadata, Mapping) else {}
    attached = pictures(cell.get("attachments")) if kind == "markdown" else {}
    attached = {_text(name): picture for name, picture in attached.items()}
    return new_cell(kind, _text("".join(lines)), "", metadata, attached)


def _text(text: str) -> str:
    """The text with one kind of line end, and without halves of surrogate pairs, which no file can hold."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    tags, marks, colab = metadata.get("tags"), metadata.get("nbgrader"), metadata.get("id")
    if isinstance(tags, list):
        kept["tags"] = [_text(tag) for tag in dict.fromkeys(filter(_is_tag, tags))]
    if isinstance(marks, Mapping) and isinstance(marks.get("grade_id"), str):
        kept["nbgrader"] = {key: _clean(marks[key]) for key, kind in _MARKS.items() if _is(marks.get(key), kind)}
    if isinstance(colab, str) and _ID.fullmatch(colab):
        kept["id"] = colab
    return kept


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and re.fullmatch("[^,]+", tag) is not None


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _clean(value: Any) -> Any:
    return _text(value) if isinstance(value, str) else value


def _with_ids(cells: list[tuple[NotebookNode, Mapping[str, Any]]]) -> list[NotebookNode]:
    """The new cells with the ids of those that they were made of, as far as these are valid and not taken."""
    valid = {raw["id"] for _, raw in cells if _is_id(raw.get("id"))}
    taken: set[str] = set()
    for i, (cell, raw) in enumerate(cells):
        own = raw.get("id")
        fresh = (f"mended-{i}" + "-" * n for n in itertools.count())
        cell.id = own if _is_id(own) and own not in taken else next(name for name in fresh if name not in valid)
        taken.add(cell.id)
    return [cell for cell, _ in cells]


def _length(cell: NotebookNode) -> int:
    """Characters of the cell's source, in a text without its pictures."""
    return text_length(cell.source) if cell.cell_type == "markdown" else len(cell.source)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
