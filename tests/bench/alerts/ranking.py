"""Ranking 3 and 22 million galaxies, warm and cold; each in a process of its own, whose memory is its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.alerts.catalogues import made_store
from tests.bench.alerts.maps import maps_of_all_sizes
from tests.bench.measure import Goal, peak, spent
from toros.alerts.galaxies import open_store
from toros.alerts.ranking import rank_galaxies

__all__ = ["goals"]

LIMITS = {  # rows, map: ms warm, ms cold, MB at most
    (3_000_000, "32 deg²"): (10.0, 100.0, 200.0),
    (3_000_000, "660 deg²"): (10.0, 100.0, 200.0),
    (22_000_000, "32 deg²"): (50.0, 200.0, 200.0),
    (22_000_000, "660 deg²"): (50.0, 200.0, 200.0),
    (22_000_000, "worst"): (1500.0, 6000.0, 400.0),
}


def goals(folder: Path) -> list[Goal]:
    """Measure all sizes."""
    found = []
    for rows in (3_000_000, 22_000_000):
        store = made_store(folder / f"{rows}.galaxies", rows)
        for (count, name), limits in LIMITS.items():
            if count == rows:
                found += _goals(store, rows, name, limits)
        store.unlink()
    return found


def _goals(store: Path, rows: int, name: str, limits: tuple[float, float, float]) -> list[Goal]:
    words = [sys.executable, "-m", "tests.bench.alerts.ranking", str(store), name]
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    title = f"rank {rows // 10**6} million, {name}"
    return [
        Goal(f"{title}: warm", f"{told['warm']:.1f} ms", f"{told['selected']:,} galaxies in the region", told["warm"],
             most=limits[0]),
        Goal(f"{title}: cold, from the disk", f"{told['cold']:.0f} ms", f"{told['cold_cpu']:.0f} ms of the processor",
             told["cold"], most=limits[1]),
        Goal(f"{title}: memory", f"{told['memory']:.0f} MB", f"{told['before']:.0f} MB before", told["memory"],
             most=limits[2]),
    ]  # fmt: skip


def _measured(store: Path, name: str) -> dict[str, float]:
    skymap = maps_of_all_sizes()[name]
    skymap.levels()
    _forget(store)
    before, began, cpu = peak(), time.perf_counter(), time.process_time()
    galaxies = open_store(store)
    ranking = rank_galaxies(skymap, galaxies, max_distance=5000.0)
    cold, cold_cpu = time.perf_counter() - began, time.process_time() - cpu
    warm = spent(lambda: rank_galaxies(skymap, galaxies, max_distance=5000.0), 5)
    return {"cold": cold * 1e3, "cold_cpu": cold_cpu * 1e3, "warm": warm * 1e3, "before": before, "memory": peak(),
            "selected": ranking.in_region}  # fmt: skip


def _forget(store: Path) -> None:
    """Drop a file from the machine's cache."""
    with store.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    print(json.dumps(_measured(Path(sys.argv[1]), sys.argv[2])))
