"""What must be done now is done now: the dome never waits behind an exposure, nor for a full disk."""

from __future__ import annotations

import time
from pathlib import Path

from tests.support.daemons import Network, once_in_window
from workorders.envelope import new_id

TELESCOPE = {"telescope": "tests.support.failing:TELESCOPE"}


def soon() -> str:
    """Return a time in a few minutes, as orders write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 120))


def test_the_dome_closes_during_a_long_exposure(tmp_path: Path) -> None:
    """Promise 5: lanes."""
    with Network(tmp_path, TELESCOPE) as network:
        desk = network["telescope"]
        exposure = desk.submit("observation", ra=10.0, dec=41.0, exposure_time=600.0)
        for _ in range(3):
            desk.submit("observation", ra=10.0, dec=41.0, exposure_time=600.0)
        desk.wait_for(exposure, "running")
        begun = time.monotonic()
        closing = desk.submit("close_dome", id=new_id(), expires=soon())
        assert desk.wait_for(closing, "done", seconds=2)["result"] == {"dome": "closed"}
        assert time.monotonic() - begun < 1
        assert desk.status(exposure)["state"] == "running"
        begun = time.monotonic()
        desk.submit("cancel", order_id=exposure, reason="clouds")
        status = desk.wait_for(exposure, "cancelled", seconds=2)
        assert time.monotonic() - begun < 1
        assert "clouds" in status["reason"]


def test_a_dome_cut_off_while_closing_is_asked(tmp_path: Path) -> None:
    """Promise 7: killed in the middle of close_dome, the next daemon asks the dome what is true."""
    with Network(tmp_path, TELESCOPE, start=False) as network:
        desk = network["telescope"]
        with once_in_window(desk, "closed") as kill:
            order = desk.submit("close_dome", id=new_id(), expires=soon())
            kill()
        desk.start()
        assert desk.wait_for(order, "done")["result"] == {"dome": "closed", "asked": True}
        assert desk.ask("dome_status")["closed"] == 1
