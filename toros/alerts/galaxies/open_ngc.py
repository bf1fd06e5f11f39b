"""OpenNGC's galaxies, as the package pyongc brings them."""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from toros.alerts.galaxies.columns import columns_of
from toros.alerts.galaxies.cosmology import LIGHT, redshift_distance
from toros.alerts.galaxies.store import sorted_galaxies
from toros.errors import TorosError

if TYPE_CHECKING:
    from toros.alerts.galaxies.store import Galaxies

__all__ = ["open_ngc"]

FROM_REDSHIFT = 4
QUERY = """
    SELECT ra, dec, coalesce(redshift, radvel / :light) AS z, bmag, name
    FROM objects
    WHERE type IN ('G', 'GPair', 'GTrpl', 'GGroup') AND ra IS NOT NULL AND dec IS NOT NULL
    ORDER BY name
"""


def open_ngc(file: Path | None = None) -> Galaxies:
    """Read OpenNGC's galaxies, in some 20 ms.

    Parameters
    ----------
    file : Path, optional
        The catalogue's SQLite file; the one inside the package pyongc by default. It is never written.

    Raises
    ------
    TorosError
        The file is missing or is not OpenNGC's.

    Notes
    -----
    OpenNGC (Mattia Verga, CC-BY-SA-4.0) holds 14 033 objects, 10 791 of them galaxies, pairs and groups; it is
    bright and near, and complete nowhere: no galaxy here does not mean no galaxy there. Its file keeps
    positions in radians and no distances: they are from redshifts, heliocentric as they are.
    """
    import numpy as np

    file = file or _packaged()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            rows = connection.execute(QUERY, {"light": LIGHT}).fetchall()
    except sqlite3.Error as wrong:
        raise TorosError(f"the galaxy catalogue {file.name} cannot be read: {wrong}") from None
    ra, dec, redshift, magnitude = np.array([row[:4] for row in rows], dtype=np.float64).reshape(-1, 4).T
    distance, error = redshift_distance(redshift)
    columns = columns_of(
        ra=np.degrees(ra), dec=np.degrees(dec), name=np.array([str(row[4]).encode() for row in rows], dtype="S"),
        distance=distance, distance_error=error, found=np.full(ra.size, FROM_REDSHIFT), magnitude=magnitude,
    )  # fmt: skip
    return sorted_galaxies(columns, "OpenNGC")


def _packaged() -> Path:
    package = importlib.util.find_spec("pyongc")  # found, not imported: only its data are wanted
    if package is None or package.origin is None:
        raise TorosError("the galaxy catalogue is missing: install the package pyongc")
    return Path(package.origin).with_name("ongc.db")
