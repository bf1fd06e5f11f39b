"""What is found is what a plain loop over all targets finds, page by page, in every order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.data.targets import sky as skies
from tests.unit.data.targets.room import CERES, MJD, Room
from toros.data.permissions import Viewer
from toros.data.targets import finding
from toros.errors import Permanent
from toros.sky.coordinates import separation
from workorders import Refusal, parse

SKY = skies.sky()
Row = dict[str, Any]


@pytest.fixture(scope="module")
def crowded(full_room: Room) -> Room:
    full_room.database.write(lambda session: skies.fill(session, SKY))
    full_room.listed("Tonight", *[row["number"] for row in SKY if row["number"] % 7 == 0])
    full_room.listed("Few", 3, 5, 8, 13)
    return full_room


@pytest.fixture(params=["few", "many"])
def reading(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Try both ways: rare conditions read whole and sorted here, and everything along an index."""
    if request.param == "many":
        monkeypatch.setattr(finding, "FEW", 0)


def numbers(room: Room, **asked: Any) -> list[int]:
    return [row["number"] for row in room.find(**asked)]


def within(ra: float, dec: float, radius: float) -> Callable[[Row], bool]:
    return lambda row: separation(ra, dec, row["ra"], row["dec"]) <= radius


CONES = [
    (0.0, 10.0, 0.3), (359.9, 10.2, 0.5), (0.1, 9.9, 5.0), (77.0, 90.0, 1.0), (200.0, -89.5, 2.0), (100.0, 80.0, 15.0),
    (45.0, 0.0, 40.0), (180.0, -30.0, 90.0), (10.0, 10.0, 150.0), (10.0, 10.0, 180.0), (3.0, 41.8, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("ra", "dec", "radius"), CONES)
def test_a_cone_holds_what_a_loop_finds_whatever_the_page(crowded: Room, ra: float, dec: float, radius: float) -> None:
    expected = {row["number"] for row in SKY if within(ra, dec, radius)(row)}
    for limit in (97, 1000):
        found = numbers(crowded, cone={"ra": ra, "dec": dec, "radius": radius}, limit=limit)
        assert len(found) == len(set(found))
        assert set(found) == expected


def test_a_target_is_found_at_its_own_place(crowded: Room) -> None:
    for row in SKY[::50]:
        assert row["number"] in numbers(crowded, cone={"ra": row["ra"], "dec": row["dec"], "radius": 0.0})


@pytest.mark.parametrize("dec", [90.0, -90.0])
def test_a_target_on_a_pole_is_found_from_every_right_ascension(room: Room, dec: float) -> None:
    room.add("pole", 123.0, dec)
    for ra in (0.0, 123.0, 300.0):
        assert room.names(cone={"ra": ra, "dec": dec, "radius": 0.0}) == ["pole"]


def test_a_cone_may_be_around_a_target(crowded: Room) -> None:
    centre = SKY[6]
    expected = {row["number"] for row in SKY if within(centre["ra"], centre["dec"], 0.5)(row)}
    assert len(expected) > 5
    assert set(numbers(crowded, cone={"target": centre["name"].lower(), "radius": 0.5})) == expected


FILTERS: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    ({}, lambda row: True),
    ({"tags": ["a"]}, lambda row: "a" in row["tags"]),
    ({"tags": ["a", "b"]}, lambda row: {"a", "b"} <= set(row["tags"])),
    ({"tags": ["rare"]}, lambda row: "rare" in row["tags"]),
    ({"target_list": "tonight"}, lambda row: row["number"] % 7 == 0),
    ({"target_list": "few"}, lambda row: row["number"] in (3, 5, 8, 13)),
    ({"extras": {"z": {"max": 0.25}}}, lambda row: row["extras"].get("z", 1.0) <= 0.25),
    ({"extras": {"host": "M 31", "z": {"min": 0.5, "max": 0.6}}},
     lambda row: row["extras"].get("host") == "M 31" and 0.5 <= row["extras"]["z"] <= 0.6),
    ({"where": {"classification": "SN Ia"}}, lambda row: row["classification"] == "SN Ia"),
    ({"where": {"importance": {"min": 9}}}, lambda row: (row["importance"] or 0) >= 9),
    ({"where": {"last_magnitude": {"min": 15.0, "max": 16.0}, "owner": "ann"}},
     lambda row: row["owner"] == "ann" and 15 <= (row["last_magnitude"] or 0) <= 16),
    ({"cone": {"ra": 0.0, "dec": 10.0, "radius": 0.4}}, within(0.0, 10.0, 0.4)),
    ({"cone": {"ra": 0.0, "dec": 10.0, "radius": 100.0}, "tags": ["b"]},
     lambda row: "b" in row["tags"] and within(0.0, 10.0, 100.0)(row)),
]  # fmt: skip


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize(("asked", "fits"), FILTERS)
def test_every_filter_in_every_order_finds_what_a_loop_finds(
    crowded: Room, asked: dict[str, Any], fits: Callable[[Row], bool]
) -> None:
    expected = [row for row in SKY if fits(row)]
    for sort in (None, "name", "last_mjd", "classification", "priority"):
        _same_as_a_loop(crowded, asked, expected, sort)


def _same_as_a_loop(room: Room, asked: dict[str, Any], expected: list[Row], sort: str | None) -> None:
    if sort == "priority":
        expected = [row for row in expected if row["last_mjd"] and row["importance"] and row["cadence"]]
        expected.sort(key=lambda row: (-(MJD - row["last_mjd"]) * (row["importance"] / row["cadence"]), row["number"]))
    for descending in (False, True):
        found = numbers(room, sort=sort, descending=descending, limit=211, **asked)
        if sort is None:
            assert sorted(found) == [row["number"] for row in expected]
            continue
        if sort != "priority":
            known = [row for row in expected if row[sort] is not None]
            unknown = [row for row in expected if row[sort] is None]
            known.sort(key=lambda row: (row[sort], row["number"]), reverse=descending)
            unknown.sort(key=lambda row: row["number"], reverse=descending)
            expected = known + unknown
        assert found == [row["number"] for row in expected]


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (Viewer(), lambda row: row["access"] == "open"),
        (Viewer.of("ann"), lambda row: row["access"] != "private" or row["owner"] == "ann"),
        (Viewer.of("cid", ["gw", "em"]), lambda row: row["access"] != "private" or "gw" in row["groups"]),
        (Viewer("root", everything=True), lambda row: True),
    ],
)
def test_everybody_finds_only_what_they_may_see(crowded: Room, viewer: Viewer, sees: Callable[[Row], bool]) -> None:
    for asked, fits in (FILTERS[0], FILTERS[1], FILTERS[-1]):
        expected = {row["number"] for row in SKY if fits(row) and sees(row)}
        assert set(numbers(crowded, viewer=viewer, **asked)) == expected


def test_names_as_typed_and_by_their_beginning(crowded: Room) -> None:
    row = SKY[100]
    assert numbers(crowded, name=row["name"].upper().replace(" ", "-")) == [row["number"]]
    expected = {each["number"] for each in SKY if each["name"].startswith("Target 12")}
    assert len(expected) > 5
    assert set(numbers(crowded, name="TARGET 12*")) == expected
    assert numbers(crowded, name="nobody") == []


def test_the_priority_is_shown(crowded: Room) -> None:
    row = next(row for row in SKY if row["last_mjd"] and row["importance"] and row["cadence"])
    priority = (MJD - row["last_mjd"]) / row["cadence"] * row["importance"]
    assert crowded.show(row["name"])["priority"] == pytest.approx(priority, abs=1e-5)


def test_what_moves_is_found_by_name_but_in_no_cone(room: Room) -> None:
    room.add("Ceres", **CERES)
    assert room.names() == ["Ceres"]
    assert room.names(cone={"ra": 0.0, "dec": 0.0, "radius": 180.0}) == []
    with pytest.raises(Permanent, match="moves on an orbit"):
        room.page(cone={"target": "ceres", "radius": 1.0})


@pytest.mark.parametrize("after", ["", "{}", "[1]", '["x",1]', "[null]", "[true,1]", "[1,2,3,4]", '[1,"2"]'])
@pytest.mark.parametrize("sort", ["importance", "priority"])
def test_a_page_that_never_was_is_refused(crowded: Room, after: str, sort: str) -> None:
    with pytest.raises(Permanent, match="is not the `next` of a page"):
        crowded.page(sort=sort, after=after)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"where": {"colour": 1}}, "has no field 'colour' of a target; allowed: number, ra, dec"),
        ({"where": {"importance": "high"}}, "holds a 'importance' that is not a number"),
        ({"where": {"importance": {"least": 1}}}, "something else than min and max"),
        ({"extras": {"z": {}}}, "something else than min and max"),
        ({"cone": {"radius": 1.0}}, "a cone without a centre"),
        ({"cone": {"ra": 1.0, "dec": 1.0, "radius": 181.0}}, "cone.radius is out of range"),
        ({"sort": "colour"}, "sort is not one of the choices"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(Refusal, match=says):
        parse({"request": "find_targets", **wrong})
