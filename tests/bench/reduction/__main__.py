"""`python -m tests.bench.reduction [PART ...]` measures the parts that are named, or all; 1 where a goal is missed."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from tests.bench.measure import show

PARTS = ("start", "calibration", "masters", "cosmic_rays", "quality", "whole_frame", "night")


def main() -> int:
    """Measure and show; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/bench reduction", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; all by default")
    parser.add_argument("--small", action="store_true", help="small frames: to try the bench, not to judge by it")
    parser.add_argument("--frames", type=int, help="lights of the night; 24 by default, 300 to judge by")
    args = parser.parse_args()
    met = True
    for part in args.parts or PARTS:
        module = import_module(f"tests.bench.reduction.{part}")
        more = {"frames": args.frames} if part == "night" else {}
        met &= show(module.__doc__.splitlines()[0], module.measure(small=args.small, **more))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
