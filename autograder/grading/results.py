"""Results, kept by what was submitted and what judged it: so a run goes on where it was stopped, and again is instant.

Everything is in autograder/results/LESSON/: one file a student, and ``seed``, the secret from which the hidden cases
of that lesson are drawn. All of a class is judged with one seed; with it every grade can be reproduced.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import platform
import secrets
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from autograder.grading.outcome import Graded
from autograder.grading.paper import Paper
from autograder.notebooks.files import PRIVATE, lies_in_the_path, write_whole
from autograder.sandbox.bubblewrap import AUTOGRADER, course_utils

RESULTS = Path("autograder", "results")


class Before(NamedTuple):
    """What an earlier grading gave for an exercise."""

    points: float
    status: str


class NotKept(Exception):
    """A result could not be kept, for a reason that lies in its own file: others can."""


class Results:
    """The results of the course in ``root``.

    Raises (all methods):
        NotKept: something else is in the place of this file.
        OSError: the disk is full, or cannot be written to; the text says where, and what to do.
    """

    def __init__(self, root: Path):
        self._folder = root / RESULTS

    def seed(self, lesson: str, fresh: bool = False) -> int:
        """The lesson's secret seed, drawn when it is first asked for.

        Args:
            fresh: draw a new one, so that everything is graded anew, on other inputs.
        """
        path = self._folder / lesson / "seed"
        if not fresh and path.exists():
            with contextlib.suppress(ValueError):  # an empty file, after a loss of power
                return int(path.read_text())
        seed = secrets.randbits(48)
        _write(path, f"{seed}\n")
        return seed

    def load(self, paper: Paper) -> Graded | None:
        """The result of this very submission, judged by this very judge, where there is one."""
        try:
            kept = json.loads(self._path(paper).read_text(encoding="utf-8"))
            return Graded.from_json(kept["graded"]) if kept["key"] == _key(paper) else None
        except FileNotFoundError:
            return None
        except OSError as error:
            if lies_in_the_path(error):
                return None  # `save` says so
            raise
        except (ValueError, LookupError, TypeError, AttributeError):  # cut off when the disk was full, or edited
            return None

    def of_lesson(self, lesson: str) -> dict[str, tuple[Graded, dict[str, Before]]]:
        """Everybody's result, and what the exercises earned when they were last graded otherwise: student -> both."""
        paths = sorted((self._folder / lesson).glob("*.json"))
        return {path.stem: found for path in paths if (found := _read(path))}

    def save(self, paper: Paper, graded: Graded) -> None:
        """Keep a result, in the place of the student's earlier one; of that, what exercises earned, if it was other."""
        kept = {"key": _key(paper), "seed": paper.seed, "graded": graded.to_json()}
        if earlier := _read(self._path(paper)):
            then, now = _earned(earlier[0]), _earned(graded)
            if before := then if then != now else earlier[1]:
                kept["before"] = before
        _write(self._path(paper), json.dumps(kept, ensure_ascii=False))

    def _path(self, paper: Paper) -> Path:
        return self._folder / paper.lesson / f"{paper.student}.json"


def _key(paper: Paper) -> str:
    parts = [
        judge_version().encode(),
        str(paper.seed).encode(),
        str(paper.seconds).encode(),
        paper.student.encode("utf-8", "surrogateescape"),
        paper.lesson.encode(),
    ]
    parts += [paper.release, b"no data" if paper.data is None else paper.data]
    parts += ["\n".join(said).encode() for said in (paper.warnings, paper.withdrawn)]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@functools.lru_cache(maxsize=1)
def judge_version() -> str:
    """A hash of everything that a verdict depends on beside the submission: the course's code, and its tools."""
    digest = hashlib.sha256(f"{version('torch')} {platform.python_version()}".encode())
    for folder in (AUTOGRADER, course_utils()):
        for path in sorted(path for kind in ("*.py", "*.npz") for path in folder.rglob(kind)):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _earned(graded: Graded) -> dict[str, Before]:
    return {name: Before(each.points, each.status) for name, each in graded.exercises.items()}


def _read(path: Path) -> tuple[Graded, dict[str, Before]] | None:
    """A result, whoever judged it, and the one before; None where there is none that can be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        before = {name: Before(*each) for name, each in kept.get("before", {}).items()}
        return Graded.from_json(kept["graded"]), before
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # as of `load`
        return None


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner's eyes only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, text, PRIVATE, aside=path.parent)
    except OSError as error:
        if lies_in_the_path(error):
            raise NotKept(f"The result could not be kept as {path.name} in {path.parent}: {error.strerror}.") from error
        raise OSError(
            f"The results could not be kept in {path.parent}: {error.strerror or error}. Make room there, or see who "
            "may write there, and run this again: what is graded already stays so."
        ) from error
