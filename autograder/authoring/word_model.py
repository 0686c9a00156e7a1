"""Train the model that invents words by lesson 10's own solution, and write it to where the course ships it.

`python -m autograder.authoring.word_model` takes half a minute.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

from safetensors.torch import save

from autograder.authoring.cells import read_cells
from course_utils.data.word_model import FILE

SOURCE = Path(__file__).resolve().parents[2] / "source/10_transformer_ffn.py"


def from_lesson(names: Collection[str]) -> dict[str, Any]:
    """What lesson 10, solved, binds to ``names`` and to all others before: its cells are run until they are there."""
    bound: dict[str, Any] = {"__name__": SOURCE.stem}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in read_cells(SOURCE):
            if bound.keys() >= set(names):
                break
            if cell.kind == "code":
                exec(compile(cell.text, f"{SOURCE.name}:{cell.line}", "exec"), bound)
    return bound


def main() -> None:
    """Train, round to float16, and write the file anew."""
    lesson = from_lesson(("train", "TransformerBlock"))
    model = lesson["train"](lesson["TransformerBlock"]).model
    FILE.write_bytes(save({name: weight.half().cpu() for name, weight in model.state_dict().items()}))
    print(f"{FILE.relative_to(SOURCE.parents[1])}: {FILE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
