"""What every measurement needs: percentiles, the machine's own sync, and a table that says whether a goal was met."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["Goal", "bare_sync", "peak", "percentile", "show", "spent"]


def percentile(seconds: Sequence[float], part: float) -> float:
    """Return the value below which this part (0 to 1) of the values lies."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def peak() -> float:
    """Return the most memory that this process has had, without what its parent had before it; MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def spent(work: Callable[[], object], times: int = 3) -> float:
    """Return the least seconds of the processor that some work took."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def bare_sync(folder: Path, times: int = 200) -> float:
    """Return the median of writing 4 kB and syncing it, seconds: what no durable store can do without."""
    path = folder / "bare_sync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(os.urandom(4096))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(taken)


@dataclass(frozen=True)
class Goal:
    """One figure, and what it has to be.

    Attributes
    ----------
    name : str
        What was measured.
    ours, theirs : str
        The figures, with units; theirs is empty where nobody is compared with.
    value : float
        What is compared with the goal.
    least, most : float, optional
        The goal.
    """

    name: str
    ours: str
    theirs: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        """True where the value is what it has to be."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def asked(self) -> str:
        """The goal in words."""
        return f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"


def show(title: str, goals: Sequence[Goal]) -> bool:
    """Print the table and return whether every goal was met."""
    table = Table(title=title, title_justify="left")
    for column in ("measured", "toros", "against", "value", "goal", ""):
        table.add_column(column)
    for goal in goals:
        table.add_row(
            goal.name, goal.ours, goal.theirs, f"{goal.value:.3g}", goal.asked,
            "[green]met[/]" if goal.met else "[red]missed[/]",
        )  # fmt: skip
    Console(width=None if os.isatty(1) else 120).print(table)
    return all(goal.met for goal in goals)
