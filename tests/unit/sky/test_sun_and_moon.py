from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sky.astropys import bundled_tables
from tests.unit.sky.horizons import rows
from toros.errors import BadValue
from toros.sky.site import Site
from toros.sky.sun_and_moon import lights_at, separations

MACON = Site(-67.3283, -24.6157, 4637.0)


def test_separations_are_astropys() -> None:
    from astropy.coordinates import EarthLocation, SkyCoord, get_body
    from astropy.time import Time

    ra, dec, mjd = np.array([10.0, 250.0, 0.0]), np.array([20.0, -60.0, 90.0]), 61364.7
    with bundled_tables():
        place = EarthLocation.from_geodetic(MACON.longitude, MACON.latitude, MACON.elevation)
        time = Time(mjd, format="mjd", scale="utc")
        bodies = [get_body(name, time, place, ephemeris="builtin") for name in ("sun", "moon")]
        stars = SkyCoord(ra, dec, unit="deg")
        theirs = [body.separation(stars.transform_to(body.frame)).deg for body in bodies]
    ours = separations(ra, dec, mjd, MACON)
    assert np.abs(np.array(ours) - theirs).max() < 0.01


def test_the_elongations_of_horizons() -> None:
    for row in rows("ceres_ephemerides_range.txt"):
        sun, moon = separations(
            float(row["R.A._(ICRF)"]), float(row["DEC_(ICRF)"]), float(row["Date_________JDUT"]) - 2400000.5
        )
        assert sun == pytest.approx(float(row["S-O-T"]), abs=0.01)
        assert moon == pytest.approx(float(row["T-O-M"]), abs=0.1)
        lit = lights_at(float(row["Date_________JDUT"]) - 2400000.5).illumination
        assert lit * 100 == pytest.approx(float(row["MN_Illu%"]), abs=0.1)


def test_the_moon_is_seen_elsewhere_from_a_site() -> None:
    mjd = np.arange(61364.0, 61365.0, 0.05)
    centre, ground = lights_at(mjd).moon, lights_at(mjd, MACON).moon
    shift = np.degrees(np.arccos(np.clip(np.sum(centre * ground, axis=-1), -1.0, 1.0)))
    assert 0.8 < shift.max() < 1.02


def test_a_time_in_jd_is_refused() -> None:
    with pytest.raises(BadValue, match="looks like a JD"):
        separations(10.0, 20.0, 2461364.5)
