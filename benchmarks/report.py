"""What `make bench` found, as a table that people read and as JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

RESULTS = Path(__file__).parent / "results"
MB = 2**20


def machine(load: float) -> dict[str, Any]:
    """Where and with what it was measured. ``load``: the load average when it began."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    bwrap = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "processor": cpus[0].partition(":")[2].strip() if cpus else platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "nbgrader")},
        "bubblewrap": bwrap.split()[-1],
    }


def write(found: dict[str, Any]) -> None:
    """Print the table, and write benchmarks/results/grading.md and .json."""
    text = markdown(found)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "grading.md").write_text(text, encoding="utf-8")
    (RESULTS / "grading.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    Console().print(Markdown(text))


def markdown(found: dict[str, Any]) -> str:
    """The results with how they were measured, as a page."""
    plain, one, two = found["ways"].values()
    again, memory = found["again"], found["memory"]
    own = sorted(memory["submissions"].items())
    quarter = max(len(memory["main"]) // 4, 1)
    early, late = max(memory["main"][quarter : 2 * quarter] or [0]), max(memory["main"][-quarter:])
    here = found["machine"]
    rows = [
        f"| {way} | {each['start']:.1f} | {each['each']:.2f} | {1 / each['each'] / each['workers']:.2f} | "
        f"{each['whole']:.1f} |"
        for way, each in found["ways"].items()
    ]
    small = found["small"]
    unit = small["import torch"]
    costs = [f"| {what} | {cost:.2f} | {cost / unit:.1f} |" for what, cost in small.items()]
    facts = [
        f"- Per worker, `course grade` grades {plain['each'] / one['each']:.1f} times the submissions of `nbgrader "
        f"autograde` in the same time; as whole commands, {plain['whole'] / one['whole']:.1f} times. Two workers grade "
        f"{one['each'] / two['each']:.2f} times what one does.",
        f"- The points are {'the same' if found['same_scores'] else 'NOT the same'} in all of them.",
        f"- Graded again, unchanged: {_rate(again['each'])}, beyond the start "
        f"({again['submissions']} in {again['seconds']:.1f} s, with it).",
        "- A submission's processes, at most: " + ", ".join(f"{size / MB:.0f} MB {kind}" for kind, size in own) + " "
        "(Private: what is beyond the server that all share; Pss: with its part of what is shared).",
        f"- The main process, while {memory['class']} were graded: {early / MB:.0f} MB in the second quarter of the "
        f"time, {late / MB:.0f} MB in the last.",
    ]
    return "\n".join(
        [
            "# Grading, measured\n",
            f"{found['submissions']} submissions of lesson 7, half of them right and half with a known mistake; each "
            "way in a new course. The time for each is that between two graded notebooks; start: what is left of the "
            "whole.\n",
            "| command | start, s | each, s | submissions a second and worker | whole command, s |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *facts,
            "",
            "| what one waits for | CPU, s | times import torch |",
            "|---|---|---|",
            *costs,
            "",
            f"{here['processor']}, {here['cores']} cores, {here['system']}; Python {here['python']}, torch "
            f"{here['torch']}, nbgrader {here['nbgrader']}, bubblewrap {here['bubblewrap']}. Load of the machine when "
            f"it began {here['load_before']}, when it ended {here['load_after']}: numbers on a busy machine are good "
            "for comparing with each other only.\n",
            f"To measure it again: `{found['command']}`.\n",
        ]
    )


def _rate(seconds: float) -> str:
    """Submissions a second; the start's own time differs from run to run, and may hide that of a few."""
    return f"{1 / seconds:.0f} submissions a second" if seconds > 0 else "too few to tell how many a second"
