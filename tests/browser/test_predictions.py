"""A prediction by keyboard alone: committed, run, told, and counted in the start notebook."""

from playwright.sync_api import expect

QUESTION, NEXT = "scores[0:1]", "top = scores[0:1]"


def test_a_prediction_is_committed_by_keyboard_and_counted(lab, open_notebook, pictures):
    (lab.work / "progress.jsonl").unlink(missing_ok=True)  # other tests have seen the answer there
    lesson = open_notebook(lab.put("lessons", "04_indexing"))
    sources = {cell["id"]: "".join(cell["source"]) for cell in lesson.saved()["cells"] if cell["cell_type"] == "code"}
    ask = next(id for id, source in sources.items() if "predict(" in source and QUESTION in source)
    after = next(id for id, source in sources.items() if source.startswith(NEXT))
    first = next(id for id, source in sources.items() if "import torch" in source)
    keys = lesson.page.keyboard

    lesson.run(first)
    ids = [cell["id"] for cell in lesson.saved()["cells"]]
    for place in range(ids.index(first) + 1, ids.index(ask) + 1):
        keys.press("Shift+Enter")
        expect(lesson.content.locator(".jp-mod-active")).to_have_attribute("data-windowed-list-index", str(place))
    lesson.page.screenshot(path=pictures / "prediction-folded.png")
    expect(lesson.cell(ask).locator(".jp-InputArea-editor")).to_be_hidden()  # its source knows the answer
    keys.press("Shift+Enter")
    expect(lesson.output(ask).get_by_role("button", name="(2, 5)")).to_be_visible()
    lesson.page.screenshot(path=pictures / "prediction-asked.png")
    for _ in range(20):
        keys.press("Shift+Tab")  # back from the next cell, to which the selection has gone
        if lesson.page.evaluate("document.activeElement.innerText") == "(5,)":
            break
    keys.press("Enter")
    expect(lesson.output(ask).get_by_role("status")).to_contain_text("You said “(5,)”. Now run the next cell.")
    keys.press("Shift+Enter")  # the question's own cell once more, and on to the next one
    keys.press("Shift+Enter")

    told = lesson.output(after).get_by_role("status")
    expect(told).to_contain_text("not foreseen: you said “(5,)”, and “(1, 5)” came")
    expect(told).to_contain_text("A slice keeps its dim")
    lesson.page.screenshot(path=pictures / "prediction-told.png")

    start = open_notebook("start.ipynb")
    shows = next(cell["id"] for cell in start.saved()["cells"] if cell["source"][-1:] == ["progress()"])
    expect(start.run(shows)).to_contain_text("you foresaw 0 of 1.")


def test_the_button_of_the_start_notebook_makes_a_review_and_opens_it(lab, open_notebook):
    (lab.work / "progress.jsonl").open("a").write(
        '{"at": "2026-01-01T12:00:00+00:00", "exercise": "linear", "status": "passed", "mistake": null}\n'
    )
    start = open_notebook("start.ipynb")
    out = start.run(next(cell["id"] for cell in start.saved()["cells"] if cell["source"][-1:] == ["review()"]))
    out.get_by_role("button", name="Make a review").click()

    expect(out.get_by_role("status")).to_contain_text("work/review.ipynb asks for linear.")
    out.get_by_role("link", name="Open the review").click()
    expect(start.page.get_by_role("tab", name="review.ipynb")).to_be_visible()
