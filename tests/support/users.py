"""Run something as an ordinary user, also where root runs the tests."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support import ROOT

UID = 61_000  # nobody has it


@contextlib.contextmanager
def ordinary_user() -> Iterator:
    """`subprocess.run`, as a user without any rights; its Python, and this repository, can be read where they are."""
    if os.geteuid() != 0:
        yield subprocess.run
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "as-user.sh")
        script.write_text("\n".join(["set -e", "mount --make-rprivate /", *_opened(folder), _DROP]))
        os.chmod(folder, 0o755)
        environment = {**os.environ, "HOME": "/tmp", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        yield lambda command, **options: subprocess.run(
            ["unshare", "--mount", "sh", script, *command], env=environment, **options
        )


_DROP = f'exec setpriv --reuid {UID} --regid {UID} --clear-groups --inh-caps=-all -- "$@"'


def _opened(folder: str) -> Iterator[str]:
    """Shell commands that put an open folder, with what is needed, in the place of one that is closed to others."""
    needed = [path for path in dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT))) if _closed(path)]
    for i, path in enumerate(needed):
        yield f"mkdir {folder}/{i}; mount --bind {path} {folder}/{i}"
    for closed in dict.fromkeys(map(_closed, needed)):
        yield f"mount -t tmpfs -o mode=755 none {closed}"
    for i, path in enumerate(needed):
        yield f"mkdir -p {path}; mount --move {folder}/{i} {path}"


def _closed(path: str) -> Path | None:
    """The first of the folders above ``path`` that others may not enter."""
    return next((folder for folder in reversed(Path(path).parents) if not folder.stat().st_mode & 0o001), None)
