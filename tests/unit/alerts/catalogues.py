"""Small catalogues for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from toros.alerts.galaxies import Galaxies
from toros.alerts.galaxies.columns import columns_of
from toros.alerts.galaxies.cosmology import PECULIAR
from toros.alerts.galaxies.store import sorted_galaxies

__all__ = ["Row", "catalogue", "many_columns"]

Row = tuple[str, float, float, float, float]


def catalogue(*rows: Row, error: float = PECULIAR, mass: list[float] | None = None) -> Galaxies:
    """Return galaxies of a name, ra, dec (degrees), distance (Mpc) and B magnitude each."""
    names, *numbers = zip(*rows, strict=True)
    ra, dec, distance, magnitude = (np.array(column, dtype=float) for column in numbers)
    columns = columns_of(
        ra=ra, dec=dec, name=np.array([name.encode() for name in names], "S"), distance=distance,
        distance_error=np.full(ra.size, error), found=np.full(ra.size, 2), magnitude=magnitude, mass=mass,
    )  # fmt: skip
    return sorted_galaxies(columns, "made up")


def many_columns(rows: int, seed: int = 1, farthest: float = 300.0) -> dict[str, Any]:
    """Return the columns of galaxies spread evenly over the sky and in volume, in no order."""
    random = np.random.default_rng(seed)
    distance = farthest * random.uniform(0.0, 1.0, rows) ** (1 / 3)
    return columns_of(
        ra=random.uniform(0.0, 360.0, rows), dec=np.degrees(np.arcsin(random.uniform(-1.0, 1.0, rows))),
        name=np.char.add(b"G", np.arange(rows).astype("S")), distance=distance,
        distance_error=np.full(rows, PECULIAR), found=np.full(rows, 2), magnitude=random.normal(15.0, 1.5, rows),
        mass=random.normal(10.0, 0.7, rows),
    )  # fmt: skip
