"""From an alert's bytes at the desk to its orders with the courier: the real daemon, OpenNGC, three observatories."""

from __future__ import annotations

import statistics
import time
from datetime import datetime
from pathlib import Path

from tests.bench.measure import Goal
from tests.support.daemons import Network
from toros.alerts.mock import mock_gwalert

__all__ = ["goals"]

ALERTS = 12
QUIET = 6.0  # seconds after the start before the first alert comes
TELESCOPES = {
    "puna": {"longitude": -67.33, "latitude": -24.62, "elevation": 4637.0},
    "tololo": {"http": "http://127.0.0.1:9/RPC2", "longitude": -70.8, "latitude": -30.2, "elevation": 2200.0},
    "texas": {"http": "http://127.0.0.1:9/RPC2", "longitude": -97.57, "latitude": 25.99},
}  # nobody is there: what counts ends where the courier has the orders


def goals(folder: Path) -> list[Goal]:
    """Measure the median over alerts of several galaxies, and by itself the first after a start."""
    place = folder / "latency"
    place.mkdir()
    rules = {name: {"targets": 5} for name in TELESCOPES}
    settings = {"telescopes": TELESCOPES, "alerts": {"rules": rules}, "engine": {"ahead": True}}
    with Network(place, ["alert_robot"], settings, forked=False) as network:
        robot = network["alert_robot"]
        time.sleep(QUIET)
        taken = []
        for seed in range(ALERTS):
            order = robot.submit("process_alert", alert=mock_gwalert(("NGC4993", "NGC253", "NGC1365")[seed % 3], seed))
            row = robot.wait_for(order, "done", seconds=60)
            asked = [each for each in row["result"]["telescopes"].values() if each["observe"]]
            taken.append((_seconds(row["accepted"], row["finished"]), len(asked)))
    first, rest = taken[0][0], [seconds for seconds, _ in taken[1:]]
    assert any(count for _, count in taken), "no telescope was asked anything"
    median = statistics.median(rest) * 1e3
    told = f"{median:.0f} ms, at most {max(rest) * 1e3:.0f} ms"
    return [
        Goal("alert at the desk to orders with the courier, three observatories", told, "", median, most=300.0),
        Goal("the same, the first alert after a start", f"{first * 1e3:.0f} ms", "", first * 1e3, most=300.0),
    ]


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
