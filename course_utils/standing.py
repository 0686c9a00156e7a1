"""``progress()``: how far a learner has come in each lesson, and the mistakes that they have left behind."""

from __future__ import annotations

import contextlib
import html
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils import record
from course_utils.outline import START, Outline, read_outlines

_BAR = 20  # characters of a bar in plain text
_NO_DESK = "progress() counts what is checked in work/, in the course's folder. `course lab` opens it."


@dataclass(frozen=True)
class LessonStanding:
    """One lesson: its title, the notebook's path in ``work/``, and how many exercises passed of how many."""

    title: str
    path: Path
    passed: int
    total: int

    @property
    def state(self) -> str:
        """``"open"``, ``"3 of 7"`` or ``"done"``."""
        return {0: "open", self.total: "done"}.get(self.passed, f"{self.passed} of {self.total}")


@dataclass(frozen=True)
class Standing:
    """Where a learner stands; a notebook shows it with bars and links, and ``str`` of it is plain text.

    Attributes:
        lessons: the ten lessons and the clinic, in order.
        overcome: (exercise, mistake) for each known mistake that failed a check and was corrected later.
        foreseen: how many predictions came true, of how many.
        note: what the record could not tell, if anything.
    """

    lessons: tuple[LessonStanding, ...] = ()
    overcome: tuple[tuple[str, str], ...] = ()
    note: str = ""
    foreseen: tuple[int, int] = (0, 0)

    @property
    def summary(self) -> str:
        """The sum over all lessons, in a sentence."""
        passed, total = (sum(getattr(lesson, what) for lesson in self.lessons) for what in ("passed", "total"))
        said = [f"{passed} of {total} exercises passed."] if self.lessons else []
        right, made = self.foreseen
        return " ".join([*said, *([f"Of what you predicted, you foresaw {right} of {made}."] if made else [])])

    def __str__(self) -> str:
        width = max((len(lesson.title) for lesson in self.lessons), default=0)
        lines = []
        for lesson in self.lessons:
            done = round(_BAR * lesson.passed / lesson.total)
            lines.append(f"{lesson.title:{width}}  [{'#' * done}{'.' * (_BAR - done)}] {lesson.state}")
        lines.append(self.summary)
        if self.overcome:
            lines += ["", "Mistakes you have left behind:", *(f"  {name}: {what}" for name, what in self.overcome)]
        return "\n".join(filter(None, [*lines, self.note]))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": "".join(self._html())}

    def _html(self) -> Iterator[str]:
        """Rows that wrap in a narrow window, in the notebook's own colours; each bar says its state in words too."""
        yield '<div style="line-height:1.6"><ul style="list-style:none;margin:0;padding:0">'
        for lesson in self.lessons:
            title, state = html.escape(lesson.title), ("&#10003; " if lesson.state == "done" else "") + lesson.state
            yield (
                '<li style="display:flex;flex-wrap:wrap;align-items:center;column-gap:1em">'
                f'<span style="flex:0 1 30em">{_link(title, lesson.path)}</span>'
                f'<progress value="{lesson.passed}" max="{lesson.total}" style="flex:0 1 14em;min-width:6em" '
                f'aria-label="{title}: {lesson.passed} of {lesson.total} exercises passed"></progress>'
                f"<span>{state}</span></li>"
            )
        yield f"</ul><p>{self.summary}</p>"
        if self.overcome:
            yield "<p>Mistakes you have left behind:</p><ul>"
            yield from (
                f"<li><code>{html.escape(name)}</code>: {html.escape(what)}</li>" for name, what in self.overcome
            )
            yield "</ul>"
        yield f"<p>{html.escape(self.note)}</p></div>" if self.note else "</div>"


def progress() -> Standing:
    """How far you have come: a bar for each lesson, with a link that opens it, and the mistakes you have overcome.

    As the last expression of a cell it shows itself. Exercises count as they stood at their last check in ``work/``.
    """
    desk = record.find_desk()
    return read_standing(desk) if desk else Standing(note=_NO_DESK)


def read_standing(desk: Path) -> Standing:
    """The standing of the learner whose copies are in ``desk``, the ``work/`` of a course's folder."""
    seen = record.read(desk)
    outlines = read_outlines(desk.parent)
    lessons = [_lesson(outline, seen, desk) for outline in outlines if outline.name != START and outline.hints]
    names = [name for outline in outlines for name in outline.hints]
    overcome = [(name, mistake) for name in names for mistake in seen.overcome(name)]
    return Standing(tuple(lessons), tuple(overcome), seen.note, seen.foreseen())


def _lesson(outline: Outline, seen: record.History, desk: Path) -> LessonStanding:
    passed = sum(seen.has_passed(name) for name in outline.hints)
    return LessonStanding(outline.title, desk / outline.path, passed, len(outline.hints))


def _link(title: str, path: Path) -> str:
    """``title``, which opens the learner's copy in JupyterLab; a relative link, because only those stay inside it."""
    with contextlib.suppress(OSError, ValueError):  # on Windows there is none to another drive
        if path.is_file():
            relative = Path(os.path.relpath(path.resolve(), record.notebook_folder())).as_posix()
            return f'<a href="{html.escape(relative)}">{title}</a>'
    return title
