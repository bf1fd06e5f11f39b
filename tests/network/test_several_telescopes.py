"""Given two telescopes of two nodes, an alert reaches both, and its retraction takes back what each rule says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.daemons import Daemon, Network, eventually
from toros.alerts.mock import mock_event_name, mock_gwalert, mock_retraction
from toros.cli.desks import Desks
from toros.cli.following import gather_story

AT = datetime.now(UTC).replace(microsecond=0)
CAMERA = {"rows": 32, "columns": 32, "clock_rate": 1.0}  # an exposure lasts
RULE = {"visibility": "ignore", "targets": 3, "exposure_time": 600.0, "exposures": 1}


def observations(telescope: Daemon) -> dict[str, list[str]]:
    """Return the states of a telescope's observations, and why."""
    rows = telescope.ask("list_orders", named="observation")["orders"]
    return {state: [row["id"] for row in rows if row["state"] == state] for state in {row["state"] for row in rows}}


def busy(telescope: Daemon) -> bool:
    told = observations(telescope)
    return len(told.get("running", [])) == 1 and len(told.get("queued", [])) == 2


def test_an_alert_and_its_retraction_reach_every_telescope(tmp_path: Path) -> None:
    (tmp_path / "south").mkdir()
    (tmp_path / "north").mkdir()
    south = Network(tmp_path / "south", ["telescope"], {"services": {"telescope": {"name": "south"}}, "camera": CAMERA})
    with south:
        settings: dict[str, Any] = {
            "camera": CAMERA,
            "telescopes": {
                "north": {},
                "south": {"http": south["telescope"].url, "longitude": -67.3, "latitude": -24.6},
            },
            "alerts": {"rules": {"north": RULE, "south": RULE | {"on_retraction": "finish"}}},
        }
        with Network(tmp_path / "north", ["alert_robot", "telescope"], settings) as north:
            robot, near, far = north["alert_robot"], north["telescope"], south["telescope"]
            robot.wait_for(robot.submit("process_alert", alert=mock_gwalert(at=AT)), "done", seconds=60)
            eventually(lambda: busy(near) and busy(far), 30)
            event = mock_event_name(AT)
            (alert,) = robot.ask("show_alert", event=event)["alerts"]
            assert {plan["telescope"]: plan["delivery"] for plan in alert["plans"]} == {
                "north": "delivered", "south": "delivered",
            }  # fmt: skip
            story = gather_story(Desks(north.config), alert["order_id"])
            told = [(row["instance"], row["state"]) for row in story.rows if row["request"] == "observation"]
            assert sorted(told) == [(n, s) for n in ("south", "telescope") for s in ("queued", "queued", "running")]
            assert not story.ended and "telescope south" not in story.silent
            assert all(plan["accepted_s"] >= alert["result"]["latency_s"] for plan in alert["plans"])
            retraction = mock_retraction(event, AT + timedelta(minutes=1))
            robot.wait_for(robot.submit("process_alert", alert=retraction), "done", seconds=60)
            eventually(lambda: {k: len(v) for k, v in observations(near).items()} == {"cancelled": 3}, 30)
            eventually(lambda: {k: len(v) for k, v in observations(far).items()} == {"cancelled": 2, "running": 1}, 30)
