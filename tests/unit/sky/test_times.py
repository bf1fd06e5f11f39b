from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from tests.unit.sky.astropys import bundled_tables
from toros.errors import BadValue
from toros.sky.earth import earth_and_sun
from toros.sky.site import Site
from toros.sky.times import barycentric, checked_mjd, convert, datetime_of, mid_exposure, mjd_of, tdb_minus_tt

MACON = Site(-67.3283, -24.6157, 4637.0, name="Macón")
SECOND = 1.0 / 86400.0


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (2459000.5, "looks like a JD"),
        (1591000000.0, "seconds since 1970"),
        (1325.29, "TESS"),
        (float("nan"), "nan"),
        (1e6, "9542 to 88069"),
        ("yesterday", "not a number"),
    ],
)
def test_what_is_no_mjd_is_refused_with_a_hint(value: object, hint: str) -> None:
    with pytest.raises(BadValue, match=hint):
        checked_mjd(value)  # type: ignore[arg-type]


def test_the_bad_one_of_many_is_counted() -> None:
    with pytest.raises(BadValue, match=r"mjd = 2459000.5 \(number 3 of 3\)"):
        checked_mjd([59000.0, 59001.0, 2459000.5], "mjd")


def test_datetimes_and_mjd() -> None:
    moment = datetime(2018, 8, 17, 6, 30, 0, 123456, tzinfo=UTC)
    assert mjd_of(moment) == pytest.approx(58347.270834762, abs=1e-9)
    assert abs((datetime_of(mjd_of(moment)) - moment).total_seconds()) < 2e-6
    with pytest.raises(BadValue, match="time zone"):
        mjd_of(datetime(2018, 8, 17))


@pytest.mark.parametrize("target", ["tai", "tt", "tdb", "tcb", "tcg", "ut1"])
def test_scales_are_astropys_and_come_back(target: str) -> None:
    from astropy.time import Time

    utc = np.array([44239.0, 51544.5, 57204.0 - 0.5 * SECOND, 58347.25, 61000.123])
    with bundled_tables():
        theirs = getattr(Time(utc, format="mjd", scale="utc"), target).mjd
    ours = convert(utc, "utc", target)  # type: ignore[arg-type]
    most = 1e-3 if target == "ut1" else 2e-5  # astropy takes older UT1 from another table of the IERS
    assert np.abs(ours - theirs).max() < most * SECOND
    assert np.abs(convert(ours, target, "utc") - utc).max() < 2e-6 * SECOND  # type: ignore[arg-type]


def test_the_periodic_part_of_tdb() -> None:
    import erfa

    tt = np.linspace(40000.0, 70000.0, 1000)
    assert np.abs(tdb_minus_tt(tt) - erfa.dtdb(2400000.5, tt, 0.0, 0.0, 0.0, 0.0)).max() < 1.5e-5


def test_an_unknown_scale_is_named() -> None:
    with pytest.raises(BadValue, match="time scale 'gps'; allowed: utc, tai, tt"):
        convert(59000.0, "gps", "utc")  # type: ignore[arg-type]


def test_the_middle_of_an_exposure() -> None:
    assert mid_exposure([59000.0], 60.0, "start")[0] == pytest.approx(59000.0 + 30 * SECOND, abs=1e-10)
    assert mid_exposure(59000.0, [60.0, 0.0], "end").tolist() == [59000.0 - 30 * SECOND, 59000.0]
    with pytest.raises(BadValue, match="exposure = -1"):
        mid_exposure(59000.0, -1.0)


@pytest.mark.parametrize("kind", ["barycentric", "heliocentric"])
@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (197.45, -23.38), (31.04, 46.69), (12.0, 89.9)])
def test_bjd_is_astropys_light_travel_time(ra: float, dec: float, kind: str) -> None:
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time

    utc = np.array([51544.5, 55000.25, 58107.3, 58107.9, 60900.0])
    place = EarthLocation.from_geodetic(MACON.longitude, MACON.latitude, MACON.elevation)
    with bundled_tables():
        time = Time(utc, format="mjd", scale="utc", location=place)
        sky = SkyCoord(ra, dec, unit="deg")
        theirs = time.tdb + time.light_travel_time(sky, "barycentric")
        if kind == "heliocentric":
            centre = Time(utc, format="mjd", scale="utc", location=EarthLocation.from_geocentric(0, 0, 0, unit="m"))
            theirs = centre.tdb + centre.light_travel_time(sky, "barycentric")
            hjd = (centre + centre.light_travel_time(sky, "heliocentric")).utc.mjd
            ours = barycentric(hjd, ra, dec, reference="heliocentre")
        else:
            ours = barycentric(utc, ra, dec, MACON)
    assert np.abs((ours - theirs.jd) / SECOND).max() < 1.2e-4


def test_one_time_for_many_places_and_many_times_for_one() -> None:
    assert barycentric(59000.0, [10.0, 20.0], [0.0, 5.0], MACON).shape == (2,)
    assert barycentric([59000.0, 59000.1], 10.0, 0.0).shape == (2,)
    assert barycentric(59000.0, 10.0, 0.0).shape == ()


def test_no_times_are_no_trouble_and_too_many_positions_are() -> None:
    assert barycentric([], 10.0, 0.0, MACON).shape == (0,)
    with pytest.raises(BadValue, match="2 times and 3 positions; allowed: one position, or one a time"):
        barycentric([59000.0, 59001.0], [1.0, 2.0, 3.0], 0.0)


def test_a_barycentric_stamp_is_only_changed_in_scale() -> None:
    bjd = barycentric(59000.0, 10.0, 20.0, reference="barycentre", scale="tdb")
    assert bjd == 2459000.5
    assert barycentric(59000.0, 10.0, 20.0, reference="barycentre") - bjd == pytest.approx(69.184 * SECOND, abs=2.5e-8)


def test_positions_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadValue, match=r"dec = 95; allowed: -90 to 90 degrees"):
        barycentric(59000.0, 10.0, 95.0)
    with pytest.raises(BadValue, match="latitude"):
        Site(0.0, 91.0)


def test_interpolating_the_earth_costs_less_than_a_microsecond_of_light() -> None:
    tdb = np.linspace(58000.0, 58003.0, 50)
    dense, sparse = earth_and_sun(tdb), [earth_and_sun(np.array([one])) for one in tdb]
    for name, most in (("earth", 1e-9), ("sun", 1e-12), ("earth_velocity", 3e-9)):
        theirs = np.array([getattr(one, name)[0] for one in sparse])
        assert np.abs(getattr(dense, name) - theirs).max() < most


def test_a_profile_of_the_horizon_goes_all_round() -> None:
    site = Site(0.0, 0.0, horizon=((10.0, 30.0), (350.0, 10.0)))
    assert site.horizon_at([350.0, 0.0, 10.0, 180.0]).tolist() == pytest.approx([10.0, 20.0, 30.0, 20.0])
    assert site.lowest_horizon == 10.0
    with pytest.raises(BadValue, match="rising"):
        Site(0.0, 0.0, horizon=((10.0, 30.0),))
