"""A probe for lesson 3: heads that cannot always be shared out."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.probes.core import Case, Observation, call, call_refused


def run_split(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(x, n_heads)``; where n_heads does not divide the last size of x, write down what that raises.

    Parts: those of `call`, or that of `call_refused`.
    """
    fits = case.args["x"].shape[-1] % case.args["n_heads"] == 0
    return call(candidate, case) if fits else call_refused(candidate, case)
