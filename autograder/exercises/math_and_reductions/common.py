"""What several exercises of the lesson share."""

from __future__ import annotations

# No exercise of this lesson speaks of gradients, float64 or devices, so none of them is asked for.
CONTRACTS = ("strided",)
