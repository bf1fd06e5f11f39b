"""Storage that fails: full disks, damaged files, a database server that goes away again and again."""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import time
import xmlrpc.client
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.daemons import Network, eventually
from tests.support.disks import fill, small_disk
from tests.support.figures import Clients, Figures, scales
from tests.support.postgres import PostgresServer, postgres
from workorders.envelope import new_id

__all__ = ["postgres", "small_disk"]  # the fixtures, found here by pytest

REDUCTION = {"preprocessor": "tests.support.failing:PREPROCESSOR"}
NO_ROOM = 150


def test_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    """C.3 11: new orders are refused, none falsely taken; it goes on by itself once there is room."""
    figures = Figures("a full disk")
    settings = {"state": str(small_disk / "state"), "logging": {"file": str(tmp_path / "{service}.log")}}
    with Network(tmp_path, REDUCTION, settings) as network:
        desk = network["preprocessor"]
        for _ in range(20):
            figures.acknowledged.add(desk.submit("calibrate_file_batch", file_location="raw:plain"))
        running = desk.submit("calibrate_file_batch", file_location="raw:sleep/2")
        figures.acknowledged.add(running)
        desk.wait_for(running, "running")
        ballast = fill(small_disk)
        refused = set()
        for _ in range(200):
            order = {"id": new_id(), "request": "calibrate_file_batch", "file_location": "raw:plain"}
            figures.sent.add(order["id"])
            try:
                desk.front_desk(order)
                figures.acknowledged.add(order["id"])
            except xmlrpc.client.Fault as fault:
                assert fault.faultCode == NO_ROOM
                refused.add(order["id"])
                if len(refused) >= 10:
                    break
        assert len(refused) >= 10
        assert desk.ask("status")["desk"] == "preprocessor"  # questions are answered meanwhile
        time.sleep(2.5)  # the running order ends, and cannot be stored
        ballast.unlink()
        room = time.monotonic()

        def taken() -> bool:
            try:
                figures.acknowledged.add(desk.submit("calibrate_file_batch", file_location="raw:plain"))
            except xmlrpc.client.Fault:
                return False
            return True

        eventually(taken, 10)
        figures.more["recovered"] = f"{time.monotonic() - room:.1f} s after there was room"
        assert desk.wait_for(running, seconds=10)["attempts"] == 1
        figures.settle(desk)
    figures.report()


def test_the_dome_closes_although_nothing_can_be_stored(small_disk: Path, tmp_path: Path) -> None:
    """Promise 7: close_dome acts when the ledger cannot write; an exposure is refused."""
    settings = {
        "state": str(small_disk / "state"),
        "files": {"roots": {"raw": str(tmp_path / "raw")}},
        "logging": {"file": str(tmp_path / "{service}.log")},
    }
    (tmp_path / "raw").mkdir()
    with Network(tmp_path, {"telescope": "tests.support.failing:TELESCOPE"}, settings) as network:
        desk = network["telescope"]
        fill(small_disk)
        with pytest.raises(xmlrpc.client.Fault) as refused:
            for _ in range(200):
                desk.submit("observation", ra=10.0, dec=41.0, exposure_time=0.0)
        assert refused.value.faultCode == NO_ROOM
        begun = time.monotonic()
        expires = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 120))
        answer = desk.ask("close_dome", id=new_id(), expires=expires)
        assert time.monotonic() - begun < 2
        assert answer["status"] == "done"
        assert answer["result"] == {"dome": "closed"}
        assert desk.ask("dome_status")["closed"] == 1


def test_a_real_telescope_stops_and_parks_although_nothing_can_be_stored(small_disk: Path, tmp_path: Path) -> None:
    """Promise 7, with the service that is installed: abort, close_dome and park_dome act, under an exposure."""
    settings = {
        "state": str(small_disk / "state"),
        "files": {"roots": {"raw": str(tmp_path / "raw")}},
        "logging": {"file": str(tmp_path / "{service}.log")},
        "camera": {"clock_rate": 1.0, "rows": 64, "columns": 64},
    }
    (tmp_path / "raw").mkdir()
    with Network(tmp_path, ["telescope"], settings) as network:
        desk = network["telescope"]
        asked = {"ra": 10.0, "dec": 41.0, "exposure_time": 100.0, "calibration_frames": 0}
        exposure = desk.submit("observation", **asked)
        eventually(lambda: desk.status(exposure).get("fraction", 0) > 0)
        ballast = fill(small_disk)
        with pytest.raises(xmlrpc.client.Fault) as refused:
            for _ in range(200):
                desk.submit("observation", **asked)
        assert refused.value.faultCode == NO_ROOM
        expires = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 120))
        begun = time.monotonic()
        for request in ("abort", "close_dome", "park_dome"):
            answer = desk.ask(request, id=new_id(), expires=expires)
            assert (answer["status"], answer["stored"]) == ("done", False)
            assert answer["result"]["shutter"] == "closed"
        assert time.monotonic() - begun < 6
        assert desk.ask("dome_status")["parked"]
        ballast.unlink()
        assert "aborted by the order" in desk.wait_for(exposure, "buried")["reason"]


@pytest.mark.parametrize("damage", ["truncated", "page overwritten", "not a database"])
def test_a_damaged_database(tmp_path: Path, damage: str) -> None:
    """C.3 13: the daemon does not start, and says in one sentence why and what to do."""
    with Network(tmp_path, REDUCTION) as network:
        desk = network["preprocessor"]
        orders = [desk.submit("calibrate_file_batch", file_location="raw:plain") for _ in range(30)]
        desk.wait_for(orders[-1])
        assert desk.stop() == 0
        with sqlite3.connect(desk.database) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = desk.database.stat().st_size
        with desk.database.open("r+b") as file:
            if damage == "truncated":
                file.truncate(size // 2)
            elif damage == "page overwritten":
                file.seek(4096)
                file.write(os.urandom(size - 3 * 4096))
            else:
                file.write(b"SIMPLE  =                    T")
        before = len(desk.output())
        desk.launch()
        assert desk.process is not None
        assert desk.process.wait(15) == 1
        said = desk.output()[before:]
        assert "cannot start: the database" in said
        assert "doctor" in said
        assert "Traceback" not in said


def test_a_port_in_use_and_a_second_daemon(tmp_path: Path) -> None:
    """Neither starts; each says why and what to do."""
    services = {**REDUCTION, "data_manager": "tests.support.failing:DATA_MANAGER"}
    with Network(tmp_path, services, start=False) as network:
        first, second = network["preprocessor"].start(), network["data_manager"]
        with socket.create_server(("127.0.0.1", second.port)):
            second.launch()
            assert second.process is not None
            assert second.process.wait(15) == 1
        assert "is in use by another program" in second.output()
        running, first.process = first.process, None
        assert running is not None
        first.launch()
        assert first.process is not None
        assert first.process.wait(15) == 1
        assert f"in use by another daemon (process {running.pid})" in first.output()
        assert "Traceback" not in first.output() + second.output()
        running.kill()
        running.wait()


@pytest.mark.parametrize("seconds", scales(6, 600))
def test_a_database_server_that_is_restarted(postgres: PostgresServer, tmp_path: Path, seconds: int) -> None:
    """C.3 14: PostgreSQL crashes and comes back under load; nothing is lost, nothing done twice."""
    figures = Figures(f"PostgreSQL restarted for {seconds} s")
    url = sa.make_url(postgres.url())
    chance = random.Random(14)
    written = url._replace(password=None).render_as_string()  # the configuration takes none
    settings = {"database": {"url": written}, "orders": {"tries": 100, "first_delay": 0.1}}
    environment = {"TOROS_DATABASE_PASSWORD": url.password or ""}
    with Network(tmp_path, REDUCTION, settings, environment) as network:
        desk = network["preprocessor"]
        with Clients(desk, figures).sending():
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(chance.uniform(5, 40) if seconds > 60 else chance.uniform(1, 2))
                postgres.stop("immediate")
                time.sleep(chance.uniform(0.2, 3) if seconds > 60 else 0.5)
                postgres.start()
                figures.kills["restarts"] += 1
        waiting = seconds + 120.0  # orders come in faster than they are done, all the time
        eventually(lambda: not (desk.counts()["queued"] or desk.counts()["running"]), waiting)
        engine = sa.create_engine(url.set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            done = connection.execute(sa.text("SELECT id FROM preprocessor.orders WHERE state = 'done'")).all()
            effects = connection.execute(sa.text("SELECT order_id FROM preprocessor.effects")).all()
        engine.dispose()
        figures.count([tuple(row) for row in done], [tuple(row) for row in effects])
    figures.report()
