"""Modules that notebooks may import beside the course's own: what `course grade --with NAME` lets the sandbox see."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

from autograder.sandbox.errors import SandboxError

OURS = ("autograder", "course_utils", "solutions", "source", "tests")  # what holds answers, or is there already
_SETTING = "[tool.course] with"


def extras_of(root: Path) -> tuple[str, ...]:
    """The modules that the course's pyproject.toml names, as ``with = ["pandas"]`` under ``[tool.course]``.

    Raises:
        SandboxError: something else stands there.
    """
    try:
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise SandboxError(
            f"{root / 'pyproject.toml'} cannot be read as TOML: {error}. Mend it, and try again."
        ) from error
    names = settings.get("tool", {}).get("course", {}).get("with", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SandboxError(f"{_SETTING} in pyproject.toml is {names!r}; expected a list of names, such as ['pandas'].")
    return tuple(names)


def is_seen(name: str) -> bool:
    """Whether notebooks see a module without being given it: it is one of this Python's own packages."""
    try:
        return not _places(name, set())
    except SandboxError:
        return False


def places(names: Iterable[str]) -> list[Path]:
    """The files and folders of these modules, and of what they need, that the sandbox does not see already.

    Raises:
        SandboxError: there is no such module, or it is the grader's.
    """
    seen: set[str] = set()
    return sorted({place for name in names for place in _places(name, seen)})


def _places(name: str, seen: set[str]) -> set[Path]:
    if name in seen:
        return set()
    seen.add(name)
    if not name.isidentifier():
        raise SandboxError(
            f"--with {name}: expected the name of a module, as it is imported: sklearn, not scikit-learn."
        )
    if name in OURS:
        raise SandboxError(f"--with {name}: that is the grader's own, and no notebook may see it. Leave it out.")
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise SandboxError(
            f"--with {name}: there is no such module here. Install it (in this environment, for this user, or in a "
            f"folder on PYTHONPATH), and try again: {sys.executable} -m pip install {name}"
        )
    found = [*(spec.submodule_search_locations or ()), *([] if spec.submodule_search_locations else [spec.origin])]
    paths = {Path(path) for path in found if path not in (None, "built-in", "frozen")}
    if all(map(_is_seen, paths)):
        return set()
    owners = packages_distributions()
    for owner in map(distribution, owners.get(name, ())):
        folder = Path(owner.locate_file(""))
        if any(path.is_relative_to(folder) for path in paths):
            paths |= {folder / file.parts[0] for file in owner.files or () if file.parts[0] != ".."}
            for needed in _needed(owner, owners):
                with contextlib.suppress(SandboxError):  # it may be for another system, or no module
                    paths |= _places(needed, seen)
    return {path for path in paths if path.exists() and not _is_seen(path)}


def _is_seen(path: Path) -> bool:
    return any(path.is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix, "/usr"))


def _needed(owner: Distribution, owners: Mapping[str, list[str]]) -> list[str]:
    """The modules of the packages that a package needs."""
    packages = {_plain(re.match(r"[\w.-]+", line)[0]) for line in owner.requires or () if "extra ==" not in line}
    return [name for name, packaged in owners.items() if packages & set(map(_plain, packaged))]


def _plain(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
