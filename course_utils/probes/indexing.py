"""Probe for `gather`, where an index that is too large has to raise an error."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.probes.core import Case, Observation, call


def call_gather(candidate: Callable, case: Case) -> Observation:
    """Call ``candidate(input, dim, index)``; where the index is too large, write down only whether that was noticed.

    Parts: those of `call`; or ``raises``: ``"an error"`` or ``"no error"``. Which type of error it is does not matter,
    nor what a result holds that should not be there. On the ``meta`` device an index has no entries that could be too
    large.
    """
    got = call(candidate, case)
    index, size = case.args["index"], case.args["input"].shape[case.args["dim"]]
    if case.mode == "meta" or bool((index < size).all()):
        return got
    calls = {name: part for name, part in got.parts.items() if name == "calls"}
    return Observation({"raises": "an error" if got.raised else "no error"} | calls, printed=got.printed)
