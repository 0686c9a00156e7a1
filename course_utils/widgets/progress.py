"""A bar that shows how far a long loop has come."""

import html
import time
from collections.abc import Iterator

from IPython.display import HTML, DisplayHandle, display

from course_utils.widgets.explorer import has_front_end

_EVERY = 0.2  # seconds between two updates: often enough for an eye, and no burden for the loop


class Progress:
    """Counts like `range(steps)`, and shows a bar with the share that is done and the time that is left.

    Where nobody watches, under grading or without a Jupyter kernel, one line at the end takes the bar's place.

    Args:
        steps: how many steps the loop takes
        name: what the loop does, such as ``"training"``

    Attributes:
        note: a few words behind the bar, which the loop may change at any time, such as ``"loss 2.08"``

    >>> bar = Progress(3, "counting")
    >>> for step in bar:
    ...     bar.note = f"last seen: {step}"
    counting: 3 of 3 steps, 0 s, last seen: 2
    """

    def __init__(self, steps: int, name: str) -> None:
        self.steps = steps
        self.name = name
        self.note = ""

    def __iter__(self) -> Iterator[int]:
        start = shown = time.perf_counter()
        handle = display(HTML(self._html(0, 0.0)), display_id=True) if has_front_end() else None
        for step in range(self.steps):
            yield step
            now = time.perf_counter()
            if handle and now - shown > _EVERY:
                handle.update(HTML(self._html(step + 1, now - start)))
                shown = now
        self._finish(handle, time.perf_counter() - start)

    def _finish(self, handle: DisplayHandle | None, seconds: float) -> None:
        if handle:
            handle.update(HTML(self._html(self.steps, seconds)))
        else:
            print(self.text(self.steps, seconds))

    def text(self, done: int, seconds: float) -> str:
        """The state after ``done`` steps and ``seconds`` in words."""
        times = f"{seconds:.0f} s"
        if 0 < done < self.steps:
            times += f", about {seconds / done * (self.steps - done):.0f} s left"
        return ", ".join(filter(None, (f"{self.name}: {done} of {self.steps} steps", times, self.note)))

    def _html(self, done: int, seconds: float) -> str:
        text = html.escape(self.text(done, seconds))
        bar = f'<progress value="{done}" max="{self.steps}" style="width:20em" aria-label="{html.escape(self.name)}">'
        return f"<div>{bar}</progress> {text}</div>"
