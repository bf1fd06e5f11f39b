"""What is kept of a galaxy, a column each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toros.sky.healpix import pixel_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FOUND", "KINDS", "LONGEST_NAME", "Columns", "columns_of", "luminosity_of", "record_kind"]

Columns = Mapping[str, "NDArray[Any]"]

KINDS = {  # column: type. Where a number is not known it is NaN
    "pixel": "<i8",  # nested HEALPix index at order 29; the rows are sorted by it
    "ra": "<f8",  # ICRS, degrees
    "dec": "<f8",
    "distance": "<f4",  # luminosity distance, Mpc
    "distance_error": "<f4",  # standard deviation, Mpc
    "magnitude": "<f4",  # apparent, B, Vega
    "luminosity": "<f4",  # in B, 1e10 of the sun's
    "mass": "<f4",  # decimal logarithm of the stars' mass in the sun's
    "found": "u1",  # how the distance was found: a place in FOUND
    "name": "S",  # as wide as the longest, at most LONGEST_NAME bytes
}
FOUND = (
    "not known",
    "measured, not from a redshift",
    "from a spectroscopic redshift",
    "from a photometric redshift",
    "from a redshift",
    "as its catalogue gives it",
)
LONGEST_NAME = 32
SUN_IN_B = 5.44  # absolute magnitude of the sun, Johnson B, Vega: Willmer 2018, ApJS 236, 47, table 3


def record_kind(name_width: int) -> np.dtype[Any]:
    """Return the type of a row with names of so many bytes."""
    import numpy as np

    return np.dtype([(name, f"S{name_width}" if kind == "S" else kind) for name, kind in KINDS.items()])


def columns_of(
    *,
    ra: ArrayLike,
    dec: ArrayLike,
    name: ArrayLike,
    distance: ArrayLike,
    distance_error: ArrayLike,
    found: ArrayLike,
    magnitude: ArrayLike,
    mass: ArrayLike | None = None,
) -> dict[str, NDArray[Any]]:
    """Return all columns of some galaxies, from what their catalogue says; rows without a position are dropped.

    Parameters
    ----------
    ra, dec : array_like of float, shape (galaxies,)
        ICRS; degrees.
    name : array_like of bytes
    distance, distance_error : array_like of float
        Mpc; NaN where not known.
    found : array_like of int
        Places in `FOUND`.
    magnitude : array_like of float
        Apparent, B, Vega; NaN where not known.
    mass : array_like of float, optional
        Decimal logarithm, solar masses; NaN where not known.
    """
    import numpy as np

    ra, dec, distance = (np.asarray(each, dtype=np.float64) for each in (ra, dec, distance))
    placed = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    ra, dec = np.where(placed, ra % 360.0, 0.0), np.where(placed, dec, 0.0)
    distance = np.where(distance > 0.0, distance, np.nan)
    known = np.isfinite(distance)
    found_columns: dict[str, Any] = {
        "pixel": pixel_of(ra, dec),
        "ra": ra,
        "dec": dec,
        "distance": np.where(known, distance, np.nan),
        "distance_error": np.where(known, distance_error, np.nan),
        "magnitude": magnitude,
        "luminosity": luminosity_of(magnitude, distance),
        "mass": np.full(ra.size, np.nan) if mass is None else mass,
        "found": np.where(known, found, 0),
        "name": name,
    }
    return {
        key: np.asarray(column, dtype=None if key == "name" else KINDS[key])[placed]
        for key, column in found_columns.items()
    }


def luminosity_of(magnitude: ArrayLike, distance: ArrayLike) -> NDArray[np.float64]:
    """Return luminosities in B, 1e10 solar; without a correction for dust or redshift.

    Parameters
    ----------
    magnitude : array_like
        Apparent, B, Vega.
    distance : array_like
        Mpc.
    """
    import numpy as np

    modulus = 5.0 * np.log10(np.asarray(distance, dtype=np.float64)) + 25.0
    return np.asarray(10.0 ** (0.4 * (SUN_IN_B + modulus - np.asarray(magnitude, dtype=np.float64)) - 10.0))
