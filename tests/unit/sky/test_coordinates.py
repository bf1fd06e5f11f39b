from __future__ import annotations

from datetime import UTC, datetime

import pytest

from toros.sky.coordinates import airmass, altitude, declination_text, right_ascension_text, separation


@pytest.mark.parametrize(
    ("degrees", "text"),
    [
        (0.0, "00 00 00.000"),
        (197.448775, "13 09 47.706"),
        (359.9999999, "00 00 00.000"),  # rounds up through a full turn
        (-15.0, "23 00 00.000"),
        (14.99999999, "01 00 00.000"),
    ],
)
def test_right_ascensions_are_written_in_hours(degrees: float, text: str) -> None:
    assert right_ascension_text(degrees) == text


@pytest.mark.parametrize(
    ("degrees", "text"),
    [(-23.38389, "-23 23 02.00"), (-0.0002, "-00 00 00.72"), (90.0, "+90 00 00.00"), (0.0, "+00 00 00.00")],
)
def test_declinations_keep_their_sign(degrees: float, text: str) -> None:
    assert declination_text(degrees) == text


def test_the_text_agrees_with_astropy() -> None:
    from astropy.coordinates import Angle

    for degrees in (10.6847929, 123.456789, 299.999, 0.00001):
        theirs = Angle(degrees, "deg").to_string("hourangle", sep=" ", precision=3, pad=True)
        assert right_ascension_text(degrees) == theirs


@pytest.mark.parametrize(
    ("pair", "angle"),
    [((0, 0, 0, 0), 0), ((0, 0, 180, 0), 180), ((10, 90, 200, 90), 0), ((0, 89, 180, 89), 2), ((359.5, 0, 0.5, 0), 1)],
)
def test_separation(pair: tuple[float, float, float, float], angle: float) -> None:
    assert separation(*pair) == pytest.approx(angle, abs=1e-9)


def test_small_separations_keep_their_digits() -> None:
    assert separation(120.0, 45.0, 120.0, 45.0 + 1e-9) == pytest.approx(1e-9, rel=1e-5)


def test_altitude_agrees_with_astropy_within_half_a_degree() -> None:
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time
    from astropy.utils import iers

    moment = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    site = EarthLocation.from_geodetic(-67.3283 * u.deg, -24.6157 * u.deg, 4637 * u.m)
    # half a degree needs no fresh measurement of the earth's rotation, whenever the table that we have was made
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("auto_max_age", None):
        for ra, dec in ((197.45, -23.38), (10.68, 41.27), (80.0, -69.0), (60.0, -24.0)):
            frame = AltAz(obstime=Time(moment), location=site)
            theirs = SkyCoord(ra, dec, unit="deg").transform_to(frame).alt.deg
            assert altitude(ra, dec, moment, -67.3283, -24.6157) == pytest.approx(theirs, abs=0.5)


@pytest.mark.parametrize(("height", "mass"), [(90.0, 1.0), (30.0, 1.994), (10.0, 5.59)])
def test_airmass(height: float, mass: float) -> None:
    assert airmass(height) == pytest.approx(mass, rel=2e-3)


@pytest.mark.parametrize("height", [0.0, -5.0])
def test_there_is_no_airmass_below_the_horizon(height: float) -> None:
    assert airmass(height) is None
