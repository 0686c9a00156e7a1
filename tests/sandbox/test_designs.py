"""An answer that trains in the sandbox: what it is judged by cannot be found there, and it has the time it is given."""

import pytest

from autograder.sandbox.client import Sandbox
from autograder.sandbox.run import Program, Target
from autograder.sandbox.verdicts import judge_hidden

NAME = "design_classifier"
IMPORTS = "import torch, torch.nn.functional as F\nfrom torch import nn\n"
NEAREST = """
class Nearest(nn.Module):
    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x.flatten(1), y

    def forward(self, images):
        return F.one_hot(self.y[torch.cdist(images.flatten(1), self.x).argmin(1)], 10).float()

def design_classifier(train_images, train_labels, generator):
    return Nearest(train_images, train_labels)
"""
# looks through all files of the course and all objects for labels of more digits than the 1,797: an error if it finds
SEARCHING = """
def design_classifier(train_images, train_labels, generator):
    import gc, glob
    import numpy as np
    roots = ("course", "grader", "work", "home", "tmp")
    files = [path for root in roots for path in glob.glob(f"/{root}/**/*.npz", recursive=True)]
    if not files:
        raise LookupError("there is not even the lesson's own file")
    many = [path for path in files if len(np.load(path)["labels"]) > 1797]
    whole = [t for t in gc.get_objects() if type(t) is torch.Tensor and t.dtype == torch.int64 and len(t.shape) == 1]
    if many or any(len(t) in (1000, 2823, 3823) for t in whole):
        raise LookupError("found them")
    return Nearest(train_images, train_labels)
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


def judged(sandbox, source):
    program = Program((IMPORTS + source,), {NAME: Target((NAME,), 0, 0)})
    with sandbox.run(program) as run:
        return judge_hidden(program, {NAME: program.cells}, run, 5)[NAME]


def test_a_module_that_is_good_enough_earns_its_part_of_the_points(sandbox):
    verdict = judged(sandbox, NEAREST)

    assert verdict.status == "passed", verdict.message
    assert 0 < verdict.share < 1


def test_no_file_and_no_object_in_the_sandbox_has_the_labels(sandbox):
    verdict = judged(sandbox, NEAREST + SEARCHING)

    assert verdict.status == "passed", verdict.message
