"""The life of an event, from its early warning to its revival, through the service, for three telescopes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alert_robot import SERVICE, intake, process_alert, show_alert
from services.alert_robot.life import stands, where_of
from tests.unit.alerts.samples import alert_sample, gwalert_sample
from tests.unit.services.rehearsal import EVENING, Rehearsal, rehearsing
from toros.alerts.reading import read_alert
from toros.clock import RehearsalClock
from toros.download import Download
from toros.errors import Permanent, Temporary
from toros.network.service import Onward, Outcome
from toros.store.alerts import AlertRow, PlanRow
from workorders.alerts import ProcessAlert, ShowAlert
from workorders.desk import Cancel
from workorders.observing import ReceiveTargets

EVENT = "MS181101ab"
TELESCOPES = {
    "south": {"http": "http://127.0.0.1:1/RPC2", "longitude": -67.33, "latitude": -24.62, "elevation": 4637.0},
    "wide": {
        "http": "http://127.0.0.1:2/RPC2", "longitude": -97.57, "latitude": 25.99, "field_width": 4.0,
        "field_height": 3.0, "horizon": 10.0, "sun_altitude": 90.0, "moon_distance": 0.0,
    },
    "own": {},
}  # fmt: skip
RULES: dict[str, Any] = {
    "south": {"p_bns": 0.5, "targets": 3, "visibility": "ignore", "on_retraction": "finish"},
    "wide": {"search": "fields", "targets": 4, "on_update": "add", "filters": ["g", "r"]},
    "own": {"visibility": "ignore", "distance": 20.0},
}


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Rehearsal]:
    settings = {"telescopes": TELESCOPES, "alerts": {"rules": RULES}}
    with rehearsing(tmp_path, "alert_robot", SERVICE.tables, **settings) as context:
        yield context


def process(robot: Rehearsal, text: str) -> Outcome:
    return robot.finish(process_alert(ProcessAlert(alert=text), robot))


def lists(outcome: Outcome) -> dict[str | None, ReceiveTargets]:
    return {order.to: order for order in outcome.orders if isinstance(order, ReceiveTargets)}


def cancels(outcome: Outcome) -> list[Cancel]:
    return [one.order for one in outcome.orders if isinstance(one, Onward) and isinstance(one.order, Cancel)]


def play(robot: Rehearsal, texts: list[str]) -> list[Outcome]:
    return [process(robot, text) for text in texts]


def test_the_life_of_an_event_in_json(robot: Rehearsal) -> None:
    names = ("earlywarning", "preliminary", "initial", "update", "retraction")
    outcomes = play(robot, [gwalert_sample(f"{EVENT}-{name}") for name in names])
    _check_a_life(outcomes)


def test_the_life_of_an_event_in_voevents(robot: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "download", lambda url, _limits: fetched(alert_map(), url))
    names = ("1-EarlyWarning", "2-Preliminary", "3-Initial", "4-Update", "5-Retraction", "6-Update")
    outcomes = play(robot, [alert_sample(f"{EVENT}-{name}").decode() for name in names])
    _check_a_life(outcomes[:5])
    assert outcomes[5].result["effect"] == "revival"
    assert set(lists(outcomes[5])) == {"south", "wide"}
    assert show_alert(ShowAlert(event=EVENT), robot)["retracted"] is False


def _check_a_life(outcomes: list[Outcome]) -> None:
    """Assert that every telescope does what its rule says at each step, and that the retraction ends all of it."""
    first, *later, end = outcomes
    ordered = lists(first)
    assert set(ordered) == {"south", "wide"}
    assert [each.name for each in ordered["south"].targets][0] == "NGC4993"
    assert len(ordered["south"].targets) == 3
    assert {(each.filter, " field " in each.name) for each in ordered["wide"].targets} == {("g", True), ("r", True)}
    assert all(each.start and each.end for each in ordered["wide"].targets)
    own = first.result["telescopes"]["own"]
    assert (own["observe"], own["reasons"]) == (False, ["40 Mpc away (the rule: at most 20)"])
    for outcome in later:
        assert outcome.result["effect"] in ("update", "same")
        assert lists(outcome) == {} and cancels(outcome) == []
    assert end.result["effect"] == "retraction"
    taken = {(cancel.to, cancel.order_id, cancel.running) for cancel in cancels(end)}
    assert taken == {("south", ordered["south"].id, "finish"), ("wide", ordered["wide"].id, "stop")}
    assert all(cancel.tree for cancel in cancels(end))


def fetched(content: bytes, url: str) -> Download:
    return Download(content, hashlib.sha256(content).hexdigest(), url)


def alert_map() -> bytes:
    return base64.b64decode(json.loads(gwalert_sample(f"{EVENT}-initial"))["event"]["skymap"])


@pytest.mark.parametrize("packets_first", [True, False])
def test_alerts_that_come_in_two_formats_have_one_effect(
    robot: Rehearsal, monkeypatch: pytest.MonkeyPatch, packets_first: bool
) -> None:
    monkeypatch.setattr(intake, "download", lambda url, _limits: fetched(alert_map(), url))
    json_names = ("earlywarning", "preliminary", "initial", "update", "retraction")
    xml_names = ("1-EarlyWarning", "2-Preliminary", "3-Initial", "4-Update", "5-Retraction")
    outcomes = []
    for json_name, xml_name in zip(json_names, xml_names, strict=True):
        texts = [gwalert_sample(f"{EVENT}-{json_name}"), alert_sample(f"{EVENT}-{xml_name}").decode()]
        first, second = play(robot, texts[::-1] if packets_first else texts)
        assert (second.result["effect"], list(second.orders)) == ("duplicate", [])
        assert "it said the same before" in second.result["notes"][-1]
        outcomes.append(first)
    _check_a_life(outcomes)
    story = show_alert(ShowAlert(event=EVENT), robot)
    assert (len(story["alerts"]), story["retracted"]) == (5, True)
    assert all(len(each["again"]) == 1 for each in story["alerts"])
    revived = process(robot, alert_sample(f"{EVENT}-6-Update").decode())  # dated before the retraction that it cites
    assert (revived.result["effect"], set(lists(revived))) == ("revival", {"south", "wide"})


def test_the_format_that_brings_the_map_counts_where_the_other_could_not_have_it(
    robot: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(url: str, _limits: object) -> Download:
        raise Permanent(f"{url} is not there")

    monkeypatch.setattr(intake, "download", gone)
    packet, alert = play(
        robot, [alert_sample(f"{EVENT}-2-Preliminary").decode(), gwalert_sample(f"{EVENT}-preliminary")]
    )
    assert (packet.result["effect"], lists(packet)) == ("first", {})
    assert (alert.result["effect"], set(lists(alert))) == ("first", {"south", "wide"})


def test_a_map_that_is_not_there_yet_is_waited_for_where_nothing_else_tells_the_place(
    robot: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(url: str, _limits: object) -> Download:
        raise Temporary(f"{url} does not answer")

    monkeypatch.setattr(intake, "download", away)
    packet = alert_sample(f"{EVENT}-2-Preliminary").decode()
    with pytest.raises(Temporary):
        process(robot, packet)
    robot.attempt = robot.config.orders.tries
    given_up = process(robot, packet)
    assert "could not be fetched in time" in " ".join(given_up.result["notes"]) and lists(given_up) == {}
    robot.attempt = 1
    placed = process(robot, alert_sample("fermi.gbm.trigger.final").decode())
    notes = " ".join(placed.result["notes"])
    assert "the map at https://heasarc.gsfc.nasa.gov/" in notes and "made of a circle of 1 degrees" in notes


def test_two_alerts_of_one_second_in_one_format_are_two(robot: Rehearsal) -> None:
    update, with_fermi = play(robot, [gwalert_sample(f"{EVENT}-update"), gwalert_sample(f"{EVENT}-ext-update")])
    assert update.result["time_created"] == with_fermi.result["time_created"]
    assert (with_fermi.result["effect"], with_fermi.result["coincidence"]) == ("update", "Fermi")


def test_an_update_with_the_same_map_hours_later_leaves_what_is_ordered(robot: Rehearsal) -> None:
    alert = json.loads(gwalert_sample(f"{EVENT}-preliminary"))
    first = process(robot, json.dumps(alert))
    alert |= {"alert_type": "UPDATE", "time_created": "2018-11-01T23:00:00Z"}
    alert["event"]["far"] /= 10
    robot.observatory_clock = RehearsalClock(EVENING + timedelta(hours=2), 1.0)
    update = process(robot, json.dumps(alert))
    assert (update.result["effect"], list(update.orders)) == ("update", [])
    assert first.result["telescopes"]["wide"] != update.result["telescopes"]["wide"], "other fields are up by now"


def test_what_is_ordered_stands_while_place_and_urgency_are_the_same_and_its_night_lasts() -> None:
    alert = read_alert(gwalert_sample(f"{EVENT}-preliminary").encode())
    targets = [{"end": "2026-11-21T02:00:00.000"}, {"end": "2026-11-21T05:00:00.000"}]
    told = {"where_sha256": where_of(alert), "telescopes": {"wide": {"targets": targets}}}
    row, plan = AlertRow(result=told, significant=True), PlanRow(telescope="wide")
    assert stands(plan, row, alert, where_of(alert), "2026-11-21T04:59:00.000")
    assert not stands(plan, row, alert, where_of(alert), "2026-11-21T05:00:00.000")
    assert not stands(plan, row, alert, "elsewhere", "2026-11-21T04:59:00.000")
    assert not stands(plan, row, replace(alert, significant=False), where_of(alert), "2026-11-21T04:59:00.000")


def test_an_update_adds_only_what_is_new(robot: Rehearsal) -> None:
    alert = json.loads(gwalert_sample(f"{EVENT}-preliminary"))
    first = lists(process(robot, json.dumps(alert)))["wide"]
    ext = json.loads(gwalert_sample(f"{EVENT}-ext-update"))
    update = process(robot, json.dumps(ext))
    assert not [each for each in cancels(update) if each.to == "wide"]
    known = {each.name for each in first.targets}
    added = {each.name for each in lists(update)["wide"].targets} if "wide" in lists(update) else set()
    asked = {each["name"] for each in update.result["telescopes"]["wide"]["targets"]}
    assert asked & known and added == asked - known
