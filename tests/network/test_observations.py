"""An observation that is asked for at the data manager goes to the telescope and comes back with its products."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Daemon, Network, eventually

SMALL = {"camera": {"clock_rate": 3600.0, "rows": 64, "columns": 80}}


class Hook:
    """A web server that keeps what is posted to it."""

    def __init__(self) -> None:
        heard: list[dict[str, Any]] = []
        answers = [503]  # at first it is not well

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = answers.pop() if answers else 204
                if status == 204:
                    heard.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.heard = heard
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/toros"


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


def shown(desk: Daemon, number: int) -> dict[str, Any]:
    answer: dict[str, Any] = desk.ask("show_observation", number=number)["observation"]
    return answer


@pytest.mark.timeout(300)
def test_an_observation_comes_back_with_its_products_and_who_asked_is_told(tmp_path: Path, hook: Hook) -> None:
    settings = {**SMALL, "hooks": {"hosts": ["127.0.0.1"]}, "orders": {"first_delay": 0.2}}
    with Network(tmp_path, ["telescope", "preprocessor", "data_manager"], settings) as network:
        desk = network["data_manager"]
        desk.wait_for(desk.submit("add_target", name="NGC 1365", ra=53.4015, dec=-36.1404), "done")
        desk.wait_for(desk.submit("save_proposal", proposal="P1", hours=1.0), "done")
        order = desk.submit(
            "request_observation", target="ngc1365", parameters={"exposures": 2, "calibration_frames": 2},
            proposal="P1", tell=[hook.url],
        )  # fmt: skip
        number = desk.wait_for(order, "done")["result"]["observation"]
        row = eventually(lambda: (row := shown(desk, number))["status"] == "COMPLETED" and row, 30)
        assert row["scheduled_start"] <= row["scheduled_end"]
        assert (row["seconds_used"], desk.ask("find_proposals")["proposals"][0]["used"]) == (
            120.0,
            round(120 / 3600, 6),
        )
        eventually(
            lambda: len([p for p in shown(desk, number)["products"] if p["product_type"] == "calibrated"]) == 2,
            200,  # where nothing was compiled before, and others work beside
        )
        products = desk.ask("find_products", observation=row["facility_id"])["products"]
        assert {each["target"] for each in products if each["product_type"] == "calibrated"} == {"NGC 1365"}
        (told,) = eventually(lambda: hook.heard, 10)
        assert told["facts"]["status"] == "COMPLETED" and told["facts"]["observation"] == number


def test_one_that_fails_or_is_taken_back_is_heard_of_by_asking(tmp_path: Path) -> None:
    """The telescope is down, so its order waits; taken back, it never starts."""
    with Network(tmp_path, ["telescope", "data_manager"], SMALL, start=False) as network:
        desk, telescope = network["data_manager"].start(), network["telescope"]
        desk.wait_for(desk.submit("add_target", name="NGC 1365", ra=53.4015, dec=-36.1404), "done")
        rule = {"strategy": "repeat", "hours": 1.0, "most": 2}
        asked = desk.submit("request_observation", target="NGC 1365", cadence=rule, parameters={"exposures": 1000})
        number = desk.wait_for(asked, "done")["result"]["observation"]
        desk.wait_for(desk.submit("cancel_observation", number=number, reason="clouds"), "done")
        assert shown(desk, number)["status"] == "PENDING"
        telescope.start()
        row = eventually(lambda: (row := shown(desk, number))["status"] == "CANCELED" and row, 60, 0.5)
        assert "clouds" in row["history"][-1]["note"]
        assert (row["cadence"]["active"], "followed_by" in row) == (False, False)


def test_what_the_telescope_was_asked_by_others_is_recorded_too(tmp_path: Path) -> None:
    with Network(tmp_path, ["telescope", "data_manager"], SMALL) as network:
        desk = network["data_manager"]
        order = network["telescope"].submit(
            "observation", ra=53.4015, dec=-36.1404, target="NGC 1365", exposures=1, calibration_frames=0
        )
        (row,) = eventually(lambda: desk.ask("find_observations", facility_id=order)["observations"], 30)
        assert (row["status"], row["target"], row["seconds_used"]) == ("COMPLETED", "NGC 1365", 60.0)
        assert desk.ask("show_target", target="ngc1365")["target"]["ra"] == 53.4015
