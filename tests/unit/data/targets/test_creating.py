"""Each thing in the sky becomes a target once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.data.targets.room import CERES, Room, order
from toros.data.permissions import Viewer
from toros.errors import Permanent
from workorders import Refusal, parse

ARCSECOND = 1 / 3600


def test_a_target_is_kept_with_all_that_is_said_of_it(room: Room) -> None:
    room.add(
        "AT 2017gfo", 197.450375, -23.381484, pm_ra=1.5, pm_dec=-2.0, parallax=0.1, epoch=2016.0, importance=9.5,
        cadence=0.5, classification="kilonova", description="of GW170817", access="private", groups=["gw", "em"],
        tags=["gw", "kilonova"], aliases=["SSS17a"],
        extras={"redshift": 0.0098, "host": "NGC 4993", "seen": True, "discovered": "2017-08-17T23:33:00+00:00"},
    )  # fmt: skip
    told = room.show("at2017gfo")
    assert told | {"ra": 197.450375, "dec": -23.381484, "pm_ra": 1.5, "epoch": 2016.0, "kind": "sidereal",
                   "constellation": "Hya", "access": "private", "groups": ["em", "gw"], "tags": ["gw", "kilonova"],
                   "products": 0, "lists": []} == told  # fmt: skip
    assert told["galactic_latitude"] == pytest.approx(39.296, abs=1e-3)
    assert told["extras"] == {
        "discovered": "2017-08-17T23:33:00.000", "host": "NGC 4993", "redshift": 0.0098, "seen": True,
    }  # fmt: skip
    assert "healpix" not in told


def test_the_same_again_changes_nothing(room: Room) -> None:
    first = room.add("M 31", 10.6847, 41.269, tags=["galaxy"], aliases=["NGC 224"])
    before = room.show("M31")
    again = room.add("m31", 10.6847, 41.269, tags=["galaxy"], aliases=["ngc224"])
    assert (first.made, again.made, again.number, again.name) == (True, False, first.number, "M 31")
    assert room.show("M31") == before


@pytest.mark.parametrize(("ra", "dec"), [(10.0, 41.0), (0.0, 0.0), (200.0, 89.9999), (17.0, -90.0), (359.9999, 5.0)])
def test_a_target_at_the_same_place_is_the_same_one_under_a_new_name(room: Room, ra: float, dec: float) -> None:
    first = room.add("ours", ra, dec)
    nearby = min(90.0, dec + 2.9 * ARCSECOND)
    match = room.add("theirs", ra, nearby)
    assert (match.made, match.number, match.name) == (False, first.number, "ours")
    assert match.separation == pytest.approx(abs(nearby - dec) * 3600, abs=1e-4)
    assert room.number("theirs") == first.number


def test_across_right_ascension_zero_it_is_the_same_place(room: Room) -> None:
    first = room.add("before", 359.9998, 10.0)
    assert room.add("after", 0.0003, 10.0).number == first.number


def test_the_nearest_of_several_is_the_match(room: Room) -> None:
    room.add("far", 10.0, 2.5 * ARCSECOND, radius=0.0)
    near = room.add("near", 10.0, -0.5 * ARCSECOND, radius=0.0)
    assert room.add("new", 10.0, 0.0).number == near.number


BARNARDS_MOTION: dict[str, Any] = {"pm_ra": -801.551, "pm_dec": 10362.394}
BARNARD_2016 = (269.4485025, 4.7394201)  # Gaia's, at 2016.0


def test_positions_of_two_epochs_are_compared_at_one(room: Room) -> None:
    star = room.add("Barnard's star", 269.4520755, 4.6933650, epoch=2000.0, **BARNARDS_MOTION)
    gaia = room.add("Gaia DR3 4472832130942575872", *BARNARD_2016, epoch=2016.0)
    assert (gaia.made, gaia.number) == (False, star.number)
    assert gaia.separation is not None and gaia.separation < 0.2
    assert room.add("Barnard's star", *BARNARD_2016, epoch=2016.0).number == star.number
    assert room.add("another", *BARNARD_2016, epoch=2000.0).made


def test_a_new_position_goes_to_the_epoch_of_a_target_of_unknown_motion(room: Room) -> None:
    star = room.add("old plate", 269.4520755, 4.6933650, epoch=2000.0)
    gaia = room.add("Gaia DR3 4472832130942575872", *BARNARD_2016, epoch=2016.0, **BARNARDS_MOTION)
    assert (gaia.made, gaia.number) == (False, star.number)
    assert room.add("without motion", *BARNARD_2016, epoch=2016.0).made


def test_beyond_the_radius_or_when_asked_it_is_a_new_one(room: Room) -> None:
    first = room.add("one", 10.0, 41.0)
    beyond = room.add("two", 10.0, 41.0 + 3.1 * ARCSECOND)
    asked = room.add("three", 10.0, 41.0, on_match="new")
    assert beyond.made and asked.made
    assert len({first.number, beyond.number, asked.number}) == 3


def test_a_name_of_something_elsewhere_is_refused(room: Room) -> None:
    room.add("SN 2024abc", 10.0, 41.0, aliases=["ZTF24x"])
    with pytest.raises(Permanent, match="'ztf24x' is a name of the target 'SN 2024abc', 1 degrees from there; choose"):
        room.add("ztf24x", 10.0, 42.0)
    with pytest.raises(Permanent, match="'SN2024abc' is taken"):
        room.add("another", 50.0, 42.0, aliases=["SN2024abc"])
    assert room.count() == 1
    assert room.number("another") is None


def test_what_somebody_may_not_see_is_neither_matched_nor_told(room: Room) -> None:
    ann, bob = Viewer.of("ann"), Viewer.of("bob")
    hidden = room.add("secret", 10.0, 41.0, viewer=ann, access="private")
    assert room.add("open", 10.0, 41.0, viewer=bob).number != hidden.number
    with pytest.raises(Permanent, match=r"^name: 'secret' is taken$"):
        room.add("secret", 10.0, 41.0, viewer=bob)


def test_what_moves_is_kept_by_its_elements(room: Room) -> None:
    first = room.add("(1) Ceres", **CERES, importance=5.0)
    assert room.add("1 Ceres", **CERES).number == first.number
    told = room.show("1ceres")
    assert (told["kind"], told["scheme"], told["semimajor_axis"]) == ("non_sidereal", "mpc_minor_planet", 2.7666)
    assert not {"ra", "dec", "constellation"} & set(told)
    with pytest.raises(Permanent, match="which moves on an orbit"):
        room.add("Ceres (1)", 10.0, 20.0, aliases=["1 Ceres"]) if room.add("Ceres 1", **CERES).made else room.add(
            "1 ceres", 10.0, 20.0
        )


SCHEMES: dict[str, dict[str, float]] = {
    "mpc_minor_planet": {"mean_anomaly": 1.0, "semimajor_axis": 2.0},
    "mpc_comet": {"perihdist": 1.0, "epoch_of_perihelion": 60000.0},
    "jpl_major_planet": {"mean_daily_motion": 0.1, "mean_anomaly": 1.0, "semimajor_axis": 2.0},
}
COMMON = {"epoch_of_elements": 60000.0, "inclination": 1.0, "lng_asc_node": 2.0, "arg_of_perihelion": 3.0,
          "eccentricity": 0.1}  # fmt: skip


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_needs_its_elements(scheme: str) -> None:
    whole = {"request": "add_target", "name": "x", "scheme": scheme, **COMMON, **SCHEMES[scheme]}
    assert parse(whole).body()["scheme"] == scheme
    for missing in (*COMMON, *SCHEMES[scheme]):
        with pytest.raises(Refusal, match=f"gives the scheme {scheme} without {missing}"):
            parse({name: value for name, value in whole.items() if name != missing})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"dec": 95.0}, "dec is out of range"),
        ({"ra": 360.0}, "ra is out of range"),
        ({"ra": float("nan")}, "ra is not a finite number"),
        ({"ra": None}, "gives a position without ra"),
        ({"importance": 11.0}, "importance is out of range"),
        ({"name": ""}, "name has the wrong length"),
        ({"extras": {"x": [1]}}, "holds a 'x' that is no text, number"),
        ({"epoch_of_perihelion": 2460000.5}, "looks like a Julian date; as MJD it is 60000.000000"),
        ({"access": "secret"}, "access is not one of the choices"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(wrong: dict[str, Any], says: str) -> None:
    good = {"request": "add_target", "name": "x", "ra": 10.0, "dec": 20.0}
    with pytest.raises(Refusal, match=says):
        parse(good | wrong)


def test_sexagesimal_coordinates_come_under_the_older_name() -> None:
    asked: Any = parse({"Request": "Add Target", "name": "x", "RA": "13:09:48.09", "Dec": "-23:22:53.3"})
    assert (asked.ra, asked.dec) == (pytest.approx(197.450375), pytest.approx(-23.381472, abs=1e-6))


def test_the_database_itself_keeps_names_apart(room: Room) -> None:
    from sqlalchemy import insert
    from sqlalchemy.exc import IntegrityError

    from toros.data.tables import TargetName

    number = room.add("one", 1.0, 1.0).number
    row = {"key": "one", "name": "ONE", "target": number, "source": None, "main": False}
    second_main = row | {"key": "other", "main": True}
    for wrong in (row, second_main):
        write: Callable[[Any], Any] = lambda session, wrong=wrong: session.execute(insert(TargetName), [wrong])  # noqa: E731
        with pytest.raises(IntegrityError):
            room.database.write(write)


def test_orders_are_what_they_say() -> None:
    assert order("x", 1.0, 2.0).on_match == "existing"
