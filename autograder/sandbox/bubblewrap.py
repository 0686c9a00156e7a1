"""The command that starts the server in a sandbox: bubblewrap, https://github.com/containers/bubblewrap."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from autograder.sandbox.errors import SandboxError
from autograder.sandbox.extras import places
from autograder.sandbox.inside.limits import NOTHING

INSIDE = Path(__file__).parent / "inside"
COURSE, GRADER = "/course", "/grader"  # where a lesson's own code is seen inside, and the server's
EXTRAS = "/extras"  # where modules are that notebooks may import beside the course's
AUTOGRADER = Path(__file__).parents[1]
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
_SETTINGS = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
)
_CAPABILITIES = ("SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL", "SYS_PTRACE")  # the server's, never a submission's
_FIRST_UID, _UIDS = 61_200, 4_000  # no account has these, and they exist in containers that know 65,536 ids
ENVIRONMENT = {
    "HOME": "/tmp/home",
    "IPYTHONDIR": "/tmp/ipython",
    "USER": "learner",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CUDA_VISIBLE_DEVICES": "",
}

INSTALL = "Install it (Debian, Ubuntu: sudo apt install bubblewrap), or grade your own work alone, with --trusted."
NO_NAMESPACES = """bubblewrap may not make namespaces here:
  {error}
  On Ubuntu 24.04 or newer, AppArmor allows that only for programs with a profile: see docs/grading.md.
  In a container, namespaces have to be allowed when it is started: see docs/grading.md.
  To grade your own work alone: --trusted."""


def command(*extras: str) -> list[str]:
    """The command line of the server in its sandbox, for whoever runs this process.

    Args:
        extras: modules that notebooks may import beside the course's own.

    Raises:
        SandboxError: this system cannot have it, or has no such module.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxError(
            "The sandbox needs Linux. On this system `course grade --trusted` grades notebooks without one: "
            "do that with your own work alone, because it runs with all your rights."
        )
    from autograder.sandbox.inside import walls  # only Linux has what it needs

    if not walls.supported():
        raise SandboxError(f"The sandbox knows x86_64 and aarch64 processors; this is {os.uname().machine}.")
    bwrap = shutil.which("bwrap")
    if not bwrap:
        raise SandboxError(f"bubblewrap is not installed, and without it nothing is graded. {INSTALL}")
    uid = _FIRST_UID + os.getpid() % _UIDS
    who = [] if os.geteuid() == 0 else ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    code = (
        f"import sys; sys.path[:0] = [{COURSE!r}, {GRADER!r}]; sys.path.append({EXTRAS!r}); "
        "from inside.server import main; main()"
    )
    return [
        *(bwrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", *who),
        *("--hostname", "sandbox", "--die-with-parent", "--new-session", "--clearenv"),
        *("--cap-drop", "ALL"),
        *(word for name in _CAPABILITIES for word in ("--cap-add", f"CAP_{name}")),
        *_mounts({f"{EXTRAS}/{path.name}": str(path) for path in places(extras)}),
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        *("--chdir", "/", sys.executable, "-I", "-c", code, *([str(uid)] if os.geteuid() == 0 else [])),
    ]


def course_utils() -> Path:
    """Where that package is, without importing it, because it imports PyTorch."""
    return Path(importlib.util.find_spec("course_utils").origin).parent


def _mounts(extras: Mapping[str, str]) -> Iterator[str]:
    """Read-only: the system's programs and libraries, this Python with its packages, and what lessons import.

    Args:
        extras: path inside -> path here.
    """
    for folder in _SYSTEM:
        path = Path(folder)
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), folder)
        elif path.is_dir():
            yield from ("--ro-bind", folder, folder)
    yield from ("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", NOTHING)
    yield from ("--dev-bind", "/dev/full", "/dev/zero")  # reads the same, but cannot be mapped as memory that is shared
    prefixes = [path for path in dict.fromkeys((sys.base_prefix, sys.prefix)) if not path.startswith("/usr/")]
    binds = dict(zip(prefixes, prefixes, strict=True))
    binds |= {f"{COURSE}/course_utils": str(course_utils()), f"{GRADER}/inside": str(INSIDE), **extras}
    yield from _parents((*_SETTINGS, *binds))
    for file in _SETTINGS:
        yield from ("--ro-bind-try", file, file)
    for target, path in binds.items():
        yield from ("--ro-bind", path, target)
    if any(AUTOGRADER.is_relative_to(prefix) for prefix in (*prefixes, "/usr")):  # installed, not a checkout
        yield from ("--tmpfs", str(AUTOGRADER), "--remount-ro", str(AUTOGRADER))
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")


def _parents(paths: Iterable[str]) -> Iterator[str]:
    """The folders above the paths, empty but for these, and open to the submission's own account."""
    for folder in dict.fromkeys(str(folder) for path in paths for folder in reversed(Path(path).parents[:-1])):
        yield from ("--perms", "0755", "--dir", folder)
