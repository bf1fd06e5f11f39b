"""Altitudes, hour angles, sun and moon against astropy's own chain of frames."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sky.astropys import bundled_tables
from toros.errors import BadValue
from toros.sky.site import Site
from toros.sky.span import airmass_at, altitude_of, night_span, span

MACON = Site(-67.3283, -24.6157, 4637.0, 20.0, "Macón")
TROMSO = Site(18.9, 69.6, 100.0)
SIDING_SPRING = Site(149.07, -31.27, 1165.0)
RA = np.array([0.0, 83.8, 197.45, 359.9999, 210.0])
DEC = np.array([89.9, -5.4, -23.38, 0.0, -90.0])


@pytest.mark.parametrize(
    ("site", "night"), [(MACON, "2017-08-17"), (TROMSO, "2026-11-20"), (SIDING_SPRING, "2026-05-01")]
)
def test_all_is_where_astropy_has_it(site: Site, night: str) -> None:
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, HADec, SkyCoord, get_body
    from astropy.time import Time

    ours = night_span(site, night, 120.0)
    location = EarthLocation.from_geodetic(site.longitude * u.deg, site.latitude * u.deg, site.elevation * u.m)
    with bundled_tables():
        time = Time(ours.mjd, format="mjd", scale="utc")
        horizon, hours = AltAz(obstime=time, location=location), HADec(obstime=time, location=location)
        stars = SkyCoord(RA[:, None], DEC[:, None], unit="deg")
        altaz, hadec = (stars.transform_to(frame[None, :]) for frame in (horizon, hours))
        moon, sun = (
            get_body(name, time, location, ephemeris="builtin").transform_to(horizon) for name in ("moon", "sun")
        )
    altitude = ours.altitude((RA, DEC))
    assert np.abs(altitude - altaz.alt.deg).max() < 0.005
    turn = (ours.azimuth((RA, DEC)) - altaz.az.deg + 180.0) % 360.0 - 180.0
    assert np.abs(turn * np.cos(np.radians(altitude))).max() < 0.005
    late = (ours.hour_angle((RA, DEC)) - hadec.ha.hour + 12.0) % 24.0 - 12.0
    assert np.abs(late * 15.0 * np.cos(hadec.dec.rad)).max() < 0.005
    assert np.abs(ours.moon_altitude - moon.alt.deg).max() < 0.01
    assert np.abs(ours.sun_altitude - sun.alt.deg).max() < 0.005
    apart = ours.moon_separation((RA, DEC))
    assert np.abs(apart - moon[None, :].separation(altaz).deg).max() < 0.01


def test_the_moon_is_lit_as_the_almanac_says() -> None:
    """Full moon 2026-11-24 14:53 UT, new moon 2026-12-09 00:52 UT, first quarter 2026-11-17 11:48 UT."""
    lit = [night_span(MACON, night).moon_illumination.mean() for night in ("2026-11-24", "2026-12-08", "2026-11-17")]
    assert lit[0] > 0.99 and lit[1] < 0.01 and lit[2] == pytest.approx(0.5, abs=0.08)


def test_a_night_is_the_one_of_its_evening() -> None:
    night = night_span(MACON, "2026-11-20")
    assert night.mjd[0] == pytest.approx(61364.5 + 67.3283 / 360.0)
    assert night.mjd.size == 289 and night.mjd[-1] - night.mjd[0] == pytest.approx(1.0)
    assert night.mjd[np.argmin(night.sun_altitude)] == pytest.approx(night.mjd[144], abs=0.02)


def test_what_moves_is_asked_by_arrays_or_a_function() -> None:
    night = night_span(MACON, "2026-11-20", 60.0)
    ra = 80.0 + (night.mjd - night.mjd[0]) * 10.0
    moving = night.altitude((ra[None, :], np.full((1, ra.size), -30.0)))
    assert moving.shape == (1, ra.size)
    assert (
        night.altitude(lambda mjd: (80.0 + (mjd - mjd[0]) * 10.0, np.full(mjd.size, -30.0))).tolist() == moving.tolist()
    )
    assert moving[0, 0] == pytest.approx(night.altitude((80.0, -30.0))[0])
    assert moving[0, -1] == pytest.approx(night.altitude((90.0, -30.0))[-1])
    with pytest.raises(BadValue, match=r"positions of shape \(1, 7\); allowed: \(\), \(N,\) or \(N, 25\)"):
        night.altitude((np.zeros((1, 7)), np.zeros((1, 7))))


def test_airmass_and_back() -> None:
    assert airmass_at([90.0, 30.0, 10.0]) == pytest.approx([1.0, 1.994, 5.59], rel=2e-3)
    assert np.isnan(airmass_at([0.0, -5.0])).all()
    assert float(airmass_at(altitude_of(2.0))) == pytest.approx(2.0)
    assert altitude_of(1.0) == pytest.approx(90.0, abs=1.5)


@pytest.mark.parametrize(
    ("start", "end", "step", "words"),
    [
        (61000.0, 61000.0, 5.0, "end = 61000.000000 is not after start"),
        (2461000.5, 2461001.5, 5.0, "looks like a JD"),
        (61000.0, 62000.0, 0.1, "14400000 steps"),
        (61000.0, 61001.0, 0.0, "step = 0"),
    ],
)
def test_spans_that_cannot_be(start: float, end: float, step: float, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        span(MACON, start, end, step)


def test_a_night_that_is_no_date() -> None:
    with pytest.raises(BadValue, match="night 'tonight'"):
        night_span(MACON, "tonight")
