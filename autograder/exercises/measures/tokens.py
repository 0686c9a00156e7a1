"""How the tokens that a language model draws are distributed."""

from __future__ import annotations

from typing import Any

import torch

from autograder.exercises.measures import has_values, items, measured, same
from course_utils.probes import Case, Observation
from course_utils.probes.transformer_ffn import MODEL_KEPT, NO_GRAPH


def measure_generate(case: Case, got: Observation) -> Observation:
    """For what `run_generate` brings.

    Parts: ``result``, where the prompt is not repeated: the table should leave no doubt about the next token. Else the
    shape, the share of every token in each step, and of every pair in the first two. Then ``arguments`` and rules.
    """
    result = got.parts.get("result")
    parts: dict[str, Any] = {"result": result}
    if case.args.get("repeat"):
        once, again, other = items(got, "repeats", 3)
        parts = _shares(result, case.args["tokens"].shape[1], case.args["table"].shape[1]) | {
            "the same generator gives the same tokens": same(again, once),
            "another generator gives other tokens": not same(other, once),
        }
    parts["arguments"] = got.parts.get("arguments")
    return measured(got, parts, MODEL_KEPT, NO_GRAPH)


def _shares(result: Any, start: int, vocabulary: int) -> dict[str, Any]:
    """How the tokens after place ``start`` are distributed: each step by itself, and the first two together."""
    if not has_values(result) or result.dim() != 2 or result.dtype != torch.int64:
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
