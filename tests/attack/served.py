"""A telescope's desk with a real ledger in a process of its own, for attacks and for measuring.

`python -m tests.attack.served FOLDER` prints its URL and serves until it is told to stop. With identities.yaml in the
folder callers must authenticate.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

from toros.clock import MachineClock
from toros.config import OrderSettings
from toros.network.auth import Identities
from toros.network.client import Client
from toros.network.front_desk import FrontDesk
from toros.network.server import Bounds, DeskServer
from toros.store.database import Database
from toros.store.ledger import Ledger
from workorders import WorkOrder

REPOSITORY = Path(__file__).parents[2]


@dataclasses.dataclass
class Served:
    """A desk that runs in another process."""

    url: str
    folder: Path
    process: psutil.Process

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.split("/")[2].partition(":")
        return host, int(port)

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(self.process.memory_info().rss)

    @property
    def files(self) -> int:
        """Open files and sockets."""
        return self.process.num_fds()

    @property
    def log(self) -> str:
        """What the desk has logged."""
        return (self.folder / "log").read_text()

    def client(self, token: str | None = None, timeout: float = 10.0) -> Client:
        """Return a client of the desk."""
        return Client(self.url, token, timeout=timeout)

    def orders(self) -> list[dict[str, Any]]:
        """Return every order that the ledger holds."""
        database = Database(f"sqlite:///{self.folder / 'ledger.sqlite'}", service="telescope")
        try:
            return list(_ledger(database).list_orders(limit=1000)["orders"])
        finally:
            database.close()

    def stored(self) -> list[str]:
        """Return the id of every row in the ledger's table of orders, read past the ledger."""
        with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as database:
            return [row[0] for row in database.execute("SELECT id FROM orders")]


@contextmanager
def serving(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Run a desk for the length of the block; it must be alive at the end."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.attack.served", str(folder), *options],
            stdout=subprocess.PIPE, stderr=log, text=True, cwd=REPOSITORY, env={**os.environ, **(environment or {})},
        )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    try:
        assert url, (folder / "log").read_text()
        yield Served(url, folder, psutil.Process(process.pid))
        assert process.poll() is None, "the desk died"
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def more_files(number: int) -> None:
    """Let this process open so many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard) if hard > 0 else number, hard))


def _ledger(database: Database) -> Ledger:
    return Ledger(
        database, service="telescope", instance="telescope", settings=OrderSettings(), clock=MachineClock()
    )  # fmt: skip


def _answer(question: WorkOrder) -> Mapping[str, Any]:
    """Answer dome_status with little, list_orders with 30 MB."""
    return {"text": "x" * 30_000_000} if question.request == "list_orders" else {"dome": "closed"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--reply", type=float, default=30.0)
    parser.add_argument("--idle", type=float, default=15.0)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    database = Database(f"sqlite:///{chosen.folder / 'ledger.sqlite'}", service="telescope")
    database.prepare()
    database.quicken()
    identities = chosen.folder / "identities.yaml"
    desk = FrontDesk(
        "telescope", _ledger(database), answer=_answer, act=_answer,
        identities=Identities(identities) if identities.exists() else None,
    )  # fmt: skip
    server = DeskServer(desk, bounds=Bounds(connections=chosen.connections, reply=chosen.reply, idle=chosen.idle))
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    server.run(lambda: print(server.url, flush=True))
    desk.close()
    database.close()


if __name__ == "__main__":
    main()
