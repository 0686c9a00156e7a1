"""`make hub`: a real JupyterHub on this machine, with this course on it, to try out. Ctrl-C ends all of it.

What it keeps is in build/hub/. All its people share your account, so it is no place for a class: see docs/hub.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = ("student1", "student2", "student3")
STARTED = 300  # seconds; a busy machine takes its time
OPEN = """
JupyterHub is at  {address}
Log in as         instructor, student1, student2 or student3; a private window for each
Password          {password}

Students find the lessons, and Nbgrader > Assignment List. The instructor's terminal is in the course's folder:

  nbgrader release_assignment 07_layers        # now students see it under Assignments, and can hand it in
  course collect --exchange                    # when somebody has
  course grade 7 --feedback
  nbgrader release_feedback 07_layers          # students: Assignments > Fetch Feedback

All of it is in {folder}. Ctrl-C here ends it.
"""


def main() -> int:
    """Set up what is not there yet, run the hub until it is stopped; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the address to open [default: 8000]")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "hub", help="for all that it keeps")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    proxy = shutil.which("configurable-http-proxy", path=os.pathsep.join([str(_npm() / ".bin"), os.environ["PATH"]]))
    if proxy is None:
        print("JupyterHub needs configurable-http-proxy, which `make hub` installs by npm.", file=sys.stderr)
        return 2
    if not _is_free(asked.port):
        print(f"Port {asked.port} is taken. Give another: make hub ARGS='--port {asked.port + 1}'", file=sys.stderr)
        return 2
    set_up(folder)
    address, password = f"http://127.0.0.1:{asked.port}", secrets.token_urlsafe(9)
    settings = {
        "HUB_FOLDER": str(folder),
        "HUB_ADDRESS": address,
        "HUB_PORT": str(_free_port()),
        "HUB_PROXY_PORT": str(_free_port()),
        "HUB_PROXY": proxy,
        "HUB_PASSWORD": password,
        "HUB_USERS": " ".join(("instructor", *STUDENTS)),
    }
    command = [sys.executable, "-m", "jupyterhub", "--config", ROOT / "deploy" / "tryout_config.py"]
    with (folder / "hub.log").open("w") as log, _stopped_by_sigterm():
        hub = subprocess.Popen(
            command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log, start_new_session=True
        )
        with contextlib.suppress(KeyboardInterrupt):
            if _answers(hub, f"{address}/hub/health"):
                print(OPEN.format(address=address, password=password, folder=folder), flush=True)
                hub.wait()
        ended = hub.poll()
        if ended is None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # pressed again, it would leave the rest running
            print("\nStopping.", flush=True)
            hub.terminate()  # it takes its proxy, the servers and their kernels along
            hub.wait()
            return 0
    print(f"JupyterHub ended with {ended}. The end of {folder / 'hub.log'}:", file=sys.stderr)
    print("\n".join((folder / "hub.log").read_text(errors="replace").splitlines()[-15:]), file=sys.stderr)
    return 1


def set_up(folder: Path) -> None:
    """The course in which the instructor grades, what students get copies from, an exchange; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    course, students = folder / "course", folder / "for-students"
    for path, names in ((course, ("lessons", "solutions", "nbgrader_config.py")), (students, ("lessons",))):
        path.mkdir(exist_ok=True)
        for name in names:
            if not (path / name).exists():
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, path / name)
    if not (course / "course_utils").exists():
        (course / "course_utils").symlink_to(ROOT / "course_utils")  # with these, it is a course's folder
    (course / "autograder" / "submitted").mkdir(parents=True, exist_ok=True)
    (folder / "exchange").mkdir(exist_ok=True)
    (folder / "exchange").chmod(0o1777)  # for all to write to; the folder around it is yours alone
    settings = folder / "homes" / "instructor" / ".jupyter"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "nbgrader_config.py").write_text(
        "c = get_config()\nc.ExchangeCollect.check_owner = False  # in a try-out, one account is everybody\n"
    )


@contextlib.contextmanager
def _stopped_by_sigterm():
    """SIGTERM is Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored by who started this
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _answers(hub: subprocess.Popen, url: str) -> bool:
    """Wait until the hub answers; False if it ended before, or does not in a long time."""
    end = time.monotonic() + STARTED
    while hub.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return True
        time.sleep(0.2)
    return False


def _npm() -> Path:
    """Where `make hub` has npm install: in the environment."""
    return Path(sys.prefix) / "proxy" / "node_modules"


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
