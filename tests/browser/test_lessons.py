"""Every lesson, solved, from top to bottom in a browser: no error, every check passed, every picture there."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.lab import ROOT

LESSONS = [path.stem for path in sorted((ROOT / "source").glob("*.py"))]
SHOWS = re.compile(r"^(plots|widgets)\.\w+\(", re.MULTILINE)


@pytest.mark.parametrize("name", LESSONS)
def test_a_solved_lesson_runs_from_top_to_bottom(name, lab, open_notebook, pictures):
    lesson = open_notebook(lab.put("solutions", name))
    lesson.menu("Run", "Run All Cells")
    cells = [cell for cell in lesson.saved()["cells"] if cell["cell_type"] == "code"]
    last = lesson.cell(cells[-1]["id"]).locator(".jp-InputPrompt")
    expect(last).to_have_text(re.compile(r"\[\d+\]"), timeout=400_000)  # lesson 10 trains
    lesson.rest()
    checks = [cell["id"] for cell in cells if cell["id"].startswith("check_")]
    shows = [cell["id"] for cell in cells if SHOWS.search("".join(cell["source"]))]

    for cell_id in checks:
        expect(lesson.output(cell_id).get_by_role("status")).to_contain_text("✓")
    for cell_id in shows:
        expect(lesson.output(cell_id).locator("img, svg, table, button").first).to_be_visible()
    expect(lesson.content.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)
    expect(lesson.content.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    assert lesson.page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0

    lesson.pictures(pictures / name)
