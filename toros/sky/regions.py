"""Where on the sky a position is, as people say it: the constellation, and the distance from the Galaxy's plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["constellations", "galactic"]


def constellations(ra: ArrayLike, dec: ArrayLike) -> list[str]:
    """Return the three letters of the constellation that each position lies in, by the borders of Roman 1987.

    Parameters
    ----------
    ra, dec : array-like of float
        ICRS, degrees; one dimension.
    """
    import numpy as np
    from astropy import units
    from astropy.coordinates import SkyCoord, get_constellation

    place = SkyCoord(np.asarray(ra), np.asarray(dec), unit=units.deg)
    return [str(name) for name in get_constellation(place, short_name=True)]


def galactic(ra: ArrayLike, dec: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return galactic longitudes and latitudes; all in degrees.

    Parameters
    ----------
    ra, dec : array-like of float
        ICRS, degrees.
    """
    import numpy as np
    from astropy import units
    from astropy.coordinates import SkyCoord

    place = SkyCoord(np.asarray(ra), np.asarray(dec), unit=units.deg).galactic
    return place.l.deg, place.b.deg
