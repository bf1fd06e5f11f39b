"""What whole daemons cost and how soon they begin: from order to running handler, and what they use while idle."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import psutil

from tests.bench.measure import Goal, percentile
from tests.support.daemons import NAMES, Daemon, Network, eventually
from toros.network.client import Client
from workorders.envelope import new_id

__all__ = ["idle", "promptness"]

ORDERS = 60


def promptness(place: str | None) -> Goal:
    """Measure the time from sending an order to its running handler, at an idle daemon."""
    services = {"preprocessor": "tests.bench.prompt_service:PREPROCESSOR"}
    with tempfile.TemporaryDirectory(dir=place) as folder, Network(Path(folder), services, forked=False) as network:
        daemon = network["preprocessor"]
        with Client(daemon.url) as client:
            taken = [_begun_after(client) for _ in range(ORDERS)]
    median, slow = percentile(taken, 0.5) * 1e3, percentile(taken, 0.95) * 1e3
    return Goal("order to running handler, p95", f"{slow:.1f} ms (p50 {median:.1f})", "", slow, most=20.0)


def _begun_after(client: Client) -> float:
    """Send one order and return the seconds until its handler began."""
    order_id = new_id()
    sent = time.time()
    client.front_desk({"id": order_id, "request": "calibrate_file_batch", "file_location": "raw:none"})
    status = eventually(lambda: _done(client.front_desk({"request": "status", "order_id": order_id})), every=0.02)
    return float(status["result"]["began"]) - sent


def _done(status: dict[str, object]) -> dict[str, dict[str, float]] | None:
    return status if status["state"] == "done" else None  # type: ignore[return-value]


def idle(place: str | None, seconds: float = 10.0) -> list[Goal]:
    """Start all daemons, let them settle, and measure the memory and CPU time of each while nobody asks anything."""
    with tempfile.TemporaryDirectory(dir=place) as folder, Network(Path(folder), NAMES, forked=False) as network:
        time.sleep(2.0)
        before = {name: _used(network[name]) for name in NAMES}
        time.sleep(seconds)
        goals = []
        for name in NAMES:
            memory, busy = _used(network[name])
            share = (busy - before[name][1]) / seconds * 100
            goals.append(Goal(f"{name} idle: MB", f"{memory / 1e6:.0f} MB", "", memory / 1e6, most=120.0))
            goals.append(Goal(f"{name} idle: CPU", f"{share:.2f} %", "", share, most=1.0))
    return goals


def _used(daemon: Daemon) -> tuple[int, float]:
    """Return resident bytes and CPU seconds of a daemon and its children."""
    process = psutil.Process(daemon.pid)
    family = [process, *process.children(recursive=True)]
    times = [member.cpu_times() for member in family]
    return sum(member.memory_info().rss for member in family), sum(t.user + t.system for t in times)
