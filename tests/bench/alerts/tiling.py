"""Fields laid on a small map and on one of more than half of the sky."""

from __future__ import annotations

from pathlib import Path

from tests.bench.alerts.maps import maps_of_all_sizes
from tests.bench.measure import Goal, spent
from toros.alerts.tiling import tile_map
from toros.sky.field_grid import FieldGrid

__all__ = ["goals"]

MOST = {"32 deg²": 0.2, "660 deg²": 0.5, "worst": 2.0}  # seconds


def goals(_folder: Path) -> list[Goal]:
    """Measure four hundred fields of one square degree, as the robot lays them."""
    grid, found = FieldGrid(1.0, 1.0), []
    for name, skymap in maps_of_all_sizes().items():
        taken = spent(lambda skymap=skymap: tile_map(skymap, grid, coverage=0.9, most=400, level=0.9))
        found.append(Goal(f"fields of 1 deg² on a map, {name}", f"{taken:.2f} s", "", taken, most=MOST[name]))
    return found
