"""The set-up: versions, Makefile, ignored files, and what README and CONTRIBUTING promise."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [canonicalize_name(name) for name in PROJECT["dependencies"]]
EXTRAS = {
    extra: [canonicalize_name(name) for name in names] for extra, names in PROJECT["optional-dependencies"].items()
}
DEV = EXTRAS["dev"]
SITE = EXTRAS["site"]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PAGES = ["README.md", "CONTRIBUTING.md", "docs/learning.md", "docs/grading.md"]
DOCS = {*PAGES, *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md"))}


# --- versions


def test_every_dependency_is_a_bare_name_that_constraints_pin():
    assert {canonicalize_name(pin.name) for pin in PINS} >= {*NEEDED, *DEV, *SITE}


def test_every_version_is_pinned_once_and_exactly():
    for python in ("3.11.2", "3.12.0", "3.13.0", "3.14.0"):
        here = default_environment() | {"python_full_version": python}
        names = [pin.name for pin in PINS if pin.marker is None or pin.marker.evaluate(here)]

        assert sorted(set(names)) == sorted(names)
    assert [str(pin) for pin in PINS if not re.fullmatch(r"==[\d.]+(b\d+)?", str(pin.specifier))] == []


@pytest.mark.parametrize(
    ("code", "costly"),
    [
        ("import nbformat", {"lark", "rfc3987_syntax"}),  # builds a grammar, for three seconds
        ("from course_utils.standing import read_standing", {"torch"}),
        ("import autograder.cli", {"torch", "nbgrader", "nbformat"}),
        ("import autograder.grading.classroom", {"torch"}),
        ("import autograder.grading.examiner, autograder.sandbox.launch", {"torch", "nbgrader"}),
        ("import autograder.grading.grade, autograder.sandbox.proof", {"nbgrader", "sympy", "torch._dynamo"}),
        (
            "import torch; from course_utils.probes import gradients; x = torch.ones(2, requires_grad=True);"
            "gradients(x * 2, {'x': x})",
            {"sympy"},
        ),
        (
            "from autograder.judge import judge; judge('linear', lambda x, weight, bias: x @ weight.T)",  # no bias
            {"torch._dynamo"},
        ),
    ],
)
def test_nothing_costly_is_imported_where_it_is_not_needed(code, costly):
    code = f"import sys; {code}; print(sorted({costly!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert run.stdout == "[]\n"


def test_pytorch_is_the_promised_version():
    assert [str(pin.specifier) for pin in PINS if pin.name == "torch"] == ["==2.13.0"]


def test_what_is_installed_is_what_is_pinned():
    pinned = {canonicalize_name(pin.name): pin.specifier for pin in PINS if not pin.marker or pin.marker.evaluate()}
    # what torch needs for CUDA it pins itself
    installed = {
        name: metadata.version(name) for name in _closure([*NEEDED, *DEV]) if not re.match("nvidia-|cuda-|triton", name)
    }

    assert {
        name: version
        for name, version in installed.items()
        if name not in pinned or Version(version).public not in pinned[name]
    } == {}


def _closure(names):
    """The names of the installed distributions that ``names`` need, themselves included."""
    found, todo = set(), list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name not in found:
            found.add(name)
            needs = map(Requirement, metadata.requires(name) or [])
            todo += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return found


def test_conda_users_get_the_versions_of_constraints():
    *conda, pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]

    assert pip == {"pip": ["--constraint constraints.txt", "--editable ."]}
    assert [re.match(r"\w+", line).group() for line in conda] == ["python", "pip"]
    assert conda[0].split("=")[1] in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.parametrize(
    ("files", "declared"),
    [
        (
            ("autograder/**/*.py", "course_utils/**/*.py", "source/*.py", "nbgrader_config.py"),
            [*NEEDED, *EXTRAS["cluster"]],
        ),
        (("tests/**/*.py", "benchmarks/*.py"), [*NEEDED, *DEV]),
    ],
    ids=["course", "tests"],
)
def test_every_import_is_a_declared_dependency(files, declared):
    ours = {path.stem for path in ROOT.iterdir()}
    packages = metadata.packages_distributions()
    imported = {
        module
        for pattern in files
        for path in ROOT.glob(pattern)
        for module in _imports(path)
        if module not in sys.stdlib_module_names and module not in ours
    }
    undeclared = {
        module
        for module in imported
        if not {canonicalize_name(name) for name in packages.get(module, [])} & set(declared)
    }

    assert imported
    assert set() == undeclared


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


# --- pages


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_make_targets_that_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|  )make ([a-z-]+)", (ROOT / page).read_text(), re.MULTILINE))

    assert named
    assert named <= targets


@pytest.mark.parametrize("page", sorted(DOCS))
def test_every_link_to_a_file_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text())

    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_readme_links_every_lesson_that_is_ready():
    readme = (ROOT / "README.md").read_text()
    ready = [path.name for path in (ROOT / "lessons").iterdir() if path.is_dir()]

    assert ready
    assert [name for name in ready if f"(lessons/{name}/{name}.ipynb)" not in readme] == []


def test_help_names_every_make_target():
    help_text = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert re.findall("^make ([a-z-]+)", help_text, re.MULTILINE) == [name for name in targets if name != "help"]


def test_make_test_all_runs_each_test_once():
    lines = subprocess.run(["make", "-n", "test-all"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    runs = [shlex.split(line.split("pytest ")[1]) for line in lines if "-m pytest" in line]
    check, *rest = ([option for option in run if "tests/" in option] for run in runs)
    marked = [run[run.index("-m") + 1] for run in runs if "-m" in run]

    assert rest == [[f"--ignore={path}" for path in check]] * 2 + [["tests/browser"], ["tests/site"]]
    assert marked == ["not slow", "slow"]
    assert [path for path in check if not (ROOT / path).is_file()] == []


# --- what git ignores


def test_git_ignores_what_is_made_and_nothing_that_is_written(tmp_path):
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    made = [
        "work/07_layers/07_layers.ipynb",
        ".venv/bin/python",
        "autograder/submitted/ada/07_layers/07_layers.ipynb",
        "autograder/autograded/ada/07_layers/07_layers.ipynb",
        "autograder/feedback/ada/07_layers/07_layers.html",
        "autograder/gradebook.db",
        "pytorch_course.egg-info/PKG-INFO",
        "lessons/07_layers/.ipynb_checkpoints/07_layers-checkpoint.ipynb",
        "tests/__pycache__/test_infra.pyc",
    ]
    written = [
        "source/07_layers.py",
        "solutions/07_layers/07_layers.ipynb",
        "lessons/07_layers/07_layers.ipynb",
        "autograder/authoring/build.py",
        ".ci/run",
    ]
    ignored = subprocess.run(
        ["git", "check-ignore", *made, *written], cwd=tmp_path, capture_output=True, text=True
    ).stdout.splitlines()

    assert made == ignored


# --- the Makefile, with a stand-in for Python that only writes down how pip was called

FAKE_PYTHON = """#!/bin/sh
case "$*" in
"-m venv --clear .venv")
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python
    echo "command = $(pwd -P)/.venv" > .venv/pyvenv.cfg
    echo venv >> calls ;;
"-m pip install"*)
    echo pip >> calls
    exit "$(cat pip-exits-with 2>/dev/null || echo 0)" ;;
--version)
    echo Python 3.12.0 ;;
esac
"""
SET_UP = ["venv", "pip", "pip"]  # torch and what it is built with, then the rest


@pytest.fixture
def folder(tmp_path):
    """A folder, its name with a space, with what the set-up reads and a stand-in for Python."""
    folder = tmp_path / "my course"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "autograder/grading/jupyter", folder / "autograder/grading/jupyter")
    _script(folder / "fake-python", FAKE_PYTHON)
    return folder


def _script(path, text):
    path.write_text(text)
    path.chmod(0o755)


def _make(folder, target="setup", python="./fake-python"):
    return subprocess.run(
        ["make", "--no-print-directory", target, f"PYTHON={python}"],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def _calls(folder):
    log = folder / "calls"
    calls = log.read_text().split() if log.exists() else []
    log.unlink(missing_ok=True)
    return calls


def test_setup_says_what_it_does_and_the_second_time_has_nothing_to_do(folder):
    first = _make(folder)

    assert first.returncode == 0
    assert [line.split()[0] for line in first.stdout.splitlines()] == ["[1/3]", "[2/3]", "[3/3]", "Ready."]
    assert _calls(folder) == SET_UP

    assert _make(folder).returncode == 0
    assert _calls(folder) == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_setup_runs_again_in_the_same_environment_when_a_version_changes(folder, name):
    _make(folder)
    _calls(folder)
    later = (folder / ".venv/desk-is-ready").stat().st_mtime + 2
    os.utime(folder / name, (later, later))

    assert _make(folder).returncode == 0
    assert _calls(folder) == ["pip", "pip"]


def test_a_set_up_that_was_interrupted_goes_on(folder):
    (folder / "pip-exits-with").write_text("130")
    stopped = _make(folder)

    assert stopped.returncode == 2
    assert "The same command again goes on from here." in stopped.stderr
    assert _calls(folder) == ["venv", "pip"]

    (folder / "pip-exits-with").unlink()

    assert _make(folder).returncode == 0
    assert _calls(folder) == ["pip", "pip"]


def test_an_environment_that_was_moved_is_made_anew(folder):
    _make(folder)
    moved = folder.rename(folder.with_name("elsewhere"))
    _calls(moved)
    again = _make(moved)

    assert ".venv is incomplete, or was made in another folder; it is made anew." in again.stdout
    assert _calls(moved) == SET_UP


def test_an_environment_whose_python_has_gone_is_made_anew(folder):
    _make(folder)
    _calls(folder)
    (folder / ".venv/bin/python").unlink()

    assert _make(folder).returncode == 0
    assert _calls(folder) == SET_UP


def test_without_a_python_that_fits_make_says_which_it_tried(folder):
    _script(folder / "old-python", "#!/bin/sh\nexit 1\n")
    failed = _make(folder, python="./old-python no-such-python")

    assert failed.returncode == 2
    assert "needs Python 3.11, 3.12, 3.13 or 3.14. Tried: ./old-python no-such-python" in failed.stderr
    assert "make setup PYTHON=/path/to/python3" in failed.stderr


def test_without_the_venv_module_make_names_the_debian_package(folder):
    bare = "import sys; sys.modules['ensurepip'] = None; exec(sys.argv[1])"
    _script(folder / "bare-python", f'#!/bin/sh\nexec "{sys.executable}" -c "{bare}" "$2"\n')
    failed = _make(folder, python="./bare-python")
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"

    assert failed.returncode == 2
    assert f"On Debian and Ubuntu: sudo apt install {package}" in failed.stderr


def test_clean_leaves_work_alone(folder):
    _make(folder)
    for name in ("autograder", "benchmarks", "course_utils", "tests", "work"):
        (folder / name / "__pycache__").mkdir(parents=True)
    cleaned = _make(folder, "clean")

    assert cleaned.returncode == 0
    assert not (folder / ".venv").exists()
    assert not (folder / "autograder/__pycache__").exists()
    assert (folder / "work/__pycache__").exists()
