"""A browser, and JupyterLab in a copy of the course. PICTURES=folder says where screenshots go."""

import os
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import FLAGS, Lab, Notebook, browser_path

SCREEN = {"width": 1280, "height": 900}


def pytest_configure(config):
    config.pictures = Path(os.environ.get("PICTURES") or tempfile.mkdtemp(prefix="course-pictures-"))


def pytest_report_header(config):
    return f"screenshots: {config.pictures}"


@pytest.fixture(scope="session")
def pictures(pytestconfig):
    """The folder for screenshots."""
    pytestconfig.pictures.mkdir(parents=True, exist_ok=True)
    return pytestconfig.pictures


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        expect.set_options(timeout=20_000)  # a busy machine takes its time
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab")).running() as lab:
        yield lab


@pytest.fixture(scope="session")
def profile(browser):
    """One person's browser: what it has loaded once it keeps."""
    profile = browser.new_context(viewport=SCREEN)
    profile.set_default_timeout(60_000)
    yield profile
    profile.close()


@pytest.fixture
def open_notebook(lab, profile, pictures, request):
    """Opens a file of work/ in a new tab; what each tab shows at the end of the test is photographed."""
    pages = []

    def open_notebook(path, app="lab/tree", size=SCREEN):
        pages.append(profile.new_page())
        pages[-1].set_viewport_size(size)
        return Notebook(pages[-1], lab, path, app).open()

    yield open_notebook
    for number, page in enumerate(pages):
        page.screenshot(path=pictures / f"{request.node.name}-{number}.png")
        page.close()
