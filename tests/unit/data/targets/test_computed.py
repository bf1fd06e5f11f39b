"""What is computed of a target is what JPL Horizons and the sky module say; where it cannot be seen, the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sky.horizons import rows
from toros.data.targets.computed import ephemeris_of, sky_of
from toros.errors import BadValue
from toros.sky.coordinates import separation
from toros.sky.site import Site
from toros.sky.sun_and_moon import lights_at

MACON = Site(-67.3283, -24.6157, 4637.0, 20.0, "Macon")
NORTH = Site(10.0, 60.0, 100.0, 20.0, "North")
CERES: dict[str, Any] = {
    "name": "1 Ceres", "kind": "non_sidereal", "scheme": "mpc_minor_planet", "epoch_of_elements": 60600.0,
    "inclination": 10.588, "lng_asc_node": 80.249, "arg_of_perihelion": 73.299, "eccentricity": 0.0794,
    "mean_anomaly": 145.84, "semimajor_axis": 2.7666, "extras": {"H": 3.33, "G": 0.12},
}  # fmt: skip


def star(ra: float, dec: float, **more: Any) -> dict[str, Any]:
    return {"name": "star", "kind": "sidereal", "ra": ra, "dec": dec, "epoch": 2000.0, "extras": {}} | more


def test_what_moves_stands_where_horizons_says() -> None:
    (orbit,), (row,) = rows("ceres_elements_single.txt"), rows("ceres_ephemerides_single.txt")
    columns = {"inclination": "IN", "lng_asc_node": "OM", "arg_of_perihelion": "W", "eccentricity": "EC",
               "mean_anomaly": "MA", "semimajor_axis": "A"}  # fmt: skip
    epoch, utc = float(orbit["JDTDB"]) - 2400000.5, float(row["Date_________JDUT"]) - 2400000.5
    elements = {name: float(orbit[column]) for name, column in columns.items()} | {"epoch_of_elements": epoch}
    told = sky_of(CERES | elements | {"extras": {"H": 3.53, "G": 0.12}}, utc, [MACON])
    theirs = float(row["R.A._(ICRF)"]), float(row["DEC_(ICRF)"])
    parallax = 8.794 / 3600 / told["distance"]  # theirs is for the earth's centre
    assert separation(told["ra"], told["dec"], *theirs) < parallax
    assert told["sun_distance"] == pytest.approx(float(row["r"]), abs=1e-5)
    assert told["magnitude"] == pytest.approx(float(row["APmag"]), abs=0.02)
    assert told["elements_age"] == pytest.approx(utc - epoch, abs=0.01)


def test_a_star_stands_where_its_proper_motion_brought_it() -> None:
    told = sky_of(star(269.4520755, 4.6933650, pm_ra=-801.551, pm_dec=10362.394), 57388.0, [MACON])  # 2016.0
    assert separation(told["ra"], told["dec"], 269.4485025, 4.7394201) * 3600 < 0.1
    assert "distance" not in told and "elements_age" not in told


def test_sun_and_moon_are_where_the_sky_has_them() -> None:
    lights = lights_at(61000.0, MACON)
    (sun_ra, sun_dec), (moon_ra, moon_dec) = lights.sun_position, lights.moon_position
    told = sky_of(star(float(moon_ra), float(moon_dec)), 61000.0, [MACON])
    assert told["moon_separation"] == pytest.approx(0.0, abs=0.01)
    expected = separation(float(sun_ra), float(sun_dec), float(moon_ra), float(moon_dec))
    assert told["sun_separation"] == pytest.approx(expected, abs=0.01)
    assert 0.0 <= told["moon_illumination"] < 0.02  # a new moon a day before


def test_the_next_window_of_each_observatory_or_why_there_is_none() -> None:
    at_macon, at_north = sky_of(star(100.0, -80.0), 61000.0, [MACON, NORTH])["visibility"]
    assert (at_macon["observatory"], at_north["observatory"]) == ("Macon", "North")
    assert at_macon["start"] < at_macon["best"] < at_macon["end"] and at_macon["best_altitude"] > 20.0
    assert "today" not in at_macon
    assert at_north["reason"] == "star never rises above 20 degrees at North: its highest is -50.0."
    behind_the_sun = sky_of(star(238.0, -20.0), 61000.0, [MACON])["visibility"][0]
    assert behind_the_sun["start"] > "2025-11-22"
    assert "only while the sun is above -18 degrees" in behind_the_sun["today"]


def test_a_table_has_a_row_at_each_step() -> None:
    table = ephemeris_of(CERES, 61000.0, 61000.51, 60.0, MACON)
    assert [row["time"][11:] for row in table[:2]] == ["00:00:00.000", "01:00:00.000"]
    assert (len(table), table[-1]["time"]) == (13, "2025-11-21T12:00:00.000")
    moved = separation(*(table[i][name] for i in (0, 1) for name in ("ra", "dec"))) * 3600
    rates = table[0]["ra_rate"], table[0]["dec_rate"]
    assert moved == pytest.approx((rates[0] ** 2 + rates[1] ** 2) ** 0.5, rel=0.05)
    assert all(("airmass" in row) == (row["altitude"] > 0) for row in table)
    assert ephemeris_of(CERES, 61000.0, 61000.0, 60.0, MACON) == table[:1]


def test_a_comet_has_the_magnitude_of_a_comet() -> None:
    comet = CERES | {"scheme": "mpc_comet", "perihdist": 0.5, "epoch_of_perihelion": 61000.0, "eccentricity": 1.0}
    (row,) = ephemeris_of(comet | {"extras": {"M1": 5.0}}, 61000.0, 61000.0, 60.0, MACON)
    assert row["magnitude"] < 5.0
    assert "magnitude" not in ephemeris_of(comet | {"extras": {}}, 61000.0, 61000.0, 60.0, MACON)[0]


def test_what_cannot_be_computed_is_refused_with_what_can() -> None:
    with pytest.raises(BadValue, match="1441 rows; allowed: 1000"):
        ephemeris_of(CERES, 61000.0, 61001.0, 1.0, MACON)
    with pytest.raises(BadValue, match="allowed: an MJD"):
        sky_of(CERES, -5000.0, [MACON])
