"""What is computed of a target when somebody asks: where it stands, how far from sun and moon, when it can be observed.

It loads pyerfa and tables of the earth's rotation, not more than once and only when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from toros.clock import iso
from toros.errors import BadValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toros.sky.site import Site

    Array = NDArray[np.float64]
    Columns = dict[str, Array]

__all__ = ["ephemeris_of", "sky_of"]

MOST_ROWS = 1000
HALF_A_MILLISECOND = timedelta(microseconds=500)
YEAR = 366.0  # days in which the next window is looked for
DIGITS = {  # of what is told; six for the rest
    "ra": 7, "dec": 7, "ra_rate": 4, "dec_rate": 4, "distance": 8, "sun_distance": 8, "magnitude": 2, "airmass": 3,
    "altitude": 3, "azimuth": 3, "sun_altitude": 2, "sun_separation": 3, "moon_separation": 3, "phase_angle": 3,
    "moon_illumination": 3, "best_altitude": 2, "best_airmass": 3, "hours": 2, "elements_age": 2,
}  # fmt: skip


def sky_of(target: Mapping[str, Any], mjd: float, sites: Sequence[Site]) -> dict[str, Any]:
    """Return how a target stands in the sky at a time, and when next it can be observed.

    Parameters
    ----------
    target : mapping
        As `rows.show_target` gives it; H and G, or M1 and K1, among the extras make a magnitude.
    mjd : float
        MJD, UTC.
    sites : sequence of Site
        Observatories; the first is where the target is seen from.

    Returns
    -------
    dict
        `time`; `ra`, `dec` then (ICRS, proper motion in; of what moves, as seen from the first site) and what
        `ephemeris_of` has; `moon_illumination`, 0 to 1; for what moves `elements_age` (days since their epoch);
        `visibility`, for each site the next window (times UTC, angles in degrees), a `reason` where there is none in
        a year, and `today` with why not where it does not begin within a day. What is not known is left out.

    Raises
    ------
    BadValue
        The time, or an element, is beyond what can be computed.
    """
    import numpy as np

    from toros.sky.sun_and_moon import lights_at

    (row,) = _table(target, np.array([mjd]), sites[0])
    told = row | {"moon_illumination": _round("moon_illumination", float(lights_at(mjd, sites[0]).illumination))}
    if target["kind"] == "non_sidereal":
        told["elements_age"] = _round("elements_age", mjd - target["epoch_of_elements"])
    return told | {"visibility": [_visibility(target, mjd, site) for site in sites]}


def ephemeris_of(target: Mapping[str, Any], start: float, end: float, step: float, site: Site) -> list[dict[str, Any]]:
    """Return a table of where a target stands, row by row.

    Parameters
    ----------
    target : mapping
        As `rows.show_target` gives it.
    start, end : float
        MJD, UTC; the last row is at `end` or less than a step before.
    step : float
        Minutes, 0.01 to 525960 (a year).
    site : Site
        Where it is seen from.

    Returns
    -------
    list of dict
        `time` (UTC), `ra`, `dec` (ICRS, degrees), `altitude`, `azimuth`, `airmass`, `sun_altitude`, `sun_separation`,
        `moon_separation` (degrees); for what moves `ra_rate` (with cos(dec)), `dec_rate` (arcsec an hour),
        `distance`, `sun_distance` (au), `phase_angle` (degrees), `magnitude`.

    Raises
    ------
    BadValue
        Too many rows, or a time or an element beyond what can be computed.
    """
    import numpy as np

    if end < start:
        raise BadValue(f"ephemeris.end is before its start; allowed: from start to {MOST_ROWS - 1} steps later")
    steps = int(np.floor((end - start) * 1440.0 / step + 1e-6))
    if steps >= MOST_ROWS:
        raise BadValue(f"ephemeris: {steps + 1} rows; allowed: {MOST_ROWS}, by a longer step or an earlier end")
    return _table(target, start + np.arange(steps + 1, dtype=np.float64) * (step / 1440.0), site)


def _table(target: Mapping[str, Any], mjd: Array, site: Site) -> list[dict[str, Any]]:
    import numpy as np

    from toros.sky.span import airmass_at, moments
    from toros.sky.vectors import angle_between, unit_vectors

    columns = _moving(target, mjd, site) if target["kind"] == "non_sidereal" else _fixed(target, mjd)
    seen = moments(site, mjd)
    where = columns["ra"][None], columns["dec"][None]
    columns["altitude"], columns["azimuth"] = seen.altitude(where)[0], seen.azimuth(where)[0]
    columns["airmass"] = airmass_at(columns["altitude"])
    columns["sun_altitude"] = seen.sun_altitude
    towards = unit_vectors(columns["ra"], columns["dec"])
    columns["sun_separation"] = angle_between(towards, seen.sun)
    columns["moon_separation"] = angle_between(towards, seen.moon)
    return [
        {"time": _utc(mjd[i])}
        | {name: _round(name, float(column[i])) for name, column in columns.items() if np.isfinite(column[i])}
        for i in range(mjd.size)
    ]


def _fixed(target: Mapping[str, Any], mjd: Array) -> Columns:
    """Return where a star stands: its proper motion in."""
    import numpy as np

    from toros.sky.coordinates import moved

    years = 2000.0 + (mjd - 51544.5) / 365.25 - target["epoch"]
    still = target.get("pm_ra") is None and target.get("pm_dec") is None
    place = np.full(mjd.shape, target["ra"]), np.full(mjd.shape, target["dec"])
    ra, dec = place if still else moved(*place, target.get("pm_ra") or 0.0, target.get("pm_dec") or 0.0, years)
    return {"ra": ra, "dec": dec}


def _moving(target: Mapping[str, Any], mjd: Array, site: Site) -> Columns:
    """Return where a body of the solar system stands, and what else its elements tell."""
    from toros.sky.orbits import comet_magnitude, ephemeris

    bright = {name: value for name, value in target.get("extras", {}).items() if isinstance(value, float)}
    found = ephemeris(_elements(target), mjd, site, absolute_magnitude=bright.get("H"), slope=bright.get("G", 0.15))
    names = ("ra", "dec", "ra_rate", "dec_rate", "distance", "sun_distance", "phase_angle", "magnitude")
    columns = {name: getattr(found, name) for name in names}
    if "H" not in bright and "M1" in bright:
        columns["magnitude"] = comet_magnitude(bright["M1"], bright.get("K1", 10.0), found.sun_distance, found.distance)
    return columns


def _visibility(target: Mapping[str, Any], mjd: float, site: Site) -> dict[str, Any]:
    """Return the next window at a site, and why there is none today, or in a year."""
    from toros.sky.reasons import why_not
    from toros.sky.span import span
    from toros.sky.visibility import next_window

    where = _where(target, mjd, site)
    told: dict[str, Any] = {"observatory": site.name}
    window = next_window(site, where, mjd, days=YEAR)
    if window is None or window.start >= mjd + 1.0:
        reason = why_not(span(site, mjd, mjd + 1.0), where, name=target["name"])
        told["today"] = reason or f"{target['name']} can be observed for less than 10 minutes."
    if window is None:
        reason = why_not(span(site, mjd, mjd + YEAR, 30.0), where, name=target["name"])
        return told | {"reason": reason or f"{target['name']} can never be observed for 10 minutes in a year."}
    times = {name: _utc(getattr(window, name)) for name in ("start", "end", "best")}
    angles = ("hours", "best_altitude", "best_airmass", "moon_separation")
    return told | times | {name: _round(name, float(getattr(window, name))) for name in angles}


def _where(target: Mapping[str, Any], mjd: float, site: Site) -> tuple[float, float] | Callable[[Array], Any]:
    """Return what a search for windows takes: a place of today, or a function of the moments."""
    import numpy as np

    from toros.sky.orbits import path

    if target["kind"] == "non_sidereal":
        return path(_elements(target), site)
    place = _fixed(target, np.array([mjd]))
    return float(place["ra"][0]), float(place["dec"][0])


def _elements(target: Mapping[str, Any]) -> Any:
    from types import SimpleNamespace

    from toros.sky.elements import Elements

    return Elements.of(SimpleNamespace(**target))


def _utc(mjd: float) -> str:
    """Return a time as orders write it, to the nearest millisecond."""
    from toros.sky.times import datetime_of

    return iso(datetime_of(mjd) + HALF_A_MILLISECOND)


def _round(name: str, value: float) -> float:
    return round(value, DIGITS.get(name, 6))
