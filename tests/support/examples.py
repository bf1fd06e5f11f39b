"""How many examples a property is tried with: few each time, many by scripts/faults."""

from __future__ import annotations

import os

__all__ = ["TIMES", "examples"]

TIMES = "TOROS_TEST_EXAMPLES"  # environment variable: how many times as many


def examples(number: int) -> int:
    """Return `number`, times what the environment says."""
    return number * int(os.environ.get(TIMES, "1"))
