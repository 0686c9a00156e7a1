"""A made-up class for lesson 7, for the demo, the measurements and tests: what people hand in, as bytes."""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
LESSON = "07_layers"

# Known mistakes: each entry is (exercise, what its author wrote).
WRONG = {
    "linear-not-transposed": ("linear", "def linear(x, weight, bias):\n    return x @ weight + bias"),
    "linear-no-bias": ("linear", "def linear(x, weight, bias):\n    return x @ weight.T"),
    "gelu-approximate": (
        "gelu",
        "def gelu(x):\n    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))",
    ),
    "gelu-relu": ("gelu", "def gelu(x):\n    return torch.relu(x)"),
    "softmax-one-sum": ("softmax", "def softmax(x, dim):\n    e = (x - x.max()).exp()\n    return e / e.sum()"),
    "softmax-overflow": (
        "softmax",
        "def softmax(x, dim):\n    e = x.exp()\n    return e / e.sum(dim, keepdim=True)",
    ),
    "softmax-last-dim": (
        "softmax",
        "def softmax(x, dim):\n    e = (x - x.amax(-1, keepdim=True)).exp()\n    return e / e.sum(-1, keepdim=True)",
    ),
    "softmax-library": ("softmax", "def softmax(x, dim):\n    return torch.softmax(x, dim)"),
    "cross-entropy-sign": (
        "cross_entropy",
        "def cross_entropy(logits, labels):\n"
        "    return torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels].mean()",
    ),
    "cross-entropy-sum": (
        "cross_entropy",
        "def cross_entropy(logits, labels):\n"
        "    return -torch.log_softmax(logits, 1)[torch.arange(len(labels)), labels].sum()",
    ),
    "embedding-columns": ("embedding", "def embedding(weight, ids):\n    return weight[:, ids]"),
    "embedding-detached": ("embedding", "def embedding(weight, ids):\n    return weight.detach()[ids]"),
    "layer-norm-sample-variance": (
        "layer_norm",
        "def layer_norm(x, weight, bias, eps=1e-5):\n"
        "    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True)\n"
        "    return (x - mean) / (variance + eps).sqrt() * weight + bias",
    ),
    "layer-norm-no-eps": (
        "layer_norm",
        "def layer_norm(x, weight, bias, eps=1e-5):\n"
        "    mean, std = x.mean(-1, keepdim=True), x.std(-1, keepdim=True, correction=0)\n"
        "    return (x - mean) / std * weight + bias",
    ),
    "dropout-not-scaled": (
        "dropout",
        "def dropout(x, p, training, generator):\n"
        "    if not training:\n        return x\n"
        "    return x * (torch.rand(x.shape, generator=generator) >= p).to(x.device)",
    ),
    "dropout-always": (
        "dropout",
        "def dropout(x, p, training, generator):\n"
        "    return x * (torch.rand(x.shape, generator=generator) >= p).to(x.device) / (1 - p)",
    ),
}

# Cells that nobody should run without a sandbox, each put before the first exercise of a solved notebook.
HOSTILE = {
    "exits": "import os\nos._exit(0)",
    "reads-files": """\
import glob
for path in ("/etc/passwd", "/etc/shadow", *glob.glob("/home/*"), *glob.glob("/root/**/gradebook.db", recursive=True)):
    try:
        print(path, open(path).read())
    except OSError as error:
        print(error)""",
    "forks": """\
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(600)
except OSError as error:
    print("no more processes:", error)""",
    "prints-much": "print('x' * 30_000_000)",
    "script": """\
from IPython.display import HTML, display
print("<script>alert('hello')</script>")
display(HTML("<script>alert('hello')</script><img src=x onerror=alert(1)>"))""",
    "network": """\
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    print("no network:", error)""",
}

_ALWAYS_EQUAL = """\
class Right(torch.Tensor):
    def __eq__(self, other):
        return True


def softmax(x, dim):
    return x.as_subclass(Right)"""
_ENDLESS = "def softmax(x, dim):\n    while True:\n        pass"


@functools.cache
def solutions(lesson: str = LESSON) -> Mapping[str, str]:
    """Exercise or question -> what the solution has there."""
    cells = nbformat.read(ROOT / "solutions" / lesson / f"{lesson}.ipynb", as_version=4).cells
    return {cell.id: re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", cell.source) for cell in cells if _is_answer(cell)}


def notebook(answers: Mapping[str, str], lesson: str = LESSON, cell: str | None = None) -> nbformat.NotebookNode:
    """The lesson as learners get it, with ``answers`` in the places of its stubs.

    Args:
        answers: exercise or question -> source.
        cell: a cell of the learner's own, put after the first one with code.
    """
    release = nbformat.read(ROOT / "lessons" / lesson / f"{lesson}.ipynb", as_version=4)
    for answer in filter(_is_answer, release.cells):
        answer.source = answers.get(answer.id, answer.source)
    if cell is not None:
        first = next(i for i, each in enumerate(release.cells) if each.cell_type == "code")
        release.cells.insert(first + 1, nbformat.v4.new_code_cell(cell))
    return release


def _is_answer(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def made_up_class() -> dict[str, bytes]:
    """student -> notebook: 40 of them, named after what they hand in."""
    solved = solutions()
    half = dict(list(solved.items())[: len(solved) // 2])
    handed_in = {f"right-{n}": notebook(solved, cell=f"my_number = {n}") for n in range(1, 7)}
    handed_in |= {f"wrong-{name}": notebook({**solved, exercise: said}) for name, (exercise, said) in WRONG.items()}
    handed_in |= {f"half-done-{n}": notebook(half, cell=f"my_number = {n}") for n in (1, 2)}
    handed_in |= {f"untouched-{n}": notebook({}) for n in (1, 2)}
    handed_in |= {f"hostile-{name}": notebook(solved, cell=cell) for name, cell in HOSTILE.items()}
    handed_in["hostile-loops"] = notebook({**solved, "softmax": _ENDLESS})
    handed_in["hostile-always-equal"] = notebook({**solved, "softmax": _ALWAYS_EQUAL})
    handed_in |= {f"damaged-{name}": each for name, each in _damaged(solved).items()}
    texts = {student: nbformat.writes(each).encode() for student, each in handed_in.items()}
    texts["damaged-cut-off"] = texts["right-1"][:5000]
    texts["damaged-empty"] = b""
    texts["damaged-deep"] = b'{"cells": ' + b"[" * 100_000
    return texts


def _damaged(solved: Mapping[str, str]) -> dict[str, nbformat.NotebookNode]:
    """Wrong answers, with checks that would not notice."""
    deleted, doubled = (notebook({**solved, "softmax": WRONG["softmax-one-sum"][1]}) for _ in range(2))
    deleted.cells = [cell for cell in deleted.cells if cell.id != "check_softmax"]
    check = next(cell for cell in doubled.cells if cell.id == "check_softmax")
    doubled.cells += [nbformat.from_dict({**check, "id": "again", "source": "pass"})]
    return {"check-deleted": deleted, "check-doubled": doubled}


def new_course(folder: Path, lesson: str = LESSON) -> Path:
    """A course of its own in a new folder, with one lesson and nothing handed in."""
    for kind in ("lessons", "solutions"):
        (folder / kind / lesson).mkdir(parents=True)
        shutil.copy(ROOT / kind / lesson / f"{lesson}.ipynb", folder / kind / lesson)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    (folder / "course_utils").symlink_to(ROOT / "course_utils")  # with these two, it is a course's folder
    (folder / "autograder" / "submitted").mkdir(parents=True)
    return folder


def hand_in(course: Path, handed_in: Mapping[str, bytes], lesson: str = LESSON) -> None:
    """Put each notebook where `course grade` looks for it."""
    for student, data in handed_in.items():
        path = course / "autograder" / "submitted" / student / lesson / f"{lesson}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
