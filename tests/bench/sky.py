"""Visibility, BJD and ephemerides, beside astropy's own chain in the same run; seconds of the processor.

`python -m tests.bench.sky`
"""

from __future__ import annotations

import sys
import tracemalloc

import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.time import Time

from tests.bench.measure import Goal, show, spent
from tests.unit.sky.astropys import bundled_tables
from toros.sky.elements import Elements
from toros.sky.limits import Limits
from toros.sky.orbits import ephemeris, observer
from toros.sky.site import Site
from toros.sky.span import night_span
from toros.sky.times import barycentric
from toros.sky.visibility import survey

TARGETS, THEIRS = 10_000, 100
POINTS = 100_000
SITE = Site(-67.3283, -24.6157, 4637.0, 20.0)


def night() -> list[Goal]:
    """Measure a night of 5-minute steps for many targets: time beside astropy's for altitudes alone, and memory."""
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0.0, 360.0, TARGETS), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, TARGETS)))
    limits = Limits(airmass=2.0, moon_separation=30.0, hour_angle=5.0)
    span = night_span(SITE, "2026-11-20")
    ours = spent(lambda: survey(night_span(SITE, "2026-11-20"), ra, dec, limits))
    tracemalloc.start()
    survey(span, ra, dec, limits)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    frame = AltAz(obstime=Time(span.mjd, format="mjd")[None, :], location=location())
    stars = SkyCoord(ra[:THEIRS, None], dec[:THEIRS, None], unit="deg")
    theirs = spent(lambda: stars.transform_to(frame).alt.deg, 1) * TARGETS / THEIRS
    return [
        Goal(f"a night of {TARGETS} targets", f"{ours:.2f} s", f"{theirs:.0f} s (from {THEIRS})", ours, most=1.0),
        Goal("memory of that", f"{peak:.0f} MB", "", peak, most=50.0),
    ]


def location() -> EarthLocation:
    """Return the site in astropy's words."""
    return EarthLocation.from_geodetic(SITE.longitude * u.deg, SITE.latitude * u.deg, SITE.elevation * u.m)


def light_curve() -> list[Goal]:
    """Measure BJD_TDB of the points of a light curve of eight years."""
    mjd = np.sort(np.random.default_rng(2).uniform(58000.0, 61000.0, POINTS))
    ours = spent(lambda: barycentric(mjd, 10.0, 20.0, SITE)) / POINTS * 1e6
    sky = SkyCoord(10.0, 20.0, unit="deg")

    def astropys() -> None:
        moments = Time(mjd[:2000], format="mjd", location=location())
        moments.tdb.jd + moments.light_travel_time(sky).to_value("d")

    theirs = spent(astropys, 1) / 2000 * 1e6
    return [Goal("BJD_TDB of a point", f"{ours:.1f} us", f"{theirs:.0f} us", ours, most=10.0)]


def orbits() -> list[Goal]:
    """Measure positions of bodies at one time."""
    body = Elements("MPC_MINOR_PLANET", 59750.0, 10.587, 80.268, 73.562, 0.07858, 323.586, 2.76642)
    eye = observer(59755.0, SITE)
    ours = spent(lambda: [ephemeris(body, eye) for _ in range(100)]) / 100 * 1e3
    return [Goal("a position from elements", f"{ours:.2f} ms", "", ours, most=2.0)]


if __name__ == "__main__":
    with bundled_tables():
        sys.exit(0 if show("the sky", [*night(), *light_curve(), *orbits()]) else 1)
