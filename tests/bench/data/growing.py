"""One measurement more, and one light curve, of a table as large as decades make it.

`scripts/bench data growing [--rows 100000000] [--folder FOLDER]`: synthetic rows are put straight into the table, under
the keys and laws that it has, for to take them in by orders would need hours. A hundred million need 10 GB on SQLite
and 20 GB on PostgreSQL. What is measured then goes the way of every order.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from tests.bench.data.finding import server_time
from tests.bench.measure import Goal, percentile, show
from tests.support.postgres import PostgresServer
from toros.data.measurements.ingestion import ingest_reading
from toros.data.measurements.lightcurve import Selection, read_lightcurve
from toros.data.permissions import Viewer
from toros.data.processors.reading import MICROSECONDS_A_DAY, About, Points, Problems, Reading
from toros.data.tables import METADATA, Series, Target
from toros.data.tables.series import DISTINGUISHING
from toros.store.database import Database

__all__ = ["ABOUT", "CURVE", "NOW", "empty_database", "main", "passed", "points"]

NOW = "2026-11-20T03:00:00.000"
CURVE = 2000  # points of a light curve
ABOUT = tuple(About(band=band, system="AB", facility="CTMO") for band in "griz")
COLUMNS = ("series", "time", "value", "error", "upper_limit", "bjd", "flags", "active", "product", "revision",
           "recorded")  # fmt: skip
TOGETHER = 200  # targets whose points are written at once
TIMES, WARM = 400, 20
START = 55000.0  # MJD


def empty_database(url: str, targets: int = 1) -> Database:
    """Return a data manager's database with targets and nothing else."""
    database = Database(url, service="data_manager")
    database.prepare(METADATA)
    row = {"kind": "sidereal", "ra": 1.0, "dec": 1.0, "healpix": 1, "access": "open", "created": NOW, "changed": NOW}
    for start in range(0, targets, 10_000):
        numbers = range(start + 1, min(start + 10_000, targets) + 1)
        rows = [{**row, "number": number, "name": f"T{number}"} for number in numbers]
        database.write(lambda session, rows=rows: session.execute(insert(Target), rows) and None)  # type: ignore[misc]
    return database


def points(count: int, seed: int = 1, start: float = START) -> Reading:
    """Return a light curve of four bands, a point a minute."""
    chance = np.random.default_rng(seed)
    minutes = np.arange(count, dtype=np.int64)
    found = Points(
        time=round(start * MICROSECONDS_A_DAY) + minutes * 60_000_000, value=chance.normal(18, 0.1, count),
        error=np.full(count, 0.05), upper_limit=np.zeros(count, bool), flags=np.zeros(count, np.int64),
        line=minutes + 2, series=(minutes % len(ABOUT)).astype(np.int32), about=ABOUT,
    )  # fmt: skip
    return Reading(found, Problems(), "bench")


def fill(database: Database, targets: int) -> None:
    """Give every target a light curve: rows straight into the tables."""
    about = [{name: getattr(each, name) for name in DISTINGUISHING if name != "target"} for each in ABOUT]
    for start in range(0, targets, TOGETHER):
        numbers = range(start + 1, min(start + TOGETHER, targets) + 1)
        series = [{"target": number, **each} for number in numbers for each in about]
        database.write(lambda session, rows=series: session.execute(insert(Series), rows) and None)  # type: ignore[misc]
    put = _into_sqlite(database.file) if database.file is not None else partial(_into_postgresql, database)
    for start in range(0, targets, TOGETHER):
        put(_rows(start * len(ABOUT) + 1, min(start + TOGETHER, targets) * len(ABOUT)))
    if database.file is None:
        database.on_connection(lambda connection: connection.exec_driver_sql("ANALYZE"))
    else:
        put(())


def _rows(first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """Yield the points of some series, in the order of their key."""
    each = CURVE // len(ABOUT)
    values = np.random.default_rng(first).normal(18, 0.1, (last - first + 1, each)).tolist()
    times = [round(START * MICROSECONDS_A_DAY) + minute * 60_000_000 for minute in range(CURVE)]
    for series in range(first, last + 1):
        band = (series - 1) % len(ABOUT)
        for moment, value in zip(times[band :: len(ABOUT)], values[series - first], strict=True):
            yield series, moment, value, 0.05, False, None, 0, True, None, 1, NOW


def _into_sqlite(file: Path) -> Callable[[Iterator[tuple[Any, ...]] | tuple[()]], None]:
    """Return what writes rows; nothing at all ends it."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous=OFF")
    statement = f"INSERT INTO measurement ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

    def put(rows: Iterator[tuple[Any, ...]] | tuple[()]) -> None:
        if rows == ():
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
            return
        with connection:
            connection.executemany(statement, rows)

    return put


def _into_postgresql(database: Database, rows: Iterator[tuple[Any, ...]] | tuple[()]) -> None:
    def put(connection: Any) -> None:
        with connection.connection.cursor().copy(f"COPY measurement ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    database.on_connection(put)


def measured(kind: str, folder: Path, count: int) -> Iterator[Goal]:
    """Yield the figures of one kind of database: empty and full in turns, each time another target."""
    targets = max(1, count // CURVE)
    server = PostgresServer(folder / "server") if kind == "postgresql" else None
    urls = [server.url() if server else f"sqlite:///{folder}/{name}.sqlite" for name in ("empty", "large")]
    empty, large = empty_database(urls[0]), empty_database(urls[1], targets)
    try:
        began = time.perf_counter()
        fill(large, targets)
        print(f"{kind}: {targets * CURVE:,} points made in {time.perf_counter() - began:.0f} s", flush=True)
        yield from _adding(kind, empty, large, targets, server)
        yield from _reading(kind, large, targets, server)
    finally:
        empty.close()
        large.close()
        if server is not None:
            server.close()


def _adding(kind: str, empty: Database, large: Database, targets: int, server: PostgresServer | None) -> Iterator[Goal]:
    chance = np.random.default_rng(0)
    taken: dict[str, list[tuple[float, float]]] = {"empty": [], "large": []}
    for i in range(TIMES):
        for name, database, target in (("empty", empty, 1), ("large", large, int(chance.integers(targets)) + 1)):
            one = points(1, seed=i, start=57000.0 + i)
            taken[name].append(passed(partial(ingest_reading, database.write, target, one, recorded=NOW)))
    for clock, words in enumerate(("processor", "clock")):
        small, big = (
            percentile([each[clock] for each in taken[name][WARM:]], 0.5) * 1e3 for name in ("empty", "large")
        )
        told = f"{kind}, one more in {targets * CURVE:,}, {words}"
        yield Goal(told, f"{big:.2f} ms", f"{small:.2f} ms (empty)", big / small, most=1.5)


def _reading(kind: str, large: Database, targets: int, server: PostgresServer | None) -> Iterator[Goal]:
    chance = np.random.default_rng(1)
    until = Selection(active_only=True, until=START + CURVE * 60e6 / MICROSECONDS_A_DAY)
    clock: list[float] = []
    worked, before = 0.0, server_time(server)
    for turn in range(TIMES):
        target = int(chance.integers(targets)) + 1
        if turn == WARM:
            worked, before = time.process_time(), server_time(server)
        began = time.perf_counter()
        curve = large.read(lambda s, t=target: read_lightcurve(s, t, viewer=Viewer.all_seeing(), selection=until))  # type: ignore[misc]
        if turn >= WARM:
            clock.append(time.perf_counter() - began)
        assert len(curve) == CURVE
    spent = time.process_time() - worked
    spent += sum(each - before.get(process, each) for process, each in server_time(server).items())
    mean = spent / (TIMES - WARM) * 1e3
    told = f"{mean:.2f} ms; clock 50 %: {percentile(clock, 0.5) * 1e3:.2f}, 99 %: {percentile(clock, 0.99) * 1e3:.2f}"
    yield Goal(f"{kind}, light curve of {CURVE} points in {targets * CURVE:,}", told, "", mean, most=5.0)


def passed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the processor time and the time on the wall that something takes, seconds."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - spent, time.perf_counter() - began


def main(words: Sequence[str]) -> bool:
    """Measure, show the figures, and return whether the goals were met."""
    parser = argparse.ArgumentParser(prog="scripts/bench data growing", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the large table, such as 100000000")
    parser.add_argument("--folder", type=Path, default=None, help="where the databases lie; a folder of their own else")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default=None)
    asked = parser.parse_args(words)
    goals: list[Goal] = []
    for kind in ("sqlite", "postgresql"):
        if asked.only not in (None, kind):
            continue
        folder = Path(tempfile.mkdtemp(prefix="toros-growing-", dir=asked.folder))
        try:
            goals += measured(kind, folder, asked.rows)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return show("One more in a large table", goals)
