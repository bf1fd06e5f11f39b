"""How fast the ledger alone is: durable accepts against a bare insert of the standard library.

`python -m tests.bench.ledger [folder]`; the bare sync is printed beside, since nothing durable is faster than that.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.unit.store.desk import Desk, Made
from toros.clock import MachineClock
from toros.store.database import Database
from workorders import WorkOrder
from workorders.envelope import new_id

COUNT = 2000
Figures = tuple[float, float, float]


def timed(threads: int, count: int, work: Callable[[int], object]) -> Figures:
    """Return calls a second, and the median and 99th percentile of one call in milliseconds."""
    spent: list[float] = []

    def run(first: int) -> None:
        for number in range(first, count, threads):
            began = time.perf_counter()
            work(number)
            spent.append(time.perf_counter() - began)

    workers = [threading.Thread(target=run, args=(first,)) for first in range(threads)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    total = time.perf_counter() - began
    spent.sort()
    return count / total, spent[count // 2] * 1e3, spent[int(count * 0.99)] * 1e3


def show(what: str, figures: Figures) -> None:
    """Print one line."""
    print(f"{what:<42} {figures[0]:8.0f} /s   p50 {figures[1]:6.3f} ms   p99 {figures[2]:6.3f} ms")


def bare_sync(folder: Path) -> Figures:
    """Time a sync of one page, as a file grows."""
    handle = os.open(folder / "bare", os.O_RDWR | os.O_CREAT)

    def work(number: int) -> None:
        os.pwrite(handle, b"x" * 4096, number * 4096)
        os.fdatasync(handle)

    return timed(1, 500, work)


def bare_insert(folder: Path) -> Figures:
    """Time one insert a commit into one table, synchronous=FULL."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None, check_same_thread=False)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE o (id TEXT PRIMARY KEY, b)"):
        connection.execute(statement)
    return timed(1, COUNT, lambda n: connection.execute("INSERT INTO o VALUES (?, ?)", (new_id(), "x" * 700)))


def order(desk: Desk) -> WorkOrder:
    """Return an order of some 700 bytes."""
    return desk.batch(id=new_id(), file_location="raw:" + "x" * 500)


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    show("bare sync of 4 kB", bare_sync(folder))
    show("bare insert (sqlite3, FULL)", bare_insert(folder))
    database = Database(f"sqlite:///{folder}/ledger.sqlite", service="preprocessor")
    database.prepare()
    desk = Desk(database)
    desk.ledger.clock = MachineClock()
    for threads in (1, 4, 8):
        orders = [order(desk) for _ in range(COUNT)]
        accept = timed(threads, COUNT, lambda n, orders=orders: desk.ledger.accept(orders[n]).result())  # type: ignore[misc]
        show(f"accept, {threads} at once", accept)

    def work(number: int) -> None:
        claim = desk.claim()
        desk.ledger.finish(claim, Made({"n": number}, [desk.product(id=new_id())]))

    show("claim and finish with one onward order", timed(1, 500, work))
    show("status of one order", timed(1, 500, lambda n: desk.ledger.status(orders[n].id)))
    show("list of 100 orders", timed(1, 50, lambda n: desk.ledger.list_orders()))
    show("figures", timed(1, 50, lambda n: desk.ledger.figures()))
    database.close()


if __name__ == "__main__":
    main()
