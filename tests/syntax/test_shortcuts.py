"""Short cuts found in a whole notebook's text: what an exercise reaches counts, what stands beside it does not."""

import inspect
import json
import sys

import pytest

from autograder.exercises import EXERCISES
from autograder.judge import judging
from autograder.syntax import parsing, shortcuts, tampering
from autograder.syntax.needs import reached
from autograder.syntax.statements import read_cell
from course_utils.probes import run_all
from tests.answers import RIGHT
from tests.support import ROOT
from tests.support.steps import steps

SOLUTIONS = sorted(ROOT.glob("solutions/*/*.ipynb"))
OWN = "def softmax(x, dim):\n    e = (x - x.amax(dim, keepdim=True)).exp()\n    return e / e.sum(dim, keepdim=True)"
USES_F = "def softmax(x, dim):\n    return f(x, dim)"
HEAD = "import torch\nimport torch.nn.functional as F"


def in_notebook(*sources, names=("softmax",), forbidden=("softmax", "log_softmax")):
    return shortcuts.in_notebook([HEAD, *sources], names, forbidden)


@pytest.mark.parametrize(
    "sources",
    [
        ["def softmax(x, dim): return torch.softmax(x, dim)"],
        ["softmax = torch.softmax"],
        ["softmax: object = torch.softmax"],
        ["from torch import softmax"],
        ["from torch import *", "def answer(x, dim): return softmax(x, dim)"],
        ["def softmax(x, dim): return sqrt(x.exp())", "from torch import *"],
        ["def softmax(x, dim): return sqrt(x.exp())", "if True:\n    from torch import *"],
        ["softmax = lambda x, dim: F.softmax(x, dim)"],
        ["f = F.softmax", USES_F],
        ["from torch.nn.functional import softmax as f", USES_F],
        ["import functools\nf = functools.partial(torch.softmax)", USES_F],
        ["def f(x, dim): return g(x, dim)", USES_F, "def g(x, dim): return x.softmax(dim)"],
        ["def softmax(x, dim, f=torch.softmax): return f(x, dim)"],
        ["def mend(f): return torch.softmax", f"@mend\n{OWN}"],
        ["def softmax(x, dim):\n    def inner(y): return torch.softmax(y, dim)\n    return inner(x)"],
        ["class Soft:\n    def __call__(self, x, dim): return x.log_softmax(dim).exp()", "softmax = Soft()"],
        ["class Base:\n    def go(self, x, dim): return F.softmax(x, dim)", "class B(Base): pass\nsoftmax = B().go"],
        ["table = {}", "table['s'] = torch.softmax", "def softmax(x, dim): return table['s'](x, dim)"],
        ["table = []", "table.append(torch.softmax)", "def softmax(x, dim): return table[0](x, dim)"],
        ["torch.Tensor.soft = torch.softmax", "def softmax(x, dim): return x.soft(dim)"],
        ["setattr(torch.Tensor, 'soft', torch.softmax)", "def softmax(x, dim): return x.soft(dim)"],
        [OWN, "if True:\n    softmax = torch.softmax"],
        [OWN, "for softmax in [torch.softmax]: pass"],
        [OWN, "def sneak():\n    global softmax\n    softmax = torch.softmax", "sneak()"],
        ["f = torch.exp", USES_F, "f = torch.softmax"],
        ["try:\n    f = torch.softmax\nexcept Exception:\n    f = None", USES_F],
        ["%%time\nf = torch.softmax", USES_F],
        ["%matplotlib inline\nf = torch.softmax", USES_F],
        ["this does not parse(", "f = torch.softmax", USES_F],
        ["T = torch", "def softmax(x, dim): return T.softmax(x, dim)"],
        ["def softmax(x, dim): return getattr(torch, 'softmax')(x, dim)"],
        [
            "from operator import methodcaller as m",
            "def softmax(x, dim): return operator.methodcaller('softmax', dim)(x)",
        ],
        ["import scipy.special", "def softmax(x, dim): return torch.tensor(scipy.special.softmax(x.numpy(), dim))"],
        ["from scipy import special as sp", "def softmax(x, dim): return torch.tensor(sp.log_softmax(x.numpy(), dim))"],
    ],
)
def test_short_cut_is_found_wherever_the_exercise_reaches_it(sources):
    names = ("answer",) if "answer" in sources[-1] else ("softmax",)

    assert set(in_notebook(*sources, names=names)) & {"softmax", "log_softmax"}


@pytest.mark.parametrize(
    "sources",
    [
        [OWN, "print(softmax(x, 0) - torch.softmax(x, 0))"],
        [OWN, "expected = F.softmax(x, 0)", "assert torch.allclose(softmax(x, 0), expected)"],
        ["def softmax(x, dim): return torch.softmax(x, dim)", OWN],
        ["softmax = torch.softmax", OWN],
        ["f = torch.softmax", OWN, "f = torch.exp"],
        ["e = torch.softmax", OWN],
        ["class Demo:\n    def __init__(self): self.e = torch.softmax", OWN],
        [OWN, "model.soft = torch.softmax"],
        ["from torch import *", "def softmax(x, dim): return sqrt(x.exp())"],
        [OWN, "torch.testing.assert_close(softmax(x, 0), torch.softmax(x, 0))"],
        [OWN, "%timeit torch.softmax(x, 0)", "softmax?"],
        ["def softmax(x, dim):\n    'Not torch.softmax.'\n    return x.exp() / x.exp().sum(dim, True)"],
        [
            "def helper(x): return getattr(x, 'exp')()",
            "def softmax(x, dim): return helper(x) / helper(x).sum(dim, True)",
        ],
    ],
)
def test_what_the_exercise_does_not_reach_does_not_count(sources):
    assert in_notebook(*sources) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("matmul", "import numpy as np\ndef answer(a, b): return torch.from_numpy(np.matmul(a.numpy(), b.numpy()))"),
        ("matmul", "import operator\ndef answer(a, b): return operator.matmul(a, b)"),
        ("matmul", "from scipy.linalg.blas import dgemm\ndef answer(a, b): return dgemm(1, a, b)"),
        ("take_along_dim", "import numpy as np\ndef answer(x, d, i): return np.take_along_axis(x, i, d)"),
    ],
)
def test_numpy_has_its_own_names_for_some(name, code):
    assert in_notebook(code, names=("answer",), forbidden=(name,)) == [name]


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("eval", "return eval('torch.soft' + 'max')(x, dim)"),
        ("__import__", "return __import__('torch').soft(x)"),
        ("importlib", "import importlib\n    return importlib.import_module('torch')"),
        ("a look-up by a computed name", "return getattr(torch, 'soft' + 'max')(x, dim)"),
        ("a look-up by a computed name", "import operator as o\n    return o.attrgetter(''.join(name))(torch)(x, dim)"),
        ("torch.ops", "return torch.ops.mine.f(x, dim)"),
        ("torch._C", "from torch._C import _nn\n    return _nn.f(x)"),
        ("torch._refs", "import torch._refs as r\n    return r.f(x)"),
        ("aten", "from torch.ops import aten\n    return aten.f(x)"),
        ("ctypes", "import ctypes\n    return ctypes.CDLL(None)"),
        ("subprocess", "from subprocess import run\n    return run('x')"),
        ("os.system", "import os\n    return os.system('x')"),
        ("sys.modules", "import sys\n    return sys.modules['torch']"),
        ("vars", "return vars(torch)['soft']"),
        ("__dict__", "return torch.__dict__['soft']"),
        ("torch.jit", "return torch.jit.script(x)"),
        ("_disable_current_modes", "with torch.utils._python_dispatch._disable_current_modes(): return x"),
        ("DisableTorchFunctionSubclass", "with torch._C.DisableTorchFunctionSubclass(): return x"),
        ("threading", "import threading\n    return threading.Thread(target=x)"),
        ("concurrent", "from concurrent.futures import ThreadPoolExecutor\n    return ThreadPoolExecutor()"),
    ],
)
def test_what_hides_a_route_is_found_where_the_exercise_reaches_it(route, body):
    found = in_notebook(f"def softmax(x, dim):\n    {body}")

    assert route in [phrase.partition(" (")[0] for phrase in found]
    assert in_notebook(OWN, f"def scratch(x, dim):\n    {body}") in ([], [p for p in found if "anew" in p])


@pytest.mark.parametrize(
    "cell",
    ["exec('soft' + 'max = torch.softmax')", "globals()['softmax'] = f", "import __main__\n__main__.softmax = f"],
)
def test_what_can_define_the_answer_anew_is_found_in_any_cell(cell):
    (phrase,) = in_notebook(OWN, cell)

    assert "(it can define the answer anew)" in phrase


def test_code_too_deep_to_read_is_no_way_around():
    assert in_notebook(f"def softmax(x, dim): return {'x' + '.T' * 5000}.softmax(dim)") != []


def test_a_hidden_route_is_told_with_its_reason():
    exercise = EXERCISES["softmax"]

    def softmax(x, dim):
        e = (x - x.amax(dim, keepdim=True)).exp()
        return e / e.sum(dim, keepdim=True)

    def observe(cases):
        return run_all(exercise.probe, softmax, cases)

    verdict = judging.judge_observed(exercise, observe, ["eval (it runs code kept in a text)"])

    assert (verdict.status, verdict.mistake) == ("wrong", "short cut")
    assert "uses eval (it runs code kept in a text), which hides what is computed; build it from" in verdict.message


def _code(path):
    return ["".join(c["source"]) for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]


def test_solutions_are_clean():
    found = {
        exercise.name: shortcuts.in_notebook(_code(path), exercise.names, exercise.forbidden)
        for path in SOLUTIONS
        for exercise in EXERCISES.values()
        if exercise.lesson == path.stem and exercise.forbidden
    }

    assert len(found) == sum(bool(exercise.forbidden) for exercise in EXERCISES.values())
    assert {name: uses for name, uses in found.items() if uses} == {}


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if exercise.forbidden])
def test_right_answers_are_clean(name):
    for answer in RIGHT[name]:
        parts = answer if isinstance(answer, tuple) else (answer,)
        source = inspect.getsource(sys.modules[parts[0].__module__])
        names = [part.__name__ for part in parts]

        assert shortcuts.in_notebook([source], names, EXERCISES[name].forbidden) == []


# --- how long it takes


MANY = {
    "a chain": lambda n: "".join(f"a{i + 1} = a{i}\n" for i in range(n)) + f"def softmax(x): return a{n}",
    "that may be": lambda n: "".join(f"if a{i}: a{i + 1} = a{i}\n" for i in range(n)) + f"def softmax(x): return a{n}",
    "attributes": lambda n: (
        "import torch\n" + "".join(f"torch.a{i} = b{i}\nb{i} = y.a{i + 1}\n" for i in range(n)) + "softmax = y.a0"
    ),
}


@pytest.mark.parametrize("name", MANY)
def test_what_an_answer_reaches_takes_work_that_grows_as_the_source_does(name):
    def work(n):
        body = read_cell(MANY[name](n))
        reached(body, ["softmax"])  # what each statement says is worked out once
        return steps(reached, body, ["softmax"])

    assert work(640) < 8 * work(80) * 1.5


@pytest.mark.parametrize(
    "source",
    ["x = y" + ".b" * 900, "x = " + "1 + " * 5_000 + "1", "!ls\n" * 40 + "x = 1\n" * 1_000],
    ids=["attributes", "a sum", "magics"],
)
def test_what_would_take_too_long_to_be_read_is_said_and_not_run(source, monkeypatch):
    monkeypatch.setattr(parsing, "MOST_READ", 100_000)

    assert "too long, to be read" in tampering.found([source])[0]
    assert "cannot be read" in in_notebook(source)[0]
