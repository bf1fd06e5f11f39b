"""Changing a target: what is not said stays, what follows from a change follows."""

from __future__ import annotations

import pytest

from tests.unit.data.targets.room import CERES, Room
from toros.data.permissions import Viewer
from toros.errors import Permanent
from workorders import Refusal, parse


def test_what_is_not_said_stays(room: Room) -> None:
    room.add("x", 10.0, 20.0, importance=5.0, tags=["a", "b"], extras={"z": 1.0, "host": "M 31"}, aliases=["y"])
    room.update("Y", classification="SN Ia", tags=["c"], untag=["a"], extras={"z": 2.0}, forget_extras=["host"],
                aliases=[{"name": "w", "source": "TNS"}], forget_aliases=["y"], cadence=2.0)  # fmt: skip
    told = room.show("x")
    assert told | {"importance": 5.0, "classification": "SN Ia", "tags": ["b", "c"], "extras": {"z": 2.0},
                   "aliases": [{"name": "w", "source": "TNS"}], "cadence": 2.0} == told  # fmt: skip
    assert room.number("y") is None
    room.update("x", clear=["importance", "classification"])
    assert not {"importance", "classification"} & set(room.show("x"))


def test_a_new_position_brings_new_pixel_constellation_and_galactic_coordinates(room: Room) -> None:
    room.add("x", 10.6847, 41.269)
    room.update("x", ra=197.45, dec=-23.38)
    assert room.show("x")["constellation"] == "Hya"
    assert room.names(cone={"ra": 197.45, "dec": -23.38, "radius": 0.001}) == ["x"]
    assert room.names(cone={"ra": 10.6847, "dec": 41.269, "radius": 1.0}) == []


def test_a_new_name_leaves_the_old_one_as_an_alias(room: Room) -> None:
    first = room.add("AT 2024abc", 10.0, 20.0)
    room.update("at2024abc", name="SN 2024abc")
    told = room.show("at2024abc")
    assert (told["name"], told["aliases"], told["number"]) == ("SN 2024abc", [{"name": "AT 2024abc"}], first.number)
    room.update("sn2024abc", name="SN2024abc")  # only written otherwise
    assert room.show("SN 2024ABC")["aliases"] == [{"name": "AT 2024abc"}]
    room.update("sn2024abc", name="AT 2024abc")
    assert room.show("SN2024abc")["name"] == "AT 2024abc"


def test_what_cannot_be_is_refused_and_changes_nothing(room: Room) -> None:
    room.add("x", 10.0, 20.0)
    room.add("y", 30.0, 20.0)
    with pytest.raises(Permanent, match="'Y' is taken"):
        room.update("x", name="Y", importance=3.0)
    with pytest.raises(Permanent, match="'x' is the main name"):
        room.update("x", forget_aliases=["x"])
    with pytest.raises(Permanent, match="semimajor_axis: the scheme mpc_minor_planet needs it"):
        room.update("x", **{**CERES, "semimajor_axis": None})
    with pytest.raises(Permanent, match="target: there is no target 'z'"):
        room.update("z", importance=3.0)
    assert "importance" not in room.show("x")


def test_a_position_may_become_an_orbit(room: Room) -> None:
    room.add("x", 10.0, 20.0)
    room.update("x", **CERES)
    assert room.show("x")["kind"] == "non_sidereal"
    assert room.names(cone={"ra": 10.0, "dec": 20.0, "radius": 180.0}) == []


def test_a_private_target_is_changed_by_its_owner_only(room: Room) -> None:
    ann, bob = Viewer.of("ann", ["gw"]), Viewer.of("bob", ["gw"])
    room.add("x", 10.0, 20.0, viewer=ann, access="private", groups=["gw"])
    with pytest.raises(Permanent, match="is private, and only its owner changes it"):
        room.update("x", viewer=bob, importance=1.0)
    room.update("x", viewer=ann, importance=1.0, groups=[])
    assert room.number("x", viewer=bob) is None


@pytest.mark.parametrize(("importance", "cadence"), [(1e-6, 36500.0), (10.0, 1e-4), (0.0, 1e-4), (10.0, 0.0)])
def test_the_least_and_the_most_urgent_are_kept(room: Room, importance: float, cadence: float) -> None:
    room.add("x", 10.0, 20.0, importance=importance, cadence=cadence)
    kept = room.show("x")
    assert (kept["importance"], kept["cadence"]) == (importance, cadence)
    room.page(sort="priority")


@pytest.mark.parametrize(
    ("field", "allowed"),
    [
        ("importance", "0, or a number from 0.000001 to 10 (how much it matters; no unit)"),
        ("cadence", "0, or a number from 0.0001 to 36500 (how often it should be observed; days)"),
    ],
)
def test_what_is_almost_nothing_is_refused(field: str, allowed: str) -> None:
    with pytest.raises(Refusal, match=f"add_target: {field} is out of range") as refused:
        parse({"request": "add_target", "name": "x", "ra": 10.0, "dec": 20.0, field: 1e-320})
    assert refused.value.allowed == allowed
