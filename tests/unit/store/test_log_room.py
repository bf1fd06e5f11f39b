"""Room in the log: made at the start, empty, and never at the cost of what is stored."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.store.desk import Desk
from toros.store import log_room
from toros.store.database import Database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def _open(file: Path) -> Database:
    database = Database(f"sqlite:///{file}", service="preprocessor")
    database.prepare()
    return database


def _log(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def test_the_log_is_long_from_the_start_and_the_database_is_not(file: Path) -> None:
    database = _open(file)
    before = file.stat().st_size
    database.quicken()
    long = _log(file).stat().st_size
    assert long > log_room.LOG_PAGES * log_room.PAGE
    desk = Desk(database)
    for _ in range(5):
        desk.accept()
    assert (_log(file).stat().st_size, file.stat().st_size) == (long, before)
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (5,)
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'room'").fetchone() is None


def test_what_was_stored_before_and_after_outlives_a_crash(file: Path, tmp_path: Path) -> None:
    database = _open(file)
    desk = Desk(database)
    before = desk.accept()
    database.quicken()
    after = desk.accept()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for each in (file, _log(file)):  # as a disk would have them, had the machine died here
        shutil.copy(each, crashed)
    database.close()
    again = _open(crashed / file.name)
    assert {row["id"] for row in Desk(again).ledger.list_orders()["orders"]} == {before.id, after.id}
    again.close()


def test_a_disk_that_is_nearly_full_keeps_its_room(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = _open(file)
    size = _log(file).stat().st_size
    usage = shutil.disk_usage(file.parent)._replace(free=100_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    database.quicken()
    assert _log(file).stat().st_size == size
    database.close()
