"""Probe for exercises whose answer draws from a language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from course_utils.probes.core import Case, Observation, observe, prepare, snapshot, with_flags
from course_utils.probes.watch import watch_calls

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

    Parts: ``result``, where the prompt is not repeated: the table should leave no doubt about the next token. Else the
    shape, the share of every token in each step, and of every pair in the first two. Then ``arguments``, and rules
    in words that hold or do not.
    """
    given = prepare(case.args["table"])
    repeat = case.args.get("repeat")
    prompt = prepare(case.args["tokens"]).repeat(repeat or 1, 1)  # (rows, T)
    seed = case.args["generator"].value

    def run(prompt: torch.Tensor, seed: int, elsewhere: int) -> tuple[torch.Tensor, dict[str, Any]]:
        model, tokens = PrefixModel(given.clone()), prompt.clone()
        torch.default_generator.manual_seed(elsewhere)
        with watch_calls() as calls:
            generator = torch.Generator().manual_seed(seed)
            result = candidate(model, tokens, case.args["steps"], case.args["temperature"], generator)
        kept = torch.equal(model.table, given) and model.table.requires_grad and model.table.grad is None
        return result, {
            "arguments": {"tokens": with_flags(tokens)},
            "the model stays as it was": kept,
            "the model runs without a graph": not model.recorded or calls["detach"] > 0,
        }

    def body() -> dict[str, Any]:
        result, rules = run(prompt, seed, elsewhere=1)
        if not repeat:
            return {"result": result} | rules
        few = prompt[:_FEW]
        (once, _), (again, _), (other, _) = run(few, seed, 1), run(few, seed, 2), run(few, seed + 1, 1)
        repeats = {
            "the same generator gives the same tokens": _same(again, once),
            "another generator gives other tokens": not _same(other, once),
        }
        return _shares(result, prompt.shape[1], given.shape[1]) | repeats | rules

    return observe(body, case)


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and torch.equal(a, b)


def _shares(result: Any, start: int, vocabulary: int) -> dict[str, Any]:
    """How the tokens after place ``start`` are distributed: each step by itself, and the first two together."""
    result = snapshot(result)
    if not isinstance(result, torch.Tensor) or result.dim() != 2 or result.dtype != torch.int64:
        return {"result": result}
    drawn = result[:, start:].clamp(0, vocabulary - 1)  # (rows, steps)
    parts: dict[str, Any] = {"the shape of the result": list(result.shape)}
    for step, column in enumerate(drawn.T, start=1):
        parts[f"the share of each token in step {step}"] = _share(column, vocabulary)
    if drawn.shape[1] > 1:
        pairs = drawn[:, 0] * vocabulary + drawn[:, 1]
        parts["the share of each pair of tokens in steps 1 and 2"] = _share(pairs, vocabulary**2)
    return parts


def _share(values: torch.Tensor, n: int) -> torch.Tensor:
    return torch.bincount(values, minlength=n) / max(1, len(values))
