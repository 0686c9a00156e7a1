"""Probe for exercises whose answer draws from a language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.probes.core import Case, Observation, observe, prepare, with_flags
from course_utils.probes.watch import watch_calls
from course_utils.probes.world import reseed

MODEL_KEPT = "the model stays as it was"
NO_GRAPH = "the model runs without a graph"
_FEW = 60  # rows that tell two sequences of draws apart


class PrefixModel(nn.Module):
    """A language model whose logits after each token are a row of a table, chosen by all tokens up to there.

    Args:
        table: `(rows, vocabulary)`
    """

    def __init__(self, table: torch.Tensor):
        super().__init__()
        self.table = nn.Parameter(table)
        self.recorded = False  # whether any call was recorded for a backward pass

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """`(B, T)` -> `(B, T, vocabulary)`."""
        places = torch.arange(1, tokens.shape[1] + 1)  # (T,)
        rows = ((tokens + 1) * places).cumsum(dim=1) % len(self.table)  # (B, T)
        logits = self.table[rows]  # (B, T, vocabulary)
        self.recorded |= logits.requires_grad
        return logits


def run_generate(candidate: Callable, case: Case) -> Observation:
    """Let ``candidate(model, tokens, steps, temperature, generator)`` continue a prompt.

    The case's arguments: ``table``, for `PrefixModel`; ``repeat``, to give every row of the prompt so many times; and
    ``tokens``, ``steps``, ``temperature`` and ``generator`` for the candidate.

    Parts: ``result``; where the prompt is repeated also ``repeats``, three results for some of its rows: two with
    generators of the same seed, one of another; then ``arguments``, and rules in words that hold or do not.
    """
    given = prepare(case.args["table"])
    repeat = case.args.get("repeat")
    prompt = prepare(case.args["tokens"]).repeat(repeat or 1, 1)  # (rows, T)
    seed = case.args["generator"].value

    def run(prompt: torch.Tensor, seed: int, elsewhere: int) -> tuple[torch.Tensor, dict[str, Any]]:
        model, tokens = PrefixModel(given.clone()), prompt.clone()
        reseed(elsewhere)
        with watch_calls() as calls:
            generator = torch.Generator().manual_seed(seed)
            result = candidate(model, tokens, case.args["steps"], case.args["temperature"], generator)
        kept = torch.equal(model.table, given) and model.table.requires_grad and model.table.grad is None
        return result, {
            "arguments": {"tokens": with_flags(tokens)},
            MODEL_KEPT: kept,
            NO_GRAPH: not model.recorded or calls["detach"] > 0,
        }

    def body() -> dict[str, Any]:
        result, rules = run(prompt, seed, elsewhere=1)
        parts = {"result": result}
        if repeat:
            few = prompt[:_FEW]
            parts["repeats"] = [run(few, *seeds)[0] for seeds in ((seed, 1), (seed, 2), (seed + 1, 1))]
        return parts | rules

    return observe(body, case)
