"""What a learner has before them: JupyterLab as `make lab` starts it, and a notebook open in a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# No sandbox, because root has none in Chromium; the pages are our own. A container's /dev/shm is small.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")

_COURSE = ("lessons", "solutions", "course_utils", "nbgrader_config.py")
_STARTED = 60_000  # ms; a busy machine takes its time
_CONTENT = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"


class Lab:
    """JupyterLab, started by `course lab` in a copy of the course of its own, with settings of its own.

    Args:
        folder: an empty folder for both
    """

    def __init__(self, folder: Path) -> None:
        self.course = folder / "course"
        self.work = self.course / "work"
        for name in _COURSE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            self.course.mkdir(exist_ok=True)
            copy(ROOT / name, self.course / name)
        # what JupyterLab remembers of this account, such as open tabs, would change what the tests see
        own = {name: str(folder / "home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
        self._environ = {**os.environ, **own, "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}

    @contextmanager
    def running(self):
        """The server, from its start to its end."""
        port = free_port()
        command = [Path(sys.executable).with_name("course"), "lab", "--no-browser", "--port", str(port)]
        log = (self.course.parent / "lab.log").open("w+")
        self.process = subprocess.Popen(
            command, cwd=self.course, env=self._environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            self.address, self._token = _address(self.process, Path(log.name))
            yield self
        finally:
            self.process.terminate()  # it takes its kernels along
            self.process.wait(timeout=30)
            log.close()

    def url(self, path: str, app: str) -> str:
        """The address of a file in `work/`; it forgets which tabs were open before."""
        return f"{self.address}/{app}/{path}?token={self._token}&reset"

    def put(self, folder: str, name: str) -> str:
        """Lay a fresh `lessons` or `solutions` notebook into `work/`, with no kernel for it; gives its path there."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")
        path = f"{name}/{name}.ipynb"
        shutil.copy(self.course / folder / path, self.work / path)
        return path

    def api(self, path: str, method: str = "GET"):
        """What Jupyter's own interface answers."""
        request = urllib.request.Request(
            f"{self.address}/api/{path}", method=method, headers={"Authorization": f"token {self._token}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")


class Notebook:
    """A notebook in a browser's tab; a cell is named by its id in the file, such as `softmax` or `check_softmax`.

    Args:
        page: the tab
        lab: where it is served
        path: the file in `work/`
        app: what shows it, ``"lab/tree"`` for JupyterLab, ``"notebooks"`` for Notebook
    """

    def __init__(self, page: Page, lab: Lab, path: str, app: str = "lab/tree") -> None:
        self.page, self.file = page, lab.work / path
        self._lab, self._path, self._url = lab, path, lab.url(path, app)
        # on a busy machine a cell can be run before its kernel is there; then JupyterLab asks for one
        ask = page.locator(".jp-Dialog-content:has-text('Select Kernel') .jp-mod-accept")
        page.add_locator_handler(ask, lambda button: button.click())

    def open(self) -> Notebook:
        """Go there and wait until it can be worked with: there are cells, and the kernel is at rest."""
        self.page.goto(self._url)
        return self.ready()

    def ready(self) -> Notebook:
        """Wait until the notebook can be worked with."""
        self.content.locator(".jp-Cell").first.wait_for(timeout=_STARTED)
        self.rest()
        return self

    def rest(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        until(lambda: self._kernel_state() == "idle", seconds)

    def _kernel_state(self) -> str:
        sessions = [session for session in self._lab.api("sessions") if session["path"] == self._path]
        return sessions[0]["kernel"]["execution_state"] if sessions else "none"

    @property
    def content(self) -> Locator:
        """All the cells."""
        return self.page.locator(_CONTENT)

    def saved(self) -> dict:
        """The notebook as it is on disk."""
        return json.loads(self.file.read_text(encoding="utf-8"))

    def saved_source(self, cell_id: str) -> str:
        """A cell's text as it is on disk."""
        return "".join(next(cell["source"] for cell in self.saved()["cells"] if cell["id"] == cell_id))

    def cell(self, cell_id: str) -> Locator:
        """A cell, scrolled into view."""
        ids = [cell["id"] for cell in self.saved()["cells"]]
        cell = self.content.locator(f'.jp-Cell[data-windowed-list-index="{ids.index(cell_id)}"]')
        cell.scroll_into_view_if_needed()
        return cell

    def output(self, cell_id: str) -> Locator:
        """What stands below a cell's code."""
        return self.cell(cell_id).locator(".jp-Cell-outputArea")

    def write(self, cell_id: str, source: str) -> None:
        """Put `source` in place of a cell's text, as by pasting it."""
        self.cell(cell_id).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def start(self, cell_id: str) -> None:
        """Run a cell without waiting for its end."""
        prompt = self.cell(cell_id).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for timeout in (3000, 5000, 20_000):  # a key pressed while the page still builds its cells is lost
            self.cell(cell_id).locator(".cm-content").click()
            self.page.keyboard.press("Control+Enter")
            try:
                expect(prompt).not_to_have_text(before, timeout=timeout)
                break
            except AssertionError:
                if timeout == 20_000:
                    raise

    def run(self, cell_id: str, seconds: float = 60) -> Locator:
        """Run a cell to its end; gives its output."""
        self.start(cell_id)
        prompt = self.cell(cell_id).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=1000 * seconds)
        self.rest(seconds)
        return self.output(cell_id)

    def menu(self, *names: str) -> None:
        """Choose from the menu bar: `menu("Kernel", "Interrupt Kernel")`."""
        for name in names:
            self.page.locator(f".lm-MenuBar-itemLabel:text-is('{name}'), .lm-Menu-itemLabel:text-is('{name}')").click()

    def dialog(self, button: str) -> str:
        """Press a button of the dialog that is open; gives what the dialog said."""
        dialog = self.page.locator(".jp-Dialog-content")
        text = dialog.inner_text()
        dialog.locator(f"button:has(:text-is('{button}'))").click()
        expect(dialog).to_be_hidden()
        return text

    def save(self) -> None:
        """Save, and wait until it is on disk."""
        self.page.keyboard.press("ControlOrMeta+s")
        expect(self.page.locator(".lm-DockPanel-tabBar .lm-mod-current")).not_to_have_class(re.compile("jp-mod-dirty"))

    def photograph(self, first: str, last: str, path: Path) -> None:
        """Photograph the cells from ``first`` to ``last``, which fit on the screen together."""
        self.page.keyboard.press("Escape")  # no cursor in the picture
        self.cell(first).evaluate("cell => cell.scrollIntoView()")
        top, end = self.cell(first).bounding_box(), self.cell(last).bounding_box()
        self.page.screenshot(path=path, clip={**top, "height": end["y"] + end["height"] - top["y"]})

    def pictures(self, folder: Path) -> None:
        """Photograph the notebook from top to bottom, a screen at a time."""
        folder.mkdir(parents=True, exist_ok=True)
        frame = self.content.locator(".jp-WindowedPanel-outer")
        for number in range(100):
            frame.evaluate("(frame, number) => frame.scrollTop = number * frame.clientHeight", number)
            self.page.wait_for_timeout(150)  # what comes into sight is drawn then
            self.page.screenshot(path=folder / f"{number:02}.png")
            if frame.evaluate("frame => frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 1"):
                break


def browser_path() -> str:
    """Where Chromium or Chrome is.

    Raises:
        FileNotFoundError: nowhere; the text says what to install.
    """
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(
        f"No browser for the tests; looked for {', '.join(BROWSERS)}. On Debian and Ubuntu: sudo apt install chromium"
    )


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


def _address(process: subprocess.Popen, log: Path) -> tuple[str, str]:
    found = []

    def printed() -> bool:
        if process.poll() is not None:
            raise AssertionError(f"course lab ended with {process.returncode}:\n{log.read_text()}")
        found[:] = re.findall(r"(http://localhost:\d+)/lab\S*\?token=(\w+)", log.read_text())
        return bool(found)

    until(printed, seconds=60)
    return found[0]


def until(condition, seconds: float = 20) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
