"""JupyterLab, opened in ``work/`` at the start notebook."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autograder.desk.copies import ailing, copy_lessons
from autograder.desk.hub import on_a_hub
from autograder.desk.settings import use_settings
from autograder.notebooks.course import START, CourseError, lesson_folders, work_of
from course_utils.record import DESK


def open_lab(root: Path, *, browser: bool = True, port: int | None = None, options: Sequence[str] = ()) -> None:
    """Copy what is new to ``work/`` and run JupyterLab there, until it is stopped; on a JupyterHub, it runs already.

    Args:
        browser: open one, where there is a screen.
        port: the port to listen on; by default the first free one from 8888 up.
        options: further options of ``jupyter lab``.

    Raises:
        CourseError: ``port`` is taken; or see `copy_lessons`.
    """
    if port is not None:
        _check_free(port)
    copied = copy_lessons(root)
    if copied:
        print(f"Copied to work/: {', '.join(copied)}")
    for trouble in ailing(root):
        print(trouble)
    print("Your lessons are in work/. They are yours: nothing here ever overwrites them.")
    if on_a_hub():
        print("JupyterLab is open already, from the hub. Its list of files, on the left, has them.")
        return
    print("To stop JupyterLab, press Ctrl-C here and answer y.", flush=True)
    work = work_of(root)
    use_settings("home")
    os.environ[DESK] = str(work)  # where course_utils.record notes what is checked
    from jupyterlab.labapp import main

    browser = browser and has_screen(os.environ, sys.platform)
    with _stopped_by_sigint():
        main([*_lab_options(work, browser, port), *options])


@contextlib.contextmanager
def _stopped_by_sigint() -> Iterator[None]:
    """Where there is no terminal on which to ask, SIGINT stops the server in the way of SIGTERM.

    A KeyboardInterrupt may come up where it is swallowed, such as in a callback, and the server would run on.
    """
    if sys.stdin and sys.stdin.isatty():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_free(port: int) -> None:
    try:
        socket.create_server(("localhost", port)).close()
    except OSError:
        raise CourseError(f"Port {port} is taken or not allowed. Give another, or leave --port out.") from None


def has_screen(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can be opened: not in CI, and on Linux only with a display or ``BROWSER`` set."""
    if environ.get("CI"):
        return False
    return platform != "linux" or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _lab_options(work: Path, browser: bool, port: int | None) -> list[str]:
    lessons = [folder / f"{folder.name}.ipynb" for folder in lesson_folders(work)]
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
