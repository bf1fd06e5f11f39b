"""`python -m tests.bench.data PART [OPTIONS]` measures one part; 1 where a goal is missed."""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = ("finding", "growing", "importing", "measurements")


def main() -> int:
    """Measure and show; return the exit status."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    if part not in PARTS:
        print(f"scripts/bench data: which one? {', '.join(PARTS)}", file=sys.stderr)
        return 2
    return 0 if import_module(f"tests.bench.data.{part}").main(sys.argv[2:]) else 1


if __name__ == "__main__":
    sys.exit(main())
