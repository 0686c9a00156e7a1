"""Probes run beside a learner's code and write down what it does; they hold no right answers.

`core` has what every exercise needs; the other modules know how to call a certain kind of exercise.

What can be told from plain data is left to the judge: probes bring raw results, draws, batches and weights, and
`autograder.exercises.measures` finds what holds for them. A probe tells in words, or as True and False, only what
exists inside its process alone. Somebody who takes over that process can make these up:

- which exception was raised, and what global state of torch a call left (all exercises);
- how many functions, ops and lines ran (exercises with short cuts or loops; the source is read as well);
- requires_grad, ``.grad`` and flags of arguments and models; a leaf that stays a leaf; the list and the parameters that
  stay the same objects (lessons 2, 6, 8, 9);
- a graph that is built or not (`predict_without_graph`, `evaluate`, `generate`), and its nodes (`graph_ops`);
- memory that a tensor shares with an array or a view (`share_with_numpy`, the updates of lesson 6);
- the device of a result that this machine does not have, and where batches are when they reach a model (lessons 1, 9);
- modes of modules put back (`evaluate`), and parameters that every call of a module uses (lessons 8, 10);
- how many graphs are alive at once (`mean_loss`, in the clinic);
- what a file holds and what opening it runs (`save_checkpoint`): to be sure one would have to open it elsewhere.
"""

from course_utils.probes.core import (
    OVERWRITTEN,
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
    "OVERWRITTEN",
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
