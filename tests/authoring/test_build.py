"""From source to notebooks: the same bytes every time, nothing given away, and exact words for a broken source."""

import json
import shutil
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from autograder.authoring import build as building
from autograder.authoring.build import BuildError, build
from autograder.authoring.cells import SourceError
from autograder.authoring.clearing import ClearOrSpoil
from autograder.authoring.source import read_lessons
from autograder.exercises import EXERCISES
from tests.support import ROOT

LESSONS = sorted(path.stem for path in (ROOT / "source").glob("*.py"))

TINY = '''\
# ruff: noqa: F821
# %% [markdown]
# # 1 · Doubling

# %%
from course_utils import check

# %% exercise="double" points=2
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    twice_as_much = x + x
    return twice_as_much
    ### END SOLUTION

# %% tags=["demo"]
print(double(3))

# %% exercise="save" points=1.5 check="save, load"
def save(path):
    ### BEGIN SOLUTION
    path.write_text("saved by save")
    ### END SOLUTION


def load(path):
    ### BEGIN SOLUTION
    return path.read_text()
    ### END SOLUTION

# %%
print(double(3))

# %% [markdown] question="why_double" points=0
# Why?
#
# ### BEGIN SOLUTION
# Because it is twice as much.
# ### END SOLUTION
'''
KNOWN = {
    "double": SimpleNamespace(lesson="01_tiny"),
    "save": SimpleNamespace(lesson="01_tiny"),
    "triple": SimpleNamespace(lesson="02_more"),
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one tiny lesson, 01_tiny, that can be built."""
    monkeypatch.setattr(building, "EXERCISES", KNOWN)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_tiny.py").write_text(TINY, encoding="utf-8")
    return tmp_path


def notebook(course, folder, name="01_tiny"):
    return nbformat.read(course / folder / name / f"{name}.ipynb", as_version=4)


def generated(folder):
    """The bytes of all generated files below ``folder``, by their paths."""
    files = [path for kind in building.GENERATED for path in sorted((folder / kind).rglob("*"))]
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if path.is_file() and path.parent.name != ".ipynb_checkpoints"  # there once Jupyter showed a notebook
    }


# --- the course as it is -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The real course, built somewhere else."""
    out = tmp_path_factory.mktemp("fresh")
    build(ROOT, out)
    return out


@pytest.mark.every_exercise
def test_the_committed_notebooks_are_what_a_build_makes(fresh):
    committed, built = generated(ROOT), generated(fresh)
    stale = [path for path in committed.keys() | built.keys() if committed.get(path) != built.get(path)]

    assert stale == [], "run `make build`, and commit solutions/ and lessons/"


def test_building_again_gives_the_same_bytes(fresh, tmp_path):
    build(ROOT, tmp_path)

    assert generated(tmp_path) == generated(fresh)


@pytest.mark.parametrize("lesson", LESSONS)
def test_source_exercises_and_notebooks_have_the_same_names(lesson):
    judged = [name for name, exercise in EXERCISES.items() if exercise.lesson == lesson]
    (source,) = [found for found in read_lessons(ROOT / "source", EXERCISES) if found.name == lesson]
    written = [cell.name for cell in source.cells if cell.role == "exercise"]
    graded = {
        folder: [cell.metadata.nbgrader.grade_id for cell in notebook(ROOT, folder, lesson).cells if code_answer(cell)]
        for folder in building.GENERATED
    }

    assert {
        "source": judged,
        "solutions": judged,
        "lessons": judged,
    } == {folder: sorted(names) for folder, names in {"source": written, **graded}.items()}
    assert {tuple(names) for names in graded.values()} == {tuple(written)}


def code_answer(cell):
    return cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution", False)


def test_every_exercise_has_a_lesson():
    assert {exercise.lesson for exercise in EXERCISES.values()} == set(LESSONS)


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_solution_is_in_a_lesson(lesson):
    (source,) = [found for found in read_lessons(ROOT / "source", EXERCISES) if found.name == lesson]
    secret, public = set(), set()
    for cell in source.cells:
        lines = cell.text.split("\n")
        inside = {i for begin, end in cell.regions() for i in range(begin, end + 1)}
        for i, line in enumerate(lines):
            (secret if i in inside else public).add(line.strip())
    released = {line.strip() for cell in notebook(ROOT, "lessons", lesson).cells for line in cell.source.split("\n")}

    assert secret, "a lesson without solutions would make this test pass for nothing"
    assert not (secret - public) & released


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_hidden_case_is_in_a_lesson(lesson):
    released = (ROOT / "lessons" / lesson / f"{lesson}.ipynb").read_text(encoding="utf-8")

    assert [word for word in ("autograder", "hidden=", "BEGIN HIDDEN", "SOLUTION") if word in released] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_keeps_the_solutions_cells_and_demo_tags(lesson):
    def outline(folder):
        return [(cell.id, cell.cell_type, cell.metadata.get("tags")) for cell in notebook(ROOT, folder, lesson).cells]

    assert outline("solutions") == outline("lessons")


# --- what a build makes ------------------------------------------------------------------------------------


def test_an_exercise_becomes_a_solution_cell_and_a_locked_check(course):
    build(course)
    cells = {cell.id: cell for cell in notebook(course, "solutions").cells}

    assert cells["double"].metadata.nbgrader == {
        "grade_id": "double",
        "schema_version": 3,
        "solution": True,
        "grade": False,
        "locked": False,
        "task": False,
    }
    assert cells["check_double"].metadata.nbgrader == {
        "grade_id": "check_double",
        "schema_version": 3,
        "solution": False,
        "grade": True,
        "locked": True,
        "task": False,
        "points": 2,
    }
    assert cells["check_double"].source == "check(double)"
    assert cells["check_save"].source == "check((save, load))"


def test_a_question_is_graded_by_hand(course):
    build(course)
    (question,) = [cell for cell in notebook(course, "lessons").cells if cell.id == "why_double"]

    assert question.source == "Why?\n\n*Your answer here.*"
    assert question.metadata.nbgrader.grade
    assert question.metadata.nbgrader.solution
    assert question.metadata.nbgrader.points == 0


def test_a_lesson_has_the_stub_in_the_place_of_each_solution(course):
    build(course)
    (save,) = [cell for cell in notebook(course, "lessons").cells if cell.id == "save"]

    stub = "    raise NotImplementedError  # your code here"
    assert save.source == f"def save(path):\n{stub}\n\n\ndef load(path):\n{stub}"


ILL = {
    "a line": ("    return x + x\n    ### INSTEAD OF\n    # return x * x\n", "    return x * x"),
    "a block and an empty line": (
        "    return x + x\n    ### INSTEAD OF\n    #\n    # if x:\n    #     x = x - 1\n    # return x\n",
        "\n    if x:\n        x = x - 1\n    return x",
    ),
    "no line at all": ("    x = x + x\n    ### INSTEAD OF\n", None),
    "lines that are indented otherwise": (
        "    if x:\n        x = x + x\n        ### INSTEAD OF\n    # if x:\n    #     pass\n",
        "    if x:\n        pass",
    ),
}


@pytest.mark.parametrize("fault", ILL)
def test_a_lesson_has_the_fault_in_the_place_of_a_solution_that_names_one(course, fault):
    lines, expected = ILL[fault]
    source = course / "source" / "01_tiny.py"
    mended = f"    ### BEGIN SOLUTION\n{lines}    ### END SOLUTION\n    return x\n"
    given = TINY.index("    ### BEGIN SOLUTION"), TINY.index("# %% tags")
    source.write_text(f"{TINY[: given[0]]}{mended}\n{TINY[given[1] :]}", encoding="utf-8")
    build(course)
    (double,) = [cell for cell in notebook(course, "lessons").cells if cell.id == "double"]
    (solved,) = [cell for cell in notebook(course, "solutions").cells if cell.id == "double"]

    above = 'def double(x):\n    """Twice x."""\n'
    assert double.source == f"{above}{expected}\n    return x" if expected is not None else f"{above}    return x"
    assert double.metadata.nbgrader.checksum == compute_checksum(double)
    assert "### INSTEAD OF" in solved.source


def test_plain_cells_stay_free_and_tags_stay(course):
    build(course)
    plain = [cell for cell in notebook(course, "lessons").cells if cell.id.startswith("cell-")]

    assert [cell.metadata for cell in plain] == [{}, {}, {"tags": ["demo"]}, {}]


def test_a_prediction_comes_folded_because_its_source_tells_the_answer(course):
    source = course / "source" / "01_tiny.py"
    asks = '# %% tags=["prediction"]\npredict("1 + 1", "2", "3", answer=2)\n'
    source.write_text(source.read_text(encoding="utf-8") + asks, encoding="utf-8")
    build(course)

    for folder in building.GENERATED:
        folded = notebook(course, folder).cells[-1]
        assert folded.metadata == {"tags": ["prediction"], "jupyter": {"source_hidden": True}}
        assert folded.source.startswith("# Run this: it asks what the next cell will show.\npredict(")


def test_cells_of_the_same_text_have_different_ids_that_do_not_depend_on_other_cells(course):
    build(course)
    before = [cell.id for cell in notebook(course, "lessons").cells]
    source = course / "source" / "01_tiny.py"
    source.write_text(source.read_text(encoding="utf-8").replace("# # 1 · Doubling", "# # 1 · Twice"), encoding="utf-8")
    build(course)
    after = [cell.id for cell in notebook(course, "lessons").cells]

    assert len(set(before)) == len(before)
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_notebooks_have_no_outputs_and_end_in_a_newline(course):
    build(course)
    for content in generated(course).values():
        cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]

        assert content.endswith(b"}\n")
        assert [(cell["outputs"], cell["execution_count"]) for cell in cells] == [([], None)] * len(cells)


def test_a_notebook_that_is_up_to_date_is_left_alone(course):
    build(course)
    path = course / "lessons" / "01_tiny" / "01_tiny.ipynb"
    before = path.stat()
    build(course)

    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)


def test_nothing_of_the_course_but_the_two_folders_is_touched(course):
    build(course)

    assert sorted(path.name for path in course.iterdir()) == ["lessons", "nbgrader_config.py", "solutions", "source"]


def test_a_broken_source_leaves_the_notebooks_as_they_were(course):
    build(course)
    before = generated(course)
    (course / "source" / "02_more.py").write_text("# %%\nx = (\n", encoding="utf-8")
    with pytest.raises(SourceError):
        build(course)

    assert generated(course) == before


# --- lessons that have gone --------------------------------------------------------------------------------


def rename_lesson(course, monkeypatch):
    (course / "source" / "01_tiny.py").rename(course / "source" / "01_small.py")
    known = {name: SimpleNamespace(lesson="01_small") for name in ("double", "save")}
    monkeypatch.setattr(building, "EXERCISES", known)


def test_a_lesson_without_a_source_is_removed(course, monkeypatch):
    build(course)
    rename_lesson(course, monkeypatch)

    assert build(course) == ["01_small"]
    assert list(generated(course)) == ["solutions/01_small/01_small.ipynb", "lessons/01_small/01_small.ipynb"]


@pytest.mark.parametrize(
    ("folder", "name", "text", "holds"),
    [
        ("lessons", "notes.txt", "mine", "notes.txt"),
        ("solutions", "01_tiny.ipynb", '{"cells": [{"execution_count": 1}]}', "a 01_tiny.ipynb that somebody ran"),
    ],
)
def test_a_folder_with_something_that_no_build_made_is_never_removed(course, monkeypatch, folder, name, text, holds):
    build(course)
    (course / folder / "01_tiny" / name).write_text(text, encoding="utf-8")
    before = generated(course)
    rename_lesson(course, monkeypatch)
    with pytest.raises(BuildError) as caught:
        build(course)

    assert str(caught.value) == (
        f"{course / folder / '01_tiny'}: its source has gone, but it holds {holds}, which no build made.\n"
        "Move that somewhere else (a learner's own copies belong in work/), then build again."
    )
    assert generated(course) == before


# --- builds that are refused -------------------------------------------------------------------------------


def test_a_course_without_lessons_is_refused(course):
    (course / "source" / "01_tiny.py").unlink()
    with pytest.raises(BuildError, match=r"source: no lessons; expected files such as 07_layers\.py\.$"):
        build(course)


def test_a_solution_that_would_reach_the_lesson_is_refused(course):
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text().replace("raise NotImplementedError", "return path.read_text()"))
    with pytest.raises(BuildError) as caught:
        build(course)

    assert str(caught.value) == (
        "source/01_tiny.py:28: the solution's line `return path.read_text()` is in the released lesson."
    )


def test_what_nbgrader_refuses_is_said_in_its_words(course):
    source = course / "source" / "01_tiny.py"
    source.write_text(TINY + "\n# %%\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n", encoding="utf-8")
    with pytest.raises(BuildError) as caught:
        build(course)

    message = str(caught.value)
    assert message.startswith("nbgrader generate_assignment refused a notebook. It says:\n")
    assert "Hidden test region detected in a non-grade cell" in message
    assert message.endswith("Correct the lesson's source, then run `course build` again.")


GOOD = (
    '# %% exercise="double" points=2\ndef double(x):\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION\n'
)
ONLY_DOUBLE = {"double": KNOWN["double"], "triple": KNOWN["triple"]}
PAIR = "Every solution is one `### BEGIN SOLUTION`, its lines, and one `### END SOLUTION`, in one cell."
BROKEN = {
    "unknown exercise": (
        GOOD
        + '\n# %% exercise="duoble" points=1\ndef duoble(x):\n    ### BEGIN SOLUTION\n    x\n    ### END SOLUTION\n',
        'source/01_tiny.py:7: unknown exercise "duoble".\n  Did you mean double? '
        'A new one is an Exercise(name="duoble", ...) in autograder/exercises/tiny/duoble.py.',
    ),
    "unknown exercise without a likely name": (
        GOOD.replace("double", "xyzzy"),
        'source/01_tiny.py:1: unknown exercise "xyzzy".\n'
        '  A new one is an Exercise(name="xyzzy", ...) in autograder/exercises/tiny/xyzzy.py.',
    ),
    "exercise of another lesson": (
        GOOD.replace("double", "triple"),
        'source/01_tiny.py:1: the exercise "triple" belongs to lesson 02_more, not to 01_tiny.\n'
        "  Move the cell there, or give this exercise a name of its own in autograder/exercises.",
    ),
    "exercise without a cell": (
        "# %%\nx = 1\n",
        "source/01_tiny.py:1: no cell for double, which autograder/exercises has for lesson 01_tiny.\n"
        '  Add a cell `# %% exercise="NAME" points=N` for each, or remove it from autograder/exercises.',
    ),
    "two of one name": (
        GOOD + "\n" + GOOD,
        'source/01_tiny.py:7: "double" is the name of two exercises or questions; the first is at '
        "source/01_tiny.py:1.\n"
        "  Rename or remove one of them: a name is a grade_id, and a grade_id is given once.",
    ),
    "END missing": (
        GOOD.replace("    ### END SOLUTION\n", ""),
        f"source/01_tiny.py:3: ### BEGIN SOLUTION without an END SOLUTION below it in its cell.\n  {PAIR}",
    ),
    "BEGIN missing": (
        GOOD.replace("    ### BEGIN SOLUTION\n", ""),
        f"source/01_tiny.py:4: ### END SOLUTION without a BEGIN SOLUTION above it.\n  {PAIR}",
    ),
    "nested": (
        GOOD.replace("    return", "    ### BEGIN SOLUTION\n    return"),
        f"source/01_tiny.py:4: ### BEGIN SOLUTION inside a solution that began at line 3.\n  {PAIR}",
    ),
    "marker not alone": (
        GOOD.replace("### BEGIN SOLUTION", "#BEGIN SOLUTION here"),
        "source/01_tiny.py:3: `#BEGIN SOLUTION here` is not a marker.\n"
        "  Write `### BEGIN SOLUTION` or `### END SOLUTION` alone on its line.",
    ),
    "empty solution": (
        GOOD.replace("    return x + x\n", "\n"),
        "source/01_tiny.py:3: nothing between BEGIN SOLUTION and END SOLUTION.\n  Write the solution there.",
    ),
    "nothing but a fault": (
        GOOD.replace("    return x + x\n", "    ### INSTEAD OF\n    # return x * x\n"),
        "source/01_tiny.py:3: nothing between BEGIN SOLUTION and END SOLUTION.\n  Write the solution there.",
    ),
    "a fault that is no comment": (
        GOOD.replace("    return x + x\n", "    return x + x\n    ### INSTEAD OF\n    return x * x\n"),
        "source/01_tiny.py:5: the lines below ### INSTEAD OF are not all comments, or it is in no solution.\n"
        "  Between `### INSTEAD OF` and `### END SOLUTION`, write `# ` before each line that the learner is to find.",
    ),
    "a fault below the solution": (
        GOOD + "    ### INSTEAD OF\n    # return x * x\n",
        "source/01_tiny.py:6: the lines below ### INSTEAD OF are not all comments, or it is in no solution.\n"
        "  Between `### INSTEAD OF` and `### END SOLUTION`, write `# ` before each line that the learner is to find.",
    ),
    "a fault that is no Python": (
        GOOD.replace("    return x + x\n", "    return x + x\n    ### INSTEAD OF\n    # return (x\n"),
        "source/01_tiny.py:1: without its solution the cell is no valid Python ('(' was never closed).\n"
        "  Indent `### BEGIN SOLUTION` like the lines that it stands for, and leave the def line above it.",
    ),
    "no markers": (
        '# %% exercise="double" points=2\ndef double(x):\n    return x + x\n',
        "source/01_tiny.py:1: the exercise double has no solution markers; nbgrader would wipe the whole cell.\n"
        "  Put `### BEGIN SOLUTION` and `### END SOLUTION` around what the learner is to write.",
    ),
    "solution in a plain cell": (
        GOOD + "\n# %%\nx = 1\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION\n",
        "source/01_tiny.py:9: a solution in a cell that is no exercise and no question would be published.\n"
        '  Add exercise="NAME" points=N (or question=...) to its header, or remove the markers.',
    ),
    "no points": (
        GOOD.replace(" points=2", ""),
        "source/01_tiny.py:1: the exercise double has no points.\n  Add points=N to its header.",
    ),
    "points in quotes": (
        GOOD.replace("points=2", 'points="2"'),
        "source/01_tiny.py:1: the exercise double has points='2'.\n  Write a number above 0, without quotes: points=3.",
    ),
    "negative points": (
        GOOD + '\n# %% [markdown] question="why" points=-1\n# ### BEGIN SOLUTION\n# x\n# ### END SOLUTION\n',
        "source/01_tiny.py:7: the question why has points=-1.\n  Write a number from 0 up, without quotes: points=3.",
    ),
    "an exercise worth nothing": (
        GOOD.replace("points=2", "points=0"),
        "source/01_tiny.py:1: the exercise double has points=0.\n  Write a number above 0, without quotes: points=3.",
    ),
    "misspelt key": (
        GOOD.replace("exercise=", "excercise="),
        'source/01_tiny.py:1: unknown key "excercise" in the cell header.\n  Did you mean exercise?',
    ),
    "key without a meaning here": (
        "# %% points=3\nx = 1\n",
        'source/01_tiny.py:1: "points" has no meaning for this plain cell.\n  A header may have tags here.',
    ),
    "value without quotes": (
        GOOD.replace('"double"', "double"),
        "source/01_tiny.py:1: cannot read `exercise=double` in the cell header.\n"
        '  A header is `# %%` or `# %% [markdown]`, then key="text", key=number or tags=["demo"].',
    ),
    "tags as a text": (
        '# %% tags="demo"\nx = 1\n',
        "source/01_tiny.py:1: 'demo' is not of type 'array' in the cell header.\n"
        '  A header is `# %%` or `# %% [markdown]`, then key="text", key=number or tags=["demo"].',
    ),
    "raw cell": (
        "# %% [raw]\n# x\n",
        "source/01_tiny.py:1: a raw cell.\n  A lesson is made of code (`# %%`) and prose (`# %% [markdown]`).",
    ),
    "not a name": (
        GOOD.replace('"double"', '"double it"'),
        "source/01_tiny.py:1: exercise='double it' is not a name.\n  Write it as a Python name: exercise=\"softmax\".",
    ),
    "name of a check": (
        GOOD.replace("double", "check_double"),
        'source/01_tiny.py:1: "check_double" begins with check_.\n'
        "  Choose another: check_... is the name of a check's cell.",
    ),
    "exercise in prose": (
        '# %% [markdown] exercise="double" points=2\n# x\n',
        "source/01_tiny.py:1: the exercise double is a markdown cell.\n  Its header begins with `# %%`.",
    ),
    "question in code": (
        '# %% question="why" points=2\nx = 1\n',
        "source/01_tiny.py:1: the question why is a code cell.\n  Its header begins with `# %% [markdown]`.",
    ),
    "exercise tagged demo": (
        GOOD.replace("points=2", 'points=2 tags=["demo"]'),
        "source/01_tiny.py:1: the exercise double is tagged demo.\n  Remove the tag: grading skips demo cells.",
    ),
    "check is no text": (
        GOOD.replace("points=2", "points=2 check=3"),
        'source/01_tiny.py:1: check=3 is not a text.\n  Write check="NAME, NAME".',
    ),
    "check of something else": (
        GOOD.replace("points=2", 'points=2 check="load, double"'),
        'source/01_tiny.py:1: check="load, double" does not begin with double.\n  Begin it with double.',
    ),
    "another function defined": (
        GOOD.replace("def double", "def twice"),
        "source/01_tiny.py:1: the exercise's cell defines no function or class double for the learner to complete.\n"
        "  Write `def double(...):` or `class double` in this cell, above ### BEGIN SOLUTION.",
    ),
    "second function not defined": (
        GOOD.replace("points=2", 'points=2 check="double, halve"'),
        "source/01_tiny.py:1: the exercise's cell defines no function or class halve for the learner to complete.\n"
        "  Write `def halve(...):` or `class halve` in this cell, above ### BEGIN SOLUTION.",
    ),
    "def inside the solution": (
        '# %% exercise="double" points=2\n### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION\n',
        "source/01_tiny.py:1: the exercise's cell defines no function or class double for the learner to complete.\n"
        "  Write `def double(...):` or `class double` in this cell, above ### BEGIN SOLUTION.",
    ),
    "markers not indented": (
        GOOD.replace("    ###", "###"),
        "source/01_tiny.py:1: without its solution the cell is no valid Python (expected an indented block after "
        "function definition on line 1).\n"
        "  Indent `### BEGIN SOLUTION` like the lines that it stands for, and leave the def line above it.",
    ),
    "syntax error": (
        GOOD + "\n# %%\n\n\nx = 1\ny = (2\n",
        "source/01_tiny.py:11: '(' was never closed.\n  Correct the code of this cell.",
    ),
    "code above the first cell": (
        "# a comment\nimport math\n" + GOOD,
        "source/01_tiny.py:2: code above the first cell.\n  Put a cell header, `# %%`, above it.",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_source_is_refused_with_file_line_and_remedy(case, tmp_path):
    text, expected = BROKEN[case]
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_tiny.py").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_lessons(tmp_path / "source", ONLY_DOUBLE)

    assert str(caught.value) == expected


def test_one_name_in_two_lessons_is_refused(course):
    question = '# %% [markdown] question="why_double" points=0\n# ### BEGIN SOLUTION\n# x\n# ### END SOLUTION\n'
    (course / "source" / "03_again.py").write_text(question, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        build(course)

    assert str(caught.value).split("\n")[0] == (
        'source/03_again.py:1: "why_double" is the name of two exercises or questions; the first is at '
        "source/01_tiny.py:34."
    )


@pytest.mark.parametrize("name", ["tiny.py", "1_tiny.py", "01-tiny.py", "01_Tiny.py"])
def test_a_file_name_without_number_and_title_is_refused(name, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_lessons(tmp_path / "source", ONLY_DOUBLE)

    assert str(caught.value) == (
        f"source/{name}:1: {name} is not a lesson's file name.\n"
        "  Name it by number and title, such as 07_layers.py, or move it out of this folder."
    )


def test_a_cell_header_in_a_string_is_text(tmp_path):
    (tmp_path / "source").mkdir()
    inside = '# %%\ntext = """\n# %% points=3\n"""\n'
    (tmp_path / "source" / "01_tiny.py").write_text(inside + GOOD + "\n# %%\n)\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_lessons(tmp_path / "source", ONLY_DOUBLE)

    assert str(caught.value).split("\n")[0] == "source/01_tiny.py:12: unmatched ')'."


def test_magics_and_await_are_code_and_comments_stay_comments(tmp_path):
    (tmp_path / "source").mkdir()
    code = "%time x = 1\n!echo {x}\nawait f()\n# copy the weights"
    (tmp_path / "source" / "01_tiny.py").write_text(f"# %%\n{code}\n\n{GOOD}", encoding="utf-8")
    (lesson,) = read_lessons(tmp_path / "source", ONLY_DOUBLE)

    assert lesson.cells[0].text == code


def test_a_solution_without_markers_is_wiped_whole_however_it_ends():
    mark = {"grade_id": "double", "solution": True, "grade": False, "locked": False, "schema_version": 3}
    for source in ("x = 1", "x = 1\n", "\nx = 1\n\n"):
        cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": mark | {"task": False}})
        stub, _ = ClearOrSpoil().preprocess_cell(cell, {"language": "python"}, 0)

        assert "x = 1" not in stub.source
