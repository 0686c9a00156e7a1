"""The report's page: one file that opens anywhere and prints, in which nothing that a learner wrote can act."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from statistics import mean, median

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pygments.formatters import HtmlFormatter

from autograder.grading.feedback.html import POLICY, highlight_code
from autograder.grading.outcome import OUTCOMES, as_number
from autograder.grading.report import figures
from autograder.grading.report.facts import PASSED, STATUSES, Facts, read_facts
from autograder.grading.report.mistakes import Made, mistakes_made
from autograder.notebooks.files import write_private

MOST_MADE = 5  # mistakes that are named on top
REPORTS = Path("autograder", "reports")
_SIGNS = dict(zip(STATUSES, ("✓", "½", "✗", "!", "·", "–"), strict=True))  # so that nobody needs the colours


def write_report(root: Path, lesson: str, anonymous: bool = False) -> Path:
    """Write the report on a graded lesson: ``report.html``, and its pictures as PNGs, in autograder/reports/LESSON/.

    Args:
        anonymous: without names, and without what could tell who somebody is.

    Returns:
        The page.

    Raises:
        CourseError: the lesson has no grades.
        OSError: the disk refuses.
    """
    facts = read_facts(root, lesson)
    folder = root / REPORTS / (f"{lesson}-anonymous" if anonymous else lesson)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "heat_map": figures.heat_map(facts, [] if anonymous else [row.student for row in facts.rows]),
        "difficulty": figures.difficulty(facts),
        "points": figures.points(facts),
    }
    for name, png in drawn.items():
        write_private(folder / f"{name}.png", png)
    write_private(folder / "report.html", page(facts, drawn, anonymous))
    return folder / "report.html"


def page(facts: Facts, drawn: Mapping[str, bytes], anonymous: bool) -> str:
    """The page's HTML.

    Args:
        drawn: name -> PNG.
    """
    scores = [row.standing.score for row in facts.rows]
    outcomes = Counter(row.graded.outcome for row in facts.rows if row.graded)
    mistakes = mistakes_made(facts)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["points"] = as_number
    environment.filters["with_code"] = _with_code
    return environment.get_template("report.html.j2").render(
        facts=facts,
        anonymous=anonymous,
        policy=POLICY,
        today=f"{datetime.now():%Y-%m-%d}",
        mean=mean(scores),
        median=median(scores),
        best=max(row.standing.max_score for row in facts.rows),
        outcomes=[(outcomes[name], name) for name in OUTCOMES if outcomes[name]],
        classes={status: f"s{i}" for i, status in enumerate(STATUSES)},
        colours=list(figures.COLOURS.values()),
        signs=_SIGNS,
        passed=PASSED,
        occurring=[status for status in STATUSES if any(facts.counts(name)[status] for name in facts.exercises)],
        mistakes=_by_exercise(mistakes),
        most_made=sorted((made for made in mistakes if made.many > 1), key=lambda made: -made.many)[:MOST_MADE],
        has_checks=any(facts.median_checks(name) is not None for name in facts.exercises),
        code=highlight_code,
        code_css=HtmlFormatter(style="default").get_style_defs(".highlight"),
        pictures={name: f"data:image/png;base64,{base64.b64encode(png).decode()}" for name, png in drawn.items()},
    )


def _with_code(text: str) -> str:
    """A sentence as HTML, whose `code` is set as such."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _by_exercise(mistakes: Iterable[Made]) -> dict[str, list[Made]]:
    found: dict[str, list[Made]] = {}
    for made in mistakes:
        found.setdefault(made.exercise, []).append(made)
    return found
