"""Probe for exercises whose answer draws from a language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from course_utils.probes import facts
from course_utils.probes.core import Case, Observation, observe, prepare, with_flags
from course_utils.probes.world import reseed

MODEL_KEPT = "the model stays as it was"
NO_GRAPH = "the model runs without a graph"
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
_FEW = 60  # rows that tell two sequences of draws apart


class PrefixModel(nn.Module):
    """A language model whose logits after each token are a row of a table, chosen by all tokens up to there.

    Args:
        table: `(rows, vocabulary)`
    """

    def __init__(self, table: torch.Tensor):
        super().__init__()
        self.table = nn.Parameter(table)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """`(B, T)` -> `(B, T, vocabulary)`."""
        places = torch.arange(1, tokens.shape[1] + 1)  # (T,)
        rows = ((tokens + 1) * places).cumsum(dim=1) % len(self.table)  # (B, T)
        return self.table[rows]  # (B, T, vocabulary)


class _Draws(TorchFunctionMode):
    """Sees whether tokens, or other integers, are taken from a tensor that a backward pass would go through."""

    from_a_graph = False

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        made = result if isinstance(result, (tuple, list)) else (result,)
        if any(isinstance(t, torch.Tensor) and facts.described(t)[1] in _INTEGERS for t in made):
            given = (*args, *(kwargs or {}).values())
            self.from_a_graph |= any(isinstance(t, torch.Tensor) and facts.requires_grad(t) for t in given)
        return result


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
        with _Draws() as draws:
            generator = torch.Generator().manual_seed(seed)
            result = candidate(model, tokens, case.args["steps"], case.args["temperature"], generator)
        table = model.table
        kept = torch.equal(table, given) and facts.requires_grad(table) and facts.grad(table) is None
        return result, {
            "arguments": {"tokens": with_flags(tokens)},
            MODEL_KEPT: kept,
            NO_GRAPH: not draws.from_a_graph,
        }

    def body() -> dict[str, Any]:
        result, rules = run(prompt, seed, elsewhere=1)
        parts = {"result": result}
        if repeat:
            few = prompt[:_FEW]
            parts["repeats"] = [run(few, *seeds)[0] for seeds in ((seed, 1), (seed, 2), (seed + 1, 1))]
        return parts | rules

    return observe(body, case)
