"""Where a body of the solar system stands in the sky, how it moves and how bright it is, from its orbital elements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.sky.checks import checked
from toros.sky.earth import LIGHT_AU_PER_DAY, earth_and_sun, site_in_space
from toros.sky.elements import Elements
from toros.sky.site import Site
from toros.sky.times import checked_mjd, convert
from toros.sky.vectors import angle_between, position_of

__all__ = ["Ephemeris", "Observer", "comet_magnitude", "ephemeris", "magnitude", "observer", "path"]

Array = NDArray[np.float64]

ARCSEC_PER_HOUR = np.degrees(1.0) * 3600.0 / 24.0  # in a radian a day
LARGEST_PHASE = 120.0  # degrees, up to which the H, G system was fitted
_ROUNDS_OF_LIGHT = 3


@dataclass(frozen=True)
class Observer:
    """Who looks, and when: the same for all bodies of a night. Vectors as in `earth.Orbiting`; times MJD, TDB."""

    tdb: Array
    place: Array
    velocity: Array
    sun: Array
    sun_velocity: Array


@dataclass(frozen=True)
class Ephemeris:
    """Positions of a body; every field is an array of the shape of the times.

    Attributes
    ----------
    ra, dec : ndarray
        Astrometric (light time is in, aberration is not), ICRS; degrees: what one compares with stars of a catalogue.
    ra_rate, dec_rate : ndarray
        Of the motion on the sky, cos(dec) included; arcsec an hour.
    distance, sun_distance : ndarray
        From the observer, and from the sun, when the light left; au.
    light_time : ndarray
        Minutes.
    phase_angle : ndarray
        Sun, body, observer; degrees.
    elongation : ndarray
        Sun, observer, body; degrees.
    magnitude : ndarray
        V, from H and G; NaN without H, and at phase angles above 120 degrees.
    """

    ra: Array
    dec: Array
    ra_rate: Array
    dec_rate: Array
    distance: Array
    sun_distance: Array
    light_time: Array
    phase_angle: Array
    elongation: Array
    magnitude: Array


def observer(mjd: ArrayLike, site: Site | None = None) -> Observer:
    """Return the observer at times: worth keeping where many bodies are asked about.

    Parameters
    ----------
    mjd : array_like
        MJD, UTC.
    site : Site, optional
        The earth's centre without one.

    Raises
    ------
    BadValue
    """
    utc = checked_mjd(mjd)
    tt = convert(utc, "utc", "tt")
    tdb = convert(tt, "tt", "tdb")
    bodies = earth_and_sun(tdb)
    place, velocity = bodies.earth, bodies.earth_velocity
    if site is not None:
        more = site_in_space(site, convert(utc, "utc", "ut1"), tt)
        place, velocity = place + more[0], velocity + more[1]
    return Observer(tdb, place, velocity, bodies.sun, bodies.sun_velocity)


def ephemeris(
    elements: Elements,
    mjd: ArrayLike | Observer,
    site: Site | None = None,
    *,
    absolute_magnitude: float | None = None,
    slope: float = 0.15,
) -> Ephemeris:
    """Return where a body stands in the sky.

    Parameters
    ----------
    elements : Elements
    mjd : array_like or Observer
        MJD, UTC; or what `observer` returned, which has the site in it.
    site : Site, optional
        The earth's centre without one.
    absolute_magnitude, slope : float
        H and G.

    Raises
    ------
    BadValue

    Notes
    -----
    The sun alone pulls (two bodies). At the epoch of the elements positions are those of JPL Horizons within 0.02
    arcsec (half its last digit). The planets' pull adds an error that grows with the square of the time at first: for
    Ceres 0.02 arcsec after 10 days, 0.2 after 30, half a degree to one degree after 22 years; for what passes near a
    planet, much faster. Elements want renewing every month or two.
    """
    eye = mjd if isinstance(mjd, Observer) else observer(mjd, site)
    delay = np.zeros(eye.tdb.shape)
    for _ in range(_ROUNDS_OF_LIGHT):
        from_sun, speed = elements.state(eye.tdb - delay)
        sun_then = eye.sun - delay[..., None] * eye.sun_velocity
        seen = sun_then + from_sun - eye.place
        distance = np.linalg.norm(seen, axis=-1)
        delay = distance / LIGHT_AU_PER_DAY
    ra, dec = position_of(seen)
    ra_rate, dec_rate = _rates(seen, distance, speed + eye.sun_velocity, eye.velocity)
    sun_distance = np.linalg.norm(from_sun, axis=-1)
    phase = angle_between(from_sun, seen)
    dark = np.full(eye.tdb.shape, np.nan)
    return Ephemeris(
        ra=ra,
        dec=dec,
        ra_rate=ra_rate,
        dec_rate=dec_rate,
        distance=distance,
        sun_distance=sun_distance,
        light_time=delay * 1440.0,
        phase_angle=phase,
        elongation=angle_between(eye.sun - eye.place, seen),
        magnitude=dark
        if absolute_magnitude is None
        else magnitude(absolute_magnitude, slope, sun_distance, distance, phase),
    )


def path(elements: Elements, site: Site | None = None) -> Callable[[Array], tuple[Array, Array]]:
    """Return the function that gives right ascension and declination at moments (MJD, UTC): what `span.Where` takes."""

    def at(mjd: Array) -> tuple[Array, Array]:
        found = ephemeris(elements, mjd, site)
        return found.ra, found.dec

    return at


def _rates(seen: Array, distance: Array, body: Array, eye: Array) -> tuple[Array, Array]:
    """Return the motion to the east and to the north; arcsec an hour."""
    line = seen / distance[..., None]
    away = np.sum((body - eye) * line, axis=-1)
    later = 1.0 - away / LIGHT_AU_PER_DAY  # light that has further to go left earlier
    turn = (body * later[..., None] - eye) / distance[..., None]
    level = np.hypot(line[..., 0], line[..., 1])
    east = (line[..., 0] * turn[..., 1] - line[..., 1] * turn[..., 0]) / level
    outward = (line[..., 0] * turn[..., 0] + line[..., 1] * turn[..., 1]) / level
    north = level * turn[..., 2] - line[..., 2] * outward
    return east * ARCSEC_PER_HOUR, north * ARCSEC_PER_HOUR


def magnitude(
    absolute: ArrayLike, slope: ArrayLike, sun_distance: ArrayLike, distance: ArrayLike, phase_angle: ArrayLike
) -> Array:
    """Return the predicted V magnitude of a minor planet; NaN at phase angles above 120 degrees.

    Parameters
    ----------
    absolute, slope : array_like
        H and G.
    sun_distance, distance : array_like
        au.
    phase_angle : array_like
        Degrees.

    Notes
    -----
    Bowell and others 1989, in Asteroids II, page 549.
    """
    h = checked(absolute, "absolute magnitude", -30.0, 50.0, "mag")
    g = checked(slope, "slope of the phase curve", -1.0, 1.0, "")
    angle = np.asarray(phase_angle, dtype=np.float64)
    half = np.tan(np.radians(np.minimum(angle, LARGEST_PHASE)) / 2.0)
    curve = (1.0 - g) * np.exp(-3.33 * half**0.63) + g * np.exp(-1.87 * half**1.22)
    reduced = np.asarray(h - 2.5 * np.log10(np.maximum(curve, 1e-30)))
    away = 5.0 * np.log10(np.asarray(sun_distance) * np.asarray(distance))
    return np.asarray(np.where(angle > LARGEST_PHASE, np.nan, reduced + away))


def comet_magnitude(absolute: ArrayLike, activity: ArrayLike, sun_distance: ArrayLike, distance: ArrayLike) -> Array:
    """Return the predicted total magnitude of a comet: M1 + 5 log(distance) + K1 log(sun_distance).

    Parameters
    ----------
    absolute, activity : array_like
        M1 and K1 as JPL gives them (K1 is 2.5 times the exponent n that the MPC's page calls it by; 10 is usual).
    sun_distance, distance : array_like
        au.
    """
    m1 = checked(absolute, "absolute magnitude", -30.0, 50.0, "mag")
    return np.asarray(m1 + 5.0 * np.log10(distance) + np.asarray(activity) * np.log10(sun_distance))
