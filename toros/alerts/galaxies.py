"""Galaxies that an event may have happened in: OpenNGC, as the package pyongc brings it."""

from __future__ import annotations

import importlib.util
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toros.errors import TorosError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HUBBLE", "Galaxies", "open_ngc"]

HUBBLE = 70.0  # km/s/Mpc
LIGHT = 299_792.458  # km/s
QUERY = """
    SELECT name, ra, dec, coalesce(redshift, radvel / :light) AS z, bmag
    FROM objects
    WHERE type IN ('G', 'GPair', 'GTrpl', 'GGroup') AND ra IS NOT NULL AND dec IS NOT NULL AND z > 0
    ORDER BY name
"""


@dataclass(frozen=True)
class Galaxies:
    """Galaxies with a redshift away from us, one row each.

    Attributes
    ----------
    name : tuple of str
        As the catalogue writes it, such as NGC4993.
    ra, dec : ndarray of float64, shape (galaxies,)
        ICRS; degrees.
    distance : ndarray of float64, shape (galaxies,)
        cz/H0, H0 = 70 km/s/Mpc; Mpc. Poor below some 20 Mpc, where galaxies' own motions weigh as much.
    magnitude : ndarray of float64, shape (galaxies,)
        Apparent B magnitude, Vega; NaN where it is not known.
    """

    name: tuple[str, ...]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    distance: NDArray[np.float64]
    magnitude: NDArray[np.float64]

    def row(self, name: str) -> int:
        """Return the row of a galaxy by its name, with or without blanks and leading zeros: `NGC 253`.

        Raises
        ------
        KeyError
            There is no such galaxy, or its distance is not known.
        """
        wanted = _plain(name)
        for row, known in enumerate(self.name):
            if _plain(known) == wanted:
                return row
        raise KeyError(f"the catalogue has no galaxy {name!r} with a positive redshift")


def open_ngc(file: Path | None = None) -> Galaxies:
    """Read OpenNGC's galaxies.

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
    positions in radians.
    """
    import numpy as np

    file = file or _packaged()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            rows = connection.execute(QUERY, {"light": LIGHT}).fetchall()
    except sqlite3.Error as error:
        raise TorosError(f"the galaxy catalogue {file.name} cannot be read: {error}") from None
    names = tuple(str(row[0]) for row in rows)
    ra, dec, redshift, magnitude = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4).T
    return Galaxies(names, np.degrees(ra) % 360.0, np.degrees(dec), redshift * LIGHT / HUBBLE, magnitude)


def _packaged() -> Path:
    package = importlib.util.find_spec("pyongc")  # found, not imported: only its data are wanted
    if package is None or package.origin is None:
        raise TorosError("the galaxy catalogue is missing: install the package pyongc")
    return Path(package.origin).with_name("ongc.db")


def _plain(name: str) -> str:
    """Return a name without blanks and without zeros in front of its number, in capitals."""
    letters = name.upper().replace(" ", "").rstrip("0123456789")
    number = name.upper().replace(" ", "")[len(letters) :]
    return letters + number.lstrip("0")
