"""Constellations by the table of Roman 1987, PASP 99, 695 (CDS VI/42): boundaries in the equator of B1875.

The table comes with astropy, as a text file that is read where it lies: to import astropy for it would take 30 MB of a
daemon's memory.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import erfa
import numpy as np
from numpy.typing import NDArray

from toros.sky.vectors import position_of

__all__ = ["constellations_at"]

TABLE = Path("coordinates", "data", "constellation_data_roman87.dat")
TOGETHER = 2000  # positions compared with all boundaries at once


def constellations_at(vectors: NDArray[np.float64]) -> NDArray[np.str_]:
    """Return the abbreviations of the constellations that directions lie in.

    Parameters
    ----------
    vectors : ndarray
        ICRS; shape (..., 3).

    Returns
    -------
    ndarray of str
        Shape (...).
    """
    west, east, south, names = _boundaries()
    equator = erfa.pmat06(*erfa.epb2jd(1875.0))
    ra, dec = (each.ravel() for each in position_of(vectors @ equator.T))
    found = np.empty(ra.shape, dtype=names.dtype)
    for start in range(0, ra.size, TOGETHER):
        some = slice(start, start + TOGETHER)
        hours, height = ra[some, None] / 15.0, dec[some, None]
        inside = (hours >= west) & (hours < east) & (height >= south)
        found[some] = names[np.argmax(inside, axis=1)]  # the first line that holds it, from the north on
    return found.reshape(vectors.shape[:-1])


@cache
def _boundaries() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    """Return, for each stretch, its right ascensions (hours), its southern end (degrees) and whose it is."""
    package = find_spec("astropy")
    assert package is not None and package.origin is not None
    lines = (Path(package.origin).parent / TABLE).read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    west, east, south = np.array([row[:3] for row in rows], dtype=np.float64).T
    return west, east, south, np.array([row[3] for row in rows])
