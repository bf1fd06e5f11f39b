"""Positions on the sky: how they are written, how far apart they are, how high they stand."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "airmass",
    "altitude",
    "constellation",
    "declination_text",
    "galactic",
    "moved",
    "right_ascension_text",
    "separation",
]

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


def right_ascension_text(degrees: float) -> str:
    """Return a right ascension as `HH MM SS.sss`."""
    return _sexagesimal(degrees % 360.0 / 15.0, digits=3, wrap=24)


def declination_text(degrees: float) -> str:
    """Return a declination as `+DD MM SS.ss`."""
    return ("-" if degrees < 0 else "+") + _sexagesimal(abs(degrees), digits=2)


def separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Return the angle between two positions, all in degrees, by Vincenty's formula: right for every angle."""
    a, b = math.radians(dec), math.radians(other_dec)
    turn = math.radians(other_ra - ra)
    x = math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    y = math.cos(b) * math.sin(turn)
    z = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return math.degrees(math.atan2(math.hypot(x, y), z))


def altitude(ra: float, dec: float, moment: datetime, longitude: float, latitude: float) -> float:
    """Return how high a position stands, good to half a degree: refraction and precession are left out.

    Parameters
    ----------
    ra, dec : float
        ICRS; degrees.
    moment : datetime
        Timezone-aware.
    longitude, latitude : float
        Of the site; degrees east and north.

    Returns
    -------
    float
        Degrees above the horizon.

    Notes
    -----
    Greenwich mean sidereal time as in Meeus, Astronomical Algorithms, 2nd ed., equation 12.4, linear terms.
    """
    days = (moment - J2000).total_seconds() / 86400.0
    hour_angle = math.radians((280.46061837 + 360.98564736629 * days + longitude - ra) % 360.0)
    declination, north = math.radians(dec), math.radians(latitude)
    sine = math.sin(north) * math.sin(declination) + math.cos(north) * math.cos(declination) * math.cos(hour_angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def airmass(height: float) -> float | None:
    """Return the airmass at an altitude in degrees; None at and below the horizon.

    Notes
    -----
    Kasten and Young 1989, Applied Optics 28, 4735, equation 3.
    """
    if height <= 0:
        return None
    return 1.0 / (math.sin(math.radians(height)) + 0.50572 * math.pow(height + 6.07995, -1.6364))


def galactic(ra: ArrayLike, dec: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return galactic longitudes, 0 to 360, and latitudes; degrees.

    Parameters
    ----------
    ra, dec : array_like
        ICRS; degrees.

    Raises
    ------
    BadValue
    """
    import erfa
    import numpy as np

    from toros.sky.vectors import position_of, unit_vectors

    pole, centre = erfa.g2icrs(0.0, math.pi / 2), erfa.g2icrs(0.0, 0.0)
    up, forth = unit_vectors(np.degrees([pole[0], centre[0]]), np.degrees([pole[1], centre[1]]))
    axes = np.stack([forth, np.cross(up, forth), up])
    return position_of(unit_vectors(ra, dec) @ axes.T)


def constellation(ra: ArrayLike, dec: ArrayLike) -> NDArray[np.str_]:
    """Return the constellations that positions lie in, as the IAU's abbreviations (Gem).

    Parameters
    ----------
    ra, dec : array_like
        ICRS; degrees.

    Raises
    ------
    BadValue

    Notes
    -----
    Roman 1987, PASP 99, 695: boundaries in the equator and equinox of B1875.
    """
    from toros.sky.constellations import constellations_at
    from toros.sky.vectors import unit_vectors

    return constellations_at(unit_vectors(ra, dec))


def moved(
    ra: ArrayLike, dec: ArrayLike, pm_ra: ArrayLike, pm_dec: ArrayLike, years: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return positions after so many years of proper motion; degrees, ICRS.

    Parameters
    ----------
    ra, dec : array_like
        ICRS; degrees.
    pm_ra, pm_dec : array_like
        mas a year, cos(dec) included; NaN counts as 0.
    years : array_like
        Julian years since the positions' epoch.

    Raises
    ------
    BadValue

    Notes
    -----
    Along a straight line in space, at the poles too; parallax and radial velocity are left out.
    """
    import numpy as np

    from toros.sky.vectors import position_of, unit_vectors

    here = unit_vectors(ra, dec)
    alpha, delta = np.broadcast_arrays(np.radians(ra), np.radians(dec))
    east = np.stack([-np.sin(alpha), np.cos(alpha), np.zeros_like(alpha)], axis=-1)
    north = np.cross(here, east)
    radians = [np.nan_to_num(np.asarray(pm, dtype=np.float64)) * np.radians(1.0 / 3.6e6) for pm in (pm_ra, pm_dec)]
    step = radians[0][..., None] * east + radians[1][..., None] * north
    return position_of(here + step * np.asarray(years, dtype=np.float64)[..., None])


def _sexagesimal(value: float, *, digits: int, wrap: int | None = None) -> str:
    """Return `WW MM SS.sss`, rounded once, so that no second ever reads 60."""
    unit: int = 10**digits
    ticks = round(value * 3600 * unit)
    whole, rest = divmod(ticks, 3600 * unit)
    minutes, ticks = divmod(rest, 60 * unit)
    seconds, part = divmod(ticks, unit)
    return f"{whole % wrap if wrap else whole:02d} {minutes:02d} {seconds:02d}.{part:0{digits}d}"
