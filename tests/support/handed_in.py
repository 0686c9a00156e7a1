"""Archives as learning platforms make them, small courses to collect them into, and what was collected."""

import io
import json
import tarfile
import zipfile

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

LESSON, OTHER = "07_layers", "01_tensors"
LESSONS = (OTHER, LESSON)
OLD, NEW = (2026, 1, 2, 3, 4, 6), (2026, 5, 6, 7, 8, 10)


def notebook(text="", exercise="softmax"):
    """A notebook with one answer, the bytes of it."""
    marks = {"grade_id": exercise, "grade": False, "solution": True, "locked": False, "schema_version": 3}
    cell = new_code_cell(f"def {exercise}(): {text!r}", id=exercise, metadata={"nbgrader": marks})
    return nbformat.writes(new_notebook(cells=[cell])).encode()


EMPTY = notebook("stub")  # as it was released


def make_course(root):
    """A course with two lessons, each with one exercise."""
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


def as_folder(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
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


def handed_in_at(root, student, lesson=LESSON):
    return (root / "autograder" / "submitted" / student / lesson / "timestamp.txt").read_text()


def people(root):
    """What autograder/people.json says."""
    return json.loads((root / "autograder" / "people.json").read_text(encoding="utf-8"))
