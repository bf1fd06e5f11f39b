"""Daemons told to stop, and a whole network that starts in any order."""

from __future__ import annotations

import itertools
import random
import resource
import socket
import time
import xmlrpc.client
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.support.daemons import NAMES, Network, eventually
from tests.support.figures import Figures, rows, scales
from toros.network.daemon import find_service

TEST_SERVICES = {
    "preprocessor": "tests.support.failing:PREPROCESSOR",
    "data_manager": "tests.support.failing:DATA_MANAGER",
    "telescope": "tests.support.failing:TELESCOPE",
}


def test_work_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    """C.3 9: SIGTERM during work; new orders are refused for now, questions still answered, exit status 0."""
    with Network(tmp_path, {"preprocessor": TEST_SERVICES["preprocessor"]}) as network:
        desk = network["preprocessor"]
        running = desk.submit("calibrate_file_batch", file_location="raw:sleep/2")
        desk.wait_for(running, "running")
        assert desk.process is not None
        desk.process.terminate()
        eventually(lambda: "stopping" in desk.output())
        with pytest.raises(xmlrpc.client.Fault) as refused:
            desk.submit("calibrate_file_batch", file_location="raw:plain")
        assert refused.value.faultCode == 151
        assert desk.status(running)["state"] == "running"
        assert desk.process.wait(20) == 0
        assert rows(desk.database, "SELECT state, tries FROM orders") == [("done", 1)]


@pytest.mark.long
def test_work_that_does_not_end_is_given_back(tmp_path: Path) -> None:
    """C.3 9: the drain lasts 20 s at most; what is unfinished is queued as if nobody had tried."""
    with Network(tmp_path, TEST_SERVICES) as network:
        desk, telescope = network["preprocessor"], network["telescope"]
        orders = [desk.submit("calibrate_file_batch", file_location=f"raw:{what}/90") for what in ("deaf", "note")]
        exposure = telescope.submit("observation", ra=1.0, dec=1.0, exposure_time=300.0)
        for order in orders:
            desk.wait_for(order, "running")
        telescope.wait_for(exposure, "running")
        begun = time.monotonic()
        for daemon in (desk, telescope):
            assert daemon.process is not None
            daemon.process.terminate()
        assert desk.process is not None and telescope.process is not None
        assert desk.process.wait(30) == telescope.process.wait(30) == 0
        assert time.monotonic() - begun < 24
        assert rows(desk.database, "SELECT state, tries FROM orders") == [("queued", 0)] * 2
        telescope.start()
        status = telescope.wait_for(exposure)
        assert status["state"] == "buried"  # what moves metal is never begun again by itself


def test_an_idle_daemon_stops_at_once(tmp_path: Path) -> None:
    with Network(tmp_path, {"preprocessor": TEST_SERVICES["preprocessor"]}) as network:
        begun = time.monotonic()
        assert network["preprocessor"].stop() == 0
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("orders", scales(2, 120))
def test_the_network_starts_in_any_order(tmp_path: Path, orders: int) -> None:
    """C.3 10: all healthy within 10 s, and what was under way arrives."""
    figures = Figures("the whole network restarted")
    installed = {entry.name for entry in entry_points(group="toros.services")} & set(_that_load())
    services = {name: TEST_SERVICES.get(name, name) for name in NAMES if name in installed or name in TEST_SERVICES}
    sample = random.Random(10).sample(list(itertools.permutations(services)), orders)
    slowest = 0.0
    with Network(tmp_path, services, start=False) as network:
        for order in sample:
            begun = time.monotonic()
            for name in order:
                network[name].launch()
            for name in order:
                network[name].wait_until_healthy()
            slowest = max(slowest, time.monotonic() - begun)
            figures.acknowledged.add(
                network["preprocessor"].submit("calibrate_file_batch", file_location="raw:onward/3")
            )
            for name in order:
                network[name].kill()
        network.start()
        desk = network["preprocessor"]
        eventually(lambda: desk.ask("status")["outbox"]["waiting"] == 0, 40)
        figures.settle(desk)
        figures.settle(network["data_manager"], [o for (o,) in rows(desk.database, "SELECT id FROM outbox")])
    figures.more |= {"start orders": orders, "daemons": len(services), "slowest start of all": f"{slowest:.1f} s"}
    figures.report()
    assert slowest < 10


def _that_load() -> list[str]:
    """Return the installed services whose module is there."""
    found = []
    for name in NAMES:
        try:
            found.append(find_service(name).name)
        except ModuleNotFoundError:
            continue
    return found


def test_two_thousand_idle_connections(tmp_path: Path) -> None:
    """C.3 20: descriptors stay bounded, and an order is taken in a tenth of a second."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        pytest.skip("this test needs 4096 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    with Network(tmp_path, {"preprocessor": TEST_SERVICES["preprocessor"]}) as network:
        desk = network["preprocessor"]
        idle = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(2000)]
        descriptors = len(list(Path(f"/proc/{desk.pid}/fd").iterdir()))
        waits = []
        for _ in range(20):
            begun = time.monotonic()
            desk.submit("calibrate_file_batch", file_location="raw:plain")
            waits.append(time.monotonic() - begun)
        for connection in idle:
            connection.close()
    print(f"\n2000 idle connections: {descriptors} descriptors, an order takes {sorted(waits)[10] * 1000:.1f} ms")
    assert descriptors < 600
    assert sorted(waits)[10] < 0.1
