from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alert_robot import SERVICE, list_alerts, process_alert, show_alert
from tests.unit.alerts.samples import gwalert_sample
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.alerts.mock import mock_event_name, mock_gwalert, mock_retraction
from toros.errors import OutsideRoots, Permanent
from toros.network.service import Onward, Outcome
from workorders import VOCABULARY, Refusal
from workorders.alerts import ListAlerts, ProcessAlert, ShowAlert
from workorders.desk import Cancel
from workorders.observing import Observation

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


def later(text: str, minutes: float = 5, **changes: Any) -> str:
    alert = json.loads(text)
    return json.dumps(alert | {"time_created": (AT + timedelta(minutes=minutes)).isoformat()} | changes)


def test_it_serves_what_the_language_says() -> None:
    assert set(SERVICE.handlers) == {name for name, request in VOCABULARY.items() if request.desk == "alert_robot"}


def test_an_alert_becomes_an_observation_of_the_best_galaxy(robot: Rehearsal, preliminary: str) -> None:
    outcome = process(robot, preliminary)
    result = outcome.result
    (observation,) = outcome.orders
    assert isinstance(observation, Observation)
    assert result["ordered"] is True
    assert result["galaxy"] == observation.target == "NGC4993"
    assert (observation.ra, observation.dec) == (result["ra"], result["dec"])
    assert (observation.event, observation.priority) == (EVENT, 9.0)
    assert observation.exposures == robot.config.alerts.exposures
    assert observation.expires is not None
    assert datetime.fromisoformat(observation.expires + "+00:00") - datetime.now(UTC) > timedelta(hours=23)
    assert 25 < result["area_deg2"] < 40
    assert result["mock"] is True
    assert 0 <= result["latency_s"] < 600
    assert "mock" not in " ".join(result["notes"])
    assert result["candidates"][0]["name"] == "NGC4993"
    assert robot.files.path(result["sky_plot"]).read_bytes().startswith(b"\x89PNG")


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
    assert len(outcome.orders) == 1


def test_an_update_that_points_at_the_same_place_orders_nothing_new(robot: Rehearsal, preliminary: str) -> None:
    (observation,) = process(robot, preliminary).orders
    update = process(robot, later(preliminary, alert_type="UPDATE"))
    assert list(update.orders) == []
    assert observation.id in " ".join(update.result["notes"])


def test_an_update_that_points_elsewhere_does(robot: Rehearsal, preliminary: str) -> None:
    process(robot, preliminary)
    moved = later(mock_gwalert("NGC1365", at=AT), alert_type="UPDATE")
    assert len(process(robot, moved).orders) == 1


def test_a_retraction_takes_every_observation_back_with_its_tree(robot: Rehearsal, preliminary: str) -> None:
    (first,) = process(robot, preliminary).orders
    (second,) = process(robot, later(mock_gwalert("NGC1365", at=AT), alert_type="UPDATE")).orders
    outcome = process(robot, mock_retraction(EVENT, AT + timedelta(minutes=60)))
    assert outcome.result["cancelled"] == [first.id, second.id]
    for onward, observation in zip(outcome.orders, (first, second), strict=True):
        assert isinstance(onward, Onward)
        assert onward.desk == "telescope"
        assert isinstance(onward.order, Cancel)
        assert (onward.order.order_id, onward.order.tree) == (observation.id, True)
        assert EVENT in onward.order.reason


def test_a_retraction_of_what_was_never_observed(robot: Rehearsal) -> None:
    outcome = process(robot, mock_retraction(EVENT, AT))
    assert list(outcome.orders) == []
    assert "no observation had been ordered" in outcome.result["notes"]


def test_an_alert_that_a_retraction_overtook_is_not_observed(robot: Rehearsal, preliminary: str) -> None:
    process(robot, mock_retraction(EVENT, AT + timedelta(minutes=60)))
    outcome = process(robot, preliminary)
    assert list(outcome.orders) == []
    assert "retracted" in " ".join(outcome.result["notes"])


def test_an_update_after_the_retraction_supersedes_it(robot: Rehearsal, preliminary: str) -> None:
    process(robot, preliminary)
    process(robot, mock_retraction(EVENT, AT + timedelta(minutes=60)))
    assert len(process(robot, later(preliminary, 90, alert_type="UPDATE")).orders) == 1
    assert show_alert(ShowAlert(event=EVENT), robot)["retracted"] is False


def test_a_dry_run_changes_nothing(robot: Rehearsal, preliminary: str) -> None:
    outcome = process(robot, preliminary, dry_run=True)
    assert outcome.result["galaxy"] == "NGC4993"
    assert (list(outcome.orders), outcome.result["ordered"]) == ([], False)
    assert list_alerts(ListAlerts(), robot)["alerts"] == []


def test_less_than_significant_alerts_have_less_priority(robot: Rehearsal, preliminary: str) -> None:
    alert = json.loads(preliminary)
    alert["event"]["significant"] = False
    (observation,) = process(robot, json.dumps(alert)).orders
    assert observation.priority == 5.0


def test_an_alert_without_a_map_is_kept_and_nothing_is_observed(robot: Rehearsal, preliminary: str) -> None:
    alert = json.loads(preliminary)
    del alert["event"]["skymap"]
    outcome = process(robot, json.dumps(alert))
    assert list(outcome.orders) == []
    assert "no map" in outcome.result["notes"][0]
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
    assert story["alerts"][0]["result"]["galaxy"] == "NGC4993"


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
        ("S230520ae-Preliminary", "S230520ae most probable place"),  # 2 Gpc: no catalogue of ours reaches there
        ("S230522a-Preliminary", "S230522a most probable place"),
    ],
)
def test_real_alerts(robot: Rehearsal, name: str, target: str) -> None:
    outcome = process(robot, gwalert_sample(name))
    (observation,) = outcome.orders
    assert isinstance(observation, Observation)
    assert observation.target == target
    assert ("too far for the catalogue" in " ".join(outcome.result["notes"])) is target.endswith("place")


def test_a_notice_that_brings_no_map_is_kept_and_orders_nothing(robot: Rehearsal) -> None:
    schema = "https://gcn.nasa.gov/schema/main/gcn/notices/swift/bat/Guano.schema.json"
    outcome = process(robot, json.dumps({"$schema": schema, "id": ["694215995"], "mission": "Swift"}))
    assert outcome.result["event"] == "Swift-694215995"
    assert outcome.orders == []
    assert "the alert brings no map" in " ".join(outcome.result["notes"])
    assert 0 <= outcome.result["latency_s"] < 60  # undated: it counts from its arrival
    again = process(robot, json.dumps({"$schema": schema, "mission": "Swift", "id": ["694215995"]}))
    assert "nothing is done twice" in " ".join(again.result["notes"])
