"""Daemons as processes: how they start, idle, hear of one another and are watched."""

from __future__ import annotations

import json
import socket
import time
import xmlrpc.client
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from tests.support.daemons import Network, eventually
from toros.network.worker import REST
from workorders.envelope import new_id

CHAIN = {
    "preprocessor": "tests.support.failing:PREPROCESSOR",
    "data_manager": "tests.support.failing:DATA_MANAGER",
}


def test_it_starts_soon_and_idles_lightly(tmp_path: Path) -> None:
    with Network(tmp_path, {"preprocessor": CHAIN["preprocessor"]}, start=False, forked=False) as network:
        desk = network["preprocessor"]
        desk.start().stop()  # the first start makes the database
        desk.start()
        process = psutil.Process(desk.pid)
        took = sum(process.cpu_times()[:2])
        desk.wait_for(desk.submit("calibrate_file_batch", file_location="raw:plain"))
        time.sleep(1.0)
        before = sum(process.cpu_times()[:2])
        time.sleep(5.0)
        busy = (sum(process.cpu_times()[:2]) - before) / 5.0
        size = process.memory_info().rss / 1e6
        print(f"\nan idle daemon: ready after {took:.2f} s of a core, {size:.0f} MB, {busy:.1%} of a core")
        assert process.children() == []  # nothing heavy is kept for nobody
        assert took < 4.0  # 1 to 2 s on a machine that does nothing else
        assert size < 120
        assert busy < 0.02  # 1 % on a machine that does nothing else


def test_an_order_wakes_its_worker_which_would_else_rest_for_seconds(tmp_path: Path) -> None:
    with Network(tmp_path, {"preprocessor": CHAIN["preprocessor"]}) as network:
        desk = network["preprocessor"]
        waits = []
        for _ in range(20):
            status = desk.wait_for(desk.submit("calibrate_file_batch", file_location="raw:plain"), "done")
            accepted, started = (datetime.fromisoformat(status[name]) for name in ("accepted", "started"))
            waits.append((started - accepted).total_seconds())
        print(f"\norder to running handler: median {sorted(waits)[10] * 1000:.0f} ms")
        assert sorted(waits)[10] < REST / 5


def test_a_manager_hears_ready_alive_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(15)
        watched = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "900000"}
        with Network(tmp_path, {"preprocessor": CHAIN["preprocessor"]}, environment=watched) as network:
            desk = network["preprocessor"]
            words = b"WATCHDOG=1"
            while words.startswith(b"WATCHDOG=1"):  # it is alive before it is ready
                words = manager.recv(4096)
            assert words.startswith(b"READY=1\nSTATUS=at http://127.0.0.1:")
            heard = [manager.recv(4096) for _ in range(3)]
            assert all(words.startswith(b"WATCHDOG=1\nSTATUS=") for words in heard)
            assert desk.process is not None
            desk.process.terminate()
            words = b""
            while not words.startswith(b"STOPPING=1"):
                words = manager.recv(4096)
            assert desk.process.wait(10) == 0


def test_what_is_not_served_is_refused_before_it_is_stored(tmp_path: Path) -> None:
    with Network(tmp_path, {"telescope": "tests.support.failing:TELESCOPE"}) as network:
        desk = network["telescope"]
        expires = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 60))
        for fields in ({"request": "park_dome", "id": new_id(), "expires": expires}, {"request": "open_night"}):
            with pytest.raises(xmlrpc.client.Fault, match="not served by this version") as refused:
                desk.front_desk(fields)
            assert refused.value.faultCode == 111
        assert sum(desk.counts().values()) == 0


def test_every_desk_describes_itself(tmp_path: Path) -> None:
    with Network(tmp_path, {"preprocessor": CHAIN["preprocessor"]}) as network:
        desk = network["preprocessor"]
        described = desk.ask("describe")
        assert described["requests"]["calibrate_file_batch"]["kind"] == "order"
        assert json.dumps(described)
        status = desk.ask("status")
        assert status["pid"] == desk.pid
        assert len(status["configuration"]) == 12
        network.written["orders"] = {"tries": 9}
        network.write()
        assert desk.ask("status")["configuration"] == status["configuration"]  # it keeps what it loaded
        assert desk.restart().ask("status")["configuration"] != status["configuration"]


def test_a_tree_is_cancelled_at_every_desk(tmp_path: Path) -> None:
    """The child is done or not there yet: the cancel finds it at the next desk, or waits there for it."""
    with Network(tmp_path, CHAIN, start=False) as network:
        desk, peer = network["preprocessor"].start(), network["data_manager"]
        order = desk.submit("calibrate_file_batch", file_location="raw:onward/2")
        children = [onward["id"] for onward in desk.wait_for(order, "done")["onward"]]
        desk.wait_for(desk.submit("cancel", order_id=order, reason="a mistake"), "done")
        assert {onward["state"] for onward in desk.status(order)["onward"]} == {"parked"}
        peer.start()
        eventually(lambda: desk.ask("status")["outbox"]["waiting"] == 0, 20)
        eventually(lambda: peer.counts()["done"] == 2)  # the two cancels have left their notes
        desk.wait_for(desk.submit("retry", order_id=children[0]), "done")
        status = peer.wait_for(children[0])
        assert status["state"] == "cancelled"
        assert "a mistake" in status["reason"]
        assert peer.ask("find_products")["effects"] == 0


def test_an_installed_service_is_found_and_an_unknown_one_refused(tmp_path: Path) -> None:
    with Network(tmp_path, {"preprocessor": "weather", "harvester": "harvester"}, start=False) as network:
        desk = network["preprocessor"]
        desk.launch()
        assert desk.process is not None
        assert desk.process.wait(10) == 1
        assert "weather cannot start: weather is not a service; there are alert_robot," in desk.output()
        assert network["harvester"].start().ask("status")["desk"] == "harvester"


def test_a_real_telescope_closes_its_dome_during_an_exposure(tmp_path: Path) -> None:
    """Promise 5, with the service that is installed."""
    with Network(tmp_path, ["telescope"], {"camera": {"clock_rate": 1.0, "rows": 64, "columns": 64}}) as network:
        desk = network["telescope"]
        expires = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 200))
        exposure = desk.submit("observation", ra=10.0, dec=-30.0, exposure_time=100.0, calibration_frames=0)
        eventually(lambda: desk.status(exposure).get("fraction", 0) > 0, 20)
        begun = time.monotonic()
        closing = desk.submit("close_dome", id=new_id(), expires=expires)
        desk.wait_for(closing, "running", "done", seconds=2)
        assert time.monotonic() - begun < 1
        assert desk.wait_for(closing, "done", seconds=60)["result"]["shutter"] == "closed"
        assert desk.status(exposure)["state"] == "running"
