"""The wheel: course_utils and autograder in an environment of their own, away from this repository."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of a new environment that has the wheel, and for everything else what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-PROSE"):
        shutil.copy(ROOT / name, source)
    for name in ("autograder", "course_utils"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    return install(source, folder)


def install(source, folder):
    """Make a wheel of the project in ``source`` and install it into ``folder/env``, whose Python is returned."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source], check=True, timeout=300
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env")
    python = folder / "env" / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True, timeout=300)
    # the other packages: those of this environment, but not the course itself, which is here by way of a .pth file
    (packages,) = (folder / "env").glob("lib/python3*/site-packages")
    here = Path(pytest.__file__).parents[1]
    (packages / "others.pth").write_text(f"{here}\n")
    return python


@pytest.fixture
def elsewhere(tmp_path):
    for folder in ("solutions", "lessons"):
        (tmp_path / folder).mkdir()
        shutil.copy(ROOT / folder / "07_layers/07_layers.ipynb", tmp_path / folder / "mine.ipynb")
    return tmp_path


def run(python, folder, *arguments):
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV", "CI")}
    env |= {"COLUMNS": "200", "HOME": str(folder)}
    return subprocess.run([python, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def course(python, folder, *arguments):
    return run(python, folder, python.with_name("course"), *arguments)


def test_it_is_the_wheel_that_is_used(installed, elsewhere):
    said = run(installed, elsewhere, "-c", "import autograder, course_utils; print(autograder.__file__)")

    assert said.stderr == ""
    assert str(installed.parents[1]) in said.stdout


def test_every_file_that_the_packages_have_is_in_it(installed):
    (packages,) = installed.parents[1].glob("lib/python3*/site-packages")

    for name in ("autograder", "course_utils"):
        tracked = subprocess.run(["git", "ls-files", name], cwd=ROOT, capture_output=True, text=True).stdout.split()
        expected = tracked or [
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / name).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ]

        assert expected
        assert [path for path in expected if (ROOT / path).exists() and not (packages / path).exists()] == []


def test_check_works_there(installed, elsewhere):
    code = "from course_utils import check\ndef double(x): return 2 * x\ncheck(double)"
    said = run(installed, elsewhere, "-c", code)

    assert said.stdout.startswith("double: passed "), said.stderr


def test_course_check_judges_a_notebook_there(installed, elsewhere):
    solved = course(installed, elsewhere, "check", "solutions/mine.ipynb")
    untouched = course(installed, elsewhere, "check", "lessons/mine.ipynb")

    assert "7 of 7 exercises passed." in solved.stdout, solved.stderr
    assert "0 of 7 exercises passed." in untouched.stdout, untouched.stderr


@pytest.mark.parametrize("command", [["lab"], ["build"], ["reset", "7"], ["update"], ["progress"]])
def test_what_needs_the_courses_folder_says_so(installed, elsewhere, command):
    said = course(installed, elsewhere, *command)

    assert said.returncode == 1
    assert said.stderr.startswith(f"{elsewhere} is not inside the course's folder: the clone of its repository")
    assert "Traceback" not in said.stderr
