"""A JupyterHub as `make hub` starts it, and the people who use it, each in a browser of their own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Notebook, free_port, until
from tests.support import ROOT

_TYPED = ".jp-Terminal .xterm-helper-textarea"
_STARTED = 180_000  # ms; a server is started for each person


class Hub:
    """The hub of the try-out, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._log = folder / "hub", folder / "tryout.log"

    @contextmanager
    def running(self):
        """The hub, from its start to its end by Ctrl-C."""
        command = [sys.executable, ROOT / "deploy" / "tryout.py", "--folder", self.folder, "--port", str(free_port())]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            until(lambda: self.process.poll() is not None or "Password" in self.said, seconds=300)
            assert self.process.poll() is None, self.said
            self.address, self.password = re.search(r"at +(http\S+)[\s\S]+Password +(\S+)", self.said).groups()
            yield self
        finally:
            self.stop()

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._log.read_text()

    def stop(self) -> int:
        """Press Ctrl-C and wait for the end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=120)


class Seat:
    """A person who is logged in: as `Lab` is for a notebook, and with a terminal.

    Args:
        hub: where
        name: such as ``"student1"``
        browser: in which a new profile is made
    """

    def __init__(self, hub: Hub, name: str, browser: Browser, size: dict) -> None:
        self.work = hub.folder / "homes" / name / "work"
        self.address = f"{hub.address}/user/{name}"
        self._profile = browser.new_context(viewport=size)
        self._profile.set_default_timeout(60_000)
        self._outputs, self._commands, self._terminal = hub.folder.parent / f"said-to-{name}", 0, None
        self._outputs.mkdir()
        self.page = self._profile.new_page()
        self.page.goto(hub.address)
        self.page.fill("#username_input", name)
        self.page.fill("#password_input", hub.password)
        self.page.click("#login_submit")
        self.page.wait_for_url(f"{self.address}/lab**", timeout=_STARTED)
        self.page.locator(".lm-MenuBar-itemLabel").first.wait_for(timeout=_STARTED)

    def url(self, path: str, app: str = "lab/tree") -> str:
        """The address of a file in `work/`; it forgets which tabs were open before."""
        return f"{self.address}/{app}/{path}?reset"

    def api(self, path: str):
        """What Jupyter's own interface answers."""
        return self.page.request.get(f"{self.address}/api/{path}").json()

    def open(self, path: str) -> Notebook:
        """A notebook of `work/`, in a new tab."""
        return Notebook(self._profile.new_page(), self, path).open()

    def menu(self, *names: str) -> None:
        """Choose from the menu bar of the first tab."""
        Notebook(self.page, self, "").menu(*names)

    def items(self, menu: str) -> list[str]:
        """What is in a menu."""
        self.menu(menu)
        items = self.page.locator(".lm-Menu-itemLabel").all_inner_texts()
        self.page.keyboard.press("Escape")
        return [item for item in items if item]

    def assignments(self) -> Locator:
        """nbgrader's list of assignments, as it is now."""
        if not self.page.locator("#assignments").count():
            self.menu("Nbgrader", "Assignment List")
        with self.page.expect_response(lambda said: said.url.partition("?")[0].endswith("/courses")):
            self.page.locator("#refresh_assignments_list").click()
        expect(self.page.locator("#assignments .list_loading:visible")).to_have_count(0)
        return self.page.locator("#assignments")

    def terminal(self, command: str, seconds: float = 400) -> tuple[int, str]:
        """Type a command into a terminal of JupyterLab; its exit code and what it printed."""
        if self._terminal is None:
            self._terminal = self._profile.new_page()
            self._terminal.goto(f"{self.address}/lab?reset")
            Notebook(self._terminal, self, "").menu("File", "New", "Terminal")
            self._terminal.locator(_TYPED).wait_for(state="attached")
        self._commands += 1
        output, code = (self._outputs / f"{self._commands}.{kind}" for kind in ("txt", "code"))
        self._terminal.locator(_TYPED).focus()
        self._terminal.keyboard.insert_text(f"({command}) > {output} 2>&1; echo $? > {code}.new; mv {code}.new {code}")
        self._terminal.keyboard.press("Enter")
        until(code.is_file, seconds)
        return int(code.read_text()), output.read_text()
