"""Where the earth is, and how it is turned: from pyerfa and a table that comes with astropy, never from the network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import erfa
import numpy as np
from numpy.typing import NDArray

from toros.sky.site import Site

__all__ = ["AU", "LIGHT_AU_PER_DAY", "Orbiting", "earth_and_sun", "orientation", "site_in_space", "ut1_minus_utc"]

JD_OF_MJD_0 = 2400000.5
AU = 149597870700.0  # metres; IAU 2012 B2
LIGHT_AU_PER_DAY = 299792458.0 * 86400.0 / AU
TURN_RATE = 1.00273781191135448 * 2.0 * np.pi  # of the earth; radians a day of UT1 (IAU 2000 B1.8)
_WORTH_A_TABLE = 4  # times a day, from which interpolation is quicker than the series


@dataclass(frozen=True)
class Orbiting:
    """Earth and sun, from the solar system's barycentre, along the ICRS's axes; au and au a day, shape (..., 3)."""

    earth: NDArray[np.float64]
    earth_velocity: NDArray[np.float64]
    sun: NDArray[np.float64]
    sun_velocity: NDArray[np.float64]


def earth_and_sun(tdb: NDArray[np.float64]) -> Orbiting:
    """Return where earth and sun are.

    Parameters
    ----------
    tdb : ndarray
        MJD, TDB, of any shape.

    Notes
    -----
    IAU SOFA's epv00 (VSOP2000, shortened): within 11.2 km of DE405 in 1900 to 2100. Many times a day are interpolated
    by cubics between midnights, which adds less than 100 m.
    """
    tdb = np.asarray(tdb, dtype=np.float64)
    flat = tdb.ravel()
    days = np.floor(flat)
    midnights = np.unique(days)
    states = _series(flat) if flat.size < _WORTH_A_TABLE * midnights.size + 2 else _interpolated(flat, days, midnights)
    return Orbiting(*(part.reshape(*tdb.shape, 3) for part in states))


def _series(tdb: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    from_sun, from_barycentre, _ = erfa.ufunc.epv00(JD_OF_MJD_0, tdb)
    earth, speed = from_barycentre["p"], from_barycentre["v"]
    return earth, speed, earth - from_sun["p"], speed - from_sun["v"]


def _interpolated(
    tdb: NDArray[np.float64], days: NDArray[np.float64], midnights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Return positions and velocities by Hermite's cubics between the midnights before and after."""
    knots = np.unique(np.concatenate([midnights, midnights + 1.0]))
    earth, earth_speed, sun, sun_speed = _series(knots)
    before = np.searchsorted(knots, days)
    t = (tdb - days)[:, None]
    return *_hermite(earth, earth_speed, before, t), *_hermite(sun, sun_speed, before, t)


def _hermite(
    place: NDArray[np.float64], speed: NDArray[np.float64], before: NDArray[np.intp], t: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, da, db = place[before], place[before + 1], speed[before], speed[before + 1]
    step = b - a
    inner = (da - step) * (1.0 - t) - (db - step) * t
    value = a + t * step + t * (1.0 - t) * inner
    slope = step + (1.0 - 2.0 * t) * inner + t * (1.0 - t) * (2.0 * step - da - db)
    return value, slope


@lru_cache(maxsize=1)
def _rotation_table() -> Any:
    from astropy.utils import iers

    return iers.IERS_A.open(iers.IERS_A_FILE)


def ut1_minus_utc(utc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return UT1 - UTC; seconds.

    Parameters
    ----------
    utc : ndarray
        MJD, UTC.

    Notes
    -----
    From the table of the IERS that comes with astropy (a year of predictions at its end). Outside of it, 0: since 1972
    that is at most 0.9 s, 14 arcsec of the earth's turning, wrong.
    """
    utc = np.asarray(utc, dtype=np.float64)
    difference, status = _rotation_table().ut1_utc(np.full(utc.shape, JD_OF_MJD_0), utc, return_status=True)
    seconds = np.asarray(difference.to_value("s"), dtype=np.float64)
    return np.where(np.asarray(status) < 0, 0.0, seconds)


def orientation(ut1: NDArray[np.float64], tt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrices that turn axes of the ICRS into those of the turning earth: x to Greenwich, z to the pole.

    Parameters
    ----------
    ut1, tt : ndarray
        The same moments; MJD, shape (...).

    Returns
    -------
    ndarray
        Shape (..., 3, 3).

    Notes
    -----
    Precession and nutation IAU 2000B (1 mas); the motion of the pole, 0.3 arcsec, is left out.
    """
    to_date = erfa.ufunc.pnm00b(JD_OF_MJD_0, tt)
    return np.asarray(erfa.ufunc.rz(erfa.ufunc.gst00b(JD_OF_MJD_0, ut1), to_date), dtype=np.float64)


def site_in_space(
    site: Site, ut1: NDArray[np.float64], tt: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the site from the earth's centre, along the axes of the ICRS: place in au, velocity in au a day.

    Parameters
    ----------
    site : Site
    ut1, tt : ndarray
        The same moments; MJD, shape (...). The results have shape (..., 3).
    """
    x, y, z = site.geocentric() / AU
    turned = orientation(ut1, tt)
    place = np.einsum("...ji,j->...i", turned, np.array([x, y, z]))
    velocity = np.einsum("...ji,j->...i", turned, np.array([-y, x, 0.0]) * TURN_RATE)
    return place, velocity
