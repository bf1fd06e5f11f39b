"""Positions from elements, against what JPL Horizons and the Minor Planet Center answered, and astropy's planets."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.unit.sky.astropys import bundled_tables
from tests.unit.sky.horizons import rows, samples
from toros.errors import BadValue
from toros.sky.earth import AU, site_in_space
from toros.sky.elements import OBLIQUITY, Elements
from toros.sky.orbits import comet_magnitude, ephemeris, magnitude, observer, path
from toros.sky.site import Site
from toros.sky.span import night_span
from toros.sky.times import convert
from toros.sky.vectors import angle_between, unit_vectors
from toros.sky.visibility import survey, windows

MACON = Site(-67.3283, -24.6157, 4637.0)
CERES = Elements(  # JPL#48, osculating on 2022-06-20
    "MPC_MINOR_PLANET",
    epoch_of_elements=59750.0,
    inclination=10.58706771204556,
    lng_asc_node=80.26756872640345,
    arg_of_perihelion=73.56246662775156,
    eccentricity=0.07858376292112841,
    mean_anomaly=323.5863760597782,
    semimajor_axis=2.766419333387372,
)
ISON = Elements(  # C/2012 S1, MPEC 2014-Q43
    "MPC_COMET",
    epoch_of_elements=57000.0,
    inclination=62.18788,
    lng_asc_node=295.7406523,
    arg_of_perihelion=345.60135,
    eccentricity=1.0002668,
    perihdist=0.0128562,
    epoch_of_perihelion=56624.74194,
)


def to_ecliptic(vectors: np.ndarray) -> np.ndarray:
    c, s = np.cos(OBLIQUITY), np.sin(OBLIQUITY)
    return vectors @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]]).T


def ceres(name: str) -> list[Elements]:
    return [
        Elements(
            "MPC_MINOR_PLANET",
            epoch_of_elements=float(row["JDTDB"]) - 2400000.5,
            inclination=float(row["IN"]),
            lng_asc_node=float(row["OM"]),
            arg_of_perihelion=float(row["W"]),
            eccentricity=float(row["EC"]),
            mean_anomaly=float(row["MA"]),
            semimajor_axis=float(row["A"]),
        )
        for row in rows(name)
    ]


def away(found: object, row: dict[str, str]) -> float:
    """Return how far a position is from what Horizons says; arcsec."""
    theirs = unit_vectors(float(row["R.A._(ICRF)"]), float(row["DEC_(ICRF)"]))
    return float(angle_between(unit_vectors(found.ra, found.dec), theirs)) * 3600.0  # type: ignore[attr-defined]


@pytest.mark.parametrize("span", ["range", "single"])
def test_states_are_those_of_horizons(span: str) -> None:
    for elements, row in zip(ceres(f"ceres_elements_{span}.txt"), rows(f"ceres_vectors_{span}.txt"), strict=True):
        place, velocity = elements.state(float(row["JDTDB"]) - 2400000.5)
        theirs = np.array([float(row[name]) for name in ("X", "Y", "Z", "VX", "VY", "VZ")])
        assert np.abs(to_ecliptic(place) - theirs[:3]).max() < 1e-13
        assert np.abs(to_ecliptic(velocity) - theirs[3:]).max() < 1e-15


@pytest.mark.parametrize(("span", "bright"), [("range", 3.33), ("single", 3.53)])
def test_ephemerides_are_those_of_horizons(span: str, bright: float) -> None:
    for elements, row in zip(ceres(f"ceres_elements_{span}.txt"), rows(f"ceres_ephemerides_{span}.txt"), strict=True):
        utc = float(row["Date_________JDUT"]) - 2400000.5
        found = ephemeris(elements, utc, absolute_magnitude=bright, slope=0.12)
        assert away(found, row) < 0.03  # the printed digits are worth 0.036
        assert found.distance == pytest.approx(float(row["delta"]), abs=1e-7)
        assert found.sun_distance == pytest.approx(float(row["r"]), abs=2e-7)
        assert found.light_time == pytest.approx(float(row["1-way_down_LT"]), abs=1e-6)
        assert found.phase_angle == pytest.approx(float(row["S-T-O"]), abs=0.01)
        assert found.elongation == pytest.approx(float(row["S-O-T"]), abs=0.01)
        assert found.magnitude == pytest.approx(float(row["APmag"]), abs=1e-3)
        speed = np.hypot(float(row["dRA*cosD"]), float(row["d(DEC)/dt"]))  # of the apparent place, on axes of date
        assert np.hypot(found.ra_rate, found.dec_rate) == pytest.approx(speed, abs=0.03)


def test_the_error_grows_slowly_with_the_age_of_the_elements() -> None:
    first = ceres("ceres_elements_range.txt")[0]
    replies = rows("ceres_ephemerides_range.txt")
    errors = [away(ephemeris(first, float(row["Date_________JDUT"]) - 2400000.5), row) for row in replies]
    assert errors[1] < 0.05 and errors[2] < 0.1 and errors[3] < 0.3


def test_elements_of_the_minor_planet_center_give_its_cartesian_orbit() -> None:
    orbit = json.loads(samples("mpc", "test_65803_mpc_orb.json"))
    q, e, i, node, argument, passage = orbit["COM"]["coefficient_values"]
    epoch = orbit["epoch_data"]["epoch"]
    didymos = Elements(
        "MPC_COMET",
        epoch_of_elements=epoch,
        inclination=i,
        lng_asc_node=node,
        arg_of_perihelion=argument,
        eccentricity=e,
        perihdist=q,
        epoch_of_perihelion=passage,
    )
    place, velocity = didymos.state(epoch)
    theirs = np.array(orbit["CAR"]["coefficient_values"])
    assert np.abs(to_ecliptic(place) - theirs[:3]).max() < 1e-8
    assert np.abs(to_ecliptic(velocity) - theirs[3:]).max() < 1e-10


def test_a_comet_on_an_open_orbit_lies_as_the_minor_planet_center_says() -> None:
    given = [[0.31614801, -0.75922253, -0.56888627], [0.51506957, -0.36621216, 0.77497871]]  # its P and Q vectors
    assert np.abs(ISON.axes() - given).max() < 1e-7  # the angles are given to 1e-5 degrees
    at = convert(56624.74194, "tdb", "utc")
    assert ephemeris(ISON, at).sun_distance == pytest.approx(0.0128562, abs=3e-3)  # light left 8 minutes before
    assert ISON.period == np.inf


MARS = Elements(  # Standish, Keplerian elements for approximate positions, 1800 to 2050
    "JPL_MAJOR_PLANET",
    epoch_of_elements=51544.5,
    inclination=1.84969142,
    lng_asc_node=49.55953891,
    arg_of_perihelion=-23.94362959 - 49.55953891,
    eccentricity=0.09339410,
    mean_anomaly=-4.55343205 + 23.94362959,
    semimajor_axis=1.52371034,
    mean_daily_motion=19140.30268499 / 36525.0,
)
JUPITER = Elements(
    "JPL_MAJOR_PLANET",
    epoch_of_elements=51544.5,
    inclination=1.30439695,
    lng_asc_node=100.47390909,
    arg_of_perihelion=14.72847983 - 100.47390909,
    eccentricity=0.04838624,
    mean_anomaly=34.39644051 - 14.72847983,
    semimajor_axis=5.20288700,
    mean_daily_motion=3034.74612775 / 36525.0,
)


@pytest.mark.parametrize(("name", "elements", "arcsec"), [("mars", MARS, 60.0), ("jupiter", JUPITER, 500.0)])
def test_planets_are_where_astropy_has_them(name: str, elements: Elements, arcsec: float) -> None:
    """Mean elements leave out what planets do to one another: for Jupiter some hundreds of arcseconds."""
    from astropy.coordinates import get_body_barycentric
    from astropy.time import Time

    utc = np.array([51000.0, 51544.5, 52000.0])
    found = ephemeris(elements, utc)
    with bundled_tables():
        now, then = (Time(one, format="mjd", scale="utc") for one in (utc, utc - found.light_time / 1440.0))
        earth = get_body_barycentric("earth", now, ephemeris="builtin")
        body = get_body_barycentric(name, then, ephemeris="builtin")
    theirs = (body - earth).xyz.to_value("au").T
    errors = angle_between(unit_vectors(found.ra, found.dec), theirs) * 3600
    assert errors.max() < arcsec, errors


def test_rates_are_the_changes_of_the_positions() -> None:
    minute = 1.0 / 1440.0
    before, now, after = (ephemeris(CERES, 59755.0 + k * minute, MACON) for k in (-1, 0, 1))
    hour = 3600.0 * 30.0  # two minutes of degrees, as arcsec an hour
    assert now.ra_rate == pytest.approx((after.ra - before.ra) * np.cos(np.radians(now.dec)) * hour, abs=1e-3)
    assert now.dec_rate == pytest.approx((after.dec - before.dec) * hour, abs=1e-3)


def test_the_site_is_where_astropy_puts_it() -> None:
    from astropy.coordinates import EarthLocation
    from astropy.time import Time

    utc = np.array([51544.5, 58347.3, 60900.7])
    place, velocity = site_in_space(MACON, convert(utc, "utc", "ut1"), convert(utc, "utc", "tt"))
    with bundled_tables():
        location = EarthLocation.from_geodetic(MACON.longitude, MACON.latitude, MACON.elevation)
        theirs = location.get_gcrs_posvel(Time(utc, format="mjd", scale="utc"))
    assert np.abs(place * AU - theirs[0].xyz.to_value("m").T).max() < 30.0
    assert np.abs(velocity * AU / 86400 - theirs[1].xyz.to_value("m/s").T).max() < 0.01


def test_parallax_of_a_body_that_passes_near() -> None:
    near = Elements("MPC_MINOR_PLANET", 59750.0, 5.0, 90.0, 175.0, 0.3, 2.0, 1.45)
    eye = observer([59750.0, 59750.25])
    centre, ground = ephemeris(near, eye), ephemeris(near, [59750.0, 59750.25], MACON)
    shift = angle_between(unit_vectors(centre.ra, centre.dec), unit_vectors(ground.ra, ground.dec)) * 3600
    assert np.all(shift <= 8.794 * 1.001 / centre.distance) and shift.max() > 0.5 / centre.distance.max()


def test_magnitudes() -> None:
    assert magnitude(10.0, 0.15, 1.0, 1.0, 0.0) == pytest.approx(10.0)
    assert magnitude(10.0, 0.15, 2.0, 3.0, 20.0) == pytest.approx(10.0 + 3.8908 + 1.0347, abs=0.05)
    assert np.isnan(magnitude(10.0, 0.15, 1.0, 1.0, 130.0))
    assert np.isnan(ephemeris(CERES, 59750.0).magnitude)
    assert comet_magnitude(8.0, 10.0, 2.0, 1.0) == pytest.approx(8.0 + 3.0103, abs=1e-4)


def test_elements_are_taken_from_a_row_whatever_the_case_of_its_scheme() -> None:
    row = SimpleNamespace(**{**CERES.__dict__, "scheme": "mpc_minor_planet", "name": "Ceres"})
    assert Elements.of(row) == CERES


def test_the_path_of_a_body_may_be_asked_for_its_windows() -> None:
    night = night_span(MACON, "2022-12-20", 30.0)
    found = ephemeris(CERES, night.mjd, MACON)
    assert night.altitude(path(CERES, MACON)).tolist() == night.altitude((found.ra[None], found.dec[None])).tolist()
    (window,) = windows(night, path(CERES, MACON))
    assert window.hours > 1.0
    assert survey(night, found.ra[None], found.dec[None]).hours == pytest.approx([window.hours])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean_anomaly": None, "semimajor_axis": None}, "need mean_anomaly, semimajor_axis"),
        ({"epoch_of_elements": 2459750.5}, "epoch_of_elements = 2459750.5; .*looks like a JD"),
        ({"eccentricity": 1.2}, "eccentricity = 1.2 in scheme MPC_MINOR_PLANET; allowed: less than 1"),
        ({"inclination": 190.0}, "inclination = 190; allowed: 0 to 180 degrees"),
        ({"semimajor_axis": float("nan")}, "semimajor_axis = nan"),
        ({"scheme": "TLE"}, "scheme 'TLE'; allowed: MPC_MINOR_PLANET, MPC_COMET, JPL_MAJOR_PLANET"),
        ({"scheme": "MPC_COMET"}, "MPC_COMET need perihdist, epoch_of_perihelion"),
        ({"scheme": "JPL_MAJOR_PLANET"}, "JPL_MAJOR_PLANET need mean_daily_motion"),
    ],
)
def test_elements_that_cannot_be_say_why(changes: dict[str, object], words: str) -> None:
    given = {**CERES.__dict__, **changes}
    with pytest.raises(BadValue, match=words):
        Elements(**given)  # type: ignore[arg-type]
