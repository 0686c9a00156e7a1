"""A difference in words: where it is, what came, and what was expected."""

from __future__ import annotations

import re
from typing import Any

_AS_THEY_WERE = "it should leave arguments as they were"
_SENTENCES = (
    # place in the observation, what came, what was expected, the clause: the first row that fits is taken
    (r"arguments\.(.+)\.grad", ".*", "None", "left a gradient on its argument {0}; " + _AS_THEY_WERE),
    (r"arguments\.(.+)\.grad", ".*", ".*", "changed the gradient of its argument {0}; " + _AS_THEY_WERE),
    (r"arguments\.(.+)\.requires_grad", ".*", ".*", "changed requires_grad of its argument {0}; " + _AS_THEY_WERE),
    (r"arguments\.(.+?)(?:\.values)?", ".*", ".*", "left its argument {0} with {came}; expected {expected}"),
    (
        r"state\.seed left alone",
        ".*",
        ".*",
        "seeds torch's global generator, from which all of a program draws; expected it to be left as it was.\n"
        "  Whoever calls your function decides which draws repeat: is there a torch.manual_seed in it?",
    ),
    (r"state\.(.+)", ".*", ".*", "left torch's global {0} at {came}; expected {expected}, as it was before the call"),
    (
        r"gradients",
        "None",
        ".*",
        "returned a result that is cut off from the graph: no gradient can flow back through it",
    ),
    (r"grad\.(.+)", ".*", ".*", "leaves {0}.grad at {came}; expected {expected}"),
    (r"gradients\.(.+)", ".*", ".*", "gives the gradient with respect to {0} as {came}; expected {expected}"),
    (r"(step|epoch)s\[(\d+)\]\.(.+)", ".*", ".*", "in {0} {next}, the first that differs, {rest}"),
    (r"learns\.(.+)", "True", "False", "leaves {0} learning; expected it to be frozen"),
    (r"learns\.(.+)", "False", "True", "leaves {0} frozen; expected it to learn"),
    (r"std\.(.+)", ".*", ".*", "draws {0} with a standard deviation of {came}; expected {expected}"),
    (r"bias\.(.+)", ".*", ".*", "leaves {0} with entries of size {came}; expected {expected}"),
    (r"deciles\.(.+)", ".*", ".*", "draws values of which {0} lie below 10 to the power {came}; expected {expected}"),
    (r"module", ".*", ".*", "gives {came}; expected an nn.Module"),
    (r"cpu_seconds", ".*", ".*", "took {came} s of CPU time; expected at most {expected}"),
    (r"raises", ".*", ".*", "raises {came}; expected {expected}"),
    (r"parameters", ".*", ".*", "has {came} among its parameters; expected {expected}"),
    (r"result", "None", ".*", "returned None; expected {expected}. Is a `return` missing?"),
    (r"result(.+)", "None", ".*", "returned None as {0}; expected {expected}. Is a `return` missing?"),
    (r"result", ".*", ".*", "returned {came}; expected {expected}"),
    (r"result(.+)", ".*", ".*", "returned {came} for result{0}; expected {expected}"),
    # a part may be a sentence that must hold, such as "every row comes exactly once"
    (r"(.* .*)", "False", "True", "breaks the rule that {0}"),
    (r"(.+)", ".*", ".*", "gives {0} as {came}; expected {expected}"),
)
_PLAIN = ("module", "raises")  # parts whose values are words, not strings
_LEFT = "gives "  # in a step, what a part is afterwards was left there by the code


def sentence(where: str, came: str, expected: str) -> str:
    """What the learner's code did, as a clause.

    Args:
        where: the place in the observation, such as ``arguments.x.values`` or ``steps[2].loss``.
        came, expected: the two values in words.

    >>> sentence("result[1]", "shape (3,)", "(2, 3)")
    'returned shape (3,) for result[1]; expected (2, 3)'
    >>> sentence("steps[0].weight", "0.5", "0.4")
    'in step 1, the first that differs, leaves weight as 0.5; expected 0.4'
    """
    if where in _PLAIN:
        came, expected = came.replace("'", ""), expected.replace("'", "")
    for pattern, came_pattern, expected_pattern, clause in _SENTENCES:
        match = re.fullmatch(pattern, where, re.DOTALL)
        if match and _fits(came_pattern, came) and _fits(expected_pattern, expected):
            return clause.format(*match.groups(), came=came, expected=expected, **_step(match, came, expected, clause))
    raise AssertionError(f"no sentence for {where}")  # the last row fits everything


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def _step(match: re.Match, came: str, expected: str, clause: str) -> dict[str, Any]:
    """For a part of a step: the step's number, counted from 1, and the clause about the part."""
    if "{rest}" not in clause:
        return {}
    rest = sentence("result" if match[3] == "loss" else match[3], came, expected)
    return {"next": int(match[2]) + 1, "rest": "leaves " + rest.removeprefix(_LEFT) if rest.startswith(_LEFT) else rest}
