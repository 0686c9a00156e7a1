"""`course check`: what a notebook's exercises came to, for people and for programs."""

import dataclasses
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.desk import checking as report
from autograder.desk.checking import Checked, Outcome, check_paths, run_notebook
from autograder.exercises import EXERCISES
from autograder.notebooks.plan import NoExercises, Unreadable, read_plan
from autograder.sandbox.errors import SandboxLost
from autograder.syntax import tampering
from tests.support import ROOT

LESSON = "07_layers"
NAMES = [name for name, exercise in EXERCISES.items() if exercise.lesson == LESSON]
SOLUTION = ROOT / "solutions" / LESSON / f"{LESSON}.ipynb"


def graded(name, source, **metadata):
    """The exercise's own cell, as a learner left it."""
    meta = {"schema_version": 3, "grade_id": name, "grade": False, "solution": True, "locked": False}
    return new_code_cell(source, metadata={"nbgrader": {**meta, **metadata}})


def check(name, points=1):
    meta = {"grade": True, "solution": False, "locked": True, "points": points}
    return graded(f"check_{name}", f"check({name})", **meta)


def demo(source):
    return new_code_cell(source, metadata={"tags": ["demo"]})


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


IMPORTS = "import math, sys\nimport torch\nfrom course_utils import check"
RIGHT = {
    "linear": "def linear(x, weight, bias):\n    return x @ weight.T + bias",
    "gelu": "def gelu(x):\n    return x * (1 + torch.erf(x / math.sqrt(2))) / 2",
}
WRONG_SOFTMAX = "def softmax(x, dim):\n    e = (x - x.max()).exp()\n    return e / e.sum()"


def tiny(path):
    """A notebook with a right, a wrong and an untouched exercise; the other four are not there."""
    return write(
        path,
        new_code_cell(IMPORTS),
        graded("linear", RIGHT["linear"]),
        check("linear", 2),
        graded("softmax", WRONG_SOFTMAX),
        check("softmax", 3),
        graded("gelu", "def gelu(x):\n    raise NotImplementedError  # your code here"),
        check("gelu"),
    )


# --- planning ----------------------------------------------------------------------------------------------


def places(plan):
    return {task.exercise: (task.names, task.points, task.after) for task in plan.tasks}


def test_an_exercise_is_judged_at_its_check_cell(tmp_path):
    plan = read_plan(tiny(tmp_path / "mine.ipynb"), EXERCISES)

    assert plan.lesson == LESSON
    assert sorted(places(plan)) == NAMES
    assert places(plan)["linear"] == (("linear",), 2, 2)
    assert places(plan)["softmax"] == (("softmax",), 3, 4)


def test_an_exercise_without_its_check_cell_is_judged_at_the_end(tmp_path):
    cells = [graded("linear", RIGHT["linear"]), new_code_cell("check(linear)  or print()"), new_code_cell("x = 1")]
    plan = read_plan(write(tmp_path / "mine.ipynb", *cells), EXERCISES)

    assert places(plan)["linear"] == (("linear",), None, 2)
    assert plan.cells[1].source == "check(linear)  or print()"


def test_of_two_copies_of_a_check_the_last_counts(tmp_path):
    cells = [check("linear"), graded("linear", RIGHT["linear"]), check("linear"), new_code_cell("x = 1")]
    plan = read_plan(write(tmp_path / "mine.ipynb", *cells), EXERCISES)

    assert places(plan)["linear"] == (("linear",), 1, 2)


def test_checks_and_demos_are_not_run(tmp_path):
    cells = [graded("linear", RIGHT["linear"]), check("linear"), demo("plot()"), new_code_cell("x = 1")]
    plan = read_plan(write(tmp_path / "mine.ipynb", *cells), EXERCISES)

    assert [cell.source for cell in plan.cells] == [RIGHT["linear"], "", "", "x = 1"]


@pytest.mark.parametrize(
    ("cell", "after"), [("check((linear, gelu))", 1), ("check(linear)", 1), ("x = 1", 2)], ids=["pair", "one", "none"]
)
def test_two_functions_of_one_exercise_are_judged_together_whatever_its_check_cell_says(tmp_path, cell, after):
    cells = [graded("linear", RIGHT["linear"]), new_code_cell(cell), new_code_cell("x = 1")]
    exercises = EXERCISES | {"linear": dataclasses.replace(EXERCISES["linear"], partners=("gelu",))}
    plan = read_plan(write(tmp_path / "mine.ipynb", *cells), exercises)

    assert places(plan)["linear"] == (("linear", "gelu"), None, after)


@pytest.mark.parametrize(
    ("file_name", "cell"),
    [
        ("mine.ipynb", graded("linear", "x = (")),
        (f"{LESSON}.ipynb", new_code_cell("x = 1")),
        ("mine.ipynb", new_code_cell("def linear(x, weight, bias):\n    return x")),
    ],
    ids=["by a graded cell", "by the file's name", "by what is defined"],
)
def test_the_lesson_is_found(tmp_path, file_name, cell):
    assert read_plan(write(tmp_path / file_name, cell), EXERCISES).lesson == LESSON


def test_a_notebook_of_no_lesson_is_said_to_be_one(tmp_path):
    lessons = ", ".join(sorted({exercise.lesson for exercise in EXERCISES.values()}))
    with pytest.raises(NoExercises) as caught:
        read_plan(write(tmp_path / "mine.ipynb", new_code_cell("x = 1")), EXERCISES)

    assert str(caught.value) == (
        f"a notebook without an exercise in it; expected a lesson's notebook ({lessons}). "
        "Is it the right file? Your own copies of the lessons are in work/."
    )


@pytest.mark.parametrize("content", ["", "not JSON", "[]", "{}", '{"cells": 3}', '{"nbformat": 4, "cells": [1]}'])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "mine.ipynb"
    path.write_text(content)
    with pytest.raises(Unreadable) as caught:
        read_plan(path, EXERCISES)

    assert caught.value.came.startswith("a file that is no notebook (")
    assert caught.value.expected == "a Jupyter notebook (.ipynb, JSON)"
    assert caught.value.remedy == "Take a fresh copy of the lesson."


# --- running -----------------------------------------------------------------------------------------------

LIVELY = """\
%matplotlib inline
import asyncio, os
import matplotlib.pyplot as plt
import beside
plt.plot([1, 2])
plt.show()
await asyncio.sleep(0)
print("to stdout")
print("to stderr", file=sys.stderr)
os.write(1, b"to the file descriptor")
!echo from a shell > shell.txt
"""


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    """A notebook that does much of what notebooks do, and how its exercises came out."""
    folder = tmp_path_factory.mktemp("lively")
    (folder / "beside.py").write_text("here = True\n")
    path = write(
        folder / "mine.ipynb",
        new_code_cell(IMPORTS),
        new_code_cell(LIVELY),
        new_code_cell("input('a question that nobody answers')"),
        new_code_cell("open('later.txt', 'w').write(f'{beside.here} {get_ipython() is not None}')"),
        demo("open('demo.txt', 'w')"),
        graded("linear", "def linear(x, weight, bias:\n    return x"),
        check("linear"),
        graded("gelu", "undefined\n" + RIGHT["gelu"]),
        check("gelu"),
        graded("softmax", WRONG_SOFTMAX),
        graded("cross_entropy", "def cross_entropy(logits, labels):\n    sys.exit(3)"),
        check("cross_entropy"),
        graded("layer_norm", "layer_norm = 3"),
        graded("dropout", "def dropout(x, p, training, generator):\n    raise NotImplementedError"),
        new_code_cell("def softmax(x, dim):\n    return torch.exp(x - torch.logsumexp(x, dim, keepdim=True))"),
    )
    return folder, {outcome.exercise: outcome for outcome in run_notebook(path).outcomes}


def test_magics_await_plots_and_shell_commands_run_in_the_notebooks_folder(lively):
    folder, _ = lively

    assert (folder / "shell.txt").read_text() == "from a shell\n"
    assert (folder / "later.txt").read_text() == "True True"


def test_a_demo_is_skipped_and_nothing_else_is_left_in_the_folder(lively):
    folder, _ = lively

    assert sorted(path.name for path in folder.iterdir() if path.name != "__pycache__") == [
        "beside.py",
        "later.txt",
        "mine.ipynb",
        "shell.txt",
    ]


def test_each_exercise_comes_to_its_own_outcome(lively):
    _, outcomes = lively

    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "linear": "error",
        "gelu": "error",
        "softmax": "passed",
        "cross_entropy": "error",
        "embedding": "not attempted",
        "layer_norm": "error",
        "dropout": "not attempted",
    }


def test_a_cell_that_could_not_define_its_exercise_is_the_reason(lively):
    _, outcomes = lively

    assert outcomes["linear"].message == "linear: its cell raised SyntaxError in its line 1: '(' was never closed."
    assert outcomes["gelu"].message == "gelu: its cell raised NameError: name 'undefined' is not defined."


def test_an_exercise_that_is_not_there_was_not_attempted(lively):
    _, outcomes = lively

    assert outcomes["embedding"].message == "embedding: this notebook defines no embedding."


def test_a_crash_an_exit_or_an_endless_loop_costs_its_exercise_alone(tmp_path, monkeypatch):
    path = write(
        tmp_path / "mine.ipynb",
        new_code_cell(IMPORTS),
        graded("cross_entropy", "def cross_entropy(logits, labels):\n    while True:\n        pass"),
        check("cross_entropy"),
        graded("softmax", "import os\nos._exit(5)"),
        check("softmax"),
        graded("embedding", "import ctypes\ndef embedding(weight, ids):\n    ctypes.string_at(0)"),
        check("embedding"),
        graded("linear", RIGHT["linear"]),
        check("linear", 2),
        graded("gelu", RIGHT["gelu"]),
        check("gelu", 1),
    )
    monkeypatch.setattr(tampering, "found", lambda sources: {})
    outcomes = {outcome.exercise: outcome for outcome in run_notebook(path).outcomes}

    assert [(outcomes[name].status, outcomes[name].points) for name in RIGHT] == [("passed", 2), ("passed", 1)]
    assert outcomes["softmax"].message == "softmax: its cell ended the whole process."
    assert outcomes["cross_entropy"].message.startswith("cross_entropy: it did not finish in time (10 s for one call, ")
    assert outcomes["embedding"].message.startswith("embedding: its process ended while it was called.")


def test_a_process_that_cannot_start_is_said_in_its_own_words(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no torch today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(SandboxLost, match="did not start") as error:
        run_notebook(tiny(tmp_path / "mine.ipynb"))

    assert "no torch today" in str(error.value)


# --- reporting ---------------------------------------------------------------------------------------------


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")


def test_a_table_says_what_each_exercise_came_to(monkeypatch, wide, capfd):
    outcomes = (
        Outcome("linear", 2, "passed", "linear: passed 48 calls."),
        Outcome("softmax", 3, "wrong", "softmax: the rows sum to [1.5, 1.5].\n  Which axis did you sum over?", "dim"),
        Outcome("gelu", None, "not attempted", "gelu: not attempted yet."),
    )
    monkeypatch.setattr(report, "run_notebook", lambda path: Checked(LESSON, outcomes))
    code = check_paths([SOLUTION])
    lines = [line.replace("│", "").split() for line in capfd.readouterr().out.splitlines()]

    assert code == 1
    assert [" ".join(line) for line in lines[4:8]] == [
        "linear 2 passed",
        "softmax 3 wrong the rows sum to [1.5, 1.5].",
        "Which axis did you sum over?",
        "gelu not attempted not attempted yet.",
    ]
    assert lines[-1] == ["1", "of", "3", "exercises", "passed."]


def test_a_table_says_which_part_of_the_points_was_earned_and_what_more_takes(monkeypatch, wide, capfd):
    message = "design_classifier: passed with 2 of 4 points: reads 0.955. 0.97 earns 3."
    outcomes = (Outcome("design_classifier", 4, "passed", message, partly=0.5),)
    monkeypatch.setattr(report, "run_notebook", lambda path: Checked(LESSON, outcomes))
    code = check_paths([SOLUTION])
    said = " ".join(capfd.readouterr().out.replace("│", "").split())

    assert code == 0
    assert "design_classifier 2 of 4 passed passed with 2 of 4 points: reads 0.955. 0.97 earns 3." in said


def test_json_is_all_that_stdout_has(tmp_path, capfd):
    path = tiny(tmp_path / "mine.ipynb")
    code = check_paths([path], json=True)
    said = capfd.readouterr()
    printed = json.loads(said.out)
    (notebook,) = printed["notebooks"]
    exercises = {entry["exercise"]: entry for entry in notebook["exercises"]}

    assert said.err == ""
    assert (code, printed["exit_code"]) == (1, 1)
    assert (notebook["path"], notebook["lesson"], notebook["unreadable"]) == (str(path), LESSON, None)
    assert sorted(exercises) == NAMES
    assert {name: (entry["points"], entry["status"]) for name, entry in exercises.items() if entry["points"]} == {
        "linear": (2, "passed"),
        "gelu": (1, "not attempted"),
        "softmax": (3, "wrong"),
    }
    assert exercises["softmax"].keys() == {"exercise", "points", "status", "message", "mistake"}
    assert exercises["softmax"]["mistake"] == "one sum over everything"


def test_a_solved_lesson_passes_and_is_left_as_it_was(capfd):
    before = SOLUTION.read_bytes()

    assert check_paths([SOLUTION]) == 0
    assert f"{len(NAMES)} of {len(NAMES)} exercises passed." in capfd.readouterr().out
    assert SOLUTION.read_bytes() == before


def test_what_cannot_be_read_is_told_across_the_processes(tmp_path):
    scribbles = write(tmp_path / "scribbles.ipynb", new_code_cell("x = 1"))
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")

    with pytest.raises(NoExercises, match=r"^a notebook without an exercise in it; expected a lesson's notebook"):
        run_notebook(scribbles)
    with pytest.raises(Unreadable, match=r"^a file that is no notebook "):
        run_notebook(broken)


def read_only(path):
    """In the place of `run_notebook`, where it is enough to read."""
    return Checked(read_plan(path, EXERCISES).lesson, (Outcome("linear", 1, "wrong", "linear: no."),))


def test_a_folder_means_its_lessons_and_the_worst_exit_code_wins(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(report, "run_notebook", read_only)
    tiny(tmp_path / "mine.ipynb")
    scribbles = write(tmp_path / "scribbles.ipynb", new_code_cell("x = 1"))
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    tiny(tmp_path / ".ipynb_checkpoints" / "mine-checkpoint.ipynb")
    code = check_paths([tmp_path / "no such.ipynb", tmp_path, scribbles], json=True)
    reports = [
        (Path(entry["path"]).name, (entry["unreadable"] or {}).get("came", "").split(" (")[0])
        for entry in json.loads(capfd.readouterr().out)["notebooks"]
    ]

    assert code == 2
    assert reports == [
        ("no such.ipynb", "no such file"),
        ("broken.ipynb", "a file that is no notebook"),
        ("mine.ipynb", ""),
        ("scribbles.ipynb", "a notebook without an exercise in it"),
    ]


def test_a_folder_with_scribbles_alone_is_said_to_have_no_lessons(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(report, "run_notebook", read_only)
    write(tmp_path / "scribbles.ipynb", new_code_cell("x = 1"))
    code = check_paths([tmp_path], json=True)
    (entry,) = json.loads(capfd.readouterr().out)["notebooks"]

    assert code == 2
    assert entry["path"] == str(tmp_path)
    assert entry["unreadable"]["came"] == "a folder whose notebooks have no exercises in them"


def test_a_path_that_is_not_there_is_said_with_what_to_do(tmp_path, wide, capfd):
    code = check_paths([tmp_path / "nothing.ipynb"])

    assert code == 2
    assert [line.strip() for line in capfd.readouterr().out.splitlines()][-3:] == [
        "came:       no such file",
        "expected:   a notebook (.ipynb), or a folder with notebooks",
        "what to do: Look at the path; your own copies of the lessons are in work/.",
    ]


def test_a_folder_without_notebooks_is_said_with_what_to_do(tmp_path, wide, capfd):
    code = check_paths([tmp_path])

    assert code == 2
    assert [line.strip() for line in capfd.readouterr().out.splitlines()][-3:] == [
        "came:       a folder without notebooks",
        "expected:   a folder with lessons' notebooks",
        "what to do: Your own copies of the lessons are in work/; try `course check work`.",
    ]


# --- saved elsewhere ---------------------------------------------------------------------------------------


def _windows(text):
    """As an editor on Windows saves: line ends of its own, in the file and in the cells."""
    return text.replace("\n", "\r\n").replace("\\n", "\\r\\n").encode()


def _without_ids(text):
    """As older editors save: nbformat 4.4, whose cells have no ids, and sources as single texts."""
    notebook = json.loads(text)
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
        cell["source"] = "".join(cell["source"])
    return json.dumps(notebook).encode()


def _by_vs_code(text):
    """As VS Code saves: a language id in each cell, metadata of its own, one space of indent."""
    notebook = json.loads(text)
    notebook["metadata"] = {"language_info": {"name": "python", "version": "3.13.0", "codemirror_mode": "x"}}
    for cell in notebook["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}
    return json.dumps(notebook, indent=1).encode()


def _newer(text):
    notebook = json.loads(text)
    notebook["nbformat_minor"] = 7
    notebook["metadata"]["something_new"] = {"a": [1]}
    return json.dumps(notebook).encode()


def _windows_with_bom(text):
    return _windows(text).decode().encode("utf-8-sig")


@pytest.mark.parametrize(
    "save",
    [
        _windows,
        _without_ids,
        _by_vs_code,
        _newer,
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        _windows_with_bom,
    ],
    ids=["windows", "without ids", "vs code", "newer nbformat", "bom", "utf-16", "windows with bom"],
)
def test_a_lesson_that_another_editor_saved_is_read_like_any_other(tmp_path, save):
    path = tiny(tmp_path / "mine.ipynb")
    expected = read_plan(path, EXERCISES)
    path.write_bytes(save(path.read_text(encoding="utf-8")))

    assert read_plan(path, EXERCISES) == expected


def test_a_lesson_that_windows_saved_is_checked_like_any_other(tmp_path):
    path = tiny(tmp_path / "mine.ipynb")
    path.write_bytes(_windows_with_bom(path.read_text(encoding="utf-8")))

    statuses = {outcome.exercise: outcome.status for outcome in run_notebook(path).outcomes}
    assert (statuses["linear"], statuses["gelu"], statuses["softmax"]) == ("passed", "not attempted", "wrong")
