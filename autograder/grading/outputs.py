"""Outputs of a graded notebook: what a check says, and what is kept of what a learner's code displayed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.grading.outcome import ExerciseGrade
from autograder.notebooks.pictures import picture

TEXT_LIMIT = 10_000  # characters an output
OUTPUTS_LIMIT = 50  # outputs a cell
IMAGE_LIMIT = 1_500_000  # characters of base64

# Sequences that move a terminal's cursor, colour its text or set its title, and what is left of broken ones.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def check_output(grade: ExerciseGrade) -> list[NotebookNode]:
    """What the check cell of an exercise shows; nbgrader's own `determine_grade` gives it the same points."""
    message = plain_text(grade.message)
    if grade.points:
        told = new_output("stream", name="stdout", text=message + "\n")
        # nbgrader takes a number that is a cell's result for partial credit
        result = new_output("execute_result", data={"text/plain": f"{grade.points:g}"})
        return [told] if grade.points == grade.max_points else [told, result]
    lines = f"CheckFailed: {message}".splitlines()
    return [new_output("error", ename="CheckFailed", evalue=message, traceback=lines)]


def clean(outputs: Iterable[Mapping[str, Any]], points: bool = False) -> list[NotebookNode]:
    """What is kept of a cell's outputs: text and PNG images, bounded in number and size; a note says what was cut.

    Cleaning again changes nothing.

    Args:
        points: they are a check's: a number that is its result stays one, as `check_output` made it.
    """
    outputs = list(outputs)
    kept = [node for node in (_clean_output(output, points) for output in outputs[:OUTPUTS_LIMIT]) if node is not None]
    if len(outputs) > OUTPUTS_LIMIT:
        cut = len(outputs) - OUTPUTS_LIMIT + 1
        kept[OUTPUTS_LIMIT - 1 :] = [new_output("stream", name="stdout", text=f"[{cut} more outputs were cut]\n")]
    return kept


def plain_text(text: Any, limit: int = TEXT_LIMIT) -> str:
    """A text as nbformat holds it (a string, or a list of them) without escape sequences, at most ``limit`` long."""
    text = "".join(map(str, text)) if isinstance(text, list) else str(text)
    # first the cut, so that the work is bounded as well; the escapes of a long text may take some of its room
    length = len(text)
    short = _CONTROLS.sub("", _ESCAPES.sub("", text[:limit]))
    if length <= limit:
        return short
    note = f"\n[cut: {length:,} characters, of which at most {limit:,} are shown]"
    return short[: limit - len(note)] + note


def _clean_output(output: Mapping[str, Any], points: bool) -> NotebookNode | None:
    match output.get("output_type"):
        case "execute_result" if points and (number := _number(output.get("data"))):
            return new_output("execute_result", data={"text/plain": number})
        case "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return new_output("stream", name=name, text=plain_text(output.get("text", "")))
        case "error":
            traceback = output.get("traceback")
            text = plain_text("\n".join(map(str, traceback)) if isinstance(traceback, list) else "")
            ename, evalue = (plain_text(output.get(key, "")) for key in ("ename", "evalue"))
            return new_output("error", ename=ename, evalue=evalue, traceback=text.split("\n"))
        case "display_data" | "execute_result":
            # as display_data: nbgrader takes a number that is a cell's *result* for partial credit
            data = output.get("data")
            return _clean_data(data) if isinstance(data, Mapping) else None
    return None


def _number(data: Any) -> str | None:
    """The text of a result that is a plain number; None for any other."""
    text = data.get("text/plain") if isinstance(data, Mapping) else None
    text = "".join(map(str, text)) if isinstance(text, list) else text
    return text if isinstance(text, str) and re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text, re.ASCII) else None


def _clean_data(data: Mapping[str, Any]) -> NotebookNode | None:
    kept = {}
    if "text/plain" in data:
        kept["text/plain"] = plain_text(data["text/plain"])
    if "image/png" in data and (found := picture(data["image/png"], IMAGE_LIMIT)) and found[0] == "image/png":
        kept["image/png"] = found[1]
    return new_output("display_data", data=kept) if kept else None
