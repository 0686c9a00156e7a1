"""``predict(...)``: say what the next cell will show, run it, and see what you said beside what came."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from course_utils import record
from course_utils.card import card
from course_utils.checking import graded

ASKED: dict[str, Prediction] = {}  # the predictions of this kernel, by their questions


class Told(NamedTuple):
    """A prediction beside what came, in the form of a verdict."""

    passed: bool
    status: str
    message: str


def predict(question: str, *choices: Any, answer: Any) -> None:
    """Ask what the next cell will show, and let the reader commit to one of the choices before it runs.

    Buttons stand below the cell. Once one is pressed and the next cell has run, what was said stands beside what
    came. It counts in `progress()` when it was said first, once; a restarted kernel remembers. Where no button can
    be shown, one line of text asks. In a graded run nothing happens.

    Args:
        question: such as ``"the weight's shape"``; in one lesson each question is asked once.
        choices: two or more, each a text or a value that is written as one, a shape as ``(2, 3)``; or dicts of
            choice -> a sentence that is told afterwards: why a wrong one is tempting, why the right one is right.
        answer: what comes, one of the choices. Better a function without arguments that computes it from what
            the next cell defines: as long as it raises an error, nothing has come yet.

    Raises:
        ValueError: there is no question, there are fewer than two choices, one is given twice, or the answer is
            none of them.
    """
    asked = Prediction(question, _reasons(choices), answer)
    if graded():
        return
    explorer = importlib.import_module("course_utils.widgets.explorer")  # it imports torch and matplotlib
    if explorer.has_front_end():
        asked.ask()
    else:
        print(asked.line)


class Prediction:
    """A question to a reader, what they said, and what came.

    Attributes:
        question: what is asked.
        choices: choice -> its sentence, empty where there is none.
        answer: what comes, or a function that computes it.
        said: the choice that the reader has committed to; None before.
        came: what the next cell has shown; None before.
    """

    def __init__(self, question: str, choices: Mapping[str, str], answer: Any) -> None:
        self.question, self.choices, self.answer = question, choices, answer
        self.said: str | None = None
        self.came: str | None = None
        self._late = self._settled = False
        self._own_cell = True  # still running
        self._refuse_bad()

    def _refuse_bad(self) -> None:
        given = ", ".join(f"{choice!r}" for choice in self.choices) or "none"
        if not isinstance(self.question, str) or not self.question.strip():
            raise ValueError(
                f"predict() was given {self.question!r} as its question; expected a text, such as "
                '"the weight\'s shape", before the choices.'
            )
        if len(self.choices) < 2:
            raise ValueError(
                f"predict({self.question!r}) was given too few choices: {given}; expected two or more, each an "
                'argument of its own: predict("the weight\'s shape", "(3, 2)", "(2, 3)", answer="(2, 3)").'
            )
        if not callable(self.answer) and _text(self.answer) not in self.choices:
            raise ValueError(
                f"predict({self.question!r}) was given answer={_text(self.answer)!r}, which is none of its choices: "
                f"{given}. Write the answer as the choice is written."
            )

    @property
    def line(self) -> str:
        """The question in plain text."""
        return f"Predict, before you run on: {self.question.rstrip('?:. ')}? {' | '.join(self.choices)}"

    def ask(self) -> None:
        """Show the buttons, as they were left, and wait for the next cell."""
        shell = importlib.import_module("IPython").get_ipython()
        buttons = importlib.import_module("course_utils.widgets.prediction").Buttons
        before = ASKED.get(self.question)
        self._remember(before)
        ASKED[self.question] = self
        shell.events.register("post_run_cell", _after_cell)
        self._buttons = buttons(self.question, list(self.choices), self._press)
        self._show()
        panel = self._buttons.panel
        html = f"<p>{self._buttons.heading}</p><ul>{''.join(f'<li>{text}</li>' for text in self._buttons.labels)}</ul>"
        bundle = panel._repr_mimebundle_() | {"text/plain": self.line, "text/html": html}
        importlib.import_module("IPython.display").display(bundle, raw=True)

    def _remember(self, before: Prediction | None) -> None:
        """Take over what was said and what came when the question was asked before, by the record and this kernel."""
        if before:
            self.said, self._late, self._settled = before.said, before._late, before._settled
            self.came = before.came if before.choices == self.choices else None
        for entry in self._past():
            self._late |= entry.status == record.SEEN
            self._settled |= entry.status in (record.FORESAW, record.MISSED)
            if self.said is None and entry.mistake in self.choices:
                self.said = entry.mistake

    def _past(self) -> list[record.Entry]:
        with contextlib.suppress(Exception):  # whatever has become of the record, the question is asked
            desk = _desk()
            return record.read(desk).predictions().get(self._name(desk), []) if desk else []
        return []

    def _note(self, status: str) -> None:
        with contextlib.suppress(Exception):
            desk = _desk()
            if desk:
                record.append(desk, [(self._name(desk), status, self.said)], record.PREDICTION)

    def _name(self, desk: Any) -> str:
        return f"{record.lesson_here(desk)}: {self.question}"

    def _press(self, choice: str) -> None:
        self.commit(choice)
        self._show()

    def commit(self, choice: str) -> None:
        """Say what will come. The first word counts, and only before the result is there."""
        if self.said is not None:
            return
        self._remember(None)  # in another tab, too
        if self.said is not None:
            return
        self.said = choice
        if not self._late:
            self._note(record.SAID)

    def come(self) -> None:
        """Look whether the answer has come with the cell that has run, and set it beside what was said."""
        try:
            value = self.answer() if callable(self.answer) else self.answer
        except Exception:  # what it needs is not there yet
            return
        self.came = _text(value)
        if self.said is None:
            if not self._late:
                self._late = True
                self._note(record.SEEN)
            self._show()
            return
        if not (self._late or self._settled or self.came not in self.choices):
            self._settled = True
            self._note(record.FORESAW if self.said == self.came else record.MISSED)
        html, plain = self._outcome()
        importlib.import_module("IPython.display").display({"text/plain": plain, "text/html": html}, raw=True)
        self._buttons.tell(f"You said “{self.said}”. What came stands below the cell that has run.", self.said)

    def _show(self) -> None:
        """Bring the line below the buttons up to date."""
        if self.said is None:
            news = "You can see the result already: what you say now is not counted." if self._late else ""
            self._buttons.tell(news or "What do you say? Commit, then run the next cell.", None)
        elif self.came is None:
            self._buttons.tell(f"You said “{self.said}”. Now run the next cell.", self.said)
        else:
            self._buttons.tell(self._outcome()[0], self.said, is_html=True)

    def _outcome(self) -> tuple[str, str]:
        """What was said beside what came, as HTML and in plain text."""
        right = self.said == self.came
        came = "and so it came" if right else f"and “{self.came}” came"
        if self.came not in self.choices:
            came += ", which is none of the choices. Was a cell changed?"
        told = Told(
            right,
            "passed" if right else "wrong",
            f"{'foreseen' if right else 'not foreseen'}: you said “{self.said}”, {came}",
        )
        why = " ".join(dict.fromkeys(filter(None, (self.choices.get(self.said), self.choices.get(self.came)))))
        late = "It is not counted: the result was there first." if self._late else ""
        advice = " ".join(filter(None, (why, late)))
        return card(told, advice), "\n  ".join(filter(None, (told.message, advice)))


def _desk() -> Path | None:
    """The learner's ``work/``, where what is said counts: not in an older copy of a lesson."""
    desk = record.find_desk()
    return desk if desk and record.lesson_here(desk) != record.KEPT else None


def _reasons(choices: tuple[Any, ...]) -> dict[str, str]:
    """choice -> its sentence, of choices that are given alone or in dicts."""
    found: dict[str, str] = {}
    for given in choices:
        for choice, reason in given.items() if isinstance(given, Mapping) else [(given, "")]:
            if _text(choice) in found:
                raise ValueError(f"predict() was given the choice {_text(choice)!r} twice; give each once.")
            found[_text(choice)] = str(reason)
    return found


def _text(value: Any) -> str:
    """How a choice is written: a shape as a tuple."""
    return str(tuple(value)) if isinstance(value, tuple) else str(value)


def _after_cell(result: Any) -> None:
    """What IPython calls after each cell: whatever was asked in an earlier one may have come."""
    for asked in list(ASKED.values()):
        with contextlib.suppress(Exception):  # of one: the others may have come all the same
            if asked.came is None and result.success and not asked._own_cell:
                asked.come()
        asked._own_cell = False
