"""A stretch of time at a site: how its horizon turns under the sky, and where sun and moon stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.errors import BadValue
from toros.sky.checks import checked
from toros.sky.earth import AU, LIGHT_AU_PER_DAY, earth_and_sun, orientation
from toros.sky.site import Site
from toros.sky.sun_and_moon import sun_and_moon
from toros.sky.times import checked_mjd, convert
from toros.sky.vectors import position_of, unit_vectors

__all__ = ["Span", "Where", "airmass_at", "altitude_of", "moments", "night_span", "span"]

Array = NDArray[np.float64]
Where = tuple[ArrayLike, ArrayLike] | Callable[[Array], tuple[ArrayLike, ArrayLike]]

MINUTE = 1.0 / 1440.0
MOST_STEPS = 200_000
UNIX_DAY_0 = 40587


@dataclass(frozen=True, eq=False)
class Span:
    """Moments at a site, and the directions that matter at each, along the axes of the ICRS.

    Make one by `span` or `night_span` and ask it about as many targets as you like. Positions are `(ra, dec)`, ICRS, of
    today (proper motion in); one target as two numbers, N as two arrays of shape (N,), N that move as arrays of shape
    (N, T); or a function of the moments that returns those. Answers have shape (T,) or (N, T).

    Attributes
    ----------
    site : Site
    mjd : ndarray
        MJD, UTC, evenly spaced, shape (T,).
    meridian, east, pole : ndarray
        Directions in which the equator meets the meridian, of the east, and of the celestial pole of date; (T, 3).
    sun, moon : ndarray
        Directions as seen from the site; (T, 3).
    moon_illumination : ndarray
        Lit part of the moon's disc, 0 to 1.

    Notes
    -----
    Altitudes are without refraction, within 0.005 degrees of astropy's. UTC is taken for UT1 (0.004 degrees at most).
    """

    site: Site
    mjd: Array
    meridian: Array
    east: Array
    pole: Array
    sun: Array
    moon: Array
    moon_illumination: Array
    aberration: Array

    @property
    def up(self) -> Array:
        """Direction of the zenith; (T, 3)."""
        latitude = np.radians(self.site.latitude)
        return np.asarray(np.cos(latitude) * self.meridian + np.sin(latitude) * self.pole)

    @property
    def north(self) -> Array:
        """Direction of the horizon's north; (T, 3)."""
        latitude = np.radians(self.site.latitude)
        return np.asarray(np.cos(latitude) * self.pole - np.sin(latitude) * self.meridian)

    @property
    def sun_altitude(self) -> Array:
        """Of the sun's centre; degrees."""
        return _arc(np.sum(self.sun * self.up, axis=-1))

    @property
    def moon_altitude(self) -> Array:
        """Of the moon's centre, seen from the site; degrees."""
        return _arc(np.sum(self.moon * self.up, axis=-1))

    @property
    def moon_position(self) -> tuple[Array, Array]:
        """Right ascension and declination of the moon, seen from the site; degrees, ICRS."""
        return position_of(self.moon)

    def altitude(self, where: Where) -> Array:
        """Return altitudes; degrees."""
        return _arc(_dot(self._directions(where), self.up))

    def azimuth(self, where: Where) -> Array:
        """Return azimuths, from north through east, 0 to 360; degrees."""
        seen = self._directions(where)
        return np.asarray(np.degrees(np.arctan2(_dot(seen, self.east), _dot(seen, self.north))) % 360.0)

    def hour_angle(self, where: Where) -> Array:
        """Return hour angles, west positive, -12 to 12; hours."""
        seen = self._directions(where)
        return np.asarray(-np.degrees(np.arctan2(_dot(seen, self.east), _dot(seen, self.meridian))) / 15.0)

    def airmass(self, where: Where) -> Array:
        """Return airmasses; NaN at and below the horizon."""
        return airmass_at(self.altitude(where))

    def moon_separation(self, where: Where) -> Array:
        """Return angles from the moon's centre, seen from the site; degrees."""
        return np.asarray(90.0 - _arc(_dot(self._directions(where), self.moon)))

    def positions(self, where: Where) -> tuple[ArrayLike, ArrayLike]:
        """Return right ascensions and declinations of targets, which may be given as a function of the moments."""
        if not callable(where):
            return where
        ra, dec = where(self.mjd)
        return np.atleast_2d(np.asarray(ra, dtype=np.float64)), np.atleast_2d(np.asarray(dec, dtype=np.float64))

    def _directions(self, where: Where) -> Array:
        seen = unit_vectors(*self.positions(where))
        if seen.ndim > 3 or (seen.ndim == 3 and seen.shape[1] != self.mjd.size):
            raise BadValue(f"positions of shape {seen.shape[:-1]}; allowed: (), (N,) or (N, {self.mjd.size})")
        seen += self.aberration
        seen /= np.linalg.norm(seen, axis=-1, keepdims=True)
        return seen


def span(site: Site, start: float, end: float, step: float = 5.0) -> Span:
    """Return the moments from `start` to `end` at a site.

    Parameters
    ----------
    site : Site
    start, end : float
        MJD, UTC.
    step : float
        Minutes, at most; made a little shorter, so that the last moment is `end`.

    Raises
    ------
    BadValue
    """
    checked_mjd([start, end], "start and end")
    checked(step, "step", 0.01, 1440.0, "minutes")
    if end <= start:
        raise BadValue(f"end = {end:.6f} is not after start = {start:.6f}")
    steps = int(np.ceil((end - start) / (step * MINUTE) - 1e-6))
    if steps > MOST_STEPS:
        raise BadValue(f"{steps} steps of {step:g} minutes; allowed: {MOST_STEPS}")
    return moments(site, np.linspace(start, end, steps + 1))


def moments(site: Site, mjd: ArrayLike) -> Span:
    """Return any moments at a site, in order of time: a span for the directions, but not for its windows' edges.

    Parameters
    ----------
    site : Site
    mjd : array_like
        MJD, UTC, shape (T,).

    Raises
    ------
    BadValue
    """
    mjd = checked_mjd(mjd)
    tt = convert(mjd, "utc", "tt")
    axes = orientation(mjd, tt)
    longitude = np.radians(site.longitude)
    meridian = np.cos(longitude) * axes[:, 0] + np.sin(longitude) * axes[:, 1]
    east = np.cos(longitude) * axes[:, 1] - np.sin(longitude) * axes[:, 0]
    here = np.einsum("tji,j->ti", axes, site.geocentric() / AU)
    bodies = earth_and_sun(tt)
    aberration = bodies.earth_velocity / LIGHT_AU_PER_DAY
    lights = sun_and_moon(tt, bodies, here)
    return Span(
        site=site,
        mjd=mjd,
        meridian=meridian,
        east=east,
        pole=axes[:, 2],
        sun=lights.sun,
        moon=lights.moon,
        moon_illumination=lights.illumination,
        aberration=aberration[aberration.shape[0] // 2],
    )


def night_span(site: Site, night: str, step: float = 5.0) -> Span:
    """Return the moments of a night, from noon to noon by local mean solar time.

    Parameters
    ----------
    site : Site
    night : str
        Date of its evening, YYYY-MM-DD, as `night.night_of` names it.
    step : float
        Minutes.

    Raises
    ------
    BadValue
    """
    try:
        day = date.fromisoformat(night)
    except ValueError:
        raise BadValue(f"night {night!r}; allowed: the date of its evening, YYYY-MM-DD") from None
    east = (site.longitude + 180.0) % 360.0 - 180.0
    noon = (day - date(1970, 1, 1)).days + UNIX_DAY_0 + 0.5 - east / 360.0
    return span(site, noon, noon + 1.0, step)


def airmass_at(altitude: ArrayLike) -> Array:
    """Return airmasses at altitudes in degrees; NaN at and below the horizon.

    Notes
    -----
    Kasten and Young 1989, Applied Optics 28, 4735, equation 3.
    """
    height = np.asarray(altitude, dtype=np.float64)
    above = np.where(height > 0.0, height, np.nan)
    return np.asarray(1.0 / (np.sin(np.radians(above)) + 0.50572 * (above + 6.07995) ** -1.6364))


def altitude_of(airmass: float) -> float:
    """Return the altitude at which the airmass is as given, 1 to 37; degrees.

    Raises
    ------
    BadValue
    """
    goal = float(checked(airmass, "airmass", 1.0, 37.0, ""))
    low, high = 0.0, 90.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (low, middle) if airmass_at(middle) < goal else (middle, high)
    return high


def _dot(seen: Array, axis: Array) -> Array:
    """Return products of directions (3,), (N, 3) or (N, T, 3) with an axis (T, 3)."""
    return np.einsum("ntj,tj->nt", seen, axis) if seen.ndim == 3 else seen @ axis.T


def _arc(sine: Array) -> Array:
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))
