from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alert_robot import (
    SERVICE,
    list_alerts,
    process_alert,
    rank_galaxies,
    retract_alert,
    show_alert,
    tell_alert,
)
from tests.support.daemons import eventually
from tests.support.workshop import bench
from tests.unit.alerts.samples import gwalert_sample
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.alerts.mock import mock_event_name, mock_gwalert, mock_retraction
from toros.errors import OutsideRoots, Permanent, Temporary
from toros.network.service import Onward, Outcome
from workorders import VOCABULARY, Refusal
from workorders.alerts import ListAlerts, ProcessAlert, RankGalaxies, RetractAlert, ShowAlert, TellAlert
from workorders.desk import Cancel
from workorders.observing import ReceiveTargets

AT = datetime.now(UTC).replace(microsecond=0)
EVENT = mock_event_name(AT)


@pytest.fixture(scope="module")
def preliminary() -> str:
    return mock_gwalert(at=AT)


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, "alert_robot", SERVICE.tables) as context:
        yield context


def process(robot: Rehearsal, text: str, **fields: Any) -> Outcome:
    return robot.finish(process_alert(ProcessAlert(alert=text, **fields), robot))


def lists(outcome: Outcome) -> list[ReceiveTargets]:
    """Return the lists of targets that an outcome orders."""
    return [order for order in outcome.orders if isinstance(order, ReceiveTargets)]


def requests(outcome: Outcome) -> list[str]:
    return [(each.order if isinstance(each, Onward) else each).request for each in outcome.orders]


def later(text: str, minutes: float = 5, **changes: Any) -> str:
    alert = json.loads(text)
    return json.dumps(alert | {"time_created": (AT + timedelta(minutes=minutes)).isoformat()} | changes)


def test_it_serves_what_the_language_says() -> None:
    assert set(SERVICE.handlers) == {name for name, request in VOCABULARY.items() if request.desk == "alert_robot"}


def test_an_alert_becomes_an_observation_of_the_best_galaxy(robot: Rehearsal, preliminary: str) -> None:
    outcome = process(robot, preliminary)
    result = outcome.result
    (order,) = lists(outcome)
    (target,) = order.targets
    assert requests(outcome) == ["receive_targets", "add_target", "tell_alert"]
    assert result["ordered"] is True
    assert result["galaxy"] == target.name == "NGC4993"
    assert (target.ra, target.dec) == (result["ra"], result["dec"])
    assert (order.event, order.priority, order.to) == (EVENT, 1.0, None)  # a mock alert: everything else goes first
    assert (target.exposures, target.start) == (robot.config.alerts.exposures, None)
    assert order.expires is not None
    assert datetime.fromisoformat(order.expires + "+00:00") - datetime.now(UTC) > timedelta(hours=23)
    assert 25 < result["area_deg2"] < 40
    assert result["mock"] is True
    assert 0 <= result["latency_s"] <= result["ranked_s"] < result["latency_s"] + 600
    assert result["candidates"][0]["name"] == "NGC4993"


def test_the_picture_is_drawn_after_the_orders_are_on_their_way(robot: Rehearsal, preliminary: str) -> None:
    outcome = process(robot, preliminary)
    telling = outcome.orders[-1]
    assert isinstance(telling, TellAlert)
    assert tell_alert(telling, robot).result["told"] is False
    assert robot.files.path(outcome.result["sky_plot"]).read_bytes().startswith(b"\x89PNG")


def test_the_alert_is_kept_as_it_came(robot: Rehearsal, preliminary: str) -> None:
    result = process(robot, preliminary).result
    assert result["location"].startswith(f"alerts:{EVENT}/")
    assert robot.files.path(result["location"]).read_text() == preliminary


def test_results_are_plain_values_for_the_wire(robot: Rehearsal, preliminary: str) -> None:
    import xmlrpc.client

    result = dict(process(robot, preliminary).result)
    assert xmlrpc.client.loads(xmlrpc.client.dumps((result,)))[0][0] == result


def test_an_alert_by_location(robot: Rehearsal, preliminary: str) -> None:
    (robot.files.root("alerts") / "in.json").write_text(preliminary)
    outcome = process_alert(ProcessAlert(file_location="alerts:in.json"), robot)
    assert outcome.result["galaxy"] == "NGC4993"


@pytest.mark.parametrize("location", ["alerts:../secret", "nowhere:in.json"])
def test_a_location_outside_the_roots_is_refused(robot: Rehearsal, location: str) -> None:
    with pytest.raises(OutsideRoots):
        process_alert(ProcessAlert(file_location=location), robot)


def test_a_location_that_holds_no_text_is_refused(robot: Rehearsal) -> None:
    (robot.files.root("alerts") / "in.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Permanent, match="begins with"):
        process_alert(ProcessAlert(file_location="alerts:in.json"), robot)


def test_the_same_alert_again_causes_nothing(robot: Rehearsal, preliminary: str) -> None:
    first = ProcessAlert(alert=preliminary)
    robot.finish(process_alert(first, robot))
    again = process(robot, json.dumps(json.loads(preliminary)))  # other blanks, the same content
    assert again.orders == ()
    assert again.result["ordered"] is False
    assert first.id in again.result["notes"][0]
    assert len(list_alerts(ListAlerts(), robot)["alerts"]) == 1


def test_a_try_that_was_cut_off_is_repeated_with_the_same_effect(robot: Rehearsal, preliminary: str) -> None:
    order = ProcessAlert(alert=preliminary)
    process_alert(order, robot)  # its outcome is lost with the daemon
    outcome = robot.finish(process_alert(order, robot))
    assert len(lists(outcome)) == 1


def test_two_alerts_of_an_event_at_once_are_one_after_the_other(robot: Rehearsal, preliminary: str) -> None:
    """Where several workers share the lane, whoever looked at the story too early looks again."""
    update = later(preliminary, alert_type="UPDATE")
    too_early = process_alert(ProcessAlert(alert=update), robot)
    process(robot, preliminary)
    with pytest.raises(Temporary, match="another alert of"):
        robot.finish(too_early)
    assert process(robot, update).result["effect"] == "same"


def test_a_latency_is_counted_from_the_receipt_whatever_waits_before_it(tmp_path: Path, preliminary: str) -> None:
    with bench(tmp_path, "alert_robot") as robot:
        order = ProcessAlert(alert=preliminary)
        robot.send(order)
        time.sleep(0.3)
        before = datetime.now(UTC)
        robot.work(SERVICE.handlers)
        eventually(lambda: robot.ledger.figures()["counts"]["done"] == 1)
        result = robot.ledger.status(order.id)["result"]
        waited = (before - datetime.fromisoformat(result["time_created"] + "+00:00")).total_seconds()
        assert result["latency_s"] < waited - 0.25 < result["ranked_s"]


def test_an_update_that_asks_for_the_same_orders_nothing_new(robot: Rehearsal, preliminary: str) -> None:
    (order,) = lists(process(robot, preliminary))
    changed = json.loads(later(preliminary, alert_type="UPDATE"))
    changed["event"]["far"] /= 10
    update = process(robot, json.dumps(changed))
    assert update.result["effect"] == "update"
    assert list(update.orders) == []
    assert order.id in " ".join(update.result["notes"])


def test_a_second_preliminary_with_the_same_meaning_changes_nothing(robot: Rehearsal, preliminary: str) -> None:
    process(robot, preliminary)
    second = process(robot, later(preliminary))
    assert (second.result["effect"], list(second.orders)) == ("same", [])


def test_an_update_that_points_elsewhere_replaces_what_is_queued(robot: Rehearsal, preliminary: str) -> None:
    (first,) = lists(process(robot, preliminary))
    update = process(robot, later(mock_gwalert("NGC1365", at=AT), alert_type="UPDATE"))
    assert requests(update)[:2] == ["cancel", "receive_targets"]
    cancel = update.orders[0]
    assert isinstance(cancel, Onward) and isinstance(cancel.order, Cancel)
    assert (cancel.order.order_id, cancel.order.running) == (first.id, "finish")
    assert update.result["cancelled"] == [first.id]


def test_a_retraction_takes_back_what_stands_with_its_tree(robot: Rehearsal, preliminary: str) -> None:
    process(robot, preliminary)
    (second,) = lists(process(robot, later(mock_gwalert("NGC1365", at=AT), alert_type="UPDATE")))
    outcome = process(robot, mock_retraction(EVENT, AT + timedelta(minutes=60)))
    assert outcome.result["cancelled"] == [second.id]
    (cancel,) = [each for each in outcome.orders if isinstance(each, Onward)]
    assert cancel.desk == "telescope"
    assert isinstance(cancel.order, Cancel)
    assert (cancel.order.order_id, cancel.order.tree, cancel.order.running) == (second.id, True, "stop")
    assert EVENT in cancel.order.reason
    assert show_alert(ShowAlert(event=EVENT), robot)["retracted"] is True


def test_an_event_is_retracted_by_hand_and_revived_by_a_later_alert(robot: Rehearsal, preliminary: str) -> None:
    (first,) = lists(process(robot, preliminary))
    outcome = robot.finish(retract_alert(RetractAlert(event=EVENT, reason="an artefact"), robot))
    assert outcome.result["cancelled"] == [first.id]
    assert "an artefact" in outcome.result["notes"][0]
    assert show_alert(ShowAlert(event=EVENT), robot)["retracted"] is True
    revived = process(robot, later(preliminary, 90, alert_type="UPDATE"))
    assert (revived.result["effect"], len(lists(revived))) == ("revival", 1)


def test_an_event_that_nobody_heard_of_is_not_retracted(robot: Rehearsal) -> None:
    with pytest.raises(Refusal, match="no alert about this event"):
        retract_alert(RetractAlert(event="S000000a"), robot)


def test_a_retraction_of_what_was_never_observed(robot: Rehearsal) -> None:
    outcome = process(robot, mock_retraction(EVENT, AT))
    assert list(outcome.orders) == []
    assert "the event is retracted; nothing was ordered" in outcome.result["notes"]


def test_an_alert_that_a_retraction_overtook_is_not_observed(robot: Rehearsal, preliminary: str) -> None:
    process(robot, mock_retraction(EVENT, AT + timedelta(minutes=60)))
    outcome = process(robot, preliminary)
    assert (outcome.result["effect"], list(outcome.orders)) == ("late", [])


def test_an_update_after_the_retraction_supersedes_it(robot: Rehearsal, preliminary: str) -> None:
    process(robot, preliminary)
    process(robot, mock_retraction(EVENT, AT + timedelta(minutes=60)))
    assert len(lists(process(robot, later(preliminary, 90, alert_type="UPDATE")))) == 1
    assert show_alert(ShowAlert(event=EVENT), robot)["retracted"] is False


def test_a_dry_run_changes_nothing(robot: Rehearsal, preliminary: str) -> None:
    outcome = process(robot, preliminary, dry_run=True)
    assert outcome.result["galaxy"] == "NGC4993"
    assert (list(outcome.orders), outcome.result["ordered"]) == ([], False)
    assert list_alerts(ListAlerts(), robot)["alerts"] == []


@pytest.mark.parametrize(("significant", "priority"), [(True, 9.0), (False, 5.0)])
def test_less_than_significant_alerts_have_less_priority_and_expire(
    robot: Rehearsal, preliminary: str, significant: bool, priority: float
) -> None:
    alert = json.loads(preliminary.replace(f'"{EVENT}"', f'"{EVENT[1:]}"').replace('"MDC"', '"AllSky"'))
    alert["event"]["significant"] = significant
    (order,) = lists(process(robot, json.dumps(alert)))
    assert order.priority == order.targets[0].priority == priority
    assert order.expires is not None
    assert show_alert(ShowAlert(event=EVENT[1:]), robot)["expires_by_itself"] is not significant


def test_an_alert_without_a_map_is_kept_and_nothing_is_observed(robot: Rehearsal, preliminary: str) -> None:
    alert = json.loads(preliminary)
    del alert["event"]["skymap"]
    outcome = process(robot, json.dumps(alert))
    assert list(outcome.orders) == []
    assert "no map" in " ".join(outcome.result["notes"])
    assert len(list_alerts(ListAlerts(), robot)["alerts"]) == 1


def test_a_real_event_said_to_be_a_rehearsal(robot: Rehearsal, preliminary: str) -> None:
    real = preliminary.replace(f'"{EVENT}"', f'"{EVENT[1:]}"').replace('"MDC"', '"AllSky"')
    assert process(robot, real).result["mock"] is False
    assert process(robot, later(real), test=True).result["mock"] is True


@pytest.mark.parametrize("text", ["{}", "no json at all", '{"superevent_id": "S1"}'])
def test_what_is_no_alert_is_buried_at_once_and_not_kept(robot: Rehearsal, text: str) -> None:
    with pytest.raises(Permanent):
        process(robot, text)
    assert list(robot.files.root("alerts").rglob("*")) == []


def test_an_event_is_told_in_the_order_in_which_its_alerts_were_written(robot: Rehearsal, preliminary: str) -> None:
    process(robot, later(preliminary, 10, alert_type="INITIAL"))
    process(robot, preliminary)
    story = show_alert(ShowAlert(event=EVENT), robot)
    assert [each["alert_type"] for each in story["alerts"]] == ["PRELIMINARY", "INITIAL"]
    assert story["alerts"][1]["result"]["galaxy"] == "NGC4993"


def test_an_event_that_nobody_heard_of(robot: Rehearsal) -> None:
    with pytest.raises(Refusal) as refused:
        show_alert(ShowAlert(event="S000000a"), robot)
    assert refused.value.field == "event"


def test_alerts_are_listed_in_pages_the_latest_first(robot: Rehearsal, preliminary: str) -> None:
    for minutes in (0, 1, 2):
        process(robot, later(preliminary, minutes))
    first = list_alerts(ListAlerts(limit=2), robot)
    assert first["more"] is True
    rest = list_alerts(ListAlerts(limit=2, before=first["alerts"][-1]["order_id"]), robot)
    assert rest["more"] is False
    times = [each["time_created"] for each in [*first["alerts"], *rest["alerts"]]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 3


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("MS181101ab-preliminary", "NGC4993"),
        ("MS181101ab-ext-update", "NGC4993"),
        ("S230520ae-Preliminary", "S230520ae field "),  # 2 Gpc: no catalogue of ours reaches there
        ("S230522a-Preliminary", "S230522a field "),
    ],
)
def test_real_alerts(robot: Rehearsal, name: str, target: str) -> None:
    outcome = process(robot, gwalert_sample(name))
    (order,) = lists(outcome)
    assert order.targets[0].name.startswith(target)
    assert ("too far for the catalogue" in " ".join(outcome.result["notes"])) is target.endswith("field ")


def test_a_notice_that_brings_no_map_is_kept_and_orders_nothing(robot: Rehearsal) -> None:
    schema = "https://gcn.nasa.gov/schema/main/gcn/notices/swift/bat/Guano.schema.json"
    outcome = process(robot, json.dumps({"$schema": schema, "id": ["694215995"], "mission": "Swift"}))
    assert outcome.result["event"] == "Swift-694215995"
    assert list(outcome.orders) == []
    assert "the alert brings no map" in " ".join(outcome.result["notes"])
    assert 0 <= outcome.result["latency_s"] < 60  # undated: it counts from its arrival
    again = process(robot, json.dumps({"$schema": schema, "mission": "Swift", "id": ["694215995"]}))
    assert "nothing is done twice" in " ".join(again.result["notes"])


def test_what_could_be_seen_of_a_place_is_ranked_with_reasons(robot: Rehearsal) -> None:
    found = rank_galaxies(RankGalaxies(ra=197.45, dec=-23.38, radius=2.5, limit=5), robot)
    ranked = found["telescopes"]["telescope"]
    assert len(ranked["targets"]) == 5
    assert all(each["reasons"] for each in ranked["targets"])


def test_what_could_be_seen_of_an_event_is_ranked_again(robot: Rehearsal, preliminary: str) -> None:
    process(robot, preliminary)
    found = rank_galaxies(RankGalaxies(event=EVENT, limit=3), robot)
    assert found["telescopes"]["telescope"]["targets"][0]["name"] == "NGC4993"
    with pytest.raises(Refusal, match="no such telescope"):
        rank_galaxies(RankGalaxies(event=EVENT, telescope="elsewhere"), robot)
