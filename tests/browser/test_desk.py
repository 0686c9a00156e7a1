"""A learner's hour with a lesson: wrong answers, right ones, and all that goes wrong besides.

One notebook stays open in one tab all the while; each test leaves it so that the next can go on.
"""

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

IMPORTS, TEMPERATURE, PLAIN = "cell-ea67e38c", "cell-7931bb61", "cell-383b802f"  # cells of lesson 7
WRONG = "def softmax(x, dim):\n    weights = (x - x.amax(dim, keepdim=True)).exp()\n    return weights / weights.sum()"
RIGHT = WRONG.replace("weights.sum()", "weights.sum(dim, keepdim=True)")
NARROW = {"width": 400, "height": 800}
ENDLESS = "def softmax(x, dim):\n    while True:\n        pass"


@pytest.fixture(scope="module")
def tab(lab, profile):
    """Lesson 7, untouched, in a tab of its own."""
    page = profile.new_page()
    yield Notebook(page, lab, lab.put("lessons", "07_layers")).open()
    page.close()


@pytest.fixture
def lesson(tab, pictures, request):
    """Lesson 7 in its tab, the first cell run."""
    tab.run(IMPORTS)
    yield tab
    tab.page.screenshot(path=pictures / f"{request.node.name}.png")


def test_a_wrong_answer_is_diagnosed_a_right_one_passes_and_both_outlive_restart_and_reload(lesson, pictures):
    lesson.write("softmax", WRONG)
    lesson.run("softmax")
    failed = lesson.run("check_softmax")

    expect(failed.get_by_role("status")).to_contain_text("✗ softmax: along dim=1 your values sum to")
    expect(failed.get_by_role("status")).to_contain_text("How do you get one sum for each slice along dim?")
    expect(failed).to_contain_text("CheckFailed: softmax (wrong)")
    lesson.photograph("softmax", "check_softmax", pictures / "check-failed.png")

    lesson.write("softmax", RIGHT)
    lesson.run("softmax")
    passed = lesson.run("check_softmax")

    expect(passed.get_by_role("status")).to_contain_text("✓ softmax: passed")
    expect(passed).not_to_contain_text("CheckFailed")
    lesson.photograph("softmax", "check_softmax", pictures / "check-passed.png")

    lesson.menu("Kernel", "Restart Kernel…")
    lesson.dialog("Restart")
    lesson.rest()

    expect(lesson.run("check_softmax")).to_contain_text("NameError: name 'check' is not defined")
    lesson.run(IMPORTS)
    lesson.run("softmax")

    expect(lesson.run("check_softmax").get_by_role("status")).to_contain_text("✓ softmax: passed")

    lesson.save()
    lesson.page.reload()
    lesson.ready()

    expect(lesson.cell("softmax").locator(".cm-content")).to_contain_text("weights.sum(dim, keepdim=True)")
    expect(lesson.output("check_softmax").get_by_role("status")).to_contain_text("✓ softmax: passed")
    assert lesson.saved_source("softmax") == RIGHT


def test_moving_the_slider_draws_the_picture_anew(lesson):
    output = lesson.run(TEMPERATURE)
    image = output.locator("img")
    first = image.get_attribute("src")
    slider = output.get_by_role("slider")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")

    expect(output.locator(".widget-readout")).to_have_text("1.78")
    expect(image).not_to_have_attribute("src", first)
    expect(image).to_have_attribute("alt", re.compile("1.78"))


def test_a_syntax_error_is_shown_and_the_next_cell_runs(lesson):
    lesson.write(PLAIN, "logits = (2.0,")

    expect(lesson.run(PLAIN)).to_contain_text("SyntaxError: incomplete input")
    lesson.write(PLAIN, "print(6 * 7)")
    expect(lesson.run(PLAIN)).to_contain_text("42")


def test_an_endless_loop_in_a_check_is_interrupted_and_the_kernel_lives_on(lesson):
    lesson.write("softmax", ENDLESS)
    lesson.run("softmax")
    lesson.start("check_softmax")
    lesson.page.wait_for_timeout(2000)
    lesson.menu("Kernel", "Interrupt Kernel")
    lesson.rest()

    expect(lesson.output("check_softmax")).to_contain_text("KeyboardInterrupt")

    lesson.write("softmax", RIGHT)
    lesson.run("softmax")

    expect(lesson.run("check_softmax").get_by_role("status")).to_contain_text("✓ softmax: passed")
    lesson.write(PLAIN, "print(6 * 7)")  # what a check keeps silent must be heard again
    expect(lesson.run(PLAIN)).to_contain_text("42")


def test_a_kernel_killed_during_a_check_is_said_and_the_work_is_kept(lesson):
    lesson.write(PLAIN, "import os\nprint('process', os.getpid())")
    process = int(lesson.run(PLAIN).inner_text().split()[-1])
    lesson.write("softmax", ENDLESS)
    lesson.run("softmax")
    lesson.start("check_softmax")
    lesson.page.wait_for_timeout(2000)
    os.kill(process, signal.SIGKILL)

    assert "appears to have died. It will restart automatically." in lesson.dialog("Ok")

    lesson.rest()
    lesson.save()

    assert lesson.saved_source("softmax") == ENDLESS


def test_a_lesson_open_in_two_tabs_loses_nothing_in_silence(lesson, open_notebook):
    other = open_notebook("07_layers/07_layers.ipynb")
    lesson.write("softmax", RIGHT)
    lesson.save()
    other.write("gelu", "def gelu(x):\n    return x")
    other.page.keyboard.press("ControlOrMeta+s")
    said = other.dialog("Cancel")

    assert "has changed on disk" in said
    assert lesson.saved_source("softmax") == RIGHT


def test_in_the_dark_theme_a_check_and_a_picture_can_be_looked_at(lesson, pictures):
    lesson.menu("Settings", "Theme", "JupyterLab Dark")
    lesson.write("softmax", WRONG)
    lesson.run("softmax")
    lesson.run("check_softmax").screenshot(path=pictures / "check-failed-dark.png")
    lesson.run(TEMPERATURE).screenshot(path=pictures / "widget-dark.png")
    lesson.save()

    expect(lesson.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    lesson.menu("Settings", "Theme", "JupyterLab Light")


@pytest.mark.parametrize("app", ["lab/tree", "notebooks"], ids=["JupyterLab", "Notebook"])
def test_on_a_narrow_screen_a_check_can_be_read_in_jupyterlab_and_in_notebook(lesson, open_notebook, app):
    narrow = open_notebook("07_layers/07_layers.ipynb", app, NARROW)
    if app == "lab/tree":
        narrow.page.keyboard.press("ControlOrMeta+b")  # folds the file browser away
    narrow.run(IMPORTS)
    narrow.write("softmax", WRONG)
    narrow.run("softmax")
    card = narrow.run("check_softmax").get_by_role("status")

    expect(card).to_contain_text("✗ softmax: along dim=1 your values sum to")
    assert card.bounding_box()["width"] > 200
