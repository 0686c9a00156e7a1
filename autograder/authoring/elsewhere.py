"""What a lesson carries to be opened away from home, on Colab and on Binder, where nothing is installed.

Both fetch the course from its public address: the `Repository` under `[project.urls]` in pyproject.toml, and nowhere
else. While there is none, lessons carry nothing.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

# Colab has PyTorch and the rest of what a lesson imports; the pinned set would replace half of it.
_SET_UP = """\
# At home the course is there already, and this does nothing. On Colab it fetches the course.
import importlib.util

if importlib.util.find_spec("course_utils") is None:
    get_ipython().run_line_magic("pip", "install --quiet --no-deps git+{repository} executing")"""
_COLAB = "https://colab.research.google.com/github/{name}/blob/HEAD/{path}"
_BINDER = "https://mybinder.org/v2/gh/{name}/HEAD?urlpath=lab/tree/{path}"


def repository(root: Path) -> str | None:
    """The course's public address, such as ``"https://github.com/owner/course"``; None where pyproject names none."""
    file = root / "pyproject.toml"
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"] if file.exists() else {}
    return project.get("urls", {}).get("Repository")


def links(repository: str, path: str) -> str:
    """Markdown that opens the notebook at ``path`` elsewhere.

    Words, because a badge is fetched from the network, and at home would be a broken picture without one.
    """
    name = urlsplit(repository).path.strip("/").removesuffix(".git")
    places = {"Colab": _COLAB, "Binder": _BINDER}
    opened = [f"[{place}]({url.format(name=name, path=path)})" for place, url in places.items()]
    return f"Open this lesson on {' or '.join(opened)}."


def set_up(repository: str) -> str:
    """The code of a cell that fetches the course where it is not installed, and does nothing where it is."""
    return _SET_UP.format(repository=repository)
