"""Ways to compute something that neither the source nor a count of operations shows; a table, and its finder."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterable, Mapping
from types import ModuleType

TEXT = "it runs code kept in a text"
BY_NAME = "it finds things by names that are computed"
INSIDE = "it reaches PyTorch's inside, past the functions that are counted"
UNWATCHED = "it turns off what counts the functions"
ELSEWHERE = "it runs where nothing is counted"

# dotted names, and all that begins with them
ROUTES = {
    **dict.fromkeys(("eval", "exec", "compile", "code", "runpy", "marshal", "pickle", "types.FunctionType"), TEXT),
    **dict.fromkeys(("torch.jit", "torch.hub", "torch.package", "torch.utils.cpp_extension"), TEXT),
    **dict.fromkeys(("__import__", "importlib", "globals", "vars", "builtins", "__builtins__", "sys.modules"), BY_NAME),
    **dict.fromkeys(("sys._getframe", "inspect", "gc", "ctypes", "cffi"), BY_NAME),
    **dict.fromkeys(("torch.ops", "torch._C", "torch._refs", "torch._decomp", "torch._prims", "torch.library"), INSIDE),
    **dict.fromkeys(("torch._VF", "torch._inductor", "torch._dynamo", "torch._higher_order_ops"), INSIDE),
    **dict.fromkeys(("torch.overrides", "torch.utils._python_dispatch", "sys.settrace", "sys.setprofile"), UNWATCHED),
    **dict.fromkeys(("subprocess", "os.system", "os.popen", "os.fork", "os.execv", "os.posix_spawn"), ELSEWHERE),
    **dict.fromkeys(("threading", "_thread", "concurrent", "multiprocessing", "torch.multiprocessing"), ELSEWHERE),
    **dict.fromkeys(("asyncio", "signal", "get_ipython"), ELSEWHERE),
}
# attributes of anything
ATTRIBUTES = {
    **dict.fromkeys(("__dict__", "__globals__", "__getattribute__", "__subclasses__", "__builtins__"), BY_NAME),
    **dict.fromkeys(("__code__", "__closure__"), BY_NAME),
    **dict.fromkeys(("aten", "prims", "_VF"), INSIDE),
    **dict.fromkeys(("DisableTorchFunction", "DisableTorchFunctionSubclass", "_disable_current_modes"), UNWATCHED),
    **dict.fromkeys(("_pop_mode", "_pop_mode_temporarily", "_pop_torch_function_stack"), UNWATCHED),
    **dict.fromkeys(("_DisableTorchDispatch", "_len_torch_dispatch_stack"), UNWATCHED),
}
# what can define an answer anew from any cell, unseen by who reads the definitions
REDEFINING = ("exec", "globals", "sys.modules", "__main__", "__code__", "__globals__", "user_ns", "run_cell")
LONGEST = 6  # parts of a dotted name: more than any in these tables has
MAGIC_CALLS = ("run_line_magic", "run_cell_magic", "system", "getoutput")
_LOOKUPS = ("getattr", "operator.attrgetter", "operator.methodcaller")


def routes(tree: ast.AST, known: Mapping[str, str] | None = None) -> list[str]:
    """What in ``tree`` hides what is computed, each with the reason: ``"eval (it runs code kept in a text)"``.

    Args:
        known: local name -> dotted name of what was imported; None: what ``tree`` imports.
    """
    known = imports(tree) if known is None else known
    found: dict[str, str] = {}
    told = {id(call.func.value.func) for call in ast.walk(tree) if _is_magic(call)}
    for node in ast.walk(tree):
        if id(node) in told:
            continue
        for name in _names(node, known):
            found |= {route: ROUTES[route] for route in beginnings(name) if route in ROUTES}
            if (last := name.rpartition(".")[2]) in ATTRIBUTES:
                found[last] = ATTRIBUTES[last]
        if isinstance(node, ast.Call) and _looks_up_a_computed_name(node, known):
            found["a look-up by a computed name"] = BY_NAME
    return [f"{name} ({why})" for name, why in sorted(found.items())]


@functools.lru_cache(maxsize=4096)
def redefinitions(tree: ast.AST) -> list[str]:
    """What in ``tree`` could define any name of the notebook anew, with the reason as for `routes`."""
    names = {name for node in ast.walk(tree) for name in _names(node, {})}
    names |= {name.rpartition(".")[2] for name in names}
    return [f"{name} (it can define the answer anew)" for name in REDEFINING if name in names]


def _is_magic(node: ast.AST) -> bool:
    """Whether it is a magic or a command of a cell, as IPython writes it; what it does, its name tells."""
    function = getattr(node, "func", None)
    method = getattr(function, "attr", "")
    return method in MAGIC_CALLS and getattr(getattr(function.value, "func", None), "id", "") == "get_ipython"


def imports(tree: ast.AST) -> dict[str, str]:
    """Local name -> dotted name for every import in ``tree``, wherever it stands."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {
                a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
            }
        elif isinstance(node, ast.ImportFrom):
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return known


def beginnings(name: str) -> list[str]:
    """``["torch", "torch.nn", "torch.nn.init"]`` for the last of these; of a long name the first few."""
    parts = name.split(".", LONGEST)[:LONGEST]
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)]


def dotted(node: ast.expr, known: Mapping[str, str]) -> str:
    """``F.softmax`` -> ``torch.nn.functional.softmax``; what is not known stands for itself: ``x.softmax``."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ".".join(["?", *reversed(attributes)])
    name = ".".join([known.get(node.id, node.id), *reversed(attributes)])
    return _by_its_own_name(name) if attributes and node.id in known else name


@functools.lru_cache(maxsize=4096)
def _by_its_own_name(name: str) -> str:
    """``logging.sys.modules`` -> ``sys.modules``: a module that is found in another one goes by its own name."""
    at = sys.modules.get(name.partition(".")[0])
    parts = name.split(".")[1:]
    while isinstance(at, ModuleType) and parts and isinstance(inside := at.__dict__.get(parts[0]), ModuleType):
        at, parts = inside, parts[1:]
    return ".".join([at.__name__, *parts]) if isinstance(at, ModuleType) else name


def _names(node: ast.AST, known: Mapping[str, str]) -> Iterable[str]:
    """The dotted names that a single node stands for."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return [dotted(node, known)]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return imports(node).values()
    return []


def _looks_up_a_computed_name(node: ast.Call, known: Mapping[str, str]) -> bool:
    function = dotted(node.func, known)
    if function not in _LOOKUPS:
        return False
    names = node.args
    if function == "getattr":
        names = node.args[1:2]
        if isinstance(node.args[0] if node.args else None, ast.Name) and node.args[0].id in ("self", "cls"):
            return False
    return not names or not all(isinstance(name, ast.Constant) for name in names)
