"""A right answer earns its points wherever it was written: with other modules, another device, a newer Python."""

import contextlib
import json
import os
import platform
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.grading import trusted, workers
from autograder.grading.outcome import GRADED, WARNED
from autograder.grading.paper import Paper
from autograder.sandbox.client import Sandbox
from autograder.sandbox.errors import SandboxError
from autograder.sandbox.extras import extras_of, is_seen, places
from benchmarks.students import hand_in, new_course
from tests.support.attacked import SEED, graded, put_in, release, shown, solution, unexpected
from tests.support.classroom import LESSON

SOLVED = solution(LESSON)
ANSWERS = {cell.id: cell.source for cell in SOLVED.cells}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


def outputs_of(result, source):
    cells = nbformat.reads(result.notebook, as_version=4).cells
    return str([cell.outputs for cell in cells if cell.source == source])


# --- modules


def with_import(use="pass"):
    return put_in(SOLVED, [("softmax", f"import nowhere_pandas as pd\n{use}\n{ANSWERS['softmax']}")])


MISSING = "Code cell {n} imports nowhere_pandas, which the grader does not have. If an answer needs it: "
MISSING += "`course grade --with nowhere_pandas`."


def number_of(notebook, name):
    code = [cell.id for cell in notebook.cells if cell.cell_type == "code"]
    return code.index(name) + 1


def test_a_missing_module_that_is_not_used_costs_nothing_and_is_named_to_both(sandbox):
    notebook = with_import()

    result = graded(notebook, LESSON, sandbox)

    assert unexpected(result, {}) == {}
    assert (result.outcome, result.missing) == (WARNED, ("nowhere_pandas",))
    assert result.warnings == (MISSING.format(n=number_of(notebook, "softmax")),)
    assert "nowhere_pandas: the grader does not have it." in shown(result)


@pytest.mark.parametrize("use", ["frame = pd.DataFrame()", "@pd.traced\ndef traced(): pass"])
def test_an_answer_that_uses_a_missing_module_is_told_so(use, sandbox):
    result = graded(with_import(use), LESSON, sandbox)

    expected = ["error"], "this notebook imports nowhere_pandas, which the grader does not have"
    assert unexpected(result, {"softmax": expected}) == {}


def test_a_function_that_imports_a_missing_module_is_told_so(sandbox):
    source = "def softmax(x, dim):\n    import nowhere_pandas as pd\n    return pd.magic(x, dim)"
    notebook = put_in(SOLVED, [("softmax", source)])

    result = graded(notebook, LESSON, sandbox)

    expected = ["error"], "this notebook imports nowhere_pandas, which the grader does not have"
    assert unexpected(result, {"softmax": expected}) == {}
    assert result.warnings == (MISSING.format(n=number_of(notebook, "softmax")),)


def test_without_a_sandbox_it_is_the_same(monkeypatch):
    notebook = with_import()

    result = trusted.grade(Paper("ann", LESSON, nbformat.writes(notebook).encode(), release(LESSON), SEED))

    assert unexpected(result, {}) == {}
    assert result.warnings == (MISSING.format(n=number_of(notebook, "softmax")),)


# --- modules that the sandbox is given


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of packages that this process can import from, and the sandbox cannot see."""
    site = tmp_path / "site"
    files = {
        "nowhere_pandas/__init__.py": "import nowhere_dates\nfrom nowhere_numbers import TWO",
        "nowhere_dates.py": "",
        "nowhere_numbers/__init__.py": "TWO = 2",
        "nowhere_pandas.libs/needed.txt": "",
        "nowhere_pandas-1.0.dist-info/METADATA": (
            "Metadata-Version: 2.1\nName: nowhere-pandas\nVersion: 1.0\n"
            "Requires-Dist: nowhere.numbers>=1\nRequires-Dist: other-system; sys_platform == 'none'\n"
        ),
        "nowhere_pandas-1.0.dist-info/RECORD": (
            "nowhere_pandas/__init__.py,,\nnowhere_pandas.libs/needed.txt,,\nnowhere_dates.py,,\n../../bin/tool,,\n"
            "nowhere_pandas-1.0.dist-info/METADATA,,\n"
        ),
        "nowhere_numbers-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: nowhere_numbers\nVersion: 1.0\n",
        "nowhere_numbers-1.0.dist-info/RECORD": "nowhere_numbers/__init__.py,,\n",
        "secret/__init__.py": "",
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)  # for the processes that grade
    return site


def test_a_package_comes_with_what_it_needs_and_nothing_else(site):
    names = {place.name for place in places(["nowhere_pandas"])}

    assert names == {
        "nowhere_pandas",
        "nowhere_pandas.libs",
        "nowhere_dates.py",
        "nowhere_numbers",
        "nowhere_pandas-1.0.dist-info",
    }


def test_what_the_sandbox_sees_anyway_is_not_given_again(site):
    assert places(["torch", "json", "sys", "nbformat"]) == []
    assert (is_seen("torch"), is_seen("nowhere_pandas"), is_seen("nowhere_at_all")) == (True, False, False)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere_at_all", r"there is no such module here\. Install it .* -m pip install nowhere_at_all"),
        ("scikit-learn", "expected the name of a module, as it is imported"),
        ("autograder", "that is the grader's own, and no notebook may see it"),
    ],
)
def test_a_module_that_cannot_be_given_is_refused(name, says):
    with pytest.raises(SandboxError, match=says):
        places([name])


def test_pyproject_names_modules_too(tmp_path):
    assert extras_of(tmp_path) == ()

    (tmp_path / "pyproject.toml").write_text('[tool.course]\nwith = ["pandas"]')
    assert extras_of(tmp_path) == ("pandas",)


@pytest.mark.parametrize("text", ['[tool.course]\nwith = "pandas"', "[tool.course]\nwith = [3]", "[tool"])
def test_what_is_no_list_of_names_in_pyproject_is_said(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(SandboxError, match=r"pyproject\.toml"):
        extras_of(tmp_path)


def test_what_is_given_later_is_graded_anew_and_nothing_else_is(site, tmp_path, monkeypatch):
    course = new_course(tmp_path / "course")
    needs = with_import("assert pd.TWO == 2")
    hand_in(course, {name: nbformat.writes(n).encode() for name, n in {"ann": needs, "bob": SOLVED}.items()})
    given = []
    with ThreadPoolExecutor(1) as thread, contextlib.chdir(course):

        class Lent:
            def submit(self, do, paper):
                given.append(paper.student)
                return thread.submit(do, paper)

            def shutdown(self, **_):
                pass

        monkeypatch.setattr(workers, "local", lambda jobs: Lent())
        first = CliRunner().invoke(app, ["grade", LESSON, "--json", "first.json"])
        then = CliRunner().invoke(app, ["grade", LESSON, "--json", "then.json", "--with", "nowhere_pandas"])
        refused = CliRunner().invoke(app, ["grade", LESSON, "--with", "nowhere_at_all"])
        assert (first.exit_code, then.exit_code) == (1, 0), first.output + then.output
        earned = [
            {result["student"]: (result["score"], result["outcome"]) for result in json.loads(path.read_text())}
            for path in (course / "first.json", course / "then.json")
        ]

    assert earned == [{"ann": (11, WARNED), "bob": (14, GRADED)}, {"ann": (14, GRADED), "bob": (14, GRADED)}]
    assert given == ["ann", "bob", "ann"]
    assert [first.exit_code, then.exit_code, refused.exit_code] == [1, 0, 2]
    assert "there is no such module here" in refused.stderr


# --- devices, and what is compiled


def test_right_answers_are_not_compiled_and_that_is_said(sandbox):
    compiled = {name: f"import torch\n@torch.compile\n{ANSWERS[name]}" for name in ("softmax", "layer_norm")}
    compiled["gelu"] = f"{ANSWERS['gelu']}\ngelu = torch.compile(gelu, mode='max-autotune')"

    result = graded(put_in(SOLVED, [*compiled.items()]), LESSON, sandbox)

    assert unexpected(result, {}) == {}
    assert result.warnings == ()
    assert "torch.compile is left out where notebooks are graded" in outputs_of(result, compiled["softmax"])


def test_a_default_device_that_is_not_there_is_the_cpu_and_that_is_said(sandbox):
    first = "import torch\ntorch.set_default_device('cuda')\nSCALE = torch.tensor(1.0)"
    scaled = "def linear(x, weight, bias):\n    return x @ weight.T * SCALE + bias"

    result = graded(put_in(SOLVED, [("first", first), ("linear", scaled)]), LESSON, sandbox)

    assert unexpected(result, {}) == {}
    assert "cuda: the grader does not have such a device" in outputs_of(result, first)


# --- syntax of a newer Python


def written_with(version, source):
    notebook = put_in(SOLVED, [("softmax", source)])
    notebook.metadata["language_info"] = {"name": "python", "version": version}
    return notebook


NEWER = "def softmax(x, dim) ==> torch.Tensor:\n    pass"


def test_syntax_of_a_newer_python_is_told_with_both_versions(sandbox):
    notebook = written_with("3.99.1", NEWER)

    result = graded(notebook, LESSON, sandbox)

    both = f"was written with Python 3.99.1; the grader has {platform.python_version()}"
    assert unexpected(result, {"softmax": (["error"], both)}) == {}
    assert result.warnings == (
        f"Code cell {number_of(notebook, 'softmax')} {both}, which cannot read it. Is its syntax newer?",
    )


@pytest.mark.parametrize("version", [platform.python_version(), "2.7", "of no kind", 3])
def test_a_syntax_error_of_the_same_python_is_only_that(version, sandbox):
    result = graded(written_with(version, NEWER), LESSON, sandbox)

    assert result.warnings == ()
    assert result.exercises["softmax"].message.startswith("softmax: its cell raised SyntaxError in its line 1")
    assert "was written with" not in result.exercises["softmax"].message
