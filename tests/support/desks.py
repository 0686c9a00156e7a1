"""A learner's desk for tests: a course's folder with the real lessons, and an empty work/."""

from tests.support import ROOT


def make_desk(folder):
    """The ``work/`` of a new course in ``folder``, whose lessons and solutions are this repository's."""
    for name in ("lessons", "solutions", "course_utils", "nbgrader_config.py"):
        (folder / name).symlink_to(ROOT / name)
    work = folder / "work"
    (work / "07_layers").mkdir(parents=True)
    return work


def sit_down(monkeypatch, folder):
    """Let `check` believe that it runs in a notebook in ``folder``; returns the list of what it displays."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.delenv("COURSE_DESK", raising=False)
    monkeypatch.setattr("course_utils.record._unwritten", [])
    monkeypatch.setattr("course_utils.checking._notebook", lambda: True)
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    monkeypatch.chdir(folder)
    return shown
