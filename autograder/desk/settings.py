"""What Jupyter and nbgrader are told, wherever the course starts them: by environment variables."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_SETTINGS = Path(__file__).parent / "jupyter"


def use_settings(who: str) -> None:
    """Change this process's environment, and with it that of servers, kernels and terminals that come from it.

    Args:
        who: ``"home"``, or on a JupyterHub ``"student"`` or ``"instructor"``. It decides which of nbgrader's panels
            are shown, and for a student where to hand in. The first thing to see is never a question about news.
    """
    # Threads that wait for each other by spinning slow small models down many times on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # A kernel that was installed for the whole account would run without this course's packages.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    _put_first("JUPYTER_CONFIG_PATH", _SETTINGS / who, _SETTINGS)
    # In JupyterLab's terminals, `course` is this course's command.
    _put_first("PATH", Path(sys.executable).parent, default=os.defpath)


def _put_first(variable: str, *paths: Path, default: str = "") -> None:
    there = os.environ.get(variable, default).split(os.pathsep)
    os.environ[variable] = os.pathsep.join([*map(str, paths), *filter(None, there)])
