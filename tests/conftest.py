"""Settings for all tests, and `--only NAME`: those of one exercise, for `make check ONLY=NAME`."""

import difflib
import signal

import pytest
import torch

torch.set_num_threads(1)  # the tensors of the tests are tiny: threads would only wait for one another

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's job in the background; what tests start needs Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--only", metavar="EXERCISE", help="run what proves this exercise, and its lesson's notebooks")


def pytest_collection_modifyitems(config, items):
    if not (only := config.getoption("--only")):
        return
    from autograder.exercises import EXERCISES

    if only not in EXERCISES:
        near = difflib.get_close_matches(only, EXERCISES, n=1)
        raise pytest.UsageError(
            f'No exercise is named "{only}". {f"Did you mean {near[0]}? " if near else ""}'
            f'A new one is an Exercise(name="{only}", ...) in a module of its lesson in autograder/exercises/.'
        )
    wanted = {only, EXERCISES[only].lesson}
    kept = [item for item in items if wanted & _named(item) or item.get_closest_marker("every_exercise")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _named(item):
    """The exercises and lessons that a test is called with."""
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {value for value in params if isinstance(value, str)}
