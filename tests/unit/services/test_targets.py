"""What the data manager answers about targets, and what comes of its orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.data_manager import SERVICE
from services.data_manager.viewers import viewer_of
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from tests.unit.workorders.examples import example
from toros.config import SecuritySettings
from toros.errors import Permanent
from workorders import VOCABULARY, parse


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables) as desk:
        yield desk


def do(desk: Rehearsal, request: str, **fields: Any) -> Any:
    """Carry out an order, or ask a question, and return what it tells."""
    order = parse({"request": request, **fields}, "data_manager")
    answer: Any = SERVICE.handlers[request].function(order, desk)
    if VOCABULARY[request].kind == "question":
        return answer
    told = dict(answer.result)
    if answer.record is not None:
        told |= desk.write(answer.record) or {}
    return told


def names(desk: Rehearsal, **asked: Any) -> list[str]:
    return [row["name"] for row in do(desk, "find_targets", **asked)["targets"]]


def test_the_examples_tell_a_story(desk: Rehearsal) -> None:
    for name, ra in (("NGC 4993", 197.4487), ("SN 2024abc", 10.0), ("ZTF24aaabcde", 11.0)):
        do(desk, "add_target", name=name, ra=ra, dec=-23.3839)
    for request in ("add_target", "update_target", "merge_targets", "save_list", "group_targets"):
        do(desk, **example(request))
    found = do(desk, **example("find_targets"))
    assert [row["name"] for row in found["targets"]] == ["AT 2017gfo"]
    told = do(desk, **example("show_target"))
    shown, sky = told["target"], told["sky"]
    assert (sky["time"], sky["visibility"][0]["observatory"]) == ("2026-11-20T23:30:00.000", "Embedded observatory")
    assert [row["time"][11:13] for row in told["ephemeris"]] == ["23", *[f"{hour:02d}" for hour in range(10)]]
    assert (shown["classification"], shown["cadence"], shown["importance"]) == ("BNS merger", 1.0, 9.5)
    assert do(desk, "show_target", target="ZTF24aaabcde")["target"]["name"] == "SN 2024abc"


def test_an_order_again_has_the_same_effect(desk: Rehearsal) -> None:
    first = do(desk, **example("add_target"))
    assert first == {"target": 1, "name": "AT 2017gfo", "made": True}
    assert do(desk, **example("add_target")) == {"target": 1, "name": "AT 2017gfo", "made": False}
    do(desk, "save_list", target_list="Tonight", name="Tomorrow")
    again = do(desk, "save_list", target_list="Tonight", name="Tomorrow")
    assert (again["list"], again["made"], again["name"]) == (1, False, "Tomorrow")


def test_a_dry_run_says_what_would_be_and_changes_nothing(desk: Rehearsal) -> None:
    assert do(desk, **example("add_target"), dry_run=True) == {
        "target": 1, "name": "AT 2017gfo", "made": True, "dry_run": True,
    }  # fmt: skip
    assert names(desk) == []
    do(desk, **example("add_target"))
    do(desk, **example("update_target"), dry_run=True)
    assert do(desk, **example("show_target"))["target"]["classification"] == "kilonova"
    told = do(desk, "group_targets", target_list="L", targets=["at2017gfo"], dry_run=True)
    assert told == {"target_list": "L", "targets": 1, "dry_run": True}
    with pytest.raises(Permanent, match="there is no list 'L'"):
        names(desk, target_list="L")


def test_the_sky_is_that_of_the_observatorys_clock_and_only_when_asked(desk: Rehearsal) -> None:
    do(desk, "add_target", name="M 31", ra=10.6847, dec=41.269)
    assert do(desk, "show_target", target="m31").keys() == {"target"}
    assert do(desk, "show_target", target="m31", sky=True)["sky"]["time"][:10] == "2026-11-20"


def test_other_observatories_are_named_in_the_configuration(tmp_path: Path) -> None:
    north = {"Calar Alto": {"longitude": -2.546, "latitude": 37.224, "elevation": 2168.0}}
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, targets={"observatories": north}) as desk:
        do(desk, "add_target", name="Polaris", ra=37.95, dec=89.264)
        ours, theirs = do(desk, "show_target", target="polaris", sky=True)["sky"]["visibility"]
    assert "never rises above 20 degrees at Embedded observatory" in ours["reason"]
    assert (theirs["observatory"], theirs["best_altitude"] > 36) == ("Calar Alto", True)


def test_the_radius_of_a_match_is_configured(tmp_path: Path) -> None:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, targets={"match_radius": 60.0}) as desk:
        do(desk, "add_target", name="one", ra=10.0, dec=20.0)
        told = do(desk, "add_target", name="two", ra=10.0, dec=20.01)
        assert told == {"target": 1, "name": "one", "made": False, "separation": 36.0}


def test_all_that_match_are_put_into_lists_and_moved(desk: Rehearsal) -> None:
    rows = "".join(f"T{i},{10.0 + i / 10},20.0,{i % 10}\n" for i in range(900))
    (desk.files.root("products") / "many.csv").write_text("name,ra,dec,importance\n" + rows)
    do(desk, "import_targets", file_location="products:many.csv")
    told = do(desk, "group_targets", target_list="bright", matching={"where": {"importance": {"min": 5}}})
    assert told == {"target_list": "bright", "targets": 450, "changed": 450}
    assert do(desk, "group_targets", target_list="bright", matching={"where": {"importance": 9}})["changed"] == 0
    move: dict[str, Any] = {"action": "move", "source": "bright", "matching": {"target_list": "bright"}}
    assert do(desk, "group_targets", target_list="tonight", **move)["changed"] == 450
    assert names(desk, target_list="bright") == []
    do(desk, "group_targets", target_list="tonight", action="remove", targets=["t5", "t6"])
    assert len(names(desk, target_list="tonight", limit=1000)) == 448
    assert do(desk, "save_list", target_list="tonight", delete=True) == {"deleted": True}
    assert do(desk, "save_list", target_list="tonight", delete=True) == {"deleted": False}


def test_pages_end(desk: Rehearsal) -> None:
    for i in range(5):
        do(desk, "add_target", name=f"T{i}", ra=10.0 + i, dec=20.0)
    first = do(desk, "find_targets", limit=3)
    rest = do(desk, "find_targets", limit=3, after=first["next"])
    assert ([row["name"] for row in first["targets"]], first["more"]) == (["T0", "T1", "T2"], True)
    assert ([row["name"] for row in rest["targets"]], rest["more"], "next" in rest) == (["T3", "T4"], False, False)


@pytest.mark.parametrize(("user", "sees"), [("ann", True), ("bob", False), (None, False), ("alert_robot", True)])
def test_private_targets_are_shown_to_whom_they_belong(tmp_path: Path, user: str | None, sees: bool) -> None:
    with rehearsing(tmp_path, "data_manager", SERVICE.tables, security=SecuritySettings(authentication=True)) as desk:
        do(desk, "add_target", name="hers", ra=10.0, dec=20.0, access="private", user="ann")
        who = {} if user is None else {"user": user}
        assert names(desk, **who) == (["hers"] if sees else [])


def test_where_nobody_says_who_they_are_nothing_is_hidden(desk: Rehearsal) -> None:
    viewer = viewer_of(parse({"request": "find_targets", "user": "anonymous"}), desk)
    assert (viewer.name, viewer.everything) == (None, True)
