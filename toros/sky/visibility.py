"""When a target can be observed from a site, when best, and when next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toros.sky.checks import checked
from toros.sky.limits import Limits, margins
from toros.sky.site import Site
from toros.sky.span import Span, Where, airmass_at, span
from toros.sky.vectors import angle_between, unit_vectors

__all__ = ["Crossing", "Night", "Window", "dark_windows", "next_window", "rise_and_set", "survey", "windows"]

Array = NDArray[np.float64]

COARSE = 10.0  # minutes
DAYS_AT_ONCE = 10.0
OF_DATE = 1.0  # degrees by which precession and nutation may move a target from its ICRS declination


@dataclass(frozen=True)
class Window:
    """A stretch of time in which a target may be observed; times MJD, UTC, altitudes and angles in degrees.

    Attributes
    ----------
    start, end : float
    best : float
        When the target is highest.
    best_altitude, best_airmass, moon_separation : float
        At that time.
    """

    start: float
    end: float
    best: float
    best_altitude: float
    best_airmass: float
    moon_separation: float

    @property
    def hours(self) -> float:
        """How long it lasts."""
        return (self.end - self.start) * 24.0


@dataclass(frozen=True)
class Crossing:
    """A target comes up over an altitude, or goes down below it, at an MJD, UTC."""

    mjd: float
    rises: bool


@dataclass(frozen=True, eq=False)
class Night:
    """What a night, or any span, has for N targets: arrays of shape (N,), NaN where a target cannot be observed.

    Attributes
    ----------
    hours : ndarray
        For which it may be observed; 0 where not at all.
    first, last, best : ndarray
        Of those moments; MJD, UTC.
    best_altitude, best_airmass, moon_separation : ndarray
        At the best moment; degrees.
    """

    hours: Array
    first: Array
    last: Array
    best: Array
    best_altitude: Array
    best_airmass: Array
    moon_separation: Array


def windows(span: Span, where: Where, limits: Limits | None = None) -> list[Window]:
    """Return the windows of one target, in order of time.

    Parameters
    ----------
    span : Span
    where : tuple of float, or function
        One position in degrees, or a function of the moments for a target that moves; see `Span`.
    limits : Limits, optional

    Notes
    -----
    Edges are interpolated between the span's moments: good to some seconds at 5 minutes' step. A window shorter than
    the step may be missed.
    """
    where = span.positions(where)
    inside = margins(span, where, limits or Limits())
    least, altitude = np.atleast_2d(inside.least)[0], np.atleast_2d(inside.altitude)[0]
    apart = np.atleast_2d(span.moon_separation(where))[0]
    found = []
    for first, last in _runs(least >= 0.0):
        top = first + int(np.argmax(altitude[first : last + 1]))
        window = Window(
            start=_edge(span.mjd, least, first - 1, first),
            end=_edge(span.mjd, least, last + 1, last),
            best=float(span.mjd[top]),
            best_altitude=float(altitude[top]),
            best_airmass=float(airmass_at(altitude[top])),
            moon_separation=float(apart[top]),
        )
        found.append(window)
    return found


def dark_windows(span: Span, sun_altitude: float = -18.0) -> list[tuple[float, float]]:
    """Return when the sun is below an altitude (see `limits.TWILIGHTS`): start and end of each time; MJD, UTC."""
    depth = sun_altitude - span.sun_altitude
    return [
        (_edge(span.mjd, depth, first - 1, first), _edge(span.mjd, depth, last + 1, last))
        for first, last in _runs(depth >= 0.0)
    ]


def rise_and_set(span: Span, where: Where, altitude: float | None = None) -> list[Crossing]:
    """Return when a target rises above and sets below an altitude, in order of time.

    Parameters
    ----------
    span : Span
    where : tuple of float, or function
        As in `windows`.
    altitude : float, optional
        Degrees, without refraction; the site's horizon without one.
    """
    where = span.positions(where)
    height = span.altitude(where) - (span.site.horizon_at(span.azimuth(where)) if altitude is None else altitude)
    height = np.atleast_2d(height)[0]
    before = np.flatnonzero((height[:-1] >= 0.0) != (height[1:] >= 0.0))
    return [Crossing(_edge(span.mjd, height, int(i), int(i) + 1), bool(height[i + 1] >= 0.0)) for i in before]


def survey(span: Span, ra: ArrayLike, dec: ArrayLike, limits: Limits | None = None, *, at_once: int = 250) -> Night:
    """Return what a span has for many targets at once.

    Parameters
    ----------
    span : Span
    ra, dec : array_like
        ICRS, shape (N,), or (N, T) where they move; degrees.
    limits : Limits, optional
    at_once : int
        Targets in memory at a time: 250 need some 5 MB in a night of 5-minute steps.

    Raises
    ------
    BadValue
    """
    asked = limits or Limits()
    ra, dec = np.broadcast_arrays(np.atleast_1d(np.asarray(ra, float)), np.atleast_1d(np.asarray(dec, float)))
    parts = [
        _surveyed(span, (ra[i : i + at_once], dec[i : i + at_once]), asked) for i in range(0, max(len(ra), 1), at_once)
    ]
    return Night(*(np.concatenate([part[k] for part in parts]) for k in range(len(parts[0]))))


def _surveyed(span: Span, where: tuple[Array, Array], limits: Limits) -> tuple[Array, ...]:
    inside = margins(span, where, limits)
    least, mjd = inside.least, span.mjd
    seen = least >= 0.0
    any_seen, rows, end = seen.any(axis=1), np.arange(len(least)), mjd.size - 1
    before, after = least[:, :-1], least[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(before == after, before >= 0.0, np.maximum(before, after) / np.abs(after - before))
    hours = np.clip(part, 0.0, 1.0) @ np.diff(mjd) * 24.0
    first, last = seen.argmax(axis=1), end - seen[:, ::-1].argmax(axis=1)
    best = np.where(seen, inside.altitude, -np.inf).argmax(axis=1)
    altitude = inside.altitude[rows, best]
    apart = _at(span, where, best)
    found = (
        _between(mjd, least, np.maximum(first - 1, 0), first),
        _between(mjd, least, np.minimum(last + 1, end), last),
        mjd[best],
        altitude,
        airmass_at(altitude),
        apart,
    )
    return (np.where(any_seen, hours, 0.0), *(np.where(any_seen, one, np.nan) for one in found))


def _at(span: Span, where: tuple[Array, Array], moments: NDArray[np.intp]) -> Array:
    """Return the angle of each target from the moon at a moment of its own; degrees."""
    ra, dec = ((one if one.ndim == 1 else one[np.arange(len(one)), moments]) for one in where)
    return angle_between(unit_vectors(ra, dec), span.moon[moments])


def next_window(
    site: Site,
    where: Where,
    after: float,
    limits: Limits | None = None,
    *,
    days: float = 366.0,
    at_least: float = 10.0,
) -> Window | None:
    """Return the next window of one target, None if there is none in so many days.

    Parameters
    ----------
    site : Site
    where : tuple of float, or function
        As in `windows`.
    after : float
        MJD, UTC: a window that is open then begins then.
    limits : Limits, optional
    days : float
        How far to look ahead.
    at_least : float
        How long the window must be, 10 or more; minutes.

    Raises
    ------
    BadValue
    """
    checked(days, "days", 0.1, 3660.0, "days")
    checked(at_least, "at_least", COARSE, 1440.0, "minutes")
    asked = limits or Limits()
    if not callable(where) and _never(site, float(np.asarray(where[1])), asked):
        return None
    begin, stop = after, after + days
    while begin < stop:
        for rough in windows(span(site, begin, min(begin + DAYS_AT_ONCE, stop), COARSE), where, asked):
            near = span(site, max(rough.start - 0.02, after), rough.end + 0.5, 1.0)
            found = next(iter(windows(near, where, asked)), rough)
            if found.hours * 60.0 >= at_least:
                return found
        begin += DAYS_AT_ONCE
    return None


def _never(site: Site, dec: float, limits: Limits) -> bool:
    """Return whether a declination can be seen to be hopeless without looking at any night."""
    highest = 90.0 - abs(site.latitude - dec)
    least, most = limits.declination
    return highest < max(limits.lowest, site.lowest_horizon) - OF_DATE or not least <= dec <= most


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and last index of every unbroken run of True."""
    steps = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    return list(zip(np.flatnonzero(steps == 1).tolist(), (np.flatnonzero(steps == -1) - 1).tolist(), strict=True))


def _edge(mjd: Array, margin: Array, outside: int, inside: int) -> float:
    """Return when the margin is 0 between two neighbours; the inner one where there is no outer."""
    if not 0 <= outside < mjd.size:
        return float(mjd[inside])
    return float(_between(mjd, margin[None], np.array([outside]), np.array([inside]))[0])


def _between(mjd: Array, margin: Array, outside: NDArray[np.intp], inside: NDArray[np.intp]) -> Array:
    rows = np.arange(len(margin))
    low, high = margin[rows, outside], margin[rows, inside]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(high == low, 0.0, high / (high - low))
    return np.asarray(mjd[inside] + (mjd[outside] - mjd[inside]) * np.clip(part, 0.0, 1.0))
