"""``course progress``: how far the learner has come."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from course_utils.standing import read_standing


def print_progress(work: Path) -> None:
    """Print where the learner whose copies are in ``work`` stands: a bar for each lesson, and mistakes overcome."""
    standing = read_standing(work)
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    for lesson in standing.lessons:
        bar = ProgressBar(total=lesson.total, completed=lesson.passed, width=16)
        table.add_row(Text(lesson.title), bar, Text(lesson.state, style="green" if lesson.state == "done" else ""))
    console.print(table)
    console.print(standing.summary)
    if standing.overcome:
        console.print("\nMistakes you have left behind:")
        for exercise, mistake in standing.overcome:
            console.print(Text(f"  {exercise}: {mistake}"))
    if standing.note:
        console.print(Text(standing.note, style="yellow"))
