"""The two lights that matter to an observer: where they stand, how far from a target, how much of the moon is lit."""

from __future__ import annotations

from dataclasses import dataclass

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.sky.earth import JD_OF_MJD_0, LIGHT_AU_PER_DAY, Orbiting, earth_and_sun, site_in_space
from toros.sky.site import Site
from toros.sky.times import checked_mjd, convert
from toros.sky.vectors import angle_between, position_of, unit_vectors

__all__ = ["Lights", "lights_at", "separations", "sun_and_moon"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lights:
    """Sun and moon as directions along the axes of the ICRS, shape (..., 3), and the moon's lit part, 0 to 1."""

    sun: Array
    moon: Array
    illumination: Array

    @property
    def sun_position(self) -> tuple[Array, Array]:
        """Right ascension and declination; degrees."""
        return position_of(self.sun)

    @property
    def moon_position(self) -> tuple[Array, Array]:
        """Right ascension and declination; degrees."""
        return position_of(self.moon)


def sun_and_moon(tt: Array, bodies: Orbiting, here: Array | float = 0.0) -> Lights:
    """Return sun and moon of moments for which the earth is known already; see `lights_at`.

    Parameters
    ----------
    tt : ndarray
        MJD, TT.
    bodies : Orbiting
        Of the same moments.
    here : ndarray
        The site from the earth's centre, along the axes of the ICRS; au.

    Notes
    -----
    The moon by erfa's moon98 (Meeus, Astronomical Algorithms, chapter 47): within 10 arcsec or so.
    """
    to_moon = np.asarray(erfa.ufunc.moon98(JD_OF_MJD_0, tt)["p"]) - here
    to_sun = bodies.sun - bodies.earth - here
    seen = _unit(to_sun) + bodies.earth_velocity / LIGHT_AU_PER_DAY
    phase = np.radians(angle_between(to_sun - to_moon, -to_moon))
    return Lights(_unit(seen), _unit(to_moon), np.asarray((1.0 + np.cos(phase)) / 2.0))


def lights_at(mjd: ArrayLike, site: Site | None = None) -> Lights:
    """Return sun and moon.

    Parameters
    ----------
    mjd : array_like
        MJD, UTC.
    site : Site, optional
        The earth's centre without one, from which the moon stands up to 1 degree elsewhere.

    Raises
    ------
    BadValue
    """
    utc = checked_mjd(mjd)
    tt = convert(utc, "utc", "tt")
    return sun_and_moon(tt, earth_and_sun(tt), 0.0 if site is None else site_in_space(site, utc, tt)[0])


def separations(ra: ArrayLike, dec: ArrayLike, mjd: ArrayLike, site: Site | None = None) -> tuple[Array, Array]:
    """Return how far targets are from sun and moon; degrees.

    Parameters
    ----------
    ra, dec : array_like
        ICRS; degrees. Many targets at one time, or a time for each.
    mjd : array_like
        MJD, UTC.
    site : Site, optional
        As in `lights_at`.

    Raises
    ------
    BadValue
    """
    towards, lights = unit_vectors(ra, dec), lights_at(mjd, site)
    return angle_between(towards, lights.sun), angle_between(towards, lights.moon)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
