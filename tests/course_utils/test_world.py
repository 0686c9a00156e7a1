"""Whatever a learner's cells have set, an answer is called in the usual world, and the odd one is there again after."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from autograder.judge import judge
from course_utils.probes.world import SETTINGS, usual_world
from tests.answers import RIGHT
from tests.support.odd_world import ODD

BY_NAME = {setting.name: setting for setting in SETTINGS}


@pytest.fixture
def put_back():
    """What a test does to the world does not last."""
    before = {setting.name: setting.read() for setting in SETTINGS}
    yield
    for setting in reversed(SETTINGS):
        if before[setting.name] is not None:
            setting.write(before[setting.name])


def _is_set_to(setting, value):
    now = setting.read()
    if setting.name == "alarms":  # seconds that are left: they run
        return bool(now[0][0]) == bool(value[0][0])
    if setting.plain:
        return now == value
    return np.array_equal(now[1], value[1]) if isinstance(now, tuple) else torch.equal(now, value)


def test_every_setting_is_tried():
    assert ODD.keys() | {"compiled functions"} == BY_NAME.keys()


@pytest.mark.parametrize("name", ODD)
def test_a_setting_is_as_usual_inside_and_odd_again_after(name, put_back):
    setting, names = BY_NAME[name], {}
    exec(ODD[name], names)
    odd = setting.read()
    usual = setting.wanted(odd)

    with usual_world():
        inside = _is_set_to(setting, usual)
    after = _is_set_to(setting, odd)

    assert not _is_set_to(setting, usual)
    assert (inside, after) == (True, True)


@pytest.mark.parametrize("name", ODD)
def test_a_right_answer_passes_in_an_odd_world(name, put_back):
    names = {}
    exec(ODD[name], names)

    verdict = judge("layer_norm", RIGHT["layer_norm"][0])

    assert verdict.passed, verdict.message


def test_an_answer_that_leaves_the_world_odd_spoils_no_other():
    def careless(x):
        torch.set_default_device("meta")
        torch.inference_mode().__enter__()
        torch.set_default_dtype(torch.float64)
        np.seterr(all="raise")
        return x

    judge("gelu", careless)

    assert judge("gelu", RIGHT["gelu"][0]).passed
    assert str(torch.get_default_device()) == "cpu"
    assert np.geterr()["divide"] == "warn"


COMPILED = """
import torch
from course_utils import check

def backend(graph, inputs):
    raise RuntimeError("it was compiled")

@torch.compile(backend=backend)
def gelu(x):
    return x * (1 + torch.erf(x / 2 ** 0.5)) / 2

check(gelu)
"""


def test_what_torch_compile_made_is_called_without_being_compiled():
    ran = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True)

    assert "gelu: passed" in ran.stdout, ran.stderr
    assert "it was called without torch.compile" in ran.stdout


EARLY = (
    *("NumPy's errors", "grad mode", "default dtype", "autocast", "anomaly detection", "determinism", "inference mode"),
    *("hooks of all modules and optimizers", "garbage collection", "decimal context", "function modes"),
)
ODD_FIRST = """
import math
from course_utils import check

def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2

check(gelu)
"""


def test_what_was_set_before_the_course_was_imported_does_not_matter_either():
    source = "\n".join([*(ODD[name] for name in EARLY), ODD_FIRST])
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)

    assert "gelu: passed" in ran.stdout, ran.stderr
