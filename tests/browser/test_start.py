"""The first minutes: the start notebook, its warm-up, and what it shows afterwards."""

import pytest
from playwright.sync_api import expect

STUB = "def double(x):\n    raise NotImplementedError"


@pytest.fixture
def start(lab, open_notebook):
    return open_notebook("start.ipynb")


def test_the_start_notebook_shows_what_a_check_says_and_how_far_one_is(lab, start):
    progress = next(cell["id"] for cell in start.saved()["cells"] if cell["source"][-1:] == ["progress()"])

    start.write("double", STUB)
    start.run(progress)
    start.run("double")

    expect(start.run("check_double").get_by_role("status")).to_contain_text("double: not attempted yet")

    for _ in range(3):
        start.write("double", "def double(x):\n    return x + 2")
        start.run("double")
        wrong = start.run("check_double").get_by_role("status")
    expect(wrong).to_contain_text("✗ double:")
    expect(wrong).to_contain_text("Hint 1")

    start.write("double", "def double(x):\n    return x * 2")
    start.run("double")

    expect(start.run("check_double").get_by_role("status")).to_contain_text("✓ double: passed")
    assert (lab.work / "progress.jsonl").read_text().count('"double"') >= 5

    start.content.get_by_role("link", name="Layers", exact=True).first.click()

    expect(start.page.get_by_role("tab", name="07_layers.ipynb")).to_be_visible()


def test_the_arrow_keys_change_the_temperature_and_with_it_the_words(start, pictures):
    words = next(cell["id"] for cell in start.saved()["cells"] if "word_inventor()" in "".join(cell["source"]))
    start.run(next(cell["id"] for cell in start.saved()["cells"] if cell["source"][-1:] == ["progress()"]))
    output = start.run(words)
    expect(output).to_contain_text("40 words begun at temperature 0.8")
    slider = output.get_by_role("slider")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")

    expect(output).to_contain_text("40 words begun at temperature 1.2")
    start.page.screenshot(path=pictures / "words.png")
