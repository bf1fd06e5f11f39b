"""Stores and tables of made-up galaxies, as many as the real catalogues have; always the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from astropy_healpix import healpix_to_lonlat

from toros.alerts.galaxies.columns import luminosity_of
from toros.alerts.galaxies.cosmology import PECULIAR
from toros.alerts.galaxies.store import write_store
from toros.sky.healpix import ORDER, PIXELS

__all__ = ["made_store"]

PARTS = 192
FARTHEST = 3000.0  # Mpc


def made_store(path: Path, rows: int, error: float = PECULIAR) -> Path:
    """Write a store of galaxies spread evenly over the sky and, up to 3 Gpc, in volume."""
    write_store(path, rows, 10, _parts(rows, error), {"catalogue": f"{rows} made up"})
    return path


def _parts(rows: int, error: float) -> Iterator[dict[str, Any]]:
    edges = np.linspace(0, rows, PARTS + 1).astype(int)
    for part, (first, behind) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        count, random = int(behind - first), np.random.default_rng((rows, part))
        pixel = np.sort(random.integers(part * (PIXELS // PARTS), (part + 1) * (PIXELS // PARTS), count))
        lon, lat = healpix_to_lonlat(pixel, 2**ORDER, order="nested")
        distance = FARTHEST * random.uniform(0.0, 1.0, count) ** (1.0 / 3.0)
        magnitude = random.normal(17.0, 2.0, count)
        yield {
            "pixel": pixel, "ra": lon.deg, "dec": lat.deg, "distance": distance,
            "distance_error": np.full(count, error), "magnitude": magnitude,
            "luminosity": luminosity_of(magnitude, distance), "mass": random.normal(10.0, 0.7, count),
            "found": np.full(count, 2, np.uint8), "name": np.char.mod("G%d", np.arange(first, behind)).astype("S10"),
        }  # fmt: skip
