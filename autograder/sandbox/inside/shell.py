"""Run a notebook's cells in this very process: IPython's shell without a kernel, which starts at once."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from . import standins

MAX_OUTPUT = 100_000  # characters of text kept of one cell, and of one picture ten times as many
SHOWN = ("text/plain", "image/png")  # what of a display is kept: no HTML, no scripts


class _Stream:
    """A text stream that adds what is written to a cell's outputs, until there is enough."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, name: str, outputs: Outputs):
        self.name, self._outputs = name, outputs

    def write(self, text: str) -> int:
        self._outputs.add_text(self.name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """There is nothing to wait for."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        raise OSError("a notebook's output is no file")


class Outputs:
    """One cell's outputs, as nbformat has them, bounded while they are made."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin with the next cell."""
        self.nodes: list[dict[str, Any]] = []
        self.left, self.cut = MAX_OUTPUT, 0

    def add_text(self, name: str, text: str) -> None:
        """Add what was written to the stream ``name``."""
        text = str(text)
        kept, self.cut = text[: self.left], self.cut + max(0, len(text) - self.left)
        self.left -= len(kept)
        if kept and self.nodes and self.nodes[-1].get("name") == name:
            self.nodes[-1]["text"].append(kept)
        elif kept:
            self.nodes.append({"output_type": "stream", "name": name, "text": [kept]})

    def add_data(self, kind: str, data: dict[str, Any]) -> None:
        """Add what was displayed (``"display_data"``) or a cell's value (``"execute_result"``)."""
        kept = {mime: data[mime] for mime in SHOWN if isinstance(data.get(mime), str)}
        size = len(kept.get("text/plain", "")) + len(kept.get("image/png", "")) // 10
        if size > self.left:
            self.cut += size
        elif kept:
            self.left -= size
            self.nodes.append({"output_type": kind, "data": kept})

    def add_error(self, name: str, value: str, lines: list[str]) -> None:
        """Add what a cell raised, as a notebook shows it."""
        text = "\n".join(map(str, lines))[: max(self.left, 2_000)]
        self.left -= len(text)
        self.nodes.append(
            {"output_type": "error", "ename": name[:200], "evalue": value[:2_000], "traceback": text.split("\n")}
        )

    def take(self) -> list[dict[str, Any]]:
        """The outputs, with a note where they were cut."""
        nodes = [{**n, "text": "".join(n["text"])} if "text" in n else n for n in self.nodes]
        if self.cut:
            note = f"\n[Output cut here: {self.cut:,} more characters. {MAX_OUTPUT:,} are kept.]\n"
            nodes.append({"output_type": "stream", "name": "stdout", "text": note})
        return nodes


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, **options: Any) -> None:
        if self.shell.cell_outputs is None:
            super().publish(data, metadata, **options)
        elif isinstance(data, dict):
            self.shell.cell_outputs.add_data("display_data", data)


class _DisplayHook(DisplayHook):
    def write_output_prompt(self) -> None:
        if self.shell.cell_outputs is None:
            super().write_output_prompt()

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        if self.shell.cell_outputs is None:
            super().write_format_data(format_dict, md_dict)
        else:
            self.shell.cell_outputs.add_data("execute_result", format_dict)


class _Shell(InteractiveShell):
    displayhook_class = Type(_DisplayHook)
    display_pub_class = Type(_Publisher)
    cell_outputs: Outputs | None = None

    def enable_gui(self, gui: str | None = None) -> None:
        """Nothing is shown here, so that every GUI that ``%matplotlib`` may ask for is as good as there."""

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        if self.cell_outputs is None:
            super()._showtraceback(etype, evalue, stb)
        else:
            self.cell_outputs.add_error(etype.__name__, str(evalue), stb)


class Cells:
    """A shell for one notebook's code cells. There is one shell a process.

    Magics, `!` commands and a top-level ``await`` work, and ``get_ipython()`` is this shell.

    Attributes:
        namespace: where the cells' names live.
        missing: the modules that the last cell imports and that are not there, whether it came so far or not.
    """

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        # nothing of a learner's code is kept outside of the notebook
        config = Config({"HistoryManager": {"enabled": False}})
        self._shell = _Shell.instance(user_ns=self.namespace, config=config)
        self._shell.InteractiveTB.set_mode("Plain")  # quicker by far, and shows no values
        self._imports = standins.put_in_place(self._shell.ast_transformers)
        self.missing: list[str] = []

    def run(self, source: str) -> BaseException | None:
        """Run one cell, as a notebook does; what it prints goes to ``sys.stdout`` and ``sys.stderr``.

        Returns:
            What it raised, a SyntaxError and a SystemExit included, or None.
        """
        result = self._shell.run_cell(source, store_history=True)
        self.missing = self._imports.still_missing()
        return result.error_before_exec or result.error_in_exec

    def warm_up(self) -> None:
        """Run what loads the parts of IPython that are loaded on first use."""
        self.capture()
        for source in ("1 + 1", "print(1)", "%pwd", "import typing\n1 / 0", "1 +"):
            self.run(source)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        self._shell.reset()

    def capture(self) -> Outputs:
        """From now on keep what cells print and display; the caller clears it between cells."""
        self._shell.cell_outputs = outputs = Outputs()
        sys.stdout, sys.stderr = _Stream("stdout", outputs), _Stream("stderr", outputs)
        return outputs


def described(error: BaseException) -> str:
    """What a cell raised, in a line."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__} in its line {error.lineno}: {error.msg}"
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # a learner's own exception class may fail to say what it is
        return type(error).__name__
