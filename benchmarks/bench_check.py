"""`make bench-check`: how long a learner waits for `check()`, over all exercises and all their known mistakes.

CPU seconds of one process, which mean the same on a busy machine, and beside them those of `import torch`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import torch

from autograder.exercises import EXERCISES
from autograder.judge import judge
from benchmarks import report

# What a lesson's first cell imports is not counted, nor is what `check` imports meanwhile, while the kernel is idle.
FIRST = """
import time
import torch, matplotlib.pyplot
from course_utils import check, checking, pick_device
if {idle}:
    checking._prepare()
begun = time.process_time()
from autograder.exercises import EXERCISES
from autograder.judge import judge
judge({name!r}, EXERCISES[{name!r}].reference)
print(time.process_time() - begun)
"""
TORCH = "import time; begun = time.process_time(); import torch; print(time.process_time() - begun)"


def seconds(code: str) -> float:
    """CPU seconds that a new Python prints."""
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def first_checks(idle: bool) -> dict[str, float]:
    """Lesson -> seconds of a kernel's first check, of the lesson's first exercise."""
    firsts = {}
    for name, exercise in EXERCISES.items():
        firsts.setdefault(exercise.lesson, name)
    return {lesson: seconds(FIRST.format(name=name, idle=idle)) for lesson, name in sorted(firsts.items())}


def later_checks() -> list[tuple[float, str]]:
    """Seconds of each check of an answer, and whose it is: the reference's, and each variant of each mistake's."""
    torch.set_num_threads(1)
    took = []
    for name, exercise in EXERCISES.items():
        answers = {"right": (exercise.reference,), **{mistake.name: mistake.variants for mistake in exercise.mistakes}}
        judge(name, exercise.reference)  # what is expected is worked out once
        for what, variants in answers.items():
            for variant in variants:
                begun = time.process_time()
                judge(name, variant)
                took.append((time.process_time() - begun, f"{name}, {what}"))
    return sorted(took)


def main() -> None:
    """Measure and print."""
    imports = min(seconds(TORCH) for _ in range(3))
    print(f"import torch: {imports:.2f} s. All times are CPU seconds.\n")
    for idle, how in (True, "after a second of reading"), (False, "at once"):
        firsts = first_checks(idle)
        slowest = max(firsts, key=firsts.get)
        print(
            f"first check of a kernel, {how}: median {statistics.median(firsts.values()):.2f}, "
            f"most {firsts[slowest]:.2f} ({slowest})"
        )
    took = later_checks()
    at = {share: took[int(share / 100 * (len(took) - 1))][0] for share in (50, 90, 99)}
    print(f"later checks, {len(took)} answers: " + ", ".join(f"p{share} {value:.3f}" for share, value in at.items()))
    print("slowest:", *(f"  {value:.2f}  {what}" for value, what in took[:-6:-1]), sep="\n")
    print("", *(f"{what}: {value}" for what, value in report.machine(os.getloadavg()[0]).items()), sep="\n")
    print("Again: make bench-check")


if __name__ == "__main__":
    main()
