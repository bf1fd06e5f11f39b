"""How soon the room is ready in a new process: imported, and with every kernel loaded from the cache."""

from __future__ import annotations

import resource
import subprocess
import sys

from tests.bench.measure import Goal

TIMES = 5
ROOM = "import toros.reduction.folder"
KERNELS = "from toros.reduction.warm import warm; warm()"


def measure(small: bool) -> list[Goal]:
    """Measure; there is nothing smaller to try it with."""
    del small
    run(KERNELS)  # what is not in the cache is compiled here
    bare, room, kernels = (best(program) for program in ("", ROOM, KERNELS))
    said = f"Python itself {bare:.2f} s"
    return [
        Goal("import of the room: seconds", f"{room - bare:.2f} s", said, room - bare, most=0.5),
        Goal("all kernels from the cache: seconds", f"{kernels - bare:.2f} s", said, kernels - bare, most=1.0),
    ]


def best(program: str) -> float:
    """Return the least seconds of the processor that a program takes in a process of its own."""
    return min(spent(program) for _ in range(TIMES))


def spent(program: str) -> float:
    """Return the seconds of the processor that a program takes in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(program)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(program: str) -> None:
    """Run a program."""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
