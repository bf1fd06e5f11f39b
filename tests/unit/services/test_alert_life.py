"""The life of an event, from its early warning to its revival, through the service, for three telescopes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.alert_robot import SERVICE, intake, process_alert, show_alert
from tests.unit.alerts.samples import alert_sample, gwalert_sample
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.download import Download
from toros.network.service import Onward, Outcome
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
    content = alert_map()

    def fetched(url: str, _limits: object) -> Download:
        return Download(content, hashlib.sha256(content).hexdigest(), url)

    monkeypatch.setattr(intake, "download", fetched)
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


def alert_map() -> bytes:
    import base64
    import json

    return base64.b64decode(json.loads(gwalert_sample(f"{EVENT}-initial"))["event"]["skymap"])
