"""Probes run beside a learner's code and write down what it does; they hold no right answers.

`core` has what every exercise needs; the other modules know how to call a certain kind of exercise.
"""

from course_utils.probes.core import (
    Case,
    Observation,
    Opaque,
    Raised,
    Seed,
    call,
    gradients,
    observe,
    prepare,
    run_all,
    snapshot,
    with_flags,
    without_addresses,
)

__all__ = [
    "Case",
    "Observation",
    "Opaque",
    "Raised",
    "Seed",
    "call",
    "gradients",
    "observe",
    "prepare",
    "run_all",
    "snapshot",
    "with_flags",
    "without_addresses",
]
