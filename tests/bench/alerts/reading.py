"""Reading a multi-order map, beside astropy's own table."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from astropy.io import fits

from tests.bench.alerts.maps import small_map
from tests.bench.measure import Goal, spent
from toros.alerts.skymap import read_skymap

__all__ = ["goals"]


def goals(_folder: Path) -> list[Goal]:
    """Measure a map of 19 200 cells with distances."""
    content = small_map()
    ours = spent(lambda: read_skymap(content), 20) * 1e3

    def theirs() -> None:
        with warnings.catch_warnings(action="ignore"), fits.open(io.BytesIO(content), memmap=False) as file:
            file[1].data.copy()

    peer = f"astropy, only reading: {spent(theirs, 20) * 1e3:.1f} ms"
    return [
        Goal("read and check a multi-order map", f"{ours:.1f} ms", peer,
             ours, most=10.0),
    ]  # fmt: skip
