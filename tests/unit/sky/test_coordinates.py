from __future__ import annotations

from datetime import UTC, datetime

import pytest

from toros.sky.coordinates import (
    airmass,
    altitude,
    constellation,
    declination_text,
    galactic,
    moved,
    right_ascension_text,
    separation,
)


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


def test_galactic_coordinates_are_astropys() -> None:
    import numpy as np
    from astropy.coordinates import SkyCoord

    ra, dec = np.array([0.0, 266.405, 192.859, 101.73343, 359.999]), np.array([-90.0, -28.936, 27.128, 26.78554, 89.9])
    theirs = SkyCoord(ra, dec, unit="deg").galactic
    longitude, latitude = galactic(ra, dec)
    assert (
        np.abs(latitude - theirs.b.deg).max() < 1e-5
    )  # astropy defines the plane by FK5, we by Hipparcos: 0.01 arcsec
    assert np.abs((longitude - theirs.l.deg + 180) % 360 - 180)[[0, 1, 3, 4]].max() < 1e-5
    sagittarius_a = galactic(266.41684, -29.00781)
    assert sagittarius_a == (pytest.approx(359.9442, abs=1e-3), pytest.approx(-0.0462, abs=1e-3))


def test_constellations() -> None:
    assert constellation([101.73, 83.8, 0.0, 10.0], [26.8, -5.4, 90.0, -90.0]).tolist() == ["Gem", "Ori", "UMi", "Oct"]
    assert str(constellation(188.7, 9.1)) == "Vir"
    known = [
        (10.6847, 41.2690, "And"),
        (197.4504, -23.3815, "Hya"),
        (266.4168, -29.0078, "Sgr"),
        (37.95, 89.264, "UMi"),
    ]
    ra, dec, names = zip(*known, strict=True)
    assert constellation(ra, dec).tolist() == list(names)


def test_the_centre_and_the_pole_of_the_galaxy() -> None:
    longitudes, latitudes = galactic([266.40499, 192.85948], [-28.93617, 27.12825])
    assert latitudes == pytest.approx([0.0, 90.0], abs=1e-3)
    assert longitudes[0] % 360 == pytest.approx(0.0, abs=1e-3)


def test_proper_motion_is_astropys_also_at_a_pole() -> None:
    import astropy.units as u
    import numpy as np
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    ra, dec = np.array([269.452, 0.0, 10.0]), np.array([4.693, 89.9999, -60.0])
    pm_ra, pm_dec = np.array([-801.551, 3000.0, np.nan]), np.array([10362.394, 3000.0, np.nan])
    motion = np.nan_to_num([pm_ra, pm_dec]) * u.mas / u.yr
    start = SkyCoord(
        ra * u.deg, dec * u.deg, distance=10 * u.pc, pm_ra_cosdec=motion[0], pm_dec=motion[1], obstime=Time("J2000")
    )
    theirs = start.apply_space_motion(Time("J2025"))
    ours = SkyCoord(*moved(ra, dec, pm_ra, pm_dec, 25.0), unit="deg")
    assert ours.separation(SkyCoord(theirs.ra, theirs.dec)).arcsec.max() < 0.01
    assert moved(10.0, -60.0, np.nan, 0.0, 50.0) == (pytest.approx(10.0), pytest.approx(-60.0))
