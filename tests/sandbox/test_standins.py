"""Stand-ins for modules that are missing: an import costs nothing, a use says why it fails."""

import ast
import builtins

import pytest

from autograder.sandbox.inside import standins


@pytest.fixture
def run(monkeypatch):
    """Run a cell's source as the sandbox does; gives its names, and the modules that were missing."""
    monkeypatch.setattr(builtins, standins._HELPER, standins._stand_in, raising=False)
    imports = standins._Imports()

    def run(source):
        names = {}
        exec(compile(imports.visit(ast.parse(source)), "cell", "exec"), names)
        return names, imports.still_missing()

    return run


@pytest.mark.parametrize(
    "source",
    [
        "import nowhere",
        "import nowhere as nw, math",
        "import nowhere.deep.inside",
        "import nowhere.deep as nd",
        "from nowhere import DataFrame, Series as S",
        "from nowhere.deep import *",
        "if True:\n    import nowhere",
        "try:\n    import nowhere\nfinally:\n    pass",
        "with open('/dev/null'):\n    import nowhere",
        "def f():\n    import nowhere\nf()",
        "class A:\n    import nowhere",
    ],
)
def test_the_import_of_a_missing_module_costs_nothing(run, source, capsys):
    names, missing = run(source + "\nright = 1")

    assert (names["right"], missing) == (1, ["nowhere"])
    assert "nowhere: the grader does not have it." in capsys.readouterr().err


@pytest.mark.parametrize(
    "use",
    [
        *("nowhere.x", "nowhere.x = 1", "nowhere()", "nowhere['a']", "nowhere + 1", "1 @ nowhere", "iter(nowhere)"),
        *("class A(nowhere): pass", "isinstance(1, nowhere)", "len(nowhere)", "nowhere < 1", "1 in nowhere"),
        *("with nowhere: pass", "@nowhere\ndef f(): pass", "float(nowhere)"),
    ],
)
def test_who_uses_it_is_told_what_is_missing(run, use):
    with pytest.raises(ModuleNotFoundError, match="this notebook imports nowhere, which the grader does not have"):
        run(f"import nowhere\n{use}")


def test_it_can_be_shown_compared_and_passed_on(run):
    names, _ = run(
        "import nowhere\nshown, same, known = repr(nowhere), nowhere == nowhere, hasattr(nowhere, '__len__')"
    )

    assert (names["shown"], names["same"]) == ("<a stand-in: the grader does not have nowhere>", True)


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import nowhere\nexcept ImportError:\n    found = False",
        "try:\n    from nowhere import x\nexcept (KeyError, ModuleNotFoundError):\n    found = False",
        "try:\n    import nowhere\nexcept:\n    found = False",
        "import contextlib\nfound = False\nwith contextlib.suppress(ImportError):\n    import nowhere\n    found = 1",
    ],
)
def test_code_that_looks_after_itself_goes_its_own_way(run, source, capsys):
    names, missing = run(source)

    assert (names["found"], missing, capsys.readouterr().err) == (False, [], "")


def test_in_a_handler_it_is_an_import_like_any_other(run):
    assert run("try:\n    1 / 0\nexcept Exception:\n    import nowhere")[1] == ["nowhere"]


def test_annotations_with_it_are_left_out(run):
    names, _ = run(
        "from nowhere import Float\nimport nowhere as nw\n"
        "def f(x: Float['2 3'], *, y: int = 1) -> nw.Tensor[Float]:\n    z: Float['2'] = x\n    return z\n"
        "w: Float['2'] = 3"
    )

    assert names["f"](2) == 2
    assert names["f"].__annotations__ == {"y": int}
    assert names["w"] == 3


def test_what_is_wrong_with_a_module_that_is_there_is_raised(run, tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import nowhere")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'"):
        run("import half_there")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'json\.nowhere'"):
        run("import json.nowhere")


def test_a_module_that_the_cell_makes_reachable_is_found(run, tmp_path):
    (tmp_path / "made_reachable.py").write_text("x = 3")

    names, missing = run(
        f"import sys\nsys.path.append({str(tmp_path)!r})\nfrom made_reachable import x\nsys.path.pop()"
    )

    assert names["x"] == 3
    assert missing == []
