"""Promise 1 and 2: killed at any moment under load, nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.postgres import PostgresServer
from tests.unit.store.desk import Desk
from tests.unit.store.hammer import open_desk
from toros.errors import DatabaseError
from toros.store.schema import NOTES, Order, Parcel
from workorders.envelope import new_id


@dataclass
class Promises:
    """What the killed processes had said."""

    accepted: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def hear(self, lines: Iterable[str]) -> None:
        for line in lines:
            words = line.split()
            if words[0] == "accepted" and len(words) == 3 and len(words[2]) == 64:
                self.accepted[words[1]] = words[2]
            elif words[0] == "done" and len(words[1]) == 26:
                self.done.add(words[1])


def hammered(url: str, wanted: int, promises: Promises) -> None:
    """Let a daemon work until it has made so many promises, and kill it in the middle of the next ones."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.store.hammer", url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines: list[str] = []
    enough = threading.Event()

    def read(stream: Iterable[str]) -> None:
        for line in stream:
            if line.endswith("\n"):
                lines.append(line)
            if len(lines) >= wanted:
                enough.set()
        enough.set()

    reader = threading.Thread(target=read, args=(process.stdout,))
    reader.start()
    assert enough.wait(60)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it had ended before it was killed"
    reader.join()
    process.stdout.close()
    promises.hear(lines)


def kept(desk: Desk, promises: Promises) -> None:
    """Check every promise against the database."""
    columns = sa.select(Order.id, Order.hash, Order.state)
    rows = {row.id: row for row in desk.database.read(lambda s: s.execute(columns).all())}
    lost = [id_ for id_, hash_ in promises.accepted.items() if id_ not in rows or rows[id_].hash != hash_]
    undone = [id_ for id_ in promises.done if rows[id_].state != "done"]
    done = {row.id for row in rows.values() if row.state == "done"}
    effects = desk.database.read(lambda s: s.execute(sa.select(NOTES.c.id)).scalars().all())
    parents = sa.select(Order.id).join(Parcel, Parcel.order_number == Order.number)
    sent = desk.database.read(lambda s: s.execute(parents).scalars().all())
    assert (lost, undone) == ([], [])
    assert sorted(f"effect-{id_}" for id_ in done) == sorted(effects)
    assert sorted(sent) == sorted(done)


def kill_again_and_again(url: str, times: int) -> None:
    promises, chance = Promises(), random.Random(7)
    for _ in range(times):
        hammered(url, chance.randint(10, 200), promises)
    desk = open_desk(url)
    kept(desk, promises)
    figures = desk.ledger.figures()["counts"]
    unspoken = sum(figures.values()) - len(promises.accepted)
    desk.database.close()
    print(f"\n{times} kills: {len(promises.accepted)} accepted, {len(promises.done)} done, 0 lost, 0 done twice, "
          f"{unspoken} stored but not yet acknowledged")  # fmt: skip


def sound(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_killed_under_load_nothing_is_lost(tmp_path: Path) -> None:
    kill_again_and_again(f"sqlite:///{tmp_path}/a.sqlite", 5)
    sound(tmp_path / "a.sqlite")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_a_hundred_times_under_load_nothing_is_lost(tmp_path: Path) -> None:
    kill_again_and_again(f"sqlite:///{tmp_path}/a.sqlite", 100)
    sound(tmp_path / "a.sqlite")


def test_killed_under_load_on_postgresql_nothing_is_lost(postgres: PostgresServer) -> None:
    kill_again_and_again(postgres.url(), 3)


def restarted(postgres: PostgresServer, times: int, pause: float) -> None:
    """Accept while the server crashes and comes back; what was acknowledged is there, and accepting goes on."""
    desk = open_desk(postgres.url())
    stop, promises, refused = threading.Event(), Promises(), 0

    def work() -> None:
        nonlocal refused
        while not stop.is_set():
            order = desk.batch(id=new_id())
            try:
                promises.accepted[order.id] = desk.ledger.accept(order).result(30).hash
            except DatabaseError:
                refused += 1
                time.sleep(0.02)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    counts = []
    for _ in range(times):
        time.sleep(pause)
        counts.append(len(promises.accepted))
        postgres.restart("immediate")
        until = time.monotonic() + 10
        before = len(promises.accepted)
        while len(promises.accepted) <= before + 5:
            assert time.monotonic() < until, "it did not go on within 10 s"
            time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    kept(desk, promises)
    desk.database.close()
    print(f"\n{times} crashes of PostgreSQL: {len(promises.accepted)} accepted, 0 lost, {refused} refused meanwhile")


def test_a_postgresql_that_crashes_loses_nothing_and_is_found_again(postgres: PostgresServer) -> None:
    restarted(postgres, 3, 0.3)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_postgresql_that_crashes_every_five_to_forty_seconds_loses_nothing(postgres: PostgresServer) -> None:
    restarted(postgres, 12, 5.0)
