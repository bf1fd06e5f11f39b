"""The figures of a fault test: what was sent, acknowledged, lost, and done twice."""

from __future__ import annotations

import sqlite3
import threading
import xmlrpc.client
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import Daemon, eventually
from workorders.envelope import new_id

__all__ = ["Clients", "Figures", "rows", "scales"]


class Figures:
    """Counts, printed when the test ends; pytest shows them with -rP, scripts/faults always.

    Parameters
    ----------
    title : str
        What was done to the daemons.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.lost = 0
        self.twice = 0
        self.kills: Counter[str] = Counter()
        self.more: dict[str, Any] = {}

    def settle(self, daemon: Daemon, orders: Collection[str] | None = None, seconds: float = 60.0) -> None:
        """Wait until a desk has nothing left to do, then count what it lost and what it did twice.

        Parameters
        ----------
        orders : collection of str, optional
            Ids that this desk must have done; all that were acknowledged by default.
        """
        eventually(lambda: not (daemon.counts()["queued"] or daemon.counts()["running"]), seconds)
        assert rows(daemon.database, "PRAGMA integrity_check") == [("ok",)]
        done = rows(daemon.database, "SELECT id FROM orders WHERE state = 'done'")
        self.count(done, rows(daemon.database, "SELECT order_id FROM effects"), orders)

    def count(
        self, done: Sequence[Sequence[str]], effects: Sequence[Sequence[str]], orders: Collection[str] | None = None
    ) -> None:
        """Count acknowledged orders that are not done, and effects that are there again."""
        wanted = set(self.acknowledged if orders is None else orders)
        self.sent |= wanted
        self.acknowledged |= wanted
        self.lost += len(wanted - {order for (order,) in done})
        self.twice += len(effects) - len({order for (order,) in effects})

    def report(self) -> None:
        """Print the figures, and fail unless nothing was lost and nothing done twice."""
        kills = ", ".join(f"{number} {window}" for window, number in sorted(self.kills.items()))
        print(
            f"\n{self.title}: {len(self.sent)} sent, {len(self.acknowledged)} acknowledged, {self.lost} lost, "
            f"{self.twice} done twice"
            + (f"; killed {sum(self.kills.values())} times ({kills})" if self.kills else "")
            + "".join(f"; {name}: {value}" for name, value in self.more.items())
        )
        assert self.acknowledged, "nothing was acknowledged: the test proves nothing"
        assert (self.lost, self.twice) == (0, 0)


class Clients:
    """Clients that send orders all the time, each order again and again under its id until it has a receipt.

    Parameters
    ----------
    daemon : Daemon
        The desk.
    figures : Figures
        Where they count.
    number : int
        Clients at once.
    location : str
        What the orders ask of the test service.
    """

    def __init__(self, daemon: Daemon, figures: Figures, number: int = 3, location: str = "raw:plain") -> None:
        self._daemon = daemon
        self._figures = figures
        self._location = location
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(number)]

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send while the block runs; afterwards every order that was begun is seen through to its receipt."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while not self._stop.is_set():
            order = {"id": new_id(), "request": "calibrate_file_batch", "file_location": self._location}
            self._figures.sent.add(order["id"])
            while not self._sent(order):
                self._stop.wait(0.05)
            self._stop.wait(0.002)

    def _sent(self, order: dict[str, str]) -> bool:
        try:
            receipt = self._daemon.front_desk(order, timeout=5.0)
        except (OSError, HTTPException):
            return False
        except xmlrpc.client.Fault as fault:
            assert fault.faultCode in (150, 151), fault
            return False
        assert receipt["id"] == order["id"]
        self._figures.acknowledged.add(order["id"])
        return True


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in a daemon's SQLite file."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def scales(short: int, long: int) -> list[Any]:
    """Return a short size for every day, and the full one."""
    full = pytest.param(long, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)])
    return [pytest.param(short, id="short"), full]
