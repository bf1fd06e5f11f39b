"""A full disk: nothing is falsely acknowledged, and work goes on by itself once there is room."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import workorders
from tests.unit.store.desk import Desk
from toros.errors import DatabaseError
from toros.store.database import Database


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of six megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a small disk is mounted by root only")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk could be mounted: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(b"x" * 4096):
                pass
        except OSError:
            pass
    return filler


def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    database = Database(f"sqlite:///{small_disk}/a.sqlite", service="preprocessor")
    database.prepare()
    desk = Desk(database)
    running = desk.accept()
    claim = desk.claim()
    filler = fill(small_disk)
    accepted, refused = [running.id], []
    while len(refused) < 20:
        orders = [desk.batch(target="x" * 100) for _ in range(4)]
        for order, future in [(order, desk.ledger.accept(order)) for order in orders]:
            error = future.exception(10)
            (accepted if error is None else refused).append(order.id)
            assert error is None or (isinstance(error, DatabaseError) and "full" in str(error))
    assert {row["id"] for row in desk.ledger.list_orders(limit=1000)["orders"]} >= set(accepted)
    with pytest.raises(DatabaseError, match="full"):
        desk.ledger.fail(claim, "y" * 1900, permanent=True)
    filler.unlink()
    freed = time.monotonic()
    desk.accept()
    assert time.monotonic() - freed < 1
    desk.ledger.fail(claim, "now there is room", permanent=True)
    stored = {row["id"] for row in desk.ledger.list_orders(limit=1000)["orders"]}
    assert stored >= set(accepted)
    assert stored.isdisjoint(refused)
    database.close()
    again = Database(f"sqlite:///{small_disk}/a.sqlite", service="preprocessor")
    again.prepare()
    assert Desk(again).ledger.status(running.id)["reason"] == "now there is room"
    again.close()


def test_one_order_that_does_not_fit_does_not_harm_those_that_do(small_disk: Path) -> None:
    database = Database(f"sqlite:///{small_disk}/a.sqlite", service="alert_robot")
    database.prepare()
    desk = Desk(database)

    def alert(size: int) -> workorders.WorkOrder:
        return workorders.parse({"id": desk.id(), "request": "process_alert", "alert": "{" + "x" * size})

    futures = [desk.ledger.accept(alert(size)) for size in (100, 7_000_000, 100, 7_000_000, 100)]
    kinds = [type(future.exception(30)) for future in futures]
    assert kinds == [type(None), DatabaseError, type(None), DatabaseError, type(None)]
    database.close()
