"""On a JupyterHub: the server that the hub starts for a person, behind its log-in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from autograder.desk.copies import ailing, copy_lessons
from autograder.desk.settings import use_settings
from autograder.notebooks.course import START, WORK, CourseError, work_of
from course_utils.record import DESK, HOME

INSTRUCTOR = "COURSE_INSTRUCTOR"  # set by the hub's configuration for who teaches
_NO_CLONE = """\
There is no course in {root}, so this server starts in your home folder. In a terminal:
  git clone THE-ADDRESS-OF-YOUR-COURSE {root}
Then stop the server and start it again (File > Hub Control Panel)."""


def on_a_hub() -> bool:
    """Whether this process was started from a server of JupyterHub's."""
    return "JUPYTERHUB_SERVICE_PREFIX" in os.environ


def serve(root: Path, options: Sequence[str] = ()) -> None:
    """Become JupyterHub's single-user server: for a student in their own ``work/``, with the lessons in it.

    Who teaches, by ``COURSE_INSTRUCTOR``, has it in the course's folder instead, with Formgrader; in the home folder
    where there is no such folder yet.

    Args:
        root: the course's folder, of which a student needs no more than ``lessons/``, to read.
        options: of ``jupyterhub-singleuser``.

    Raises:
        CourseError: no hub has started this, or the package jupyterhub is not there.
    """
    if not on_a_hub() or find_spec("jupyterhub") is None:
        raise CourseError(
            "`course serve` is for a JupyterHub, which starts it for each person (c.Spawner.cmd), where the package "
            "jupyterhub is installed. To open the lessons yourself: course lab"
        )
    os.environ[HOME] = str(root)
    if os.environ.get(INSTRUCTOR):
        folder, first, who = root, "/lab", "instructor"
        os.environ.pop(DESK, None)
        if not root.is_dir():
            print(_NO_CLONE.format(root=root), file=sys.stderr)
            folder = Path.home()
    else:
        os.environ[DESK] = str(Path(os.environ.get(DESK) or Path.home() / WORK).expanduser().absolute())
        folder, who = work_of(root), "student"
        try:
            copy_lessons(root)
            trouble = list(ailing(root))
        except CourseError as error:  # a full disk, say: its owner has to get in to make room
            trouble = [error]
        print(*trouble, sep="\n", end="", file=sys.stderr)
        folder = folder if folder.is_dir() else Path.home()
        first = f"/lab/tree/{START}.ipynb" if (folder / f"{START}.ipynb").is_file() else "/lab"
    use_settings(who)
    os.environ["JUPYTERHUB_ROOT_DIR"] = str(folder)
    if os.environ.get("JUPYTERHUB_DEFAULT_URL") in (None, "", "/lab"):  # the last is what hubs say who say nothing
        os.environ["JUPYTERHUB_DEFAULT_URL"] = first
    os.chdir(folder)
    settings = [
        "--KernelManager.transport_encryption=auto",  # else each kernel warns that it has none
        "--LabApp.extension_manager=readonly",  # no look-up of extensions on the network
        f"--ServerApp.terminado_settings=shell_command={_shell()}",
    ]
    # -P: of modules in the folder, such as a learner's random.py, the server imports none
    os.execv(sys.executable, [sys.executable, "-P", "-m", "jupyterhub.singleuser", *settings, *options])


def _shell() -> list[str]:
    """Not a login shell, which Jupyter would take: /etc/profile puts PATH back, and `course` were not found."""
    return [os.environ.get("SHELL") or shutil.which("bash") or "sh"]
