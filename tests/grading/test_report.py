"""`course report`: what a class did, on a page in which nothing acts, and without names where nobody is to be named."""

import json
import re
import stat
from dataclasses import replace

import nbformat
import pytest
from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading.gradebook.record import Record
from autograder.grading.outcome import FAILED, GRADED, WARNED, ExerciseGrade, Graded, Points
from autograder.grading.paper import Paper
from autograder.grading.people.book import Book
from autograder.grading.report import figures
from autograder.grading.report.facts import Facts, read_facts
from autograder.grading.report.mistakes import mistakes_made, names_of, without_comments, without_names
from autograder.grading.report.page import write_report
from autograder.grading.results import Results
from tests.support.classroom import LESSON, checks, graded, make_course, release, set_points

ACT = "<img src=x onerror=\"document.title='acted'\"><script>document.title='acted'</script>"
NAMES = {"ann": "Ann Lovelace", "robert": "Robert Müller", "wang": "王小明", "eve": f"Eve {ACT}", "zoe": "Zoë O'Brien"}
ONE_SUM = '''\
# Robert Müller, exercise 3
def softmax(x, dim):
    """By Robert Müller."""
    e = x.exp()  # robert was here
    print("Robert Müller")
    return e / e.sum()'''


def made(student, wrong=(), mistake=None, code=None, **changes):
    """A graded submission, in which what is wrong has this mistake and this code."""
    paper = graded(student, wrong=wrong, answer="An answer.")
    exercises = {
        name: replace(each, mistake=mistake, message=f"{name}: the sum is off.\n  called with x")
        if name in wrong
        else each
        for name, each in paper.exercises.items()
    }
    notebook = nbformat.reads(paper.notebook, as_version=4)
    for cell in notebook.cells:
        if cell.id in wrong and code:
            cell.source = code
    return replace(paper, exercises=exercises, notebook=nbformat.writes(notebook), **changes)


def kept(course, paper):
    Results(course).save(Paper(paper.student, LESSON, b"", b"", 1, (), (), (), 1.0), paper)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class of five and somebody whose file is damaged; two make one mistake, two fail alike without a known one."""
    course = make_course(tmp_path_factory.mktemp("report") / "course")
    (course / "course_utils").mkdir()
    set_points(course, dropout_question=0)
    question = next(
        cell.id for cell in release().cells if cell.cell_type == "markdown" and cell.metadata.get("nbgrader")
    )
    set_points(course, **{question: 2})
    book = Book(course)
    for student, name in NAMES.items():
        person = book.person(student)
        person.first_name, _, person.last_name = name.partition(" ")
    book.save()
    papers = [
        made("ann"),
        made("robert", ["softmax"], "one sum over everything", ONE_SUM),
        made("wang", ["softmax"], "one sum over everything", f"{ONE_SUM}\n\n\nsoftmax = softmax  # longer"),
        made("eve", ["softmax"], None, f"def softmax(x, dim):\n    return '{ACT}'", outcome=WARNED, warnings=(ACT,)),
        made("zoe", ["softmax"], None, f"def softmax(x, dim):\n    return '''{ACT} longer'''"),
    ]
    nothing = {
        name: replace(each, points=0, status="error", message="no notebook")
        for name, each in papers[0].exercises.items()
    }
    papers.append(Graded("damaged", LESSON, FAILED, nothing, ("It is no notebook.",)))
    with Record(course) as record:
        record.prepare(LESSON)
        for paper in papers:
            record.save(paper)
            kept(course, paper)
    kept(course, made("robert", ["softmax", "gelu"]))
    kept(course, papers[1])
    progress = course / "autograder" / "submitted" / "robert" / LESSON / "progress.jsonl"
    progress.parent.mkdir(parents=True)
    statuses = ["not attempted", "wrong", "error", "passed", "passed"]
    lines = [json.dumps({"at": "2026-01-01", "exercise": "gelu", "status": each, "mistake": None}) for each in statuses]
    progress.write_text("\n".join([*lines, "[" * 100_000, '{"exercise": 3}']))
    (course / "autograder" / "submitted" / "late" / LESSON).mkdir(parents=True)
    return course


@pytest.fixture(scope="module")
def page(course):
    return write_report(course, LESSON).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def anonymous(course):
    return write_report(course, LESSON, anonymous=True).read_text(encoding="utf-8")


def text(page):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>|data:[^\"]*", " ", page, flags=re.DOTALL).split())


def test_a_mistake_is_there_once_with_how_many_made_it_and_the_shortest_code(page):
    said = text(page)

    assert said.count("one sum over everything · 2 of 5 who tried it") == 1
    assert "return e / e . sum" in re.sub(r"([/.()])", r" \1 ", said).replace("  ", " ")
    assert "the sum is off. (no known mistake) · 2 of 5 who tried it" in said
    assert "longer" not in said


@pytest.mark.parametrize("kind", ["page", "anonymous"])
def test_the_code_of_an_example_names_nobody(kind, request):
    shown = re.findall(r'<div class=" ?highlight.*?</div>', request.getfixturevalue(kind), re.DOTALL)

    assert len(shown) == 2
    assert not any(re.search("robert|müller|exercise 3", code, re.IGNORECASE) for code in shown)


def test_an_anonymous_page_names_nobody_and_says_of_nobody_what_to_look_at(anonymous):
    said = text(anonymous.replace("&#39;", "'"))

    assert not [name for pair in NAMES.items() for name in pair if re.search(rf"\b{re.escape(name)}\b", said)]
    assert "damaged" not in anonymous
    assert "Submissions to look at" not in anonymous


def test_who_has_to_be_looked_at_is_named_with_the_reason(page):
    said = text(page.partition("Submissions to look at")[2])

    assert "damaged It is no notebook." in said
    assert "late handed in, and has no grade yet." in said


def test_the_hardest_exercise_comes_first_and_a_damaged_file_makes_none_harder(course, page):
    facts = read_facts(course, LESSON)

    assert facts.hardest_first()[0] == "softmax"
    assert (facts.share_passed("softmax"), facts.share_passed("linear")) == (0.2, 1.0)
    assert "The hardest exercise was softmax : 1 of 6 passed." in text(page)


def test_checks_are_counted_where_they_were_handed_in(course, page):
    facts = read_facts(course, LESSON)

    assert (facts.median_checks("gelu"), facts.median_checks("linear")) == (3, None)
    assert "checks until it passed" in page


def test_two_gradings_are_set_side_by_side(page):
    said = text(page.partition("Before and after")[2])

    assert "gelu 0 1" in said
    assert "linear 1 1" in said
    assert "Robert Müller 10 11" in said


def test_written_answers_that_wait_are_named(page):
    assert "Ann Lovelace" in page.partition("Written answers that wait")[2].partition("<h2>")[0]


@pytest.mark.parametrize("kind", ["page", "anonymous"])
def test_nothing_on_the_page_acts_or_comes_from_elsewhere(course, kind, request):
    html = request.getfixturevalue(kind)
    folder = LESSON if kind == "page" else f"{LESSON}-anonymous"

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page()
        asked = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((course / "autograder" / "reports" / folder / "report.html").as_uri())
        title = tab.title()
        seen = tab.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)")
        browser.close()

    assert title == "07_layers: what the class did"
    assert len(seen) == 2
    assert all(seen)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert "<script" not in html
    assert "default-src &#39;none&#39;" in html


def test_page_and_pictures_are_for_nobody_else(course, page):
    files = list((course / "autograder" / "reports" / LESSON).iterdir())

    assert {file.name for file in files} == {"report.html", "heat_map.png", "difficulty.png", "points.png"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_lesson_without_grades_is_an_error_that_says_what_to_do(course, monkeypatch):
    (course / "lessons" / "01_tensors").mkdir()
    monkeypatch.chdir(course)

    result = CliRunner().invoke(app, ["report", "1"])

    assert result.exit_code == 2
    assert "The gradebook has no grades of 01_tensors. `course grade` puts them there." in " ".join(
        result.output.split()
    )


def test_what_only_the_gradebook_knows_is_in_the_report_too(course):
    folder = course / "autograder" / "results" / LESSON
    folder.rename(folder.with_name("elsewhere"))
    try:
        facts = read_facts(course, LESSON)
    finally:
        folder.with_name("elsewhere").rename(folder)

    assert set(facts.exercises) >= set(checks(release()))
    assert facts.counts("softmax") == {"passed": 1, "wrong": 5}


@pytest.mark.parametrize(
    ("source", "without"),
    [
        ("x = 1  # me\n# me\ny = '# not'\n", "x = 1\ny = '# not'\n"),
        ('def f():\n    """Me,\n    of two lines."""\n    return """kept"""\n', 'def f():\n    return """kept"""\n'),
        ("# me\nx = (1\n", "x = (1\n"),
        ('"""Me."""  # me\nx = 1\n', "x = 1\n"),
        ('def f():\n    """Me,\n    too."""  # me\n    return 1\n', "def f():\n    return 1\n"),
        ("'Me' 'and me'  # me\nx = 1\n", "x = 1\n"),
        ("%matplotlib inline\nx = 1  # me\n", "%matplotlib inline\nx = 1\n"),
    ],
)
def test_comments_and_docstrings_are_left_out_of_code(source, without):
    assert without_comments(source) == without


@pytest.mark.parametrize(
    ("said", "without"),
    [
        ("LOVELACE = ann.lovelace", "... = ..."),
        ("my_softmax_of_robert(x)", "my_softmax_of_...(x)"),
        ("Herr Müller, robertson, 0.1234", "Herr ..., robertson, 0.1234"),
        ("the ann in channel", "the ann in channel"),
    ],
)
def test_the_single_words_of_names_are_taken_out_too(course, said, without):
    row = read_facts(course, LESSON).rows[0]
    people = [("ann.lovelace", "Ann Lovelace"), ("x-12", "Robert Müller")]
    facts = Facts(LESSON, [replace(row, student=id, name=name) for id, name in people], ["softmax"], [])

    assert without_names(said, names_of(facts)) == without


def test_an_exceptions_text_names_nobody(course):
    facts = read_facts(course, LESSON)
    rows = []
    for row in facts.rows:
        said = {
            name: replace(each, status="error", mistake=None, message=f"{name}: no file /home/robert/Lovelace.npy")
            for name, each in (row.graded.exercises if row.graded else {}).items()
        }
        rows.append(replace(row, graded=replace(row.graded, outcome=GRADED, exercises=said)))

    made = mistakes_made(replace(facts, rows=rows))

    assert {each.name for each in made} == {"no file /home/.../....npy"}


@pytest.mark.parametrize(
    ("judged", "earned", "by_hand", "withdrawn", "status"),
    [
        ("passed", 2, 0, None, "wrong"),
        ("error", 0, 2, None, "passed"),
        ("wrong", 0, 2, None, "passed"),
        ("not attempted", 0, 2, None, "passed"),
        ("error", 0, 1, None, "in part"),
        ("error", 0, None, None, "error"),
        ("not attempted", 0, None, None, "not attempted"),
        ("wrong", 1, None, None, "in part"),
        ("wrong", 0, 2, "full", "wrong"),
        ("wrong", 1, 2, "full", "in part"),
        ("passed", 2, 0, "out", "passed"),
    ],
)
def test_what_a_person_decided_is_what_the_report_says(course, judged, earned, by_hand, withdrawn, status):
    row = read_facts(course, LESSON).rows[0]
    result = {"gelu": ExerciseGrade(earned, 2, judged, "gelu: ...")}
    points = {"gelu": Points(earned if by_hand is None else by_hand, 2, False)}
    standing = replace(row.standing, points=points, withdrawn={"gelu": withdrawn} if withdrawn else {})

    row = replace(row, graded=replace(row.graded, outcome=GRADED, exercises=result), standing=standing)

    assert row.status("gelu") == status


def test_what_could_not_be_run_has_passed_where_a_person_says_so(course):
    row = next(row for row in read_facts(course, LESSON).rows if row.student == "damaged")
    points = {**row.standing.points, "softmax": Points(3, 3, False)}

    row = replace(row, standing=replace(row.standing, points=points))

    assert (row.status("softmax"), row.status("linear")) == ("passed", "could not be run")


def test_the_pictures_are_drawn_whatever_ids_there_are_and_without_exercises(course):
    facts = read_facts(course, LESSON)
    ids = ["$", "a$b_{$", r"\\$x$", "$\\frac$", "ok", "$$"]
    nothing = replace(facts, exercises=[])

    assert figures.heat_map(facts, ids).startswith(b"\x89PNG")
    assert all(draw(nothing).startswith(b"\x89PNG") for draw in (figures.difficulty, figures.points))
    assert figures.heat_map(nothing, []).startswith(b"\x89PNG")
