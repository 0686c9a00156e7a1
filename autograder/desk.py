"""The learner's desk: their own copies of the lessons in ``work/``, and JupyterLab opened at the start notebook."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

START = "start"  # the notebook that JupyterLab opens first
KEPT = "kept"  # in work/, where older copies are
_MARKS = ("nbgrader_config.py", "course_utils")  # what the course's folder has, built or not
# The first thing to see is the lesson: no question about news, none of nbgrader's panels for instructors.
_SETTINGS = Path(__file__).parent / "jupyter"


class DeskError(Exception):
    """Something about the folders that a person has to put right; the text says what."""


def find_root(start: Path) -> Path:
    """The course's folder: ``start``, or the nearest folder above it that holds a course.

    Raises:
        DeskError: there is none.
    """
    for folder in (start, *start.parents):
        if all((folder / mark).exists() for mark in _MARKS):
            return folder
    home = Path(__file__).parents[1]
    if not (home / _MARKS[0]).exists():  # an installed package knows of no course's folder
        what = "the clone of its repository, with lessons/ and source/ in it"
        raise DeskError(f"{start} is not inside the course's folder: {what}. Go there first.")
    raise DeskError(f"{start} is not inside the course's folder. Go there first:\n  cd {home}")


def copy_lessons(root: Path) -> list[str]:
    """Copy the start notebook and each ``lessons/NN_name`` to ``work/``, where that has nothing of the name yet.

    A copy is renamed into its place when it is whole, so an interrupted one leaves no half lesson.

    Returns:
        The names of the lessons that were copied, in order.

    Raises:
        DeskError: there are no lessons, or ``work/`` cannot be written to.
    """
    lessons = sorted(path for path in root.glob("lessons/[0-9][0-9]_*") if path.is_dir())
    if not lessons:
        raise DeskError(f"{root / 'lessons'} holds no lessons. Write them from source/ with:\n  course build")
    work = root / "work"
    try:
        work.mkdir(exist_ok=True)
        start = root / "lessons" / f"{START}.ipynb"
        if start.is_file():
            _copy(start, work / start.name)
        return [lesson.name for lesson in lessons if _copy(lesson, work / lesson.name)]
    except FileExistsError:
        raise DeskError(
            f"{work} is not a folder, and your copies of the lessons need one of that name. Rename it."
        ) from None
    except OSError as error:
        raise DeskError(f"Cannot copy the lessons to {work}: {reason(error)}") from None


def reason(error: OSError) -> str:
    """What went wrong with files; of several things, as copying a folder collects them, the first."""
    return str(error.args[0][0][-1] if isinstance(error, shutil.Error) else error)


def _copy(lesson: Path, copy: Path) -> bool:
    if os.path.lexists(copy):
        return False
    copy_whole(lesson, copy)
    return True


def copy_whole(source: Path, copy: Path) -> None:
    """Copy a folder or a file. It appears under its name when it is whole, and can be edited.

    Raises:
        OSError: there is no room, or no right to read or write; nothing of the copy is left.
    """
    with tempfile.TemporaryDirectory(prefix=".copying-", dir=copy.parent) as folder:
        whole = Path(folder) / copy.name
        # copyfile leaves permissions behind: copies of read-only lessons can be edited
        if source.is_dir():
            hidden = shutil.ignore_patterns(".ipynb_checkpoints")
            shutil.copytree(source, whole, copy_function=shutil.copyfile, ignore=hidden)
        else:
            shutil.copyfile(source, whole)
        whole.rename(copy)


def open_lab(root: Path, *, browser: bool = True, port: int | None = None, options: Sequence[str] = ()) -> None:
    """Copy what is new to ``work/`` and run JupyterLab there, until it is stopped.

    Args:
        browser: open one, where there is a screen.
        port: the port to listen on; by default the first free one from 8888 up.
        options: further options of ``jupyter lab``.

    Raises:
        DeskError: ``port`` is taken; or see `copy_lessons`.
    """
    if port is not None:
        _check_free(port)
    copied = copy_lessons(root)
    if copied:
        print(f"Copied to work/: {', '.join(copied)}")
    from autograder.renew import ailing  # here, as below: other commands need not wait for it

    for trouble in ailing(root):
        print(trouble)
    print("Your lessons are in work/. They are yours: nothing here ever overwrites them.")
    print("To stop JupyterLab, press Ctrl-C here and answer y.", flush=True)
    # Threads that wait for each other by spinning slow small models down many times on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # A kernel that was installed for the whole account would run without this course's packages.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        [str(_SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    )
    os.environ["COURSE_DESK"] = str(root / "work")  # where course_utils.record notes what is checked
    # In JupyterLab's terminals, `course` is this course's command.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    from jupyterlab.labapp import main

    browser = browser and has_screen(os.environ, sys.platform)
    main([*_lab_options(root / "work", browser, port), *options])


def _check_free(port: int) -> None:
    try:
        socket.create_server(("localhost", port)).close()
    except OSError:
        raise DeskError(f"Port {port} is taken or not allowed. Give another, or leave --port out.") from None


def has_screen(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can be opened: not in CI, and on Linux only with a display or ``BROWSER`` set."""
    if environ.get("CI"):
        return False
    return platform != "linux" or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _lab_options(work: Path, browser: bool, port: int | None) -> list[str]:
    lessons = sorted(work.glob("[0-9][0-9]_*/[0-9][0-9]_*.ipynb"))
    notebooks = [path for path in (work / f"{START}.ipynb", *lessons) if path.is_file()]
    start = "/".join(("/lab/tree", *notebooks[0].relative_to(work).parts)) if notebooks else "/lab"
    options = [
        f"--ServerApp.root_dir={work}",
        f"--ServerApp.open_browser={browser}",
        f"--LabApp.default_url={start}",
        "--allow-root",  # in a container a learner often is; the address has a token and is local
        # What is left on the terminal is the address, and what goes wrong.
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        "--KernelManager.transport_encryption=auto",  # else each kernel warns that it has none
        "--LabApp.extension_manager=readonly",  # no look-up of extensions on the network
    ]
    if port is not None:
        options += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    return options
