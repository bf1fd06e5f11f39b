"""How much memory a piece of work takes beyond what it was given, in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path

__all__ = ["beyond"]


def beyond(module: str, prepare: str, *arguments: str) -> float:
    """Return the growth of the peak while work runs; MB.

    Parameters
    ----------
    module, prepare : str
        `prepare(*arguments)` returns the work, all that goes in and comes out already in memory and touched.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.reduction.memory", module, prepare, *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def _resident() -> float:
    """Return the memory that is in use now; MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _reset_peak() -> bool:
    """Forget the highest use so far; not every kernel lets us."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _high_water() -> float:
    """Return the highest use since the peak was reset; MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    return _peak()


def main() -> None:
    """Prepare, run, and print the growth."""
    module, prepare, *arguments = sys.argv[1:]
    work = getattr(import_module(module), prepare)(*arguments)
    _reset_peak()
    before = _resident()
    work()
    print(max(0.0, _high_water() - before))


if __name__ == "__main__":
    main()
